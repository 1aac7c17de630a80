"""The events that hooks are told (docs/hooks.md): their names, and the bodies that receivers get."""

from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType

from consult.contract.fields import means
from consult.contract.questions import QuestionRung
from consult.contract.reply_fields import Time
from consult.contract.words import Words

_Id = Annotated[int, means("编号", "its id")]
_Channel = Annotated[
    str | UnsetType,
    means("提醒任务的渠道；回复通知为 IN_APP", "its reminder's channel; IN_APP of replies"),
]
_Deleted = Annotated[
    bool | UnsetType,
    means(
        "`true`：发送前已按保存期限删除，其余字段因此缺少",
        "`true` where the message was deleted for its age before it was delivered; the other fields are missing",
    ),
]
_TITLE = means("标题；`content` 为 false 时没有", "the title; only with `content`")
_CONTENT = means("正文；`content` 为 false 时没有", "the text; only with `content`")


class ToldMessage(Struct, kw_only=True):
    """`message.created`."""

    id: _Id
    question_id: Annotated[int | UnsetType, means("咨询问题编号", "the question's id")] = UNSET
    sender_type: Annotated[str | UnsetType, means("发送者类型", "what the sender is")] = UNSET
    sender_id: Annotated[int | UnsetType | None, means("发送者的用户编号", "the sender's user id")] = UNSET
    content_type: Annotated[str | UnsetType, means("内容类型", "the kind of content")] = UNSET
    is_visible_to_patient: Annotated[
        bool | UnsetType,
        means("`false`：内部消息，不得转给老人或家属", "`false`: for staff alone, not to be passed on to patients"),
    ] = UNSET
    sent_at: Annotated[Time | UnsetType, means("发送时间", "when it was sent")] = UNSET
    role_display_name: Annotated[str | UnsetType | None, means("显示名称", "the name to show; only with `content`")] = (
        UNSET
    )
    content_text: Annotated[str | UnsetType | None, _CONTENT] = UNSET
    attachments: Annotated[
        Any,
        means(
            "附件，`content` 为 false 时没有；文件地址带有签名（第 15 节）",
            "the attachments, with the addresses of files signed (section 15); only with `content`",
        ),
    ] = UNSET
    deleted: _Deleted = UNSET


class ToldNotification(Struct, kw_only=True):
    """`notification.created` and `notification.answered`."""

    id: _Id
    user_id: Annotated[int | UnsetType, means("用户编号", "the user that it is for")] = UNSET
    task_id: Annotated[
        int | UnsetType | None, means("提醒任务编号；回复通知为 null", "its reminder's id; null of replies")
    ] = UNSET
    biz_type: Annotated[str | UnsetType, means("业务类型", "the kind of business, as given")] = UNSET
    biz_id: Annotated[int | UnsetType, means("业务编号", "the business's id, as given")] = UNSET
    channel: _Channel = UNSET
    created_at: Annotated[Time | UnsetType, means("产生时间", "when it was written")] = UNSET
    occurrence_at: Annotated[
        Time | UnsetType, means("为哪个时间", "the planned time, or that of the snooze; not in an answer")
    ] = UNSET
    rung: Annotated[
        int | UnsetType, means("跟进的第几级，首次为 0", "which ring of the ladder, 0 the first; not in an answer")
    ] = UNSET
    snooze_of: Annotated[
        int | UnsetType | None,
        means("推迟后再次提醒的原通知编号", "the notification that comes again as this one; not in an answer"),
    ] = UNSET
    status: Annotated[str | UnsetType, means("UNREAD 或 READ；仅回答", "UNREAD or READ; in an answer")] = UNSET
    read_at: Annotated[Time | UnsetType | None, means("已读时间", "when it was read; in an answer")] = UNSET
    confirmed_at: Annotated[Time | UnsetType | None, means("确认时间", "when it was confirmed; in an answer")] = UNSET
    snoozed_until: Annotated[Time | UnsetType | None, means("推迟到何时", "when it comes again; in an answer")] = UNSET
    withdrawn_at: Annotated[
        Time | UnsetType | None, means("撤回时间", "when its reminder was withdrawn; in an answer")
    ] = UNSET
    outcome: Annotated[str | UnsetType | None, means("确认的结果", "what a confirmation says: DONE or SKIPPED")] = UNSET
    outcome_by: Annotated[str | UnsetType | None, means("谁的回答", "whose answer it is")] = UNSET
    outcome_at: Annotated[Time | UnsetType | None, means("结果的时间", "when that was")] = UNSET
    title: Annotated[str | UnsetType, _TITLE] = UNSET
    content: Annotated[str | UnsetType | None, _CONTENT] = UNSET
    confirm_url: Annotated[
        str | UnsetType,
        means(
            "确认链接（第 14 节）；仅新通知，且 Webhook 的 `confirm_links` 为 true",
            "the link that confirms it (section 14); of a new one, for a hook with `confirm_links`",
        ),
    ] = UNSET
    note: Annotated[str | UnsetType | None, means("回答的备注", "the answer's note; only with `content`")] = UNSET
    deleted: _Deleted = UNSET


