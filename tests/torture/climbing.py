"""Ladders climb and are answered while the clock goes on in steps and the server is killed.

The clock moves by less than the time between two rungs of one user. Between two looks a user's ladder has therefore at
most one ring to come, and which ones are there is known for certain, whatever a kill has met: each rung that came due
without an answer, once.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from websockets.exceptions import WebSocketException

from tests.clock import Clock
from tests.json_text import decode
from tests.packets import Closed, Websocket
from tests.server import LIMIT, wait_until
from tests.torture.doomed import Doomed
from tests.torture.reckoning import Faults, all_notifications, lasting

ELDER, DAUGHTER, NURSE = 7101, 7102, 7103
USERS: Final = (ELDER, DAUGHTER, NURSE)
TASKS: Final = 24  # in a round
SPREAD: Final = 25.0  # seconds within which they are due
RUNGS: Final = (60, 120, 180)  # seconds after the planned time
MISSED_AFTER: Final = 240
STEP: Final = 35.0  # seconds that the clock goes on at most
ANSWERED: Final = 0.1  # the share of what is open that is answered in a step
LATE: Final = 1.5  # seconds: a tick, and some for a busy machine
DOWN: Final = (Closed, OSError, HTTPException, TimeoutError, WebSocketException)
ON_ITS_WAY: Final = 1.0  # seconds for which a ring may be under way to a device


@dataclass
class Answer:
    """A confirmation, sent until the server has answered it."""

    outcome: str
    note: str
    sent_at: float  # by the server's clock, in seconds since 1970
    acknowledged_at: float | None = None
    acknowledged: float = 0.0  # by the machine's clock, as `heard` is


@dataclass
class Occurrence:
    """A task that comes once, as this test knows it."""

    name: str  # its task's title
    due: float  # in seconds since 1970
    ladder: list[tuple[int, int]]  # each rung's seconds after that and its user, the first ring as the first
    answers: list[Answer] = field(default_factory=list)

    def rings(self, since: float, until: float) -> set[tuple[int, int]]:
        """Give the number and the user of each ring that comes due in that time, without an answer."""
        return {(number, user) for number, (after, user) in enumerate(self.ladder) if since < self.due + after <= until}

    @property
    def accepted(self) -> list[Answer]:
        """The answers that the server took."""
        return [one for one in self.answers if one.acknowledged_at is not None]


@dataclass
class Climbed(Faults):
    """Counts, and in words all that should not be."""

    kills: int = 0
    rings: int = 0
    answered: int = 0
    refused: int = 0
    missed: int = 0


class Devices:
    """One device for each user. It comes back after each kill, and remembers all that it was told."""

    def __init__(self, server: Doomed) -> None:
        self.heard: dict[int, tuple[dict[str, Any], float]] = {}  # by the notification's id, and when
        self.ring = threading.Event()
        self.opening = threading.Lock()  # while a device connects, or the server is down
        self._server = server
        self._over = threading.Event()
        self._open: dict[int, Websocket] = {}  # by its user, as is the next
        self._last = dict.fromkeys(USERS, 0)  # the last notification that it was told of
        self._threads = [threading.Thread(target=self._listen, args=(user,)) for user in USERS]
        for thread in self._threads:
            thread.start()

    def _listen(self, user: int) -> None:
        while not self._over.is_set():
            with suppress(*DOWN):  # the server was killed just now
                with self.opening:
                    device = Websocket(self._server)
                self._open[user] = device
                try:
                    device.enter()
                    device.send(f'42["bind_user",{{"user_id":{user},"after_id":{self._last[user]}}}]')
                    while not self._over.is_set():
                        self._take(user, device, device.receive())
                finally:
                    device.close()
            self._over.wait(0.05)

    def _take(self, user: int, device: Websocket, packet: str) -> None:
        if packet == "2":
            device.send("3")
        elif packet.startswith('42["notification:new"'):
            told = decode(packet[2:])[1]
            self._last[user] = told["id"]
            self.heard.setdefault(told["id"], (told, time.monotonic()))
            self.ring.set()

    def close(self) -> None:
        """End them all."""
        self._over.set()
        for device in self._open.values():
            device.close()
        for thread in self._threads:
            thread.join(3 * LIMIT)


class Climb:
    """One run on one server."""

    def __init__(self, server: Doomed, clock: Clock, chance: random.Random) -> None:
        self.found = Climbed()
        self._server = server
        self._clock = clock
        self._chance = chance
        self._ahead = 0.0  # by how much the server's clock is set
        self._devices = Devices(server)
        self._threads = ThreadPoolExecutor(8)
        self._open: list[Occurrence] = []
        self.all: list[Occurrence] = []

    @property
    def now(self) -> float:
        """The time by the server's clock, in seconds since 1970."""
        return time.time() + self._ahead

    def round(self, killing: bool, *, to_fault: bool = False) -> None:
        """Make tasks, and go on until each of them has its outcome, or to the first fault."""
        begin = int(self.now) + 5
        self._open = [self._make(begin + self._chance.uniform(0, SPREAD)) for _ in range(TASKS)]
        looked_at = self.now
        while looked_at < begin + SPREAD + MISSED_AFTER:
            answers = self._answer() if looked_at > begin else []
            # Else what a device is told when it comes back would be taken for the next ring.
            self._hear_all(LATE)
            # As far from the last look, however long that has taken.
            self._ahead += max(0.0, looked_at + self._chance.uniform(STEP / 2, STEP) - self.now)
            self._devices.ring.clear()
            self._clock.set_by(self._ahead)
            if killing:
                self._kill()
            for answer in answers:
                answer.result(3 * LIMIT)
            looked_at = self._look(looked_at)
            if to_fault and self.found.faults:
                return
        with suppress(AssertionError):  # what has none then is told by the reckoning
            wait_until(lambda: all(self._outcomes()[one.name][0] for one in self._open), "the last outcome", LIMIT)

    def _kill(self) -> None:
        """Kill the server at some moment of its next tick, or as soon as a ring has arrived."""
        if self._chance.random() < 0.5:
            self._devices.ring.wait(LATE)
        else:
            time.sleep(self._chance.uniform(0, LATE))
        with self._devices.opening:
            self._server.kill()
            self._look_at_heard()
            self._server.begin()
            self._server.listens()
        self.found.kills += 1

    def _look_at_heard(self) -> None:
        """What was heard by the time of a kill is in the file that the kill leaves."""
        heard = set(self._devices.heard)
        with TemporaryDirectory() as folder:  # a copy: the server itself has to bring its file in order
            for file in (self._server.database, Path(f"{self._server.database}-wal")):
                if file.exists():
                    shutil.copy(file, folder)
            with closing(sqlite3.connect(Path(folder) / self._server.database.name)) as connection:
                there = {number for (number,) in connection.execute("SELECT id FROM user_notification")}
        gone = heard - there
        self.found.expect(not gone, f"heard and not there: {sorted(gone)[:5]}")

    def _make(self, due: float) -> Occurrence:
        name, due = f"task {len(self.all)}", int(due)
        users = [self._chance.choice(USERS) for _ in RUNGS]
        self._server.make_reminder(
            ELDER,
            datetime.fromtimestamp(due, UTC).isoformat(),
            follow_up=[{"after": after, "user_id": user} for after, user in zip(RUNGS, users, strict=True)],
            missed_after=MISSED_AFTER,
            title=name,
        )
        self.all.append(Occurrence(name, due, [(0, ELDER), *zip(RUNGS, users, strict=True)]))
        return self.all[-1]

    def _answer(self) -> list[Any]:
        """Begin to answer some of what has rung: by one of those who were told, or by two at once."""
        told: dict[str, list[int]] = {}
        for notification, _ in list(self._devices.heard.values()):
            told.setdefault(notification["title"], []).append(notification["id"])
        sent = []
        for one in self._open:
            if one.answers or one.name not in told or self._chance.random() > ANSWERED:
                continue
            for number in range(self._chance.choice((1, 2))):
                outcome = self._chance.choice(("DONE", "SKIPPED"))
                answer = Answer(outcome, f"{one.name}/{number}", self.now)
                one.answers.append(answer)
                sent.append(self._threads.submit(self._confirm, answer, self._chance.choice(told[one.name])))
        return sent

    def _confirm(self, answer: Answer, notification_id: int) -> None:
        body = {"outcome": answer.outcome, "note": answer.note}
        while True:
            with suppress(OSError, HTTPException):  # the server is down, or was killed just now
                status = self._server.http("POST", f"/api/notifications/{notification_id}/confirm", json=body).status
                if status == 200:
                    answer.acknowledged, answer.acknowledged_at = time.monotonic(), self.now
                if status in (200, 409):
                    return
            time.sleep(0.02)

    def _look(self, looked_at: float) -> float:
        """Wait until all is there that came due since the last look; give the time of this one."""
        until = self.now
        missing: list[str] = []

        def all_there() -> bool:
            rung = self._rung()
            missing[:] = [
                f"{one.name}: ring {number} of user {user}"
                for one in self._open
                if not one.answers
                for number, user in one.rings(looked_at, until)
                if not rung[one.name, number, user]
            ]
            return not missing

        with suppress(AssertionError):
            wait_until(all_there, "the rings that are due", LIMIT)
        self.found.expect(not missing, f"missing: {missing[:5]}")
        return until

    def _hear_all(self, limit: float) -> None:
        """Wait until the devices were told of each ring that is in the file, or the limit passes."""
        with suppress(AssertionError):
            wait_until(lambda: self._rung().total() <= len(self._devices.heard), "all rings on the devices", limit)

    def _rung(self) -> Counter[tuple[str, int, int]]:
        """Count the rings that are in the file: by title, number and user."""
        with closing(sqlite3.connect(self._server.database)) as connection:
            return Counter(connection.execute("SELECT title, rung, user_id FROM user_notification"))

    def _outcomes(self) -> dict[str, tuple[str | None, str | None]]:
        """Give the outcome and the note of each occurrence in the file, by title."""
        query = "SELECT title, settled, note FROM occurrence JOIN reminder_task ON id = task_id"
        with closing(sqlite3.connect(self._server.database)) as connection:
            return {name: (outcome, note) for name, outcome, note in connection.execute(query)}

    def reckon(self) -> Climbed:
        """Stop the server, and hold its file against what was done and heard."""
        found = self.found
        self._hear_all(LIMIT)
        self._devices.close()
        stored = {one["id"]: lasting(one) for user in USERS for one in all_notifications(self._server, user)}
        self._server.stop()
        rung = self._rung()
        found.rings = rung.total()
        outcomes = self._outcomes()
        for one in self.all:
            self._reckon_one(one, rung, outcomes[one.name])
        heard = [told for told, _ in self._devices.heard.values()]
        wrong = [told["id"] for told in heard if lasting(told) != stored.get(told["id"])]
        found.expect(not wrong, f"heard and not there: {wrong[:5]}")
        unheard = sorted(stored.keys() - self._devices.heard.keys())
        found.expect(not unheard, f"there and not heard: {unheard[:5]}")
        found.expect("Traceback" not in self._server.stderr(), "a traceback is in the log")
        return found

    def _reckon_one(
        self, one: Occurrence, rung: Counter[tuple[str, int, int]], outcome: tuple[str | None, str | None]
    ) -> None:
        found = self.found
        name = one.name
        times = {(number, user): rung[one.name, number, user] for number, (_, user) in enumerate(one.ladder)}
        twice = [ring for ring, count in times.items() if count > 1]
        found.expect(not twice, f"{name}: rung twice: {twice}")
        total = sum(count for (task, _, _), count in rung.items() if task == name)
        found.expect(total == sum(times.values()), f"{name}: a ring that its ladder does not have")
        accepted = one.accepted
        found.answered += len(accepted)
        found.refused += len(one.answers) - len(accepted)
        if not one.answers:
            found.missed += 1
            found.expect(outcome[0] == "MISSED", f"{name}: the outcome is {outcome[0]} without an answer")
            found.expect(all(times.values()), f"{name}: missing in the end: {times}")
            return
        found.expect(len(accepted) > 0, f"{name}: all of its answers are refused")
        taken = {(answer.outcome, answer.note) for answer in accepted}
        found.expect(len({outcome for outcome, _ in taken}) <= 1, f"{name}: answered in two ways: {sorted(taken)}")
        found.expect(outcome in taken, f"{name}: the outcome is {outcome}, and the answers were {sorted(taken)}")
        for answer in accepted:
            assert answer.acknowledged_at is not None
            after = [
                (number, user)
                for number, user in one.rings(answer.acknowledged_at, float("inf"))
                if times[number, user]
            ]
            found.expect(not after, f"{name}: rung after its answer: {after}")
            # What a device that comes back is told of as READ is no ring.
            heard = [
                told["id"]
                for told, at in self._devices.heard.values()
                if told["title"] == name and told["status"] == "UNREAD" and at > answer.acknowledged + ON_ITS_WAY
            ]
            found.expect(not heard, f"{name}: heard after its answer: {heard}")

    def close(self) -> None:
        """End what is left of it."""
        self._server.close()  # first, so that no device waits for it
        self._devices.close()
        self._threads.shutdown()


def climb(
    folder: Path, rounds: int, seed: int, command: Sequence[str], *, killing: bool = True, to_fault: bool = False
) -> Climbed:
    """Let so many rounds of tasks climb their ladders, the server killed in each step of the clock; or to the first
    fault."""
    clock = Clock(folder / "clock")
    server = Doomed(folder, command, {"TEST_CLOCK": str(clock.file)})
    server.begin()
    server.listens()
    run = Climb(server, clock, random.Random(seed))
    try:
        for _ in range(rounds):
            run.round(killing, to_fault=to_fault)
        return run.found if to_fault and run.found.faults else run.reckon()
    finally:
        run.close()
