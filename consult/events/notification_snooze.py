"""`notification:snooze` (section 4.3)."""

from consult.answering import Answering
from consult.connection import Connection
from consult.contract.notifications import SnoozeNotification
from consult.gateway import Answer
from store import answers


async def handle(answering: Answering, connection: Connection, request: SnoozeNotification, answer: Answer) -> None:
    asked = answering.until(answering.asked_by_event(request.id, connection), request.until)
    await answering.by_event(answers.snooze, asked, answer)
