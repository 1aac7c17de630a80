"""Occurrences: what is due of the tasks, and what becomes of each, exactly once.

An occurrence is a task and the wall time that it was planned for (store/planned.py). Its row, its notification and the
task's next time are written in one transaction, and the row's key is unique, so whatever crashes, there is one
notification.
"""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

import orjson
from peewee import SQL, Expression, ModelSelect, fn

from store import notifications, parking, quiet_hours, reminders
from store.database import Database
from store.models import Occurrence as OccurrenceRow
from store.models import ReminderTask as TaskRow
from store.notifications import NewNotification, Notification
from store.parking import Parking
from store.quiet_hours import HeldRing, Quiet
from store.reminders import ReminderTask
from store.transaction import Insert

WRITTEN = "WRITTEN"  # became a notification
MISSED = "MISSED"  # came due while the server was down, and is left out as the task wants it
PAUSED = "PAUSED"  # came due while the task was paused
UNSOUND = "its row is not sound"  # why a task is parked
MAX_TIME = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Due:
    """Asks for what is due at `now`: at most `limit`, and none of the ids that are passed over."""

    now: int
    limit: int
    passed_over: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class DispatchedOnce:
    """What became of due tasks that come once."""

    looked_at: int  # how many were due
    written: list[Notification]
    parked: list[Parking]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a repeating task's occurrences that are due, and when it is due again."""

    task_id: int
    revision: int  # of the task that was planned with, as is `was_due`
    was_due: int
    outcomes: list[tuple[str, int, str]]  # what each occurrence is known by, its moment, and what becomes of it
    next_at: int | None  # None after the last
    next_on: str | None = None  # the same on the wall of the task's zone


@dataclass(frozen=True, slots=True)
class Planned:
    now: int
    plans: list[Plan]


_OCCURRED = Insert(OccurrenceRow, "task_id", "planned_on", "planned_at", "at", "outcome", "notification_id")
_MOVED = "UPDATE reminder_task SET next_at = ?, next_on = ?, status = ? WHERE id = ?"
_PLANNED_WITH = """SELECT id, revision, next_at, user_id, biz_type, biz_id, title, content, critical FROM reminder_task
    WHERE id IN (SELECT value FROM json_each(?)) AND status = 'PENDING' AND parked_at IS NULL"""
# What was confirmed before its time, while the clock was ahead, is had as well.
_KNOWN = """SELECT task_id, planned_on FROM json_each(?1) AS asked CROSS JOIN occurrence
    WHERE task_id = asked.value ->> 0 AND planned_on = asked.value ->> 1
    UNION ALL
    SELECT task_id, occurrence_on FROM json_each(?1) AS asked CROSS JOIN user_notification
    WHERE task_id = asked.value ->> 0 AND occurrence_on = asked.value ->> 1
    AND early > 0 AND confirmed_at IS NOT NULL"""

# Tasks that come once go from row to row within SQLite: a whole clinic's morning is one second's work.
_DUE_ONCE = """SELECT id FROM reminder_task WHERE next_at IS NOT NULL AND rrule IS NULL AND parked_at IS NULL
    AND next_at <= ? AND typeof(next_at) = 'integer' AND id NOT IN (SELECT value FROM json_each(?))
    ORDER BY next_at, id LIMIT ?"""
_NOTIFY_ONCE = """INSERT OR IGNORE INTO user_notification
    (id, user_id, biz_type, biz_id, title, content, status, created_at, task_id, occurrence_at,
        occurrence_on)
    SELECT ? + asked.key, user_id, biz_type, biz_id, title, content, 'UNREAD', ?, task.id, next_at,
        coalesce(next_on, next_at)
    FROM json_each(?) AS asked CROSS JOIN reminder_task AS task
    WHERE task.id = asked.value AND status = 'PENDING' AND rrule IS NULL AND parked_at IS NULL AND next_at <= ?
    AND NOT EXISTS (SELECT 1 FROM user_notification AS told WHERE told.task_id = task.id
        AND told.occurrence_on = coalesce(next_on, next_at) AND told.confirmed_at IS NOT NULL)
    RETURNING id, user_id, biz_type, biz_id, title, content, status, created_at, read_at, confirmed_at, snoozed_until,
    task_id"""
