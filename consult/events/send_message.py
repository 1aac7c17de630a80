"""`send_message` (section 2.3): stored and committed, then acknowledged, then broadcast."""

from dataclasses import dataclass

from msgspec import structs

from consult.connection import Connection
from consult.contract import faults, replies
from consult.contract.faults import Fault
from consult.contract.fields import Attachment
from consult.contract.messages import SEND_MESSAGE, SendMessage
from consult.entry.rights import only_elder
from consult.gateway import Answer
from consult.json_text import dumps
from consult.push import Push
from store import messages
from store.clock import ClinicTime
from store.database import Database
from store.messages import Appended, Draft, Message, NoQuestion, OtherContent, QuestionClosed, Repeated


@dataclass(frozen=True, slots=True)
class Sending:
    database: Database
    push: Push
    time: ClinicTime

    def handle(self, connection: Connection, request: SendMessage, answer: Answer) -> None:
        draft = Draft(
            question_id=request.question_id,
            sender_type=request.sender_type,
            sender_id=messages.NO_SENDER if request.sender_id is None else request.sender_id,
            role_display_name=request.role_display_name,
            content_type=request.content_type,
            content_text=request.content_text,
            attachments=_json(request.attachments) if request.attachments else "[]",
            is_visible_to_patient=request.is_visible_to_patient in (None, True),
            sent_at=self.time.now(),
            client_msg_id=request.client_msg_id,
            elder_id=only_elder(connection.identity, SEND_MESSAGE),
        )

        def published(appended: Appended) -> None:
            if isinstance(appended, Message):
                data = dumps(replies.message(appended, self.time))
                answer(replies.sent(data, request.client_msg_id))
                self.push.new_message(appended, data)
            elif isinstance(appended, Repeated):
                # Everybody has heard it; only the sender has not heard that it is stored.
                answer(replies.sent(dumps(replies.message(appended.message, self.time)), request.client_msg_id))
            elif isinstance(appended, NoQuestion):
                answer.fault(Fault(faults.QUESTION_NOT_FOUND))
            elif isinstance(appended, QuestionClosed):
                answer.fault(Fault(faults.QUESTION_CLOSED))
            elif isinstance(appended, OtherContent):
                answer.fault(Fault(faults.OTHER_CONTENT))

        def failed(fault: Exception) -> None:
            answer.fault(faults.told(fault))

        self.database.write(messages.append, draft, published, failed)


def _json(attachments: list[Attachment]) -> str:
    return dumps([structs.asdict(attachment) for attachment in attachments]).decode()
