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
from store.models import ReminderTask as TaskRow
from store.models import UserNotification as NotificationRow

SYSTEM = "SYSTEM"  # Careline itself
API = "API"  # whoever called over HTTP
TIMES = ("planned_at", "until")  # what in an entry's detail is a time, as times are everywhere inside


def user(user_id: int, user_type: str = "USER") -> str:
    """The user that a connection is bound to or, with the type, whose token it is."""
    return f"{user_type}:{user_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    at: int
    what: str  # one of _ORDER's
    by: str
    task_id: int | None = None
    notification_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)  # what belongs to it alone
    id: int = 0  # its place in the history that it was read from, from 1


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
    """Keeps what no column tells. An entry of a notification names its task too, to whose history it belongs."""
    connection.executemany(
        _RECORD,
        [
            (one.task_id, one.notification_id, one.at, one.what, one.by, orjson.dumps(one.detail).decode())
            for one in entries
        ],
    )


_OF_NOTIFICATIONS = """
    SELECT pushed_at, 'pushed', 'SYSTEM', task_id, id, json_object('connections', pushed_to)
    FROM user_notification WHERE {of} = ?1 AND pushed_at IS NOT NULL
    UNION ALL
    SELECT read_at, 'read', 'API', task_id, id, '{{}}' FROM user_notification AS one
    WHERE {of} = ?1 AND read_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM history WHERE notification_id = one.id AND what = 'read')
    UNION ALL
    SELECT occurrence_at, 'due', 'SYSTEM', task_id, id,
        json_object('planned_at', occurrence_at, 'snooze_of', snooze_of)
    FROM user_notification WHERE {of} = ?1 AND snooze_of IS NOT NULL
    UNION ALL
    SELECT created_at, 'written', 'SYSTEM', task_id, id,
        json_object('planned_at', occurrence_at, 'snooze_of', snooze_of)
    FROM user_notification WHERE {of} = ?1 AND snooze_of IS NOT NULL"""
_RECORDED = """
    SELECT at, what, "by", task_id, notification_id, detail FROM history WHERE {of} = ?1 AND what <> 'created'"""
_CREATED = """
    SELECT created_at AS at, 'created' AS what,
        coalesce((SELECT "by" FROM history WHERE task_id = task.id AND what = 'created'), 'API') AS "by",
        id AS task_id, NULL AS notification_id, '{{}}' AS detail
    FROM reminder_task AS task WHERE id = {id}"""
_OF_TASK = f"""{_CREATED.format(id="?1")}
    UNION ALL
    SELECT max(planned_at, created_at), 'due', 'SYSTEM', task_id, notification_id, json_object('planned_at', planned_at)
    FROM occurrence JOIN reminder_task ON id = task_id WHERE task_id = ?1 AND outcome <> 'CANCELLED'
    UNION ALL
    SELECT at, 'written', 'SYSTEM', task_id, notification_id, json_object('planned_at', planned_at)
    FROM occurrence WHERE task_id = ?1 AND outcome = 'WRITTEN'
    UNION ALL
    SELECT at, 'skipped', 'SYSTEM', task_id, NULL, json_object('planned_at', planned_at, 'outcome', outcome)
    FROM occurrence WHERE task_id = ?1 AND outcome NOT IN ('CANCELLED', 'WRITTEN')
    UNION ALL {_OF_NOTIFICATIONS.format(of="task_id")}
    UNION ALL {_RECORDED.format(of="task_id")}"""
_OF_NOTIFICATION = f"""{_CREATED.format(id="(SELECT task_id FROM user_notification WHERE id = ?1)")}
    UNION ALL
    SELECT max(occurrence_at, task.created_at), 'due', 'SYSTEM', task_id, one.id,
        json_object('planned_at', occurrence_at)
    FROM user_notification AS one JOIN reminder_task AS task ON task.id = task_id
    WHERE one.id = ?1 AND snooze_of IS NULL
    UNION ALL
    SELECT created_at, 'written', 'SYSTEM', task_id, id, json_object('planned_at', occurrence_at)
    FROM user_notification WHERE id = ?1 AND snooze_of IS NULL
    UNION ALL {_OF_NOTIFICATIONS.format(of="id")}
    UNION ALL {_RECORDED.format(of="notification_id")}"""
# Of one moment, in this order.
_ORDER = "created changed due written skipped pushed came_again read confirmed snoozed cancelled too_early parked"

Page = tuple[list[Entry], bool]


async def of_task(database: Database, task_id: int, *, before_id: int | None, limit: int) -> Page | None:
    """The latest entries (below `before_id`), oldest first, those of its notifications among them; whether there are
    earlier ones. None when there is no such task."""
    (found,) = await database.read(TaskRow.select(TaskRow.id).where(TaskRow.id == task_id))
    return await _page(database, _OF_TASK, task_id, before_id, limit) if found else None


async def of_notification(
    database: Database, notification_id: int, *, before_id: int | None, limit: int
) -> Page | None:
    """The same of a notification, which begins with its task's."""
    query = NotificationRow.select(NotificationRow.id).where(NotificationRow.id == notification_id)
    (found,) = await database.read(query)
    return await _page(database, _OF_NOTIFICATION, notification_id, before_id, limit) if found else None


async def _page(database: Database, entries: str, about: int, before_id: int | None, limit: int) -> Page:
    if before_id is None:
        (counted,) = await database.read(HistoryRow.raw(f"SELECT count(*) AS entries FROM ({entries})", about))
        before_id = counted[0]["entries"] + 1
    first = max(0, before_id - 1 - limit)
    query = f"SELECT * FROM ({entries}) ORDER BY at, instr(?2, what), notification_id LIMIT ?3 OFFSET ?4"
    (rows,) = await database.read(HistoryRow.raw(query, about, _ORDER, before_id - 1 - first, first))
    return [
        Entry(**{**row, "detail": orjson.loads(row["detail"])}, id=number) for number, row in enumerate(rows, first + 1)
    ], first > 0
