"""Notifications of a user: bound, pushed, answered, listed (sections 4 and 7)."""

from typing import Annotated, ClassVar

from msgspec import UNSET, Struct, UnsetType

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.fields import (
    OF_STATUS,
    AfterId,
    BeforeId,
    Cursor,
    GivenOutcome,
    Id,
    Moment,
    Note,
    NotificationId,
    NotificationStatus,
    PageLimit,
    SnoozeUntil,
    Until,
    YesNo,
    means,
)
from consult.contract.history import HISTORY, HistoryPage, HistoryQuery
from consult.contract.limits import USUAL_PAGE
from consult.contract.payloads import ONE_CURSOR, Payload, must_be
from consult.contract.reply_fields import (
    BusinessId,
    BusinessKind,
    Confirmed,
    HasMore,
    LatestId,
    MoreThanReplayed,
    ReplyId,
    SnoozedUntil,
    Time,
    const,
)
from consult.contract.rows import ANOTHER_ID, Call, ClientEvent, Mistake, ServerEvent, Work
from consult.contract.words import Words
from store import notifications

ConfirmedOutcome = Annotated[
    GivenOutcome | None,
    means("结果（第 12 节）；默认为 `DONE`", "what became of it (section 12); `DONE` when left out"),
]
ConfirmedNote = Annotated[Note | None, means("备注", "a note")]
ConfirmedAt = Annotated[
    Moment | None,
    means("实际的时间，不晚于现在；默认为现在", "when it really was, not later than now; now when left out"),
]


class BindUser(Payload, kw_only=True, gc=False):
    """Section 4.1."""

    user_id: Annotated[Id, means("要接收谁的通知", "whose notifications to get")]
    after_id: Annotated[
        Cursor | None,
        means(
            "游标：已收到的最后一条通知的编号，或 0；要求补发其后的",
            "a cursor, the id of the last notification that the client has, or 0: asks for those after it",
        ),
    ] = None


class AnswerNotification(Payload, kw_only=True, gc=False):
    """Section 4.3: `notification:read` and `notification:confirm`."""

    id: NotificationId


class ConfirmNotification(Payload, kw_only=True, gc=False):
    """Section 4.3."""

    id: NotificationId
    outcome: ConfirmedOutcome = None
    note: ConfirmedNote = None
    at: ConfirmedAt = None


class Confirmation(Payload, kw_only=True, gc=False):
    outcome: ConfirmedOutcome = None
    note: ConfirmedNote = None
    at: ConfirmedAt = None


class SnoozeNotification(Payload, kw_only=True, gc=False):
    """Section 4.3."""

    id: NotificationId
    until: SnoozeUntil


class Snooze(Payload, kw_only=True, gc=False):
    until: SnoozeUntil


class NotificationQuery(Payload, kw_only=True, gc=False):
    status: Annotated[NotificationStatus | None, OF_STATUS] = None
    after_id: AfterId = None
    before_id: BeforeId = None
    limit: PageLimit = USUAL_PAGE
    answers: Annotated[
        YesNo | None,
        means(
            "`true` 时每一项还有 `confirmed_at` 与 `snoozed_until`",
            "with `true` each also carries `confirmed_at` and `snoozed_until`",
        ),
    ] = None
    outcomes: Annotated[
        YesNo | None,
        means(
            "`true` 时已有结果的还有 `outcome`、`outcome_at`、`outcome_by` 与 `note`",
            "with `true` those whose occurrence has an outcome also carry `outcome`, `outcome_at`, `outcome_by` and "
            "`note`",
        ),
    ] = None

    checks: ClassVar = (ONE_CURSOR,)


class BoundUser(Struct, kw_only=True):
    """第 4.1 节。Section 4.1."""

    success: Annotated[bool, means("总是 true", "always true", **const(True))]
    user_id: Annotated[ReplyId, means("用户编号", "the user's id")]
    latest_id: LatestId = UNSET
    has_more: MoreThanReplayed = UNSET


class Notification(Struct, kw_only=True):
    """第 4.2 节。Section 4.2."""

    id: Annotated[
        ReplyId,
        means(
            "通知编号，按提交顺序递增，永不重用", "the notification's id: rises in commit order, is never used again"
        ),
    ]
    biz_type: BusinessKind
    biz_id: BusinessId
    title: Annotated[str, means("标题", "the title")]
    content: Annotated[str | None, means("内容", "the text")]
    status: Annotated[notifications.Status, means("是否已读", "whether it was read")]
    created_at: Annotated[Time, means("触发的时间", "when the reminder fired")]
    read_at: Annotated[Time | None, means("标记为已读的时间", "when it was marked as read")]


class AnsweredNotification(Notification, kw_only=True):
    """可以确认和推迟的通知，第 4.3 节。A notification that can be confirmed and snoozed, section 4.3."""

    confirmed_at: Annotated[Time | None, Confirmed]
    snoozed_until: Annotated[Time | None, SnoozedUntil]


