"""What happened to a reminder task or a notification, when, and by whom.

What columns of theirs hold already is told from there, so that a reminder that fires pays for no row more; the table
`history` holds the rest.
"""

import sqlite3
from dataclasses import dataclass, field
from typing import Any

import orjson

from store.database import Database
from store.models import History as HistoryRow
from store.models import Occurrence as OccurrenceRow
from store.models import ReminderTask as TaskRow
from store.models import UserNotification as NotificationRow
from store.transaction import run

SYSTEM = "SYSTEM"  # Careline itself
API = "API"  # whoever called over HTTP


def user(user_id: int) -> str:
    """The user that a connection is bound to."""
    return f"USER:{user_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    at: int
    what: str  # created, changed, due, written, pushed, read, confirmed, snoozed, skipped or cancelled
    by: str
    task_id: int | None = None
    notification_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)  # what belongs to it alone


# Of entries of one moment, what comes first.
_ORDER = ("created", "changed", "due", "written", "skipped", "pushed", "read", "confirmed", "snoozed", "cancelled")


def record(connection: sqlite3.Connection, entry: Entry) -> None:
    """Keeps what no column tells."""
    run(
        connection,
        HistoryRow.insert(
            task_id=entry.task_id,
            notification_id=entry.notification_id,
            at=entry.at,
            what=entry.what,
            by=entry.by,
            detail=orjson.dumps(entry.detail).decode(),
        ),
    )


async def of_task(database: Database, task_id: int) -> list[Entry] | None:
    """Oldest first; None when there is no such task."""
    tasks, occurrences, recorded = await database.read(
        TaskRow.select(TaskRow.created_at).where(TaskRow.id == task_id),
        OccurrenceRow.select().where(OccurrenceRow.task == task_id).order_by(OccurrenceRow.planned_at),
        HistoryRow.select().where(HistoryRow.task_id == task_id).order_by(HistoryRow.id),
    )
    if not tasks:
        return None
    entries = [Entry(tasks[0]["created_at"], "created", API, task_id)]
    for row in occurrences:
        planned_at, at, notification_id = row["planned_at"], row["at"], row["notification_id"]
        if row["outcome"] == "WRITTEN":
            entries.append(Entry(planned_at, "due", SYSTEM, task_id, notification_id))
            entries.append(Entry(at, "written", SYSTEM, task_id, notification_id, {"planned_at": planned_at}))
        elif row["outcome"] != "CANCELLED":
            detail = {"planned_at": planned_at, "outcome": row["outcome"]}
            entries.append(Entry(at, "skipped", SYSTEM, task_id, None, detail))
    return _in_order(entries + [_entry(row) for row in recorded])


async def of_notification(database: Database, notification_id: int) -> list[Entry] | None:
    """Oldest first; None when there is no such notification."""
    notifications, recorded = await database.read(
        NotificationRow.select().where(NotificationRow.id == notification_id),
        HistoryRow.select().where(HistoryRow.notification_id == notification_id).order_by(HistoryRow.id),
    )
    if not notifications:
        return None
    row = notifications[0]
    about = (row["task"], notification_id)
    entries = [Entry(row["occurrence_at"], "due", SYSTEM, *about), Entry(row["created_at"], "written", SYSTEM, *about)]
    if row["pushed_at"] is not None:
        entries.append(Entry(row["pushed_at"], "pushed", SYSTEM, *about))
    told = [_entry(one) for one in recorded]
    if row["read_at"] is not None and not any(entry.what == "read" for entry in told):
        entries.append(Entry(row["read_at"], "read", API, *about))
    return _in_order(entries + told)


def _in_order(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.at, _ORDER.index(entry.what)))


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(row["at"], row["what"], row["by"], row["task_id"], row["notification_id"], orjson.loads(row["detail"]))
