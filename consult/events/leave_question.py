"""`leave_question` (section 2.2). Looks nothing up: to leave where one is not is no fault."""

from functools import partial

from consult.connection import Connection
from consult.contract.questions import LeaveQuestion, LeftQuestion
from consult.gateway import Answer
from consult.json_text import dumps
from consult.recovery import Recovery
from consult.rooms import Rooms


def handle(rooms: Rooms, recovery: Recovery, connection: Connection, request: LeaveQuestion, answer: Answer) -> None:
    room = rooms.question(request.question_id)
    member = room.members.get(connection)
    if member is not None and member.since is not None:
        recovery.leaves(connection, request.question_id)
    room.leave(connection)
    tell = partial(answer, dumps(LeftQuestion(question_id=request.question_id)))
    if recovery.when_kept(connection, tell):
        answer.comes_later()
    else:
        tell()
