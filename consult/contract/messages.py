"""Messages of a question: sent, broadcast, listed (sections 2.3 and 7)."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.fields import (
    AfterId,
    Attachments,
    BeforeId,
    ClientMessageId,
    ContentText,
    ContentType,
    FlagOrNumber,
    Id,
    PageLimit,
    QuestionId,
    ShownName,
    UserType,
    ViewerType,
    means,
    shows_something,
)
from consult.contract.limits import USUAL_PAGE
from consult.contract.payloads import ONE_CURSOR, Check, Payload
from consult.contract.reply_fields import HasMore, QuestionNumber, ReplyId, Time, const
from consult.contract.rows import ANOTHER_ID, Call, ClientEvent, Mistake, ServerEvent, Work
from consult.contract.words import Words

STAFF_ONLY = "is_visible_to_patient 必须为 true（仅 STAFF 可发送内部消息）"


_SenderType = Annotated[UserType, means("发送者类型", "what the sender is")]
_SenderId = Annotated[
    Id | None,
    means("发送者编号；只有 SYSTEM 消息可以省略", "the sender's id; only a SYSTEM message may leave it out"),
]
_ContentType = Annotated[ContentType, means("内容类型", "what the content is")]
_ContentText = Annotated[ContentText | None, means("正文", "the text")]
_Attachments = Annotated[Attachments | None, means("附件，默认为 `[]`", "attachments, `[]` when left out")]
_ClientMessageId = Annotated[
    ClientMessageId | None,
    means(
        "客户端给消息的编号，用它可以放心重发",
        "the client's own id for the message, with which it is safe to send again",
    ),
]
_IsVisibleToPatient = Annotated[
    FlagOrNumber | None,
    means("默认为 `true`；`false` 为仅员工可见", "`true` when left out; `false` is for staff only"),
]
_CHECKS = (
    Check(
        "sender_id",
        lambda payload: payload.get("sender_id") is not None or payload["sender_type"] == "SYSTEM",
        "sender_id 必须为正整数",
        "required, unless `sender_type` is SYSTEM",
    ),
    Check(
        "content_text",
        lambda payload: bool(payload.get("attachments") or shows_something(payload.get("content_text") or "")),
        "content_text 必须为非空文本（没有附件时）",
        "not blank, unless there is an attachment",
    ),
    Check(
        "is_visible_to_patient",
        lambda payload: payload.get("is_visible_to_patient") in (None, True) or payload["sender_type"] == "STAFF",
        STAFF_ONLY,
        "true, unless `sender_type` is STAFF",
    ),
)


class SendMessage(Payload, kw_only=True, gc=False):
    """Section 2.3."""

    question_id: QuestionId
    sender_type: _SenderType
    sender_id: _SenderId = None
    role_display_name: ShownName = None
    content_type: _ContentType
    content_text: _ContentText = None
    attachments: _Attachments = None
    client_msg_id: _ClientMessageId = None
    is_visible_to_patient: _IsVisibleToPatient = None

    checks: ClassVar = _CHECKS


class NewMessage(Payload, kw_only=True, gc=False):
    """The payload of `send_message` without `question_id`, which is in the path."""

    sender_type: _SenderType
    sender_id: _SenderId = None
    role_display_name: ShownName = None
    content_type: _ContentType
    content_text: _ContentText = None
    attachments: _Attachments = None
    client_msg_id: _ClientMessageId = None
    is_visible_to_patient: _IsVisibleToPatient = None

    checks: ClassVar = _CHECKS


class MessageQuery(Payload, kw_only=True, gc=False):
    after_id: AfterId = None
    before_id: BeforeId = None
    limit: PageLimit = USUAL_PAGE
    user_type: ViewerType = None

    checks: ClassVar = (ONE_CURSOR,)


SENT = "发送成功"
NOT_SENT = "发送失败："


class StoredAttachment(Struct, kw_only=True):
    """四个键总是齐全。All four keys are always there."""

    url: Annotated[str, means("文件地址，服务器不访问它", "where the file is; the server never fetches it")]
    thumbnail_url: Annotated[str | None, means("缩略图地址", "where its thumbnail is")]
    duration: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        means("时长，单位由客户端约定", "how long it plays, in the clients' own unit"),
    ]
    size: Annotated[Annotated[int, Meta(ge=0)] | None, means("大小，字节", "its size in bytes")]


class Message(Struct, kw_only=True, gc=False):
    """第 2.3 节。Section 2.3."""

    id: Annotated[
        ReplyId,
        means("消息编号，按提交顺序递增，永不重用", "the message's id: rises in commit order, is never used again"),
    ]
    question_id: QuestionNumber
    sender_type: Annotated[str, means("发送者类型", "what the sender is")]
    sender_id: Annotated[
        ReplyId | None,
        means("发送者编号；没有的 SYSTEM 消息为 null", "the sender's id; null for a SYSTEM message without one"),
    ]
    role_display_name: Annotated[str | None, means("发送者显示名称", "the sender's name, as shown")]
    content_type: Annotated[str, means("内容类型", "what the content is")]
    content_text: Annotated[str | None, means("正文，与发送时完全相同", "the text, exactly as sent")]
    sent_at: Annotated[Time, means("服务器收到的时间", "when the server got it")]
    status: Annotated[Literal["SENT"], means("总是 SENT", "always SENT")]
    is_visible_to_patient: Annotated[bool, means("false 为仅员工可见", "false for staff only")]
    attachments: Annotated[
        list[StoredAttachment], means("附件，没有时为 []", "the attachments, [] when there are none")
    ]


class OwnMessage(Message, kw_only=True):
    """发送者收到的消息。A message as its sender gets it."""

    client_msg_id: Annotated[
        str | UnsetType,
        means(
            "发送时带了才有，从不出现在 `new_message` 与 HTTP 中", "if sent with one; never in `new_message` or HTTP"
        ),
    ] = UNSET


class Sent(Struct, kw_only=True):
    """消息已保存。The message is stored."""

    success: Annotated[bool, means("总是 true", "always true", **const(True))]
    message: Annotated[str, means("用于展示的文本", "a text to show", **const(SENT))]
    data: Annotated[OwnMessage, means("已保存的消息", "the message as stored")]


class NotSent(Struct, kw_only=True):
    """消息没有保存。恰好这两个键。The message is not stored. These two keys exactly."""

    success: Annotated[bool, means("总是 false", "always false", **const(False))]
    message: Annotated[str, means("原因，以“发送失败：”开头", "the reason, after 发送失败：", pattern=rf"\A{NOT_SENT}")]


class MessagePage(Struct, kw_only=True):
    items: Annotated[list[Message], means("最旧的在前", "oldest first")]
    has_more: HasMore


ATTACHMENT = {
    "url": "https://example.com/image1.png",
    "thumbnail_url": "https://example.com/thumb1.png",
    "duration": None,
    "size": 102400,
}

_SAID = {
    "sender_type": "STAFF",
    "sender_id": 456,
    "role_display_name": "医生王五",
    "content_type": "TEXT",
    "content_text": "您好，请详细描述一下您的症状",
}
_SEND = {"question_id": 123, **_SAID, "attachments": [ATTACHMENT]}
MESSAGE = {
    "id": 789,
    "question_id": 123,
    **_SAID,
    "sent_at": "2025-01-01 10:00:00",
    "status": "SENT",
    "is_visible_to_patient": True,
    "attachments": [ATTACHMENT],
}
_CLIENT_MSG_ID = "8c1f6c3e-0b7a-4f0e-9d57-2f6f2a5b1c11"

SEND_MESSAGE = ClientEvent(
    "send_message",
    "2.3",
    Words("向指定咨询问题发送消息并持久化", "send a message to a question and store it"),
    SendMessage,
    _SEND,
    "send_message:ack",
    mistakes=(
        Mistake(Words("问题编号为负数", "a negative question id"), {**_SEND, "question_id": -1}),
        Mistake(
            Words("没有正文，也没有附件", "neither text nor attachment"),
            {**_SEND, "content_text": " ", "attachments": []},
        ),
        Mistake(Words("附件没有 url", "an attachment without a url"), {**_SEND, "attachments": [{"size": 1}]}),
        Mistake(
            Words("长者发送内部消息", "an elder sends a staff-only message"),
            {**_SEND, "sender_type": "ELDER", "is_visible_to_patient": False},
        ),
        Mistake(
            Words("不存在的问题", "a question that does not exist"),
            {**_SEND, "question_id": ANOTHER_ID},
            Fault(faults.QUESTION_NOT_FOUND),
        ),
    ),
    others=({**_SEND, "client_msg_id": _CLIENT_MSG_ID},),
    is_send=True,
    work=Work.WRITE,
)

SEND_MESSAGE_ACK = ServerEvent(
    "send_message:ack",
    "2.3",
    Words("返回发送结果（成功或失败）", "what became of a message"),
    {"success": True, "message": "发送成功", "data": MESSAGE},
    (
        {"success": True, "message": "发送成功", "data": {**MESSAGE, "client_msg_id": _CLIENT_MSG_ID}},
        {"success": False, "message": "发送失败：question_id 必须为正整数"},
    ),
    shapes=(Sent, Sent, NotSent),
)

NEW_MESSAGE = ServerEvent(
    "new_message",
    "2.3",
    Words("向所在咨询房间广播新消息", "a new message, to all in the question's room"),
    MESSAGE,
    shapes=(Message,),
)

LIST_MESSAGES = Call(
    "GET /api/questions/{question_id}/messages",
    Words(
        "消息历史，旧的在前：after_id 之后的，或 before_id 之前最近的",
        "messages, oldest first: the next ones above after_id, or the latest below before_id",
    ),
    {"items": [MESSAGE], "has_more": False},
    MessagePage,
    query=MessageQuery,
    faults=(400, 404),
    takes_turns=True,
)

POST_MESSAGE = Call(
    "POST /api/questions/{question_id}/messages",
    Words("向指定咨询问题发送消息", "sends a message to a question"),
    MESSAGE,
    Message,
    status=201,
    body=NewMessage,
    example={**_SAID, "attachments": [ATTACHMENT], "client_msg_id": _CLIENT_MSG_ID},
    faults=(400, 404, 409, 413, 415),
)
