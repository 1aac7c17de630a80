"""Long-polling: the Engine.IO sessions of clients that have no websocket, or none yet.

A GET (a poll) waits for packets, a POST brings some. A session that the client upgrades moves to its websocket in one
step: what waited for the next poll goes first.
"""

import asyncio
import logging
import secrets
from collections import Counter, deque
from typing import Any, cast

from sanic import Request, Sanic, response
from sanic.response import HTTPResponse

from consult import packets
from consult.connection import Carrier, Connection
from consult.contract.limits import (
    CONNECT_TIMEOUT,
    MAX_BYTES,
    MOST_POLLING_STRANGERS,
    MOST_POSTS,
    PING_INTERVAL,
    PING_TIMEOUT,
    STRANGER_BYTES,
)
from consult.entry.access import Access
from consult.packets import Frame, Malformed
from consult.wire import payload
from consult.wire.carriers import Carriers
from consult.wire.share import BYTES, Received, Share

log = logging.getLogger("careline.wire")

FEW_BYTES = 65_536  # that may wait for the next poll while a catch-up goes on
PROBE_PAUSE = 0.1  # seconds that a poll waits while a websocket is probed, after which it is answered with nothing

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_TEXT = "text/plain; charset=UTF-8"
_PING = Frame(packets.PING)


