"""Years of a server whose clock is wrong now and then, that is killed and started again, and whose zone data changes.

The model keeps the true time and counts by itself when each dose is due.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from reminders import tasks
from reminders.budget import Budget
from reminders.clock_watch import ClockWatch
from reminders.housekeeping import Housekeeping
from reminders.loop import ReminderLoop
from reminders.tasks import Timing
from reminders.work import RuleWork
from store import answers, clock_faults, reminders
from store.clock import first_on_wall, in_milliseconds
from store.database import Database
from store.transaction import WriteUnknown, each
from tests.reminders.calendar import Clocks, Planned
from tests.store.file import opened, rows
from tests.store.samples import asked, new_task, to_snooze

SECOND: Final = 1000  # milliseconds, as are all times here
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
# So far a clock may be off without a word (reminders/clock_watch.py), and so long until it is believed.
SMALL: Final = 5 * MINUTE
SECOND_LOOK: Final = 2 * MINUTE
PROVEN: Final = 7 * DAY + 7 * HOUR
LATE: Final = MINUTE

SIZES: Final = (3 * SECOND, 4 * MINUTE, 6 * MINUTE, HOUR, 26 * HOUR, 40 * DAY, 3650 * DAY)
LENGTHS: Final = (10 * SECOND, 50 * SECOND, 10 * MINUTE, 2 * HOUR, 8 * HOUR, 3 * DAY)


class Killed(WriteUnknown):
    """The program ends here."""


@dataclass
class Fault:
    """The clock is wrong for a while."""

    begin: int
    end: int
    error: int
    is_believed: bool  # a clock that was not proven is believed when it goes back: the named limit


@dataclass
class Machine:
    """Its clocks, and what is wrong with them."""

    random: random.Random
    true: int
    until: int  # no fault begins later
    every: int  # how far apart faults are, about
    error: int = 0
    booted: int = 0
    next_at: int = 0
    changed_at: int = 0
    right_since: int = 0  # no fault, and no stop of more than ten minutes
    faults: list[Fault] = field(default_factory=list)
    jumps: Counter[str] = field(default_factory=Counter)
    forced: list[tuple[int, int]] = field(default_factory=list)  # errors and lengths that come first

    def wall(self) -> int:
        return self.true + self.error

    def steady(self) -> int:
        return self.true - self.booted

    def set_clock(self) -> None:
        """Let a fault begin or end when its time has come."""
        if self.true < self.next_at or (self.true >= self.until and not self.error):
            return
        self.changed_at = self.true
        if self.error:
            self._count(-self.error)
            self.faults[-1].end = self.right_since = self.true
            self.error = 0
            self.next_at = self.true + self.random.randrange(2 * self.every)
            return
        if self.forced:
            self.error, length = self.forced.pop()
        else:
            self.error = self.random.choice((-1, 1)) * self.random.choice(SIZES)
            length = self.random.choice(LENGTHS)
        if self.error > 100 * DAY:
            length = min(length, 10 * MINUTE)
        believed = self.true - self.right_since < PROVEN
        self.faults.append(Fault(self.true, self.true + length, self.error, believed))
        self._count(self.error)
        self.next_at = self.true + length

    def _count(self, by: int) -> None:
        names = ("up to 5 min", "up to 1 h", "up to 2 days", "up to 40 days", "ten years")
        size = names[bisect_left((SMALL, HOUR, 2 * DAY, 40 * DAY), abs(by))]
        self.jumps[f"{'ahead' if by > 0 else 'back'} {size}"] += 1

    def is_right(self, begin: int, end: int) -> bool:
        """Whether the clock was right all the time."""
        place = bisect_right(self.faults, end, key=lambda fault: fault.begin)
        return all(fault.end < begin for fault in self.faults[max(0, place - 3) : place])


@dataclass
class Task:
    id: int
    missed: str
    zone: str | None  # None: the clinic's
    walls: list[int]  # in seconds
    due: list[tuple[int, bool]] = field(default_factory=list)  # when, and whether new zone data made it late
    before: dict[int, list[int]] = field(default_factory=dict)  # when it was due by the zone data before


@dataclass
class Tick:
    true: int
    up_since: int  # in true time
    is_whole: bool


@dataclass
class World:
    path: Path
    machine: Machine
    clinic: str
    tasks: list[Task] = field(default_factory=list)
    instants: list[int] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    rang: dict[int, int] = field(default_factory=dict)  # by the notification's id: the true time
    confirmed: list[tuple[int, int]] = field(default_factory=list)  # each notification's id, and when
    answered: Counter[str] = field(default_factory=Counter)
    screens: list[int] = field(default_factory=lambda: [0, 0, 0])  # the newest notification that each device knows
    changes: list[tuple[int, Callable[[], None]]] = field(default_factory=list)  # of zones, and not before when
    starts: int = 0
    kills: int = 0
    killed: bool = False
    dying: str | None = None
    clocks: dict[str, Clocks] = field(default_factory=dict)

    @property
    def until(self) -> int:
        return self.machine.until

    @property
    def is_over(self) -> bool:
        """Whether the time has come, and the clock has been right for a day."""
        return self.machine.true >= max(self.until, self.machine.changed_at + DAY) and not self.machine.error

    @property
    def random(self) -> random.Random:
        return self.machine.random

    def zone(self, task: Task) -> str:
        return task.zone or self.clinic

    def clocks_of(self, name: str) -> Clocks:
        if name not in self.clocks:
            years = [datetime.fromtimestamp(at / 1000, UTC).year for at in (self.machine.true, self.until)]
            self.clocks[name] = Clocks(ZoneInfo(name), years[0] - 1, years[1] + 2)
        return self.clocks[name]

    async def add(self, database: Database, zone: str | None, planned: Planned, missed: str, days: int) -> None:
        """Store a task as a call would, and work out by itself when it is due."""
        start = datetime.fromtimestamp(self.machine.true / 1000, UTC) + timedelta(days=1)
        wall = datetime(start.year, start.month, start.day, planned.hour, planned.minute)
        own = ZoneInfo(zone or self.clinic)
        timing = Timing(own, in_milliseconds(first_on_wall(wall, own)), wall, planned.rrule, (), missed)
        columns = {**tasks.made(timing, self.machine.true, Budget(10**6)), "zone_given": zone is not None}
        task = await database.written(each(reminders.add), new_task(timing=columns, created_at=self.machine.true))
        walls = planned.walls((start.year, start.month, start.day), days + 30)
        self.tasks.append(Task(task.id, missed, zone, sorted(set(walls))))

    async def add_once(self, database: Database, day: int) -> None:
        """Store a task that comes once, by the clinic's wall."""
        midnight = self.machine.true // DAY * DAY + day * DAY
        wall = datetime.fromtimestamp(midnight / 1000, UTC).replace(tzinfo=None, hour=self.random.randrange(24))
        moment = in_milliseconds(first_on_wall(wall, ZoneInfo(self.clinic)))
        timing = {"remind_at": moment, "next_on": wall.isoformat(), "zone_given": False}
        task = await database.written(each(reminders.add), new_task(timing=timing, created_at=self.machine.true))
        seconds = in_milliseconds(wall.replace(tzinfo=UTC)) // 1000
        self.tasks.append(Task(task.id, "all", None, [seconds]))

    def count(self) -> None:
        """Work out when what is not past yet is due."""
        now = self.ticks[-1].true if self.ticks else 0
        for task in self.tasks:
            clocks = self.clocks_of(self.zone(task))
            if not task.due:
                task.due = [(1000 * clocks.moment(wall), False) for wall in task.walls]
                continue
            for place, wall in enumerate(task.walls):
                if task.due[place][0] > now:
                    at = 1000 * clocks.moment(wall)
                    old = task.due[place][0]
                    task.before[at] = [*task.before.get(old, []), old]
                    task.due[place] = (at, at <= self.machine.true)
        self.instants = sorted({at for task in self.tasks for at, _ in task.due})

    async def live(self) -> None:
        """Let the program run and end until the time has come."""
        while not self.is_over:
            if self._is_to_change():
                self.clocks.clear()
                self.changes.pop(0)[1]()
                self.count()
            await self._run()
            # Down for a moment or, seldom, for days.
            down = self.random.choice((0, 5, 700, 30 * SECOND, 4 * MINUTE, 9 * MINUTE))
            if self.random.random() < 0.1:
                down = self.random.choice((2 * HOUR, self.random.randrange(3 * DAY)))
            self.machine.true += down
            if down > 9 * MINUTE:
                self.machine.right_since = self.machine.true
            if self.random.random() < 0.5:
                self.machine.booted = self.machine.true - self.random.randrange(HOUR)
            self.machine.set_clock()

    def _is_to_change(self) -> bool:
        """Whether zones are to change: the program ended well, and the clock was right for a while."""
        machine = self.machine
        if not self.changes or machine.true < self.changes[0][0]:
            return False
        last = self.ticks[-1]
        return last.is_whole and machine.is_right(last.true - 2 * HOUR, machine.true)

    async def _run(self) -> None:
        self.starts += 1
        machine = self.machine
        async with opened(self.path) as database:
            watch = ClockWatch(machine.wall, machine.steady, await clock_faults.last_proven(database))
            house = Housekeeping([], watch)
            zone = ZoneInfo(self.clinic)
            loop = ReminderLoop(database, watch, zone, self._hand_on, RuleWork(), house, lambda: None)
            up_since = machine.true
            for _ in range(self.random.randrange(1, 300)):
                if not await self._tick(loop, up_since):
                    break
                if self.random.random() < 0.05:
                    await self._answer(database, watch)
                if self.is_over or self._is_to_change():
                    break
                self._pass_time()
                machine.set_clock()
            await loop._dispatch.stop()

    async def _tick(self, loop: ReminderLoop, up_since: int) -> bool:
        """Whether the program lives on."""
        self.dying = self.random.choice(("before", "after")) if self.random.random() < 0.005 else None
        self.killed = killed = False
        try:
            await loop._tick()
            turns = 0
            while loop._dispatch.is_going_through and not self.killed and (not self.machine.error or turns < 100):
                turns += 1
                await asyncio.sleep(0.001)
            killed = self.killed
        except Killed:
            killed = True
        self.ticks.append(Tick(self.machine.true, up_since, not killed))
        self.kills += killed
        return not killed

    def _hand_on(self, _: Sequence[Any]) -> None:
        if self.dying == "after":
            self.dying = "before"  # nothing more is committed

    def doomed(self, statement: Callable[..., Any]) -> Callable[..., Any]:
        """The statement, in the middle of which the program may end; it notes when what rings."""

        def apply(connection: sqlite3.Connection, request: Any) -> Any:
            before = connection.execute("SELECT coalesce(max(id), 0) FROM user_notification").fetchone()[0]
            outcome = statement(connection, request)
            if self.dying == "before":
                self.killed = True
                raise Killed
            query = "SELECT id FROM user_notification WHERE id > ?"
            self.rang.update((one_id, self.machine.true) for (one_id,) in connection.execute(query, (before,)))
            return outcome

        return apply

    async def _answer(self, database: Database, watch: ClockWatch) -> None:
        """A device answers something that it knows, maybe long ago."""
        newest = max(self.rang, default=0)
        place = self.random.randrange(3)
        if self.random.random() < 0.5:
            self.screens[place] = newest
        known = self.screens[place]
        if not known:
            return
        one_id = self.random.randint(max(1, known - self.random.choice((3, 30, 10**6))), known)
        kind = self.random.choice(("read", "confirm", "confirm", "snooze"))
        if kind == "snooze":
            until = watch() + self.random.choice((MINUTE, HOUR, DAY))
            outcome = await database.written(each(answers.snooze), to_snooze(one_id, until, watch()))
        else:
            answer = answers.read if kind == "read" else answers.confirm
            outcome = await database.written(each(answer), asked(one_id, watch()))
        if isinstance(outcome, answers.Answered):
            self.answered[kind] += 1
            if kind == "confirm":
                self.confirmed.append((one_id, self.machine.true))

    def _pass_time(self) -> None:
        machine = self.machine
        place = bisect_right(self.instants, machine.true)
        to = self.instants[place] if place < len(self.instants) else machine.true + DAY
        to = min(to + self.random.choice((0, 1, 3, 20)), machine.true + 12 * HOUR)
        if machine.true - machine.changed_at < SECOND_LOOK:
            to = min(to, machine.true + self.random.randrange(SECOND, 31 * SECOND))
        machine.true = max(machine.true + 1, min(to, machine.next_at))


