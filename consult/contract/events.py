"""The events: names, directions, payloads, answers and examples, in the protocol document's order."""

from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from consult.contract import shapes
from consult.contract.examples import ATTACHMENT, MESSAGE, NOTIFICATION, SNOOZE, UPDATED, JsonObject
from consult.contract.faults import Fault
from consult.contract.fields import Until
from consult.contract.payloads import (
    AnswerNotification,
    BindUser,
    JoinQuestion,
    LeaveQuestion,
    Payload,
    SendMessage,
    SnoozeNotification,
    must_be,
)
from consult.contract.work import Work

QUESTION_ROOM = "consultation:question:{questionId}"
USER_ROOM = "user:{userId}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A payload that is refused, for who wants to see how. `fault` is given where the payload alone does not tell."""

    zh: str
    en: str
    payload: Any
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ClientEvent:
    name: str
    section: str
    zh: str
    en: str
    payload: type[Payload]
    example: JsonObject
    reply: str  # the event that answers when all is well
    mistakes: tuple[Mistake, ...] = ()
    others: tuple[JsonObject, ...] = ()  # further examples
    # Of a send: further sends of the same connection need not wait for its answer, and it is told of its faults by its
    # own reply.
    is_send: bool = False
    work: Work = Work.NONE  # what one costs its user

    @property
    def failure(self) -> str:
        """The event that answers when something is wrong."""
        return self.reply if self.is_send else "error"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    name: str
    section: str
    zh: str
    en: str
    example: JsonObject
    others: tuple[JsonObject, ...] = field(default=())  # further forms that it comes in
    shapes: tuple[type[Struct], ...] = field(kw_only=True)  # of the example and of each of the others


_JOIN = {"question_id": 123, "user_id": 456, "user_type": "ELDER", "role_display_name": "张三"}
_SEND = {
    "question_id": 123,
    "sender_type": "STAFF",
    "sender_id": 456,
    "role_display_name": "医生王五",
    "content_type": "TEXT",
    "content_text": "您好，请详细描述一下您的症状",
    "attachments": [ATTACHMENT],
}
_CLIENT_MSG_ID = "8c1f6c3e-0b7a-4f0e-9d57-2f6f2a5b1c11"
_NONE_SUCH = 9_007_199_254_740_991  # the highest integer that JavaScript counts to
_NOT_ONES_OWN = Mistake(
    "没有绑定用户，或不是该用户的通知",
    "bound to nobody, or a notification that is not that user's",
    {"id": _NONE_SUCH},
    Fault("NOT_FOUND"),
)

JOIN_QUESTION = ClientEvent(
    "join_question",
    "2.1",
    "订阅某个咨询问题的实时消息",
    "subscribe to a consultation question's live messages",
    JoinQuestion,
    _JOIN,
    "joined_question",
    mistakes=(
        Mistake("问题编号为 0", "a question id of 0", {**_JOIN, "question_id": 0}),
        Mistake("user_type 不是大写", "a user_type in lower case", {**_JOIN, "user_type": "elder"}),
        Mistake(
            "不存在的问题",
            "a question that does not exist",
            {**_JOIN, "question_id": _NONE_SUCH},
            Fault("QUESTION_NOT_FOUND"),
        ),
        Mistake("数据不是对象", "a payload that is no object", [123, 456]),
    ),
    others=({"question_id": 123}, {**_JOIN, "after_id": 780}),
    work=Work.READ,
)
LEAVE_QUESTION = ClientEvent(
    "leave_question",
    "2.2",
    "取消订阅某个咨询问题的实时消息",
    "end that subscription",
    LeaveQuestion,
    {"question_id": 123},
    "left_question",
    mistakes=(Mistake("编号是字符串", "an id that is a string", {"question_id": "123"}),),
)
SEND_MESSAGE = ClientEvent(
    "send_message",
    "2.3",
    "向指定咨询问题发送消息并持久化",
    "send a message to a question and store it",
    SendMessage,
    _SEND,
    "send_message:ack",
    mistakes=(
        Mistake("问题编号为负数", "a negative question id", {**_SEND, "question_id": -1}),
        Mistake(
            "没有正文，也没有附件",
            "neither text nor attachment",
            {**_SEND, "content_text": " ", "attachments": []},
        ),
        Mistake(
            "附件没有 url",
            "an attachment without a url",
            {**_SEND, "attachments": [{"size": 1}]},
        ),
        Mistake(
            "长者发送内部消息",
            "an elder sends a staff-only message",
            {**_SEND, "sender_type": "ELDER", "is_visible_to_patient": False},
        ),
        Mistake(
            "不存在的问题",
            "a question that does not exist",
            {**_SEND, "question_id": _NONE_SUCH},
            Fault("QUESTION_NOT_FOUND"),
        ),
    ),
    others=({**_SEND, "client_msg_id": _CLIENT_MSG_ID},),
    is_send=True,
    work=Work.WRITE,
)
BIND_USER = ClientEvent(
    "bind_user",
    "4.1",
    "将当前连接绑定到指定用户房间，用于接收该用户的通知推送",
    "bind this connection to a user's room, to get that user's notifications",
    BindUser,
    {"user_id": 1001},
    "bind_user:ack",
    mistakes=(
        Mistake("用户编号是小数", "a user id with a fraction", {"user_id": 1001.5}),
        Mistake("缺少 user_id", "user_id left out", {}),
    ),
    others=({"user_id": 1001, "after_id": 0},),
    work=Work.READ,
)
READ_NOTIFICATION = ClientEvent(
    "notification:read",
    "4.3",
    "标记通知为已读",
    "mark a notification as read",
    AnswerNotification,
    {"id": 1},
    "notification:read:ack",
    mistakes=(Mistake("编号是字符串", "an id that is a string", {"id": "1"}), _NOT_ONES_OWN),
    work=Work.WRITE,
)
CONFIRM_NOTIFICATION = ClientEvent(
    "notification:confirm",
    "4.3",
    "确认通知（例如已服药），同时标记为已读",
    "confirm a notification (the medicine is taken), which also marks it as read",
    AnswerNotification,
    {"id": 1},
    "notification:confirm:ack",
    mistakes=(Mistake("缺少 id", "id left out", {}), _NOT_ONES_OWN),
    work=Work.WRITE,
)
SNOOZE_NOTIFICATION = ClientEvent(
    "notification:snooze",
    "4.3",
    "推迟通知：到时作为新的通知再次提醒",
    "snooze a notification: at that time it comes again, as a new one",
    SnoozeNotification,
    {"id": 1, **SNOOZE},
    "notification:snooze:ack",
    mistakes=(
        Mistake(
            "已经过去的时间",
            "a time that has passed",
            {"id": 1, "until": "2025-01-01 10:00:00"},
            must_be("until", Until),
        ),
        Mistake("缺少 until", "until left out", {"id": 1}),
        Mistake("编号为 0", "an id of 0", {"id": 0, **SNOOZE}),
    ),
    work=Work.CHANGE,
)

