"""What the protocol shows as examples, which the documents and forms are filled with."""

from typing import Any

JsonObject = dict[str, Any]

ATTACHMENT = {
    "url": "https://example.com/image1.png",
    "thumbnail_url": "https://example.com/thumb1.png",
    "duration": None,
    "size": 102400,
}
MESSAGE = {
    "id": 789,
    "question_id": 123,
    "sender_type": "STAFF",
    "sender_id": 456,
    "role_display_name": "医生王五",
    "content_type": "TEXT",
    "content_text": "您好，请详细描述一下您的症状",
    "sent_at": "2025-01-01 10:00:00",
    "status": "SENT",
    "is_visible_to_patient": True,
    "attachments": [ATTACHMENT],
}
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
QUESTION = {
    "id": 123,
    "title": "最近血压偏高",
    "elder_id": 1001,
    "status": "OPEN",
    "created_at": "2025-01-01 09:58:00",
    "latest_message_id": 789,
}
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
READ = {**NOTIFICATION, "status": "READ", "read_at": "2025-01-01 10:05:00"}
NEW_REMINDER = {key: TASK[key] for key in ("user_id", "biz_type", "biz_id", "channel", "title", "content", "remind_at")}
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
_DONE = {"last_run": "2025-01-01 10:00:00", "result": "ok"}
MEASURED = {  # in `/health`
    "reminders_due": 0,
    "parked": {"count": 0, "ids": []},
    "clock": {"state": "sound", "jumps": 0, "last_jump": None, "last_jump_seconds": None},
    "loop_lag_ms": 1.4,
    "queues": {"writes": 0, "events": 3, "unread_bytes": 0},
    "disk_free_bytes": 52_428_800_000,
    "last_backup": "2025-01-01 00:08:00",
}
JOBS = {
    "backup": _DONE,
    "old_copies": _DONE,
    "checkpoint": _DONE,
    "optimize": _DONE,
    "idempotency_keys": _DONE,
    "read_notifications": {"last_run": None, "result": None},
    "closed_questions": _DONE,
    "audit": _DONE,
    "revoked_tokens": _DONE,
}


def _entry(place: int, at: str, what: str, by: str, **detail: Any) -> JsonObject:
    about = {"task_id": 1, "notification_id": None if what == "created" else 1}
    return {"id": place, "at": f"2025-01-01 {at}", "what": what, "by": by, **about, "detail": detail}


HISTORY = [
    _entry(1, "10:00:00", "created", "API"),
    _entry(2, "20:00:00", "due", "SYSTEM", planned_at="2025-01-01 20:00:00"),
    _entry(3, "20:00:00", "written", "SYSTEM", planned_at="2025-01-01 20:00:00"),
    _entry(4, "20:00:00", "pushed", "SYSTEM", connections=2),
    _entry(5, "20:05:00", "snoozed", "USER:1001", until="2025-01-01 20:30:00"),
    _entry(6, "20:30:00", "came_again", "SYSTEM", notification_id=2),
    _entry(7, "20:30:00", "read", "SYSTEM"),
]
