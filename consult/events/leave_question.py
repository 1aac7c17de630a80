"""`leave_question` (section 2.2). Looks nothing up: to leave where one is not is no fault."""

from consult.connection import Connection
from consult.contract.questions import LeaveQuestion, LeftQuestion
from consult.gateway import Answer
from consult.json_text import dumps
from consult.rooms import Rooms


def handle(rooms: Rooms, connection: Connection, request: LeaveQuestion, answer: Answer) -> None:
    rooms.question(request.question_id).leave(connection)
    answer(dumps(LeftQuestion(question_id=request.question_id)))
