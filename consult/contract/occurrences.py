"""What becomes of occurrences: a user's day, the unanswered ones, and the end of a medicine (section 12)."""

from typing import Annotated

from msgspec import Struct

from consult.contract.fields import AfterId, Day, Note, PageLimit, means
from consult.contract.limits import USUAL_PAGE
from consult.contract.payloads import Payload
from consult.contract.reminders import TASK, ReminderTask
from consult.contract.reply_fields import BusinessId, BusinessKind, HasMore, ReplyId, Time
from consult.contract.rows import Call, Work
from consult.contract.words import Words
from store import outcomes

_TASK_ID = means("任务编号", "the task's id")
_PLANNED_AT = means("计划的时间", "when it is planned")


class DayQuery(Payload, kw_only=True, gc=False):
    date: Annotated[
        Day | None,
        means("哪一天，按诊所的时区；默认为今天", "which day, in the clinic's zone; today when left out"),
    ] = None


class UnansweredQuery(Payload, kw_only=True, gc=False):
    after_id: AfterId = None
    limit: PageLimit = USUAL_PAGE


class Withdrawal(Payload, kw_only=True, gc=False):
    reason: Annotated[Note | None, means("撤回的原因", "why it is withdrawn")] = None


class DayOccurrence(Struct, kw_only=True):
    """一天中的一次。One occurrence of a day."""

    task_id: Annotated[ReplyId, _TASK_ID]
    title: Annotated[str, means("标题", "the title")]
    planned_at: Annotated[Time, _PLANNED_AT]
    notification_id: Annotated[
        ReplyId | None,
        means("该次的第一条通知；尚未触发为 null", "its first notification; null where it has not fired"),
    ]
    outcome: Annotated[
        outcomes.Outcome,
        means(
            "`PENDING`：尚无结果；`MISSED`：无人答复，或因停机错过；`WITHDRAWN`：已撤回或取消",
            "`PENDING`: none yet; `MISSED`: not answered, or missed by a stop; `WITHDRAWN`: withdrawn or cancelled",
        ),
    ]
    outcome_at: Annotated[Time | None, means("结果的时间", "when that was")]
    outcome_by: Annotated[str | None, means("由谁得出，与历史记录的 `by` 相同", "who did it, as a history's `by`")]
    note: Annotated[str | None, means("备注", "the note")]


class DayPage(Struct, kw_only=True):
    items: Annotated[list[DayOccurrence], means("最早的在前", "earliest first")]
    has_more: HasMore


class UnansweredOccurrence(Struct, kw_only=True):
    """已触发而尚无结果的一次。An occurrence that has fired and has no outcome."""

    id: Annotated[ReplyId, means("该次的第一条通知的编号", "the id of its first notification")]
    task_id: Annotated[ReplyId, _TASK_ID]
    user_id: Annotated[ReplyId, means("提醒谁", "the user that it reminds")]
    biz_type: BusinessKind
    biz_id: BusinessId
    title: Annotated[str, means("标题", "the title")]
    planned_at: Annotated[Time, _PLANNED_AT]


class UnansweredPage(Struct, kw_only=True):
    items: Annotated[list[UnansweredOccurrence], means("最旧的在前", "oldest first")]
    has_more: HasMore


_DONE = {
    "task_id": 1,
    "title": "服药提醒",
    "planned_at": "2025-01-01 08:00:00",
    "notification_id": 7,
    "outcome": "DONE",
    "outcome_at": "2025-01-01 08:05:00",
    "outcome_by": "ELDER:1001",
    "note": None,
}
_TO_COME = {
    **_DONE,
    "planned_at": "2025-01-01 20:00:00",
    "notification_id": None,
    "outcome": "PENDING",
    "outcome_at": None,
    "outcome_by": None,
}

WITHDRAW_REMINDER = Call(
    "POST /api/reminders/{id}/withdraw",
    Words(
        "撤回提醒任务：不再触发，未读的通知变为已读；重复撤回无变化",
        "withdraws a task: it fires no more, and what is unread of it becomes READ; again changes nothing",
    ),
    {**TASK, "status": "CANCELLED"},
    ReminderTask,
    body=Withdrawal,
    example={"reason": "医生已停药"},
    faults=(400, 404, 409, 413, 415),
    work=Work.CHANGE,
)

USER_DAY = Call(
    "GET /api/users/{user_id}/day",
    Words(
        "某用户一天的各次提醒及其结果，最早的在前", "a user's occurrences of a day and their outcomes, earliest first"
    ),
    {"items": [_DONE, _TO_COME], "has_more": False},
    DayPage,
    query=DayQuery,
    faults=(400,),
    work=Work.SEARCH,
    takes_turns=True,
)

LIST_UNANSWERED = Call(
    "GET /api/reminders/unanswered",
    Words("已触发而尚无结果的，最旧的在前", "what has fired and has no outcome, oldest first"),
    {
        "items": [
            {
                "id": 7,
                "task_id": 1,
                "user_id": 1001,
                "biz_type": "INTERVENTION_TASK",
                "biz_id": 12345,
                "title": "服药提醒",
                "planned_at": "2025-01-01 08:00:00",
            }
        ],
        "has_more": False,
    },
    UnansweredPage,
    query=UnansweredQuery,
    faults=(400,),
    takes_turns=True,
)
