"""The history of reminder tasks and notifications: each entry with its time and its author.

What columns of theirs hold already is told from there, so that a reminder that fires pays for no row more; the table
`history` holds the rest.
"""

import sqlite3
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from store.database import Database
from store.models import History as HistoryRow
from store.models import ReminderTask as TaskRow
from store.models import UserNotification as NotificationRow
from store.transaction import Insert

SYSTEM = "SYSTEM"  # Careline itself
API = "API"  # a caller over HTTP
TIMES = ("planned_at", "until", "was_at")  # what in an entry's detail is a time, as times are everywhere inside

What = Literal[
    "created",
    "changed",
    "due",
    "written",
    "skipped",
    "pushed",
    "taken_back",
    "came_again",
    "read",
    "confirmed",
    "snoozed",
    "cancelled",
    "parked",
    "too_early",
    "missed",
    "withdrawn",
    "held",
]


def user(user_id: int, user_type: str = "USER") -> str:
    """The user that a connection is bound to or, with the type, whose token it is."""
    return f"{user_type}:{user_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    at: int
    what: What
    by: str
    task_id: int | None = None
    notification_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)  # what belongs to it alone
    id: int = 0  # its place in the history that it was read from, from 1


_RECORD = Insert(HistoryRow, "task_id", "notification_id", "at", "what", "by", "detail")


def record(connection: sqlite3.Connection, *entries: Entry) -> None:
    """Keeps what no column tells. An entry of a notification names its task too, to whose history it belongs."""
    _RECORD.rows(
        connection,
        [
            (one.task_id, one.notification_id, one.at, one.what, one.by, orjson.dumps(one.detail).decode())
            for one in entries
        ],
    )


QUIET_HOURS_OVER = "quiet hours over"  # why a ring came that was held
# Of a ring: of a ladder's which rung and which user, and why it came then.
_RING_DETAIL = f"""json_patch(
    iif(rung = 0, json_object('planned_at', occurrence_at),
        json_object('planned_at', occurrence_at, 'rung', rung, 'user_id', user_id)),
    iif(EXISTS (SELECT 1 FROM rung AS held WHERE held.task_id = one.task_id AND held.planned_on = one.occurrence_on
        AND held.number = one.rung AND held_from IS NOT NULL), '{{"reason":"{QUIET_HOURS_OVER}"}}', '{{}}'))"""
# A first ring that was held is told by its notification: its occurrence has come before it.
_FIRST_HELD = """EXISTS (SELECT 1 FROM rung AS held
    WHERE held.task_id = one.task_id AND held.planned_on = {known_by} AND held.number = 0)"""
# Each part of a history has the columns at, what, by, task_id, notification_id, detail and place, which orders what is
# alike otherwise. A row of the table `history` has its id there; its detail may be long, and is read for a page alone.
_OF_NOTIFICATIONS = """
    SELECT pushed_at, 'pushed', 'SYSTEM', task_id, id, json_object('connections', pushed_to), 0
    FROM user_notification WHERE {of} = ?1 AND pushed_at IS NOT NULL
    UNION ALL
    SELECT read_at, 'read', 'API', task_id, id, '{{}}', 0 FROM user_notification AS one
    WHERE {of} = ?1 AND read_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM history WHERE notification_id = one.id AND what = 'read')
    UNION ALL
    SELECT occurrence_at, 'due', 'SYSTEM', task_id, id,
        json_object('planned_at', occurrence_at, 'snooze_of', snooze_of), occurrence_at
    FROM user_notification WHERE {of} = ?1 AND snooze_of IS NOT NULL
    UNION ALL
    SELECT created_at, 'written', 'SYSTEM', task_id, id,
        json_object('planned_at', occurrence_at, 'snooze_of', snooze_of), occurrence_at
    FROM user_notification WHERE {of} = ?1 AND snooze_of IS NOT NULL"""
_RECORDED = """
    SELECT at, what, "by", task_id, notification_id, NULL, id FROM history WHERE {of} = ?1 AND what <> 'created'"""
# The row of who created a task, where there is one, is the first of its history.
_CREATED = """
    SELECT created_at AS at, 'created' AS what,
        coalesce((SELECT iif(what = 'created', "by", NULL) FROM history WHERE task_id = task.id ORDER BY id LIMIT 1),
            'API') AS "by",
        id AS task_id, NULL AS notification_id, '{{}}' AS detail, 0 AS place
    FROM reminder_task AS task WHERE id = {id}"""
