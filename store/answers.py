"""What users answer to notifications, and the one state that a user's notifications of an occurrence share.

An occurrence rings once by a first notification, and once more each time that it was snoozed: each of these
notifications names the one before (`snooze_of`). Where it has a ladder (`store.rungs`), it also rings for each rung,
for that rung's user. Where a clock that was ahead rang it too early, it has one more first
notification for its true time. A device may still show an old one. An answer to any of them is an
answer to the occurrence: it is applied to all of them that exist by then, in one transaction.

    state                 read                confirm      snooze             when its time comes
    --------------------  ------------------  -----------  -----------------  -------------------
    UNREAD                READ                CONFIRMED    SNOOZED_UNREAD
    READ                  stays               CONFIRMED    SNOOZED_READ
    SNOOZED_UNREAD        SNOOZED_READ        CONFIRMED    stays, other time  UNREAD
    SNOOZED_READ          stays               CONFIRMED    stays, other time  UNREAD
    CONFIRMED             stays               stays        IsConfirmed        (nothing is snoozed)

To read and to snooze changes the notifications of one user. To confirm settles the occurrence for all users on the
ladder: the first answer gives it its outcome, DONE or SKIPPED. The same again changes nothing, another one is refused.
MISSED, which the ladder's end gives it, may still be answered; WITHDRAWN may not.

Rows hold the state as follows. CONFIRMED: every row is READ, has `confirmed_at`, and none has `snoozed_until`.
Otherwise only the newest row can be UNREAD or have `snoozed_until`; all older rows are READ. A snooze of an older row
therefore moves the newest one. `store.snoozes` makes the step of the last column.

An answer that leaves the state as it is changes no row: an answer that is sent again is harmless. A snooze of a
notification until a time at which a later one has come is such an answer, however late it arrives.
"""

import sqlite3
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Literal

from peewee import SQL

from store import history, notifications, quiet_hours
from store.clock import DAY
from store.history import Entry, What
from store.models import UserNotification as NotificationRow
from store.notifications import Notification, Settled
from store.transaction import run

LONGEST_SNOOZE = 366 * DAY
# How often one occurrence can come again: an answer changes all of its rows, in one transaction.
MOST_SNOOZES = 500


GivenOutcome = Literal["DONE", "SKIPPED"]


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
class AskedToConfirm(Asked):
    """To confirm, with what is known of it."""

    outcome: GivenOutcome | None = None  # None: the client says nothing of outcomes, and means DONE
    note: str | None = None
    was_at: int | None = None  # when it really was; None for now


@dataclass(frozen=True, slots=True)
class Answered:
    """A user's notifications of the occurrence as they are from now on."""

    notification: Notification  # the one that was asked about
    changed: tuple[Notification, ...]  # each that is not as it was before, oldest first
    unread: int | None  # how many its user has not read from now on; None where nothing has changed
    others: "tuple[Answered, ...]" = ()  # the same of the other users on the ladder


class NoNotification:
    """There is none of that id, or it is another user's."""


class IsConfirmed:
    """What was confirmed does not come again."""


class NotAhead:
    """It can be snoozed for a year, and not until a time that has passed."""


class TooManySnoozes:
    """It has come again as often as it can."""


class HasOtherOutcome:
    """The occurrence was answered otherwise, or its reminder was withdrawn."""


Refused = NoNotification | IsConfirmed | NotAhead | TooManySnoozes | HasOtherOutcome
Outcome = Answered | Refused


def read(connection: sqlite3.Connection, asked: Asked) -> Outcome:
    """Marks the occurrence as READ. A snooze stands: it comes again all the same."""
    rows = _own(connection, asked)
    if not rows:
        return NoNotification()
    return _change(connection, asked, rows, AFTER_READ[state_of(rows)], _snoozed_until(rows))


def confirm(connection: sqlite3.Connection, asked: AskedToConfirm) -> Outcome:
    """Confirms the occurrence for good: it has its outcome, is READ for everybody on its ladder, and comes no more."""
    own = _own(connection, asked)
    if not own:
        return NoNotification()
    rows = of_occurrence(connection, asked.notification_id)
    outcome = asked.outcome or "DONE"
    occurrence = known_by(connection, rows[0])
    before = _outcome(connection, occurrence, rows[0])
    if before in ("DONE", "SKIPPED", "WITHDRAWN"):
        return _unchanged(asked, own) if before == outcome else HasOtherOutcome()
    settled = Settled(outcome, asked.at if asked.was_at is None else asked.was_at, asked.by, asked.note)
    _settle(connection, occurrence, settled)
    end_ladder(connection, *occurrence, asked.at)
    told = settled if _speaks_of_outcomes(connection, asked, occurrence) else None
    answered = _change(connection, asked, own, AFTER_CONFIRM[state_of(own)], None, told)
    others = []
    for user_id in dict.fromkeys(one.user_id for one in rows if one.user_id != own[0].user_id):
        of_user = [one for one in rows if one.user_id == user_id]
        about = replace(asked, notification_id=of_user[-1].id)
        others.append(_change(connection, about, of_user, AFTER_CONFIRM[state_of(of_user)], None, told))
    return replace(answered, others=tuple(others))


