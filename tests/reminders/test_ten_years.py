"""Years of reminders in minutes: whatever the clocks do and whoever kills the program, each occurrence becomes one row,
at the first chance, and one notification where it should.

The short form goes through weeks in which clocks change; TEST_TEN_YEARS=1 goes through ten years, and TEST_SEED
has a run again as it was.
"""

from __future__ import annotations

import asyncio
import os
import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from reminders import tasks
from reminders.budget import Budget
from reminders.clock_watch import ClockWatch
from reminders.housekeeping import Housekeeping
from reminders.loop import ReminderLoop
from reminders.tasks import Timing
from reminders.work import RuleWork
from store import file as stored
from store import occurrences, reminders
from store.clock import first_on_wall, in_milliseconds
from store.database import Database
from store.transaction import WriteUnknown, each
from tests.reminders.calendar import PLANNED, Clocks, Planned
from tests.store.file import opened, rows
from tests.store.samples import new_task

ZONES: Final = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
DAY: Final = 86_400_000  # milliseconds
LATE: Final = 60_000
LONG: Final = os.environ.get("TEST_TEN_YEARS") == "1"
DAYS: Final = 3653 if LONG else 36


class Killed(WriteUnknown):
    """The program ends here."""


@dataclass
class Task:
    id: int
    missed: str
    planned: list[int]


@dataclass
class Tick:
    now: int
    up_since: int
    completed: bool


