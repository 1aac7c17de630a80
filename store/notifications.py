"""User notifications: what a user was told, whether some connection was handed it, and whether it was read."""

import sqlite3
from dataclasses import dataclass

from peewee import ModelSelect, fn

from store.database import Database, Row
from store.models import UserNotification as NotificationRow
from store.transaction import run


@dataclass(frozen=True, slots=True)
class Notification:
    id: int
    user_id: int
    biz_type: str
    biz_id: int
    title: str
    content: str | None
    status: str  # UNREAD or READ
    created_at: int
    read_at: int | None


@dataclass(frozen=True, slots=True)
class NewNotification:
    user_id: int
    biz_type: str
    biz_id: int
    title: str
    content: str | None
    created_at: int
    task_id: int
    occurrence_at: int  # unique for its task


@dataclass(frozen=True, slots=True)
class Pushed:
    """Connections were handed these notifications."""

    ids: list[int]
    at: int


@dataclass(frozen=True, slots=True)
class Read:
    notification_id: int
    at: int


def notify(connection: sqlite3.Connection, new: NewNotification) -> Notification:
    """Stores an unread notification; sqlite3.IntegrityError when the task's occurrence has one already."""
    notification_id = run(
        connection,
        NotificationRow.insert(
            user_id=new.user_id,
            biz_type=new.biz_type,
            biz_id=new.biz_id,
            title=new.title,
            content=new.content,
            status="UNREAD",
            created_at=new.created_at,
            task=new.task_id,
            occurrence_at=new.occurrence_at,
        ),
    ).lastrowid
    row = run(connection, _select().where(NotificationRow.id == notification_id)).fetchone()
    return Notification(*row)


def mark_pushed(connection: sqlite3.Connection, pushed: Pushed) -> None:
    """Remembers that these need no second push."""
    run(
        connection,
        NotificationRow.update(pushed_at=pushed.at).where(
            NotificationRow.id.in_(pushed.ids), NotificationRow.pushed_at.is_null()
        ),
    )


def mark_read(connection: sqlite3.Connection, read: Read) -> Notification | None:
    """READ from the first time on; None when there is no such notification."""
    run(
        connection,
        NotificationRow.update(status="READ", read_at=read.at).where(
            NotificationRow.id == read.notification_id, NotificationRow.status == "UNREAD"
        ),
    )
    row = run(connection, _select().where(NotificationRow.id == read.notification_id)).fetchone()
    return Notification(*row) if row else None


async def unpushed(database: Database, user_id: int, *, after_id: int, up_to: int, limit: int) -> list[Notification]:
    """Unread notifications with `after_id < id <= up_to` that no connection was handed yet, oldest first."""
    (rows,) = await database.read(
        _select()
        .where(
            NotificationRow.user_id == user_id,
            NotificationRow.pushed_at.is_null(),
            NotificationRow.status == "UNREAD",
            NotificationRow.id > after_id,
            NotificationRow.id <= up_to,
        )
        .order_by(NotificationRow.id)
        .limit(limit)
    )
    return [_notification(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a user's notifications hold above a cursor, up to a fence."""

    latest_id: int  # of all of them, 0 when there is none
    has_more: bool  # more than the catch-up brings


async def backlog(database: Database, user_id: int, *, after_id: int, up_to: int, most: int) -> Backlog:
    own = NotificationRow.select(NotificationRow.id).where(
        NotificationRow.user_id == user_id, NotificationRow.id <= up_to
    )
    latest = own.order_by(NotificationRow.id.desc()).limit(1)
    beyond = own.where(NotificationRow.id > after_id).order_by(NotificationRow.id).offset(most).limit(1)
    latest_rows, beyond_rows = await database.read(latest, beyond)
    return Backlog(latest_rows[0]["id"] if latest_rows else 0, bool(beyond_rows))


async def between(database: Database, user_id: int, *, after_id: int, up_to: int, limit: int) -> list[Notification]:
    """The user's notifications with `after_id < id <= up_to`, oldest first."""
    (rows,) = await database.read(
        _select()
        .where(NotificationRow.user_id == user_id, NotificationRow.id > after_id, NotificationRow.id <= up_to)
        .order_by(NotificationRow.id)
        .limit(limit)
    )
    return [_notification(row) for row in rows]


async def page(
    database: Database,
    user_id: int,
    *,
    status: str | None,
    after_id: int | None,
    before_id: int | None,
    limit: int,
) -> tuple[list[Notification], bool, int]:
    """Newest first, or with `after_id` oldest first; whether there are more; how many the user has not read."""
    query = _select().where(NotificationRow.user_id == user_id).limit(limit + 1)
    query = query.order_by(NotificationRow.id if after_id is not None else NotificationRow.id.desc())
    if after_id is not None:
        query = query.where(NotificationRow.id > after_id)
    if before_id is not None:
        query = query.where(NotificationRow.id < before_id)
    if status is not None:
        query = query.where(NotificationRow.status == status)
    unread = NotificationRow.select(fn.COUNT(NotificationRow.id).alias("unread")).where(
        NotificationRow.user_id == user_id, NotificationRow.status == "UNREAD"
    )
    rows, counted = await database.read(query, unread)
    return [_notification(row) for row in rows[:limit]], len(rows) > limit, counted[0]["unread"]


async def latest_id(database: Database) -> int:
    """The highest id that was ever given, 0 before the first."""
    (rows,) = await database.read(NotificationRow.select(fn.MAX(NotificationRow.id).alias("id")))
    return rows[0]["id"] or 0


def _select() -> "ModelSelect[NotificationRow]":
    return NotificationRow.select(
        NotificationRow.id,
        NotificationRow.user_id,
        NotificationRow.biz_type,
        NotificationRow.biz_id,
        NotificationRow.title,
        NotificationRow.content,
        NotificationRow.status,
        NotificationRow.created_at,
        NotificationRow.read_at,
    )


def _notification(row: Row) -> Notification:
    return Notification(**row)
