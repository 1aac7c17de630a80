"""The HTTP calls for reminder tasks."""

from consult.contract.call import Call
from consult.contract.examples import NEW_REMINDER, TASK
from consult.contract.reminder_payloads import HistoryQuery, NewReminder, OccurrenceQuery, ReminderChange, ReminderQuery
from consult.contract.reminder_shapes import HistoryPage, OccurrencePage, ReminderPage, ReminderTask
from consult.contract.work import Work

_NEW_REPEATING = {**NEW_REMINDER, "rrule": "FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0;BYSECOND=0", "timezone": "Asia/Shanghai"}
_REPEATING = {
    **TASK,
    "rrule": "FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0;BYSECOND=0",
    "exdates": [],
    "timezone": "Asia/Shanghai",
    "missed": "latest",
    "paused": False,
    "next_at": "2030-01-01 20:00:00",
}
_CREATED = {
    "id": 1,
    "at": "2025-01-01 10:00:00",
    "what": "created",
    "by": "API",
    "task_id": 1,
    "notification_id": None,
    "detail": {},
}
_DUE = {
    "id": 2,
    "at": "2025-01-01 20:00:00",
    "what": "due",
    "by": "SYSTEM",
    "task_id": 1,
    "notification_id": 1,
    "detail": {"planned_at": "2025-01-01 20:00:00"},
}
_HISTORY = [_CREATED, _DUE, {**_DUE, "id": 3, "what": "written"}]

ADD_REMINDER = Call(
    "POST",
    "/api/reminders",
    "新建提醒任务；时间已过则立即触发",
    "adds a reminder task; one whose time is past fires at once",
    201,
    TASK,
    shape=ReminderTask,
    body=NewReminder,
    example=NEW_REMINDER,
    faults=(400, 409, 413, 415),
)
LIST_REMINDERS = Call(
    "GET",
    "/api/reminders",
    "列出提醒任务，最新的在前",
    "lists reminder tasks, newest first",
    200,
    {"items": [TASK], "has_more": False},
    shape=ReminderPage,
    query=ReminderQuery,
    faults=(400,),
    takes_turns=True,
)
GET_REMINDER = Call(
    "GET",
    "/api/reminders/{id}",
    "查询一个提醒任务",
    "one reminder task",
    200,
    TASK,
    shape=ReminderTask,
    faults=(400, 404),
)
CHANGE_REMINDER = Call(
    "PATCH",
    "/api/reminders/{id}",
    "修改提醒任务，或暂停与恢复；已触发或已取消则 409",
    "changes a task, or pauses it; 409 when it was dispatched or cancelled",
    200,
    {**_REPEATING, "paused": True},
    shape=ReminderTask,
    body=ReminderChange,
    example={"paused": True},
    faults=(400, 404, 409, 413, 415),
    work=Work.CHANGE,
)
LIST_OCCURRENCES = Call(
    "GET",
    "/api/reminders/{id}/occurrences",
    "接下来何时触发，最早的在前",
    "when a task is due next, earliest first",
    200,
    {"items": [{"planned_at": "2030-01-01 20:00:00"}, {"planned_at": "2030-01-02 08:00:00"}], "has_more": True},
    shape=OccurrencePage,
    query=OccurrenceQuery,
    faults=(400, 404),
    work=Work.SEARCH,
)
REMINDER_HISTORY = Call(
    "GET",
    "/api/reminders/{id}/history",
    "任务及其通知的历史记录，旧的在前：最近的，或 before_id 之前最近的",
    "what happened to a task and its notifications, oldest first: the latest, or the latest below before_id",
    200,
    {"items": _HISTORY, "has_more": False},
    shape=HistoryPage,
    query=HistoryQuery,
    faults=(400, 404),
    work=Work.SEARCH,
    takes_turns=True,
)
CANCEL_REMINDER = Call(
    "DELETE",
    "/api/reminders/{id}",
    "取消提醒任务；重复取消无变化，已触发则 409",
    "cancels a task; again changes nothing; 409 when it was dispatched",
    200,
    {**TASK, "status": "CANCELLED"},
    shape=ReminderTask,
    faults=(400, 404, 409),
)

REMINDER_CALLS = (
    ADD_REMINDER,
    LIST_REMINDERS,
    GET_REMINDER,
    CHANGE_REMINDER,
    LIST_OCCURRENCES,
    REMINDER_HISTORY,
    CANCEL_REMINDER,
)