@dataclass
class Verdict:
    """What the comparison has found; each fault in words."""

    compared: int = 0
    on_time: int = 0
    made_good: int = 0  # rang early by a false clock, and again at their time
    again: int = 0  # rang once more within the named limit
    faults: list[str] = field(default_factory=list)


def judge(world: World) -> Verdict:
    """Compare what rang with what should have, dose by dose."""
    verdict = Verdict()
    found = rows(world.path, "SELECT task_id, planned_at, outcome FROM occurrence")
    had = {(task_id, at): outcome for task_id, at, outcome in found}
    rings: dict[tuple[int, int], list[int]] = {}
    root: dict[int, tuple[int, int]] = {}
    every: dict[tuple[int, int], list[int]] = {}
    query = "SELECT id, task_id, occurrence_at, snooze_of FROM user_notification ORDER BY id"
    for one_id, task_id, at, snooze_of in rows(world.path, query):
        root[one_id] = (task_id, at) if snooze_of is None else root[snooze_of]
        every.setdefault(root[one_id], []).append(world.rang[one_id])
        if snooze_of is None:
            rings.setdefault(root[one_id], []).append(world.rang[one_id])
    answered: dict[tuple[int, int], int] = {}
    for one_id, at in world.confirmed:
        answered.setdefault(root[one_id], at)
    for dose, at in answered.items():
        verdict.faults += [f"{dose} rings at {ring} after its answer at {at}" for ring in every[dose] if ring > at]
    _judge_doses(world, verdict, had, rings, answered)
    return verdict


