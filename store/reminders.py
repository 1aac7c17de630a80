"""Reminder tasks: what to remind which user of, and when."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any, Literal

import orjson
from peewee import ModelSelect

from store import history
from store.database import Database
from store.history import API, Entry
from store.models import ReminderTask as TaskRow
from store.planned import planned_on
from store.reading import Row
from store.transaction import is_of_file, run

Status = Literal["PENDING", "DISPATCHED", "CANCELLED"]
# Where a notification goes besides its user's connections: SMS and PUSH to the hooks that list them.
Channel = Literal["IN_APP", "SYSTEM_MESSAGE", "SMS", "PUSH"]
OUTWARD: tuple[Channel, ...] = ("SMS", "PUSH")
Missed = Literal["latest", "all", "skip"]  # what becomes of occurrences that were missed


@dataclass(frozen=True, slots=True)
class ReminderTask:
    id: int
    user_id: int
    biz_type: str
    biz_id: int
    channel: Channel
    title: str
    content: str | None
    remind_at: int
    status: Status
    created_at: int
    rrule: str | None = None
    exdates: str | None = None  # a JSON array of times on the wall of the zone
    timezone: str | None = None  # None in a task that was made with none of the fields of recurrence
    missed: Missed | None = None
    paused: bool = False
    starts_on: str | None = None  # on the wall of the zone, as is the next
    ends_on: str | None = None
    next_at: int | None = None  # when it is due next; None when nothing more comes by itself
    revision: int = 0
    parked_at: int | None = None  # since when it is not due, until it is tried again
    parked_for: str | None = None  # why
    next_on: str | None = None  # the wall time of `next_at`; None where the instant alone counts
    zone_given: bool = True  # False: it goes by the clinic's zone, whichever that is
    follow_up: str | None = None  # its ladder, as JSON; the last rung, of no user, is its end
    critical: bool | None = None  # True: quiet hours do not hold it; None in a task that was made without saying so

    @property
    def ladder(self) -> list[tuple[int, Any]] | None:
        """Its rungs, milliseconds after the planned time and a user, the last one its end; None where there is none, or
        it is not sound."""
        try:
            rungs = (
                [] if self.follow_up is None else [(int(after), user) for after, user in orjson.loads(self.follow_up)]
            )
        except (ValueError, TypeError, OverflowError):
            return None
        return rungs or None

    @property
    def own_zone(self) -> str | None:
        """The zone whose wall a rule goes by; None where that is the clinic's. What comes once has none."""
        return self.timezone if self.rrule is not None and self.zone_given else None


@dataclass(frozen=True, slots=True)
class NewTask:
    user_id: int
    biz_type: str
    biz_id: int
    channel: Channel
    title: str
    content: str | None
    created_at: int
    by: str
    timing: dict[str, Any]  # when it is due: `remind_at` and the columns of recurrence, by name
    follow_up: str | None = None  # its ladder, as the row keeps it
    critical: bool | None = None
    most_pending: int = 0  # tasks of the user that may be pending before this one; 0 is any number


@dataclass(frozen=True, slots=True)
class Cancelling:
    task_id: int
    at: int
    by: str


@dataclass(frozen=True, slots=True)
class Change:
    """Asks for new values of columns, in a task as it was at `revision`."""

    task_id: int
    revision: int
    columns: dict[str, Any]
    is_rescheduled: bool
    entry: Entry


class TooManyPending:
    """The user has as many pending tasks as may be."""


@dataclass(frozen=True, slots=True)
class Derived:
    """The columns of a task, as it was at `revision`, that follow from its wall times and differ."""

    task_id: int
    revision: int
    columns: dict[str, Any]


class NotAsRead:
    """The task has changed since it was looked at, or is due right now: look again."""


# A clock that was set back may have brought up a time that the task has had.
_CANCELLED = """INSERT OR IGNORE INTO occurrence (task_id, planned_on, planned_at, at, outcome)
    VALUES (?, ?, ?, ?, 'CANCELLED')"""

