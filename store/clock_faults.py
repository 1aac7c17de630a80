"""What a clock that was ahead has written too early is made good, and the last time of a proven clock.

The clock is right by now. Whatever was written at a later time than now was written while the clock was ahead. Where it
had rung by the zone of its time, it comes back by its wall time: the zone may be another by now.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from zoneinfo import ZoneInfo

from store import history
from store.database import Database
from store.history import SYSTEM, Entry
from store.models import SoundClock
from store.occurrences import WRITTEN
from store.planned import planned_moment, wall_of

CHUNK = 500  # occurrences in one transaction

# What rang counts when its time has passed by now, or when it was confirmed; what did not ring never counts.
_TOO_EARLY = """SELECT task_id, planned_on, planned_at, outcome, notification_id FROM occurrence AS one
    WHERE at > ? AND outcome IN ('WRITTEN', 'MISSED', 'PAUSED')
    AND EXISTS (SELECT 1 FROM reminder_task WHERE id = task_id AND status <> 'CANCELLED')
    AND NOT EXISTS (SELECT 1 FROM user_notification AS told WHERE told.task_id = one.task_id
        AND told.occurrence_on = one.planned_on AND told.confirmed_at IS NOT NULL)
    ORDER BY at"""
_FORGOTTEN = "DELETE FROM occurrence WHERE task_id = ?1 AND planned_on = ?2"
_STEPS_ASIDE = """UPDATE user_notification SET early = id
    WHERE task_id = ?1 AND occurrence_on = ?2 AND snooze_of IS NULL"""
# A rule goes on from there: what it has had since then is known. What comes once keeps its wall time.
_DUE_AGAIN = """UPDATE reminder_task SET status = 'PENDING', revision = revision + 1,
    next_on = CASE WHEN rrule IS NOT NULL AND (next_at IS NULL OR coalesce(next_on > ?4, next_at > ?3))
        THEN ?4 ELSE next_on END,
    next_at = CASE WHEN next_at IS NULL OR next_at > ?3 THEN ?3 ELSE next_at END WHERE id = ?1"""
# What came again too early, and has not come again since, comes again at its time.
_AGAIN_AT_ITS_TIME = """UPDATE user_notification SET snoozed_until = occurrence_at
    WHERE snooze_of IS NOT NULL AND occurrence_at > ?1 AND created_at > ?1 AND confirmed_at IS NULL
    AND snoozed_until IS NULL
    AND NOT EXISTS (SELECT 1 FROM user_notification AS later WHERE later.snooze_of = user_notification.id)"""


@dataclass(frozen=True, slots=True)
class ToRewind:
    now: int  # by a clock that is right
    clinic: ZoneInfo


@dataclass(frozen=True, slots=True)
class Rewound:
    """What was made good."""

    occurrences: int  # that do not count as had
    snoozes: int  # that come again once more


def rewind(connection: sqlite3.Connection, asked: ToRewind) -> Rewound:
    """Let a chunk of what was written too early be due again; what was made good."""
    now = asked.now
    found = list(islice(_too_early(connection, asked), CHUNK))
    again = [(task_id, known_by, moment, wall_of(known_by)) for task_id, known_by, moment, _, _ in found]
    connection.executemany(_FORGOTTEN, [one[:2] for one in again])
    connection.executemany(_STEPS_ASIDE, [one[:2] for one in again])
    connection.executemany(_DUE_AGAIN, again)
    for task_id, _, moment, outcome, notification_id in found:
        if outcome == WRITTEN:
            detail = {"planned_at": moment}
            history.record(connection, Entry(now, "too_early", SYSTEM, task_id, notification_id, detail))
    snoozes = connection.execute(_AGAIN_AT_ITS_TIME, (now,)).rowcount
    return Rewound(len(found), snoozes)


def _too_early(connection: sqlite3.Connection, asked: ToRewind) -> Iterator[tuple[int, str, int, str, int | None]]:
    """Each occurrence that was written too early: its task, what it is known by, its moment by the zone of now, what
    became of it, and its notification."""
    for task_id, known_by, planned_at, outcome, notification_id in connection.execute(_TOO_EARLY, (asked.now,)):
        try:
            moment = planned_moment(known_by, asked.clinic)
        except Exception:  # a row that is not sound keeps no other from being made good
            moment = planned_at
        if outcome != WRITTEN or moment > asked.now:
            yield task_id, known_by, moment, outcome, notification_id


def keep_proven(connection: sqlite3.Connection, at: int) -> None:
    """Remember that the clock was proven at that time."""
    connection.execute("REPLACE INTO sound_clock (id, at) VALUES (1, ?)", (at,))


async def last_proven(database: Database) -> int | None:
    """The last time of a proven clock; None before the first start."""
    (rows,) = await database.read(SoundClock.select(SoundClock.at))
    return rows[0]["at"] if rows else None
