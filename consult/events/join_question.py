"""`join_question` (section 2.1), with `after_id` as catch-up: everything visible above the cursor, then live."""

from collections.abc import Coroutine
from typing import Any

from consult.catch_up import FIRST_PAGE, MOST_REPLAYED, PAGE_BYTES, send_all
from consult.connection import Connection
from consult.contract import replies
from consult.contract.faults import Fault
from consult.contract.questions import JOIN_QUESTION, JoinQuestion
from consult.entry.rights import only_elder
from consult.gateway import Answer
from consult.json_text import dumps
from consult.push import Push
from consult.rooms import Rooms
from store import messages
from store.database import Database
from store.messages import Message, Visibility, visible_to
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
    elder_id = only_elder(connection.identity, JOIN_QUESTION)
    if request.after_id is not None:
        return _catch_up(database, rooms, push, connection, request, request.after_id, elder_id, answer)
    members = rooms.question(request.question_id)
    known = [members.get(connection)] if elder_id is not None else members.values()
    if any(member is not None and member.visibility is not None for member in known):
        # It was joined, by whoever may, so the question exists.
        _enter(rooms, connection, request, answer)
        return None
    return _look_up_and_enter(lookup, rooms, connection, request, elder_id, answer)


def _visibility(connection: Connection, request: JoinQuestion) -> Visibility:
    """Return what the connection sees in the room: with tokens by its token's type, else by the type it claims, which
    a front end may leave out."""
    identity = connection.identity
    return visible_to(request.user_type if identity is None else identity.user_type)


def deleted(lookup: Lookup, rooms: Rooms, question_ids: list[int]) -> None:
    """These questions are no more: whoever is in their rooms gets nothing from now on, and nobody comes in."""
    lookup.forget(question_ids)
    for question_id in question_ids:
        rooms.close_question(question_id)


async def _look_up_and_enter(
    lookup: Lookup,
    rooms: Rooms,
    connection: Connection,
    request: JoinQuestion,
    elder_id: int | None,
    answer: Answer,
) -> None:
    found = await lookup.elder_of(request.question_id)
    if found is None or elder_id not in (None, found):
        raise Fault("QUESTION_NOT_FOUND")
    if connection.connected:
        _enter(rooms, connection, request, answer)


def _enter(rooms: Rooms, connection: Connection, request: JoinQuestion, answer: Answer) -> None:
    """In one step of the loop, so that `joined_question` comes before anything of the room."""
    rooms.join(connection, request.question_id, _visibility(connection, request))
    answer(dumps(replies.joined_question(request.question_id)))


async def _catch_up(
    database: Database,
    rooms: Rooms,
    push: Push,
    connection: Connection,
    request: JoinQuestion,
    after_id: int,
    elder_id: int | None,
    answer: Answer,
) -> None:
    """The fence is the last message published when the connection enters: up to it the file is read, beyond it the room
    is heard, and the two meet without a gap or a repeat."""
    question_id, visibility = request.question_id, _visibility(connection, request)
    rooms.hold_in_question(connection, question_id)
    fence = push.last_message_id

    async def read(above: int, limit: int) -> tuple[list[Message], bool]:
        return await messages.between(
            database, question_id, visibility, after_id=above, up_to=fence, limit=limit, most_bytes=PAGE_BYTES
        )

    joined = False
    try:
        backlog = await messages.backlog(
            database,
            question_id,
            visibility,
            after_id=after_id,
            up_to=fence,
            most=MOST_REPLAYED,
            elder_id=elder_id,
        )
        if backlog is None:
            raise Fault("QUESTION_NOT_FOUND")
        page = await read(after_id, FIRST_PAGE)
        reply = replies.joined_question(question_id)
        answer(dumps(replies.caught_up(reply, backlog.latest_id, backlog.has_more)))
        await send_all(connection, page, read, push.replay_message)
        if connection.connected and rooms.is_held(connection, question_id):
            push.held(connection, rooms.join(connection, question_id, visibility))
            joined = True
    finally:
        if not joined:
            push.held(connection, rooms.undo_hold_in_question(connection, question_id))
