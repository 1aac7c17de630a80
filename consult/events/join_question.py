"""`join_question` (section 2.1), with `after_id` as catch-up: everything visible above the cursor, then live."""

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from consult.catch_up import PAGE_BYTES, follow
from consult.connection import Connection
from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.limits import MOST_REPLAYED
from consult.contract.questions import JOIN_QUESTION, JoinedQuestion, JoinQuestion
from consult.entry.rights import reach_of_event
from consult.gateway import Answer
from consult.json_text import dumps
from consult.push import Push
from consult.rooms import Rooms
from store import messages
from store.backlog import Backlog
from store.database import Database
from store.messages import Message, Visibility, visible_to
from store.owners import Reach
from store.questions import Lookup


def handle(
    database: Database,
    lookup: Lookup,
    rooms: Rooms,
    push: Push,
    connection: Connection,
    request: JoinQuestion,
    answer: Answer,
) -> Coroutine[Any, Any, None] | None:
    within = reach_of_event(connection.identity, JOIN_QUESTION)
    if request.after_id is not None:
        stream = _Messages(
            database, push, request.question_id, _visibility(connection, request), within, request.updates is True
        )
        return _catch_up(rooms, push, connection, stream, request.after_id, answer)
    members = rooms.question(request.question_id).members
    is_listed = within is None or request.question_id in within.questions
    known = members.values() if is_listed else [members.get(connection)]
    if any(member is not None and member.has_entered for member in known):
        # Another connection has joined it, so the question exists.
        _enter(rooms, connection, request, answer)
        return None
    return _look_up_and_enter(lookup, rooms, connection, request, within, answer)


def _visibility(connection: Connection, request: JoinQuestion) -> Visibility:
    """Return what the connection sees in the room: with tokens by its token's type, else by the type it claims, which
    a front end may leave out."""
    identity = connection.identity
    return visible_to(request.user_type if identity is None else identity.user_type)


def deleted(lookup: Lookup, rooms: Rooms, question_ids: list[int]) -> None:
    """Close the rooms of deleted questions: their members get nothing more, and no connection can join."""
    lookup.forget(question_ids)
    for question_id in question_ids:
        rooms.question(question_id).close()


async def _look_up_and_enter(
    lookup: Lookup, rooms: Rooms, connection: Connection, request: JoinQuestion, within: Reach | None, answer: Answer
) -> None:
    found = await lookup.elder_of(request.question_id)
    if found is None or not (within is None or within.has_question(request.question_id, found)):
        raise Fault(faults.QUESTION_NOT_FOUND)
    if connection.connected:
        _enter(rooms, connection, request, answer)


def _enter(rooms: Rooms, connection: Connection, request: JoinQuestion, answer: Answer) -> None:
    """Enter and answer in one step of the loop, so that `joined_question` comes before anything of the room."""
    room = rooms.question(request.question_id)
    room.go_live(connection, _visibility(connection, request), request.updates is True)
    answer(dumps(JoinedQuestion(question_id=request.question_id)))


async def _catch_up(
    rooms: Rooms, push: Push, connection: Connection, stream: "_Messages", after_id: int, answer: Answer
) -> None:
    await follow(push, connection, rooms.question(stream.question_id), stream, after_id, answer)


@dataclass(frozen=True, slots=True)
class _Messages:
    """A question's messages, as the connection sees them."""

    database: Database
    push: Push
    question_id: int
    visibility: Visibility
    within: Reach | None  # what the question must be in
    updates: bool

    @property
    def reply(self) -> JoinedQuestion:
        return JoinedQuestion(question_id=self.question_id)

    @property
    def last_id(self) -> int:
        return self.push.last_message_id

    async def backlog(self, after_id: int, up_to: int) -> Backlog:
        backlog = await messages.backlog(
            self.database,
            self.question_id,
            self.visibility,
            after_id=after_id,
            up_to=up_to,
            most=MOST_REPLAYED,
            within=self.within,
        )
        if backlog is None:
            raise Fault(faults.QUESTION_NOT_FOUND)
        return backlog

    async def read(self, above: int, up_to: int, limit: int) -> tuple[list[Message], bool]:
        return await messages.between(
            self.database,
            self.question_id,
            self.visibility,
            after_id=above,
            up_to=up_to,
            limit=limit,
            most_bytes=PAGE_BYTES,
        )

    def replay(self, connection: Connection, item: Message) -> int:
        return self.push.replay_message(connection, item)
