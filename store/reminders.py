"""Reminder tasks: what is to be remembered, for whom and when."""

import sqlite3
from dataclasses import dataclass

from peewee import ModelSelect, fn

from store.database import Database, Row
from store.models import Occurrence as OccurrenceRow
from store.models import ReminderTask as TaskRow
from store.notifications import NewNotification, Notification, notify
from store.transaction import run


@dataclass(frozen=True, slots=True)
class ReminderTask:
    id: int
    user_id: int
    biz_type: str
    biz_id: int
    channel: str
    title: str
    content: str | None
    remind_at: int
    status: str  # PENDING, DISPATCHED or CANCELLED
    created_at: int


@dataclass(frozen=True, slots=True)
class NewTask:
    user_id: int
    biz_type: str
    biz_id: int
    channel: str
    title: str
    content: str | None
    remind_at: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Due:
    """Asks for the notifications of tasks due at `now`, at most `limit` of them."""

    now: int
    limit: int


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
            remind_at=new.remind_at,
            status="PENDING",
            created_at=new.created_at,
            next_at=new.remind_at,
        ),
    ).lastrowid
    row = run(connection, _select().where(TaskRow.id == task_id)).fetchone()
    return ReminderTask(*row)


def cancel(connection: sqlite3.Connection, task_id: int) -> ReminderTask | None:
    """Cancels a pending task and returns it as it then is; None when there is none."""
    run(
        connection,
        TaskRow.update(status="CANCELLED", next_at=None).where(TaskRow.id == task_id, TaskRow.status == "PENDING"),
    )
    row = run(connection, _select().where(TaskRow.id == task_id)).fetchone()
    return ReminderTask(*row) if row else None


def dispatch_due(connection: sqlite3.Connection, due: Due) -> list[Notification]:
    """Turns due tasks into notifications, earliest first. A task and its notification change in one transaction, and
    the table holds a task's occurrence once, so whatever crashes, there is one notification."""
    tasks = [
        ReminderTask(*row)
        for row in run(
            connection,
            _select()
            .where(TaskRow.rrule.is_null(), TaskRow.next_at.is_null(False), TaskRow.next_at <= due.now)
            .order_by(TaskRow.next_at, TaskRow.id)
            .limit(due.limit),
        )
    ]
    notifications = notify(connection, [_new_notification(task, due.now) for task in tasks])
    connection.executemany(
        _OCCURRED,
        [(task.id, task.remind_at, due.now, "WRITTEN", one.id) for task, one in zip(tasks, notifications, strict=True)],
    )
    ids = [task.id for task in tasks]
    run(connection, TaskRow.update(status="DISPATCHED", next_at=None).where(TaskRow.id.in_(ids)))
    return notifications


async def next_due(database: Database) -> int | None:
    """When the earliest pending task is due."""
    (rows,) = await database.read(
        TaskRow.select(fn.MIN(TaskRow.next_at).alias("due")).where(
            TaskRow.next_at.is_null(False), TaskRow.rrule.is_null()
        )
    )
    due: int | None = rows[0]["due"]
    return due


async def due(database: Database, now: int) -> int:
    """How many pending tasks are due."""
    (rows,) = await database.read(
        TaskRow.select(fn.COUNT(TaskRow.id).alias("due")).where(TaskRow.next_at.is_null(False), TaskRow.next_at <= now)
    )
    counted: int = rows[0]["due"]
    return counted


async def get(database: Database, task_id: int) -> ReminderTask | None:
    (rows,) = await database.read(_select().where(TaskRow.id == task_id))
    return _task(rows[0]) if rows else None


async def page(
    database: Database, *, user_id: int | None, status: str | None, before_id: int | None, limit: int
) -> tuple[list[ReminderTask], bool]:
    """Newest first, and whether there are more."""
    query = _select().order_by(TaskRow.id.desc()).limit(limit + 1)
    if user_id is not None:
        query = query.where(TaskRow.user_id == user_id)
    if status is not None:
        query = query.where(TaskRow.status == status)
    if before_id is not None:
        query = query.where(TaskRow.id < before_id)
    (rows,) = await database.read(query)
    return [_task(row) for row in rows[:limit]], len(rows) > limit


def _new_notification(task: ReminderTask, now: int) -> NewNotification:
    return NewNotification(
        user_id=task.user_id,
        biz_type=task.biz_type,
        biz_id=task.biz_id,
        title=task.title,
        content=task.content,
        created_at=now,
        task_id=task.id,
        occurrence_at=task.remind_at,
    )


def _select() -> "ModelSelect[TaskRow]":
    return TaskRow.select(
        TaskRow.id,
        TaskRow.user_id,
        TaskRow.biz_type,
        TaskRow.biz_id,
        TaskRow.channel,
        TaskRow.title,
        TaskRow.content,
        TaskRow.remind_at,
        TaskRow.status,
        TaskRow.created_at,
    )


def _task(row: Row) -> ReminderTask:
    return ReminderTask(**row)
