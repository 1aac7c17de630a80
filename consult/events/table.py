"""Which file handles which event, with what it needs."""

from functools import partial

from consult.answering import Answering
from consult.contract.payloads import (
    AnswerNotification,
    BindUser,
    JoinQuestion,
    LeaveQuestion,
    SendMessage,
    SnoozeNotification,
)
from consult.entry.limits import Work
from consult.events import (
    bind_user,
    join_question,
    leave_question,
    notification_confirm,
    notification_read,
    notification_snooze,
    send_message,
)
from consult.gateway import Handler
from consult.push import Push
from consult.rooms import Rooms
from store.clock import Clock, WireTime
from store.database import Database
from store.questions import Lookup


def handlers(
    database: Database,
    lookup: Lookup,
    rooms: Rooms,
    push: Push,
    answering: Answering,
    time: WireTime,
    clock: Clock,
) -> dict[str, Handler]:
    """By the event's name."""
    join = partial(join_question.handle, database, lookup, rooms, push)
    send = partial(send_message.handle, database, push, time, clock)
    bind = partial(bind_user.handle, database, rooms, push)
    read = partial(notification_read.handle, answering)
    confirm = partial(notification_confirm.handle, answering)
    snooze = partial(notification_snooze.handle, answering)
    table = (
        Handler("join_question", JoinQuestion, join, b"joined_question", work=Work.READ),
        Handler("leave_question", LeaveQuestion, partial(leave_question.handle, rooms), b"left_question"),
        Handler("send_message", SendMessage, send, b"send_message:ack", is_send=True, work=Work.WRITE),
        Handler("bind_user", BindUser, bind, b"bind_user:ack", work=Work.READ),
        Handler("notification:read", AnswerNotification, read, b"notification:read:ack", work=Work.WRITE),
        Handler("notification:confirm", AnswerNotification, confirm, b"notification:confirm:ack", work=Work.WRITE),
        Handler("notification:snooze", SnoozeNotification, snooze, b"notification:snooze:ack", work=Work.CHANGE),
    )
    return {handler.event: handler for handler in table}
