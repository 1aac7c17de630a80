"""Links by which a user confirms a notification without a log-in: what they are signed with, and what each does.

A link names a notification. It is good until the occurrence of the notification has an outcome, for LONGEST_LINK after
the notification was written, and as long as the notification is there.
"""

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from store import answers, notifications
from store.answers import Answered, AskedToConfirm
from store.clock import DAY
from store.database import Database
from store.history import user
from store.models import LinkSecret
from store.models import UserNotification as NotificationRow
from store.transaction import each

LONGEST_LINK = 7 * DAY
BY = "LINK"  # what a history calls a user that has confirmed by a link, before the id

# One that came again is known by the first of its occurrence. A reply belongs to no reminder, and has nothing to
# confirm.
_FOUND = """WITH RECURSIVE before (id, snooze_of, task_id, occurrence_on) AS (
        SELECT id, snooze_of, task_id, occurrence_on FROM user_notification WHERE id = ?1
        UNION ALL
        SELECT one.id, one.snooze_of, one.task_id, one.occurrence_on
        FROM before CROSS JOIN user_notification AS one ON one.id = before.snooze_of
    )
    SELECT user_id, created_at, occurrence_at AS planned_at, coalesce(
        (SELECT settled FROM before CROSS JOIN occurrence
            WHERE before.snooze_of IS NULL AND occurrence.task_id = before.task_id AND planned_on = occurrence_on),
        iif(confirmed_at IS NULL, NULL, 'DONE')) AS outcome
    FROM user_notification WHERE id = ?1 AND task_id IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Linked:
    """The notification that a link names."""

    user_id: int
    created_at: int
    planned_at: int
    outcome: notifications.Outcome | None  # of its occurrence


@dataclass(frozen=True, slots=True)
class AskedByLink:
    notification_id: int
    at: int


def make_secret(connection: sqlite3.Connection, _: None) -> bytes:
    """Return the secret that links are signed with; make it where there is none."""
    found = connection.execute("SELECT secret FROM link_secret").fetchone()
    if found is not None:
        return bytes(found[0])
    secret = secrets.token_bytes(32)
    connection.execute("INSERT INTO link_secret (id, secret) VALUES (1, ?)", (secret,))
    return secret


async def secret_of(database: Database) -> bytes:
    """Return the database's secret for links, which a restart and a backup keep."""
    (rows,) = await database.read(LinkSecret.select(LinkSecret.secret))
    return bytes(rows[0]["secret"]) if rows else await database.written(each(make_secret), None)


async def find(database: Database, notification_id: int, now: int) -> Linked | None:
    """Return what a link names; None where there is no such notification any more, or the link's time is over."""
    (rows,) = await database.look(NotificationRow.raw(_FOUND, notification_id))
    return _in_time(Linked(**rows[0]), now) if rows else None


def confirm(connection: sqlite3.Connection, asked: AskedByLink) -> Answered | Linked | None:
    """Confirm the notification that a link names, as its user. Linked, with its outcome, where the occurrence has one
    already; None where `find` has None."""
    row: Any = connection.execute(_FOUND, (asked.notification_id,)).fetchone()
    linked = None if row is None else _in_time(Linked(*row), asked.at)
    if linked is None or linked.outcome is not None:
        return linked
    by = user(linked.user_id, BY)
    answered = answers.confirm(connection, AskedToConfirm(asked.notification_id, linked.user_id, by, asked.at))
    assert isinstance(answered, Answered)  # it was there just now, without an outcome
    return answered


def _in_time(linked: Linked, now: int) -> Linked | None:
    return linked if now <= linked.created_at + LONGEST_LINK else None
