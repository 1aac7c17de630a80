"""The history of a reminder task and its notifications (section 11.4)."""

from typing import Annotated, Any

from msgspec import Struct

from consult.contract.fields import BeforeId, PageLimit, means
from consult.contract.limits import USUAL_PAGE
from consult.contract.payloads import Payload
from consult.contract.reply_fields import HasMore, ReplyId, Time
from consult.contract.rows import JsonObject
from store.history import What


class HistoryQuery(Payload, kw_only=True, gc=False):
    before_id: BeforeId = None
    limit: PageLimit = USUAL_PAGE


class HistoryEntry(Struct, kw_only=True):
    """历史记录中的一项。An entry of a history."""

    id: Annotated[ReplyId, means("在该历史记录中的序号", "its place in this history")]
    at: Annotated[Time, means("何时", "when")]
    what: Annotated[What, means("发生了什么", "what happened")]
    by: Annotated[
        str,
        means(
            "由谁：`SYSTEM`（Careline）、`API`（HTTP 调用者）、`USER:编号`（绑定的用户）、"
            "`LINK:编号`（确认链接的用户）或令牌的 `类型:编号`",
            "who did it: `SYSTEM` (Careline), `API` (who called over HTTP), `USER:id` (the user bound), `LINK:id` (the "
            "user whose confirm link it was) or a token's `type:id`",
        ),
    ]
    task_id: Annotated[ReplyId | None, means("哪个任务", "of which task")]
    notification_id: Annotated[
        ReplyId | None, means("哪条通知，没有时为 null", "of which notification, null without one")
    ]
    detail: Annotated[
        dict[str, Any],
        means(
            "细节：计划的时间 `planned_at`、未触发的原因 `outcome`（`MISSED` 或 `PAUSED`）、"
            "推送到几个连接 `connections`、搁置、撤回或此时才提醒的原因 `reason`、推迟或等到何时 `until`、"
            "再次提醒的通知 `notification_id`、再次提醒的是哪一条 `snooze_of`，或修改的字段",
            "what belongs to it: the time planned `planned_at`, why it was left out `outcome` (`MISSED` or `PAUSED`), "
            "to how many connections it was handed `connections`, why it was parked or withdrawn or came just then "
            "`reason`, `until` when it was snoozed or waits, which notification came again `notification_id`, which "
            "one it was before `snooze_of`, or the fields changed",
        ),
    ]


class HistoryPage(Struct, kw_only=True):
    items: Annotated[list[HistoryEntry], means("最旧的在前", "oldest first")]
    has_more: HasMore


def _entry(place: int, at: str, what: str, by: str, **detail: Any) -> JsonObject:
    about = {"task_id": 1, "notification_id": None if what == "created" else 1}
    return {"id": place, "at": f"2025-01-01 {at}", "what": what, "by": by, **about, "detail": detail}


# The example: a notification that was snoozed, and came again.
HISTORY = [
    _entry(1, "10:00:00", "created", "API"),
    _entry(2, "20:00:00", "due", "SYSTEM", planned_at="2025-01-01 20:00:00"),
    _entry(3, "20:00:00", "written", "SYSTEM", planned_at="2025-01-01 20:00:00"),
    _entry(4, "20:00:00", "pushed", "SYSTEM", connections=2),
    _entry(5, "20:05:00", "snoozed", "USER:1001", until="2025-01-01 20:30:00"),
    _entry(6, "20:30:00", "came_again", "SYSTEM", notification_id=2),
    _entry(7, "20:30:00", "read", "SYSTEM"),
]
