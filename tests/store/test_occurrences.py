"""Occurrences of tasks that repeat: each ends as one row, and one notification at most, whatever was planned for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from store import occurrences, reminders
from store.database import Database
from store.next_due import next_due
from store.notifications import Notification
from store.occurrences import MISSED, PAUSED, WRITTEN, Due, Plan, Planned
from store.reminders import Change, NotAsRead, ReminderTask
from store.transaction import each
from tests.store.file import rows
from tests.store.samples import NOW, add_task, cancelling, history_entry

DAY = 86_400_000


async def add_repeating(database: Database, **timing: Any) -> ReminderTask:
    given = {
        "remind_at": NOW,
        "rrule": "FREQ=DAILY",
        "exdates": "[]",
        "timezone": "UTC",
        "missed": "all",
        "starts_on": "2025-01-01T02:00:00",
    }
    return await add_task(database, timing={**given, **timing})


def plan(task: ReminderTask, outcomes: list[tuple[int, str]], next_at: int | None) -> Plan:
    assert task.next_at is not None
    known = [(str(at), at, outcome) for at, outcome in outcomes]
    return Plan(task.id, task.revision, task.next_at, known, next_at)


async def carried_out(database: Database, *plans: Plan, now: int = NOW) -> list[Notification]:
    return await database.written(each(occurrences.dispatch_planned), Planned(now, list(plans)))


def ended(path: Path) -> list[Any]:
    return rows(path, "SELECT task_id, planned_at - 1735696800000, outcome, notification_id FROM occurrence")


async def test_what_is_planned_is_carried_out_at_once(database: Database, path: Path) -> None:
    task, other = await add_repeating(database, remind_at=NOW - DAY), await add_repeating(database)
    one = plan(task, [(NOW - DAY, MISSED), (NOW, WRITTEN)], NOW + DAY)
    last = plan(other, [(NOW, WRITTEN)], None)
    written = await carried_out(database, one, last)
    assert [(one.id, one.task_id, one.created_at, one.title) for one in written] == [
        *((1, task.id, NOW, task.title), (2, other.id, NOW, other.title)),
    ]
    assert ended(path) == [(1, -DAY, MISSED, None), (1, 0, WRITTEN, 1), (2, 0, WRITTEN, 2)]
    assert rows(path, "SELECT status, next_at FROM reminder_task") == [("PENDING", NOW + DAY), ("DISPATCHED", None)]
    # Once more, as after a crash that nobody could tell from one before the commit.
    assert await carried_out(database, one, last) == []
    assert len(ended(path)) == 3


async def test_a_task_that_has_changed_is_left_for_the_next_time(database: Database, path: Path) -> None:
    changed, cancelled, moved = [await add_repeating(database) for _ in range(3)]
    plans = [plan(task, [(NOW, WRITTEN)], NOW + DAY) for task in (changed, cancelled, moved)]
    change = Change(changed.id, 0, {"title": "新的"}, is_rescheduled=False, entry=history_entry(changed.id))
    assert isinstance(await database.written(each(reminders.change), change), ReminderTask)
    await database.written(each(reminders.cancel), cancelling(cancelled.id))
    await carried_out(database, plan(moved, [(NOW, PAUSED)], NOW + DAY))
    assert await carried_out(database, *plans, plan(await add_repeating(database), [(NOW, WRITTEN)], None)) != []
    assert ended(path) == [(2, 0, "CANCELLED", None), (3, 0, PAUSED, None), (4, 0, WRITTEN, 1)]


async def test_a_time_that_it_has_had_does_not_come_again(database: Database, path: Path) -> None:
    """The clock was set back, and somebody changed the task meanwhile."""
    task = await add_repeating(database)
    await carried_out(database, plan(task, [(NOW, WRITTEN)], NOW + DAY))
    back = Change(task.id, 0, {"next_at": NOW}, is_rescheduled=True, entry=history_entry(task.id, at=NOW - DAY))
    again = await database.written(each(reminders.change), back)
    assert isinstance(again, ReminderTask)
    written = await carried_out(database, plan(again, [(NOW, WRITTEN), (NOW + DAY, WRITTEN)], None))
    assert [one.id for one in written] == [2]
    assert ended(path) == [(1, 0, WRITTEN, 1), (1, DAY, WRITTEN, 2)]


async def test_what_is_due_comes_before_a_change_of_its_time(database: Database) -> None:
    task = await add_repeating(database)
    for is_rescheduled, at, expected in (
        (True, NOW, NotAsRead),
        (True, NOW - 1, ReminderTask),
        (False, NOW, ReminderTask),
    ):
        found = await reminders.get(database, task.id)
        assert found is not None
        change = Change(task.id, found.revision, {"title": "新"}, is_rescheduled, history_entry(task.id, at=at))
        assert isinstance(await database.written(each(reminders.change), change), expected)
    stale = Change(task.id, 0, {"title": "旧"}, is_rescheduled=False, entry=history_entry(task.id))
    assert isinstance(await database.written(each(reminders.change), stale), NotAsRead)


async def test_those_that_come_once_and_those_that_repeat(database: Database) -> None:
    once, again = await add_task(database, remind_at=NOW + 1), await add_repeating(database, remind_at=NOW + 2)
    assert (await next_due(database)).task == NOW + 1
    assert [await occurrences.count_due(database, NOW + after) for after in range(4)] == [0, 1, 2, 2]
    assert await occurrences.due_again(database, Due(NOW + 1, 500)) == []
    assert [task.id for task in await occurrences.due_again(database, Due(NOW + 2, 500))] == [again.id]
    (notification,) = (await database.written(each(occurrences.dispatch_once), Due(NOW + 9, 500))).written
    assert notification.task_id == once.id
    assert (await next_due(database)).task == NOW + 2


async def test_a_paused_one_that_comes_once_and_is_cancelled(database: Database, path: Path) -> None:
    task = await add_task(database, timing={"remind_at": NOW, "next_at": None, "paused": True})
    assert (await next_due(database)).task is None
    await database.written(each(reminders.cancel), cancelling(task.id))
    assert ended(path) == [(1, 0, "CANCELLED", None)]
