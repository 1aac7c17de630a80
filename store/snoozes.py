"""Notifications that were snoozed come again, each once, as new ones."""

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from peewee import JOIN, ModelSelect, fn

from store import answers, history, notifications, quiet_hours
from store.answers import Answered
from store.database import Database
from store.history import QUIET_HOURS_OVER, SYSTEM, Entry, What
from store.models import ReminderTask as TaskRow
from store.models import UserNotification as NotificationRow
from store.notifications import NewNotification, Notification
from store.occurrences import MAX_TIME, Due
from store.quiet_hours import Quiet
from store.transaction import run


@dataclass(frozen=True, slots=True)
class CameAgain:
    snoozed: Answered  # the one that was snoozed, as it is from now on
    notification: Notification | None  # the new one; None where its reminder was cancelled meanwhile, or it is held


_FIRST = "SELECT id FROM user_notification WHERE task_id = ? AND occurrence_on = ? LIMIT 1"
_NO_MORE = "UPDATE user_notification SET snoozed_until = NULL WHERE id = ?"
_STANDS_FOR_IT = """UPDATE user_notification
    SET snoozed_until = NULL, status = 'READ', read_at = coalesce(read_at, ?) WHERE id = ?"""


def dispatch_due(connection: sqlite3.Connection, due: Due) -> list[CameAgain]:
    """Has what was snoozed come again, earliest first. Both rows change in one transaction, and the table holds a
    snooze's new one once, so whatever crashes, there is one.

    What is due in its user's quiet hours waits for their end. The new one stands for the one that was snoozed, which
    becomes READ: unread ones are counted once a reminder. What belongs to a reminder that was cancelled meanwhile does
    not come again.
    """
    query = notifications.select(TaskRow.status, TaskRow.critical).join(TaskRow, JOIN.LEFT_OUTER)
    return _dispatch(connection, _due(query, due), due.now)


def dispatch_one(connection: sqlite3.Connection, one: tuple[int, int]) -> list[CameAgain]:
    """Have a single snoozed notification come again, by its id and the time that it is now."""
    notification_id, now = one
    query = notifications.select(TaskRow.status, TaskRow.critical).join(TaskRow, JOIN.LEFT_OUTER)
    query = query.where(NotificationRow.id == notification_id)
    return _dispatch(connection, query.where(NotificationRow.snoozed_until <= now), now)


def _dispatch(connection: sqlite3.Connection, query: "ModelSelect[NotificationRow]", now: int) -> list[CameAgain]:
    told, found, quiet = [], [], Quiet(connection, now)
    for *row, status, critical in run(connection, query).fetchall():
        one, cancelled = Notification(*row), status == "CANCELLED"
        until = None if cancelled else quiet.until(one.user_id, critical)
        if until is None:
            found.append((one, cancelled))
        else:
            told.append(_hold(connection, one, until, now))
    return told + _come_again(connection, found, now)


def _come_again(connection: sqlite3.Connection, found: list[tuple[Notification, bool]], now: int) -> list[CameAgain]:
    """Have them come again, but for those whose reminder was cancelled."""
    again = [one for one, cancelled in found if not cancelled]
    new = dict(
        zip(
            (one.id for one in again),
            notifications.notify(connection, [_new_notification(one, now) for one in again]),
            strict=True,
        )
    )
    connection.executemany(_STANDS_FOR_IT, [(now, one.id) for one in again])
    connection.executemany(_NO_MORE, [(one.id,) for one, cancelled in found if cancelled])
    for one, _ in found:
        was_held = quiet_hours.snooze_held_from(connection, one.id, one.snoozed_until) is not None
        history.record(connection, *_entries(one, new.get(one.id), now, was_held))
        if was_held:
            quiet_hours.forget_snooze(connection, one.id)
    unread = {user_id: notifications.count_unread(connection, user_id) for user_id in {one.user_id for one, _ in found}}
    return [_came_again(one, new.get(one.id), now, unread[one.user_id]) for one, _ in found]