# What is critical does not wait for the end of quiet hours.
_LET_GO = "UPDATE rung SET due_at = held_from WHERE task_id = ? AND held_from IS NOT NULL AND passed_at IS NULL"
# When the first ring is planned that is held of a task.
_HELD = """SELECT planned_at FROM rung JOIN occurrence USING (task_id, planned_on)
    WHERE task_id = ? AND number = 0 AND passed_at IS NULL ORDER BY planned_at LIMIT 1"""
# What is held of it rings no more, and what has not rung at all is over.
_NEVER_RINGS = (
    "UPDATE rung SET passed_at = :at WHERE task_id = :task_id AND held_from IS NOT NULL AND passed_at IS NULL",
    """UPDATE occurrence SET settled = 'WITHDRAWN', settled_at = :at, settled_by = :by
        WHERE task_id = :task_id AND outcome = 'WRITTEN' AND notification_id IS NULL
        AND (settled IS NULL OR settled = 'MISSED')
        AND EXISTS (SELECT 1 FROM rung WHERE rung.task_id = occurrence.task_id
            AND rung.planned_on = occurrence.planned_on AND number = 0)""",
)

_PENDING = "SELECT count(*) FROM (SELECT 1 FROM reminder_task WHERE user_id = ? AND status = 'PENDING' LIMIT ?)"


def add_within_quota(connection: sqlite3.Connection, new: NewTask) -> ReminderTask | TooManyPending:
    """Stores a pending task, unless its user has `most_pending` already."""
    if new.most_pending and _pending(connection, new.user_id, new.most_pending) >= new.most_pending:
        return TooManyPending()
    return add(connection, new)


def add(connection: sqlite3.Connection, new: NewTask) -> ReminderTask:
    """Stores a pending task."""
    task_id = run(
        connection,
        TaskRow.insert(
            user_id=new.user_id,
            biz_type=new.biz_type,
            biz_id=new.biz_id,
            channel=new.channel,
            title=new.title,
            content=new.content,
            status="PENDING",
            created_at=new.created_at,
            **{"next_at": new.timing["remind_at"], **new.timing},
            follow_up=new.follow_up,
            critical=new.critical,
        ),
    ).lastrowid
    assert task_id is not None  # an INSERT always has one
    if new.by != API:
        history.record(connection, Entry(new.created_at, "created", new.by, task_id))
    task = find(connection, task_id)
    assert task is not None  # it was stored just now
    return task


def cancel(connection: sqlite3.Connection, asked: Cancelling) -> ReminderTask | None:
    """Cancels a pending task, or one that has come due and is held, and returns it as it then is; None when there is
    none."""
    task = find(connection, asked.task_id)
    if task is None or task.status == "CANCELLED":
        return task
    held = connection.execute(_HELD, (task.id,)).fetchone()
    if task.status == "DISPATCHED" and held is None:
        return task
    run(connection, TaskRow.update(status="CANCELLED", next_at=None).where(TaskRow.id == task.id))
    for statement in _NEVER_RINGS if held is not None else ():
        connection.execute(statement, {"task_id": task.id, "at": asked.at, "by": asked.by})
    if task.status == "DISPATCHED":
        detail = {"planned_at": held[0]}
        history.record(connection, Entry(asked.at, "cancelled", asked.by, task.id, detail=detail))
        return find(connection, task.id)
    # A paused task that comes once has nothing that is due by itself, and still was planned for its time.
    planned_at = task.remind_at if task.next_at is None else task.next_at
    known_by = str(planned_at) if task.next_on is None else planned_on(task.next_on, task.own_zone)
    connection.execute(_CANCELLED, (task.id, known_by, planned_at, asked.at))
    history.record(connection, Entry(asked.at, "cancelled", asked.by, task.id, detail={"planned_at": planned_at}))
    return find(connection, task.id)


def change(connection: sqlite3.Connection, asked: Change) -> ReminderTask | NotAsRead | None:
    """Changes a pending task and returns it as it then is, or as it is where it is not pending; None when there is
    none. What is due by then comes first, so that no planned occurrence is lost over a change."""
    task = find(connection, asked.task_id)
    if task is None or task.status != "PENDING":
        return task
    is_due = task.next_at is not None and task.next_at <= asked.entry.at and task.parked_at is None
    if task.revision != asked.revision or (asked.is_rescheduled and is_due):
        return NotAsRead()
    # What is parked is tried again after a change.
    update = TaskRow.update(**asked.columns, revision=task.revision + 1, parked_at=None, parked_for=None)
    run(connection, update.where(TaskRow.id == task.id))
    if asked.columns.get("critical"):
        connection.execute(_LET_GO, (task.id,))
    history.record(connection, asked.entry)
    return find(connection, task.id)


