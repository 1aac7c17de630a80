"""What is stored in the tests: each gives a whole request, changed where a test says so."""

from __future__ import annotations

from typing import Any, Final

from store import history, notifications, questions, reminders
from store.answers import AskedToConfirm, AskedToSnooze
from store.database import Database
from store.history import API, Entry
from store.messages import Draft
from store.notifications import NewNotification, Notification
from store.questions import NewQuestion, Question
from store.reminders import Cancelling, NewTask, ReminderTask
from store.sessions import Joined, Session
from store.transaction import each

# 2025-01-01 10:00:00 in Shanghai, in milliseconds.
NOW: Final = 1_735_696_800_000


def new_question(elder_id: int = 1, title: str = "头晕两天") -> NewQuestion:
    return NewQuestion(title=title, elder_id=elder_id, created_at=NOW)


def draft(question_id: int, text: str | None = "您好", **changes: Any) -> Draft:
    given = {
        "question_id": question_id,
        "sender_type": "STAFF",
        "sender_id": 456,
        "role_display_name": "医生王五",
        "content_type": "TEXT",
        "content_text": text,
        "attachments": "[]",
        "is_visible_to_patient": True,
        "sent_at": NOW,
        "client_msg_id": None,
    }
    return Draft(**{**given, **changes})


def new_task(user_id: int = 1001, remind_at: int = NOW, title: str = "服药提醒", **changes: Any) -> NewTask:
    given = {
        "user_id": user_id,
        "biz_type": "INTERVENTION_TASK",
        "biz_id": 12345,
        "channel": "IN_APP",
        "title": title,
        "content": "请在 20:00 前完成今日降压药服用",
        "created_at": NOW,
        "by": API,
        "timing": {"remind_at": remind_at},
    }
    return NewTask(**{**given, **changes})


def history_entry(task_id: int, at: int = NOW) -> Entry:
    return Entry(at, "changed", API, task_id)


def cancelling(task_id: int) -> Cancelling:
    return Cancelling(task_id, NOW, API)


def new_notification(task: ReminderTask, occurrence_at: int = NOW) -> NewNotification:
    return NewNotification(
        user_id=task.user_id,
        biz_type=task.biz_type,
        biz_id=task.biz_id,
        title=task.title,
        content=task.content,
        created_at=NOW,
        task_id=task.id,
        occurrence_at=occurrence_at,
        occurrence_on=str(occurrence_at),
    )


async def open_question(database: Database, elder_id: int = 1) -> Question:
    return await database.written(each(questions.open_question), new_question(elder_id))


async def add_task(database: Database, **changes: Any) -> ReminderTask:
    return await database.written(each(reminders.add), new_task(**changes))


async def notified(database: Database, count: int, user_id: int = 1001) -> list[Notification]:
    """A user's notifications, all for one task."""
    task = await add_task(database, user_id=user_id, remind_at=NOW + 10**12)
    return [
        await database.written(notifications.notify, new_notification(task, NOW + number)) for number in range(count)
    ]


def asked(notification_id: int, at: int = NOW, user_id: int | None = None) -> AskedToConfirm:
    """To read or to confirm, by a user or over HTTP."""
    return AskedToConfirm(notification_id, user_id, history.API if user_id is None else history.user(user_id), at)


def to_snooze(notification_id: int, until: int, at: int = NOW, user_id: int | None = None) -> AskedToSnooze:
    one = asked(notification_id, at, user_id)
    return AskedToSnooze(one.notification_id, one.user_id, one.by, one.at, until)


async def history_of(database: Database, notification_id: int) -> list[Entry]:
    """All of a notification's history."""
    page = await history.of_notification(database, notification_id, before_id=None, limit=200)
    assert page is not None
    entries, has_more = page
    assert not has_more
    return entries


def session(session_id: int = 1, rooms: dict[int, Joined | None] | None = None, **changes: Any) -> Session:
    """A session of a client that is connected, changed."""
    usual: dict[str, Any] = {"owner": None, "user_id": 1001, "follows": False, "message_id": 5, "notification_id": 6}
    return Session(**{**usual, "id": session_id, "secret": "s", "ended_at": None, "rooms": rooms or {}, **changes})
