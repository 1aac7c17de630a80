"""User notifications: what a user was told, whether a connection was handed it, and whether the user has read it."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import orjson
from peewee import SQL, ModelSelect

from store import history
from store.backlog import Backlog, measure_backlog, read_backlog
from store.database import Database
from store.history import SYSTEM, Entry
from store.models import HighestId
from store.models import UserNotification as NotificationRow
from store.reading import PAGE_BYTES, Row
from store.transaction import Insert, run

Status = Literal["UNREAD", "READ"]


Outcome = Literal["DONE", "SKIPPED", "MISSED", "WITHDRAWN"]


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of an occurrence."""

    outcome: Outcome
    at: int  # when it was
    by: str  # as the history tells it
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    id: int
    user_id: int
    biz_type: str
    biz_id: int
    title: str
    content: str | None
    status: Status
    created_at: int
    read_at: int | None
    confirmed_at: int | None
    snoozed_until: int | None  # when it comes again
    task_id: int | None  # None of a reply, which belongs to no reminder
    withdrawn_at: int | None = None  # when its reminder was withdrawn, and it was unread
    settled: Settled | None = None  # the outcome, where it is told


class NewNotification(NamedTuple):
    user_id: int
    biz_type: str
    biz_id: int
    title: str
    content: str | None
    created_at: int
    task_id: int | None
    occurrence_at: int  # unique for the one that was snoozed
    snooze_of: int | None = None
    occurrence_on: str | None = None  # what its occurrence is known by (store/planned.py); None where it comes again
    rung: int = 0  # of the ladder; 0 for the first of an occurrence


