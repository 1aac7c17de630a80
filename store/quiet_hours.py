"""A user's quiet hours: a ring that comes due in them, and is not critical, waits for their end.

A ring that is held is a row of `rung` whose due time is moved to the end of the quiet hours: a first ring is held as
rung 0 of its occurrence. It becomes a notification as every rung does, so that it rings once whatever crashes, and not
at all where the occurrence was answered or withdrawn meanwhile. What was snoozed is held by its own time.

What is held is looked at anew when the quiet hours change, at a start and when a clock was set back: their end may be
another by now.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from store import history
from store.clock import first_on_wall, in_milliseconds, on_wall
from store.database import Database
from store.history import SYSTEM, Entry
from store.models import QuietHours as QuietHoursRow
from store.transaction import is_of_file


@dataclass(frozen=True, slots=True)
class QuietHours:
    user_id: int
    begins: str  # such as 22:00, on the wall of the zone
    ends: str  # the same; not after `begins`: on the next day
    timezone: str
    zone_given: bool  # False: it goes by the clinic's zone, whichever that is

    def until(self, now: int) -> int | None:
        """Return when those end that it is now; None outside of them.

        Both ends are times on the wall as all others are: one that daylight saving skips means the end of the gap, one
        that comes twice the first.
        """
        zone = ZoneInfo(self.timezone)
        begins, ends = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        today = on_wall(now, zone).date()
        for days in (-1, 0):
            day = today + timedelta(days=days)
            last = day if ends > begins else day + timedelta(days=1)
            begin, end = (
                in_milliseconds(first_on_wall(datetime.combine(*one), zone)) for one in ((day, begins), (last, ends))
            )
            if begin <= now < end:
                return end
        return None


@dataclass(frozen=True, slots=True)
class Change:
    """A user's quiet hours from now on; None for none."""

    user_id: int
    quiet: QuietHours | None
    now: int


@dataclass(frozen=True, slots=True)
class Clinic:
    """The clinic's zone, and what time it is now."""

    timezone: str
    now: int


_OF_USER = "SELECT user_id, begins, ends, timezone, zone_given FROM quiet_hours WHERE user_id = ?"
_ANY = "SELECT 1 FROM quiet_hours WHERE user_id > -9223372036854775808 LIMIT 1"
_PUT = "REPLACE INTO quiet_hours (user_id, begins, ends, timezone, zone_given) VALUES (?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM quiet_hours WHERE user_id = ?"
_OF_CLINIC = "UPDATE quiet_hours SET timezone = ?1 WHERE zone_given = 0 AND timezone <> ?1"

_HELD = """SELECT DISTINCT user_id, due_at FROM rung
    WHERE held_from IS NOT NULL AND passed_at IS NULL AND user_id {which}
    AND typeof(user_id) = 'integer' AND typeof(due_at) = 'integer' AND typeof(held_from) = 'integer'"""
_LET_GO = """UPDATE rung SET due_at = held_from
    WHERE user_id = ? AND due_at = ? AND typeof(held_from) = 'integer' AND passed_at IS NULL"""
_FIRST_HELD = """INSERT OR IGNORE INTO rung (task_id, planned_on, number, user_id, due_at, held_from)
    VALUES (?, ?, 0, ?, ?, ?)"""
_HOLD = """UPDATE rung SET due_at = ?, held_from = coalesce(held_from, due_at)
    WHERE task_id = ? AND planned_on = ? AND user_id = ? AND passed_at IS NULL AND due_at <= ?"""
_IS_HELD = """SELECT 1 FROM rung
    WHERE task_id = ? AND planned_on = ? AND user_id = ? AND passed_at IS NULL AND held_from IS NOT NULL"""

_SNOOZES = """SELECT notification_id, user_id, until FROM held_snooze WHERE user_id {which}
    AND typeof(user_id) = 'integer' AND typeof(until) = 'integer' AND typeof(held_from) = 'integer'"""
_SNOOZE_HELD = "REPLACE INTO held_snooze (notification_id, user_id, held_from, until) VALUES (?, ?, ?, ?)"
_SNOOZE_LET_GO = (
    """UPDATE user_notification SET snoozed_until = held_from FROM held_snooze
        WHERE id = ?1 AND notification_id = ?1""",
    "UPDATE held_snooze SET until = held_from WHERE notification_id = ?1",
)
_WAS_HELD = "SELECT held_from FROM held_snooze WHERE notification_id = ? AND until = ?"
_FORGET_SNOOZE = "DELETE FROM held_snooze WHERE notification_id = ?"
_FORGET_SNOOZES = """DELETE FROM held_snooze WHERE user_id {which} AND NOT EXISTS (
    SELECT 1 FROM user_notification WHERE id = notification_id AND snoozed_until = until)"""


