"""A message is sent, by an event or over HTTP: what is stored of it, and what its sender and the room are told."""

from dataclasses import dataclass

import orjson
from msgspec import structs

from consult.contract import faults, replies
from consult.contract.faults import Fault
from consult.contract.fields import Attachment
from consult.contract.messages import NewMessage, SendMessage
from consult.entry.rights import viewer
from consult.entry.tokens import Identity
from consult.file_addresses import FileAddresses, names_of, stored
from consult.json_text import dumps
from consult.push import Push
from consult.rooms import Rooms
from store import messages
from store.clock import ClinicTime
from store.messages import Draft, Message, NoFile, NoQuestion, OtherContent, QuestionClosed
from store.owners import Reach
from store.posting import Posted


@dataclass(frozen=True, slots=True)
class Sending:
    push: Push
    rooms: Rooms
    time: ClinicTime
    addresses: FileAddresses

    def draft(
        self, question_id: int, said: SendMessage | NewMessage, identity: Identity | None, within: Reach | None
    ) -> Draft:
        """Return what is to be stored, in a question within reach; None where any will do."""
        attachments = said.attachments or []
        files = names_of(attachments)
        return Draft(
            question_id=question_id,
            sender_type=said.sender_type,
            sender_id=messages.NO_SENDER if said.sender_id is None else said.sender_id,
            role_display_name=said.role_display_name,
            content_type=said.content_type,
            content_text=said.content_text,
            attachments=_json(attachments, bool(files)) if attachments else "[]",
            is_visible_to_patient=said.is_visible_to_patient in (None, True),
            sent_at=self.time.now(),
            client_msg_id=said.client_msg_id,
            within=within,
            present=self.rooms.question(question_id).present,
            files=files,
            viewer=viewer(identity, said.sender_type) if files else None,
        )

    def publish(self, sent: Message | Posted, data: bytes) -> None:
        """Tell the room of a message, encoded already, and users of what came of it. To be called in commit order."""
        if isinstance(sent, Message):
            self.push.new_message(sent, data)
            return
        self.push.new_message(sent.message, data)
        self.push.published(sent.notifications)
        for answered in sent.settled:
            self.push.updated(answered)

    def encoded(self, message: Message) -> bytes:
        """Return the message as its sender and the room get it."""
        return dumps(replies.message(message, self.time, self.addresses.handed))

    def fault_of(self, refused: NoQuestion | QuestionClosed | OtherContent | NoFile) -> Fault:
        """Return the error that the sender gets for a message that was not stored."""
        if isinstance(refused, NoQuestion):
            return Fault(faults.QUESTION_NOT_FOUND)
        if isinstance(refused, NoFile):
            return Fault(faults.FILE_NOT_USABLE)
        return Fault(faults.QUESTION_CLOSED if isinstance(refused, QuestionClosed) else faults.OTHER_CONTENT)


def _json(attachments: list[Attachment], has_files: bool) -> str:
    if has_files:
        attachments = [stored(one) for one in attachments]
    # By orjson, as all that was stored before: it writes a large float as 1e+16, where msgspec writes 1e16.
    return orjson.dumps([structs.asdict(attachment) for attachment in attachments]).decode()
