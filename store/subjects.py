"""What an event of the outbox is about, as it stands in the file by its delivery."""

import sqlite3
from dataclasses import dataclass
from typing import Final

from store import notifications
from store.messages import Message
from store.models import UserNotification as NotificationRow
from store.notifications import Notification, Settled
from store.outcomes import OF_NOTIFICATIONS

_MESSAGE: Final = f"""SELECT {", ".join(Message.__struct_fields__)} FROM message WHERE id = ?"""  # noqa: S608 - our own
_NOTIFICATION: Final = str(notifications.select().where(NotificationRow.id == 0).sql()[0])
_RING: Final = """SELECT occurrence_at, rung, snooze_of FROM user_notification WHERE id = ?"""


@dataclass(frozen=True, slots=True)
class Ring:
    """A notification, and for which ring of its reminder it came."""

    notification: Notification
    occurrence_at: int
    rung: int  # of the ladder; 0 for the first
    snooze_of: int | None


def message(connection: sqlite3.Connection, message_id: int) -> Message | None:
    """Return a message, staff-only ones included."""
    row = connection.execute(_MESSAGE, (message_id,)).fetchone()
    if row is None:
        return None
    found = dict(zip(Message.__struct_fields__, row, strict=True))
    return Message(**{**found, "is_visible_to_patient": bool(found["is_visible_to_patient"])})


def ring(connection: sqlite3.Connection, notification_id: int) -> Ring | None:
    row = connection.execute(_NOTIFICATION, (notification_id,)).fetchone()
    if row is None:
        return None
    return Ring(Notification(*row), *connection.execute(_RING, (notification_id,)).fetchone())


def outcome(connection: sqlite3.Connection, notification_id: int) -> Settled | None:
    """Return what the occurrence of a notification has come to; None of one that is gone, and of a reply's."""
    row = connection.execute(OF_NOTIFICATIONS, (f"[{notification_id}]",)).fetchone()
    return None if row is None else Settled(*row[1:])


def question_title(connection: sqlite3.Connection, question_id: int) -> str | None:
    row = connection.execute(
        "SELECT title FROM question WHERE id = ? AND deleted_at IS NULL", (question_id,)
    ).fetchone()
    return None if row is None else str(row[0])


def task_texts(connection: sqlite3.Connection, task_id: int) -> tuple[str, str | None] | None:
    """Return a task's title and content."""
    row: tuple[str, str | None] | None = connection.execute(
        "SELECT title, content FROM reminder_task WHERE id = ?", (task_id,)
    ).fetchone()
    return row
