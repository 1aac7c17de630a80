"""What users answer to notifications, and the one state that all notifications of an occurrence share.

An occurrence rings once by a first notification, and once more each time that it was snoozed: each of these
notifications names the one before (`snooze_of`). Where a clock that was ahead rang it too early, it has one more first
notification for its true time. A device may still show an old one. An answer to any of them is an
answer to the occurrence: it is applied to all of them that exist by then, in one transaction.

    state                 read                confirm      snooze             when its time comes
    --------------------  ------------------  -----------  -----------------  -------------------
    UNREAD                READ                CONFIRMED    SNOOZED_UNREAD
    READ                  stays               CONFIRMED    SNOOZED_READ
    SNOOZED_UNREAD        SNOOZED_READ        CONFIRMED    stays, other time  UNREAD
    SNOOZED_READ          stays               CONFIRMED    stays, other time  UNREAD
    CONFIRMED             stays               stays        IsConfirmed        (nothing is snoozed)

Rows hold the state as follows. CONFIRMED: every row is READ, has `confirmed_at`, and none has `snoozed_until`.
Otherwise only the newest row can be UNREAD or have `snoozed_until`; all older rows are READ. A snooze of an older row
therefore moves the newest one. `store.snoozes` makes the step of the last column.

An answer that leaves the state as it is changes no row: an answer that is sent again is harmless. A snooze of a
notification until a time at which a later one has come is such an answer, however late it arrives.
"""

import sqlite3
from dataclasses import dataclass, replace
from enum import Enum, auto

from store import history, notifications
from store.clock import DAY
from store.history import Entry, What
from store.models import UserNotification as NotificationRow
from store.notifications import Notification
from store.transaction import run

LONGEST_SNOOZE = 366 * DAY
# How often one occurrence can come again: an answer changes all of its rows, in one transaction.
MOST_SNOOZES = 500


class State(Enum):
    """What an occurrence has come to."""

    UNREAD = auto()
    READ = auto()
    SNOOZED_UNREAD = auto()
    SNOOZED_READ = auto()
    CONFIRMED = auto()


# What each answer makes of a state. A snooze of a CONFIRMED one has no entry: it is refused.
AFTER_READ = {
    State.UNREAD: State.READ,
    State.READ: State.READ,
    State.SNOOZED_UNREAD: State.SNOOZED_READ,
    State.SNOOZED_READ: State.SNOOZED_READ,
    State.CONFIRMED: State.CONFIRMED,
}
AFTER_CONFIRM = dict.fromkeys(State, State.CONFIRMED)
AFTER_SNOOZE = {
    State.UNREAD: State.SNOOZED_UNREAD,
    State.READ: State.SNOOZED_READ,
    State.SNOOZED_UNREAD: State.SNOOZED_UNREAD,
    State.SNOOZED_READ: State.SNOOZED_READ,
}


@dataclass(frozen=True, slots=True)
class Asked:
    notification_id: int
    user_id: int | None  # whose it must be; None where anybody's will do
    by: str  # as the history tells it
    at: int


@dataclass(frozen=True, slots=True)
class AskedToSnooze(Asked):
    until: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The notifications of the occurrence as they are from now on."""

    notification: Notification  # the one that was asked about
    changed: tuple[Notification, ...]  # each that is not as it was before, oldest first
    unread: int | None  # how many its user has not read from now on; None where nothing has changed


class NoNotification:
    """There is none of that id, or it is another user's."""


class IsConfirmed:
    """What was confirmed does not come again."""


class NotAhead:
    """It can be snoozed for a year, and not until a time that has passed."""


class TooManySnoozes:
    """It has come again as often as it can."""


Refused = NoNotification | IsConfirmed | NotAhead | TooManySnoozes
Outcome = Answered | Refused


def read(connection: sqlite3.Connection, asked: Asked) -> Outcome:
    """Marks the occurrence as READ. A snooze stands: it comes again all the same."""
    rows = _occurrence(connection, asked)
    if not rows:
        return NoNotification()
    return _change(connection, asked, rows, AFTER_READ[state_of(rows)], _snoozed_until(rows))


def confirm(connection: sqlite3.Connection, asked: Asked) -> Outcome:
    """Confirms the occurrence for good: it is READ, its snooze is called off, it does not come again."""
    rows = _occurrence(connection, asked)
    if not rows:
        return NoNotification()
    return _change(connection, asked, rows, AFTER_CONFIRM[state_of(rows)], None)


def snooze(connection: sqlite3.Connection, asked: AskedToSnooze) -> Outcome:
    """Has the occurrence come again at a time, in place of any other time that it was snoozed until. Whether it is read
    stays as it is."""
    rows = _occurrence(connection, asked)
    if rows and (_snoozed_until(rows) == asked.until or _came_again(connection, rows, asked)):
        return _unchanged(asked, rows)
    if not asked.at < asked.until <= asked.at + LONGEST_SNOOZE:
        return NotAhead()
    if not rows:
        return NoNotification()
    state = state_of(rows)
    if state not in AFTER_SNOOZE:
        return IsConfirmed()
    if len(rows) > MOST_SNOOZES:
        return TooManySnoozes()
    return _change(connection, asked, rows, AFTER_SNOOZE[state], asked.until)


