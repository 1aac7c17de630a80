"""How a sandbox fails on demand: parts in place of the usual ones, each of which fails in one place (section 16)."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(slots=True)
class Faults:
    """How it fails now. All is off at the start."""

    acks_to_lose: int = 0  # replies to `send_message`
    delay: float = 0.0  # seconds
    refused_until: float = 0.0  # writes, by the loop's clock


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
        self._waiting: deque[tuple[float, Connection, bytes]] = deque()  # the loop's time at which each is due

    def received(self, connection: Connection, packet: bytes) -> None:
        if not self._faults.delay and not self._waiting:
            super().received(connection, packet)
        elif len(self._waiting) >= MOST_DELAYED:
            raise Malformed("too many packets wait in the sandbox")
        else:
            due = self._loop.time() + self._faults.delay
            if self._waiting:
                due = max(due, self._waiting[-1][0])  # none overtakes another, also where the delay is shorter by now
            else:
                self._loop.call_at(due, self._take_in)
            self._waiting.append((due, connection, packet))

    def _take_in(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._loop.time():
            _, connection, packet = self._waiting.popleft()
            try:
                super().received(connection, packet)
            except Malformed as fault:
                connection.carrier.cut(str(fault))
            except Exception:
                log.exception("a delayed packet failed")
                connection.carrier.cut("internal error")
        if self._waiting:
            self._loop.call_at(self._waiting[0][0], self._take_in)