def _hold(connection: sqlite3.Connection, snoozed: Notification, until: int, now: int) -> CameAgain:
    """Snooze it until the end of its user's quiet hours, or not at all where another ring of its occurrence is held
    until then."""
    assert snoozed.snoozed_until is not None
    first = answers.of_occurrence(connection, snoozed.id)[0]
    if quiet_hours.is_held(connection, *answers.known_by(connection, first), snoozed.user_id):
        quiet_hours.forget_snooze(connection, snoozed.id)
        return _snoozed_otherwise(connection, snoozed, None)
    held_from = quiet_hours.snooze_held_from(connection, snoozed.id, snoozed.snoozed_until)
    since = snoozed.snoozed_until if held_from is None else held_from
    quiet_hours.hold_snooze(connection, snoozed.id, snoozed.user_id, since, until)
    detail = {"user_id": snoozed.user_id, "until": until}
    history.record(connection, Entry(now, "held", SYSTEM, snoozed.task_id, snoozed.id, detail))
    return _snoozed_otherwise(connection, snoozed, until)


def drop_held(connection: sqlite3.Connection, occurrence: tuple[int, str], user_id: int) -> list[CameAgain]:
    """Let what is snoozed and held of an occurrence for a user come no more: another ring is held, and stands for
    it."""
    found = connection.execute(_FIRST, occurrence).fetchone()
    told = []
    for one in answers.of_occurrence(connection, found[0]) if found else ():
        if one.user_id != user_id or one.snoozed_until is None:
            continue
        if quiet_hours.snooze_held_from(connection, one.id, one.snoozed_until) is not None:
            quiet_hours.forget_snooze(connection, one.id)
            told.append(_snoozed_otherwise(connection, one, None))
    return told


def _snoozed_otherwise(connection: sqlite3.Connection, one: Notification, until: int | None) -> CameAgain:
    after = replace(one, snoozed_until=until)
    answers.store(connection, after)
    return CameAgain(Answered(after, (after,), notifications.count_unread(connection, one.user_id)), None)


def first_due(passed_over: Collection[int]) -> "ModelSelect[NotificationRow]":
    """When the first of those that are snoozed comes again, but for those that are passed over, as a query."""
    return _due(NotificationRow.select(NotificationRow.snoozed_until.alias("due")), Due(MAX_TIME, 1, passed_over))


async def ids_due(database: Database, due: Due) -> list[int]:
    """The ids alone of those that come again."""
    (rows,) = await database.read(_due(NotificationRow.select(NotificationRow.id), due))
    return [row["id"] for row in rows]


def _due(query: "ModelSelect[NotificationRow]", due: Due) -> "ModelSelect[NotificationRow]":
    query = query.where(
        NotificationRow.snoozed_until.is_null(False),
        NotificationRow.snoozed_until <= due.now,
        fn.typeof(NotificationRow.snoozed_until) == "integer",
        NotificationRow.id.not_in(list(due.passed_over)),
    )
    return query.order_by(NotificationRow.snoozed_until, NotificationRow.id).limit(due.limit)


def _new_notification(snoozed: Notification, now: int) -> NewNotification:
    assert snoozed.snoozed_until is not None
    return NewNotification(
        user_id=snoozed.user_id,
        biz_type=snoozed.biz_type,
        biz_id=snoozed.biz_id,
        title=snoozed.title,
        content=snoozed.content,
        created_at=now,
        task_id=snoozed.task_id,
        occurrence_at=snoozed.snoozed_until,
        snooze_of=snoozed.id,
    )


def _came_again(snoozed: Notification, new: Notification | None, now: int, unread: int) -> CameAgain:
    after = _afterwards(snoozed, new is not None, now)
    return CameAgain(Answered(after, (after,), unread), new)


def _afterwards(snoozed: Notification, came_again: bool, now: int) -> Notification:
    if not came_again or snoozed.status == "READ":
        return replace(snoozed, snoozed_until=None)
    return replace(snoozed, snoozed_until=None, status="READ", read_at=now)


def _entries(snoozed: Notification, new: Notification | None, now: int, was_held: bool) -> Iterator[Entry]:
    def entry(what: What, **detail: int | str) -> Entry:
        return Entry(now, what, SYSTEM, snoozed.task_id, snoozed.id, detail)

    if new is None:
        yield entry("cancelled")
        return
    why = {"reason": QUIET_HOURS_OVER} if was_held else {}
    yield entry("came_again", notification_id=new.id, **why)
    if snoozed.status == "UNREAD":
        yield entry("read")
