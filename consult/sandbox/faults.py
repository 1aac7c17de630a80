"""How a sandbox fails on demand: parts in place of the usual ones, each of which fails in one place (section 16)."""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from consult.connection import Connection
from consult.contract.limits import MOST_DELAYED
from consult.contract.messages import SEND_MESSAGE
from consult.gateway import Gateway
from consult.packets import Malformed
from consult.push import Push
from store.database import Database
from store.transaction import Outcome, Request, Statement, Write

log = logging.getLogger("careline.sandbox")

_SEND_ACK = SEND_MESSAGE.reply.encode()
_DISCONNECT = b"1"  # how such a packet begins


@dataclass(slots=True)
class Faults:
    """How it fails now. All is off at the start. Build it within the event loop of its run."""

    acks_to_lose: int = 0  # replies to `send_message`
    delay: float = 0.0  # seconds; `set_delay` changes it
    refused_until: float = 0.0  # writes, by the loop's clock, as are all times here
    _loop: asyncio.AbstractEventLoop = field(init=False, default_factory=asyncio.get_running_loop)
    _delay_changed: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def set_delay(self, seconds: float) -> None:
        """Delay what comes by so much, and what waits already, too."""
        self.delay = seconds
        self._delay_changed.set()
        self._delay_changed.clear()

    async def delayed(self, came_at: float) -> None:
        """Return once what came at that time has waited for as long as the delay is by then."""
        while (left := came_at + self.delay - self._loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._delay_changed.wait()


class Parts(NamedTuple):
    """The classes of a server that a sandbox replaces."""

    database: Callable[[Path], Database] = Database
    push: Callable[..., Push] = Push
    gateway: Callable[..., Gateway] = Gateway


def failing_parts(faults: Faults) -> Parts:
    """Return the parts that fail as it says."""
    return Parts(partial(_RefusingDatabase, faults), partial(_LosingPush, faults), partial(_DelayingGateway, faults))


class _RefusingDatabase(Database):
    def __init__(self, faults: Faults, path: Path) -> None:
        super().__init__(path)
        self._faults = faults

    def write(
        self,
        statement: Statement[Request, Outcome],
        request: Request,
        published: Callable[[Outcome], None],
        failed: Callable[[Exception], None],
        *,
        is_unsynced: bool = False,
    ) -> None:
        if self._loop.time() >= self._faults.refused_until:
            super().write(statement, request, published, failed, is_unsynced=is_unsynced)
            return
        full = sqlite3.OperationalError("database or disk is full")
        full.sqlite_errorcode = sqlite3.SQLITE_FULL
        refused = Write(statement, request, published, failed, self._loop.time(), is_unsynced)
        self._loop.call_soon(self._failed, [refused], full)


class _LosingPush(Push):
    def __init__(self, faults: Faults, *parts: Any) -> None:
        super().__init__(*parts)
        self._faults = faults

    def answer(self, connection: Connection, name: bytes, payload: bytes, ack_id: bytes | None) -> None:
        if name == _SEND_ACK and self._faults.acks_to_lose:
            self._faults.acks_to_lose -= 1
            return
        super().answer(connection, name, payload, ack_id)


class _DelayingGateway(Gateway):
    """Takes packets in later: so answers come later, and still in order with all else that the client is sent."""

    def __init__(self, faults: Faults, *parts: Any) -> None:
        super().__init__(*parts)
        self._faults = faults
        self._waiting: deque[tuple[float, Connection, bytes]] = deque()  # the loop's time at which each came
        self._taking_in: asyncio.Task[None] | None = None
        self._is_leaving = False  # the packet that is taken in is a client's DISCONNECT

    def received(self, connection: Connection, packet: bytes) -> None:
        if not self._faults.delay and not self._waiting:
            super().received(connection, packet)
        elif len(self._waiting) >= MOST_DELAYED:
            raise Malformed("too many packets wait in the sandbox")
        else:
            self._waiting.append((self._loop.time(), connection, packet))
            if self._taking_in is None or self._taking_in.done():
                self._taking_in = asyncio.create_task(self._take_in())

    def ended(self, connection: Connection) -> None:
        if not self._is_leaving:
            # What it has sent is on its way still: taken in later, it would bring back a client that is gone.
            self._waiting = deque(one for one in self._waiting if one[1] is not connection)
        super().ended(connection)

    async def _take_in(self) -> None:
        while self._waiting:
            first = self._waiting[0]
            await self._faults.delayed(first[0])
            if self._waiting and self._waiting[0] is first:
                self._waiting.popleft()
                self._take_in_one(*first[1:])

    def _take_in_one(self, connection: Connection, packet: bytes) -> None:
        self._is_leaving = packet.startswith(_DISCONNECT)
        fault = None
        try:
            super().received(connection, packet)
        except Malformed as malformed:
            fault = str(malformed)
        except Exception:
            log.exception("a delayed packet failed")
            fault = "internal error"
        self._is_leaving = False
        if fault is not None:
            connection.carrier.cut(fault)
