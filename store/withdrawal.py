"""A reminder is withdrawn: it comes no more, its ladders end, and what is unread of it becomes READ."""

import sqlite3
from dataclasses import dataclass, replace

from store import answers, history, notifications, reminders
from store.answers import Answered
from store.history import Entry
from store.models import ReminderTask as TaskRow
from store.models import UserNotification as NotificationRow
from store.notifications import Notification, Settled
from store.reminders import Cancelling, ReminderTask
from store.transaction import run


@dataclass(frozen=True, slots=True)
class Withdrawing(Cancelling):
    reason: str | None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    task: ReminderTask  # as it is from now on
    changed: tuple[Answered, ...]  # what became of its notifications, by user; none where it changed nothing


_OUTCOMES = """UPDATE occurrence SET settled = 'WITHDRAWN', settled_at = ?, settled_by = ?, note = ?
    WHERE task_id = ? AND outcome = 'WRITTEN' AND (settled IS NULL OR settled = 'MISSED')"""
_NO_MORE_RUNGS = "UPDATE rung SET passed_at = ? WHERE task_id = ? AND passed_at IS NULL"
_AT_MOST_ONCE = "SELECT 1 FROM history WHERE task_id = ? AND what = 'withdrawn'"
_WITHDRAWN = "UPDATE user_notification SET withdrawn_at = ? WHERE id = ?"


def withdraw(connection: sqlite3.Connection, asked: Withdrawing) -> Withdrawn | None:
    """Withdraw a task, whatever its status. None where there is none; again changes nothing."""
    task = reminders.find(connection, asked.task_id)
    if task is None:
        return None
    if connection.execute(_AT_MOST_ONCE, (task.id,)).fetchone():
        return Withdrawn(task, ())
    connection.execute(answers.RANG_EARLY.format(which="IS NOT NULL"), (task.id,))
    connection.execute(_OUTCOMES, (asked.at, asked.by, asked.reason, task.id))
    reminders.cancel(connection, asked)
    run(connection, TaskRow.update(status="CANCELLED", next_at=None).where(TaskRow.id == task.id))
    connection.execute(_NO_MORE_RUNGS, (asked.at, task.id))
    detail = {} if asked.reason is None else {"reason": asked.reason}
    history.record(connection, Entry(asked.at, "withdrawn", asked.by, task.id, detail=detail))
    settled = Settled("WITHDRAWN", asked.at, asked.by, asked.reason)
    query = notifications.select().where(
        NotificationRow.task == task.id,
        (NotificationRow.status == "UNREAD") | NotificationRow.snoozed_until.is_null(False),
    )
    by_user: dict[int, list[Notification]] = {}
    for row in run(connection, query.order_by(NotificationRow.id)).fetchall():
        one = Notification(*row)
        read_at = asked.at if one.read_at is None else one.read_at
        ended = replace(one, status="READ", read_at=read_at, snoozed_until=None, withdrawn_at=asked.at)
        answers.store(connection, ended)
        connection.execute(_WITHDRAWN, (asked.at, one.id))
        by_user.setdefault(one.user_id, []).append(replace(ended, settled=settled))
    changed = tuple(
        Answered(rows[-1], tuple(rows), notifications.count_unread(connection, user_id))
        for user_id, rows in by_user.items()
    )
    after = reminders.find(connection, task.id)
    assert after is not None  # it was there just now
    return Withdrawn(after, changed)
