"""Consultation questions."""

import asyncio
import sqlite3
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from peewee import SQL, ModelSelect, fn

from store import participants, unanswered
from store.answers import Answered
from store.database import Database
from store.messages import STAFF, Visibility, existing, visible_to
from store.models import Message as MessageRow
from store.models import Participant as ParticipantRow
from store.models import Question as QuestionRow
from store.owners import Reach
from store.participants import SYSTEM, Reader
from store.reading import Row
from store.transaction import run

Status = Literal["OPEN", "CLOSED"]
Priority = Literal["NORMAL", "URGENT"]
NORMAL: Priority = "NORMAL"

MOST_IN_READING = 1000  # questions that one reading looks for
MOST_SEARCHED = 200  # messages of a question in which who waits is looked for


@dataclass(frozen=True, slots=True)
class Question:
    id: int
    title: str
    elder_id: int
    status: Status
    created_at: int
    latest_message_id: int | None  # of those that the asker may see
    assignee_id: int | None = None
    priority: Priority | None = None  # None where this field and the others below were never given
    category: str | None = None
    notify_replies: bool = False
    answer_within: int | None = None  # milliseconds
    follow_up: str | None = None  # a JSON array of [milliseconds, user id], null for the assignee


_NAMES = [one.name for one in fields(Question)]


@dataclass(frozen=True, slots=True)
class NewQuestion:
    title: str
    elder_id: int
    created_at: int
    columns: dict[str, Any] = field(default_factory=dict)  # of assignee, priority and so on, those that were given


