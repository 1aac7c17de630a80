"""What has become of occurrences: those of a user's day, and those that have rung and are not answered."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from store import notifications
from store.database import Database
from store.models import Occurrence as OccurrenceRow
from store.models import ReminderTask as TaskRow

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
