"""Years of reminders with ladders: answers by any of those who were told, quiet hours, stops, kills, a clock that is
wrong now and then. A model rings by itself, from the sentences of the protocol, and each tick is compared with it.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from reminders import tasks
from reminders.budget import Budget
from reminders.clock_watch import ClockWatch
from reminders.loop import ReminderLoop
from reminders.tasks import Timing
from store import answers, clock_faults, history, quiet_hours, reminders, withdrawal
from store.answers import Answered, AskedToConfirm, GivenOutcome, HasOtherOutcome
from store.clock import first_on_wall, in_milliseconds
from store.database import Database
from store.history import API, Entry
from store.quiet_hours import Change, QuietHours
from store.reminders import Cancelling
from store.transaction import WriteUnknown, each
from store.withdrawal import Withdrawing
from tests.reminders.calendar import PLANNED, Clocks, Planned, each_day, weekday
from tests.reminders.living import DAY, HOUR, SECOND, SHANGHAI, running
from tests.store.file import opened, rows
from tests.store.samples import new_task

Known = tuple[int, str]  # a task, and what its occurrence is known by
Ring = tuple[int, str, int, int]  # the same, the user, and the rung: 0 for the first ring

MINUTE: Final = 60 * SECOND
ZONES: Final = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
ELDERS: Final = (1001, 1002, 1003)
FAMILY: Final = (2001, 2002)
NURSES: Final = (3001, 3002)
PEOPLE: Final = (*ELDERS, *FAMILY, *NURSES)
HOURS: Final = (("22:00", "07:00"), ("20:15", "05:45"), ("12:30", "14:00"), ("21:30", "06:45"))
RULES: Final = (
    *(PLANNED[place] for place in (0, 1, 3, 4, 5)),
    Planned("FREQ=DAILY;INTERVAL=2;BYHOUR=6,22;BYMINUTE=15", 6, 15, lambda *day: day[3] % 2 == 0, ((6, 15), (22, 15))),
    Planned("FREQ=WEEKLY;BYDAY=SA,SU", 21, 45, lambda year, month, day, _: weekday(year, month, day) >= 5),
    Planned("FREQ=DAILY", 9, 30, each_day),
)
# So far a clock may be off without a word, and so long until it is believed (section 8).
SMALL: Final = 5 * MINUTE
QUARTER: Final = 15 * MINUTE
SECOND_LOOK: Final = 2 * MINUTE
LATE: Final = MINUTE
SIZES: Final = (3 * SECOND, 4 * MINUTE, 6 * MINUTE, HOUR, 5 * HOUR, 26 * HOUR, 3 * DAY)
LENGTHS: Final = (10 * SECOND, 50 * SECOND, 10 * MINUTE, 2 * HOUR, 8 * HOUR, DAY)
STOPS: Final = (0, 5, 700, 30 * SECOND, 4 * MINUTE, 9 * MINUTE, 25 * MINUTE)
MOST_FAULTS: Final = 5  # after which a run ends: what follows from them is no news


NOTHING: Final = (None, None, None)


class Killed(WriteUnknown):
    """The program ends here."""


@dataclass
class Machine:
    """Its clocks, and when they were wrong."""

    random: random.Random
    true: int
    every: int  # how far apart the times are in which the clock is wrong, about; 0 for never
    booted: int = 0
    error: int = 0
    next_at: int = 0
    last_error: int = 0
    right_since: int = 0
    changed_at: int = 0
    jumps: Counter[str] = field(default_factory=Counter)

    def wall(self) -> int:
        return self.true + self.error

    def steady(self) -> int:
        return self.true - self.booted

    def set_clock(self) -> None:
        """Let the clock go wrong or be right again when the time has come."""
        if not self.every or self.true < self.next_at:
            return
        self.changed_at = self.true
        if self.error:
            self.last_error, self.error, self.right_since = self.error, 0, self.true
            self.next_at = self.true + 10 * MINUTE + self.random.randrange(2 * self.every)
            return
        self.error = self.random.choice((-1, 1)) * self.random.choice(SIZES)
        self.next_at = self.true + self.random.choice(LENGTHS)
        size = ("up to 5 min", "up to 5 h", "days")[bisect_left((SMALL, 5 * HOUR), abs(self.error))]
        self.jumps[f"{'ahead' if self.error > 0 else 'back'} {size}"] += 1

    @property
    def is_right(self) -> bool:
        """Whether it has been right for so long that the program knows it."""
        return not self.error and self.true - self.right_since > SECOND_LOOK


@dataclass(eq=False)
class Rung:
    number: int  # 0 for the first ring
    user_id: int
    due: int
    held_until: int = 0
    passed_at: int | None = None


@dataclass(eq=False)
class Task:
    id: int
    user_id: int
    zone: str | None  # None: the clinic's
    missed: str | None  # None: it comes once
    walls: list[int]  # in seconds
    moments: list[int]  # of each wall time
    ladder: list[tuple[int, int]]
    ends: int | None  # when it is missed; None where there is no ladder
    is_critical: bool
    place: int = 0  # of the first wall time that has not come, or has come too early
    planned: int = 0  # the place of the next wall time, also where that was answered too early
    is_paused: bool = False
    is_cancelled: bool = False
    is_withdrawn: bool = False

    @property
    def next_at(self) -> int | None:
        waits = self.is_cancelled or self.place >= len(self.moments) or (self.missed is None and self.is_paused)
        return None if waits else self.moments[self.place]

    def known_by(self, place: int) -> str:
        wall = datetime.fromtimestamp(self.walls[place], UTC).replace(tzinfo=None).isoformat()
        return wall if self.zone is None or self.missed is None else f"{wall}[{self.zone}]"


@dataclass(eq=False)
class Occurrence:
    task: Task
    place: int
    at: int  # when it came; when it rang first, where that was held
    kind: str  # WRITTEN, MISSED (it did not come at all) or PAUSED
    rungs: list[Rung]
    ends: int | None
    is_new: bool = True  # it comes just now
    has_rung: bool = False
    outcome: str | None = None
    settled: tuple[str | None, int | None, str | None] = NOTHING  # by whom, when, and the note

    @property
    def known(self) -> Known:
        return self.task.id, self.task.known_by(self.place)

    @property
    def planned(self) -> int:
        return self.task.moments[self.place]

    @property
    def is_answered(self) -> bool:
        return self.outcome in ("DONE", "SKIPPED")

    @property
    def is_open(self) -> bool:
        """Whether anything may come of it by itself."""
        waits = any(rung.passed_at is None for rung in self.rungs)
        return self.outcome in (None, "MISSED") and (waits or (self.ends is not None and self.outcome is None))


@dataclass
class Seen:
    """What is in the file after a kill."""

    came: set[Known]
    rang: set[Ring]
    missed: set[Known]


class Model:
    """What is to ring, and what each occurrence comes to."""

    def __init__(self) -> None:
        self.tasks: dict[int, Task] = {}
        self.quiet: dict[int, tuple[str, str, str] | None] = {}
        self.had: dict[Known, Occurrence] = {}
        self.open: dict[Known, Occurrence] = {}
        self.recent: dict[Known, Occurrence] = {}  # that a clock which is wrong may have brought too early
        self.forgotten: dict[Known, Occurrence] = {}  # that have rung too early
        self.rung: set[Known] = set()
        self.cancelled: set[Known] = set()  # what each cancelled task was planned for
        self._until: dict[Any, int] = {}
        self.set_back = 0  # rings that come again, since a clock which was ahead had brought them
        self.merged = 0
        self.held = 0

    def is_quiet(self, user_id: int, now: int) -> bool:
        hours = self.quiet.get(user_id)
        if hours is None:
            return False
        zone, begins, ends = hours
        on_wall = datetime.fromtimestamp(now / 1000, ZoneInfo(zone)).strftime("%H:%M")
        return begins <= on_wall < ends if begins < ends else on_wall >= begins or on_wall < ends

    def _quiet_until(self, user_id: int, now: int) -> int:
        """When it is quiet no more: at a quarter of an hour, as all hours here."""
        key = user_id, self.quiet[user_id], now // QUARTER
        if key not in self._until:
            at = now // QUARTER * QUARTER
            while self.is_quiet(user_id, at):
                at += QUARTER
            self._until = {key: at} if len(self._until) > 1000 else {**self._until, key: at}
        return self._until[key]

    def next_due(self, now: int) -> int:
        """When something is due after now, the ends of quiet hours apart."""
        times = [task.next_at for task in self.tasks.values() if task.next_at is not None]
        for one in self.open.values():
            times += [rung.due for rung in one.rungs if rung.passed_at is None]
            times += [one.ends] if one.ends is not None and one.outcome is None else []
        return min((time for time in times if time > now), default=now + DAY)

    def tick(self, now: int, up_since: int, seen: Seen | None = None) -> list[Ring]:
        """Return what rings by now. After a kill that is a part of it, as far as it is in the file."""
        for task in self.tasks.values():
            if task.next_at is not None and task.next_at <= now:
                self._come(task, now, up_since, seen)
        rings: list[Ring] = []
        for one in list(self.open.values()):
            rings += self._climb(one, now, seen)
            one.is_new = False
            if not one.is_open:
                del self.open[one.known]
        return rings

    def _come(self, task: Task, now: int, up_since: int, seen: Seen | None) -> None:
        last = bisect_right(task.moments, now) - 1
        for place in range(task.place, last + 1):
            known = task.id, task.known_by(place)
            if known in self.had or (seen is not None and known not in seen.came):
                continue
            moment = task.moments[place]
            kind = "WRITTEN"
            if task.is_paused:
                kind = "PAUSED"
            elif (task.missed == "latest" and place < last) or (
                task.missed == "skip" and (moment < up_since or now - moment > LATE)
            ):
                kind = "MISSED"
            one = Occurrence(task, place, now, kind, [], None)
            if kind == "WRITTEN":
                ladder = [(0, task.user_id), *task.ladder]
                one.rungs = [Rung(number, user_id, moment + after) for number, (after, user_id) in enumerate(ladder)]
                one.ends = None if task.ends is None else moment + task.ends
                self.open[known] = one
            self.had[known] = self.recent[known] = one
            self.forgotten.pop(known, None)
        while task.place < len(task.walls) and (task.id, task.known_by(task.place)) in self.had:
            task.place += 1
            task.planned = max(task.planned, min(task.place, last + 1))

    def _climb(self, one: Occurrence, now: int, seen: Seen | None) -> list[Ring]:
        due: dict[int, list[Rung]] = {}
        for rung in one.rungs:
            if rung.passed_at is None and rung.due <= now:
                due.setdefault(rung.user_id, []).append(rung)
        rings: list[Ring] = []
        for user_id, its in due.items():
            if not one.task.is_critical and self.is_quiet(user_id, now):
                self.held += sum(not rung.held_until for rung in its)
                for rung in its:
                    rung.held_until = self._quiet_until(user_id, now)
                continue
            # The first ring stands for what is due by then, a rung for the earlier ones.
            number = 0 if one.is_new and its[0].number == 0 else its[-1].number
            ring = (*one.known, user_id, number)
            if seen is not None and ring not in seen.rang:
                continue
            if not one.task.is_cancelled:
                rings.append(ring)
                self.rung.add(one.known)
                self.merged += len(its) - 1
                if not one.has_rung:
                    one.has_rung, one.at = True, now
            for rung in its:
                rung.passed_at = now
                if rung.held_until > now:
                    rung.held_until = 0  # the hours have changed: it is due by its own time
        is_over = one.ends is not None and one.ends <= now and one.outcome is None
        if is_over and (seen is None or one.known in seen.missed):
            one.outcome, one.settled = "MISSED", ("SYSTEM", one.ends, None)
        self.recent[one.known] = one
        return rings

    def make_good(self, now: int) -> None:
        """The clock was ahead: what came too early comes again at its time."""
        for known, one in list(self.recent.items()):
            has_come_early = one.at > now and (one.kind != "WRITTEN" or one.planned > now)
            if has_come_early and not one.task.is_cancelled and not one.is_answered:
                self._forget(known, one)
                continue
            if one.outcome == "MISSED" and one.ends is not None and one.ends > now:
                one.outcome, one.settled = None, NOTHING
            for rung in one.rungs:
                if rung.passed_at is None or rung.passed_at <= now:
                    continue
                is_early = max(rung.due, rung.held_until) > now
                if is_early and (one.outcome is None or (one.outcome == "MISSED" and rung.held_until)):
                    rung.passed_at = None
                    self.set_back += 1
            if one.is_open:
                self.open[known] = one

    def change_quiet(self, user_id: int, hours: tuple[str, str, str] | None) -> None:
        """What the hours before have held is due by its own time, or is held by those that are now."""
        self.quiet[user_id] = hours
        for one in self.open.values():
            for rung in one.rungs:
                if rung.user_id == user_id and rung.passed_at is None:
                    rung.held_until = 0

    def _forget(self, known: Known, one: Occurrence) -> None:
        self.set_back += sum(rung.passed_at is not None for rung in one.rungs)
        for kept in (self.had, self.recent, self.open):
            kept.pop(known, None)
        one.task.place = min(one.task.place, one.place)
        one.task.planned = min(one.task.planned, one.place)
        if known in self.rung:
            self.forgotten[known] = one

    def forget_the_old(self, now: int) -> None:
        """What no wrong clock reaches any more."""
        self.recent = {known: one for known, one in self.recent.items() if one.at > now - 12 * DAY or one.is_open}

    def answer(self, known: Known, asked: AskedToConfirm) -> str:
        """Return what is to become of an answer: it is taken, it is the same again, or it is refused."""
        one = self.had.get(known)
        if one is None:
            # It answers the one at its time, too, which does not ring then.
            one = self.forgotten.pop(known)
            self._keep(one)
        if one.outcome in ("DONE", "SKIPPED", "WITHDRAWN"):
            return "same" if one.outcome == asked.outcome else "refused"
        assert asked.outcome is not None
        self._settle(one, asked.outcome, asked.by, asked.was_at, asked.note)
        return "taken"

    def _keep(self, one: Occurrence) -> None:
        """What has rung too early is had after all."""
        one.kind = "WRITTEN"
        self.had[one.known] = self.recent[one.known] = one

    def _settle(self, one: Occurrence, outcome: str, by: str, at: int | None, note: str | None) -> None:
        one.outcome, one.settled = outcome, (by, at, note)
        self.open.pop(one.known, None)

    def withdraw(self, task: Task, now: int, reason: str) -> None:
        if task.is_withdrawn:
            return
        task.is_cancelled = task.is_withdrawn = True
        # What has rung too early does not come at its time, but for what was cancelled by itself.
        early = {
            known: one for known, one in self.forgotten.items() if one.task is task and known not in self.cancelled
        }
        for known, one in early.items():
            del self.forgotten[known]
            self._keep(one)
        for one in self._of(task):
            if one.outcome in (None, "MISSED"):
                self._settle(one, "WITHDRAWN", API, now, reason)

    def cancel(self, task: Task, now: int) -> None:
        """What comes once and has rung stays; what waits for its first ring never comes."""
        # Without rungs: it has rung too early, and did not come at its time.
        waiting = [
            one
            for one in self._of(task)
            if one.rungs and one.rungs[0].passed_at is None and one.outcome in (None, "MISSED")
        ]
        if task.is_cancelled or (task.place >= len(task.walls) and not waiting):
            return
        task.is_cancelled = True
        while task.planned < task.place and task.moments[task.planned] <= now:
            task.planned += 1  # its time has passed without a ring
        if task.place < len(task.walls):
            self.cancelled.add((task.id, task.known_by(task.planned)))
        for one in waiting:
            if not one.has_rung:
                self._settle(one, "WITHDRAWN", API, now, None)

    def _of(self, task: Task) -> list[Occurrence]:
        return [one for one in self.had.values() if one.task is task and one.kind == "WRITTEN"]


@dataclass
class Verdict:
    rings: int = 0  # that were compared, each with its user, rung and time
    by_a_right_clock: int = 0
    in_a_kill: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass
class World:
    path: Path
    machine: Machine
    until: int
    model: Model = field(default_factory=Model)
    verdict: Verdict = field(default_factory=Verdict)
    rings: list[tuple[int, Known, int]] = field(default_factory=list)  # ids, occurrences and users
    last_id: int = 0
    starts: int = 0
    kills: int = 0
    cuts: int = 0  # of these, how many before a commit
    ticks: int = 0
    stops: int = 0  # of more than ten minutes
    done: Counter[str] = field(default_factory=Counter)
    left: int | None = None  # so many commits until it is killed
    is_dead: bool = False
    offset: int = 0  # how far the program's time is from the true time
    behind: int | None = None  # the same at a start with a clock that was behind
    up_since: int = 0
    ticked_at: int = 0  # the last time by the program
    clocks: dict[str, Clocks] = field(default_factory=dict)

    @property
    def random(self) -> random.Random:
        return self.machine.random

    @property
    def is_over(self) -> bool:
        machine = self.machine
        settled = machine.true >= max(self.until, machine.changed_at + DAY) and not machine.error
        return settled or len(self.verdict.faults) >= MOST_FAULTS

    # What is made.

    async def populate(self, count: int) -> None:
        async with opened(self.path) as database:
            for user_id in PEOPLE[:5]:
                await self._change_quiet(database, user_id, self.machine.true)
            for _ in range(count):
                await self._make(database, self.machine.true)

    async def _make(self, database: Database, now: int) -> None:
        """Make a reminder that begins within three days; mostly it repeats."""
        random = self.random
        user_id = random.choice(ELDERS)
        afters = sorted(random.sample(range(1, 40), random.randrange(7)))
        scale = random.choice((MINUTE, 5 * MINUTE, 20 * MINUTE))
        ladder = [(after * scale, random.choice((user_id, user_id, *PEOPLE))) for after in afters]
        ends = (ladder[-1][0] if ladder else 0) + random.choice((2 * MINUTE, HOUR, 9 * HOUR))
        has_ladder = random.random() < 0.9
        ladder, rungs = (ladder, [*map(list, ladder), [ends, None]]) if has_ladder else ([], [])
        follow_up = orjson.dumps(rungs).decode() if rungs else None
        is_critical = random.random() < 0.15
        changes: dict[str, Any] = {"follow_up": follow_up, "critical": is_critical, "created_at": now}
        begins = datetime.fromtimestamp(self.machine.true / 1000, UTC) + timedelta(days=random.choice((2, 3)))
        zone = random.choice((None, *ZONES))
        missed = None if random.random() < 0.3 else random.choice(("latest", "latest", "all", "skip"))
        if missed is None:
            zone = None
            wall = datetime(begins.year, begins.month, begins.day, random.randrange(24), random.choice((0, 7, 30)))
            walls = [in_milliseconds(wall.replace(tzinfo=UTC)) // 1000]
            moment = in_milliseconds(first_on_wall(wall, SHANGHAI))
            timing: dict[str, Any] = {"remind_at": moment, "next_on": wall.isoformat(), "zone_given": False}
        else:
            planned, own = random.choice(RULES), ZoneInfo(zone or SHANGHAI.key)
            wall = datetime(begins.year, begins.month, begins.day, planned.hour, planned.minute)
            made = Timing(own, in_milliseconds(first_on_wall(wall, own)), wall, planned.rrule, (), missed)
            timing = {**tasks.made(made, now, Budget(10**6)), "zone_given": zone is not None}
            days = (self.until - self.machine.true) // DAY + 20
            walls = sorted(set(planned.walls((begins.year, begins.month, begins.day), days)))
        moments = [1000 * self._clocks(zone).moment(wall) for wall in walls]
        stored = await database.written(each(reminders.add), new_task(user_id, 0, timing=timing, **changes))
        self.model.tasks[stored.id] = Task(
            stored.id, user_id, zone, missed, walls, moments, ladder, ends if has_ladder else None, is_critical
        )
        self.done["made"] += 1

    def _clocks(self, zone: str | None) -> Clocks:
        name = zone or SHANGHAI.key
        if name not in self.clocks:
            years = [datetime.fromtimestamp(at / 1000, UTC).year for at in (self.machine.true, self.until)]
            self.clocks[name] = Clocks(ZoneInfo(name), years[0] - 1, years[1] + 2)
        return self.clocks[name]

    # How it lives.

    async def live(self) -> None:
        """Let the program run and end until the time has come."""
        while not self.is_over:
            await self._run()
            down = self.random.choice(STOPS)
            if self.random.random() < 0.1:
                down = self.random.choice((2 * HOUR, self.random.randrange(3 * DAY)))
            self.stops += down > 10 * MINUTE
            self.machine.true += down
            if self.random.random() < 0.5:
                self.machine.booted = self.machine.true - self.random.randrange(HOUR)
            self.machine.set_clock()
        self._compare_outcomes()

    async def _run(self) -> None:
        self.starts += 1
        machine = self.machine
        async with opened(self.path) as database:
            known = await clock_faults.last_known(database)
            watch = ClockWatch(machine.wall, machine.steady, known)
            now = watch()
            self.behind = now - machine.true if machine.error < 0 and now != machine.wall() else None
            if self.behind is not None and not (known is not None and known.reached <= now <= machine.true):
                self.verdict.faults.append(f"at {machine.true} it goes on from {now}")
            if self.behind is None:
                self.model.make_good(now)
            self.offset, self.up_since = now - machine.true, now
            loop = await running(database, watch, lambda _: None)
            for left in reversed(range(self.random.randrange(1, 250))):
                if not await self._tick(loop, watch) or not await self._act(database, watch()):
                    self.kills += 1
                    break
                if not left or self.is_over:
                    break
                self._pass_time(watch())
                machine.set_clock()
            await loop._dispatch.stop()

    async def _tick(self, loop: ReminderLoop, watch: ClockWatch) -> bool:
        """Whether the program lives on."""
        self.ticks += 1
        self.left = self.random.choice((0, 0, 1, 2)) if self.random.random() < 0.015 else None
        self.is_dead = False
        now = watch()
        self._look_at_time(now)
        with suppress(Killed):
            # What takes long is fired beside the ticks, and may bring rungs that are due.
            while (await loop._tick() <= 0 or loop._dispatch.is_going_through) and not self.is_dead:
                await self._go_through(loop)
        self._compare(now)
        return not self.is_dead and self.left is None

    async def _go_through(self, loop: ReminderLoop) -> None:
        """Wait for what takes long. A program that has died in it would try again for ever."""
        while loop._dispatch.is_going_through and not self.is_dead:
            with suppress(TimeoutError):
                await asyncio.wait_for(loop._dispatch.settle(), 0.01)

    def _look_at_time(self, now: int) -> None:
        """The program's time is the true one, or a clock's that is wrong; what came too early is made good."""
        machine = self.machine
        offset = now - machine.true
        allowed = {0, machine.error}
        if machine.true - machine.right_since <= SECOND_LOOK:
            allowed.add(machine.last_error)
        if self.behind is not None and not machine.is_right:
            allowed.add(self.behind)
        if offset not in allowed:
            self.verdict.faults.append(f"at {machine.true} it takes {now} for the time, not one of {allowed}")
        if offset < self.offset - SMALL:
            self.model.make_good(now)
        self.offset, self.up_since, self.ticked_at = offset, min(self.up_since, now), now
        if self.ticks % 500 == 0:
            self.model.forget_the_old(machine.true)

    def doomed(self, statement: Callable[..., Any]) -> Callable[..., Any]:
        """The statement, in or after which the program may end."""

        def apply(connection: Any, request: Any) -> Any:
            if self.is_dead:
                raise Killed
            outcome = statement(connection, request)
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    self.is_dead = True
                    self.cuts += 1
                    raise Killed
            return outcome

        return apply

    def _pass_time(self, now: int) -> None:
        machine = self.machine
        step = self.model.next_due(now) - now + self.random.choice((0, 1, 3000, 20 * SECOND))
        if self.random.random() < 0.05:
            step += self.random.randrange(15 * MINUTE)
        to = machine.true + max(1, min(step, self.random.choice((15 * MINUTE, HOUR, 3 * HOUR))))
        if machine.true - machine.changed_at < SECOND_LOOK:
            to = min(to, machine.true + self.random.randrange(SECOND, 31 * SECOND))
        machine.true = min(to, machine.next_at) if machine.every and machine.next_at > machine.true else to

    # What is compared.

    def _compare(self, now: int) -> None:
        query = f"""SELECT id, task_id, occurrence_on, user_id, rung, created_at FROM user_notification
            WHERE id > {self.last_id} ORDER BY id"""
        found = rows(self.path, query)
        rang: list[Ring] = [(task_id, on, user_id, rung) for _, task_id, on, user_id, rung, _ in found]
        seen = self._seen(now, rang) if self.is_dead else None
        due = self.model.tick(now, self.up_since, seen)
        for ring in due:
            if ring not in rang:
                self.verdict.faults.append(f"{ring} does not ring at {now}")
        for ring, count in Counter(rang).items():
            if ring not in due or count > 1:
                self.verdict.faults.append(f"{ring} rings {count} times at {now}, {self._why_not(ring)}")
        self.verdict.faults += [f"{row} is not of {now}" for row in found if row[-1] != now]
        self.verdict.rings += len(rang)
        self.verdict.by_a_right_clock += len(rang) if self.machine.is_right else 0
        self.verdict.in_a_kill += len(rang) if self.is_dead else 0
        for one_id, task_id, on, user_id, *_ in found:
            self.last_id = one_id
            self.rings.append((one_id, (task_id, on), user_id))

    def _why_not(self, ring: Ring) -> str:
        one = self.model.had.get(ring[:2])
        return "before its time" if one is None else f"its outcome being {one.outcome}"

    def _seen(self, now: int, rang: list[Ring]) -> Seen:
        """What was committed before the kill."""
        came = f"SELECT task_id, planned_on FROM occurrence WHERE at = {now}"
        missed = "SELECT task_id, planned_on FROM occurrence WHERE settled = 'MISSED'"
        return Seen(set(rows(self.path, came)), set(rang), set(rows(self.path, missed)))

    def _compare_outcomes(self) -> None:
        # What is cancelled has not come, unless it rang too early and was answered.
        query = """SELECT task_id, planned_on, iif(outcome = 'CANCELLED', 'WRITTEN', outcome),
                settled, settled_by, settled_at, note
            FROM occurrence WHERE outcome <> 'CANCELLED' OR settled IS NOT NULL"""
        found = {(row[0], row[1]): row[2:] for row in rows(self.path, query)}
        for known, one in self.model.had.items():
            told = (one.kind, one.outcome, *one.settled)
            if found.get(known) != told:
                self.verdict.faults.append(f"{known} came to {found.get(known)}, not to {told}")
            if one.kind == "WRITTEN" and one.task.ends is not None:
                self.verdict.outcomes[one.outcome or "open"] += 1
                if one.outcome is None and one.ends is not None and one.ends <= self.ticked_at:
                    self.verdict.faults.append(f"{known} has no outcome")
        for known in found.keys() - self.model.had.keys():
            self.verdict.faults.append(f"{known} came to {found[known]}, and was not to come")

    # What people do.

    async def _act(self, database: Database, now: int) -> bool:
        """Whether the program lives on: it may be killed while it answers."""
        dice = self.random.random
        if self.rings and dice() < 0.3 and not await self._answer(database, now):
            return False
        if dice() < 0.01:
            await self._change_quiet(database, self.random.choice(PEOPLE), now)
        living = [task for task in self.model.tasks.values() if not task.is_cancelled and task.place < len(task.walls)]
        if dice() < 0.01 and living:
            await self._pause(database, self.random.choice(living), now)
        if dice() < 0.004:
            task = self.random.choice(living[:5] or list(self.model.tasks.values()))
            await database.written(each(reminders.cancel), Cancelling(task.id, now, API))
            self.model.cancel(task, now)
            self.done["cancelled"] += 1
        if dice() < 0.004:
            task = self.model.tasks[self.random.choice(self.rings)[1][0]] if self.rings else self.model.tasks[1]
            await database.written(each(withdrawal.withdraw), Withdrawing(task.id, now, API, "stopped"))
            self.model.withdraw(task, now, "stopped")
            self.done["withdrawn"] += 1
        if len(living) < 35 and self.machine.is_right and not self.offset:
            await self._make(database, now)
        return True

    async def _answer(self, database: Database, now: int) -> bool:
        """Some who were told answer, mostly of late, maybe two at once; an answer may be lost with the program."""
        reach = self.random.choice((3, 20, 20, 300))
        one_id, known, user_id = self.random.choice(self.rings[-reach:])
        asked = [self._asked(one_id, user_id, now)]
        others = [ring for ring in self.rings[-300:] if ring[1] == known and ring[2] != user_id]
        if others and self.random.random() < 0.3:
            other_id, _, other = self.random.choice(others)
            asked.append(self._asked(other_id, other, now))
        dies = self.random.choice((-1, 1)) if self.random.random() < 0.01 else 0
        if dies < 0:
            return False  # before it is written: it was never answered
        given = await asyncio.gather(*(database.written(each(answers.confirm), one) for one in asked))
        for one, outcome in zip(asked, given, strict=True):
            due = self.model.answer(known, one)
            is_so = {
                "taken": isinstance(outcome, Answered) and bool(outcome.changed),
                "same": isinstance(outcome, Answered) and not outcome.changed,
                "refused": isinstance(outcome, HasOtherOutcome),
            }
            if not is_so[due]:
                self.verdict.faults.append(f"the answer {one} is not {due}, but {outcome}")
            self.done[f"answers {due}"] += 1
        self.done["answers by two at once"] += len(asked) > 1
        return not dies

    def _asked(self, one_id: int, user_id: int, now: int) -> AskedToConfirm:
        outcomes: tuple[GivenOutcome, ...] = ("DONE", "DONE", "SKIPPED")
        note = self.random.choice((None, f"by {user_id}"))
        return AskedToConfirm(
            one_id, user_id, history.user(user_id), now, self.random.choice(outcomes), note, now - MINUTE
        )

    async def _change_quiet(self, database: Database, user_id: int, now: int) -> None:
        hours = self.random.choice((None, *HOURS, *HOURS)) if user_id not in NURSES else None
        zone = self.random.choice(ZONES)
        quiet = None if hours is None else QuietHours(user_id, *hours, zone, zone_given=True)
        self.model.change_quiet(user_id, None if hours is None else (zone, *hours))
        await database.written(each(quiet_hours.change), Change(user_id, quiet, now))
        self.done["quiet hours changed"] += 1

    async def _pause(self, database: Database, task: Task, now: int) -> None:
        found = await reminders.get(database, task.id)
        assert found is not None
        task.is_paused = not task.is_paused
        columns: dict[str, Any] = {"paused": task.is_paused}
        if task.missed is None:
            columns["next_at"] = None if task.is_paused else found.remind_at
        entry = Entry(now, "changed", API, task.id, detail={"paused": task.is_paused})
        change = reminders.Change(task.id, found.revision, columns, is_rescheduled=False, entry=entry)
        await database.written(each(reminders.change), change)
        self.done["paused or resumed"] += 1
