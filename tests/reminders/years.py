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
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from zoneinfo import ZoneInfo

from reminders import tasks
from reminders.budget import Budget, BudgetExceeded
from reminders.clock_watch import ClockWatch
from reminders.due import TURN
from reminders.housekeeping import Housekeeping
from reminders.loop import ReminderLoop
from reminders.tasks import Timing
from reminders.work import RuleWork
from store import answers, clock_faults, reminders
from store.clock import first_on_wall, in_milliseconds
from store.database import Database
from store.transaction import WriteUnknown, each
from tests.reminders.calendar import PLANNED, Clocks, Planned
from tests.store.file import opened, rows
from tests.store.samples import asked, new_task, to_snooze

T = TypeVar("T")
Dose = tuple[int, int]  # a task and the wall time, in seconds

SECOND: Final = 1000  # milliseconds, as are all times here
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
# So far a clock may be off without a word (reminders/clock_watch.py), and so long until it is believed.
SMALL: Final = 5 * MINUTE
SECOND_LOOK: Final = 2 * MINUTE
PROVEN: Final = 7 * DAY + 7 * HOUR
SHORT_STOP: Final = 9 * MINUTE
LATE: Final = MINUTE

SIZES: Final = (3 * SECOND, 4 * MINUTE, 6 * MINUTE, HOUR, 26 * HOUR, 40 * DAY, 3650 * DAY)
MOST_AHEAD: Final = 12  # tasks that are made while the clock is ahead
LENGTHS: Final = (10 * SECOND, 50 * SECOND, 10 * MINUTE, 2 * HOUR, 8 * HOUR, 3 * DAY)


class Killed(WriteUnknown):
    """The program ends here."""


@dataclass
class Fault:
    """The clock is wrong for a while."""

    begin: int
    end: int
    error: int
    # A clock that is not proven is believed when it goes back, though not behind the last proven time: the named limit.
    is_believed: bool


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
    right_since: int = 0  # no fault, no stop of more than ten minutes, and no start before it was proven
    proven_at: int = 0  # the last time at which it had been right for so long that it was proven
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
        is_proven = self.true - self.right_since >= PROVEN
        believed = self.error < 0 and not is_proven and self.true + self.error >= self.proven_at - SMALL
        self.faults.append(Fault(self.true, self.true + length, self.error, believed))
        self._count(self.error)
        self.next_at = self.true + length

    def note_tick(self) -> None:
        """The program has looked at its clocks."""
        if not self.error and self.true - self.right_since >= PROVEN:
            self.proven_at = self.true

    def start(self, last_tick: int) -> None:
        """The program starts: what is not proven by then has to be right for the whole time anew. A fault that begins
        meanwhile comes after this: while the program is down nothing is proven."""
        is_proven = self.true - self.right_since >= PROVEN
        if not is_proven or self.true - last_tick > SHORT_STOP:
            self.right_since = self.true

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
    known_until: int  # so far the wall times are known, in seconds
    made_at: int  # in true time: by some zone's wall its first day may have begun by then
    due: list[Due] = field(default_factory=list)  # of each wall time


@dataclass
class Due:
    """When a wall time is due."""

    at: int
    is_late: bool = False  # another zone, or its new data, has put it into the past
    zones: int = 0  # how often zones had changed
    moments: set[int] = field(default_factory=set)  # all that it ever meant


@dataclass
class Tick:
    true: int
    up_since: int  # in true time
    is_whole: bool  # it was not killed
    is_done: bool  # and has left nothing that is due


