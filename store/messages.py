"""Messages of consultation questions, and the one rule of who may see which (`visible_to`)."""

import sqlite3
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import orjson
from msgspec import Struct, json
from peewee import ModelSelect

from store.backlog import Backlog, measure_backlog, read_backlog
from store.database import Database
from store.models import FileUse as UseRow
from store.models import HighestId
from store.models import Message as MessageRow
from store.models import Question as QuestionRow
from store.owners import Reach
from store.reading import PAGE_BYTES, Row
from store.transaction import Insert

STAFF = "STAFF"


class Message(Struct, frozen=True, gc=False):
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


class NoQuestion:
    """The question does not exist, or is out of the sender's reach."""


class QuestionClosed:
    """The question takes no more messages."""


class NoFile:
    """A file that the message names does not exist, or its sender may not use it."""


class OtherContent:
    """The sender's `client_msg_id` stands for another message."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """The sender has sent this before: the message that was stored then."""

    message: Message


class Place(Struct, frozen=True, gc=False, array_like=True):
    """A question as a message finds it."""

    question_id: int
    status: str
    elder_id: int
    tells: int  # whether who is away is told of replies
    waits: int  # whether it waits for an answer, or is on a ladder


NO_SENDER = 0  # in `sender_id`: a SYSTEM message of no user. Not NULL, which no unique index compares.
Appended = Message | Repeated | NoQuestion | QuestionClosed | OtherContent | NoFile


@dataclass(frozen=True, slots=True)
class Visibility:
    """The messages of a question that one kind of user may see: all, or those meant for patients."""

    staff: bool

    def admits(self, message: Message) -> bool:
        return self.staff or message.is_visible_to_patient

    def of(self, query: "ModelSelect[MessageRow]") -> "ModelSelect[MessageRow]":
        """Return the query without the messages that this kind of user may not see."""
        return query if self.staff else query.where(MessageRow.is_visible_to_patient)

    def of_uses(self, query: "ModelSelect[UseRow]") -> "ModelSelect[UseRow]":
        """Return the query without the files that only messages name which this kind of user may not see."""
        return query if self.staff else query.where(UseRow.is_visible_to_patient)

    def and_of(self, other: "Visibility") -> "Visibility":
        """Return what both kinds of users may see."""
        return self if other.staff else other


class Viewer(Struct, frozen=True, gc=False):
    """Who wants to see or to use what messages name."""

    uploader: tuple[int, str] | None  # the user's id and type; None without tokens
    visibility: Visibility
    within: Reach | None  # the questions that the user may read; None for all


class Draft(Struct, frozen=True, gc=False):
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
    client_msg_id: str | None
    within: Reach | None = None  # what its question must be in; None where any will do
    present: Container[int] = frozenset()  # the users in the question's room, as they are when it is stored
    files: tuple[str, ...] = ()  # the hashes of the files that its attachments name
    viewer: Viewer | None = None  # who sends it, where it names files


_EVERYTHING, _MEANT_FOR_PATIENTS = Visibility(True), Visibility(False)


def visible_to(user_type: str | None) -> Visibility:
    """The one rule of who may see what; every way out of a message asks it. Only STAFF has staff rights."""
    return _EVERYTHING if user_type == STAFF else _MEANT_FOR_PATIENTS


def existing(*columns: Any) -> "ModelSelect[QuestionRow]":
    """A query for questions, without those that are deleted but for their rows."""
    return QuestionRow.select(*columns).where(QuestionRow.deleted_at.is_null())


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

_NAMES = Message.__struct_fields__

_INSERT = Insert(MessageRow, *_NAMES, "client_msg_id")
# One row for all: for each the thread gives away the lock of the interpreter, and may wait for it. Ids go on from the
# highest ever used, so that none comes twice.
_PLACES = """SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'message'), json_group_array(json_array(
    question.id, status, elder_id, notify_replies, answer_within IS NOT NULL OR waiting_task IS NOT NULL))
    FROM json_each(?) AS asked CROSS JOIN question ON question.id = asked.value WHERE deleted_at IS NULL"""

_read_places = json.Decoder(list[Place]).decode


def places(connection: sqlite3.Connection, drafts: list[Draft]) -> tuple[dict[int, Place], int]:
    """Return the questions of a batch, as it finds them, by their ids, without those that do not exist; and the id of
    the next message."""
    asked = orjson.dumps(list({draft.question_id for draft in drafts}))
    highest, found = connection.execute(_PLACES, (asked,)).fetchone()
    return {place.question_id: place for place in _read_places(found)}, (highest or 0) + 1


def append(
    connection: sqlite3.Connection,
    drafts: list[Draft],
    found: dict[int, Place],
    next_id: int,
    lacking: Container[int] = frozenset(),
) -> list[Appended]:
    """Stores a batch, for which `places` has found the questions and the next id, but for drafts that are `lacking` a
    file, by their numbers. Ids rise in the order of the drafts.

    A draft whose `client_msg_id` its sender has used in the question stores nothing, however long ago that was and
    also when the question is closed by now.
    """
    known = _first_of(connection, drafts)
    appended: list[Appended] = []
    rows = []
    for number, draft in enumerate(drafts):
        place = found.get(draft.question_id)
        if place is None or not (draft.within is None or draft.within.has_question(place.question_id, place.elder_id)):
            appended.append(NoQuestion())
            continue
        first = known.get(_client_key(draft)) if draft.client_msg_id else None
        if first is not None:
            appended.append(Repeated(first) if _same_content(first, draft) else OtherContent())
            continue
        if number in lacking:
            appended.append(NoFile())
            continue
        if place.status != "OPEN":
            appended.append(QuestionClosed())
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
            draft.client_msg_id,
        )
        rows.append(row)
        message = Message(*row[:10])
        appended.append(message)
        if draft.client_msg_id:
            known[_client_key(draft)] = message
        next_id += 1
    _INSERT.rows(connection, rows)
    return appended


ClientKey = tuple[int, str, int, str | None]


def _client_key(draft: Draft) -> ClientKey:
    return (draft.question_id, draft.sender_type, draft.sender_id, draft.client_msg_id)


def _first_of(connection: sqlite3.Connection, drafts: list[Draft]) -> dict[ClientKey, Message]:
    """The stored messages that drafts with a `client_msg_id` repeat."""
    keys = {_client_key(draft) for draft in drafts if draft.client_msg_id}
    if not keys:
        return {}
    # From key to key: SQLite would walk through all messages of a question to compare each with a list of keys.
    rows = connection.execute(
        """SELECT message.id, question_id, sender_type, sender_id, role_display_name, content_type, content_text,
        attachments, is_visible_to_patient, sent_at, client_msg_id FROM json_each(?) AS asked CROSS JOIN message
        WHERE question_id = asked.value ->> 0 AND sender_type = asked.value ->> 1
        AND sender_id = asked.value ->> 2 AND client_msg_id = asked.value ->> 3""",
        (orjson.dumps(list(keys)),),
    )
    first = {}
    for *columns, client_msg_id in rows:
        message = _message(dict(zip(_NAMES, columns, strict=True)))
        first[message.question_id, message.sender_type, message.sender_id, client_msg_id] = message
    return first


def _same_content(first: Message, draft: Draft) -> bool:
    """Return whether it is the same message. Its sender may have another display name by now."""
    return (
        first.content_type == draft.content_type
        and first.content_text == draft.content_text
        and _same_attachments(first.attachments, draft.attachments)
        and first.is_visible_to_patient == draft.is_visible_to_patient
    )


def _same_attachments(first: str, again: str) -> bool:
    """Return whether both JSON texts say the same: a client may write a number as 1 and again as 1.0."""
    return first == again or orjson.loads(first) == orjson.loads(again)


async def backlog(
    database: Database,
    question_id: int,
    visibility: Visibility,
    *,
    after_id: int,
    up_to: int,
    most: int,
    within: Reach | None = None,
) -> Backlog | None:
    """None when there is no such question, or none within reach where that is given."""
    visible = visibility.of(MessageRow.select(MessageRow.id).where(MessageRow.question == question_id))
    question = existing(QuestionRow.elder_id).where(QuestionRow.id == question_id)
    found, (questions,) = await measure_backlog(database, visible, question, after_id=after_id, up_to=up_to, most=most)
    if not questions or not (within is None or within.has_question(question_id, questions[0]["elder_id"])):
        return None
    return found


async def between(
    database: Database,
    question_id: int,
    visibility: Visibility,
    *,
    after_id: int,
    up_to: int,
    limit: int,
    most_bytes: int = PAGE_BYTES,
) -> tuple[list[Message], bool]:
    """Visible messages with `after_id < id <= up_to`, oldest first, and whether there are more."""
    visible = visibility.of(MessageRow.select(*_COLUMNS).where(MessageRow.question == question_id))
    found = await read_backlog(database, visible, after_id=after_id, up_to=up_to, limit=limit, most_bytes=most_bytes)
    return [_message(row) for row in found.rows], found.has_more


async def latest_id(database: Database) -> int:
    """The highest id that was ever given, 0 before the first. Reads the messages too: a server whose table of them is
    damaged is not to start."""
    rows, _ = await database.read(
        HighestId.select(HighestId.seq).where(HighestId.name == "message"),
        MessageRow.select(MessageRow.id).order_by(MessageRow.id.desc()).limit(1),
    )
    return rows[0]["seq"] if rows else 0


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

    With it, whether there are more in that direction. A page is bounded in bytes, too: then it has the nearest to the
    cursor. None when there is no such question.
    """
    query = visibility.of(MessageRow.select(*_COLUMNS).where(MessageRow.question == question_id)).limit(limit + 1)
    if after_id is not None:
        query = query.where(MessageRow.id > after_id).order_by(MessageRow.id)
    else:
        query = query.order_by(MessageRow.id.desc())
    if before_id is not None:
        query = query.where(MessageRow.id < before_id)
    found = await database.page(query, limit, existing(QuestionRow.id).where(QuestionRow.id == question_id))
    if not found.beside[0]:
        return None
    messages = [_message(row) for row in found.rows]
    if after_id is None:
        messages.reverse()
    return messages, found.has_more


def _message(row: Row) -> Message:
    return Message(**{**row, "is_visible_to_patient": bool(row["is_visible_to_patient"])})
