"""Fires what is due: writes the notifications, hands them on after the commit, and parks the tasks that fail.

What a task brings stops no other task: one that fails is parked, one that takes long comes after the others.
"""

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Final

from reminders.budget import QUICK_STEPS, Budget, BudgetExceeded, WorkStopped
from reminders.pace import Pace
from reminders.tasks import ALL, LATEST, Unsound, schedule_of
from reminders.work import RuleWork
from store import occurrences, parking, reminders, rungs, snoozes
from store.clock import Clock
from store.database import Database
from store.next_due import NextDue, has_come, next_due
from store.notifications import Notification
from store.occurrences import MISSED, PAUSED, WRITTEN, DispatchedOnce, Due, Plan, Planned
from store.parking import Parking
from store.planned import moment_on, planned_on
from store.reminders import ReminderTask
from store.snoozes import CameAgain
from store.transaction import WriteRefused, WriteUnknown, each, is_of_file

log = logging.getLogger("careline.reminders")

# What came due while the process was not running is missed, and so is what is late by more than this: the machine
# slept, or its clock was set forward.
LATE: Final = 60_000  # milliseconds
# Occurrences of one task that are written before the other tasks that are due.
SHARE: Final = 50
# Seconds of plans in one transaction. Plans that take long are written as they come.
PLANNING: Final = 0.05
# Seconds of one tick. A backlog goes on with the next: the loop is alive meanwhile, and can stop.
TURN: Final = 1.0
RETRY: Final = 1.0  # seconds, after the file could not be written

HandOn = Callable[[Sequence[Notification | CameAgain]], None]


@dataclass(slots=True)
class Plans:
    """The result of planning some tasks."""

    made: list[Plan] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)  # each task's id, and the reason
    slow: list[int] = field(default_factory=list)  # the ids of those that take long
    is_whole: bool = True  # whether there was time and room for all