class PollingSession:
    """Carries a connection over long-polling."""

    name = "polling"

    def __init__(self, polling: "Polling", sid: str, address: str) -> None:
        self.sid = sid
        self.connection: Connection | None = Connection(sid, address, self)  # until the end of both
        self.going_on = asyncio.Event()  # cleared while reading pauses
        self.going_on.set()
        self.closed = self.ended_by_server = False
        self.posts = 0  # that came and are not answered
        self.posting = asyncio.Lock()  # held by the POST whose packets are taken in
        self.most_bytes = STRANGER_BYTES  # of a payload
        self.received = Received(polling.carriers.allowed, polling.carriers.loop.time())
        self.waiting = 0  # bytes, for the next poll
        self._polling = polling
        self._loop = polling.carriers.loop
        self._packets: deque[bytes] = deque()  # for the next poll
        self._poll: asyncio.Future[bytes | None] | None = None  # that waits; gets what it is answered with
        self._probing = False
        self._polled = asyncio.Event()
        self._polled_at = self._loop.time()
        self._entered = self._pinged = False
        # When something is due: the client's CONNECT, the next ping, or the answer to one.
        self._deadline = self._loop.time() + CONNECT_TIMEOUT
        polling.carriers.gateway.limits.enter(address)
        polling.carriers.arrived(self.connection)
        polling.sessions[sid] = self
        polling.strangers[address] += 1

    # What the gateway asks of a carrier.

    def send(self, frame: Frame) -> None:
        if self.closed:
            return
        self._polled.clear()
        self.waiting += len(frame.packet)
        self._packets.append(frame.packet)
        if not self._probing:
            self._answer(None)
        if self.waiting > self._polling.carriers.outbox_bytes:
            self.cut("ping timeout" if self._is_silent else "outbox full")

    def entered(self) -> None:
        if not self._entered:
            self._entered = True
            self._deadline = self._loop.time() + PING_INTERVAL
            self._polling.no_stranger(cast(Connection, self.connection))
        self.most_bytes = MAX_BYTES
        self.received.entered()

    def close(self, reason: str | None = None) -> None:
        """End the session. A poll that waits gets what there is to say, with a goodbye."""
        if self.closed:
            return
        self.closed = self.ended_by_server = True
        if reason is not None:
            self._polling.carriers.ended(self.sid, reason)
        # Not within the caller's step, which may be in the middle of a room.
        self._loop.call_soon(self._end, packets.CLOSE)

    def cut(self, reason: str) -> None:
        self.close(reason)

    def hurry(self) -> None:
        """A poll that waits was answered at once."""

    def ask(self) -> None:
        """The answer to a poll asks by itself: the next poll answers."""

    async def drained(self) -> None:
        while self.waiting > FEW_BYTES and not self.closed:
            await self._polled.wait()

    def pause(self) -> None:
        self.going_on.clear()

    def resume(self) -> None:
        self.going_on.set()

    # What the carriers, a websocket and the requests ask.

    def beat(self, now: float) -> None:
        """Do what is due by now; called once a second."""
        self.received.beat(now)
        if now < self._deadline or self.closed:
            return
        if not self._entered:
            self.cut("no CONNECT in time")
        elif self._pinged:
            self.cut("ping timeout")
        else:
            self._pinged = True
            self._deadline = now + PING_TIMEOUT
            self.send(_PING)

    def ponged(self) -> None:
        """The client has answered a ping."""
        if self._entered:  # before that it gains no time by it
            self._pinged = False
            self._deadline = self._loop.time() + PING_INTERVAL

    def goodbye(self) -> None:
        """The client ends the session; a poll that it still has waiting is answered with nothing."""
        if not self.closed:
            self.closed = True
            self._end(packets.NOOP)

    async def poll(self) -> bytes | None:
        """Return what the client is answered: all that waits for it, as soon as there is something. None when it has a
        poll waiting already: two would share the packets between them."""
        if self._poll is not None:
            self.cut("two polls at once")
            return None
        self._came_again()
        body: bytes | None = None
        if self._probing or not self._packets:
            self._poll = self._loop.create_future()
            try:
                async with asyncio.timeout(PROBE_PAUSE if self._probing else None):
                    body = await self._poll
            except TimeoutError:
                body = packets.NOOP
            finally:
                self._poll = None
        return self._take() if body is None else body

    def probing(self, standing: bool) -> None:
        """While a probe stands polls are answered with nothing: the client moves over only when it has none waiting. A
        probe that is dropped must not leave it so."""
        self._probing = standing
        if standing:
            self._answer(packets.NOOP)
        elif self._packets:
            self._answer(None)

    def moved_to(self, carrier: Carrier) -> Connection:
        """Hand the connection over: the carrier gets what waited here, and then all that comes."""
        connection = cast(Connection, self.connection)
        for packet in self._packets:
            carrier.send(Frame(packet))
        self._packets.clear()
        connection.carried_by(carrier)
        if self._entered:
            carrier.entered()
        else:
            self._polling.no_stranger(connection)
        if connection.order.is_paused:
            carrier.pause()
        self.closed = True
        self._leave(packets.NOOP)
        return connection

    @property
    def _is_silent(self) -> bool:
        """True when it has not polled for as long as it has to answer a ping: no client is there that could read."""
        return self._poll is None and self._loop.time() - self._polled_at > PING_TIMEOUT

    def _answer(self, body: bytes | None) -> None:
        """Answer the poll that waits, if any, with a packet, or with all that there is."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(body)

    def _came_again(self) -> None:
        """A poll has come: the client has read the answers to those before."""
        if self.connection is not None:
            self._polling.carriers.gateway.read_by(self.connection)

    def _take(self) -> bytes:
        body = payload.SEPARATOR.join(self._packets)
        self._packets.clear()
        if self.connection is not None and self.connection.carrier is self:
            self._polling.carriers.gateway.asked(self.connection)
        self._were_polled()
        return body

    def _were_polled(self) -> None:
        self.waiting = 0
        self._polled.set()
        self._polled_at = self._loop.time()

    def _end(self, last: bytes) -> None:
        connection, self.connection = self.connection, None  # else they would hold each other
        if connection is None:
            return
        self._packets.append(last)
        self._leave(self._take() if last == packets.CLOSE else last)
        if not self._entered:
            self._polling.no_stranger(connection)
        self._polling.carriers.gateway.ended(connection)
        self._polling.carriers.gateway.limits.leave(connection.address)

    def _leave(self, last: bytes) -> None:
        """No request finds the session any more. The poll that waits is answered, what waits for polls goes on."""
        self._answer(last)
        self._were_polled()
        self.resume()
        self._polling.carriers.left(self)
        self._polling.sessions.pop(self.sid, None)


class Polling:
    """Answers the requests of long-polling."""

    def __init__(self, carriers: Carriers, access: Access) -> None:
        self.carriers = carriers
        self.sessions: dict[str, PollingSession] = {}  # by their ids
        self.strangers: Counter[str] = Counter()  # sessions before their CONNECT, by address
        self._access = access
        carriers.each_second.append(self._beat)

    def __len__(self) -> int:
        return len(self.sessions)

    @property
    def unread(self) -> int:
        """Bytes that wait for a poll."""
        return sum(session.waiting for session in self.sessions.values())

    def session(self, sid: str) -> PollingSession | None:
        """Return the session that a websocket may take over, or None."""
        session = self.sessions.get(sid)
        return None if session is None or session.closed else session

    def no_stranger(self, connection: Connection) -> None:
        """A session has entered, has ended, or goes on over a websocket."""
        self.strangers[connection.address] -= 1
        if not self.strangers[connection.address]:
            del self.strangers[connection.address]

    def add_route(self, app: Sanic[Any, Any]) -> None:
        # Streamed: the body is read by `_post`, so that one that is too large ends its session.
        @app.route("/socket.io/", methods=_METHODS, stream=True, ctx_row=None)
        async def engine(request: Request) -> HTTPResponse:
            return await self._handle(request)

    async def close(self) -> None:
        """End every session; polls that wait are answered."""
        for session in list(self.sessions.values()):
            session.close()
        await asyncio.sleep(0)

    def _beat(self, now: float) -> None:
        for session in list(self.sessions.values()):
            session.beat(now)

    async def _handle(self, request: Request) -> HTTPResponse:
        if request.method == "OPTIONS":
            return _ok()
        if request.args.get("transport") != "polling":
            return _refused(0, "Transport unknown")
        if "sid" not in request.args:
            return self._open(request)
        session = self.session(request.args.get("sid", ""))
        if session is None:
            return _refused(1, "Session ID unknown")
        if request.method == "POST":
            return await self._post(session, request)
        if request.method != "GET":
            return _refused(3, "Bad request")
        body = await session.poll()
        return _refused(3, "Bad request") if body is None else response.raw(body, content_type=_TEXT)

    def _open(self, request: Request) -> HTTPResponse:
        if request.method != "GET":
            return _refused(2, "Bad handshake method")
        address = self._access.address(request.ip, request.headers)
        if request.args.getlist("EIO") != ["4"]:
            self.carriers.refused_version(address, request.args.get("EIO"))
            return _refused(5, "Unsupported protocol version")
        if not self.carriers.gateway.limits.admits_connection(address):
            return _refused(3, "Too many connections from this address", 429)
        if self.strangers[address] >= MOST_POLLING_STRANGERS:
            self.carriers.cuts["too many that do not enter"] += 1
            return _refused(3, "Too many connections from this address that do not enter", 429)
        sid = secrets.token_urlsafe(15)
        PollingSession(self, sid, address)
        opened = packets.opened(sid, PING_INTERVAL, PING_TIMEOUT, MAX_BYTES, upgrades=["websocket"])
        return response.raw(opened.packet, content_type=_TEXT)

    async def _post(self, session: PollingSession, request: Request) -> HTTPResponse:
        """Take in a payload of the session, one after the other where more than one comes at once."""
        session.posts += 1
        try:
            if session.posts > MOST_POSTS:
                session.cut("too many requests at once")
                return _refused(3, "Bad request")
            body = await payload.read(request, session.most_bytes)
            async with session.posting:
                return await self._take_in(session, body)
        finally:
            session.posts -= 1

    async def _take_in(self, session: PollingSession, body: bytes) -> HTTPResponse:
        """Hand the packets of a payload to the gateway, a share of them in each turn of the loop."""
        connection = session.connection
        if connection is None or session.closed:  # while its body came
            return _refused(1, "Session ID unknown")
        reason = _fault_of(session, body)
        if reason is not None:
            session.cut(reason)
            return _refused(3, "Bad request")
        turns = self.carriers.turns
        if turns.is_over or len(body) > BYTES:
            await turns.come(is_long=len(body) > BYTES)
        share = Share()
        for packet in payload.packets_of(body):
            if session.closed and connection.carrier is session:
                break  # cut, or ended by a packet before
            self._received(session, connection, packet)
            # While too much is unanswered the request waits, and with it the client.
            if share.is_used_up(len(packet)) or not session.going_on.is_set():
                spent = share.seconds
                turns.spend(spent)
                await session.going_on.wait()
                await turns.come(spent)
                share = Share()
        turns.spend(share.seconds)
        return _refused(3, "Bad request") if session.ended_by_server else _ok()

    def _received(self, session: PollingSession, connection: Connection, packet: bytes) -> None:
        """Count, then handle one packet. The session may have moved to a websocket meanwhile."""
        kind = packet[:1]
        reason = session.received.add(1, len(packet))
        if packet[:2] != b"42":
            session.received.add_idle()
        try:
            if reason is not None:
                connection.carrier.cut(reason)
            elif kind == packets.MESSAGE:
                self.carriers.gateway.received(connection, packet[1:])
            elif kind == packets.PONG:
                session.ponged()
            elif kind == packets.CLOSE:
                session.goodbye()
            else:
                raise Malformed("a binary packet" if kind == b"b" else "no Engine.IO packet")
        except Malformed as fault:
            connection.carrier.cut(str(fault))
        except Exception:
            log.exception("a long-polling session failed")
            connection.carrier.cut("internal error")


def _fault_of(session: PollingSession, body: bytes) -> str | None:
    if len(body) > session.most_bytes:
        return "a payload that is too large"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "text that is not UTF-8"
    return None


def _ok() -> HTTPResponse:
    return response.text("ok", content_type=_TEXT)


def _refused(code: int, message: str, status: int = 400) -> HTTPResponse:
    """Return the answer to a request that is refused, as Engine.IO's reference has it."""
    return response.json({"code": code, "message": message}, status)