_OF_TASK = f"""{_CREATED.format(id="?1")}
    UNION ALL
    SELECT max(planned_at, created_at), 'due', 'SYSTEM', task_id, notification_id,
        json_object('planned_at', planned_at), planned_at
    FROM occurrence JOIN reminder_task ON id = task_id WHERE task_id = ?1 AND outcome <> 'CANCELLED'
    UNION ALL
    SELECT at, 'written', 'SYSTEM', task_id, notification_id, json_object('planned_at', planned_at), planned_at
    FROM occurrence AS one WHERE task_id = ?1 AND outcome = 'WRITTEN'
    AND NOT {_FIRST_HELD.format(known_by="one.planned_on")}
    UNION ALL
    SELECT at, 'skipped', 'SYSTEM', task_id, NULL, json_object('planned_at', planned_at, 'outcome', outcome), planned_at
    FROM occurrence WHERE task_id = ?1 AND outcome NOT IN ('CANCELLED', 'WRITTEN')
    UNION ALL
    SELECT created_at, 'written', 'SYSTEM', task_id, id, {_RING_DETAIL}, occurrence_at
    FROM user_notification AS one WHERE task_id = ?1 AND snooze_of IS NULL
    AND (rung > 0 OR {_FIRST_HELD.format(known_by="one.occurrence_on")})
    UNION ALL {_OF_NOTIFICATIONS.format(of="task_id")}
    UNION ALL {_RECORDED.format(of="task_id")}"""
_OF_NOTIFICATION = f"""{_CREATED.format(id="(SELECT task_id FROM user_notification WHERE id = ?1)")}
    UNION ALL
    SELECT max(occurrence_at, task.created_at), 'due', 'SYSTEM', task_id, one.id,
        json_object('planned_at', occurrence_at), occurrence_at
    FROM user_notification AS one JOIN reminder_task AS task ON task.id = task_id
    WHERE one.id = ?1 AND snooze_of IS NULL
    UNION ALL
    SELECT created_at, 'written', 'SYSTEM', task_id, id, {_RING_DETAIL}, occurrence_at
    FROM user_notification AS one WHERE id = ?1 AND snooze_of IS NULL
    UNION ALL {_OF_NOTIFICATIONS.format(of="id")}
    UNION ALL {_RECORDED.format(of="notification_id")}"""
_COUNT = "SELECT count(*) AS entries FROM ({entries})"
# The latest first, without those from place ?3 on: SQLite keeps no more of them than a page while it sorts.
_LATEST = f"""SELECT at, what, "by", task_id, notification_id,
        coalesce(detail, (SELECT detail FROM history WHERE id = place)) AS detail
    FROM (SELECT * FROM ({{entries}}) ORDER BY at DESC, instr(?2, what) DESC, notification_id DESC, place DESC
        LIMIT ?4 OFFSET max(0, coalesce(({_COUNT}) - ?3 + 1, 0)))"""
# Of one moment, in this order.
_ORDER = (
    "created changed due held written skipped pushed taken_back came_again read confirmed snoozed missed cancelled"
    " withdrawn too_early parked"
)

Page = tuple[list[Entry], bool]


async def of_task(database: Database, task_id: int, *, before_id: int | None, limit: int) -> Page | None:
    """The latest entries (below `before_id`), oldest first, those of its notifications among them; whether there are
    earlier ones. None when there is no such task."""
    (found,) = await database.read(TaskRow.select(TaskRow.id).where(TaskRow.id == task_id))
    return await _page(database, _OF_TASK, task_id, before_id, limit) if found else None


async def of_notification(
    database: Database, notification_id: int, *, before_id: int | None, limit: int
) -> Page | None:
    """Return the latest entries of a notification's history, which begins with its task's; else as `of_task`."""
    query = NotificationRow.select(NotificationRow.id).where(NotificationRow.id == notification_id)
    (found,) = await database.read(query)
    return await _page(database, _OF_NOTIFICATION, notification_id, before_id, limit) if found else None


async def _page(database: Database, entries: str, about: int, before_id: int | None, limit: int) -> Page:
    """An entry's id is its place in the whole history."""
    latest = HistoryRow.raw(_LATEST.format(entries=entries), about, _ORDER, before_id, limit + 1)
    found = await database.page(latest, limit, HistoryRow.raw(_COUNT.format(entries=entries), about))
    last = found.beside[0][0]["entries"]
    if before_id is not None:
        last = min(last, before_id - 1)
    read = [
        Entry(**{**row, "detail": orjson.loads(row["detail"])}, id=number)
        for row, number in zip(found.rows, range(last, 0, -1), strict=False)
    ]
    return read[::-1], found.has_more