class MissedOccurrence(Struct, kw_only=True):
    """`occurrence.missed`."""

    task_id: Annotated[int, means("提醒任务编号", "the reminder's id")]
    user_id: Annotated[int, means("用户编号", "the user that it is for")]
    biz_type: Annotated[str, means("业务类型", "the kind of business, as given")]
    biz_id: Annotated[int, means("业务编号", "the business's id, as given")]
    planned_at: Annotated[Time, means("计划时间", "the planned time")]
    notification_id: Annotated[
        int | None, means("首次通知的编号，没有时为 null", "its first notification's id, null where it never rang")
    ]
    title: Annotated[str | UnsetType, _TITLE] = UNSET
    content: Annotated[str | UnsetType | None, _CONTENT] = UNSET
    deleted: _Deleted = UNSET


class ToldQuestion(Struct, kw_only=True):
    """`question.created` and `question.updated`: the question as it was by then."""

    id: _Id
    elder_id: Annotated[int, means("老人的用户编号", "the elder's user id")]
    status: Annotated[str, means("状态", "OPEN or CLOSED")]
    created_at: Annotated[Time, means("创建时间", "when it was opened")]
    assignee_id: Annotated[int | None, means("负责的员工", "the assignee's user id")]
    priority: Annotated[str | None, means("优先级", "NORMAL, URGENT, or null where none was ever given")]
    notify_replies: Annotated[bool, means("是否以通知告知回复", "whether replies notify who is away")]
    answer_within: Annotated[int | None, means("应在多少秒内答复", "seconds within which staff is to answer")]
    follow_up: Annotated[
        list[QuestionRung] | None, means("未答复时再提醒谁", "the users that it rings while it is unanswered")
    ]
    category: Annotated[str | UnsetType | None, means("类别", "its category; only with `content`")] = UNSET
    title: Annotated[str | UnsetType, _TITLE] = UNSET
    deleted: _Deleted = UNSET


class Trial(Struct, kw_only=True):
    """`hook.test`, which `careline hooks test NAME` sends."""

    hook: Annotated[str, means("名称", "the hook's name")]


Told = ToldMessage | ToldNotification | MissedOccurrence | ToldQuestion | Trial


class Event(Struct, kw_only=True):
    """The body of every delivery."""

    type: Annotated[str, means("事件", "the event's name")]
    timestamp: Annotated[str, means("发生时间", "when it happened, as ISO 8601 with an offset")]
    data: Annotated[Any, means("内容", "what it tells, by the event")]


ABOUT: dict[str, tuple[Words, type[Struct]]] = {
    "notification.created": (
        Words("产生了通知", "a user has got a notification: a ring of a reminder, or of replies"),
        ToldNotification,
    ),
    "notification.answered": (
        Words("通知已读、确认、推迟或撤回", "a notification was read, confirmed, snoozed or withdrawn, or came again"),
        ToldNotification,
    ),
    "occurrence.missed": (
        Words("到最后无人回答，或停机期间错过", "a ladder ended without an answer, or a ring was left out"),
        MissedOccurrence,
    ),
    "message.created": (Words("新的消息", "a message was sent, also one for staff alone"), ToldMessage),
    "question.created": (Words("新的咨询问题", "a question was opened"), ToldQuestion),
    "question.updated": (
        Words("咨询问题有变化", "a question was closed, reopened, assigned or otherwise changed"),
        ToldQuestion,
    ),
}
EVENTS: tuple[str, ...] = tuple(ABOUT)
