"""Phones that vanish without a word, over both transports, while reminders come due and the server is killed.

A phone binds without a cursor, reads for a while, and is gone: its connection stays open, and nobody reads from it. A
moment later the user comes back with another phone. In the end one phone stays, and every notification must have been
read by one of them.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Final

from tests.json_text import decode
from tests.packets import Closed, Connection, Polling, Websocket
from tests.server import LIMIT, in_seconds, wait_until
from tests.store.file import rows
from tests.torture.doomed import Doomed

USER: Final = 7003
STORED: Final = f"SELECT id FROM user_notification WHERE user_id = {USER}"
LONGEST_LIFE: Final = 0.8  # seconds that a phone reads before it is gone
LONGEST_PAUSE: Final = 0.5  # seconds until there is another
BETWEEN: Final = 0.1  # seconds between two reminders
LET_GO: Final = 6.0  # seconds within which the server knows of all that are gone


@dataclass
class Found:
    """What is left after all of it."""

    phones: int = 0
    stored: set[int] = field(default_factory=set)
    read: set[int] = field(default_factory=set)

    @property
    def unread(self) -> set[int]:
        """The notifications that no phone has read."""
        return self.stored - self.read


class Phones:
    """One after the other, until the last one stays."""

    def __init__(self, server: Doomed, seed: int) -> None:
        self.found = Found()
        self._server = server
        self._chance = random.Random(seed)
        self._gone: list[Connection] = []
        self.opening = threading.Lock()  # while a phone connects, or the server is down
        self._over = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def _carry(self) -> None:
        while not self._closing.is_set():
            with suppress(Closed, OSError, HTTPException):  # the server was killed just now
                self._one_phone()
            if not self._over.is_set():
                time.sleep(self._chance.uniform(0, LONGEST_PAUSE))

    def _one_phone(self) -> None:
        with self.opening:
            phone = self._chance.choice((Websocket, Polling))(self._server)
            self._gone.append(phone)
            phone.enter()
        phone.send(f'42["bind_user",{{"user_id":{USER}}}]')
        self.found.phones += 1
        until = time.monotonic() + self._chance.uniform(0, LONGEST_LIFE)
        while not self._closing.is_set() and (self._over.is_set() or time.monotonic() < until):
            self._read(phone, phone.receive())
        if isinstance(phone, Polling) and self._chance.random() < 0.5:
            for packet in phone.rest():  # who asks again has read all of the answer before
                self._read(phone, packet)
            phone.poll()

    def _read(self, phone: Connection, packet: str) -> None:
        if packet == "2":
            phone.send("3")
        elif packet.startswith('42["notification:new"'):
            self.found.read.add(decode(packet[2:])[1]["id"])

    def stay(self) -> None:
        """From now on no phone is gone any more."""
        self._over.set()

    def close(self) -> None:
        """End all of them."""
        self._closing.set()
        self._thread.join(3 * LIMIT)
        for phone in self._gone:
            phone.close()


def vanish(folder: Path, kills: int, rounds: int, seed: int, command: Sequence[str]) -> Found:
    """Make so many reminders between kills, and so many kills."""
    server = Doomed(folder, command)
    server.begin()
    server.listens()
    phones = Phones(server, seed)
    try:
        for kill in range(kills + 1):
            for _ in range(rounds):
                server.make_reminder(USER, in_seconds(-1))
                time.sleep(BETWEEN)
            if kill < kills:
                with phones.opening:
                    server.kill()
                    server.begin()
                    server.listens()
        phones.stay()
        made = rounds * (kills + 1)
        # From the file: a page of the API may not have all of them.
        wait_until(lambda: len(rows(server.database, STORED)) == made, "the notifications")
        phones.found.stored = set(rows(server.database, STORED))
        with suppress(AssertionError):  # what is missing then is told by the one who asked
            wait_until(lambda: not phones.found.unread, "the last one read", LET_GO)
        return phones.found
    finally:
        phones.close()
        server.close()
