"""Participants of questions, and up to where each has read: its elder, who has sent in it, and who was named.

A cursor is the id of a message that its user may see, 0 before the first. It moves forward alone. Unread are the
visible messages above it that others have sent. Who has read a question without taking part has a cursor all the same.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from peewee import SQL, Expression, ModelSelect, fn

from store import replies
from store.answers import Answered
from store.database import Database
from store.messages import STAFF, Message, NoQuestion, Visibility, existing, visible_to
from store.models import Message as MessageRow
from store.models import Participant as ParticipantRow
from store.models import Question as QuestionRow
from store.owners import Reach
from store.replies import Since
from store.transaction import Connection

MOST_COUNTED = 10_000  # messages above a cursor that are looked at
MAX_ID = 2**63 - 1
MOST_KNOWN = 10_000  # senders of whom the writer remembers that they take part
MOST_TYPES = 4  # of one user
ELDER = "ELDER"
SYSTEM = "SYSTEM"  # its messages are no person's


class Reader(NamedTuple):
    """A user as one of its kinds."""

    user_id: int
    user_type: str


@dataclass(frozen=True, slots=True)
class Participant:
    question_id: int
    user_id: int
    user_type: str
    up_to_id: int  # the latest message that the participant has read, of those that the asker may see


@dataclass(frozen=True, slots=True)
class Naming:
    """Asks for a user to take part in a question, or to take part no more."""

    question_id: int
    user: Reader
    at: int
    by: str  # as the history tells it


@dataclass(frozen=True, slots=True)
class Removed:
    participant: Participant
    answered: tuple[Answered, ...]  # what becomes of the notification of replies


@dataclass(frozen=True, slots=True)
class Reading:
    """A user has read a question up to a message."""

    question_id: int
    reader: Reader
    up_to_id: int
    at: int
    by: str  # as the history tells it
    within: Reach | None = None  # what the question must be in; None where any will do


@dataclass(frozen=True, slots=True)
class Seen:
    """A reader's cursor as it has become, for one kind of viewer."""

    question_id: int
    reader: Reader
    up_to_id: int
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class Read:
    up_to_id: int
    unread: int
    seen: tuple[Seen, ...]  # none where the cursor has not moved
    answered: tuple[Answered, ...]  # what becomes of the notification of replies


class IsElder:
    """The elder takes part in the question as long as there is one."""


class NoParticipant:
    """The user does not take part in the question."""


_EVERYTHING, _MEANT_FOR_PATIENTS = visible_to(STAFF), visible_to(None)

_TAKE_PART = """INSERT INTO participant (question_id, user_id, user_type, takes_part, read_up_to)
    SELECT value ->> 0, value ->> 1, value ->> 2, 1, 0 FROM json_each(?) WHERE true
    ON CONFLICT DO UPDATE SET takes_part = 1 WHERE takes_part = 0
    RETURNING question_id, user_id, user_type"""
_PART_OF = "SELECT takes_part, read_up_to FROM participant WHERE question_id = ? AND user_id = ? AND user_type = ?"
_NO_PART = "UPDATE participant SET takes_part = 0 WHERE question_id = ? AND user_id = ? AND user_type = ?"
_OTHER_TYPES = """SELECT user_type, read_up_to FROM participant
    WHERE question_id = ? AND user_id = ? AND user_type <> ? AND takes_part = 1"""
_MOVE = """INSERT INTO participant (question_id, user_id, user_type, takes_part, read_up_to) VALUES (?, ?, ?, 0, ?)
    ON CONFLICT DO UPDATE SET read_up_to = excluded.read_up_to"""
_ELDER = "SELECT elder_id FROM question WHERE id = ? AND deleted_at IS NULL"


def _latest(visibility: Visibility) -> str:
    """Return the SQL for the latest message of a question up to an id, and the number of rows, which is 1."""
    latest = visibility.of(MessageRow.select(MessageRow.id).where(MessageRow.question == 0, MessageRow.id <= 0))
    sql: str = latest.order_by(MessageRow.id.desc()).limit(1).sql()[0]
    return sql


def _unread(visibility: Visibility) -> str:
    """Return the SQL that counts the messages of a question above an id that are not of a sender, by type and id."""
    return str(_count(visibility, SQL("?1"), SQL("?2"), _is_not_of(SQL("?3"), SQL("?4"))).sql()[0])


def _unread_since(visibility: Visibility) -> str:
    """Return the SQL for one of the latest of them that was sent after a moment, which comes last."""
    is_above = (MessageRow.question == SQL("?1")) & (MessageRow.id > SQL("?2"))
    visible = visibility.of(MessageRow.select(MessageRow.id).where(is_above))
    is_latest = MessageRow.id.in_(visible.order_by(MessageRow.id.desc()).limit(SQL(str(MOST_COUNTED))))
    found = visibility.of(MessageRow.select(SQL("1")).where(is_latest, MessageRow.sent_at > SQL("?5")))
    return str(found.where(_is_not_of(SQL("?3"), SQL("?4"))).limit(SQL("1")).sql()[0])


