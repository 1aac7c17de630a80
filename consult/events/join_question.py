"""`join_question` (section 2.1)."""

from collections.abc import Coroutine
from typing import Any

from consult.connection import Connection
from consult.contract import replies
from consult.contract.faults import Fault
from consult.contract.payloads import JoinQuestion
from consult.gateway import Answer
from consult.json_text import dumps
from consult.rooms import Rooms
from store import questions
from store.database import Database
from store.messages import visible_to


def handle(
    database: Database, rooms: Rooms, connection: Connection, request: JoinQuestion, answer: Answer
) -> Coroutine[Any, Any, None] | None:
    if rooms.question(request.question_id):
        # Somebody is in the room, so the question exists. When all come back at once nobody needs to look it up.
        _enter(rooms, connection, request, answer)
        return None
    return _look_up_and_enter(database, rooms, connection, request, answer)


async def _look_up_and_enter(
    database: Database, rooms: Rooms, connection: Connection, request: JoinQuestion, answer: Answer
) -> None:
    if not await questions.exists(database, request.question_id):
        raise Fault("QUESTION_NOT_FOUND")
    if connection.connected:
        _enter(rooms, connection, request, answer)


def _enter(rooms: Rooms, connection: Connection, request: JoinQuestion, answer: Answer) -> None:
    """In one step of the loop, so that `joined_question` comes before anything of the room."""
    rooms.join(connection, request.question_id, visible_to(request.user_type))
    answer(dumps(replies.joined_question(request.question_id)))
