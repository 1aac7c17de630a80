"""What the server sends of reminder tasks, as types."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Struct, UnsetType

from consult.contract.shapes import BizId, BizType, HasMore, Id, Time, TimeOrDate, told


class ReminderTask(Struct, kw_only=True):
    """提醒任务。A reminder task."""

    id: Annotated[Id, told("任务编号", "the task's id")]
    user_id: Annotated[Id, told("提醒谁", "whom it reminds")]
    biz_type: BizType
    biz_id: BizId
    channel: Annotated[Literal["IN_APP", "SYSTEM_MESSAGE"], told("渠道", "the channel")]
    title: Annotated[str, told("通知的标题", "the notification's title")]
    content: Annotated[str | None, told("通知的内容", "the notification's text")]
    remind_at: Annotated[Time, told("何时触发", "when it is due")]
    status: Annotated[
        Literal["PENDING", "DISPATCHED", "CANCELLED"], told("待触发、已触发、已取消", "waiting, fired, cancelled")
    ]
    created_at: Annotated[Time, told("新建的时间", "when it was made")]
    rrule: Annotated[
        str | UnsetType | None,
        told(
            "重复规则，只触发一次的为 null；新建或修改时用过新字段的任务才有这一项及以下各项",
            "the recurrence rule, null for what comes once; this and all below only in a task that was made or changed "
            "with one of the new fields",
        ),
    ] = UNSET
    exdates: Annotated[
        list[TimeOrDate] | UnsetType,
        told("排除的时间，或一整天的日期", "the times that are left out, or the dates of whole days"),
    ] = UNSET
    timezone: Annotated[str | UnsetType, told("按哪个时区的钟表重复", "by whose clocks it repeats")] = UNSET
    missed: Annotated[
        Literal["latest", "all", "skip"] | UnsetType,
        told("错过的触发如何处理", "what becomes of occurrences that were missed"),
    ] = UNSET
    paused: Annotated[bool | UnsetType, told("是否暂停", "whether it is paused")] = UNSET
    next_at: Annotated[
        Time | UnsetType | None, told("下一次触发，没有时为 null", "when it is due next, null when it is not")
    ] = UNSET
    parked_at: Annotated[
        Time | UnsetType | None,
        told("带 `parked=true` 查询时才有：何时搁置", "only in a list with `parked=true`: when it was parked"),
    ] = UNSET
    parked_for: Annotated[
        str | UnsetType | None, told("带 `parked=true` 查询时才有：搁置的原因", "only in the same list: why")
    ] = UNSET


class Occurrence(Struct, kw_only=True):
    """将要触发的一次。An occurrence that is to come."""

    planned_at: Annotated[Time, told("计划的时间", "when it is planned")]


class HistoryEntry(Struct, kw_only=True):
    """历史记录中的一项。An entry of a history."""

    id: Annotated[Id, told("在该历史记录中的序号", "its place in this history")]
    at: Annotated[Time, told("何时", "when")]
    what: Annotated[
        Literal[
            "created",
            "changed",
            "due",
            "written",
            "skipped",
            "pushed",
            "taken_back",
            "came_again",
            "read",
            "confirmed",
            "snoozed",
            "cancelled",
            "parked",
            "too_early",
        ],
        told("发生了什么", "what happened"),
    ]
    by: Annotated[
        str,
        told(
            "由谁：`SYSTEM`（Careline）、`API`（HTTP 调用者）、`USER:编号`（绑定的用户）或令牌的 `类型:编号`",
            "by whom: `SYSTEM` (Careline), `API` (who called over HTTP), `USER:id` (the user bound) or a token's "
            "`type:id`",
        ),
    ]
    task_id: Annotated[Id | None, told("哪个任务", "of which task")]
    notification_id: Annotated[Id | None, told("哪条通知，没有时为 null", "of which notification, null without one")]
    detail: Annotated[
        dict[str, Any],
        told(
            "细节：计划的时间 `planned_at`、未触发的原因 `outcome`（`MISSED` 或 `PAUSED`）、"
            "推送到几个连接 `connections`、搁置的原因 `reason`、推迟到何时 `until`、再次提醒的通知 `notification_id`、"
            "再次提醒的是哪一条 `snooze_of`，或修改的字段",
            "what belongs to it: the time planned `planned_at`, why it was left out `outcome` (`MISSED` or `PAUSED`), "
            "to how many connections it was handed `connections`, why it was parked `reason`, `until` when it was "
            "snoozed, which notification came again `notification_id`, which one it was before "
            "`snooze_of`, or the fields changed",
        ),
    ]


class OccurrencePage(Struct, kw_only=True):
    items: Annotated[list[Occurrence], told("最早的在前", "earliest first")]
    has_more: HasMore


class HistoryPage(Struct, kw_only=True):
    items: Annotated[list[HistoryEntry], told("最旧的在前", "oldest first")]
    has_more: HasMore


class ReminderPage(Struct, kw_only=True):
    items: Annotated[list[ReminderTask], told("最新的在前", "newest first")]
    has_more: HasMore