def unread(visibility: Visibility, participant: Reader) -> "ModelSelect[MessageRow]":
    """How many messages of a question its participant has not read, as a part of a query that joins the two."""
    return _count(visibility, ParticipantRow.question, ParticipantRow.read_up_to, _is_not_of(*reversed(participant)))


def _count(visibility: Visibility, question: Any, above: Any, of_others: Expression) -> "ModelSelect[MessageRow]":
    """Count others' messages among the first MOST_COUNTED visible ones above an id; not 0 where there are more."""
    is_above = (MessageRow.question == question) & (MessageRow.id > above)
    visible = visibility.of(MessageRow.select(MessageRow.id).where(is_above))
    beyond = visible.order_by(MessageRow.id).limit(SQL("1")).offset(SQL(str(MOST_COUNTED)))
    is_counted = is_above & (MessageRow.id < fn.COALESCE(beyond, SQL(str(MAX_ID))))
    count = fn.MAX(fn.COUNT(MessageRow.id), fn.IIF(beyond, SQL("1"), SQL("0")))
    return visibility.of(MessageRow.select(count).where(is_counted, of_others))


def _is_not_of(user_type: Any, user_id: Any) -> Expression:
    """Whether a message is another's."""
    others: Expression = ~((MessageRow.sender_type == user_type) & (MessageRow.sender_id == user_id))
    return others


# Made once: for every reading anew it would cost more than to run.
_LATEST = {one: _latest(one) for one in (_EVERYTHING, _MEANT_FOR_PATIENTS)}
_UNREAD = {one: _unread(one) for one in (_EVERYTHING, _MEANT_FOR_PATIENTS)}
_UNREAD_SINCE = {one: _unread_since(one) for one in (_EVERYTHING, _MEANT_FOR_PATIENTS)}


def add_senders(connection: sqlite3.Connection, sent: Iterable[Message]) -> Since:
    """Let the senders of messages take part in their questions; return those who did not before."""
    assert isinstance(connection, Connection)
    known = connection.taking_part
    first: dict[tuple[int, int, str], int] = {}
    for one in sent:
        sender = (one.question_id, one.sender_id, one.sender_type)
        if sender not in known and one.sender_type != SYSTEM:
            first.setdefault(sender, one.id)
    if not first:
        return {}
    if len(known) > MOST_KNOWN:
        known.clear()
    known.update(first)
    return {row: first[row] for row in connection.execute(_TAKE_PART, (orjson.dumps(list(first)),))}


def add_elder(connection: sqlite3.Connection, question_id: int, elder_id: int) -> None:
    """Let the elder take part in a new question."""
    _take_part(connection, question_id, Reader(elder_id, ELDER))


def _take_part(connection: sqlite3.Connection, question_id: int, user: Reader) -> None:
    connection.execute(_TAKE_PART, (orjson.dumps([(question_id, *user)]),)).fetchall()


def add(connection: sqlite3.Connection, naming: Naming) -> Participant | NoQuestion:
    """Let a user take part in a question; again changes nothing."""
    if connection.execute(_ELDER, (naming.question_id,)).fetchone() is None:
        return NoQuestion()
    _take_part(connection, naming.question_id, naming.user)
    return _found(connection, naming)


def remove(connection: sqlite3.Connection, naming: Naming) -> Removed | NoQuestion | NoParticipant | IsElder:
    """Let a user take part no more, until it sends or is named again. The cursor stays."""
    elder = connection.execute(_ELDER, (naming.question_id,)).fetchone()
    if elder is None:
        return NoQuestion()
    if naming.user == (elder[0], ELDER):
        return IsElder()
    takes_part, _ = _part_of(connection, naming.question_id, naming.user)
    if not takes_part:
        return NoParticipant()
    assert isinstance(connection, Connection)
    connection.taking_part.discard((naming.question_id, *naming.user))
    connection.execute(_NO_PART, (naming.question_id, *naming.user))
    answered = _no_more(connection, naming.question_id, naming.user, naming.at, naming.by)
    return Removed(_found(connection, naming), answered)


def read(connection: sqlite3.Connection, reading: Reading) -> Read | NoQuestion:
    """Move a user's cursor forward, never back, up to the latest message below that the user may see."""
    elder = connection.execute(_ELDER, (reading.question_id,)).fetchone()
    if elder is None or not (reading.within is None or reading.within.has_question(reading.question_id, elder[0])):
        return NoQuestion()
    question_id, reader = reading.question_id, reading.reader
    _, before = _part_of(connection, question_id, reader)
    visibility = visible_to(reader.user_type)
    up_to = max(before, latest(connection, question_id, visibility, reading.up_to_id))
    seen: tuple[Seen, ...] = ()
    if up_to > before:
        connection.execute(_MOVE, (question_id, *reader, up_to))
        seen = tuple(_seen(connection, question_id, reader, before, up_to))
    unread = count_unread(connection, question_id, reader, up_to)
    answered = () if unread else _no_more(connection, question_id, reader, reading.at, reading.by)
    return Read(up_to, unread, seen, answered)