CLIENT_EVENTS = (
    JOIN_QUESTION,
    LEAVE_QUESTION,
    SEND_MESSAGE,
    BIND_USER,
    READ_NOTIFICATION,
    CONFIRM_NOTIFICATION,
    SNOOZE_NOTIFICATION,
)

SERVER_EVENTS = (
    ServerEvent(
        "joined_question",
        "2.1",
        "确认已成功加入房间",
        "the connection is in the room",
        {"question_id": 123},
        ({"question_id": 123, "latest_id": 789, "has_more": False},),
        shapes=(shapes.JoinedQuestion, shapes.JoinedQuestion),
    ),
    ServerEvent(
        "left_question",
        "2.2",
        "确认已成功离开房间",
        "the connection is out of the room",
        {"question_id": 123},
        shapes=(shapes.LeftQuestion,),
    ),
    ServerEvent(
        "send_message:ack",
        "2.3",
        "返回发送结果（成功或失败）",
        "what became of a message",
        {"success": True, "message": "发送成功", "data": MESSAGE},
        (
            {"success": True, "message": "发送成功", "data": {**MESSAGE, "client_msg_id": _CLIENT_MSG_ID}},
            {"success": False, "message": "发送失败：question_id 必须为正整数"},
        ),
        shapes=(shapes.Sent, shapes.Sent, shapes.NotSent),
    ),
    ServerEvent(
        "new_message",
        "2.3",
        "向所在咨询房间广播新消息",
        "a new message, to all in the question's room",
        MESSAGE,
        shapes=(shapes.Message,),
    ),
    ServerEvent(
        "notification:new",
        "4.2",
        "提醒到期后推送给该用户的所有连接",
        "a reminder came due, to all of the user's connections",
        NOTIFICATION,
        shapes=(shapes.Notification,),
    ),
    ServerEvent(
        "bind_user:ack",
        "4.1",
        "确认绑定结果",
        "the connection is bound",
        {"success": True, "user_id": 1001},
        ({"success": True, "user_id": 1001, "latest_id": 1, "has_more": False},),
        shapes=(shapes.BoundUser, shapes.BoundUser),
    ),
    ServerEvent(
        "error",
        "3",
        "返回参数错误、业务异常等非鉴权错误",
        "a fault of anything but a send",
        {"code": "INVALID_PAYLOAD", "message": "question_id 必须为正整数"},
        shapes=(shapes.Error,),
    ),
    ServerEvent(
        "notification:read:ack",
        "4.3",
        "确认已标记为已读",
        "the notification is read",
        {"success": True, "id": 1},
        shapes=(shapes.Answered,),
    ),
    ServerEvent(
        "notification:confirm:ack",
        "4.3",
        "确认已确认",
        "the notification is confirmed",
        {"success": True, "id": 1},
        shapes=(shapes.Answered,),
    ),
    ServerEvent(
        "notification:snooze:ack",
        "4.3",
        "确认已推迟",
        "the notification is snoozed",
        {"success": True, "id": 1},
        shapes=(shapes.Answered,),
    ),
    ServerEvent(
        "notification:updated",
        "4.3",
        "通知的状态有变化，使同一用户的各个终端保持一致",
        "a notification has changed, so that a user's devices stay in step",
        UPDATED,
        shapes=(shapes.NotificationUpdated,),
    ),
)
