"""`join_question` (section 2.1), with `after_id` as catch-up: everything visible above the cursor, then live."""

from collections.abc import Coroutine
from functools import partial
from typing import Any

from consult.catch_up import follow
from consult.connection import Connection
from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.questions import JOIN_QUESTION, JoinedQuestion, JoinQuestion
from consult.entry.rights import reach_of_event, reader
from consult.gateway import Answer
from consult.json_text import dumps
from consult.push import Push
from consult.recovery import Recovery
from consult.rooms import Room, Rooms
from consult.streams import Messages
from store.database import Database
from store.messages import Visibility, visible_to
from store.owners import Reach
from store.participants import Reader
from store.questions import Lookup


def handle(
    database: Database,
    lookup: Lookup,
    rooms: Rooms,
    push: Push,
    recovery: Recovery,
    connection: Connection,
    request: JoinQuestion,
    answer: Answer,
) -> Coroutine[Any, Any, None] | None:
    within = reach_of_event(connection.identity, JOIN_QUESTION)
    if request.after_id is not None:
        visibility, updates = _visibility(connection, request), request.updates is True
        stream = Messages(database, push, request.question_id, visibility, within, updates, _who(connection, request))
        return _catch_up(rooms, push, recovery, connection, stream, request.after_id, answer)
    members = rooms.question(request.question_id).members
    is_listed = within is None or request.question_id in within.questions
    known = members.values() if is_listed else [members.get(connection)]
    if any(member is not None and member.has_entered for member in known):
        # Another connection has joined it, so the question exists.
        _enter(rooms, push, recovery, connection, request, answer)
        return None
    return _look_up_and_enter(lookup, rooms, push, recovery, connection, request, within, answer)


def _visibility(connection: Connection, request: JoinQuestion) -> Visibility:
    """Return what the connection sees in the room: with tokens by its token's type, else by the type it claims, which
    a front end may leave out."""
    identity = connection.identity
    return visible_to(request.user_type if identity is None else identity.user_type)


def _who(connection: Connection, request: JoinQuestion) -> Reader | None:
    return reader(connection.identity, request.user_id, request.user_type)


def deleted(lookup: Lookup, rooms: Rooms, question_ids: list[int]) -> None:
    """Close the rooms of deleted questions: their members get nothing more, and no connection can join."""
    lookup.forget(question_ids)
    for question_id in question_ids:
        rooms.question(question_id).close()


async def _look_up_and_enter(
    lookup: Lookup,
    rooms: Rooms,
    push: Push,
    recovery: Recovery,
    connection: Connection,
    request: JoinQuestion,
    within: Reach | None,
    answer: Answer,
) -> None:
    found = await lookup.elder_of(request.question_id)
    if found is None or not (within is None or within.has_question(request.question_id, found)):
        raise Fault(faults.QUESTION_NOT_FOUND)
    if connection.connected:
        _enter(rooms, push, recovery, connection, request, answer)


def _enter(
    rooms: Rooms, push: Push, recovery: Recovery, connection: Connection, request: JoinQuestion, answer: Answer
) -> None:
    """Enter, and answer once the end of the server takes the join from the client no more; until then it is held."""
    visibility, updates = _visibility(connection, request), request.updates is True
    room = rooms.question(request.question_id)
    since = recovery.joins(connection, request.question_id, visibility, updates, _who(connection, request))
    room.hold(connection)
    connection.holds += 1
    go_live = partial(_go_live, push, connection, room, request, visibility, since, answer)
    if recovery.when_kept(connection, go_live):
        answer.comes_later()
    else:
        go_live()


def _go_live(
    push: Push,
    connection: Connection,
    room: Room,
    request: JoinQuestion,
    visibility: Visibility,
    since: int | None,
    answer: Answer,
) -> None:
    """Answer and go live in one step of the loop, so that `joined_question` comes before anything of the room."""
    connection.holds -= 1
    answer(dumps(JoinedQuestion(question_id=request.question_id)))
    if room.holds(connection):
        who = _who(connection, request)
        push.held(connection, room.go_live(connection, visibility, request.updates is True, since, who))


async def _catch_up(
    rooms: Rooms,
    push: Push,
    recovery: Recovery,
    connection: Connection,
    stream: Messages,
    after_id: int,
    answer: Answer,
) -> None:
    room = rooms.question(stream.question_id)
    member = room.members.get(connection)
    was_remembered = member is not None and member.since is not None
    if await follow(push, connection, room, stream, after_id, answer) and was_remembered:
        recovery.leaves(connection, stream.question_id)