def _judge_doses(
    world: World,
    verdict: Verdict,
    had: dict[tuple[int, int], str],
    rings: dict[tuple[int, int], list[int]],
    answered: dict[tuple[int, int], int],
) -> None:
    times = [tick.true for tick in world.ticks]
    end = max(tick.true for tick in world.ticks if tick.is_whole) - LATE
    expected = set()
    for task in world.tasks:
        due = sorted({at: late for at, late in task.due if at <= end}.items())
        for place, (at, late) in enumerate(due):
            verdict.compared += 1
            dose = (task.id, at)
            expected.add(dose)
            rang = rings.get(dose, [])
            is_answered = any((task.id, moment) in answered for moment in (at, *task.before.get(at, ())))
            if dose not in had and is_answered:
                continue  # it rang early, was made good, and was answered before its time
            if dose not in had:
                verdict.faults.append(f"{dose} is missing")
                continue
            if had[dose] != "WRITTEN" and not rang and task.missed == "all":
                verdict.faults.append(f"{dose} never rang")
            following = due[place + 1][0] if place + 1 < len(due) else end + DAY
            if not late and not is_answered and _was_watched(world, times, at, following):
                verdict.on_time += 1
                if not any(at - SMALL <= ring <= at + LATE for ring in rang):
                    verdict.faults.append(f"{dose} did not ring at its time, but at {rang}")
            _judge_again(world, verdict, dose, rang)
    late_rows = {dose for dose in had if dose[1] <= end} - expected - set(answered)
    verdict.faults += [f"{dose} was never planned" for dose in sorted(late_rows)]