def write_outcome(
    connection: sqlite3.Connection, occurrence: tuple[int, str], first: int | None, settled: Settled
) -> list[Answered]:
    """Give an occurrence an outcome that is no answer, such as MISSED; return its notifications, which stay as they
    are, by user. It is known by its task and planned time; `first` is its first notification, None where it has not
    rung."""
    _settle(connection, occurrence, settled)
    connection.execute(_NO_MORE_RUNGS_BUT_HELD, (settled.at, *occurrence))
    rows = [] if first is None else of_occurrence(connection, first)  # none where they were deleted for their age
    told = []
    for user_id in dict.fromkeys(one.user_id for one in rows):
        of_user = tuple(replace(one, settled=settled) for one in rows if one.user_id == user_id)
        told.append(Answered(of_user[-1], of_user[-1:], notifications.count_unread(connection, user_id)))
    return told


def snooze(connection: sqlite3.Connection, asked: AskedToSnooze) -> Outcome:
    """Has the occurrence come again at a time, in place of any other time that it was snoozed until. Whether it is read
    stays as it is."""
    rows = _own(connection, asked)
    if rows and (_snoozed_until(rows) == asked.until or _is_held(connection, rows, asked.until)):
        return _unchanged(asked, rows)
    if rows and _came_again(connection, rows, asked):
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


_RELATED = """
    WITH RECURSIVE before (id, snooze_of) AS (
        SELECT id, snooze_of FROM user_notification WHERE id = ?
        UNION ALL
        SELECT one.id, one.snooze_of FROM before CROSS JOIN user_notification AS one ON one.id = before.snooze_of
    ), first (id) AS (
        SELECT id FROM before WHERE snooze_of IS NULL
        UNION
        SELECT same.id FROM before CROSS JOIN user_notification AS one ON one.id = before.id
        CROSS JOIN user_notification AS same ON same.task_id = one.task_id AND same.occurrence_on = one.occurrence_on
        WHERE one.snooze_of IS NULL AND same.snooze_of IS NULL
    ), occurrence (id) AS (
        SELECT id FROM first
        UNION ALL
        SELECT one.id FROM occurrence CROSS JOIN user_notification AS one ON one.snooze_of = occurrence.id
    )
    """
# peewee writes the SQL once: that takes longer than to run it.
_OF_IDS = notifications.select().where(NotificationRow.id.in_(SQL("(SELECT id FROM occurrence)")))
_OF_OCCURRENCE = _RELATED + _OF_IDS.order_by(NotificationRow.id).sql()[0]
_STORE = "UPDATE user_notification SET status = ?, read_at = ?, confirmed_at = ?, snoozed_until = ? WHERE id = ?"
_KNOWN_BY = "SELECT task_id, occurrence_on FROM user_notification WHERE id = ?"
_OUTCOME = "SELECT settled FROM occurrence WHERE task_id = ? AND planned_on = ?"
_SETTLED = """UPDATE occurrence SET settled = ?, settled_at = ?, settled_by = ?, note = ?
    WHERE task_id = ? AND planned_on = ?"""
# What has rung while the clock was ahead, and was forgotten since: it is had, as if it had been answered by then.
RANG_EARLY = """INSERT OR IGNORE INTO occurrence (task_id, planned_on, planned_at, at, outcome, notification_id)
    SELECT task_id, occurrence_on, occurrence_at, created_at, 'WRITTEN', id FROM user_notification
    WHERE task_id = ? AND occurrence_on {which} AND early > 0 AND snooze_of IS NULL AND confirmed_at IS NULL
    ORDER BY id"""
_HAS_LADDER = "SELECT 1 FROM rung WHERE task_id = ? AND planned_on = ? AND number > 0 LIMIT 1"
_NO_MORE_RUNGS = "UPDATE rung SET passed_at = ? WHERE task_id = ? AND planned_on = ? AND passed_at IS NULL"
_NO_MORE_RUNGS_BUT_HELD = f"{_NO_MORE_RUNGS} AND held_from IS NULL"


