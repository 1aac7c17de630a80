"""`notification:confirm` (section 4.3)."""

from consult.answering import Answering
from consult.connection import Connection
from consult.contract.notifications import ConfirmNotification
from consult.gateway import Answer
from store import answers


async def handle(answering: Answering, connection: Connection, request: ConfirmNotification, answer: Answer) -> None:
    asked = answering.settling(answering.asked_by_event(request.id, connection), request)
    await answering.by_event(answers.confirm, asked, answer)
