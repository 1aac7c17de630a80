"""`read_question` (section 2.5): the cursor is stored and committed, then acknowledged, then told."""

from consult.connection import Connection
from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.participants import READ_QUESTION, ReadAck, ReadQuestion
from consult.entry.rights import reach_of_event
from consult.entry.rights import reader as reader_of
from consult.gateway import Answer
from consult.json_text import dumps
from consult.push import Push
from consult.rooms import Rooms
from store import participants
from store.clock import ClinicTime
from store.database import Database
from store.history import user
from store.messages import NoQuestion
from store.participants import Read, Reader, Reading
from store.transaction import each


async def handle(
    database: Database,
    rooms: Rooms,
    push: Push,
    time: ClinicTime,
    connection: Connection,
    request: ReadQuestion,
    answer: Answer,
) -> None:
    reader = _reader(rooms, connection, request.question_id)
    reading = Reading(
        request.question_id,
        reader,
        request.up_to_id,
        time.now(),
        user(*reader),
        reach_of_event(connection.identity, READ_QUESTION),
    )

    def publish(outcome: Read | NoQuestion) -> None:
        if isinstance(outcome, NoQuestion):
            answer.fault(Fault(faults.QUESTION_NOT_FOUND))
            return
        ack = ReadAck(success=True, question_id=reading.question_id, up_to_id=outcome.up_to_id, unread=outcome.unread)
        answer(dumps(ack))
        push.question_read(outcome.seen)
        for answered in outcome.answered:
            push.updated(answered)

    await database.written(each(participants.read), reading, publish)


def _reader(rooms: Rooms, connection: Connection, question_id: int) -> Reader:
    """Return the reader: the token's user or, without tokens, the user as which the connection joined the question."""
    if connection.identity is not None:
        who = reader_of(connection.identity, None, None)
    else:
        member = rooms.question(question_id).members.get(connection)
        who = None if member is None else member.who
    if who is None:
        raise Fault(faults.NOT_JOINED)
    return who
