"""Make good what a clock that was ahead has written too early, and keep what is known about the time.

The clock is right by now. Whatever was written at a later time than now was written while the clock was ahead. Where it
had rung by the zone of its time, it comes back by its wall time: the zone may be another by now.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from zoneinfo import ZoneInfo

from store import clock_runs, history, quiet_hours
from store.clock import on_wall
from store.database import Database
from store.history import SYSTEM, Entry
from store.models import ReminderTask as TaskRow
from store.models import SoundClock
from store.occurrences import WRITTEN
from store.planned import moment_on, planned_moment, wall_of

CHUNK = 500  # occurrences, or tasks, in one transaction

# What rang counts when its time has passed by now, or when it was confirmed; what did not ring never counts.
_TOO_EARLY = """SELECT task_id, planned_on, planned_at, outcome, notification_id FROM occurrence AS one
    WHERE at > ? AND outcome IN ('WRITTEN', 'MISSED', 'PAUSED')
    AND EXISTS (SELECT 1 FROM reminder_task WHERE id = task_id AND status <> 'CANCELLED')
    AND NOT EXISTS (SELECT 1 FROM user_notification AS told WHERE told.task_id = one.task_id
        AND told.occurrence_on = one.planned_on AND told.confirmed_at IS NOT NULL)
    ORDER BY at"""
_FORGOTTEN = "DELETE FROM occurrence WHERE task_id = ?1 AND planned_on = ?2"
_ITS_RUNGS = "DELETE FROM rung WHERE task_id = ?1 AND planned_on = ?2"
_STEPS_ASIDE = """UPDATE user_notification SET early = id
    WHERE task_id = ?1 AND occurrence_on = ?2 AND snooze_of IS NULL"""
# A rule goes on from there: what it has had since then is known. What comes once keeps its wall time.
_DUE_AGAIN = """UPDATE reminder_task SET status = 'PENDING', revision = revision + 1,
    next_on = CASE WHEN rrule IS NOT NULL AND (next_at IS NULL OR coalesce(next_on > ?4, next_at > ?3))
        THEN ?4 ELSE next_on END,
    next_at = CASE WHEN next_at IS NULL OR next_at > ?3 THEN ?3 ELSE next_at END WHERE id = ?1"""
# What a ladder has rung or ended too early, while its occurrence was had.
_RUNGS_TOO_EARLY = (
    """UPDATE user_notification SET early = id WHERE snooze_of IS NULL AND early = 0 AND created_at > ?1 AND EXISTS (
        SELECT 1 FROM rung WHERE task_id = user_notification.task_id AND planned_on = occurrence_on
        AND number = user_notification.rung AND passed_at > ?1 AND due_at > ?1)""",
    """UPDATE occurrence SET settled = NULL, settled_at = NULL, settled_by = NULL
        WHERE settled = 'MISSED' AND settled_at > ?1""",
    """UPDATE rung SET passed_at = NULL WHERE passed_at > ?1 AND due_at > ?1 AND EXISTS (
        SELECT 1 FROM occurrence WHERE task_id = rung.task_id AND planned_on = rung.planned_on
        AND (settled IS NULL OR settled = 'MISSED' AND held_from IS NOT NULL))""",
)
# What came again too early, and has not come again since, comes again at its time.
_AGAIN_AT_ITS_TIME = """UPDATE user_notification SET snoozed_until = occurrence_at
    WHERE snooze_of IS NOT NULL AND occurrence_at > ?1 AND created_at > ?1 AND confirmed_at IS NULL
    AND snoozed_until IS NULL
    AND NOT EXISTS (SELECT 1 FROM user_notification AS later WHERE later.snooze_of = user_notification.id)"""

# What repeats and took its next time from a now that was ahead: the tasks, and that now.
_TIMED_AHEAD = """SELECT id, at FROM (
        SELECT id, max(created_at, coalesce((SELECT max(at) FROM history
            WHERE task_id = task.id AND what = 'changed' AND at >= ?2 AND iif(json_valid(detail), EXISTS (
                SELECT 1 FROM json_each(detail) WHERE key IN ('remind_at', 'rrule', 'exdates', 'timezone')), 0)),
            created_at)) AS at
        FROM reminder_task AS task WHERE rrule IS NOT NULL AND status <> 'CANCELLED' AND id > ?1)
    WHERE at >= ?2 AND at < ?3 ORDER BY id LIMIT ?4"""
_TIMING = "SELECT timezone, zone_given, starts_on, next_on FROM reminder_task WHERE id = ? AND status <> 'CANCELLED'"
# It is due at once, and is planned from its wall time: that finds what is to come.
_PLANNED_ANEW = """UPDATE reminder_task SET status = 'PENDING', revision = revision + 1, next_on = ?, next_at = ?
    WHERE id = ?"""


@dataclass(frozen=True, slots=True)
class TimedAhead:
    """Asks for what was made or changed at a time from `since` on, before `until`, by a clock that was ahead."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the file knows about the time, in milliseconds."""

    proven: int  # the last time of a proven clock
    reached: int  # the time that has come: the same, or what was counted on from there while the clock was behind
    waited: int = 0  # how long the clock has shown an earlier time than that, while the program ran