# The ladders of the notifications from an id up to another. A rung of the same user whose time has passed by then is
# rung by it.
_HAS_LADDERS = "SELECT 1 FROM reminder_task WHERE follow_up IS NOT NULL AND id > -9223372036854775808 LIMIT 1"
_CLIMBED = """INSERT OR IGNORE INTO rung (task_id, planned_on, number, user_id, due_at, passed_at)
    SELECT task_id, occurrence_on, number, user_id, due_at,
        iif(user_id = rung_by AND due_at <= created_at, created_at, NULL)
    FROM (SELECT task_id, occurrence_on, asked.key + 1 AS number, one.user_id AS rung_by, one.created_at AS created_at,
            json_extract(follow_up, fullkey || '[1]') AS user_id,
            occurrence_at + json_extract(follow_up, fullkey || '[0]') AS due_at
        FROM user_notification AS one CROSS JOIN reminder_task AS task
            CROSS JOIN json_each(iif(json_valid(follow_up), follow_up, '[]')) AS asked
        WHERE one.id BETWEEN ? AND ? AND task.id = one.task_id AND follow_up IS NOT NULL)"""
# The same of an occurrence whose first ring is held: that rings none of them.
_CLIMBED_SILENTLY = """INSERT OR IGNORE INTO rung (task_id, planned_on, number, user_id, due_at)
    SELECT task_id, planned_on, asked.key + 1, json_extract(follow_up, fullkey || '[1]'),
        planned_at + json_extract(follow_up, fullkey || '[0]')
    FROM occurrence CROSS JOIN reminder_task AS task
        CROSS JOIN json_each(iif(json_valid(follow_up), follow_up, '[]')) AS asked
    WHERE task_id = ? AND planned_on = ? AND task.id = task_id AND follow_up IS NOT NULL"""
_OF_THE_QUIET = """SELECT task.id, task.user_id FROM json_each(?) AS asked CROSS JOIN reminder_task AS task
        CROSS JOIN quiet_hours AS quiet
    WHERE task.id = asked.value AND quiet.user_id = task.user_id AND critical IS NOT 1"""
# One that was had already is left to what parks it.
_OCCURRED_SILENTLY = """INSERT OR IGNORE INTO occurrence (task_id, planned_on, planned_at, at, outcome)
    SELECT id, coalesce(next_on, next_at), next_at, ?1, 'WRITTEN' FROM reminder_task AS task
    WHERE id = ?2 AND status = 'PENDING' AND rrule IS NULL AND parked_at IS NULL AND next_at <= ?1
    AND NOT EXISTS (SELECT 1 FROM user_notification WHERE task_id = task.id AND snooze_of IS NULL
        AND occurrence_on = coalesce(next_on, next_at) AND (early = 0 OR confirmed_at IS NOT NULL))
    RETURNING planned_on, planned_at"""
_OCCURRED_ONCE = """INSERT OR IGNORE INTO occurrence (task_id, planned_on, planned_at, at, outcome, notification_id)
    SELECT task_id, occurrence_on, occurrence_at, created_at, 'WRITTEN', id FROM user_notification WHERE id >= ?"""
_DONE_ONCE = """UPDATE reminder_task SET status = 'DISPATCHED', next_at = NULL
    WHERE id IN (SELECT value FROM json_each(?))"""
# One that has its notification already, by whatever hand, is done.
_HAS_ITS_OWN = """SELECT task.id, status = 'PENDING' AND EXISTS (SELECT 1 FROM user_notification
        WHERE task_id = task.id AND occurrence_on = coalesce(next_on, next_at) AND snooze_of IS NULL
        AND (early = 0 OR confirmed_at IS NOT NULL)
        UNION ALL
        SELECT 1 FROM rung WHERE task_id = task.id AND planned_on = coalesce(next_on, next_at) AND number = 0)
    FROM json_each(?) AS asked CROSS JOIN reminder_task AS task WHERE task.id = asked.value AND next_at <= ?"""


