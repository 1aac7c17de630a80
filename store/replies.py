"""A reply becomes a notification of those who are away: one for all that comes until the question is read.

It belongs to no reminder (`task_id` is null), and waits while it is UNREAD, or snoozed. Who has one that waits gets no
other, and its row is not touched: a message costs a row for each participant who is away and has none. Who reads the
question to its end has no more that waits.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from store import answers, history, notifications
from store.answers import Answered
from store.history import Entry
from store.messages import Draft, Message, visible_to
from store.notifications import NewNotification, Notification

BIZ_TYPE = "CONSULTATION_REPLY"
TITLE = "咨询有新的回复"

Sent = tuple[Draft, Message]
# Who takes part in a question (its id, the user's id and type) since a message of these, by that message's id.
Since = dict[tuple[int, int, str], int]

_WITHOUT_ONE = """SELECT user_id, user_type FROM participant AS one WHERE question_id = ?1 AND takes_part = 1
    AND NOT EXISTS (SELECT 1 FROM user_notification AS told INDEXED BY user_notification_of_reply
        WHERE told.biz_id = ?1 AND told.user_id = one.user_id
        AND task_id IS NULL AND (status = 'UNREAD' OR snoozed_until IS NOT NULL))"""
_TITLE = "SELECT title FROM question WHERE id = ?"
_WAITING = """SELECT id FROM user_notification WHERE biz_id = ? AND user_id = ?
    AND task_id IS NULL AND (status = 'UNREAD' OR snoozed_until IS NOT NULL) ORDER BY id"""


def notify(connection: sqlite3.Connection, sent: Iterable[Sent], since: Since) -> dict[int, list[Notification]]:
    """Write the notifications of new messages for participants who are away, in questions with `notify_replies`; return
    them by the id of their message."""
    by_question: dict[int, list[Sent]] = {}
    for one in sent:
        by_question.setdefault(one[1].question_id, []).append(one)
    found = [about for one in by_question.items() for about in _of_question(connection, *one, since)]
    found.sort(key=lambda about: about[0])
    told: dict[int, list[Notification]] = {}
    written = notifications.notify(connection, [one for _, one in found])
    for (message_id, _), notification in zip(found, written, strict=True):
        told.setdefault(message_id, []).append(notification)
    return told


def _of_question(
    connection: sqlite3.Connection, question_id: int, sent: Sequence[Sent], since: Since
) -> Iterable[tuple[int, NewNotification]]:
    """Give the notifications of a question's participants who are away, each with the first message that it is for."""
    told: set[int] = set()
    title = None
    for user_id, user_type in without_one(connection, question_id):
        after = since.get((question_id, user_id, user_type), 0)
        first = _first_for(user_id, user_type, after, sent)
        if user_id in told or first is None:
            continue
        told.add(user_id)
        if title is None:
            (title,) = connection.execute(_TITLE, (question_id,)).fetchone()
        yield first.id, new(question_id, title, user_id, first.sent_at)


def without_one(connection: sqlite3.Connection, question_id: int) -> list[tuple[int, str]]:
    """Return the participants of a question, by their ids and types, that have no notification that waits."""
    return connection.execute(_WITHOUT_ONE, (question_id,)).fetchall()


def new(question_id: int, title: str, user_id: int, at: int) -> NewNotification:
    """A notification of replies in a question."""
    return NewNotification(
        user_id=user_id,
        biz_type=BIZ_TYPE,
        biz_id=question_id,
        title=TITLE,
        content=title,
        created_at=at,
        task_id=None,
        occurrence_at=at,
    )


def _first_for(user_id: int, user_type: str, after: int, sent: Sequence[Sent]) -> Message | None:
    """Return the first message of another, after an id, that the user may see and is away from."""
    visibility = visible_to(user_type)
    for draft, message in sent:
        is_own = message.sender_id == user_id and message.sender_type == user_type
        if message.id > after and not is_own and user_id not in draft.present and visibility.admits(message):
            return message
    return None


def end(connection: sqlite3.Connection, question_id: int, user_id: int, at: int, by: str) -> tuple[Answered, ...]:
    """Mark what waits of a question's replies as READ: the user has read it, or takes part no more."""
    ended = []
    for (notification_id,) in connection.execute(_WAITING, (question_id, user_id)).fetchall():
        before = notifications.find(connection, notification_id)
        assert before is not None  # it was found just now
        read_at = at if before.read_at is None else before.read_at
        after = replace(before, status="READ", read_at=read_at, snoozed_until=None)
        answers.store(connection, after)
        if after.status != before.status:
            history.record(connection, Entry(at, "read", by, None, notification_id))
        ended.append(after)
    if not ended:
        return ()
    return (Answered(ended[-1], tuple(ended), notifications.count_unread(connection, user_id)),)