@dataclass(frozen=True, slots=True)
class Unproven:
    now: int
    is_behind: bool  # the clock shows an earlier time than now, which is counted on from a proven one
    waited: int  # as in Known


@dataclass(frozen=True, slots=True)
class ToTimeAgain:
    tasks: list[tuple[int, int]]  # each by its id, and the true time from which it is planned
    now: int  # by a clock that is right
    clinic: ZoneInfo


@dataclass(frozen=True, slots=True)
class ToRewind:
    now: int  # by a clock that is right
    clinic: ZoneInfo


@dataclass(frozen=True, slots=True)
class Rewound:
    """The number of occurrences and snoozes that were made good."""

    occurrences: int  # that do not count as had
    snoozes: int  # that come again once more


def rewind(connection: sqlite3.Connection, asked: ToRewind) -> Rewound:
    """Let a chunk of what was written too early be due again; what was made good."""
    now = asked.now
    found = list(islice(_too_early(connection, asked), CHUNK))
    again = [(task_id, known_by, moment, wall_of(known_by)) for task_id, known_by, moment, _, _ in found]
    connection.executemany(_FORGOTTEN, [one[:2] for one in again])
    connection.executemany(_ITS_RUNGS, [one[:2] for one in again])
    connection.executemany(_STEPS_ASIDE, [one[:2] for one in again])
    connection.executemany(_DUE_AGAIN, again)
    for task_id, _, moment, outcome, notification_id in found:
        if outcome == WRITTEN:
            detail = {"planned_at": moment}
            history.record(connection, Entry(now, "too_early", SYSTEM, task_id, notification_id, detail))
    for statement in _RUNGS_TOO_EARLY:
        connection.execute(statement, (now,))
    snoozes = connection.execute(_AGAIN_AT_ITS_TIME, (now,)).rowcount
    quiet_hours.look_again(connection, now)
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


async def timed_ahead(database: Database, after_id: int, asked: TimedAhead) -> list[tuple[int, int]]:
    """Return the ids above `after_id` of CHUNK tasks that repeat and were timed by a clock that was ahead, and when."""
    (rows,) = await database.read(TaskRow.raw(_TIMED_AHEAD, after_id, asked.since, asked.until, CHUNK))
    return [(row["id"], row["at"]) for row in rows]


def time_again(connection: sqlite3.Connection, asked: ToTimeAgain) -> int:
    """Plan each task from its start, or from its true time where that is later; return how many go back by it.

    A task that was made or changed while the clock was ahead went on from a false now, and would never ring for what
    lies between. What it has had already is known by its wall time, and does not ring again.
    """
    earlier = 0
    for task_id, since in asked.tasks:
        try:
            timezone, zone_given, starts_on, next_on = connection.execute(_TIMING, (task_id,)).fetchone()
            zone = ZoneInfo(timezone) if zone_given else asked.clinic
            begins_on = max(starts_on, on_wall(since, zone).isoformat())
            if next_on is None or moment_on(next_on, zone) > moment_on(begins_on, zone):
                connection.execute(_PLANNED_ANEW, (begins_on, asked.now, task_id))
                earlier += 1
        except (ValueError, TypeError, KeyError, OSError, OverflowError):
            continue  # its row is not sound: it is parked when it is due
    return earlier


def keep_proven(connection: sqlite3.Connection, at: int) -> None:
    """Remember that the clock was proven at that time."""
    connection.execute("REPLACE INTO sound_clock (id, at, reached, waited) VALUES (1, ?1, ?1, 0)", (at,))
    clock_runs.prove(connection, at)


def keep_unproven(connection: sqlite3.Connection, asked: Unproven) -> None:
    """Remember the time of a clock that is not proven, or that is behind and not followed."""
    connection.execute(
        "UPDATE sound_clock SET reached = iif(?, ?, reached), waited = ?", (asked.is_behind, asked.now, asked.waited)
    )
    clock_runs.keep(connection, asked.now)


async def last_known(database: Database) -> Known | None:
    """Return what the file knows about the time; None before the first start."""
    (rows,) = await database.read(SoundClock.select())
    if not rows:
        return None
    (row,) = rows
    return Known(row["at"], row["at"] if row["reached"] is None else row["reached"], row["waited"])