def dispatch_once(connection: sqlite3.Connection, due: Due) -> DispatchedOnce:
    """Turn due tasks that come once into notifications, earliest first."""
    ids = [task_id for (task_id,) in connection.execute(_DUE_ONCE, (due.now, _listed(due.passed_over), due.limit))]
    return _dispatch_once(connection, ids, due.now)


def dispatch_one(connection: sqlite3.Connection, one: tuple[int, int]) -> DispatchedOnce:
    """Dispatch a single task that comes once, by its id and the time that it is now."""
    task_id, now = one
    return _dispatch_once(connection, [task_id], now)


def _dispatch_once(connection: sqlite3.Connection, ids: list[int], now: int) -> DispatchedOnce:
    if not ids:
        return DispatchedOnce(0, [], [])
    held = _hold_once(connection, ids, now)
    first = notifications.next_id(connection)
    rings = _listed([task_id for task_id in ids if task_id not in held]) if held else _listed(ids)
    rows = connection.execute(_NOTIFY_ONCE, (first, now, rings, now)).fetchall()
    connection.execute(_OCCURRED_ONCE, (first,))
    written = [Notification(*row) for row in sorted(rows)]
    _put_ladders(connection, written)
    done = {one.task_id for one in written if one.task_id is not None} | held
    parked: list[Parking] = []
    if len(done) < len(ids):
        left = [task_id for task_id in ids if task_id not in done]
        for task_id, has_its_own in connection.execute(_HAS_ITS_OWN, (_listed(left), now)).fetchall():
            if has_its_own:
                done.add(task_id)
            else:
                parked.append(Parking(task_id, now, UNSOUND))
    connection.execute(_DONE_ONCE, (_listed(done),))
    return DispatchedOnce(len(ids), written, [one for one in parked if parking.park(connection, one)])


def _hold_once(connection: sqlite3.Connection, ids: list[int], now: int) -> set[int]:
    """Hold those of the tasks that come once and are due in their users' quiet hours; return their ids."""
    quiet = Quiet(connection, now)
    if not quiet.is_known:
        return set()
    held = []
    for task_id, user_id in connection.execute(_OF_THE_QUIET, (_listed(ids),)).fetchall():
        until = quiet.until(user_id, False)
        if until is not None:
            occurred = connection.execute(_OCCURRED_SILENTLY, (now, task_id)).fetchone()
            if occurred is not None:
                planned_on, planned_at = occurred
                held.append(HeldRing(task_id, planned_on, planned_at, user_id, until))
    _hold(connection, held, now)
    return {one.task_id for one in held}


def _hold(connection: sqlite3.Connection, held: list[HeldRing], now: int) -> None:
    """Hold the first rings of occurrences, which climb their ladders all the same."""
    quiet_hours.hold_first(connection, held, now)
    connection.executemany(_CLIMBED_SILENTLY, [(one.task_id, one.planned_on) for one in held])


def _put_ladders(connection: sqlite3.Connection, written: list[Notification]) -> None:
    """Give the occurrences their rungs whose first notifications these are, in the order of their ids."""
    if written and connection.execute(_HAS_LADDERS).fetchone():
        connection.execute(_CLIMBED, (written[0].id, written[-1].id))


def _listed(ids: Collection[int]) -> str:
    return orjson.dumps(list(ids)).decode()