def state_of(rows: list[Notification]) -> State:
    """The state of the occurrence whose notifications these are."""
    if any(one.confirmed_at is not None for one in rows):
        return State.CONFIRMED
    unread = any(one.status == "UNREAD" for one in rows)
    if _snoozed_until(rows) is not None:
        return State.SNOOZED_UNREAD if unread else State.SNOOZED_READ
    return State.UNREAD if unread else State.READ


_OF_OCCURRENCE = """
    WITH RECURSIVE before (id, snooze_of) AS (
        SELECT id, snooze_of FROM user_notification WHERE id = ?
        UNION ALL
        SELECT one.id, one.snooze_of FROM user_notification AS one JOIN before ON one.id = before.snooze_of
    ), first (id) AS (
        SELECT id FROM before WHERE snooze_of IS NULL
        UNION
        SELECT same.id FROM before JOIN user_notification AS one ON one.id = before.id
        JOIN user_notification AS same ON same.task_id = one.task_id AND same.occurrence_on = one.occurrence_on
        WHERE one.snooze_of IS NULL AND same.snooze_of IS NULL
    ), occurrence (id) AS (
        SELECT id FROM first
        UNION ALL
        SELECT one.id FROM user_notification AS one JOIN occurrence ON one.snooze_of = occurrence.id
    )
    SELECT id FROM occurrence"""


def _occurrence(connection: sqlite3.Connection, asked: Asked) -> list[Notification]:
    """The notifications of the occurrence, oldest first; none where it is not there, or not the user's."""
    ids = [row[0] for row in connection.execute(_OF_OCCURRENCE, (asked.notification_id,))]
    query = notifications.select().where(NotificationRow.id.in_(ids)).order_by(NotificationRow.id)
    rows = [Notification(*row) for row in run(connection, query)]
    return rows if all(asked.user_id in (None, one.user_id) for one in rows) else []


def _snoozed_until(rows: list[Notification]) -> int | None:
    """Return when the occurrence comes again; None when it does not."""
    return max((one.snoozed_until for one in rows if one.snoozed_until is not None), default=None)


def _came_again(connection: sqlite3.Connection, rows: list[Notification], asked: AskedToSnooze) -> bool:
    """Return whether a later notification than the one asked about came at that time: then this is the same answer
    again."""
    since = [one.id for one in rows if one.id >= asked.notification_id]
    query = NotificationRow.select(NotificationRow.id).where(
        NotificationRow.snooze_of.in_(since), NotificationRow.occurrence_at == asked.until
    )
    return run(connection, query).fetchone() is not None


def _change(
    connection: sqlite3.Connection, asked: Asked, rows: list[Notification], state: State, until: int | None
) -> Answered:
    """Writes the state into those rows that do not hold it yet, and into their histories."""
    newest = rows[-1].id
    changed = []
    for one in rows:
        after = _in_state(one, state, until if one.id == newest else None, asked.at)
        if after != one:
            changed.append(after)
            _store(connection, after)
            history.record(connection, *_entries(asked, one, after))
    if not changed:
        return _unchanged(asked, rows)
    unread = notifications.count_unread(connection, rows[0].user_id)
    return Answered(_asked_about(asked, [*changed, *rows]), tuple(changed), unread)


def _unchanged(asked: Asked, rows: list[Notification]) -> Answered:
    return Answered(_asked_about(asked, rows), (), unread=None)


def _asked_about(asked: Asked, rows: list[Notification]) -> Notification:
    return next(one for one in rows if one.id == asked.notification_id)


def _in_state(one: Notification, state: State, until: int | None, at: int) -> Notification:
    """The notification as the state has it."""
    after = replace(one, snoozed_until=until)
    if state not in (State.UNREAD, State.SNOOZED_UNREAD) and one.status == "UNREAD":
        after = replace(after, status="READ", read_at=at)
    if state is State.CONFIRMED and one.confirmed_at is None:
        after = replace(after, confirmed_at=at)
    return after


def _store(connection: sqlite3.Connection, one: Notification) -> None:
    changes = {
        "status": one.status,
        "read_at": one.read_at,
        "confirmed_at": one.confirmed_at,
        "snoozed_until": one.snoozed_until,
    }
    run(connection, NotificationRow.update(changes).where(NotificationRow.id == one.id))


def _entries(asked: Asked, before: Notification, after: Notification) -> list[Entry]:
    """Return what the notification's history tells of the answer."""

    def entry(what: What, **detail: int) -> Entry:
        return Entry(asked.at, what, asked.by, after.task_id, after.id, detail)

    entries = []
    if after.status != before.status:
        entries.append(entry("read"))
    if after.confirmed_at != before.confirmed_at:
        entries.append(entry("confirmed"))
    if after.snoozed_until not in (None, before.snoozed_until):
        entries.append(entry("snoozed", until=after.snoozed_until))
    return entries