OutcomeAt = Annotated[Time | UnsetType, means("同上：结果的时间", "likewise: when that was")]
OutcomeBy = Annotated[
    str | UnsetType, means("同上：由谁得出，与历史记录的 `by` 相同", "likewise: who did it, as a history's `by`")
]
OutcomeNote = Annotated[str | UnsetType | None, means("同上：备注或原因", "likewise: the note, or the reason")]


class ListedNotification(Notification, kw_only=True):
    """列表中的通知。A notification in a list."""

    confirmed_at: Annotated[
        Time | UnsetType | None,
        means("带 `answers=true` 才有：确认的时间", "with `answers=true` only: when it was confirmed"),
    ] = UNSET
    snoozed_until: Annotated[
        Time | UnsetType | None,
        means("带 `answers=true` 才有：推迟到何时", "with `answers=true` only: when it comes again"),
    ] = UNSET
    outcome: Annotated[
        notifications.Outcome | UnsetType,
        means(
            "带 `outcomes=true` 且已有结果时才有（第 12 节）",
            "with `outcomes=true` only, and where its occurrence has an outcome (section 12)",
        ),
    ] = UNSET
    outcome_at: OutcomeAt = UNSET
    outcome_by: OutcomeBy = UNSET
    note: OutcomeNote = UNSET


class Answered(Struct, kw_only=True):
    """第 4.3 节。Section 4.3."""

    success: Annotated[bool, means("总是 true", "always true", **const(True))]
    id: Annotated[ReplyId, means("通知编号", "the notification's id")]


class NotificationUpdated(Struct, kw_only=True):
    """第 4.3 节。Section 4.3."""

    id: Annotated[ReplyId, means("通知编号", "the notification's id")]
    status: Annotated[notifications.Status, means("是否已读", "whether it was read")]
    read_at: Annotated[Time | None, means("标记为已读的时间", "when it was marked as read")]
    confirmed_at: Annotated[Time | None, Confirmed]
    snoozed_until: Annotated[Time | None, SnoozedUntil]
    unread: Annotated[int, means("该用户此后共有多少条未读", "how many the user has not read from now on", ge=0)]
    outcome: Annotated[
        notifications.Outcome | UnsetType,
        means("刚有结果时才有（第 12 节）", "only where its occurrence has just got an outcome (section 12)"),
    ] = UNSET
    outcome_at: OutcomeAt = UNSET
    outcome_by: OutcomeBy = UNSET
    note: OutcomeNote = UNSET
    withdrawn_at: Annotated[Time | UnsetType, means("提醒任务撤回的时间", "when its reminder was withdrawn")] = UNSET


class NotificationPage(Struct, kw_only=True):
    items: Annotated[
        list[ListedNotification],
        means("最新的在前；带 after_id 时最旧的在前", "newest first; oldest first with after_id"),
    ]
    has_more: HasMore
    unread: Annotated[
        int, means("该用户共有多少条未读，与筛选无关", "how many the user has not read, whatever the filter", ge=0)
    ]


USER_ROOM = "user:{userId}"

NOTIFICATION = {
    "id": 1,
    "biz_type": "INTERVENTION_TASK",
    "biz_id": 12345,
    "title": "服药提醒",
    "content": "请在 20:00 前完成今日降压药服用",
    "status": "UNREAD",
    "created_at": "2025-01-01 10:00:00",
    "read_at": None,
}

READ = {**NOTIFICATION, "status": "READ", "read_at": "2025-01-01 10:05:00"}

CONFIRMED = {**READ, "confirmed_at": "2025-01-01 10:05:00", "snoozed_until": None}

SNOOZE = {"until": "2025-01-01 10:30:00"}

SNOOZED = {**NOTIFICATION, "confirmed_at": None, "snoozed_until": "2025-01-01 10:30:00"}

UPDATED = {
    "id": 1,
    "status": "READ",
    "read_at": "2025-01-01 10:05:00",
    "confirmed_at": "2025-01-01 10:05:00",
    "snoozed_until": None,
    "unread": 0,
}


_NOT_ONES_OWN = Mistake(
    Words("没有绑定用户，或不是该用户的通知", "not bound to a user, or a notification of another user"),
    {"id": ANOTHER_ID},
    Fault(faults.NOT_FOUND),
)

BIND_USER = ClientEvent(
    "bind_user",
    "4.1",
    Words(
        "将当前连接绑定到指定用户房间，用于接收该用户的通知推送",
        "bind this connection to a user's room, to get that user's notifications",
    ),
    BindUser,
    {"user_id": 1001},
    "bind_user:ack",
    mistakes=(
        Mistake(Words("用户编号是小数", "a user id with a fraction"), {"user_id": 1001.5}),
        Mistake(Words("缺少 user_id", "user_id left out"), {}),
    ),
    others=({"user_id": 1001, "after_id": 0},),
    work=Work.READ,
)

BIND_USER_ACK = ServerEvent(
    "bind_user:ack",
    "4.1",
    Words("确认绑定结果", "the connection is bound"),
    {"success": True, "user_id": 1001},
    ({"success": True, "user_id": 1001, "latest_id": 1, "has_more": False},),
    shapes=(BoundUser, BoundUser),
)