def dispatch_planned(connection: sqlite3.Connection, planned: Planned) -> list[Notification]:
    """Carries plans out. One whose task is not as it was planned with is left for the next time."""
    known = orjson.dumps([plan.task_id for plan in planned.plans])
    tasks = {row[0]: row[1:] for row in connection.execute(_PLANNED_WITH, (known,))}
    plans = [plan for plan in planned.plans if tasks.get(plan.task_id, ())[:2] == (plan.revision, plan.was_due)]
    pairs = orjson.dumps([(plan.task_id, known_by) for plan in plans for known_by, _, _ in plan.outcomes])
    # A clock that was set back, or a change of the task, may bring up times that it has had.
    had = set(connection.execute(_KNOWN, (pairs,)))
    new: list[NewNotification] = []
    held: list[HeldRing] = []
    ends: list[tuple[int, str, int, int, str]] = []
    quiet = Quiet(connection, planned.now)
    for plan in plans:
        user_id, biz_type, biz_id, title, content, critical = tasks[plan.task_id][2:]
        until = quiet.until(user_id, critical)
        for known_by, at, outcome in plan.outcomes:
            if (plan.task_id, known_by) in had:
                continue
            ends.append((plan.task_id, known_by, at, planned.now, outcome))
            if outcome == WRITTEN and until is not None:
                held.append(HeldRing(plan.task_id, known_by, at, user_id, until))
            elif outcome == WRITTEN:
                told = (user_id, biz_type, biz_id, title, content, planned.now, plan.task_id, at)
                new.append(NewNotification(*told, occurrence_on=known_by))
    written = notifications.notify(connection, new)
    ids = {(one.task_id, one.occurrence_on): told.id for one, told in zip(new, written, strict=True)}
    _OCCURRED.rows(connection, [(*end, ids.get(end[:2])) for end in ends])
    _put_ladders(connection, written)
    _hold(connection, held, planned.now)
    connection.executemany(
        _MOVED,
        [
            (plan.next_at, plan.next_on, "DISPATCHED" if plan.next_at is None else "PENDING", plan.task_id)
            for plan in plans
        ],
    )
    return written


async def due_again(database: Database, due: Due) -> list[ReminderTask]:
    """Repeating tasks that are due, earliest first. Raises what a row that cannot be read raises."""
    (rows,) = await database.due(_due_again(reminders.select(), due))
    return [reminders.task_of(row) for row in rows]


async def ids_due(database: Database, due: Due) -> tuple[list[int], list[int]]:
    """The ids alone of the tasks that are due: those that come once, and those that repeat."""
    once = TaskRow.select(TaskRow.id).where(_ONCE, TaskRow.next_at <= due.now, _is_looked_at(due))
    once = once.order_by(TaskRow.next_at, TaskRow.id).limit(due.limit)
    found = await database.read(once, _due_again(TaskRow.select(TaskRow.id), due))
    return [row["id"] for row in found[0]], [row["id"] for row in found[1]]


async def count_due(database: Database, now: int) -> int:
    """Return how many pending tasks are due."""
    counted = TaskRow.select(fn.COUNT(TaskRow.id).alias("due")).where(TaskRow.next_at <= now)
    found = await database.look(counted.where(_ONCE), counted.where(_AGAIN))
    return sum(rows[0]["due"] for rows in found)


def first_due(passed_over: Collection[int]) -> "tuple[ModelSelect[TaskRow], ModelSelect[TaskRow]]":
    """When the first pending task that comes once and the first that repeats are due, of those that are not passed
    over, as queries."""
    earliest = TaskRow.select(TaskRow.next_at.alias("due")).order_by(TaskRow.next_at).limit(1)
    earliest = earliest.where(TaskRow.next_at <= MAX_TIME, _is_looked_at(Due(0, 1, passed_over)))
    return earliest.where(_ONCE), earliest.where(_AGAIN)


async def ids_without_time(database: Database) -> list[int]:
    """The tasks that have something in place of the time at which they are due."""
    kind = fn.typeof(TaskRow.next_at)
    (rows,) = await database.read(TaskRow.select(TaskRow.id).where(kind.not_in(["integer", "null"])))
    return [row["id"] for row in rows]


# Each has an index of its own.
_ONCE = TaskRow.next_at.is_null(False) & TaskRow.rrule.is_null() & TaskRow.parked_at.is_null()
_AGAIN = TaskRow.next_at.is_null(False) & TaskRow.rrule.is_null(False) & TaskRow.parked_at.is_null()


def _due_again(query: "ModelSelect[TaskRow]", due: Due) -> "ModelSelect[TaskRow]":
    query = query.where(_AGAIN, TaskRow.next_at <= due.now, _is_looked_at(due))
    return query.order_by(TaskRow.next_at, TaskRow.id).limit(due.limit)


def _is_looked_at(due: Due) -> Expression:
    """Return whether a task is none of those passed over, and what it has for a time is one."""
    passed_over = SQL("(SELECT value FROM json_each(?))", [_listed(due.passed_over)])
    looked_at: Expression = (fn.typeof(TaskRow.next_at) == "integer") & TaskRow.id.not_in(passed_over)
    return looked_at
