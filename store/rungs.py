"""The ladder of an occurrence: which users it rings while it is not answered, and when it counts as missed.

An occurrence of a task with `follow_up` gets its rungs in the transaction that writes its first notification. A rung is
a row with its due time. When that has come, it becomes a notification of its user, in one transaction with the row: so
whatever crashes, it rings once. The last row of a ladder has no user: then the outcome is MISSED.

A rung is passed without a ring

- where a later rung of the same user is due as well, or the first notification came after its time: the server was
  down;
- once the occurrence has an outcome, or is forgotten since a clock that was ahead had brought it;
- once the reminder is cancelled or withdrawn.

A rung that is due in its user's quiet hours waits for their end (store/quiet_hours.py), and so does a first ring, as
rung 0. Nothing else waits: the outcome may be MISSED by then, and what was held rings all the same.

A ring stands for the earlier ones of its user, which become READ: unread ones are counted once an occurrence.
"""

import sqlite3
from dataclasses import replace

from peewee import ModelSelect

from store import answers, history, notifications, quiet_hours, snoozes
from store.answers import Answered
from store.database import Database
from store.history import SYSTEM, Entry
from store.models import Rung as RungRow
from store.notifications import NewNotification, Notification, Settled
from store.occurrences import MAX_TIME, Due
from store.quiet_hours import HeldRing, Quiet
from store.snoozes import CameAgain

_SOME = """SELECT DISTINCT task_id, planned_on FROM (
    SELECT task_id, planned_on FROM rung WHERE passed_at IS NULL AND due_at <= ? ORDER BY due_at LIMIT ?)"""
_OF_OCCURRENCE = """SELECT number, user_id, due_at FROM rung
    WHERE task_id = ? AND planned_on = ? AND passed_at IS NULL AND due_at <= ? ORDER BY number"""
_USERS = """SELECT DISTINCT user_id FROM rung
    WHERE task_id = ? AND planned_on = ? AND passed_at IS NULL AND due_at <= ? AND user_id IS NOT NULL"""
# After MISSED only what was held is left.
_OCCURRENCE = """SELECT biz_type, biz_id, title, content, planned_at, notification_id, critical, status
    FROM occurrence JOIN reminder_task AS task ON task.id = task_id
    WHERE task_id = ? AND planned_on = ? AND (settled IS NULL OR settled = 'MISSED') AND outcome = 'WRITTEN'"""
_RANG_FIRST = """UPDATE occurrence SET notification_id = ?, at = ?
    WHERE task_id = ? AND planned_on = ? AND notification_id IS NULL"""
_PASSED = "UPDATE rung SET passed_at = ? WHERE task_id = ? AND planned_on = ? AND number = ?"


def dispatch_due(connection: sqlite3.Connection, due: Due) -> list[Notification | CameAgain]:
    """Ring what is due, occurrence by occurrence; return what users are to be told, in order."""
    told: list[Notification | CameAgain] = []
    for task_id, planned_on in connection.execute(_SOME, (due.now, due.limit)).fetchall():
        told += dispatch_one(connection, (task_id, planned_on, due.now))
    return told