class Dispatch:
    """Fires what is due. Build it within the event loop that uses it."""

    def __init__(self, database: Database, clock: Clock, work: RuleWork, hand_on: HandOn) -> None:
        self._database = database
        self._clock = clock
        self._work = work
        self._hand_on = hand_on
        self._pace = Pace(database)
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._up_since = 0
        self._later: deque[int] = deque()  # tasks that come after the others, each once
        self._going_through: asyncio.Task[None] | None = None
        # What cannot even be parked, since its row cannot be written: it is left alone until the next start.
        self._left_alone: set[int] = set()
        self._left_alone_snoozes: set[int] = set()
        self.fired = 0

    @property
    def passed_over(self) -> set[int]:
        """The ids of tasks that are due and are dealt with elsewhere, or not at all."""
        return self._left_alone.union(self._later)

    @property
    def is_going_through(self) -> bool:
        """Return whether tasks that take long are being fired."""
        return self._going_through is not None and not self._going_through.done()

    async def begin(self) -> None:
        """Try again what was parked before the start."""
        for task_id in (await parking.parked(self._database, -1)).ids:
            try:
                await self._database.written(each(parking.release), task_id)
            except Exception as fault:
                _raise_if_of_file(fault)
                self._leave_alone(task_id, fault)

        for task_id in await occurrences.ids_without_time(self._database):
            await self._park(task_id, occurrences.UNSOUND)

    async def next_due(self) -> NextDue:
        """Return when each kind is due next, without the tasks and snoozes that are passed over."""
        return await next_due(self._database, self.passed_over, self._left_alone_snoozes)

    async def fire(self, next_due: NextDue, now: int, up_since: int) -> int:
        """Write the notifications of tasks due at `now`, for TURN seconds; how many tasks it went through. What was due
        before `up_since` came due while the process was not running. Tasks that take long go on after it returns."""
        self._up_since = up_since
        gone_through = 0
        more_once, more_again = has_come(next_due.once, now), has_come(next_due.again, now)
        until = self._loop.time() + TURN
        try:
            while (more_once or more_again) and not self._stopping and self._loop.time() <= until:
                if more_once:
                    looked_at, size = await self._fire_once(now)
                    gone_through += looked_at
                    more_once = looked_at >= size
                if more_again:
                    looked_at, more_again = await self._fire_again(now)
                    gone_through += looked_at
        finally:
            self._start_later()
        return gone_through

    async def fire_snoozed(self, next_due: NextDue, now: int) -> NextDue:
        """Let what was snoozed until `now` come again, for TURN seconds; return what is due next."""
        left_alone, dispatch_due = self._left_alone_snoozes, snoozes.dispatch_due
        return await self._fire_until(
            next_due, now, lambda due: due.snooze, left_alone, dispatch_due, self._fire_each_snoozed
        )

    async def fire_rungs(self, next_due: NextDue, now: int) -> NextDue:
        """Ring the rungs that are due at `now`, for TURN seconds; return what is due next."""
        dispatch_due = rungs.dispatch_due
        return await self._fire_until(next_due, now, lambda due: due.rung, (), dispatch_due, self._fire_each_rung)

    async def _fire_until(
        self,
        next_due: NextDue,
        now: int,
        of_kind: Callable[[NextDue], int | None],
        passed_over: Collection[int],
        dispatch_due: Callable[[sqlite3.Connection, Due], Sequence[Notification | CameAgain]],
        fire_each: Callable[[Due], Awaitable[None]],
    ) -> NextDue:
        """Fire chunks of a kind of what is due. A chunk that fails is fired one by one."""
        until = self._loop.time() + TURN
        while has_come(of_kind(next_due), now) and not self._stopping and self._loop.time() <= until:
            due = Due(now, self._pace.size, passed_over)
            try:
                await self._pace.write(each(dispatch_due), due, self._hand_on)
            except Exception as fault:
                _raise_if_of_file(fault)
                await fire_each(due)
            next_due = await self.next_due()
        return next_due

    async def settle(self) -> None:
        """Wait until the tasks that take long are gone through."""
        while self._going_through is not None and not self._going_through.done():
            await asyncio.wait([self._going_through])

    async def stop(self) -> None:
        """End at once: reminders that are not written yet are due at the next start."""
        self._stopping = True
        self._work.stop()
        if self._going_through is not None:
            self._going_through.cancel()
            await asyncio.wait([self._going_through])

    async def _fire_once(self, now: int) -> tuple[int, int]:
        """Fire a chunk of the tasks that come once; how many were due, and how many were asked for."""
        due = Due(now, self._pace.size, self.passed_over)
        try:
            done = await self._pace.write(each(occurrences.dispatch_once), due, self._dispatched)
        except Exception as fault:
            _raise_if_of_file(fault)
        else:
            return done.looked_at, due.limit
        # A row that is not sound spoils its chunk: each by itself.
        ids, _ = await occurrences.ids_due(self._database, due)
        for task_id in ids:
            try:
                await self._pace.write(each(occurrences.dispatch_one), (task_id, now), self._dispatched)
            except Exception as fault:
                _raise_if_of_file(fault)
                await self._park(task_id, _why(fault))
        return len(ids), due.limit

    async def _fire_again(self, now: int) -> tuple[int, bool]:
        """Fire a chunk of what repeats; how many tasks, and whether there may be more."""
        due = Due(now, self._pace.size, self.passed_over)
        tasks = await self._read(due)
        if not tasks:
            return 0, False
        # In a thread, since a rule may take its time; the transaction finds out whether the tasks are still the same.
        plans = await self._work.quick(partial(plan_all, tasks, now, self._up_since, due.limit))
        await self._carry_out(now, plans)
        return len(plans.made), len(tasks) == due.limit or not plans.is_whole

    async def _read(self, due: Due) -> list[ReminderTask]:
        """The repeating tasks that are due. Those that cannot be read are parked."""
        try:
            return await occurrences.due_again(self._database, due)
        except Exception as fault:
            _raise_if_of_file(fault)
        _, ids = await occurrences.ids_due(self._database, due)
        tasks = []
        for task_id in ids:
            try:
                task = await reminders.get(self._database, task_id)
            except Exception as fault:
                _raise_if_of_file(fault)
                await self._park(task_id, _why(fault))
            else:
                tasks += [task] if task is not None else []
        return tasks

    async def _carry_out(self, now: int, plans: Plans) -> None:
        for task_id, reason in plans.failed:
            await self._park(task_id, reason)
        self._come_later(*plans.slow)
        if not plans.made:
            return
        try:
            await self._pace.write(each(occurrences.dispatch_planned), Planned(now, plans.made), self._fired)
        except Exception as fault:
            _raise_if_of_file(fault)
            # A plan that cannot be written spoils its chunk: each by itself.
            for plan in plans.made:
                await self._carry_out_one(now, plan)
        self._come_later(*(plan.task_id for plan in plans.made if _is_due(plan, now)))

    async def _carry_out_one(self, now: int, plan: Plan) -> None:
        try:
            await self._pace.write(each(occurrences.dispatch_planned), Planned(now, [plan]), self._fired)
        except Exception as fault:
            _raise_if_of_file(fault)
            await self._park(plan.task_id, _why(fault))

    def _come_later(self, *task_ids: int) -> None:
        self._later.extend(task_id for task_id in task_ids if task_id not in self._left_alone)

    def _start_later(self) -> None:
        if self._later and not self._stopping and (self._going_through is None or self._going_through.done()):
            self._going_through = asyncio.create_task(self._go_through_later())

    async def _go_through_later(self) -> None:
        """Fire what takes long, task by task, in turns of SHARE occurrences."""
        while self._later:
            task_id = self._later[0]
            try:
                is_due = await self._fire_or_park(task_id)
            except WorkStopped:
                return
            except Exception as fault:
                # The file's fault, which the tick meets and tells as well.
                log.debug("reminder task %d waits: %s", task_id, _why(fault))
                await asyncio.sleep(RETRY)
                continue
            self._later.popleft()
            if is_due:
                self._later.append(task_id)

    async def _fire_or_park(self, task_id: int) -> bool:
        try:
            return await self._fire_later(task_id)
        except Exception as fault:
            _raise_if_of_file(fault)
            await self._park(task_id, _why(fault))
            return False

    async def _fire_later(self, task_id: int) -> bool:
        """Fire some of what is due of a task; whether there is more."""
        task = await reminders.get(self._database, task_id)
        now = self._clock()
        if task is None or task.parked_at is not None or task.next_at is None or task.next_at > now:
            return False
        made = await self._work.slow(partial(plan, task, now, self._up_since, SHARE))
        await self._pace.write(each(occurrences.dispatch_planned), Planned(now, [made]), self._fired)
        return _is_due(made, now)

    async def _park(self, task_id: int, reason: str) -> None:
        """Take a task out of what is due, until it is changed or the server starts again."""
        try:
            parked = await self._database.written(each(parking.park), Parking(task_id, self._clock(), reason))
        except Exception as fault:
            _raise_if_of_file(fault)
            self._leave_alone(task_id, fault)
        else:
            if parked:
                log.warning("reminder task %d is parked: %s", task_id, reason)

    def _leave_alone(self, task_id: int, fault: Exception) -> None:
        self._left_alone.add(task_id)
        log.warning("reminder task %d is passed over until the next start: %s", task_id, _why(fault))

    async def _fire_each_snoozed(self, due: Due) -> None:
        """One that is not sound spoils its chunk: each by itself."""
        for notification_id in await snoozes.ids_due(self._database, due):
            try:
                await self._pace.write(each(snoozes.dispatch_one), (notification_id, due.now), self._hand_on)
            except Exception as fault:
                _raise_if_of_file(fault)
                self._left_alone_snoozes.add(notification_id)
                log.warning("notification %d does not come again: %s", notification_id, _why(fault))

    async def _fire_each_rung(self, due: Due) -> None:
        """The ladder of one that is not sound spoils its chunk: each by itself."""
        for task_id, known_by in await rungs.due(self._database, due):
            one = (task_id, known_by, due.now)
            try:
                await self._pace.write(each(rungs.dispatch_one), one, self._hand_on)
            except Exception as fault:
                _raise_if_of_file(fault)
                await self._database.written(each(rungs.give_up), one)
                log.warning("the ladder of reminder task %d ends: %s", task_id, _why(fault))

    def _dispatched(self, done: DispatchedOnce) -> None:
        for one in done.parked:
            log.warning("reminder task %d is parked: %s", one.task_id, one.reason)
        self._fired(done.written)

    def _fired(self, chunk: list[Notification]) -> None:
        self.fired += len(chunk)
        if chunk:
            self._hand_on(chunk)


