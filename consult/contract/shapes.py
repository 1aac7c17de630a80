"""What the server sends, as types: the documents describe it by these, `replies` makes it."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from consult.contract.fields import MAX_ID
from consult.contract.replies import NOT_SENT, SENT


def told(zh: str, en: str, **limits: Any) -> Meta:
    """What a field of an answer is, in both languages."""
    return Meta(description=f"{zh} / {en}", extra={"about": (zh, en)}, **limits)


def _always(value: bool | str) -> dict[str, Any]:
    return {"extra_json_schema": {"const": value}}


Id = Annotated[int, Meta(ge=1, le=MAX_ID)]
Time = Annotated[str, Meta(pattern=r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z")]
TimeOrDate = Annotated[str, Meta(pattern=r"\A\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?\Z")]
QuestionId = Annotated[Id, told("咨询问题编号", "the question's id")]
BizType = Annotated[str, told("业务类型，原样返回", "the kind of business, as given")]
BizId = Annotated[Id, told("业务编号，原样返回", "the business's id, as given")]
# Of a catch-up; there is none without a cursor.
LatestId = Annotated[
    Annotated[int, Meta(ge=0)] | UnsetType,
    told(
        "带 `after_id` 才有：可见的最新编号，没有时为 0", "with `after_id` only: the latest visible id, 0 without any"
    ),
]
Replayed = Annotated[
    bool | UnsetType,
    told("带 `after_id` 才有：补发之外是否还有更多", "with `after_id` only: whether there is more than is sent"),
]
HasMore = Annotated[bool, told("该方向上是否还有更多", "whether there are more in that direction")]


class StoredAttachment(Struct, kw_only=True):
    """四个键总是齐全。All four keys are always there."""

    url: Annotated[str, told("文件地址，服务器不访问它", "where the file is; the server never fetches it")]
    thumbnail_url: Annotated[str | None, told("缩略图地址", "where its thumbnail is")]
    duration: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        told("时长，单位由客户端约定", "how long it plays, in the clients' own unit"),
    ]
    size: Annotated[Annotated[int, Meta(ge=0)] | None, told("大小，字节", "its size in bytes")]


class Message(Struct, kw_only=True):
    """第 2.3 节。Section 2.3."""

    id: Annotated[
        Id, told("消息编号，按提交顺序递增，永不重用", "the message's id: rises in commit order, is never used again")
    ]
    question_id: QuestionId
    sender_type: Annotated[str, told("发送者类型", "what the sender is")]
    sender_id: Annotated[
        Id | None,
        told("发送者编号；没有的 SYSTEM 消息为 null", "the sender's id; null for a SYSTEM message without one"),
    ]
    role_display_name: Annotated[str | None, told("发送者显示名称", "the sender's name, as shown")]
    content_type: Annotated[str, told("内容类型", "what the content is")]
    content_text: Annotated[str | None, told("正文，与发送时完全相同", "the text, exactly as sent")]
    sent_at: Annotated[Time, told("服务器收到的时间", "when the server got it")]
    status: Annotated[Literal["SENT"], told("总是 SENT", "always SENT")]
    is_visible_to_patient: Annotated[bool, told("false 为仅员工可见", "false for staff only")]
    attachments: Annotated[list[StoredAttachment], told("附件，没有时为 []", "the attachments, [] when there are none")]


class OwnMessage(Message, kw_only=True):
    """发送者收到的消息。A message as its sender is told of it."""

    client_msg_id: Annotated[
        str | UnsetType,
        told("发送时带了才有，从不出现在 `new_message` 与 HTTP 中", "if sent with one; never in `new_message` or HTTP"),
    ] = UNSET


class JoinedQuestion(Struct, kw_only=True):
    """第 2.1 节。Section 2.1."""

    question_id: QuestionId
    latest_id: LatestId = UNSET
    has_more: Replayed = UNSET


class LeftQuestion(Struct, kw_only=True):
    """第 2.2 节。Section 2.2."""

    question_id: QuestionId


class Sent(Struct, kw_only=True):
    """消息已保存。The message is stored."""

    success: Annotated[bool, told("总是 true", "always true", **_always(True))]
    message: Annotated[str, told("给人看的文本", "a text to show", **_always(SENT))]
    data: Annotated[OwnMessage, told("已保存的消息", "the message as stored")]


class NotSent(Struct, kw_only=True):
    """消息没有保存。恰好这两个键。The message is not stored. These two keys exactly."""

    success: Annotated[bool, told("总是 false", "always false", **_always(False))]
    message: Annotated[str, told("原因，以“发送失败：”开头", "the reason, after 发送失败：", pattern=rf"\A{NOT_SENT}")]


class BoundUser(Struct, kw_only=True):
    """第 4.1 节。Section 4.1."""

    success: Annotated[bool, told("总是 true", "always true", **_always(True))]
    user_id: Annotated[Id, told("用户编号", "the user's id")]
    latest_id: LatestId = UNSET
    has_more: Replayed = UNSET


class Notification(Struct, kw_only=True):
    """第 4.2 节。Section 4.2."""

    id: Annotated[
        Id,
        told("通知编号，按提交顺序递增，永不重用", "the notification's id: rises in commit order, is never used again"),
    ]
    biz_type: BizType
    biz_id: BizId
    title: Annotated[str, told("标题", "the title")]
    content: Annotated[str | None, told("内容", "the text")]
    status: Annotated[Literal["UNREAD", "READ"], told("是否已读", "whether it was read")]
    created_at: Annotated[Time, told("触发的时间", "when the reminder fired")]
    read_at: Annotated[Time | None, told("标记为已读的时间", "when it was marked as read")]


_CONFIRMED_AT = told("确认的时间", "when it was confirmed")
_SNOOZED_UNTIL = told("推迟到何时再次提醒，没有推迟时为 null", "when it comes again, null when it does not")


class AnsweredNotification(Notification, kw_only=True):
    """可以确认和推迟的通知，第 4.3 节。A notification that can be confirmed and snoozed, section 4.3."""

    confirmed_at: Annotated[Time | None, _CONFIRMED_AT]
    snoozed_until: Annotated[Time | None, _SNOOZED_UNTIL]


class ListedNotification(Notification, kw_only=True):
    """列表中的通知。A notification in a list."""

    confirmed_at: Annotated[
        Time | UnsetType | None,
        told("带 `answers=true` 才有：确认的时间", "with `answers=true` only: when it was confirmed"),
    ] = UNSET
    snoozed_until: Annotated[
        Time | UnsetType | None,
        told("带 `answers=true` 才有：推迟到何时", "with `answers=true` only: when it comes again"),
    ] = UNSET


class Answered(Struct, kw_only=True):
    """第 4.3 节。Section 4.3."""

    success: Annotated[bool, told("总是 true", "always true", **_always(True))]
    id: Annotated[Id, told("通知编号", "the notification's id")]


class NotificationUpdated(Struct, kw_only=True):
    """第 4.3 节。Section 4.3."""

    id: Annotated[Id, told("通知编号", "the notification's id")]
    status: Annotated[Literal["UNREAD", "READ"], told("是否已读", "whether it was read")]
    read_at: Annotated[Time | None, told("标记为已读的时间", "when it was marked as read")]
    confirmed_at: Annotated[Time | None, _CONFIRMED_AT]
    snoozed_until: Annotated[Time | None, _SNOOZED_UNTIL]
    unread: Annotated[int, told("该用户此后共有多少条未读", "how many the user has not read from now on", ge=0)]


class Error(Struct, kw_only=True):
    """第 3 节，也是每个 HTTP 错误的格式。Section 3, and every HTTP fault."""

    code: Annotated[str, told("错误码，供程序判断", "what programs go by")]
    message: Annotated[str, told("给人看的文本", "a text to show")]


class Question(Struct, kw_only=True):
    """咨询问题。A consultation question."""

    id: QuestionId
    title: Annotated[str, told("标题", "the title")]
    elder_id: Annotated[Id, told("长者的用户编号", "the elder's user id")]
    status: Annotated[Literal["OPEN", "CLOSED"], told("关闭后不再接收消息", "a closed one takes no messages")]
    created_at: Annotated[Time, told("新建的时间", "when it was opened")]
    latest_message_id: Annotated[
        Id | None,
        told("可见的最新消息的编号，没有时为 null", "the id of its latest visible message, null without one"),
    ]


class QuestionPage(Struct, kw_only=True):
    items: Annotated[list[Question], told("最新的在前", "newest first")]
    has_more: HasMore


class MessagePage(Struct, kw_only=True):
    items: Annotated[list[Message], told("最旧的在前", "oldest first")]
    has_more: HasMore


class NotificationPage(Struct, kw_only=True):
    items: Annotated[
        list[ListedNotification],
        told("最新的在前；带 after_id 时最旧的在前", "newest first; oldest first with after_id"),
    ]
    has_more: HasMore
    unread: Annotated[
        int, told("该用户共有多少条未读，与筛选无关", "how many the user has not read, whatever the filter", ge=0)
    ]
