"""Reminder tasks: added, listed, changed, cancelled; when they are due next (sections 7 and 11)."""

from typing import Annotated, ClassVar

from msgspec import UNSET, Struct, UnsetType

from consult.contract.faults import MISSED_TOO_EARLY
from consult.contract.fields import (
    OF_STATUS,
    BeforeId,
    BizType,
    Channel,
    Content,
    Exdates,
    Flag,
    FollowUp,
    Id,
    Missed,
    MissedAfter,
    Moment,
    PageLimit,
    Rrule,
    TaskStatus,
    Title,
    YesNo,
    Zone,
    means,
)
from consult.contract.history import HISTORY, HistoryPage, HistoryQuery
from consult.contract.limits import USUAL_PAGE
from consult.contract.payloads import Check, Payload
from consult.contract.reply_fields import BusinessId, BusinessKind, HasMore, ReplyId, Time, TimeOrDate
from consult.contract.rows import Call, Work
from consult.contract.words import Words
from store import reminders

# What fields mean that a new task and a change have.
_TITLE = means("标题", "the title")
_CONTENT = means("通知的内容", "the notification's text")
_REMIND_AT = means(
    "何时触发（第 8 节）；有重复规则时为其开始",
    "when it is due (section 8); where a rule repeats it, where that starts",
)
_RRULE = means("如何重复（第 11 节）；默认为只触发一次", "how it repeats (section 11); once when left out")
_CRITICAL = means(
    "`true`：免打扰时段内照常提醒（第 12 节）；默认为 `false`",
    "`true`: quiet hours do not hold it (section 12); `false` when left out",
)
_FOLLOW_UP = means(
    "未答复时再提醒谁（第 12 节），`after` 从小到大",
    "the users that it rings while it is not answered (section 12), `after` rising",
)
_MISSED_AFTER = means(
    "计划时间之后多少秒算作无人答复；默认为最后一级之后一小时",
    "seconds after the planned time from which it counts as missed; an hour after the last rung when left out",
)
RISES = Check(
    "follow_up",
    lambda payload: _rises([one["after"] for one in payload.get("follow_up") or ()]),
    "follow_up 的 after 必须从小到大",
    "`after` rises from rung to rung, or stays",
)
# The rules of a ladder, also of one that is changed.
LADDER = (
    RISES,
    Check(
        "missed_after",
        lambda payload: (
            payload.get("missed_after") is None
            or payload["missed_after"] > max((one["after"] for one in payload.get("follow_up") or ()), default=0)
        ),
        MISSED_TOO_EARLY.text,
        "above the last `after` of `follow_up`",
    ),
)


def _rises(numbers: list[int]) -> bool:
    return numbers == sorted(numbers)


class NewReminder(Payload, kw_only=True, gc=False):
    user_id: Annotated[Id, means("提醒谁", "the user to remind")]
    biz_type: Annotated[BizType, means("业务类型，原样返回", "the kind of business, given back as it is")]
    biz_id: Annotated[Id, means("业务编号，原样返回", "the business's id, given back as it is")]
    channel: Annotated[
        Channel | None,
        means(
            "渠道，默认为 `IN_APP`；推送方式都相同。`SMS` 与 `PUSH` 还会发给列出它的 Webhook，"
            "没有列出时不接受（第 14 节）",
            "the channel, `IN_APP` when left out; all are pushed alike. `SMS` and `PUSH` go to the hooks that list "
            "them, too, and are refused where none does (section 14)",
        ),
    ] = None
    title: Annotated[Title, _TITLE]
    content: Annotated[Content | None, _CONTENT] = None
    remind_at: Annotated[Moment, _REMIND_AT]
    rrule: Annotated[Rrule | None, _RRULE] = None
    exdates: Annotated[
        Exdates | None, means("规则给出而不触发的时间", "times that the rule gives and that are left out")
    ] = None
    timezone: Annotated[
        Zone | None,
        means("按哪个时区的当地时间重复；默认为诊所的时区", "by whose clocks it repeats; the clinic's when left out"),
    ] = None
    missed: Annotated[
        Missed | None,
        means(
            "错过的触发如何处理（第 11 节）；默认为 `latest`",
            "what becomes of occurrences that were missed (section 11); `latest` when left out",
        ),
    ] = None
    follow_up: Annotated[FollowUp | None, _FOLLOW_UP] = None
    missed_after: Annotated[MissedAfter | None, _MISSED_AFTER] = None
    critical: Annotated[Flag | None, _CRITICAL] = None

    checks: ClassVar = LADDER


