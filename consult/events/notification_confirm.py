"""`notification:confirm` (section 4.3)."""

from consult.answering import Answering
from consult.connection import Connection
from consult.contract.notifications import AnswerNotification
from consult.gateway import Answer
from store import answers


async def handle(answering: Answering, connection: Connection, request: AnswerNotification, answer: Answer) -> None:
    await answering.by_event(answers.confirm, answering.asked_by_event(request.id, connection), answer)
