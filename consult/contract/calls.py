"""The HTTP calls and pages: paths, queries, bodies and examples."""

from consult.contract import shapes
from consult.contract.call import Call, Page
from consult.contract.examples import (
    CONFIRMED,
    HISTORY,
    JOBS,
    MEASURED,
    MESSAGE,
    NOTIFICATION,
    QUESTION,
    READ,
    SNOOZE,
    SNOOZED,
)
from consult.contract.health import Health
from consult.contract.payloads import (
    MessageQuery,
    NewQuestion,
    NotificationQuery,
    QuestionChange,
    QuestionQuery,
    Snooze,
    VisibilityQuery,
)
from consult.contract.reminder_calls import REMINDER_CALLS
from consult.contract.reminder_payloads import HistoryQuery
from consult.contract.reminder_shapes import HistoryPage
from consult.contract.work import Work

OPEN_QUESTION = Call(
    "POST",
    "/api/questions",
    "新建咨询问题",
    "opens a consultation question",
    201,
    {**QUESTION, "latest_message_id": None},
    shape=shapes.Question,
    body=NewQuestion,
    example={"title": "最近血压偏高", "elder_id": 1001},
    faults=(400, 409, 413, 415),
)
LIST_QUESTIONS = Call(
    "GET",
    "/api/questions",
    "列出咨询问题，最新的在前",
    "lists questions, newest first",
    200,
    {"items": [QUESTION], "has_more": False},
    shape=shapes.QuestionPage,
    query=QuestionQuery,
    faults=(400,),
    takes_turns=True,
)
GET_QUESTION = Call(
    "GET",
    "/api/questions/{question_id}",
    "查询一个咨询问题",
    "one question",
    200,
    QUESTION,
    shape=shapes.Question,
    query=VisibilityQuery,
    faults=(400, 404),
)
CHANGE_QUESTION = Call(
    "PATCH",
    "/api/questions/{question_id}",
    "关闭或重新打开",
    "closes or reopens a question",
    200,
    {**QUESTION, "status": "CLOSED"},
    shape=shapes.Question,
    query=VisibilityQuery,
    body=QuestionChange,
    example={"status": "CLOSED"},
    faults=(400, 404, 413, 415),
)
LIST_MESSAGES = Call(
    "GET",
    "/api/questions/{question_id}/messages",
    "消息历史，旧的在前：after_id 之后的，或 before_id 之前最近的",
    "messages, oldest first: the next ones above after_id, or the latest below before_id",
    200,
    {"items": [MESSAGE], "has_more": False},
    shape=shapes.MessagePage,
    query=MessageQuery,
    faults=(400, 404),
    takes_turns=True,
)
LIST_NOTIFICATIONS = Call(
    "GET",
    "/api/users/{user_id}/notifications",
    "某用户的通知，最新的在前；带 after_id 时旧的在前",
    "a user's notifications, newest first; with after_id oldest first",
    200,
    {"items": [NOTIFICATION], "has_more": False, "unread": 1},
    shape=shapes.NotificationPage,
    query=NotificationQuery,
    faults=(400,),
    takes_turns=True,
)
READ_NOTIFICATION = Call(
    "POST",
    "/api/notifications/{id}/read",
    "标记为已读；重复标记无变化",
    "marks a notification as read; again changes nothing",
    200,
    READ,
    shape=shapes.Notification,
    faults=(400, 404, 409),
)
SNOOZE_NOTIFICATION = Call(
    "POST",
    "/api/notifications/{id}/snooze",
    "推迟：到时作为新的通知再次提醒",
    "snoozes a notification: at that time it comes again, as a new one",
    200,
    SNOOZED,
    shape=shapes.AnsweredNotification,
    body=Snooze,
    example=SNOOZE,
    faults=(400, 404, 409, 413, 415),
    work=Work.CHANGE,
)
CONFIRM_NOTIFICATION = Call(
    "POST",
    "/api/notifications/{id}/confirm",
    "确认，同时标记为已读；重复确认无变化",
    "confirms a notification, which also marks it as read; again changes nothing",
    200,
    CONFIRMED,
    shape=shapes.AnsweredNotification,
    faults=(400, 404, 409),
)
NOTIFICATION_HISTORY = Call(
    "GET",
    "/api/notifications/{id}/history",
    "一条通知的历史记录，旧的在前：最近的，或 before_id 之前最近的",
    "what happened to a notification, oldest first: the latest, or the latest below before_id",
    200,
    {"items": HISTORY, "has_more": False},
    shape=HistoryPage,
    query=HistoryQuery,
    faults=(400, 404),
    work=Work.SEARCH,
    takes_turns=True,
)
HEALTH = Call(
    "GET",
    "/health",
    "运行状态；数据库不可写或提醒循环停止时为 503",
    "how the server is; 503 when the database cannot be written or the reminder loop has stopped",
    200,
    {"status": "ok", "version": "0.1.0", "database": "ok", "reminders": "ok", **MEASURED, "jobs": JOBS},
    shape=Health,
    faults=(503,),
    others={
        503: {
            "status": "failing",
            "version": "0.1.0",
            "database": "database or disk is full",
            "reminders": "ok",
            **MEASURED,
            "jobs": JOBS,
        }
    },
)

CALLS = (
    OPEN_QUESTION,
    LIST_QUESTIONS,
    GET_QUESTION,
    CHANGE_QUESTION,
    LIST_MESSAGES,
    *REMINDER_CALLS,
    LIST_NOTIFICATIONS,
    READ_NOTIFICATION,
    SNOOZE_NOTIFICATION,
    CONFIRM_NOTIFICATION,
    NOTIFICATION_HISTORY,
    HEALTH,
)


CONSOLE = Page("/", "text/html", "测试页面", "the test page")
DOCS = Page(
    "/docs",
    "text/html",
    "供人阅读的协议：每个事件与接口，可以直接试用",
    "the protocol to read: every event and call, to be tried",
)
METRICS = Page("/metrics", "text/plain", "Prometheus 指标", "Prometheus metrics")
PROTOCOL = Page(
    "/protocol.json",
    "application/json",
    "协议的全部表格，以上两个页面由此生成",
    "the protocol's tables, which both pages are made of",
)

PAGES = (CONSOLE, DOCS, METRICS, PROTOCOL)
