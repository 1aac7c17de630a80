"""Participants who are away with something unread, in questions with `notify_replies`, without a notification of it.

What comes while they are away a message tells them in its own transaction (store/replies.py). Here are those who went,
with their last connection or with the server, before they had read what had come.
"""

import sqlite3
from collections.abc import Container
from dataclasses import dataclass

from peewee import SQL

from store import notifications, participants, replies
from store.database import Database
from store.models import Question as QuestionRow
from store.notifications import Notification
from store.participants import Reader

_TITLE = "SELECT title FROM question WHERE id = ? AND notify_replies = 1 AND deleted_at IS NULL"
# When the user has last read such a notification: of what had come by then it need not be told again.
_READ_AT = """SELECT coalesce(max(read_at), 0) FROM user_notification
    WHERE user_id = ? AND biz_id = ? AND task_id IS NULL"""


@dataclass(frozen=True, slots=True)
class Looking:
    """Asks who is away from a question."""

    question_id: int
    present: Container[int]  # the users in its room, as they are by then
    at: int


def tell(connection: sqlite3.Connection, looking: Looking) -> list[Notification] | None:
    """Write a notification for each who is away, has none that waits, and has something unread that came since it has
    read the last one. None where there is no such question, or it does not tell."""
    found = connection.execute(_TITLE, (looking.question_id,)).fetchone()
    if found is None:
        return None
    new = {}
    for user_id, user_type in replies.without_one(connection, looking.question_id):
        if user_id in looking.present or user_id in new:
            continue
        reader = Reader(user_id, user_type)
        (read_at,) = connection.execute(_READ_AT, (user_id, looking.question_id)).fetchone()
        if participants.has_unread_since(connection, looking.question_id, reader, read_at):
            new[user_id] = replies.new(looking.question_id, found[0], user_id, looking.at)
    return notifications.notify(connection, list(new.values()))


async def telling(database: Database) -> list[int]:
    """Return the questions that tell of replies."""
    tells = QuestionRow.notify_replies == SQL("1")
    (rows,) = await database.read(QuestionRow.select(QuestionRow.id).where(tells, QuestionRow.deleted_at.is_null()))
    return [row["id"] for row in rows]