def plan_all(tasks: list[ReminderTask], now: int, up_since: int, room: int, stopped: Event) -> Plans:
    """Plan as many of the tasks as a transaction has room for, for PLANNING seconds at most."""
    plans = Plans()
    until = time.monotonic() + PLANNING
    for task in tasks:
        if room <= 0 or time.monotonic() > until:
            plans.is_whole = False
            break
        try:
            made = plan(task, now, up_since, SHARE, Budget(QUICK_STEPS, stopped))
        except WorkStopped:
            raise
        except BudgetExceeded:
            plans.slow.append(task.id)
        except Exception as fault:
            plans.failed.append((task.id, _why(fault)))
        else:
            plans.made.append(made)
            room -= len(made.outcomes)
    return plans


def plan(task: ReminderTask, now: int, up_since: int, most: int, budget: Budget) -> Plan:
    """Return what is to become of the occurrences of a repeating task that are due, of `most` at a time."""
    if task.status != "PENDING" or task.next_at is None:
        raise Unsound("its status is not PENDING")
    schedule = schedule_of(task)
    # The wall time is what was meant; after a clock that was ahead the rule goes on from one that it has had already.
    begins = task.next_at if task.next_on is None else moment_on(task.next_on, schedule.zone)
    due: list[tuple[int, str]] = []
    next_at = next_on = None
    for at, wall in schedule.planned_after(begins - 1, budget):
        if at > now or len(due) == most:
            next_at, next_on = at, wall.isoformat()
            break
        due.append((at, wall.isoformat()))
    is_last = next_at is None or next_at > now
    outcomes = [
        (planned_on(wall, task.own_zone), at, _outcome(task, at, now, up_since, is_last and at == due[-1][0]))
        for at, wall in due
    ]
    return Plan(task.id, task.revision, task.next_at, outcomes, next_at, next_on)


def _is_due(plan: Plan, now: int) -> bool:
    return has_come(plan.next_at, now)


def _outcome(task: ReminderTask, at: int, now: int, up_since: int, is_latest: bool) -> str:
    if task.paused:
        return PAUSED
    if task.missed == ALL:
        return WRITTEN
    if task.missed == LATEST:
        return WRITTEN if is_latest else MISSED
    return MISSED if at < up_since or now - at > LATE else WRITTEN


def _why(fault: Exception) -> str:
    """Return why a task is parked, without a word of what a client has sent."""
    if isinstance(fault, BudgetExceeded):
        return f"its rule takes {fault}"
    if isinstance(fault, Unsound):
        return str(fault)
    return f"{occurrences.UNSOUND} ({type(fault).__name__})"


def _raise_if_of_file(fault: Exception) -> None:
    """Raise what the file is at fault for, and what ends the work: no task is parked for that."""
    if isinstance(fault, WriteRefused | WriteUnknown | WorkStopped | TimeoutError) or is_of_file(fault):
        raise fault