@dataclass
class World:
    """A file, the program that serves it from time to time, and the clock on the wall."""

    path: Path
    random: random.Random
    now: int
    until: int
    tasks: list[Task] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    handed: int = 0
    starts: int = 0
    kills: int = 0
    jumps: int = 0
    killed: bool = False  # in this tick
    dying: str | None = None  # how the program ends in this tick: before the commit, or after it

    async def add(self, database: Database, zone: ZoneInfo, planned: Planned, missed: str) -> None:
        """Stores a task as a call would, and works out by itself when it is due."""
        start = datetime.fromtimestamp(self.now / 1000, UTC) + timedelta(days=1)
        wall = datetime(start.year, start.month, start.day, planned.hour, planned.minute)
        timing = Timing(zone, in_milliseconds(first_on_wall(wall, zone)), wall, planned.rrule, (), missed)
        columns = tasks.made(timing, self.now, Budget(10**6))
        task = await database.written(each(reminders.add), new_task(timing=columns, created_at=self.now))
        clocks = Clocks(zone, start.year - 1, start.year + DAYS // 365 + 2)
        walls = planned.walls((start.year, start.month, start.day), DAYS + 30)
        self.tasks.append(Task(task.id, missed, sorted({1000 * clocks.moment(one) for one in walls})))

    async def live(self) -> None:
        """Lets the program run and end until the time has come."""
        while self.now < self.until:
            await self._run()
            # Down for a moment or for days.
            self.now += self.random.choice((0, 5, 700, 30_000, 7_200_000, self.random.randrange(3 * DAY)))

    async def _run(self) -> None:
        self.starts += 1
        async with opened(self.path) as database:
            loop = ReminderLoop(
                database,
                ClockWatch(self._wall, self._wall, None),
                ZoneInfo("UTC"),
                self._hand_on,
                RuleWork(),
                Housekeeping([], self._wall),
                lambda: None,
            )
            for _ in range(self.random.randrange(1, 500)):
                if self.now >= self.until or not await self._tick(loop):
                    break
                self._pass_time(await occurrences.next_due(database))
            await loop._dispatch.stop()

    def _wall(self) -> int:
        return self.now

    async def _tick(self, loop: ReminderLoop) -> bool:
        """Whether the program lives on."""
        self.dying = self.random.choice(("before", "after")) if self.random.random() < 0.01 else None
        self.killed = killed = False
        try:
            await loop._tick()
            while loop._dispatch.passed_over and not self.killed:  # noqa: ASYNC110 - the simulation owns every step
                await asyncio.sleep(0)
            killed = self.killed
        except Killed:
            killed = True
        assert loop._up_since is not None
        self.ticks.append(Tick(self.now, loop._up_since, not killed))
        self.kills += killed
        return not killed

    def _hand_on(self, chunk: Sequence[Any]) -> None:
        if self.dying == "after":
            self.dying = "before"  # nothing more is committed
        else:
            self.handed += len(chunk)

    def doomed(self, statement: Callable[..., Any]) -> Callable[..., Any]:
        """The statement, in the middle of which the program may end."""

        def apply(connection: Any, asked: Any) -> Any:
            outcome = statement(connection, asked)
            if self.dying == "before":
                self.killed = True
                raise Killed
            return outcome

        return apply

    def _pass_time(self, next_due: int | None) -> None:
        if self.random.random() < 0.005:
            # Somebody sets the clock, or the machine sleeps.
            self.now += self.random.choice((-1, 1)) * self.random.randrange(2 * DAY)
            self.jumps += 1
        elif next_due is None:
            self.now += DAY
        else:
            self.now = max(self.now, next_due) + self.random.choice((0, 1, 3, 20))

    def check(self) -> int:
        """Occurrence by occurrence; how many they were."""
        reached: list[int] = []  # the latest that the clock showed at a tick that was carried out
        places: list[int] = []
        ticks_of: dict[int, list[int]] = {}
        for place, tick in enumerate(self.ticks):
            ticks_of.setdefault(tick.now, []).append(place)
            if tick.completed and (not reached or tick.now > reached[-1]):
                reached.append(tick.now)
                places.append(place)
        found: dict[int, dict[int, tuple[int, str, int | None]]] = {task.id: {} for task in self.tasks}
        for task_id, planned_at, *row in rows(self.path, "SELECT * FROM occurrence"):
            found[task_id][planned_at] = tuple(row)
        told = rows(self.path, "SELECT task_id, occurrence_at, id, created_at FROM user_notification")
        assert len({(task_id, planned_at) for task_id, planned_at, *_ in told}) == len(told), "one twice"
        notified = {(task_id, planned_at): (one_id, at) for task_id, planned_at, one_id, at in told}
        for task in self.tasks:
            due = [planned_at for planned_at in task.planned if planned_at <= reached[-1]]
            assert sorted(found[task.id]) == due, f"task {task.id}"
            for place, planned_at in enumerate(due):
                at, outcome, notification_id = found[task.id][planned_at]
                # At the first tick at which it was due, or at one before that was killed in the middle.
                last = places[bisect_left(reached, planned_at)]
                ticks = [self.ticks[one] for one in ticks_of[at] if one <= last]
                assert ticks, f"task {task.id} at {planned_at} was late"
                assert at >= planned_at
                is_latest = place + 1 == len(due) or due[place + 1] > at
                wanted = {self._written(task, planned_at, tick, is_latest) for tick in ticks}
                assert (outcome == "WRITTEN") in wanted, f"task {task.id} at {planned_at}: {outcome}"
                assert notified.get((task.id, planned_at)) == ((notification_id, at) if outcome == "WRITTEN" else None)
        assert len(notified) == sum(one[1] == "WRITTEN" for of in found.values() for one in of.values())
        assert self.handed <= len(notified)
        return sum(map(len, found.values()))

    def _written(self, task: Task, planned_at: int, tick: Tick, is_latest: bool) -> bool:
        if task.missed == "skip":
            return planned_at >= tick.up_since and tick.now - planned_at <= LATE
        return task.missed == "all" or is_latest


async def test_none_is_missing_and_none_comes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(10**9))
    chance = random.Random(seed)
    start = (
        datetime(2025, 1, 1, tzinfo=UTC)
        if LONG
        else chance.choice(
            (datetime(2025, 3, 4, tzinfo=UTC), datetime(2025, 10, 1, tzinfo=UTC), datetime(2028, 2, 10, tzinfo=UTC))
        )
    )
    begin = in_milliseconds(start)
    world = World(tmp_path / "careline.db", chance, begin, begin + DAYS * DAY)
    # What is committed is in the file all the same; only the machine may not lose its power.
    monkeypatch.setitem(stored.PRAGMAS, "synchronous", "off")
    monkeypatch.setattr(occurrences, "dispatch_once", world.doomed(occurrences.dispatch_once))
    monkeypatch.setattr(occurrences, "dispatch_planned", world.doomed(occurrences.dispatch_planned))
    async with opened(world.path) as database:
        for zone in ZONES:
            for planned in PLANNED:
                for missed in ("latest", "all", "skip") if LONG else (chance.choice(("latest", "all", "skip")),):
                    await world.add(database, ZoneInfo(zone), planned, missed)
    await world.live()
    told = (
        f"{DAYS} days from {start:%Y-%m-%d} in {len(ZONES)} time zones, {len(world.tasks)} tasks: {world.starts} starts"
        f", {world.kills} of them ended by a kill, {world.jumps} clock jumps,"
        f" {len(world.ticks)} ticks; TEST_SEED={seed}"
    )
    try:
        compared = world.check()
    except AssertionError as fault:
        fault.add_note(told)
        raise
    outcomes = dict(rows(world.path, "SELECT outcome, COUNT(*) FROM occurrence GROUP BY outcome"))
    with capsys.disabled():
        print(f"\n{told}\n{compared} occurrences compared: {outcomes}, none missing, none twice")  # noqa: T201
    assert world.kills > 0 or not LONG
