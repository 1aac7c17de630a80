"""What has become of occurrences: those of a user's day, and those that have rung and are not answered."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import orjson

from store import notifications
from store.database import Database
from store.models import Occurrence as OccurrenceRow
from store.models import ReminderTask as TaskRow
from store.notifications import Settled

Outcome = Literal["PENDING", notifications.Outcome]


@dataclass(frozen=True, slots=True)
class OfDay:
    """An occurrence, and what has become of it."""

    task_id: int
    title: str
    planned_at: int
    notification_id: int | None  # the first that it rang by; None where it has not rung
    outcome: Outcome
    outcome_at: int | None
    outcome_by: str | None  # as the history tells it
    note: str | None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An occurrence that has rung, and is not answered."""

    notification_id: int  # the first that it rang by
    task_id: int
    user_id: int
    biz_type: str
    biz_id: int
    title: str
    planned_at: int


# An occurrence of a rule is known by its wall time, so that a day's are found among those of years.
_OF_DAY = """SELECT task_id, title, planned_at, notification_id,
        coalesce(settled, CASE outcome WHEN 'WRITTEN' THEN 'PENDING' WHEN 'CANCELLED' THEN 'WITHDRAWN' ELSE outcome END)
            AS outcome,
        coalesce(settled_at, iif(outcome = 'WRITTEN', NULL, at)) AS outcome_at,
        coalesce(settled_by, iif(outcome = 'MISSED', 'SYSTEM', NULL)) AS outcome_by, note
    FROM reminder_task AS task JOIN occurrence ON task_id = task.id
    WHERE user_id = ?1 AND (rrule IS NULL OR planned_on BETWEEN ?2 AND ?3)
    AND planned_at >= ?4 AND planned_at < ?5 AND outcome <> 'PAUSED'
    ORDER BY planned_at, task_id LIMIT ?6"""
_UNANSWERED = """SELECT notification_id, task_id, user_id, biz_type, biz_id, title, planned_at
    FROM occurrence JOIN reminder_task AS task ON task.id = task_id
    WHERE outcome = 'WRITTEN' AND settled IS NULL AND notification_id > ?
    ORDER BY notification_id LIMIT ?"""
# Of notifications, a JSON array of ids: from one that came again back to the first, which its occurrence is known by.
OF_NOTIFICATIONS: Final = """WITH RECURSIVE before (notification_id, id, snooze_of) AS (
        SELECT id, id, snooze_of FROM user_notification WHERE id IN (SELECT value FROM json_each(?))
        UNION ALL
        SELECT notification_id, one.id, one.snooze_of
        FROM before CROSS JOIN user_notification AS one ON one.id = before.snooze_of
    )
    SELECT before.notification_id, settled, settled_at, settled_by, note FROM before
    CROSS JOIN user_notification AS first ON first.id = before.id
    CROSS JOIN occurrence ON occurrence.task_id = first.task_id AND planned_on = first.occurrence_on
    WHERE before.snooze_of IS NULL AND settled IS NOT NULL"""


async def of_notifications(database: Database, notification_ids: list[int]) -> dict[int, Settled]:
    """Return what the occurrences of notifications have come to, by their ids; nothing of those without an outcome."""
    (rows,) = await database.read(OccurrenceRow.raw(OF_NOTIFICATIONS, orjson.dumps(notification_ids).decode()))
    return {
        row["notification_id"]: Settled(row["settled"], row["settled_at"], row["settled_by"], row["note"])
        for row in rows
    }


async def of_day(database: Database, user_id: int, day: date, begin: int, end: int, limit: int) -> list[OfDay]:
    """Return the user's occurrences with `begin <= planned_at < end` that have come, earliest first; `day` is the date
    in the clinic."""
    around = [(day + timedelta(days=days)).isoformat() for days in (-2, 3)]
    (rows,) = await database.read(TaskRow.raw(_OF_DAY, user_id, *around, begin, end, limit))
    return [OfDay(**row) for row in rows]


async def unanswered(database: Database, after_id: int, limit: int) -> tuple[list[Unanswered], bool]:
    """Return what has rung and is not answered, the oldest first, and whether there is more."""
    found = await database.page(OccurrenceRow.raw(_UNANSWERED, after_id, limit + 1), limit)
    return [Unanswered(**row) for row in found.rows], found.has_more
