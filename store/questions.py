"""Consultation questions."""

import asyncio
import sqlite3
from dataclasses import dataclass

from peewee import ModelSelect, fn

from store.database import Database, Row
from store.messages import Visibility, existing
from store.models import Message as MessageRow
from store.models import Question as QuestionRow
from store.transaction import run

MOST_IN_READING = 1000  # questions that one reading looks for


@dataclass(frozen=True, slots=True)
class Question:
    id: int
    title: str
    elder_id: int
    status: str  # OPEN or CLOSED
    created_at: int
    latest_message_id: int | None  # of those that the asker may see


@dataclass(frozen=True, slots=True)
class NewQuestion:
    title: str
    elder_id: int
    created_at: int


@dataclass(frozen=True, slots=True)
class StatusChange:
    question_id: int
    status: str
    at: int


def open_question(connection: sqlite3.Connection, new: NewQuestion) -> Question:
    """Stores a new, open question."""
    insert = QuestionRow.insert(title=new.title, elder_id=new.elder_id, status="OPEN", created_at=new.created_at)
    question_id = run(connection, insert).lastrowid
    assert question_id is not None  # an INSERT always has one
    return Question(question_id, new.title, new.elder_id, "OPEN", new.created_at, latest_message_id=None)


def set_status(connection: sqlite3.Connection, change: StatusChange) -> bool:
    """Closes or reopens; False when there is no such question. Closed again it stays closed since the first time."""
    closed_at = fn.COALESCE(QuestionRow.closed_at, change.at) if change.status == "CLOSED" else None
    update = QuestionRow.update(status=change.status, closed_at=closed_at).where(
        QuestionRow.id == change.question_id, QuestionRow.deleted_at.is_null()
    )
    return run(connection, update).rowcount == 1


async def get(database: Database, question_id: int, visibility: Visibility) -> Question | None:
    (rows,) = await database.read(_select(visibility).where(QuestionRow.id == question_id))
    return _question(rows[0]) if rows else None


class Lookup:
    """Tells whether questions exist. All who ask while one reading is under way share the next: when a whole clinic
    comes back at once, that is a few readings instead of thousands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: set[int] = set()
        self._next: asyncio.Task[set[int]] | None = None
        self._reading = asyncio.Lock()
        self._found: set[int] = set()
        self._deleted: set[int] = set()  # since the reading under way began

    def forget(self, question_ids: list[int]) -> None:
        """These were deleted just now: a reading that began before may have found them."""
        self._found.difference_update(question_ids)
        self._deleted.update(question_ids)

    async def exists(self, question_id: int) -> bool:
        self._asked.add(question_id)
        if self._next is None:
            self._next = asyncio.create_task(self._read())
        # Shielded: the others wait for it too.
        return question_id in await asyncio.shield(self._next)

    async def _read(self) -> set[int]:
        async with self._reading:
            asked, self._asked, self._next = list(self._asked), set(), None
            self._deleted.clear()
            found: set[int] = set()
            for start in range(0, len(asked), MOST_IN_READING):
                some = asked[start : start + MOST_IN_READING]
                (rows,) = await self._database.read(existing(QuestionRow.id).where(QuestionRow.id.in_(some)))
                found.update(row["id"] for row in rows)
            self._found = found - self._deleted
            return self._found


async def page(
    database: Database,
    visibility: Visibility,
    *,
    status: str | None,
    elder_id: int | None,
    before_id: int | None,
    limit: int,
) -> tuple[list[Question], bool]:
    """Newest first, and whether there are more."""
    query = _select(visibility).order_by(QuestionRow.id.desc()).limit(limit + 1)
    if status is not None:
        query = query.where(QuestionRow.status == status)
    if elder_id is not None:
        query = query.where(QuestionRow.elder_id == elder_id)
    if before_id is not None:
        query = query.where(QuestionRow.id < before_id)
    (rows,) = await database.read(query)
    return [_question(row) for row in rows[:limit]], len(rows) > limit


def _select(visibility: Visibility) -> "ModelSelect[QuestionRow]":
    latest = visibility.of(MessageRow.select(MessageRow.id).where(MessageRow.question == QuestionRow.id))
    return existing(
        QuestionRow.id,
        QuestionRow.title,
        QuestionRow.elder_id,
        QuestionRow.status,
        QuestionRow.created_at,
        latest.order_by(MessageRow.id.desc()).limit(1).alias("latest_message_id"),
    )


def _question(row: Row) -> Question:
    return Question(**row)
