"""The protocol's events, calls and pages, in the order of its document."""

from consult.contract import messages, notifications, operations, participants, questions
from consult.contract.permissions import PERMISSIONS
from consult.contract.rows import Call, ClientEvent, Page, ServerEvent

CLIENT_EVENTS: tuple[ClientEvent, ...] = tuple(row for row in PERMISSIONS if isinstance(row, ClientEvent))
SERVER_EVENTS: tuple[ServerEvent, ...] = (
    questions.JOINED_QUESTION,
    questions.LEFT_QUESTION,
    messages.SEND_MESSAGE_ACK,
    messages.NEW_MESSAGE,
    notifications.NOTIFICATION_NEW,
    notifications.BIND_USER_ACK,
    operations.ERROR,
    notifications.READ_ACK,
    notifications.CONFIRM_ACK,
    notifications.SNOOZE_ACK,
    notifications.NOTIFICATION_UPDATED,
    questions.QUESTION_UPDATED,
    participants.READ_QUESTION_ACK,
    participants.QUESTION_READ,
)
EVENTS: tuple[ClientEvent | ServerEvent, ...] = (*CLIENT_EVENTS, *SERVER_EVENTS)
CALLS: tuple[Call, ...] = tuple(row for row in PERMISSIONS if isinstance(row, Call))
PAGES: tuple[Page, ...] = tuple(row for row in PERMISSIONS if isinstance(row, Page))
CALLS_AND_PAGES: tuple[Call | Page, ...] = (*CALLS, *PAGES)