NOTIFICATION_NEW = ServerEvent(
    "notification:new",
    "4.2",
    Words("提醒到期后推送给该用户的所有连接", "a reminder came due, to all of the user's connections"),
    NOTIFICATION,
    shapes=(Notification,),
)

NOTIFICATION_READ = ClientEvent(
    "notification:read",
    "4.3",
    Words("标记通知为已读", "mark a notification as read"),
    AnswerNotification,
    {"id": 1},
    "notification:read:ack",
    mistakes=(Mistake(Words("编号是字符串", "an id that is a string"), {"id": "1"}), _NOT_ONES_OWN),
    work=Work.WRITE,
)

NOTIFICATION_CONFIRM = ClientEvent(
    "notification:confirm",
    "4.3",
    Words(
        "确认通知（例如已服药），同时标记为已读",
        "confirm a notification (the medicine is taken), which also marks it as read",
    ),
    ConfirmNotification,
    {"id": 1},
    "notification:confirm:ack",
    mistakes=(
        Mistake(Words("缺少 id", "id left out"), {}),
        Mistake(Words("不存在的结果", "an outcome that there is none of"), {"id": 1, "outcome": "TAKEN"}),
        _NOT_ONES_OWN,
    ),
    others=({"id": 1, "outcome": "SKIPPED", "note": "饭前没有胃口", "at": "2025-01-01 10:02:00"},),
    work=Work.WRITE,
)

NOTIFICATION_SNOOZE = ClientEvent(
    "notification:snooze",
    "4.3",
    Words("推迟通知：到时作为新的通知再次提醒", "snooze a notification: at that time it comes again, as a new one"),
    SnoozeNotification,
    {"id": 1, **SNOOZE},
    "notification:snooze:ack",
    mistakes=(
        Mistake(
            Words("已经过去的时间", "a time that has passed"),
            {"id": 1, "until": "2025-01-01 10:00:00"},
            must_be("until", Until),
        ),
        Mistake(Words("缺少 until", "until left out"), {"id": 1}),
        Mistake(Words("编号为 0", "an id of 0"), {"id": 0, **SNOOZE}),
    ),
    work=Work.CHANGE,
)


def _ack(name: str, about: Words) -> ServerEvent:
    """Return the reply to an answer of the user."""
    return ServerEvent(name, "4.3", about, {"success": True, "id": 1}, shapes=(Answered,))


READ_ACK = _ack("notification:read:ack", Words("确认已标记为已读", "the notification is read"))
CONFIRM_ACK = _ack("notification:confirm:ack", Words("确认已确认", "the notification is confirmed"))
SNOOZE_ACK = _ack("notification:snooze:ack", Words("确认已推迟", "the notification is snoozed"))

NOTIFICATION_UPDATED = ServerEvent(
    "notification:updated",
    "4.3",
    Words(
        "通知的状态有变化，使同一用户的各个终端保持一致",
        "a notification has changed, so that a user's devices stay in step",
    ),
    UPDATED,
    shapes=(NotificationUpdated,),
)

LIST_NOTIFICATIONS = Call(
    "GET /api/users/{user_id}/notifications",
    Words(
        "某用户的通知，最新的在前；带 after_id 时旧的在前",
        "a user's notifications, newest first; with after_id oldest first",
    ),
    {"items": [NOTIFICATION], "has_more": False, "unread": 1},
    NotificationPage,
    query=NotificationQuery,
    faults=(400,),
    takes_turns=True,
)

READ_NOTIFICATION = Call(
    "POST /api/notifications/{id}/read",
    Words("标记为已读；重复标记无变化", "marks a notification as read; again changes nothing"),
    READ,
    Notification,
    faults=(400, 404, 409),
)

SNOOZE_NOTIFICATION = Call(
    "POST /api/notifications/{id}/snooze",
    Words("推迟：到时作为新的通知再次提醒", "snoozes a notification: at that time it comes again, as a new one"),
    SNOOZED,
    AnsweredNotification,
    body=Snooze,
    example=SNOOZE,
    faults=(400, 404, 409, 413, 415),
    work=Work.CHANGE,
)

CONFIRM_NOTIFICATION = Call(
    "POST /api/notifications/{id}/confirm",
    Words(
        "确认，同时标记为已读；重复确认无变化",
        "confirms a notification, which also marks it as read; again changes nothing",
    ),
    CONFIRMED,
    AnsweredNotification,
    body=Confirmation,
    example={"outcome": "DONE", "note": "饭后服用"},
    has_optional_body=True,
    faults=(400, 404, 409, 413, 415),
)

NOTIFICATION_HISTORY = Call(
    "GET /api/notifications/{id}/history",
    Words(
        "一条通知的历史记录，旧的在前：最近的，或 before_id 之前最近的",
        "what happened to a notification, oldest first: the latest, or the latest below before_id",
    ),
    {"items": HISTORY, "has_more": False},
    HistoryPage,
    query=HistoryQuery,
    faults=(400, 404),
    work=Work.SEARCH,
    takes_turns=True,
)