class Work(RuleWork):
    """What takes long goes on in turns, which the simulation gives: it is the same again with the same seed."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = asyncio.Semaphore(0)
        self._rests = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def slow(self, work: Callable[[Budget], T]) -> T:
        self._rests.set()
        await self._turns.acquire()
        return await super().slow(work)

    def give_turn(self) -> None:
        self._rests.clear()
        self._turns.release()

    def end(self) -> None:
        """The program was killed, on another thread: nothing more is waited for."""
        self._loop.call_soon_threadsafe(self._rests.set)

    async def rests(self, loop: ReminderLoop) -> None:
        """Wait until what takes long waits for a turn, or is gone through."""
        if loop._dispatch.is_going_through:
            either = [asyncio.ensure_future(self._rests.wait()), asyncio.ensure_future(loop._dispatch.settle())]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            for one in either:
                one.cancel()


class Turns:
    """In place of the loop's clock: a turn of the dispatch ends after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._looked = 0

    def time(self) -> float:
        self._looked += 1
        return self._looked * TURN / self._looks


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
    work: Work | None = None
    clocks: dict[str, Clocks] = field(default_factory=dict)
    zones: int = 0  # how often they have changed
    added_ahead: int = 0  # tasks that were made while the clock was ahead
    changes_ahead: bool = False  # zones change while the clock is ahead, and at no other time

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

    async def add(
        self, database: Database, zone: str | None, planned: Planned, missed: str, days: int, now: int
    ) -> None:
        """Store a task as a call would that takes it to be `now`, and work out by itself when it is due."""
        start = datetime.fromtimestamp(self.machine.true / 1000, UTC) + timedelta(hours=36)
        wall = datetime(start.year, start.month, start.day, planned.hour, planned.minute)
        own = ZoneInfo(zone or self.clinic)
        timing = Timing(own, in_milliseconds(first_on_wall(wall, own)), wall, planned.rrule, (), missed)
        columns = {**tasks.made(timing, now, Budget(10**6)), "zone_given": zone is not None}
        task = await database.written(each(reminders.add), new_task(timing=columns, created_at=now))
        walls = planned.walls((start.year, start.month, start.day), days + 30)
        known_until = in_milliseconds(wall.replace(tzinfo=UTC) + timedelta(days=days + 29)) // SECOND
        self.tasks.append(Task(task.id, missed, zone, sorted(set(walls)), known_until, self.machine.true))

    async def add_once(self, database: Database, day: int) -> None:
        """Store a task that comes once, by the clinic's wall."""
        midnight = self.machine.true // DAY * DAY + day * DAY
        wall = datetime.fromtimestamp(midnight / 1000, UTC).replace(tzinfo=None, hour=self.random.randrange(24))
        moment = in_milliseconds(first_on_wall(wall, ZoneInfo(self.clinic)))
        timing = {"remind_at": moment, "next_on": wall.isoformat(), "zone_given": False}
        task = await database.written(each(reminders.add), new_task(timing=timing, created_at=self.machine.true))
        seconds = in_milliseconds(wall.replace(tzinfo=UTC)) // 1000
        self.tasks.append(Task(task.id, "all", None, [seconds], seconds + DAY * 3653, self.machine.true))

    async def _add_ahead(self, database: Database, now: int) -> None:
        """Store a task while the clock is ahead, if it is taken."""
        zones = sorted({task.zone for task in self.tasks if task.zone is not None})  # the same in every process
        zone = self.random.choice((None, *zones))
        planned, missed = self.random.choice(PLANNED), self.random.choice(("latest", "all", "skip"))
        days = (self.until - self.machine.true) // DAY
        with suppress(tasks.NoOccurrence, tasks.TooManyPast, BudgetExceeded):
            await self.add(database, zone, planned, missed, days, now)
            self.added_ahead += 1
            self.count()

    def count(self) -> None:
        """Work out when what is not past yet is due."""
        now = self.ticks[-1].true if self.ticks else 0
        for task in self.tasks:
            clocks = self.clocks_of(self.zone(task))
            if not task.due:
                task.due = [Due(at, moments={at}) for at in (1000 * clocks.moment(wall) for wall in task.walls)]
                continue
            for wall, due in zip(task.walls, task.due, strict=True):
                at = 1000 * clocks.moment(wall)
                due.moments.add(at)
                if due.at > now:
                    due.at, due.is_late, due.zones = at, at <= self.machine.true, self.zones
        self.instants = sorted({due.at for task in self.tasks for due in task.due})

    async def live(self) -> None:
        """Let the program run and end until the time has come."""
        while not self.is_over:
            if self._is_to_change():
                self.clocks.clear()
                self.zones += 1
                self.changes.pop(0)[1]()
                self.count()
            await self._run()
            # Down for a moment or, seldom, for days.
            down = self.random.choice((0, 5, 700, 30 * SECOND, 4 * MINUTE, 9 * MINUTE))
            if self.random.random() < 0.1:
                down = self.random.choice((2 * HOUR, self.random.randrange(3 * DAY)))
            self.machine.true += down
            if self.random.random() < 0.5:
                self.machine.booted = self.machine.true - self.random.randrange(HOUR)
            self.machine.start(self.ticks[-1].true)
            self.machine.set_clock()

    def _is_to_change(self) -> bool:
        """Whether zones are to change: nothing that was due by then is left, since the program ended well, and its
        clock is ahead or was right for a while."""
        machine = self.machine
        if not self.changes or machine.true < self.changes[0][0]:
            return False
        if self.changes_ahead and (machine.error <= HOUR or machine.true < machine.changed_at + SECOND_LOOK):
            return False
        last = self.ticks[-1]
        since = machine.faults[-1].begin - 1 if machine.error > 0 else machine.true
        return last.is_done and machine.is_right(last.true - 2 * HOUR, since)

    async def _run(self) -> None:
        self.starts += 1
        machine = self.machine
        async with opened(self.path) as database:
            watch = ClockWatch(machine.wall, machine.steady, await clock_faults.last_known(database))
            house = Housekeeping([], watch)
            zone = ZoneInfo(self.clinic)
            work = self.work = Work()
            loop = ReminderLoop(database, watch, zone, self._hand_on, work, house, lambda: None)
            loop._dispatch._loop = cast(Any, Turns(self.random.choice((2, 10, 10**6))))
            up_since = machine.true
            for left in reversed(range(self.random.randrange(1, 300))):
                if not await self._tick(loop, work, up_since):
                    break
                if self.random.random() < 0.05:
                    await self._answer(database, watch)
                if watch() - machine.true > HOUR and self.added_ahead < MOST_AHEAD and self.random.random() < 0.2:
                    await self._add_ahead(database, watch())
                if not left or self.is_over or self._is_to_change():
                    break
                self._pass_time()
                machine.set_clock()
            await loop._dispatch.stop()

    async def _tick(self, loop: ReminderLoop, work: Work, up_since: int) -> bool:
        """Whether the program lives on."""
        self.dying = self.random.choice(("before", "after")) if self.random.random() < 0.005 else None
        self.killed = False
        is_left = True
        with suppress(Killed):
            turns = self.random.choice((0, 3, 100)) if self.machine.error else 10**9
            while is_left and not self.killed:
                sleep = await loop._tick()
                turns = await self._go_through(loop, work, turns)
                is_left = loop._dispatch.is_going_through or sleep <= 0
                if turns <= 0 or self.machine.error:
                    break
        self.machine.note_tick()
        self.ticks.append(Tick(self.machine.true, up_since, not self.killed, not self.killed and not is_left))
        self.kills += self.killed
        return not self.killed

    async def _go_through(self, loop: ReminderLoop, work: Work, turns: int) -> int:
        """Give turns to what takes long; how many are left."""
        while True:
            await work.rests(loop)
            if not loop._dispatch.is_going_through or self.killed or turns <= 0:
                return turns
            turns -= 1
            work.give_turn()

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
                if self.work is not None:
                    self.work.end()
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
        if self.changes_ahead and self.changes and machine.true >= self.changes[0][0] and not machine.error:
            machine.forced.append((26 * HOUR, 8 * HOUR))
            machine.next_at = min(machine.next_at, machine.true + HOUR)
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
    own = {task.id: task.zone for task in world.tasks}

    def dose_of(task_id: int, known_by: str) -> Dose:
        wall, _, zone = known_by.partition("[")
        if zone.removesuffix("]") != (own[task_id] or ""):
            verdict.faults.append(f"{(task_id, known_by)} is of another zone than {own[task_id]}")
        return task_id, in_milliseconds(datetime.fromisoformat(wall).replace(tzinfo=UTC)) // 1000

    found = rows(world.path, "SELECT task_id, planned_on, outcome FROM occurrence")
    had = {dose_of(task_id, known_by): outcome for task_id, known_by, outcome in found}
    rings: dict[Dose, list[int]] = {}
    root: dict[int, Dose] = {}
    every: dict[Dose, list[int]] = {}
    query = "SELECT id, task_id, occurrence_on, snooze_of FROM user_notification ORDER BY id"
    for one_id, task_id, known_by, snooze_of in rows(world.path, query):
        root[one_id] = dose_of(task_id, known_by) if snooze_of is None else root[snooze_of]
        every.setdefault(root[one_id], []).append(world.rang[one_id])
        if snooze_of is None:
            rings.setdefault(root[one_id], []).append(world.rang[one_id])
    answered: dict[Dose, int] = {}
    for one_id, at in world.confirmed:
        answered.setdefault(root[one_id], at)
    for dose, at in answered.items():
        verdict.faults += [f"{dose} rings at {ring} after its answer at {at}" for ring in every[dose] if ring > at]
    _judge_doses(world, verdict, had, rings, answered)
    return verdict


