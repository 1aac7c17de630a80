"""Occurrences: what is due of the tasks, and what becomes of each, exactly once.

An occurrence is a task and the time that it was planned for. Its row, its notification and the task's next time are
written in one transaction, and the row's key is unique, so whatever crashes, there is one notification.
"""

import sqlite3
from dataclasses import dataclass

import orjson
from peewee import ModelSelect, fn

from store import notifications, reminders
from store.database import Database
from store.models import Occurrence as OccurrenceRow
from store.models import ReminderTask as TaskRow
from store.notifications import NewNotification, Notification
from store.reminders import ReminderTask

WRITTEN = "WRITTEN"  # became a notification
MISSED = "MISSED"  # came due while nobody was there to notice, and is left out as the task wants it
PAUSED = "PAUSED"  # came due while the task was paused


@dataclass(frozen=True, slots=True)
class Due:
    """Asks for the notifications of tasks due at `now`, at most `limit` of them."""

    now: int
    limit: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a repeating task's occurrences that are due, and when it is due again."""

    task_id: int
    revision: int  # of the task that was planned with, as is `was_due`
    was_due: int
    outcomes: list[tuple[int, str]]  # each occurrence's time, and what becomes of it
    next_at: int | None  # None after the last


@dataclass(frozen=True, slots=True)
class Planned:
    now: int
    plans: list[Plan]


# Compiled once: building it anew for every batch would cost more than running it.
_OCCURRED = OccurrenceRow.insert(
    {
        OccurrenceRow.task: 0,
        OccurrenceRow.planned_at: 0,
        OccurrenceRow.at: 0,
        OccurrenceRow.outcome: "",
        OccurrenceRow.notification_id: None,
    }
).sql()[0]
_MOVED = "UPDATE reminder_task SET next_at = ?, status = ? WHERE id = ?"
_PLANNED_WITH = """SELECT id, revision, next_at, user_id, biz_type, biz_id, title, content FROM reminder_task
    WHERE id IN (SELECT value FROM json_each(?))"""
_KNOWN = """SELECT task_id, planned_at FROM json_each(?) AS asked CROSS JOIN occurrence
    WHERE task_id = asked.value ->> 0 AND planned_at = asked.value ->> 1"""

# One that has its notification already, by whatever hand, is passed over: it must not keep the others from theirs.
# Tasks that come once go from row to row within SQLite: a whole clinic's morning is one second's work.
_DUE_ONCE = """SELECT id FROM reminder_task WHERE next_at IS NOT NULL AND rrule IS NULL AND next_at <= ?
    ORDER BY next_at, id LIMIT ?"""
_NOTIFY_ONCE = """INSERT OR IGNORE INTO user_notification
    (id, user_id, biz_type, biz_id, title, content, status, created_at, task_id, occurrence_at)
    SELECT ? + asked.key, user_id, biz_type, biz_id, title, content, 'UNREAD', ?, task.id, next_at
    FROM json_each(?) AS asked CROSS JOIN reminder_task AS task WHERE task.id = asked.value
    RETURNING id, user_id, biz_type, biz_id, title, content, status, created_at, read_at, confirmed_at, snoozed_until,
    task_id"""
_OCCURRED_ONCE = """INSERT OR IGNORE INTO occurrence (task_id, planned_at, at, outcome, notification_id)
    SELECT task_id, occurrence_at, created_at, 'WRITTEN', id FROM user_notification WHERE id >= ?"""
_DONE_ONCE = """UPDATE reminder_task SET status = 'DISPATCHED', next_at = NULL
    WHERE id IN (SELECT value FROM json_each(?))"""


def dispatch_once(connection: sqlite3.Connection, due: Due) -> list[Notification]:
    """Turns due tasks that come once into notifications, earliest first."""
    ids = [task_id for (task_id,) in connection.execute(_DUE_ONCE, (due.now, due.limit))]
    if not ids:
        return []
    listed = orjson.dumps(ids)
    first = notifications.next_id(connection)
    rows = connection.execute(_NOTIFY_ONCE, (first, due.now, listed)).fetchall()
    connection.execute(_OCCURRED_ONCE, (first,))
    connection.execute(_DONE_ONCE, (listed,))
    return [Notification(*row) for row in sorted(rows)]


def dispatch_planned(connection: sqlite3.Connection, planned: Planned) -> list[Notification]:
    """Carries plans out. One whose task is not as it was planned with is left for the next time."""
    known = orjson.dumps([plan.task_id for plan in planned.plans])
    tasks = {row[0]: row[1:] for row in connection.execute(_PLANNED_WITH, (known,))}
    plans = [plan for plan in planned.plans if tasks.get(plan.task_id, ())[:2] == (plan.revision, plan.was_due)]
    pairs = orjson.dumps([(plan.task_id, at) for plan in plans for at, _ in plan.outcomes])
    # A clock that was set back, or a change of the task, may bring up times that it has had.
    had = set(connection.execute(_KNOWN, (pairs,)))
    new: list[NewNotification] = []
    ends: list[tuple[int, int, int, str]] = []
    for plan in plans:
        user_id, biz_type, biz_id, title, content = tasks[plan.task_id][2:]
        for at, outcome in plan.outcomes:
            if (plan.task_id, at) in had:
                continue
            ends.append((plan.task_id, at, planned.now, outcome))
            if outcome == WRITTEN:
                new.append(NewNotification(user_id, biz_type, biz_id, title, content, planned.now, plan.task_id, at))
    written = notifications.notify(connection, new)
    ids = iter([notification.id for notification in written])
    connection.executemany(_OCCURRED, [(*end, next(ids) if end[3] == WRITTEN else None) for end in ends])
    connection.executemany(
        _MOVED, [(plan.next_at, "DISPATCHED" if plan.next_at is None else "PENDING", plan.task_id) for plan in plans]
    )
    return written


async def due_again(database: Database, due: Due) -> list[ReminderTask]:
    """Repeating tasks that are due, earliest first."""
    query = reminders.select().where(TaskRow.next_at.is_null(False), TaskRow.rrule.is_null(False))
    (rows,) = await database.read(
        query.where(TaskRow.next_at <= due.now).order_by(TaskRow.next_at, TaskRow.id).limit(due.limit)
    )
    return [reminders.task_of(row) for row in rows]


async def count_due(database: Database, now: int) -> int:
    """How many pending tasks are due."""
    counted = TaskRow.select(fn.COUNT(TaskRow.id).alias("due")).where(TaskRow.next_at <= now)
    found = await database.read(*_of_each_kind(counted))
    return sum(rows[0]["due"] for rows in found)


async def next_due(database: Database) -> int | None:
    """When the earliest pending task is due."""
    found = await database.read(*_of_each_kind(TaskRow.select(TaskRow.next_at).order_by(TaskRow.next_at).limit(1)))
    return min((rows[0]["next_at"] for rows in found if rows), default=None)


def _of_each_kind(query: "ModelSelect[TaskRow]") -> list["ModelSelect[TaskRow]"]:
    """The query of those that come once and of those that repeat: each has an index of its own."""
    return [query.where(TaskRow.next_at.is_null(False), TaskRow.rrule.is_null(once)) for once in (True, False)]