class ReminderChange(Payload, kw_only=True, gc=False):
    title: Annotated[Title | None, _TITLE] = None
    content: Annotated[Content | None, _CONTENT] = None
    remind_at: Annotated[Moment | None, _REMIND_AT] = None
    rrule: Annotated[Rrule | None, _RRULE] = None
    exdates: Annotated[
        Exdates | None,
        means(
            "规则给出而不触发的时间，取代以前的",
            "times that the rule gives and that are left out, in place of the earlier ones",
        ),
    ] = None
    timezone: Annotated[
        Zone | None,
        means(
            "按哪个时区的当地时间重复；只改时区时，规则保持钟表上的时间",
            "by whose clocks it repeats; where it alone is changed, the rule keeps its times on the wall",
        ),
    ] = None
    missed: Annotated[
        Missed | None,
        means("错过的触发如何处理（第 11 节）", "what becomes of occurrences that were missed (section 11)"),
    ] = None
    paused: Annotated[
        Flag | None,
        means("`true` 暂停，`false` 恢复（第 11 节）", "`true` pauses it, `false` has it go on (section 11)"),
    ] = None
    follow_up: Annotated[FollowUp | None, _FOLLOW_UP] = None
    missed_after: Annotated[MissedAfter | None, _MISSED_AFTER] = None
    critical: Annotated[Flag | None, _CRITICAL] = None

    checks: ClassVar = LADDER


class ReminderQuery(Payload, kw_only=True, gc=False):
    user_id: Annotated[Id | None, means("只列出该用户的", "of that user only")] = None
    status: Annotated[TaskStatus | None, OF_STATUS] = None
    parked: Annotated[
        YesNo | None, means("`true`：只列出被搁置的任务（第 11.3 节）", "`true`: the parked tasks alone (section 11.3)")
    ] = None
    before_id: BeforeId = None
    limit: PageLimit = USUAL_PAGE


class OccurrenceQuery(Payload, kw_only=True, gc=False):
    limit: PageLimit = USUAL_PAGE


class AskedRung(Struct, kw_only=True):
    """一级追加提醒。A rung of the ladder."""

    after: Annotated[int, means("计划时间之后多少秒", "seconds after the planned time", ge=0)]
    user_id: Annotated[ReplyId, means("提醒谁", "the user that it rings")]


class ReminderTask(Struct, kw_only=True):
    """提醒任务。A reminder task."""

    id: Annotated[ReplyId, means("任务编号", "the task's id")]
    user_id: Annotated[ReplyId, means("提醒谁", "the user that it reminds")]
    biz_type: BusinessKind
    biz_id: BusinessId
    channel: Annotated[reminders.Channel, means("渠道", "the channel")]
    title: Annotated[str, means("通知的标题", "the notification's title")]
    content: Annotated[str | None, means("通知的内容", "the notification's text")]
    remind_at: Annotated[Time, means("何时触发", "when it is due")]
    status: Annotated[reminders.Status, means("待触发、已触发、已取消", "waiting, fired, cancelled")]
    created_at: Annotated[Time, means("新建的时间", "when it was made")]
    rrule: Annotated[
        str | UnsetType | None,
        means(
            "重复规则，只触发一次的为 null；新建或修改时用过新字段的任务才有这一项及以下各项",
            "the recurrence rule, null for what comes once; this and all below only in a task that was made or changed "
            "with one of the new fields",
        ),
    ] = UNSET
    exdates: Annotated[
        list[TimeOrDate] | UnsetType,
        means("排除的时间，或一整天的日期", "the times that are left out, or the dates of whole days"),
    ] = UNSET
    timezone: Annotated[str | UnsetType, means("按哪个时区的当地时间重复", "by whose clocks it repeats")] = UNSET
    missed: Annotated[
        reminders.Missed | UnsetType, means("错过的触发如何处理", "what becomes of occurrences that were missed")
    ] = UNSET
    paused: Annotated[bool | UnsetType, means("是否暂停", "whether it is paused")] = UNSET
    next_at: Annotated[
        Time | UnsetType | None, means("下一次触发，没有时为 null", "when it is due next, null when it is not")
    ] = UNSET
    follow_up: Annotated[
        list[AskedRung] | UnsetType,
        means(
            "新建时带了才有：未答复时再提醒谁",
            "if it was made with one: the users that it rings while it is not answered",
        ),
    ] = UNSET
    missed_after: Annotated[
        int | UnsetType,
        means("同上：计划时间之后多少秒算作无人答复", "likewise: seconds after which it counts as missed"),
    ] = UNSET
    critical: Annotated[
        bool | UnsetType,
        means("新建时带了才有：免打扰时段内是否照常提醒", "if it was made with it: whether quiet hours do not hold it"),
    ] = UNSET
    parked_at: Annotated[
        Time | UnsetType | None,
        means("带 `parked=true` 查询时才有：何时搁置", "only in a list with `parked=true`: when it was parked"),
    ] = UNSET
    parked_for: Annotated[
        str | UnsetType | None, means("带 `parked=true` 查询时才有：搁置的原因", "only in the same list: why")
    ] = UNSET