@dataclass(frozen=True, slots=True)
class Change:
    """Asks for new values of a question's columns."""

    question_id: int
    columns: dict[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A question as it has become, for one kind of viewer."""

    question: Question
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class Changes:
    """What a change tells: the question as staff and as others see it by then, and what became of a ladder's
    notifications; nothing where it has changed nothing."""

    seen: tuple[Changed, ...] = ()
    answered: tuple[Answered, ...] = ()


def open_question(connection: sqlite3.Connection, new: NewQuestion) -> Question:
    """Stores a new, open question, in which its elder takes part."""
    question_id = run(
        connection,
        QuestionRow.insert(
            title=new.title, elder_id=new.elder_id, status="OPEN", created_at=new.created_at, **new.columns
        ),
    ).lastrowid
    assert question_id is not None  # an INSERT always has one
    participants.add_elder(connection, question_id, new.elder_id)
    opened = _find(connection, question_id, visible_to(None))
    assert opened is not None
    return opened


def change(connection: sqlite3.Connection, asked: Change) -> Changes:
    """Change a question: close or reopen it, or give it another assignee, priority and so on. Closed again it stays
    closed since the first time. Who waits in it for an answer waits no more once it is closed, and by its new ladder
    once that has changed."""
    was = _find(connection, asked.question_id, visible_to(None))
    if was is None:
        return Changes()
    columns = dict(asked.columns)
    if columns.keys() - {"status"} and was.priority is None:
        columns.setdefault("priority", NORMAL)
    if "status" in columns:
        is_closed = columns["status"] == "CLOSED"
        columns["closed_at"] = fn.COALESCE(QuestionRow.closed_at, asked.at) if is_closed else None
    if not columns:
        return Changes()
    run(connection, QuestionRow.update(**columns).where(QuestionRow.id == asked.question_id))
    is_now = _find(connection, asked.question_id, visible_to(None))
    if is_now is None or is_now == was:
        return Changes()
    answered: tuple[Answered, ...] = ()
    if is_now.status == "CLOSED":
        answered = unanswered.end(connection, asked.question_id, asked.at)
    elif _ladder(is_now) != _ladder(was):
        unanswered.change(connection, asked.question_id, asked.at)
    as_staff = _find(connection, asked.question_id, visible_to(STAFF)) or is_now
    return Changes((Changed(as_staff, visible_to(STAFF)), Changed(is_now, visible_to(None))), answered)


def _ladder(question: Question) -> tuple[str, int | None, int | None, str | None]:
    return question.status, question.assignee_id, question.answer_within, question.follow_up


def _find(connection: sqlite3.Connection, question_id: int, visibility: Visibility) -> Question | None:
    row = connection.execute(_FIND[visibility], (1, question_id)).fetchone()
    return None if row is None else _question(dict(zip(_NAMES, row, strict=True)))


async def get(database: Database, question_id: int, visibility: Visibility) -> Question | None:
    (rows,) = await database.read(_select(visibility).where(QuestionRow.id == question_id))
    return _question(rows[0]) if rows else None


class Lookup:
    """Tells whose questions are. All who ask while one reading is under way share the next: when a whole clinic
    comes back at once, that is a few readings instead of thousands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: set[int] = set()
        self._next: asyncio.Task[dict[int, int]] | None = None
        self._reading = asyncio.Lock()
        self._found: dict[int, int] = {}
        self._deleted: set[int] = set()  # since the reading under way began

    def forget(self, question_ids: list[int]) -> None:
        """These were deleted just now: a reading that began before may have found them."""
        for question_id in question_ids:
            self._found.pop(question_id, None)
        self._deleted.update(question_ids)

    async def elder_of(self, question_id: int) -> int | None:
        """None when there is no such question."""
        self._asked.add(question_id)
        if self._next is None:
            self._next = asyncio.create_task(self._read())
        # Shielded: the others wait for it too.
        return (await asyncio.shield(self._next)).get(question_id)

    async def _read(self) -> dict[int, int]:
        async with self._reading:
            asked, self._asked, self._next = list(self._asked), set(), None
            self._deleted.clear()
            found: dict[int, int] = {}
            for start in range(0, len(asked), MOST_IN_READING):
                some = asked[start : start + MOST_IN_READING]
                wanted = existing(QuestionRow.id, QuestionRow.elder_id).where(QuestionRow.id.in_(some))
                (rows,) = await self._database.read(wanted)
                found.update((row["id"], row["elder_id"]) for row in rows)
            for question_id in self._deleted:
                found.pop(question_id, None)
            self._found = found
            return found


@dataclass(frozen=True, slots=True)
class ListedQuestion:
    """A question as a participant has it in a list."""

    question: Question
    unread: int
    last_message_at: int | None
    # Since when the last word of a person is not staff's; None where it is, and where there is none.
    waiting_since: int | None


async def page_of_participant(
    database: Database,
    visibility: Visibility,
    participant: Reader,
    *,
    status: str | None,
    elder_id: int | None,
    before_id: int | None,
    limit: int,
    within: Reach | None = None,
) -> tuple[list[ListedQuestion], bool]:
    """Return the questions in which a user takes part, newest first, and whether there are more; else as `page`.

    What is counted is what the visibility admits: no more than both the asker and the participant may see.
    """
    query = (
        _select(
            visibility,
            participants.unread(visibility, participant).alias("unread"),
            _last_sent_at(visibility).alias("last_message_at"),
            _waiting_since(visibility).alias("waiting_since"),
        )
        .join(ParticipantRow, on=(ParticipantRow.question == QuestionRow.id))
        .where(
            ParticipantRow.user_id == participant.user_id,
            ParticipantRow.user_type == participant.user_type,
            ParticipantRow.takes_part == SQL("1"),
        )
        .order_by(ParticipantRow.question.desc())
        .limit(limit + 1)
    )
    if before_id is not None:
        query = query.where(ParticipantRow.question < before_id)
    found = await database.page(_narrowed(query, status, elder_id, within), limit)
    return [_listed(row) for row in found.rows], found.has_more


def _last_sent_at(visibility: Visibility) -> "ModelSelect[MessageRow]":
    sent = visibility.of(MessageRow.select(MessageRow.sent_at).where(MessageRow.question == QuestionRow.id))
    return sent.order_by(MessageRow.id.desc()).limit(1)


def _waiting_since(visibility: Visibility) -> "ModelSelect[MessageRow]":
    """When the first word of a person was sent after the last one of staff, of the last MOST_SEARCHED messages."""
    of_question = MessageRow.question == QuestionRow.id
    visible = visibility.of(MessageRow.select(MessageRow.id).where(of_question))
    floor = fn.COALESCE(visible.order_by(MessageRow.id.desc()).limit(1).offset(MOST_SEARCHED), 0)
    is_by_staff = of_question & (MessageRow.id > floor) & (MessageRow.sender_type == STAFF)
    by_staff = visibility.of(MessageRow.select(MessageRow.id).where(is_by_staff))
    last = fn.COALESCE(by_staff.order_by(MessageRow.id.desc()).limit(1), floor)
    is_since = (MessageRow.id > last) & MessageRow.sender_type.not_in([STAFF, SYSTEM])
    since = visibility.of(MessageRow.select(MessageRow.sent_at).where(of_question, is_since))
    return since.order_by(MessageRow.id).limit(1)


def _listed(row: Row) -> ListedQuestion:
    seen = {name: row.pop(name) for name in ("unread", "last_message_at", "waiting_since")}
    return ListedQuestion(_question(row), **seen)


async def page(
    database: Database,
    visibility: Visibility,
    *,
    status: str | None,
    elder_id: int | None,
    before_id: int | None,
    limit: int,
    within: Reach | None = None,
) -> tuple[list[Question], bool]:
    """Newest first, and whether there are more. None but those within reach, where that is given."""
    query = _select(visibility).order_by(QuestionRow.id.desc()).limit(limit + 1)
    if before_id is not None:
        query = query.where(QuestionRow.id < before_id)
    found = await database.page(_narrowed(query, status, elder_id, within), limit)
    return [_question(row) for row in found.rows], found.has_more


def _narrowed(
    query: "ModelSelect[QuestionRow]", status: str | None, elder_id: int | None, within: Reach | None
) -> "ModelSelect[QuestionRow]":
    if status is not None:
        query = query.where(QuestionRow.status == status)
    if elder_id is not None:
        query = query.where(QuestionRow.elder_id == elder_id)
    if within is not None:
        query = query.where(_is_within(within))
    return query


def _select(visibility: Visibility, *more: Any) -> "ModelSelect[QuestionRow]":
    latest = visibility.of(MessageRow.select(MessageRow.id).where(MessageRow.question == QuestionRow.id))
    return existing(
        QuestionRow.id,
        QuestionRow.title,
        QuestionRow.elder_id,
        QuestionRow.status,
        QuestionRow.created_at,
        latest.order_by(MessageRow.id.desc()).limit(1).alias("latest_message_id"),
        QuestionRow.assignee_id,
        QuestionRow.priority,
        QuestionRow.category,
        QuestionRow.notify_replies,
        QuestionRow.answer_within,
        QuestionRow.follow_up,
        *more,
    )


def _by_id(visibility: Visibility) -> str:
    """Return the SQL for a question, by the number of its latest messages to show, which is 1, and its id."""
    return str(_select(visibility).where(QuestionRow.id == 0).sql()[0])


# Made once: for every change anew it would cost more than to run.
_FIND = {one: _by_id(one) for one in (visible_to(STAFF), visible_to(None))}


def _is_within(reach: Reach) -> Any:
    """The rule of `Reach.has_question` for rows. An empty half is left out: SQLite would walk the table for it."""
    of_elders, listed = QuestionRow.elder_id.in_(reach.users), QuestionRow.id.in_(reach.questions)
    if reach.users and reach.questions:
        return of_elders | listed
    return of_elders if reach.users else listed


def _question(row: Row) -> Question:
    return Question(**{**row, "notify_replies": bool(row["notify_replies"])})
