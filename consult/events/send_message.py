"""`send_message` (section 2.3): stored and committed, then acknowledged, then broadcast."""

from functools import partial

from consult.connection import Connection
from consult.contract import replies
from consult.contract.messages import SEND_MESSAGE, SendMessage
from consult.entry.rights import reach_of_event
from consult.gateway import Answer
from consult.sending import Sending
from store import posting
from store.database import Database
from store.messages import Message, Repeated
from store.posting import Outcome, Posted


def handle(database: Database, sending: Sending, connection: Connection, request: SendMessage, answer: Answer) -> None:
    identity = connection.identity
    draft = sending.draft(request.question_id, request, identity, reach_of_event(identity, SEND_MESSAGE))
    database.write(posting.post, draft, partial(_published, sending, request, answer), answer.failed)


def _published(sending: Sending, request: SendMessage, answer: Answer, appended: Outcome) -> None:
    if isinstance(appended, (Message, Posted)):
        data = sending.encoded(appended if isinstance(appended, Message) else appended.message)
        answer(replies.sent(data, request.client_msg_id))
        sending.publish(appended, data)
    elif isinstance(appended, Repeated):
        # Everybody has heard it; only the sender has not heard that it is stored.
        answer(replies.sent(sending.encoded(appended.message), request.client_msg_id))
    else:
        answer.fault(sending.fault_of(appended))
