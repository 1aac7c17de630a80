"""Deletes what is kept long enough: read notifications, and closed questions with their messages.

Each statement deletes a chunk at most, so that a caller who asks again and again lets messages through in between.
"""

import sqlite3
from dataclasses import dataclass

from peewee import fn

from store import files
from store.models import History as HistoryRow
from store.models import Message as MessageRow
from store.models import Occurrence as OccurrenceRow
from store.models import Participant as ParticipantRow
from store.models import Question as QuestionRow
from store.models import ReminderTask as TaskRow
from store.models import Rung as RungRow
from store.models import UserNotification as NotificationRow
from store.transaction import run

# Rows in one transaction. Old rows lie apart, on pages that have to be read first.
CHUNK = 100
_NO_REPLY_WAITS = """UPDATE user_notification SET status = 'READ', read_at = coalesce(read_at, ?), snoozed_until = NULL
    WHERE biz_id = ? AND task_id IS NULL AND (status = 'UNREAD' OR snoozed_until IS NOT NULL)"""


@dataclass(frozen=True, slots=True)
class Closed:
    """Asks for the end of questions that were closed before a moment."""

    before: int
    now: int


def delete_read_notifications(connection: sqlite3.Connection, before: int) -> int:
    """Deletes a chunk of the notifications that were read before the moment, with their history; how many.

    One that is snoozed stays until it has come again, and what has come again goes first. A reminder task that is over
    goes with its last notification, whose text it holds.
    """
    again = NotificationRow.alias()
    old = run(
        connection,
        NotificationRow.select(NotificationRow.id, NotificationRow.task)
        .where(
            NotificationRow.read_at < before,
            # Garbage that was written over a task's id is passed over: it must not keep the others.
            fn.typeof(NotificationRow.task) == "integer",
            NotificationRow.snoozed_until.is_null(),
            ~fn.EXISTS(again.select(again.id).where(again.snooze_of == NotificationRow.id)),
        )
        .order_by(NotificationRow.read_at)
        .limit(CHUNK),
    ).fetchall()
    ids = [notification_id for notification_id, _ in old]
    run(connection, HistoryRow.delete().where(HistoryRow.notification_id.in_(ids)))
    run(connection, NotificationRow.delete().where(NotificationRow.id.in_(ids)))
    _delete_tasks_that_are_over(connection, {task_id for _, task_id in old})
    return len(old)


def _delete_tasks_that_are_over(connection: sqlite3.Connection, task_ids: set[int]) -> None:
    """Delete those of these tasks that have no notification any more and will have none."""
    left = NotificationRow.select(NotificationRow.id).where(NotificationRow.task == TaskRow.id)
    to_ring = RungRow.select(RungRow.number).where(RungRow.task == TaskRow.id, RungRow.passed_at.is_null())
    over = TaskRow.select(TaskRow.id).where(
        TaskRow.id.in_(list(task_ids)),
        TaskRow.status.in_(["DISPATCHED", "CANCELLED"]),
        ~fn.EXISTS(left),
        (TaskRow.status == "CANCELLED") | ~fn.EXISTS(to_ring),
    )
    ids = [row[0] for row in run(connection, over)]
    run(connection, RungRow.delete().where(RungRow.task.in_(ids)))
    run(connection, OccurrenceRow.delete().where(OccurrenceRow.task.in_(ids)))
    run(connection, HistoryRow.delete().where(HistoryRow.task_id.in_(ids)))
    run(connection, TaskRow.delete().where(TaskRow.id.in_(ids)))


def delete_questions(connection: sqlite3.Connection, closed: Closed) -> list[int]:
    """Deletes a chunk of the questions that were closed before the moment; their ids.

    From the commit on there is no such question for anybody, and it cannot be reopened. Their rows are taken away by
    `clear_away`.
    """
    ids = [
        row[0]
        for row in run(
            connection,
            QuestionRow.select(QuestionRow.id)
            .where(QuestionRow.closed_at < closed.before, QuestionRow.deleted_at.is_null())
            .order_by(QuestionRow.closed_at)
            .limit(CHUNK),
        )
    ]
    run(connection, QuestionRow.update(deleted_at=closed.now).where(QuestionRow.id.in_(ids)))
    connection.executemany(_NO_REPLY_WAITS, [(closed.now, question_id) for question_id in ids])
    return ids


def clear_away(connection: sqlite3.Connection, _: None) -> int:
    """Takes away a chunk of what deleted questions have left: their messages, what these named, in the end the
    questions; how many rows."""
    deleted = QuestionRow.select(QuestionRow.id).where(QuestionRow.deleted_at.is_null(False)).limit(CHUNK)
    question_ids = [row[0] for row in run(connection, deleted)]
    of_them = MessageRow.select(MessageRow.id).where(MessageRow.question.in_(question_ids)).limit(CHUNK)
    message_ids = [row[0] for row in run(connection, of_them)]
    run(connection, MessageRow.delete().where(MessageRow.id.in_(message_ids)))
    if len(message_ids) == CHUNK:
        return CHUNK
    if files.forget_uses(connection, question_ids) == files.CHUNK:
        return CHUNK
    run(connection, ParticipantRow.delete().where(ParticipantRow.question.in_(question_ids)))
    run(connection, QuestionRow.delete().where(QuestionRow.id.in_(question_ids)))
    return len(message_ids) + len(question_ids)