def _judge_doses(
    world: World, verdict: Verdict, had: dict[Dose, str], rings: dict[Dose, list[int]], answered: dict[Dose, int]
) -> None:
    times = [tick.true for tick in world.ticks]
    end = max(tick.true for tick in world.ticks if tick.is_whole) - LATE
    planned: dict[Dose, Due] = {}
    for task in world.tasks:
        # What clocks skip is due at the end of the gap, as one.
        together: dict[tuple[int, int], list[tuple[Dose, Due]]] = {}
        for wall, due in zip(task.walls, task.due, strict=True):
            planned[task.id, wall] = due
            if due.at <= end:
                together.setdefault((due.at, due.zones), []).append(((task.id, wall), due))
        moments = sorted(together)
        for place, moment in enumerate(moments):
            verdict.compared += 1
            at = moment[0]
            doses = [dose for dose, _ in together[moment]]
            meant = {at for _, due in together[moment] for at in due.moments}
            outcomes = [had[dose] for dose in doses if dose in had]
            rang = sorted(ring for dose in doses for ring in rings.get(dose, ()))
            is_answered = any(dose in answered for dose in doses)
            if not outcomes:
                # It rang early, was made good, and was answered before its time; or another stands for it.
                if not is_answered and not _rang_for_it(world, task, doses[0][1], had):
                    verdict.faults.append(f"{doses[0]}, due at {at}, is missing")
                continue
            if "WRITTEN" not in outcomes and not rang and task.missed == "all":
                verdict.faults.append(f"{doses[0]}, due at {at}, never rang")
            following = moments[place + 1][0] if place + 1 < len(moments) else end + DAY
            is_late = together[moment][0][1].is_late
            is_watched = at > task.made_at and _was_watched(world, times, at, following)
            if not is_late and not is_answered and is_watched:
                verdict.on_time += 1
                if not any(at - SMALL <= ring <= at + LATE for ring in rang):
                    verdict.faults.append(f"{doses[0]}, due at {at}, did not ring at its time, but at {rang}")
            _judge_again(world, verdict, doses[0], at, meant, rang)
    known_until = {task.id: task.known_until for task in world.tasks}
    for dose in sorted(had):
        if dose not in planned and dose[1] < known_until[dose[0]]:
            verdict.faults.append(f"{dose} was never planned")
        elif (dose not in planned or planned[dose].at > end + LATE) and dose not in answered:
            verdict.faults.append(f"{dose} is taken for had before its time")