def _no_more(connection: sqlite3.Connection, question_id: int, user: Reader, at: int, by: str) -> tuple[Answered, ...]:
    """A user has nothing unread as this type: what waits of replies ends, unless it has something as another."""
    for user_type, read_up_to in connection.execute(_OTHER_TYPES, (question_id, *user)).fetchall():
        if count_unread(connection, question_id, Reader(user.user_id, user_type), read_up_to):
            return ()
    return replies.end(connection, question_id, user.user_id, at, by)


def _seen(connection: sqlite3.Connection, question_id: int, reader: Reader, before: int, up_to: int) -> Iterable[Seen]:
    """Give what each kind of viewer learns of a cursor that has moved: patients nothing that they cannot see."""
    yield Seen(question_id, reader, up_to, _EVERYTHING)
    shown = latest(connection, question_id, _MEANT_FOR_PATIENTS, up_to)
    if shown > latest(connection, question_id, _MEANT_FOR_PATIENTS, before):
        yield Seen(question_id, reader, shown, _MEANT_FOR_PATIENTS)


def latest(connection: sqlite3.Connection, question_id: int, visibility: Visibility, up_to: int) -> int:
    """Return the id of the latest visible message of a question up to an id; 0 without any."""
    found = connection.execute(_LATEST[visibility], (question_id, up_to, 1)).fetchone()
    return int(found[0]) if found else 0


def count_unread(connection: sqlite3.Connection, question_id: int, reader: Reader, above: int) -> int:
    """Return how many messages above an id a user may see, and has not sent, as `_count` counts."""
    given = (question_id, above, reader.user_type, reader.user_id)
    return int(connection.execute(_UNREAD[visible_to(reader.user_type)], given).fetchone()[0])


def has_unread_since(connection: sqlite3.Connection, question_id: int, reader: Reader, moment: int) -> bool:
    """Return whether a user has not read a message that was sent after a moment."""
    _, above = _part_of(connection, question_id, reader)
    given = (question_id, above, reader.user_type, reader.user_id, moment)
    return connection.execute(_UNREAD_SINCE[visible_to(reader.user_type)], given).fetchone() is not None


def _part_of(connection: sqlite3.Connection, question_id: int, user: Reader) -> tuple[int, int]:
    """Return whether a user takes part in a question, and its cursor."""
    takes_part, read_up_to = connection.execute(_PART_OF, (question_id, *user)).fetchone() or (0, 0)
    return takes_part, read_up_to


def _found(connection: sqlite3.Connection, naming: Naming) -> Participant:
    _, read_up_to = _part_of(connection, naming.question_id, naming.user)
    return Participant(naming.question_id, *naming.user, read_up_to)


async def page(
    database: Database, question_id: int, visibility: Visibility, *, after_id: int, limit: int
) -> tuple[list[Participant], bool] | None:
    """Return who takes part in a question, by their ids, with the cursors as the asker may see them; whether there are
    more. None when there is no such question.

    Of a staff member who has read nothing that patients may see, patients learn nothing. All types of a user are on one
    page, which may be longer by that.
    """
    shown = visibility.of(
        MessageRow.select(MessageRow.id).where(
            MessageRow.question == ParticipantRow.question, MessageRow.id <= ParticipantRow.read_up_to
        )
    )
    up_to_id = fn.COALESCE(shown.order_by(MessageRow.id.desc()).limit(1), 0)
    query = ParticipantRow.select(
        ParticipantRow.question.alias("question_id"),
        ParticipantRow.user_id,
        ParticipantRow.user_type,
        up_to_id.alias("up_to_id"),
    ).where(ParticipantRow.question == question_id, ParticipantRow.takes_part == SQL("1"))
    if not visibility.staff:
        query = query.where((ParticipantRow.user_type != STAFF) | (up_to_id > 0))
    query = query.where(ParticipantRow.user_id > after_id).order_by(ParticipantRow.user_id, ParticipantRow.user_type)
    of_question = existing(QuestionRow.id).where(QuestionRow.id == question_id)
    most = limit + MOST_TYPES - 1
    found = await database.page(query.limit(most + 1), most, of_question)
    if not found.beside[0]:
        return None
    end = limit
    while 0 < end < len(found.rows) and found.rows[end]["user_id"] == found.rows[end - 1]["user_id"]:
        end += 1
    return [Participant(**row) for row in found.rows[:end]], found.has_more or end < len(found.rows)
