"""Messages of consultation questions, and the one rule of who may see which (`visible_to`)."""

import sqlite3
from dataclasses import dataclass

from peewee import ModelSelect

from store.database import Database, Row, run
from store.models import Message as MessageRow
from store.models import Question as QuestionRow

STAFF = "STAFF"


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    question_id: int
    sender_type: str
    sender_id: int
    role_display_name: str | None
    content_type: str
    content_text: str | None
    attachments: str  # a JSON array
    is_visible_to_patient: bool
    sent_at: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is not stored yet."""

    question_id: int
    sender_type: str
    sender_id: int
    role_display_name: str | None
    content_type: str
    content_text: str | None
    attachments: str
    is_visible_to_patient: bool
    sent_at: int


class NoQuestion:
    """The question does not exist."""


class QuestionClosed:
    """The question takes no more messages."""


Appended = Message | NoQuestion | QuestionClosed


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one kind of user may see of a question: everything, or what is meant for patients."""

    staff: bool

    def admits(self, message: Message) -> bool:
        return self.staff or message.is_visible_to_patient

    def of(self, query: "ModelSelect[MessageRow]") -> "ModelSelect[MessageRow]":
        """The same rule for rows of the message table."""
        return query if self.staff else query.where(MessageRow.is_visible_to_patient)


def visible_to(user_type: str | None) -> Visibility:
    """The one rule of who may see what; every way out of a message asks it. Only STAFF has staff rights."""
    return Visibility(user_type == STAFF)


_COLUMNS = (
    MessageRow.id,
    MessageRow.question.alias("question_id"),
    MessageRow.sender_type,
    MessageRow.sender_id,
    MessageRow.role_display_name,
    MessageRow.content_type,
    MessageRow.content_text,
    MessageRow.attachments,
    MessageRow.is_visible_to_patient,
    MessageRow.sent_at,
)

# Compiled once: building it anew for every batch would cost more than running it.
_INSERT = MessageRow.insert(
    {
        MessageRow.id: 0,
        MessageRow.question: 0,
        MessageRow.sender_type: "",
        MessageRow.sender_id: 0,
        MessageRow.role_display_name: None,
        MessageRow.content_type: "",
        MessageRow.content_text: None,
        MessageRow.attachments: "",
        MessageRow.is_visible_to_patient: True,
        MessageRow.sent_at: 0,
    }
).sql()[0]
# Ids go on from the highest ever used, so that none comes twice.
_HIGHEST = "SELECT seq FROM sqlite_sequence WHERE name = 'message'"


def append(connection: sqlite3.Connection, drafts: list[Draft]) -> list[Appended]:
    """Stores a batch. Ids rise in the order of the drafts."""
    found = QuestionRow.select(QuestionRow.id, QuestionRow.status).where(
        QuestionRow.id.in_({draft.question_id for draft in drafts})
    )
    open_of = {question_id: status == "OPEN" for question_id, status in run(connection, found)}
    highest = connection.execute(_HIGHEST).fetchone()
    next_id = highest[0] + 1 if highest else 1
    appended: list[Appended] = []
    rows = []
    for draft in drafts:
        is_open = open_of.get(draft.question_id)
        if not is_open:
            appended.append(NoQuestion() if is_open is None else QuestionClosed())
            continue
        row = (
            next_id,
            draft.question_id,
            draft.sender_type,
            draft.sender_id,
            draft.role_display_name,
            draft.content_type,
            draft.content_text,
            draft.attachments,
            draft.is_visible_to_patient,
            draft.sent_at,
        )
        rows.append(row)
        appended.append(Message(*row))
        next_id += 1
    connection.executemany(_INSERT, rows)
    return appended


async def page(
    database: Database,
    question_id: int,
    visibility: Visibility,
    *,
    after_id: int | None = None,
    before_id: int | None = None,
    limit: int,
) -> tuple[list[Message], bool] | None:
    """Messages of a question, oldest first: the next ones above `after_id`, or the latest (below `before_id`).

    With it, whether there are more in that direction. None when there is no such question.
    """
    query = visibility.of(MessageRow.select(*_COLUMNS).where(MessageRow.question == question_id)).limit(limit + 1)
    if after_id is not None:
        query = query.where(MessageRow.id > after_id).order_by(MessageRow.id)
    else:
        query = query.order_by(MessageRow.id.desc())
    if before_id is not None:
        query = query.where(MessageRow.id < before_id)
    question, rows = await database.read(QuestionRow.select(QuestionRow.id).where(QuestionRow.id == question_id), query)
    if not question:
        return None
    messages = [_message(row) for row in rows[:limit]]
    if after_id is None:
        messages.reverse()
    return messages, len(rows) > limit


def _message(row: Row) -> Message:
    return Message(**row)