class Occurrence(Struct, kw_only=True):
    """将要触发的一次。An occurrence that is to come."""

    planned_at: Annotated[Time, means("计划的时间", "when it is planned")]


class OccurrencePage(Struct, kw_only=True):
    items: Annotated[list[Occurrence], means("最早的在前", "earliest first")]
    has_more: HasMore


class ReminderPage(Struct, kw_only=True):
    items: Annotated[list[ReminderTask], means("最新的在前", "newest first")]
    has_more: HasMore


TASK = {
    "id": 1,
    "user_id": 1001,
    "biz_type": "INTERVENTION_TASK",
    "biz_id": 12345,
    "channel": "IN_APP",
    "title": "服药提醒",
    "content": "请在 20:00 前完成今日降压药服用",
    "remind_at": "2030-01-01 20:00:00",
    "status": "PENDING",
    "created_at": "2025-01-01 10:00:00",
}

NEW_REMINDER = {key: TASK[key] for key in ("user_id", "biz_type", "biz_id", "channel", "title", "content", "remind_at")}

_REPEATING = {
    **TASK,
    "rrule": "FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0;BYSECOND=0",
    "exdates": [],
    "timezone": "Asia/Shanghai",
    "missed": "latest",
    "paused": False,
    "next_at": "2030-01-01 20:00:00",
}

ADD_REMINDER = Call(
    "POST /api/reminders",
    Words("新建提醒任务；时间已过则立即触发", "adds a reminder task; one whose time is past fires at once"),
    TASK,
    ReminderTask,
    status=201,
    body=NewReminder,
    example=NEW_REMINDER,
    faults=(400, 409, 413, 415),
)

LIST_REMINDERS = Call(
    "GET /api/reminders",
    Words("列出提醒任务，最新的在前", "lists reminder tasks, newest first"),
    {"items": [TASK], "has_more": False},
    ReminderPage,
    query=ReminderQuery,
    faults=(400,),
    takes_turns=True,
)

GET_REMINDER = Call(
    "GET /api/reminders/{id}", Words("查询一个提醒任务", "one reminder task"), TASK, ReminderTask, faults=(400, 404)
)

CHANGE_REMINDER = Call(
    "PATCH /api/reminders/{id}",
    Words(
        "修改提醒任务，或暂停与恢复；已触发或已取消则 409",
        "changes a task, or pauses it; 409 when it was dispatched or cancelled",
    ),
    {**_REPEATING, "paused": True},
    ReminderTask,
    body=ReminderChange,
    example={"paused": True},
    faults=(400, 404, 409, 413, 415),
    work=Work.CHANGE,
)

LIST_OCCURRENCES = Call(
    "GET /api/reminders/{id}/occurrences",
    Words("接下来何时触发，最早的在前", "when a task is due next, earliest first"),
    {"items": [{"planned_at": "2030-01-01 20:00:00"}, {"planned_at": "2030-01-02 08:00:00"}], "has_more": True},
    OccurrencePage,
    query=OccurrenceQuery,
    faults=(400, 404),
    work=Work.SEARCH,
)

REMINDER_HISTORY = Call(
    "GET /api/reminders/{id}/history",
    Words(
        "任务及其通知的历史记录，旧的在前：最近的，或 before_id 之前最近的",
        "what happened to a task and its notifications, oldest first: the latest, or the latest below before_id",
    ),
    {"items": HISTORY[:3], "has_more": False},
    HistoryPage,
    query=HistoryQuery,
    faults=(400, 404),
    work=Work.SEARCH,
    takes_turns=True,
)

CANCEL_REMINDER = Call(
    "DELETE /api/reminders/{id}",
    Words(
        "取消提醒任务；重复取消无变化，已触发则 409",
        "cancels a task; again changes nothing; 409 when it was dispatched",
    ),
    {**TASK, "status": "CANCELLED"},
    ReminderTask,
    faults=(400, 404, 409),
)
