"""A message that staff leaves unanswered climbs its question's ladder, until a word of staff settles it.

The ladder is that of a reminder of its own, which is due `answer_within` after the first message that waits: it rings
and climbs as every reminder does. The question names it while a message waits. It rings the assignee or, without one,
the first user that the question's ladder names.
"""

import sqlite3
from dataclasses import dataclass

import orjson

from store import answers, reminders, withdrawal
from store.answers import Answered, AskedToConfirm
from store.history import SYSTEM, user
from store.messages import STAFF, Message
from store.reminders import Cancelling, NewTask, ReminderTask
from store.withdrawal import Withdrawing

BIZ_TYPE = "CONSULTATION_WAITING"
TITLE = "咨询等待答复"
UNTIL_MISSED = 3_600_000  # milliseconds after the last rung

_OF_QUESTION = """SELECT title, assignee_id, answer_within, follow_up, waiting_task FROM question WHERE id = ?"""
_WAITS = "UPDATE question SET waiting_task = ? WHERE id = ?"
# The first words that staff has not answered: those since its last one that patients may see.
_SINCE = """SELECT sent_at FROM message WHERE question_id = ?1 AND sender_type NOT IN ('STAFF', 'SYSTEM')
    AND id > coalesce((SELECT id FROM message WHERE question_id = ?1 AND sender_type = 'STAFF' AND is_visible_to_patient
        ORDER BY id DESC LIMIT 1), 0) ORDER BY id LIMIT 1"""
_SETTLED = "SELECT 1 FROM occurrence WHERE task_id = ? AND (settled IS NOT NULL OR outcome <> 'WRITTEN') LIMIT 1"
_RANG = "SELECT id FROM user_notification WHERE task_id = ? AND snooze_of IS NULL ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class _Question:
    title: str
    assignee_id: int | None
    answer_within: int | None
    follow_up: str | None
    waiting_task: int | None

    def ladder(self) -> list[tuple[int, int]]:
        """Return its rungs, each with a user: one of the assignee is left out where there is none."""
        rungs = orjson.loads(self.follow_up or "[]")
        rings = ((after, user_id or self.assignee_id) for after, user_id in rungs)
        return [(after, user_id) for after, user_id in rings if user_id is not None]


def heard(connection: sqlite3.Connection, message: Message) -> tuple[Answered, ...]:
    """A message was said in a question that has `answer_within`, or in which a message waits: begin to wait for an
    answer, or take it for one. Return what users are to be told."""
    question = _find(connection, message.question_id)
    if message.sender_type == STAFF:
        return _settle(connection, question, message) if message.is_visible_to_patient else ()
    if message.sender_type != SYSTEM and question.answer_within is not None and not _still_waits(connection, question):
        _wait(connection, message.question_id, question, message.sent_at)
    return ()


def change(connection: sqlite3.Connection, question_id: int, at: int) -> None:
    """The question is open and waits by another ladder from now on, if that has not rung yet; or it begins to wait for
    an answer to what was said before."""
    question = _find(connection, question_id)
    if question.waiting_task is not None:
        task = _task(connection, question)
        if task is None or task.status != "PENDING":
            return
        reminders.cancel(connection, Cancelling(task.id, at, SYSTEM))
    since = connection.execute(_SINCE, (question_id,)).fetchone()
    if since is not None:
        _wait(connection, question_id, question, since[0])


def end(connection: sqlite3.Connection, question_id: int, at: int) -> tuple[Answered, ...]:
    """No message waits any more: the question was closed."""
    question = _find(connection, question_id)
    task = _task(connection, question)
    if question.waiting_task is not None:
        connection.execute(_WAITS, (None, question_id))
    ended = None if task is None else withdrawal.withdraw(connection, Withdrawing(task.id, at, SYSTEM, None))
    return () if ended is None else ended.changed


def _wait(connection: sqlite3.Connection, question_id: int, question: _Question, since: int) -> None:
    ladder = question.ladder()
    rings = question.assignee_id or next((user_id for _, user_id in ladder), None)
    if question.answer_within is None or rings is None:
        connection.execute(_WAITS, (None, question_id))
        return
    follow_up = orjson.dumps([*ladder, (ladder[-1][0] + UNTIL_MISSED, None)]).decode() if ladder else None
    new = NewTask(
        user_id=rings,
        biz_type=BIZ_TYPE,
        biz_id=question_id,
        channel="IN_APP",
        title=TITLE,
        content=question.title,
        created_at=since,
        by=SYSTEM,
        timing={"remind_at": since + question.answer_within},
        follow_up=follow_up,
    )
    connection.execute(_WAITS, (reminders.add(connection, new).id, question_id))


def _still_waits(connection: sqlite3.Connection, question: _Question) -> bool:
    """Return whether its reminder is to ring, or has rung and was not answered, missed or called off."""
    task = _task(connection, question)
    if task is None or task.status == "PENDING":
        return task is not None
    return task.status == "DISPATCHED" and connection.execute(_SETTLED, (task.id,)).fetchone() is None


def _settle(connection: sqlite3.Connection, question: _Question, answer: Message) -> tuple[Answered, ...]:
    """A word of staff: what has not rung is cancelled, and what has rung is DONE."""
    if question.waiting_task is None:
        return ()
    connection.execute(_WAITS, (None, answer.question_id))
    task = _task(connection, question)
    if task is None:
        return ()
    by, at = user(answer.sender_id, STAFF), answer.sent_at
    reminders.cancel(connection, Cancelling(task.id, at, by))
    rang = connection.execute(_RANG, (task.id,)).fetchone()
    if rang is None:
        return ()
    settled = answers.confirm(connection, AskedToConfirm(rang[0], None, by, at, "DONE"))
    return (settled,) if isinstance(settled, Answered) else ()


def _task(connection: sqlite3.Connection, question: _Question) -> ReminderTask | None:
    return None if question.waiting_task is None else reminders.find(connection, question.waiting_task)


def _find(connection: sqlite3.Connection, question_id: int) -> _Question:
    return _Question(*connection.execute(_OF_QUESTION, (question_id,)).fetchone())