class Quiet:
    """Who is to be left alone at a moment, within a transaction."""

    def __init__(self, connection: sqlite3.Connection, now: int) -> None:
        self._connection = connection
        self._now = now
        self._until: dict[int, int | None] = {}
        self.is_known = connection.execute(_ANY).fetchone() is not None  # whether any user has quiet hours

    def until(self, user_id: int, is_critical: int | None) -> int | None:
        """Return when a ring of the user is to come that is due by now; None for now."""
        if is_critical or not self.is_known:
            return None
        if user_id not in self._until:
            self._until[user_id] = _until(self._connection, user_id, self._now)
        return self._until[user_id]


def change(connection: sqlite3.Connection, asked: Change) -> QuietHours | None:
    """Give a user quiet hours in place of the earlier ones, or none; return them."""
    quiet = asked.quiet
    if quiet is None:
        connection.execute(_REMOVE, (asked.user_id,))
    else:
        connection.execute(_PUT, (quiet.user_id, quiet.begins, quiet.ends, quiet.timezone, quiet.zone_given))
    _look_again(connection, asked.now, "= ?", asked.user_id)
    return quiet


def look_again(connection: sqlite3.Connection, now: int) -> None:
    """Let go what is held until another time than the end of its user's quiet hours: it is due, and held anew where it
    is quiet. Where that time has passed it is due by it: it came too early if the clock is ahead."""
    _look_again(connection, now, "IS NOT NULL")


def start(connection: sqlite3.Connection, clinic: Clinic) -> None:
    """Go by the clinic's zone and the zone data of today."""
    connection.execute(_OF_CLINIC, (clinic.timezone,))
    look_again(connection, clinic.now)


def _look_again(connection: sqlite3.Connection, now: int, which: str, *user_id: int) -> None:
    quiet = Quiet(connection, now)
    for held_user, due_at in connection.execute(_HELD.format(which=which), user_id).fetchall():
        if due_at > now and quiet.until(held_user, False) != due_at:
            connection.execute(_LET_GO, (held_user, due_at))
    connection.execute(_FORGET_SNOOZES.format(which=which), user_id)
    for notification_id, held_user, until in connection.execute(_SNOOZES.format(which=which), user_id).fetchall():
        if until > now and quiet.until(held_user, False) != until:
            for statement in _SNOOZE_LET_GO:
                connection.execute(statement, (notification_id,))


@dataclass(frozen=True, slots=True)
class HeldRing:
    """A ring of an occurrence for a user, which quiet hours hold."""

    task_id: int
    planned_on: str
    planned_at: int
    user_id: int
    until: int


def hold_first(connection: sqlite3.Connection, held: list[HeldRing], now: int) -> None:
    """Hold the first rings of occurrences that have just been written."""
    connection.executemany(
        _FIRST_HELD, [(one.task_id, one.planned_on, one.user_id, one.until, one.planned_at) for one in held]
    )
    history.record(connection, *(_entry(one, now) for one in held))


def hold(connection: sqlite3.Connection, one: HeldRing, now: int) -> None:
    """Hold what an occurrence would ring the user by now."""
    connection.execute(_HOLD, (one.until, one.task_id, one.planned_on, one.user_id, now))
    history.record(connection, _entry(one, now))


def is_held(connection: sqlite3.Connection, task_id: int, planned_on: str, user_id: int) -> bool:
    """Return whether a ring of the occurrence is held for the user."""
    return connection.execute(_IS_HELD, (task_id, planned_on, user_id)).fetchone() is not None


def hold_snooze(connection: sqlite3.Connection, notification_id: int, user_id: int, held_from: int, until: int) -> None:
    """Note that a snooze comes later than it was asked for; its notification says so already."""
    connection.execute(_SNOOZE_HELD, (notification_id, user_id, held_from, until))


def snooze_held_from(connection: sqlite3.Connection, notification_id: int, until: int | None) -> int | None:
    """Return when a snooze was to come that is held until that time; None for one that is not held."""
    found = connection.execute(_WAS_HELD, (notification_id, until)).fetchone()
    return None if found is None else int(found[0])


def forget_snooze(connection: sqlite3.Connection, notification_id: int) -> None:
    """Forget a held snooze: it has come, or a ring stands for it."""
    connection.execute(_FORGET_SNOOZE, (notification_id,))


async def of_user(database: Database, user_id: int) -> QuietHours | None:
    """Return the user's quiet hours, None without any."""
    (rows,) = await database.read(QuietHoursRow.select().where(QuietHoursRow.user_id == user_id))
    return QuietHours(**{**rows[0], "zone_given": bool(rows[0]["zone_given"])}) if rows else None


def _entry(one: HeldRing, now: int) -> Entry:
    detail = {"planned_at": one.planned_at, "user_id": one.user_id, "until": one.until}
    return Entry(now, "held", SYSTEM, one.task_id, detail=detail)


def _until(connection: sqlite3.Connection, user_id: int, now: int) -> int | None:
    try:
        row = connection.execute(_OF_USER, (user_id,)).fetchone()
        return None if row is None else QuietHours(*row).until(now)
    except Exception as fault:
        if is_of_file(fault):
            raise
        return None  # its row is not sound: too loud is the lesser harm
