"""What users answer to notifications: they read them, confirm them, snooze them. Each again changes nothing."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from store import history, notifications
from store.history import Entry
from store.models import UserNotification as NotificationRow
from store.notifications import Notification
from store.transaction import run

LONGEST_SNOOZE = 366 * 86_400_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Asked:
    notification_id: int
    user_id: int | None  # whose it must be; None where anybody's will do
    by: str  # as the history tells it
    at: int


@dataclass(frozen=True, slots=True)
class AskedToSnooze(Asked):
    until: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The notification as it is from now on."""

    notification: Notification
    unread: int | None  # how many its user has not read from now on; None where nothing has changed


class NoNotification:
    """There is none of that id, or it is another user's."""


class IsConfirmed:
    """What was confirmed does not come again."""


class NotAhead:
    """It can be snoozed for a year, and not until a time that has passed."""


Refused = NoNotification | IsConfirmed | NotAhead
Outcome = Answered | Refused


def read(connection: sqlite3.Connection, asked: Asked) -> Outcome:
    """READ from the first time on. A snoozed one comes again all the same."""
    found = _find(connection, asked)
    if found is None:
        return NoNotification()
    if found.status == "READ":
        return Answered(found, unread=None)
    return _change(connection, asked, found, ["read"], status="READ", read_at=asked.at)


def confirm(connection: sqlite3.Connection, asked: Asked) -> Outcome:
    """Confirmed, and READ, from the first time on. It does not come again any more."""
    found = _find(connection, asked)
    if found is None:
        return NoNotification()
    if found.confirmed_at is not None:
        return Answered(found, unread=None)
    changes = {"confirmed_at": asked.at, "snoozed_until": None}
    if found.status == "READ":
        return _change(connection, asked, found, ["confirmed"], **changes)
    return _change(connection, asked, found, ["read", "confirmed"], status="READ", read_at=asked.at, **changes)


def snooze(connection: sqlite3.Connection, asked: AskedToSnooze) -> Outcome:
    """It comes again at that time, in place of any other that it was snoozed until. Whether it is read stays as it is.

    Asked again for a time at which it has come again since, it does not come a second time.
    """
    found = _find(connection, asked)
    if found is not None and (found.snoozed_until == asked.until or _came_again(connection, asked)):
        return Answered(found, unread=None)
    if not asked.at < asked.until <= asked.at + LONGEST_SNOOZE:
        return NotAhead()
    if found is None:
        return NoNotification()
    if found.confirmed_at is not None:
        return IsConfirmed()
    return _change(connection, asked, found, ["snoozed"], snoozed_until=asked.until)


def _find(connection: sqlite3.Connection, asked: Asked) -> Notification | None:
    found = notifications.find(connection, asked.notification_id)
    return None if found is None or asked.user_id not in (None, found.user_id) else found


def _came_again(connection: sqlite3.Connection, asked: AskedToSnooze) -> bool:
    query = NotificationRow.select(NotificationRow.id).where(
        NotificationRow.snooze_of == asked.notification_id, NotificationRow.occurrence_at == asked.until
    )
    return run(connection, query).fetchone() is not None


def _change(
    connection: sqlite3.Connection, asked: Asked, found: Notification, done: Iterable[str], **changes: Any
) -> Answered:
    run(connection, NotificationRow.update(changes).where(NotificationRow.id == found.id))
    for what in done:
        detail = {"until": asked.until} if isinstance(asked, AskedToSnooze) else {}
        history.record(connection, Entry(asked.at, what, asked.by, found.task_id, found.id, detail))
    changed = replace(found, **changes)
    return Answered(changed, notifications.count_unread(connection, found.user_id))