@dataclass(frozen=True, slots=True)
class Pushed:
    """A notification was read by connections; the first of them was handed it at that time."""

    notification_id: int
    at: int
    to: int  # so many more than before


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A connection was handed a notification, and ended without having shown that it read it."""

    notification_id: int
    handed_at: int
    at: int


_INSERT = Insert(NotificationRow, "id", "status", *NewNotification._fields)
_PUSHED = """UPDATE user_notification
    SET pushed_at = coalesce(pushed_at, ?), pushed_to = max(1, pushed_to + ?) WHERE id = ?"""
# A literal: SQLite leaves an index of unread ones aside where the status is a parameter.
_IS_UNREAD = SQL('"t1"."status" = \'UNREAD\'')
_COUNT_UNREAD = "SELECT count(*) AS unread FROM user_notification WHERE user_id = ? AND status = 'UNREAD'"
# The writer's own counts. They roll back with its transaction, and end with its connection.
_KEEP_COUNTS = (
    "CREATE TEMP TABLE IF NOT EXISTS unread_count (user_id INTEGER PRIMARY KEY, unread INTEGER NOT NULL)",
    """CREATE TEMP TRIGGER IF NOT EXISTS unread_added AFTER INSERT ON main.user_notification WHEN new.status = 'UNREAD'
    BEGIN UPDATE unread_count SET unread = unread + 1 WHERE user_id = new.user_id; END""",
    """CREATE TEMP TRIGGER IF NOT EXISTS unread_changed AFTER UPDATE OF status ON main.user_notification
    WHEN old.status <> new.status BEGIN
        UPDATE unread_count SET unread = unread + iif(new.status = 'UNREAD', 1, -1) WHERE user_id = new.user_id; END""",
    """CREATE TEMP TRIGGER IF NOT EXISTS unread_deleted AFTER DELETE ON main.user_notification
    WHEN old.status = 'UNREAD'
    BEGIN UPDATE unread_count SET unread = unread - 1 WHERE user_id = old.user_id; END""",
)
_KEPT = "SELECT unread FROM unread_count WHERE user_id = ?"
# Ids go on from the highest ever used, so that none comes twice.
_HIGHEST = "SELECT seq FROM sqlite_sequence WHERE name = 'user_notification'"


def next_id(connection: sqlite3.Connection) -> int:
    """The id of the next notification."""
    highest = connection.execute(_HIGHEST).fetchone()
    return highest[0] + 1 if highest else 1


def notify(connection: sqlite3.Connection, new: list[NewNotification]) -> list[Notification]:
    """Stores unread notifications, ids in their order; sqlite3.IntegrityError when an occurrence, or a snooze, has one
    already."""
    first_id = next_id(connection)
    _INSERT.rows(connection, [(new_id, "UNREAD", *one) for new_id, one in enumerate(new, first_id)])
    return [
        Notification(
            id=new_id,
            user_id=one.user_id,
            biz_type=one.biz_type,
            biz_id=one.biz_id,
            title=one.title,
            content=one.content,
            status="UNREAD",
            created_at=one.created_at,
            read_at=None,
            confirmed_at=None,
            snoozed_until=None,
            task_id=one.task_id,
        )
        for new_id, one in enumerate(new, first_id)
    ]


def mark_pushed(connection: sqlite3.Connection, pushed: list[Pushed]) -> None:
    """Remembers that these need no second push, and how many connections have read them."""
    connection.executemany(_PUSHED, [(one.at, one.to, one.notification_id) for one in pushed])


def take_back(connection: sqlite3.Connection, taken_back: list[TakenBack]) -> list[Notification]:
    """Enter the unread hand-overs into the histories. Return the UNREAD notifications that no connection has
    read, oldest first."""
    ids = {one.notification_id for one in taken_back}
    query = select(NotificationRow.pushed_at).where(NotificationRow.id.in_(ids)).order_by(NotificationRow.id)
    found = [(Notification(*row[:-1]), row[-1]) for row in run(connection, query)]
    task_ids = {one.id: one.task_id for one, _ in found}
    for one in taken_back:
        if one.notification_id in task_ids:  # else it was deleted meanwhile
            task_id = task_ids[one.notification_id]
            history.record(
                connection,
                Entry(one.handed_at, "pushed", SYSTEM, task_id, one.notification_id, {"connections": 1}),
                Entry(one.at, "taken_back", SYSTEM, task_id, one.notification_id),
            )
    return [one for one, pushed_at in found if pushed_at is None and one.status == "UNREAD"]


def find(connection: sqlite3.Connection, notification_id: int) -> Notification | None:
    """The notification, for a writer that goes on from it."""
    row = run(connection, select().where(NotificationRow.id == notification_id)).fetchone()
    return Notification(*row) if row else None


def count_unread(connection: sqlite3.Connection, user_id: int) -> int:
    """Return how many of the user's notifications are unread.

    They are counted once for as long as the writer's connection lasts: from then on its triggers keep the count, so
    that an answer costs the same whether a user has ten unread ones or a hundred thousand.
    """
    for statement in _KEEP_COUNTS:
        connection.execute(statement)
    kept = connection.execute(_KEPT, (user_id,)).fetchone()
    if kept is None:
        kept = connection.execute(_COUNT_UNREAD, (user_id,)).fetchone()
        connection.execute("INSERT INTO unread_count (user_id, unread) VALUES (?, ?)", (user_id, *kept))
    return int(kept[0])


# SQLite takes another index for as good, by which all that are unread would be looked at.
_BY_UNPUSHED = SQL('"user_notification" AS "t1" INDEXED BY user_notification_unpushed')


async def unpushed(
    database: Database,
    user_id: int,
    *,
    known: Collection[int] = (),
    after_id: int,
    up_to: int,
    limit: int,
    most_bytes: int = PAGE_BYTES,
) -> tuple[list[Notification], bool]:
    """Unread notifications with `after_id < id <= up_to` that no connection has read yet, oldest first, without those
    that are `known`; and whether there are more."""
    # As one value: there may be more of them than a statement has room for.
    among_known = SQL("(SELECT value FROM json_each(?))", (orjson.dumps(list(known)).decode(),))
    query = (
        select()
        .from_(_BY_UNPUSHED)
        .where(
            NotificationRow.user_id == user_id,
            NotificationRow.pushed_at.is_null(),
            _IS_UNREAD,
            NotificationRow.id.not_in(among_known),
        )
    )
    found = await read_backlog(database, query, after_id=after_id, up_to=up_to, limit=limit, most_bytes=most_bytes)
    return [_notification(row) for row in found.rows], found.has_more


async def backlog(database: Database, user_id: int, *, after_id: int, up_to: int, most: int) -> Backlog:
    own = NotificationRow.select(NotificationRow.id).where(NotificationRow.user_id == user_id)
    found, _ = await measure_backlog(database, own, after_id=after_id, up_to=up_to, most=most)
    return found


async def between(
    database: Database, user_id: int, *, after_id: int, up_to: int, limit: int, most_bytes: int = PAGE_BYTES
) -> tuple[list[Notification], bool]:
    """The user's notifications with `after_id < id <= up_to`, oldest first, and whether there are more."""
    own = select().where(NotificationRow.user_id == user_id)
    found = await read_backlog(database, own, after_id=after_id, up_to=up_to, limit=limit, most_bytes=most_bytes)
    return [_notification(row) for row in found.rows], found.has_more


async def page(
    database: Database, user_id: int, *, status: str | None, after_id: int | None, before_id: int | None, limit: int
) -> tuple[list[Notification], bool, int]:
    """Newest first, or with `after_id` oldest first; whether there are more; how many the user has not read."""
    query = select().where(NotificationRow.user_id == user_id).limit(limit + 1)
    query = query.order_by(NotificationRow.id if after_id is not None else NotificationRow.id.desc())
    if after_id is not None:
        query = query.where(NotificationRow.id > after_id)
    if before_id is not None:
        query = query.where(NotificationRow.id < before_id)
    if status is not None:
        query = query.where(_IS_UNREAD if status == "UNREAD" else NotificationRow.status == status)
    found = await database.page(query, limit, NotificationRow.raw(_COUNT_UNREAD, user_id))
    (counted,) = found.beside
    return [_notification(row) for row in found.rows], found.has_more, counted[0]["unread"]


async def latest_id(database: Database) -> int:
    """The highest id that was ever given, 0 before the first."""
    (rows,) = await database.read(HighestId.select(HighestId.seq).where(HighestId.name == "user_notification"))
    return rows[0]["seq"] if rows else 0


def select(*more: Any) -> "ModelSelect[NotificationRow]":
    """All that a Notification tells, and what else is asked for."""
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
        NotificationRow.confirmed_at,
        NotificationRow.snoozed_until,
        NotificationRow.task.alias("task_id"),
        NotificationRow.withdrawn_at,
        *more,
    )


def _notification(row: Row) -> Notification:
    return Notification(**row)
