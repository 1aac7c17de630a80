"""The HTTP calls: paths, queries, bodies and examples."""

from dataclasses import dataclass, field
from typing import Any

from consult.contract.events import MESSAGE, NOTIFICATION
from consult.contract.payloads import (
    MessageQuery,
    NewQuestion,
    NewReminder,
    NotificationQuery,
    Payload,
    QuestionChange,
    QuestionQuery,
    ReminderQuery,
    VisibilityQuery,
)

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    zh: str
    en: str
    status: int
    answer: JsonObject
    query: type[Payload] | None = None
    body: type[Payload] | None = None
    example: JsonObject | None = None  # of the body
    faults: tuple[int, ...] = field(default=())


_QUESTION = {
    "id": 123,
    "title": "最近血压偏高",
    "elder_id": 1001,
    "status": "OPEN",
    "created_at": "2025-01-01 09:58:00",
    "latest_message_id": 789,
}
_TASK = {
    "id": 1,
    "user_id": 1001,
    "biz_type": "INTERVENTION_TASK",
    "biz_id": 12345,
    "channel": "IN_APP",
    "title": "服药提醒",
    "content": "请在 20:00 前完成今日降压药服用",
    "remind_at": "2025-01-01 20:00:00",
    "status": "PENDING",
    "created_at": "2025-01-01 10:00:00",
}
_READ = {**NOTIFICATION, "status": "READ", "read_at": "2025-01-01 10:05:00"}
_NEW_REMINDER = {
    key: _TASK[key] for key in ("user_id", "biz_type", "biz_id", "channel", "title", "content", "remind_at")
}

CALLS = (
    Call(
        "POST",
        "/api/questions",
        "新建咨询问题",
        "opens a consultation question",
        201,
        {**_QUESTION, "latest_message_id": None},
        body=NewQuestion,
        example={"title": "最近血压偏高", "elder_id": 1001},
        faults=(400, 409, 413, 415),
    ),
    Call(
        "GET",
        "/api/questions",
        "列出咨询问题，最新的在前",
        "lists questions, newest first",
        200,
        {"items": [_QUESTION], "has_more": False},
        query=QuestionQuery,
        faults=(400,),
    ),
    Call(
        "GET",
        "/api/questions/{question_id}",
        "查询一个咨询问题",
        "one question",
        200,
        _QUESTION,
        query=VisibilityQuery,
        faults=(400, 404),
    ),
    Call(
        "PATCH",
        "/api/questions/{question_id}",
        "关闭或重新打开",
        "closes or reopens a question",
        200,
        {**_QUESTION, "status": "CLOSED"},
        query=VisibilityQuery,
        body=QuestionChange,
        example={"status": "CLOSED"},
        faults=(400, 404, 413, 415),
    ),
    Call(
        "GET",
        "/api/questions/{question_id}/messages",
        "消息历史，旧的在前：after_id 之后的，或 before_id 之前最近的",
        "messages, oldest first: the next ones above after_id, or the latest below before_id",
        200,
        {"items": [MESSAGE], "has_more": False},
        query=MessageQuery,
        faults=(400, 404),
    ),
    Call(
        "POST",
        "/api/reminders",
        "新建提醒任务；时间已过则立即触发",
        "adds a reminder task; one whose time is past fires at once",
        201,
        _TASK,
        body=NewReminder,
        example=_NEW_REMINDER,
        faults=(400, 409, 413, 415),
    ),
    Call(
        "GET",
        "/api/reminders",
        "列出提醒任务，最新的在前",
        "lists reminder tasks, newest first",
        200,
        {"items": [_TASK], "has_more": False},
        query=ReminderQuery,
        faults=(400,),
    ),
    Call("GET", "/api/reminders/{id}", "查询一个提醒任务", "one reminder task", 200, _TASK, faults=(400, 404)),
    Call(
        "DELETE",
        "/api/reminders/{id}",
        "取消提醒任务；重复取消无变化，已触发则 409",
        "cancels a task; again changes nothing; 409 when it was dispatched",
        200,
        {**_TASK, "status": "CANCELLED"},
        faults=(400, 404, 409),
    ),
    Call(
        "GET",
        "/api/users/{user_id}/notifications",
        "某用户的通知，最新的在前；带 after_id 时旧的在前",
        "a user's notifications, newest first; with after_id oldest first",
        200,
        {"items": [NOTIFICATION], "has_more": False, "unread": 1},
        query=NotificationQuery,
        faults=(400,),
    ),
    Call(
        "POST",
        "/api/notifications/{id}/read",
        "标记为已读；重复标记无变化",
        "marks a notification as read; again changes nothing",
        200,
        _READ,
        faults=(400, 404, 409),
    ),
    Call(
        "GET",
        "/health",
        "运行状态；数据库不可写或提醒循环停止时为 503",
        "how the server is; 503 when the database cannot be written or the reminder loop has stopped",
        200,
        {"status": "ok", "version": "0.1.0", "database": "ok", "reminders": "ok"},
        faults=(503,),
    ),
)