def store_derived(connection: sqlite3.Connection, derived: list[Derived]) -> int:
    """Store what was derived, but for tasks that have changed meanwhile; how many were stored."""
    stored = 0
    for one in derived:
        update = TaskRow.update(**one.columns).where(TaskRow.id == one.task_id, TaskRow.revision == one.revision)
        try:
            stored += run(connection, update).rowcount
        except sqlite3.IntegrityError:
            continue  # a row that cannot be written keeps no other from it
    return stored


async def ids_by_wall(database: Database, after_id: int, limit: int) -> list[int]:
    """The ids above one of pending tasks that go by a wall time."""
    by_wall = TaskRow.rrule.is_null(False) | TaskRow.next_on.is_null(False)
    query = TaskRow.select(TaskRow.id).where(TaskRow.id > after_id, TaskRow.status == "PENDING", by_wall)
    (rows,) = await database.look(query.order_by(TaskRow.id).limit(limit))
    return [row["id"] for row in rows]


async def all_of(database: Database, ids: list[int]) -> list[ReminderTask]:
    """The tasks of these ids, but for those that cannot be read."""
    try:
        (rows,) = await database.read(select().where(TaskRow.id.in_(ids)))
    except Exception as fault:
        if is_of_file(fault):
            raise
        if len(ids) == 1:
            return []
        middle = len(ids) // 2
        return await all_of(database, ids[:middle]) + await all_of(database, ids[middle:])
    return [task_of(row) for row in rows]


async def due_before(database: Database, user_id: int, end: int) -> list[ReminderTask]:
    """The user's pending tasks that are due next before a moment."""
    query = select().where(TaskRow.user_id == user_id, TaskRow.status == "PENDING", TaskRow.next_at < end)
    (rows,) = await database.read(query)
    return [task_of(row) for row in rows]


async def get(database: Database, task_id: int) -> ReminderTask | None:
    (rows,) = await database.read(select().where(TaskRow.id == task_id))
    return task_of(rows[0]) if rows else None


async def page(
    database: Database,
    *,
    user_ids: Collection[int] | None,
    status: str | None,
    parked: bool = False,
    before_id: int | None,
    limit: int,
) -> tuple[list[ReminderTask], bool]:
    """Newest first, of these users, or of all where none are given, and of the parked ones alone where they are asked
    for; with it, whether there are more."""
    query = select().order_by(TaskRow.id.desc()).limit(limit + 1)
    if user_ids is not None:
        query = query.where(TaskRow.user_id.in_(user_ids))
    if status is not None:
        query = query.where(TaskRow.status == status)
    if parked:
        query = query.where(TaskRow.parked_at.is_null(False))
    if before_id is not None:
        query = query.where(TaskRow.id < before_id)
    found = await database.page(query, limit)
    return [task_of(row) for row in found.rows], found.has_more


def select() -> "ModelSelect[TaskRow]":
    """Every column of a task."""
    return TaskRow.select(*(getattr(TaskRow, one.name) for one in fields(ReminderTask)))


def task_of(row: Row) -> ReminderTask:
    """The task that a row holds."""
    flags = {name: bool(row[name]) for name in ("paused", "zone_given")}
    critical = None if row["critical"] is None else bool(row["critical"])
    return ReminderTask(**{**row, **flags, "critical": critical})


def _pending(connection: sqlite3.Connection, user_id: int, most: int) -> int:
    """Counts the user's pending tasks, up to `most`."""
    count: int = connection.execute(_PENDING, (user_id, most)).fetchone()[0]
    return count


def find(connection: sqlite3.Connection, task_id: int) -> ReminderTask | None:
    """Return the task as it is in this transaction, or None."""
    row = run(connection, select().where(TaskRow.id == task_id)).fetchone()
    return task_of(dict(zip((one.name for one in fields(ReminderTask)), row, strict=True))) if row else None
