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

SYSTEM = "SYSTEM"  # Careline itself
API = "API"  # whoever called over HTTP


def user(user_id: int) -> str:
    """The user that a connection is bound to."""
    return f"USER:{user_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    at: int
    what: str  # one of _ORDER
    by: str
    task_id: int | None = None
    notification_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)  # what belongs to it alone


# Of entries of one moment, what comes first.
_ORDER = (
    *("created", "changed", "due", "written", "skipped", "pushed"),
    *("came_again", "read", "confirmed", "snoozed", "cancelled"),
)


_RECORD = HistoryRow.insert(
    {
        HistoryRow.task_id: None,
        HistoryRow.notification_id: None,
        HistoryRow.at: 0,
        HistoryRow.what: "",
        HistoryRow.by: "",
        HistoryRow.detail: "",
    }
).sql()[0]


def record(connection: sqlite3.Connection, *entries: Entry) -> None:
    """Keeps what no column tells."""
    connection.executemany(
        _RECORD,
        [
            (one.task_id, one.notification_id, one.at, one.what, one.by, orjson.dumps(one.detail).decode())
            for one in entries
        ],
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
        NotificationRow.select(NotificationRow, TaskRow.created_at.alias("made_at"))
        .join(TaskRow)
        .where(NotificationRow.id == notification_id),
        HistoryRow.select().where(HistoryRow.notification_id == notification_id).order_by(HistoryRow.id),
    )
    if not notifications:
        return None
    row = notifications[0]
    about = (row["task"], notification_id)
    again = {} if row["snooze_of"] is None else {"snooze_of": row["snooze_of"]}
    entries = [
        Entry(row["made_at"], "created", API, row["task"]),
        Entry(row["occurrence_at"], "due", SYSTEM, *about),
        Entry(row["created_at"], "written", SYSTEM, *about, again),
    ]
    if row["pushed_at"] is not None:
        entries.append(Entry(row["pushed_at"], "pushed", SYSTEM, *about, {"connections": row["pushed_to"]}))
    told = [_entry(one) for one in recorded]
    if row["read_at"] is not None and not any(entry.what == "read" for entry in told):
        entries.append(Entry(row["read_at"], "read", API, *about))
    return _in_order(entries + told)


def _in_order(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.at, _ORDER.index(entry.what)))


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(row["at"], row["what"], row["by"], row["task_id"], row["notification_id"], orjson.loads(row["detail"]))