def _was_watched(world: World, times: list[int], at: int, following: int) -> bool:
    """Whether the program ran when a dose was due, by a clock that was right or was not believed when it went back."""
    place = bisect_left(times, at)
    tick = world.ticks[place]
    if not tick.is_whole or tick.true > at + LATE / 2 or tick.true >= following or tick.up_since > at - SECOND_LOOK:
        return False
    machine = world.machine
    if machine.is_right(at - SECOND_LOOK, tick.true):
        return True
    fault = machine.faults[bisect_right(machine.faults, at, key=lambda one: one.begin) - 1]
    is_known = tick.up_since < fault.begin - SECOND_LOOK and machine.is_right(tick.up_since, fault.begin - 1)
    return is_known and not fault.is_believed and fault.error < -SMALL and fault.begin <= at and tick.true < fault.end


def _judge_again(world: World, verdict: Verdict, dose: tuple[int, int], rang: list[int]) -> None:
    at = dose[1]
    verdict.made_good += sum(ring < at for ring in rang[:-1])
    twice = [ring for ring in rang[:-1] if ring >= at]
    if not twice:
        return
    believed = [fault for fault in world.machine.faults if fault.is_believed and fault.error < -SMALL]
    if any(fault.begin + fault.error - SMALL <= at <= fault.end for fault in believed):
        verdict.again += len(twice)
    else:
        verdict.faults.append(f"{dose} rings at {rang}")