def dispatch_one(connection: sqlite3.Connection, one: tuple[int, str, int]) -> list[Notification | CameAgain]:
    """The same for a single occurrence, by its task, what it is known by, and the time that it is now."""
    task_id, planned_on, now = one
    found = connection.execute(_OCCURRENCE, (task_id, planned_on)).fetchone()
    if found is None:
        answers.end_ladder(connection, task_id, planned_on, now)
        return []
    biz_type, biz_id, title, content, planned_at, first, critical, status = found
    rings = status != "CANCELLED"  # it has its end all the same
    told = _hold(connection, one, planned_at, critical) if rings else []
    rungs = connection.execute(_OF_OCCURRENCE, (task_id, planned_on, now)).fetchall()
    latest = {user_id: number for number, user_id, _ in rungs if user_id is not None and rings}
    connection.executemany(_PASSED, [(now, task_id, planned_on, number) for number, _, _ in rungs])
    new = [
        NewNotification(
            user_id=user_id,
            biz_type=biz_type,
            biz_id=biz_id,
            title=title,
            content=content,
            created_at=now,
            task_id=task_id,
            occurrence_at=planned_at,
            occurrence_on=planned_on,
            rung=number,
        )
        for user_id, number in sorted(latest.items(), key=lambda item: item[1])
    ]
    written = notifications.notify(connection, new)
    told += [_standing_for_earlier(connection, ring, now) for ring in written]
    if first is None and written:
        first = written[0].id
        connection.execute(_RANG_FIRST, (first, now, task_id, planned_on))
    ends = [due_at for _, user_id, due_at in rungs if user_id is None]
    if ends:
        changed = answers.write_outcome(connection, (task_id, planned_on), first, Settled("MISSED", ends[0], SYSTEM))
        history.record(connection, Entry(now, "missed", SYSTEM, task_id, first, {"planned_at": planned_at}))
        told += [CameAgain(one, None) for one in changed]
    return told


def _hold(
    connection: sqlite3.Connection, one: tuple[int, str, int], planned_at: int, critical: int | None
) -> list[Notification | CameAgain]:
    """Hold what is due of an occurrence in quiet hours of its users; return what users are to be told."""
    task_id, planned_on, now = one
    told: list[Notification | CameAgain] = []
    quiet = Quiet(connection, now)
    for (user_id,) in connection.execute(_USERS, one).fetchall() if quiet.is_known else ():
        until = quiet.until(user_id, critical)
        if until is not None:
            quiet_hours.hold(connection, HeldRing(task_id, planned_on, planned_at, user_id, until), now)
            told += snoozes.drop_held(connection, (task_id, planned_on), user_id)
    return told


def _standing_for_earlier(connection: sqlite3.Connection, new: Notification, now: int) -> Notification | CameAgain:
    """The new notification, with what becomes of its user's earlier ones: it takes over a snooze that is to come, and
    stands for one whose time has come."""
    rows = answers.of_occurrence(connection, new.id)
    earlier = [one for one in rows if one.user_id == new.user_id and one.id < new.id]
    snoozed = [one.snoozed_until for one in earlier if one.snoozed_until is not None]
    until = max((time for time in snoozed if time > now), default=None)
    changed = []
    for one in earlier:
        after = replace(one, status="READ", read_at=one.read_at or now, snoozed_until=None)
        if after != one:
            changed.append(after)
            answers.store(connection, after)
    if until is not None:
        new = replace(new, snoozed_until=until)
        answers.store(connection, new)
    if not changed:
        return new
    unread = notifications.count_unread(connection, new.user_id)
    return CameAgain(Answered(changed[-1], tuple(changed), unread), new)


def give_up(connection: sqlite3.Connection, one: tuple[int, str, int]) -> None:
    """End the ladder of an occurrence without a ring, at the time that it is now."""
    answers.end_ladder(connection, *one)


def first_due() -> "ModelSelect[RungRow]":
    """When the next rung is due, as a query."""
    return _open(RungRow.select(RungRow.due_at.alias("due"))).limit(1)


async def due(database: Database, asked: Due) -> list[tuple[int, str]]:
    """The occurrences that have rungs which are due, by their tasks and what they are known by."""
    query = _open(RungRow.select(RungRow.task.alias("task_id"), RungRow.planned_on)).where(RungRow.due_at <= asked.now)
    (rows,) = await database.read(query.limit(asked.limit))
    return list(dict.fromkeys((row["task_id"], row["planned_on"]) for row in rows))


def _open(query: "ModelSelect[RungRow]") -> "ModelSelect[RungRow]":
    return query.where(RungRow.passed_at.is_null(), RungRow.due_at <= MAX_TIME).order_by(RungRow.due_at)