def of_occurrence(connection: sqlite3.Connection, notification_id: int) -> list[Notification]:
    """Return the notifications of the occurrence that one of them is of, of all users, oldest first."""
    return [Notification(*row) for row in connection.execute(_OF_OCCURRENCE, (notification_id,))]


def _own(connection: sqlite3.Connection, asked: Asked) -> list[Notification]:
    """Return those of them that are of the same user as the one asked about; none where that is not there, or is
    another's."""
    rows = of_occurrence(connection, asked.notification_id)
    whose = next((one.user_id for one in rows if one.id == asked.notification_id), None)
    return [one for one in rows if one.user_id == whose] if asked.user_id in (None, whose) else []


def _outcome(connection: sqlite3.Connection, occurrence: tuple[int, str], first: Notification) -> str | None:
    """Return what the occurrence of a first notification came to, if it is over."""
    found = connection.execute(_OUTCOME, occurrence).fetchone()
    if found is None or found[0] is None:
        # One that rang while the clock was ahead has no row until it is answered or due. Older Carelines kept none.
        return None if first.confirmed_at is None else "DONE"
    return str(found[0])


def _speaks_of_outcomes(connection: sqlite3.Connection, asked: AskedToConfirm, occurrence: tuple[int, str]) -> bool:
    """Whether the client knows of outcomes, or a ladder was asked for. Others are told what they always were."""
    if (asked.outcome, asked.note, asked.was_at) != (None, None, None):
        return True
    return connection.execute(_HAS_LADDER, occurrence).fetchone() is not None


def end_ladder(connection: sqlite3.Connection, task_id: int, planned_on: str, at: int) -> None:
    """Let no further rung of an occurrence ring."""
    connection.execute(_NO_MORE_RUNGS, (at, task_id, planned_on))


def _settle(connection: sqlite3.Connection, occurrence: tuple[int, str], settled: Settled) -> None:
    row = (settled.outcome, settled.at, settled.by, settled.note, *occurrence)
    if not connection.execute(_SETTLED, row).rowcount:
        connection.execute(RANG_EARLY.format(which="= ?"), occurrence)
        connection.execute(_SETTLED, row)


def known_by(connection: sqlite3.Connection, first: Notification) -> tuple[int, str]:
    """Return what an occurrence is known by, from its first notification or another that is no snooze of one."""
    task_id, planned_on = connection.execute(_KNOWN_BY, (first.id,)).fetchone()
    return task_id, planned_on


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


def _is_held(connection: sqlite3.Connection, rows: list[Notification], until: int) -> bool:
    """Return whether it was snoozed until that time, and is held since then."""
    return any(
        quiet_hours.snooze_held_from(connection, one.id, one.snoozed_until) == until
        for one in rows
        if one.snoozed_until is not None
    )


def _change(
    connection: sqlite3.Connection,
    asked: Asked,
    rows: list[Notification],
    state: State,
    until: int | None,
    settled: Settled | None = None,
) -> Answered:
    """Writes the state into those rows that do not hold it yet, and into their histories. `settled` is the outcome that
    it comes with."""
    newest = rows[-1].id
    changed = []
    for one in rows:
        after = _in_state(one, state, until if one.id == newest else None, asked.at)
        if after != one:
            changed.append(replace(after, settled=settled))
            store(connection, after)
            history.record(connection, *_entries(asked, one, after, settled))
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


def store(connection: sqlite3.Connection, one: Notification) -> None:
    """Write what answers change in a notification."""
    connection.execute(_STORE, (one.status, one.read_at, one.confirmed_at, one.snoozed_until, one.id))


def _entries(asked: Asked, before: Notification, after: Notification, settled: Settled | None) -> list[Entry]:
    """Return what the notification's history tells of the answer."""

    def entry(what: What, **detail: int | str) -> Entry:
        return Entry(asked.at, what, asked.by, after.task_id, after.id, detail)

    entries = []
    if after.status != before.status:
        entries.append(entry("read"))
    if after.confirmed_at != before.confirmed_at:
        entries.append(entry("confirmed", **_told_of(asked, settled)))
    if after.snoozed_until not in (None, before.snoozed_until):
        entries.append(entry("snoozed", until=after.snoozed_until))
    return entries


def _told_of(asked: Asked, settled: Settled | None) -> dict[str, int | str]:
    """What the history tells of an outcome beyond DONE at that time."""
    if settled is None:
        return {}
    told: dict[str, int | str] = {}
    if settled.outcome != "DONE":
        told["outcome"] = settled.outcome
    if settled.at != asked.at:
        told["was_at"] = settled.at
    if settled.note is not None:
        told["note"] = settled.note
    return told
