"""Which file handles which event, with what it needs."""

from functools import partial

from consult.answering import Answering
from consult.contract.messages import SEND_MESSAGE
from consult.contract.notifications import BIND_USER, NOTIFICATION_CONFIRM, NOTIFICATION_READ, NOTIFICATION_SNOOZE
from consult.contract.participants import READ_QUESTION
from consult.contract.questions import JOIN_QUESTION, LEAVE_QUESTION
from consult.contract.rows import ClientEvent
from consult.contract.tables import CLIENT_EVENTS
from consult.events import (
    bind_user,
    join_question,
    leave_question,
    notification_confirm,
    notification_read,
    notification_snooze,
    read_question,
    send_message,
)
from consult.gateway import Handle, Handler
from consult.push import Push
from consult.recovery import Recovery
from consult.rooms import Rooms
from consult.rows import attached
from consult.sending import Sending
from store.database import Database
from store.questions import Lookup


def handlers(
    database: Database,
    lookup: Lookup,
    rooms: Rooms,
    push: Push,
    recovery: Recovery,
    answering: Answering,
    sending: Sending,
) -> dict[str, Handler]:
    """By the event's name. LookupError where an event has none."""
    table: dict[ClientEvent, Handle] = {
        JOIN_QUESTION: partial(join_question.handle, database, lookup, rooms, push, recovery),
        LEAVE_QUESTION: partial(leave_question.handle, rooms, recovery),
        SEND_MESSAGE: partial(send_message.handle, database, sending),
        BIND_USER: partial(bind_user.handle, database, rooms, push, recovery),
        READ_QUESTION: partial(read_question.handle, database, rooms, push, sending.time),
        NOTIFICATION_READ: partial(notification_read.handle, answering),
        NOTIFICATION_CONFIRM: partial(notification_confirm.handle, answering),
        NOTIFICATION_SNOOZE: partial(notification_snooze.handle, answering),
    }
    return {event.name: Handler(event, handle) for event, handle in attached(CLIENT_EVENTS, table).items()}
