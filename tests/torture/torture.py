"""Front ends send, retry, come back, read and answer, and reminders fire, while the server is killed at random
moments."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from tests.server import LIMIT, ROOT, in_seconds, reminder, wait_until
from tests.torture.doomed import Doomed
from tests.torture.reckoning import Reckoning, reckon

WITH_CURSOR: Final = 7001
WITHOUT: Final = 7002
FRONT_ENDS: Final[list[dict[str, Any]]] = [
    {"name": "护士", "transports": ["websocket"], "userType": "STAFF", "userId": WITH_CURSOR, "answers": True},
    {"name": "老人", "transports": ["polling"], "userType": "ELDER", "userId": WITH_CURSOR},
    # As the first front ends were: it binds without a cursor, and is sent what nobody was handed.
    {"name": "家属", "transports": ["websocket"], "userType": "FAMILY", "userId": WITHOUT, "answers": True},
    # Comes back with less than it had seen, by up to so many messages: more than one catch-up brings.
    {
        "name": "医生",
        "transports": ["polling", "websocket"],
        "userType": "STAFF",
        "userId": WITH_CURSOR,
        "forgets": 900,
    },
    # Binds once and joins once, and relies on being brought back.
    {"name": "旧前端", "transports": ["polling", "websocket"], "userType": "FAMILY", "userId": WITHOUT, "once": True},
]
# The share of reminders that repeat, and how often at most.
REPEATING: Final = 0.3
MOST_REPEATED: Final = 12
DAY: Final = 86_400  # seconds
# The share of kills that come before the server listens, and the seconds within which they do.
DURING_START: Final = 0.15
LONGEST_START: Final = 0.5
# Seconds after the first new acknowledgement within which the other kills come.
LONGEST_LIFE: Final = 0.6


class FrontEnds:
    """The Node process of the official clients (front_ends.mjs)."""

    def __init__(self, url: str, questions: list[int], seed: int) -> None:
        self.acknowledged = 0
        self._report: list[dict[str, Any]] = []
        usual = {"forgets": 0, "answers": False, "once": False}
        front_ends = [{**usual, "cursor": one["userId"] == WITH_CURSOR, **one} for one in FRONT_ENDS]
        given = {"url": url, "questions": questions, "seed": seed, "frontEnds": front_ends}
        self._process = subprocess.Popen(
            ["node", str(ROOT / "tests" / "torture" / "front_ends.mjs"), json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line == "acknowledged\n":
                self.acknowledged += 1
            else:
                self._report = json.loads(line)

    def finish(self) -> list[dict[str, Any]]:
        """Let them send what they have begun and hear what is under way; give what they saw."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reader.join(3 * LIMIT)
        assert self._report, "the front ends did not come to an end"
        return self._report

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait(LIMIT)
        self._reader.join(LIMIT)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()


class Reminders:
    """Makes reminders that are due now, soon, or were a moment ago, once or for the last of several times, each until
    it is told that it is stored."""

    def __init__(self, server: Doomed, seed: int) -> None:
        self.made: list[dict[str, Any]] = []
        self._server = server
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._given_up = False
        self._thread = threading.Thread(target=self._make)
        self._thread.start()

    def _make(self) -> None:
        while not self._over.is_set():
            number = len(self.made)
            user_id = self._random.choice((WITH_CURSOR, WITHOUT))
            due = self._random.uniform(-0.5, 1.5)
            repeats: dict[str, Any] = {}
            if self._random.random() < REPEATING:
                count = self._random.randrange(2, MOST_REPEATED)
                due -= (count - 1) * DAY
                # A day is a day on the wall: the zone has no daylight saving.
                repeats = {"rrule": f"FREQ=DAILY;COUNT={count}", "missed": "all"}
            channel = self._random.choice(("IN_APP", "SYSTEM_MESSAGE"))
            body = reminder(user_id, in_seconds(due), title=str(number), channel=channel, **repeats)
            while not self._stored(body, f"reminder {number}") and not self._given_up:
                self._over.wait(0.02)
            self._over.wait(0.05)

    def _stored(self, body: dict[str, Any], key: str) -> bool:
        """Ask once; the key has it stored once, however often it is asked."""
        try:
            answer = self._server.http("POST", "/api/reminders", json=body, headers={"Idempotency-Key": key})
        except (OSError, HTTPException):
            return False  # the server is down, or was killed just now
        if answer.status not in (200, 201):
            return False
        self.made.append(answer.body)
        return True

    def finish(self) -> list[dict[str, Any]]:
        """See to it that the last is stored, and give all of them."""
        self._over.set()
        self._thread.join()
        return self.made

    def close(self) -> None:
        """Make no more, whatever became of the last."""
        self._given_up = True
        self.finish()


def torture(folder: Path, kills: int, seed: int, command: Sequence[str]) -> Reckoning:
    """Kill so many times, then look at what is left."""
    chance = random.Random(seed)
    server = Doomed(folder, command)
    server.begin()
    server.listens()
    questions = [server.open_question(), server.open_question()]
    reminders = Reminders(server, seed)
    front_ends = FrontEnds(server.url, questions, seed)
    try:
        for kill in range(kills):
            if kill and chance.random() < DURING_START:
                time.sleep(chance.uniform(0, LONGEST_START))
            else:
                before = front_ends.acknowledged
                if kill:
                    server.listens()
                wait_until(lambda before=before: front_ends.acknowledged > before, "an acknowledgement")  # type: ignore[misc]
                time.sleep(chance.uniform(0, LONGEST_LIFE))
            server.kill()
            server.begin()
        server.listens()
        tasks = reminders.finish()
        wait_until(lambda: not server.http("GET", "/api/reminders?status=PENDING").body["items"], "the last reminder")
        saw = front_ends.finish()
        return reckon(server, questions, saw, tasks)
    finally:
        reminders.close()
        front_ends.close()
        server.close()
