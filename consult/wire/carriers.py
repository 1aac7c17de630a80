"""The parts that all websockets share: the turns of their writes, the heartbeat's sweep, the count of their ends."""

import asyncio
import contextlib
import logging
import math
from collections import Counter, deque
from collections.abc import Callable
from time import thread_time
from typing import Protocol

from consult.connection import Carrier, Connection
from consult.contract.limits import MOST_STRANGERS
from consult.gateway import Gateway
from consult.wire.memory import give_back_memory
from consult.wire.share import Allowed, Turns

log = logging.getLogger("careline.wire")

CLOSE_TIMEOUT = 2.0  # seconds that a client has to answer a close frame
GOODBYE = 0.4  # seconds of a stop that all clients have to answer theirs
SWEEP = 1.0
FLUSHED_AT_ONCE = 10  # websockets, before the loop may look at what has come
WRITING = 0.5  # to answers, and as much to all else, for a second of other work while there is much of it
VERSION_TOLD_EVERY = 600  # seconds
GIVE_BACK_AFTER = 500  # carriers that have ended


class Websocket(Carrier, Protocol):
    """The methods of a websocket that the carriers call, beside those that the gateway calls."""

    @property
    def unread(self) -> int:
        """Bytes that the client was sent and the network has not taken yet."""

    def beat(self, now: float) -> None:
        """Do what is due by now; called once a second."""

    def flush(self) -> None:
        """Write what the outbox holds, if anything."""

    def flush_in_turn(self) -> None:
        """Write the same, when those that were sent something before have been written to."""

    def abort(self) -> None:
        """Close the transport at once."""


class Newcomer(Protocol):
    """A connection whose first request has not come whole."""

    def beat(self, now: float) -> None:
        """Do what is due by now; called once a second."""

    def abort(self) -> None:
        """Close the transport at once."""


class Carriers:
    def __init__(self, gateway: Gateway, outbox_bytes: int, allowed: Allowed) -> None:
        """`allowed` is what one connection may send before it is cut."""
        self.gateway = gateway
        self.outbox_bytes = outbox_bytes
        self.allowed = allowed
        self.loop = asyncio.get_running_loop()
        self.turns = Turns(self.loop)
        self.websockets: set[Websocket] = set()
        self.doors: set[Newcomer] = set()  # of which it is not known yet who stands before them
        self.each_second: list[Callable[[float], None]] = []  # what else is called with the loop's time
        self.cuts: Counter[str] = Counter()
        self._arrived: dict[Carrier, Connection] = {}  # in their order; those that have entered go lazily
        self._answered: deque[Websocket] = deque()  # whose outboxes hold an answer; often written to in turn by now
        self._unflushed: deque[Websocket] = deque()
        self._flushed_at = 0.0  # of the loop's own processor time, in seconds
        self._ended = 0  # carriers, since memory was given back
        self._all_gone = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._version_told_at = -math.inf

    @property
    def unread(self) -> int:
        """Bytes that clients were sent over websockets and the network has not taken yet."""
        return sum(websocket.unread for websocket in self.websockets)

    def start(self) -> None:
        """Begins to sweep."""
        self._timer = self.loop.call_later(SWEEP, self._sweep)

    async def close(self) -> None:
        """Says goodbye to every client and sees all of them gone, the slow ones by force."""
        if self._timer is not None:
            self._timer.cancel()
        self._all_gone.clear()
        for websocket in list(self.websockets):
            websocket.close()
        if self.websockets:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_gone.wait(), GOODBYE)
        for websocket in list(self.websockets):
            websocket.abort()
        for door in list(self.doors):
            door.abort()

    def flush_soon(self, websocket: Websocket) -> None:
        """Schedule one write of the whole outbox, usually within this iteration of the loop."""
        if not self._unflushed:
            self.loop.call_soon(self._flush)
        self._unflushed.append(websocket)

    def flush_first(self, websocket: Websocket) -> None:
        """Have the outbox written before those that hold no answer. `flush_soon` was called for it."""
        self._answered.append(websocket)

    def arrived(self, connection: Connection) -> None:
        """Register a client that has not sent its CONNECT. Over the cap the oldest is dropped: a genuine one would have
        sent it by now."""
        self.gateway.arrived(connection)
        carrier = connection.carrier
        self._arrived[carrier] = connection
        if len(self._arrived) > MOST_STRANGERS:
            first, its_connection = next(iter(self._arrived.items()))
            del self._arrived[first]
            if not its_connection.connected and its_connection.carrier is first:
                first.cut("too many that do not enter")

    def left(self, carrier: Carrier) -> None:
        """It has ended, or the connection goes on by another."""
        self._arrived.pop(carrier, None)
        self._ended += 1

    def gone(self, websocket: Websocket) -> None:
        """Its transport is closed."""
        self.websockets.discard(websocket)
        self.left(websocket)
        if not self.websockets:
            self._all_gone.set()

    def ended(self, sid: str, reason: str) -> None:
        """Counts and logs that a connection was ended by the server."""
        self.cuts[reason] += 1
        log.warning("connection %s ended: %s", sid, reason)

    def refused_version(self, address: str, version: str | None) -> None:
        """Log, once in a while, that a client of another Engine.IO version was refused, and what to do."""
        now = self.loop.time()
        if now - self._version_told_at > VERSION_TOLD_EVERY:
            self._version_told_at = now
            log.warning(
                "refused a client of %s with Engine.IO version %.20r: it needs a Socket.IO client of version 3 or 4"
                " (EIO=4); more of them are not logged for %d minutes",
                address,
                version,
                VERSION_TOLD_EVERY // 60,
            )

    def _flush(self) -> None:
        """Writes to some of those that wait, to those with answers first. Then the loop sees what has come meanwhile:
        that is committed while the others are written to, and goes out with the same write."""
        now = thread_time()
        seconds = (now - self._flushed_at) * WRITING
        try:
            until = now + seconds
            while self._answered and now <= until:
                for _ in range(min(len(self._answered), FLUSHED_AT_ONCE)):
                    self._answered.popleft().flush()
                now = thread_time()
            until = now + seconds
            while self._unflushed and now <= until:
                for _ in range(min(len(self._unflushed), FLUSHED_AT_ONCE)):
                    self._unflushed.popleft().flush_in_turn()
                now = thread_time()
            self._flushed_at = now
        finally:  # whatever became of one, the others have their turn
            if self._unflushed:
                self.loop.call_soon(self._flush)
            else:
                self._answered.clear()  # all have been written to

    def _sweep(self) -> None:
        now = self.loop.time()
        for websocket in list(self.websockets):
            websocket.beat(now)
        for beat in self.each_second:
            beat(now)
        for door in list(self.doors):
            door.beat(now)
        if self._ended >= GIVE_BACK_AFTER:
            self._ended = 0
            give_back_memory()
        self._timer = self.loop.call_later(SWEEP, self._sweep)
