"""What happened to a reminder task and its notifications (section 11.4)."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from consult.contract.fields import (
    Id,
    Limit,
    means,
)
from consult.contract.payloads import Payload
from consult.contract.reply_fields import HasMore, ReplyId, Time, described


class HistoryQuery(Payload, kw_only=True, gc=False):
    before_id: Annotated[Id | None, means("只列出编号小于它的", "ids below it only")] = None
    limit: Annotated[Limit, means("最多几项", "how many at most")] = 50


class HistoryEntry(Struct, kw_only=True):
    """历史记录中的一项。An entry of a history."""

    id: Annotated[ReplyId, described("在该历史记录中的序号", "its place in this history")]
    at: Annotated[Time, described("何时", "when")]
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
        described("发生了什么", "what happened"),
    ]
    by: Annotated[
        str,
        described(
            "由谁：`SYSTEM`（Careline）、`API`（HTTP 调用者）、`USER:编号`（绑定的用户）或令牌的 `类型:编号`",
            "by whom: `SYSTEM` (Careline), `API` (who called over HTTP), `USER:id` (the user bound) or a token's "
            "`type:id`",
        ),
    ]
    task_id: Annotated[ReplyId | None, described("哪个任务", "of which task")]
    notification_id: Annotated[
        ReplyId | None, described("哪条通知，没有时为 null", "of which notification, null without one")
    ]
    detail: Annotated[
        dict[str, Any],
        described(
            "细节：计划的时间 `planned_at`、未触发的原因 `outcome`（`MISSED` 或 `PAUSED`）、"
            "推送到几个连接 `connections`、搁置的原因 `reason`、推迟到何时 `until`、再次提醒的通知 `notification_id`、"
            "再次提醒的是哪一条 `snooze_of`，或修改的字段",
            "what belongs to it: the time planned `planned_at`, why it was left out `outcome` (`MISSED` or `PAUSED`), "
            "to how many connections it was handed `connections`, why it was parked `reason`, `until` when it was "
            "snoozed, which notification came again `notification_id`, which one it was before "
            "`snooze_of`, or the fields changed",
        ),
    ]


class HistoryPage(Struct, kw_only=True):
    items: Annotated[list[HistoryEntry], described("最旧的在前", "oldest first")]
    has_more: HasMore