def _rang_for_it(world: World, task: Task, wall: int, had: dict[Dose, str]) -> bool:
    """Whether an earlier wall time, which clocks skip as well by now, stood for it before zones changed."""
    clocks = world.clocks_of(world.zone(task))
    place = bisect_left(task.walls, wall)
    alike = [one for one in task.walls[max(0, place - 10) : place] if clocks.moment(one) == clocks.moment(wall)]
    return any((task.id, one) in had for one in alike)


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


def _judge_again(world: World, verdict: Verdict, dose: Dose, at: int, meant: set[int], rang: list[int]) -> None:
    faults = world.machine.faults
    # By a clock that was ahead it rang before its time, as that was or became.
    early = {
        ring
        for ring in rang
        if ring < max(meant)
        and any(
            fault.begin <= ring <= fault.end + SECOND_LOOK and ring + fault.error >= min(meant) - SMALL
            for fault in faults
            if fault.error > 0
        )
    }
    verdict.made_good += sum(ring < at for ring in rang[:-1])
    verdict.faults += [
        f"{dose}, due at {at}, rings early at {ring}" for ring in rang if ring < at - SMALL and ring not in early
    ]
    # Each time that a clock is believed when it goes back may ring it once more.
    # By the zone of then its time may be later than it was.
    believed = [
        fault
        for fault in faults
        if fault.is_believed and fault.begin + fault.error - SMALL <= max(meant) and at <= fault.end
    ]
    for before, ring in pairwise(ring for ring in rang if ring >= at):
        if before in early:
            continue
        fault = next((one for one in believed if one.begin <= ring and before <= one.end + SECOND_LOOK), None)
        if fault is None:
            verdict.faults.append(f"{dose}, due at {at}, rings at {rang}")
            continue
        believed.remove(fault)
        verdict.again += 1
