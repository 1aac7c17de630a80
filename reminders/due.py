"""One tick of the loop: claim what is due, write the notifications, hand them on after the commit."""

import asyncio
from collections.abc import Callable

from reminders.budget import FIRING_STEPS, Budget
from reminders.tasks import ALL, LATEST, schedule_of
from store import occurrences, snoozes
from store.database import Database
from store.notifications import Notification
from store.occurrences import MISSED, PAUSED, WRITTEN, Due, Plan, Planned
from store.reminders import ReminderTask
from store.snoozes import CameAgain
from store.transaction import each

# A transaction of more would keep messages waiting for their acknowledgement.
CHUNK = 500
# What came due while the process was not running is missed, and so is what is late by more than this: the machine
# slept, or its clock was set forward.
LATE = 60_000  # milliseconds

HandOn = Callable[[list[Notification]], None]
HandOnAgain = Callable[[list[CameAgain]], None]


async def dispatch(database: Database, now: int, up_since: int, hand_on: HandOn) -> int:
    """Writes the notifications of every task due at `now`; how many. Each chunk is handed on in commit order. What was
    due before `up_since` came due while the process was not running.

    A task whose next time cannot be worked out keeps no other from firing; what it failed with is raised in the end.
    """
    written = 0
    more_once = more_again = True
    while more_once or more_again:
        if more_once:
            once = await database.written(each(occurrences.dispatch_once), Due(now, CHUNK), hand_on)
            written += len(once)
            more_once = len(once) == CHUNK
        if more_again:
            again, more_again = await _dispatch_again(database, now, up_since, hand_on)
            written += again
    return written


async def dispatch_snoozed(database: Database, now: int, hand_on: HandOnAgain) -> None:
    """The same for what was snoozed until `now`."""
    while True:
        chunk = await database.written(each(snoozes.dispatch_due), Due(now, CHUNK), hand_on)
        if len(chunk) < CHUNK:
            return


async def _dispatch_again(database: Database, now: int, up_since: int, hand_on: HandOn) -> tuple[int, bool]:
    """The same for one chunk of what repeats; how many, and whether there may be more."""
    tasks = await occurrences.due_again(database, Due(now, CHUNK))
    if not tasks:
        return 0, False
    # In a thread, since a rule may take its time; the transaction finds out whether the tasks are still the same.
    plans, fault = await asyncio.to_thread(_plan_all, tasks, now, up_since)
    if fault is not None and not plans:
        raise fault
    written = await database.written(each(occurrences.dispatch_planned), Planned(now, plans), hand_on)
    is_whole = len(plans) == len(tasks) < CHUNK and not any(_is_due(plan, now) for plan in plans)
    return len(written), not is_whole


def _is_due(plan: Plan, now: int) -> bool:
    return plan.next_at is not None and plan.next_at <= now


def _plan_all(tasks: list[ReminderTask], now: int, up_since: int) -> tuple[list[Plan], Exception | None]:
    """The plans for as many of the tasks as a transaction has room for, and the first fault of one that has none."""
    plans: list[Plan] = []
    first: Exception | None = None
    room = CHUNK
    for task in tasks:
        try:
            plans.append(plan(task, now, up_since, room))
        except Exception as fault:
            fault.add_note(f"when the reminder task {task.id} is due again cannot be worked out")
            first = first or fault
            continue
        room -= len(plans[-1].outcomes)
        if room <= 0:
            break
    return plans, first


def plan(task: ReminderTask, now: int, up_since: int, most: int) -> Plan:
    """What is to become of the occurrences of a repeating task that are due, of `most` at a time."""
    assert task.next_at is not None  # it is due
    due = [task.next_at]
    next_at = None
    for at in schedule_of(task).after(task.next_at, Budget(FIRING_STEPS)):
        if at > now or len(due) == most:
            next_at = at
            break
        due.append(at)
    is_last = next_at is None or next_at > now
    outcomes = [(at, _outcome(task, at, now, up_since, is_last and at == due[-1])) for at in due]
    return Plan(task.id, task.revision, task.next_at, outcomes, next_at)


def _outcome(task: ReminderTask, at: int, now: int, up_since: int, is_latest: bool) -> str:
    if task.paused:
        return PAUSED
    if task.missed == ALL:
        return WRITTEN
    if task.missed == LATEST:
        return WRITTEN if is_latest else MISSED
    return MISSED if at < up_since or now - at > LATE else WRITTEN
