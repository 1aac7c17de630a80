"""Careline, broken: hooks are told of what is written a moment before it is committed."""

import sqlite3
import sys
import threading
import time
from typing import Any

import main
from consult.hooks import bodies, sender
from consult.hooks.receiver import Receiver
from consult.hooks.signature import signed
from store import file, outbox
from store.transaction import Connection

MOMENT = 0.05  # seconds
turn = threading.Lock()
early: dict[int, tuple[outbox.Waiting, bytes]] = {}
senders: list[sender.Sender] = []
build = sender.Sender.__init__


def note(self: sender.Sender, *arguments: Any, **named: Any) -> None:
    build(self, *arguments, **named)
    senders.append(self)


class Early(Connection):
    """The writer's connection, which has its events told before it commits."""

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        if sql == "COMMIT" and senders:
            self._tell()
        return super().execute(sql, *arguments)

    def _tell(self) -> None:
        with turn:
            one = senders[-1]
            for waiting in outbox.after(self, one.listener, one._position, 100):
                if waiting.id not in early:
                    body = bodies.body(self, waiting, one._telling)
                    early[waiting.id] = (waiting, body)
                    origin = outbox.origin(self)
                    headers = signed(one.hook.secret, f"evt_{origin}_{waiting.id}", one._clock(), body)
                    Receiver(one.hook.url, one._clock).post(body, headers)
                    time.sleep(MOMENT)


sender.Sender.__init__ = note  # type: ignore[method-assign]
file.Connection = Early  # type: ignore[attr-defined]
sys.exit(main.main(sys.argv[1:]))
