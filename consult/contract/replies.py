"""What the server sends: each shape once, for events and HTTP alike, keys in the protocol document's order."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from reminders.clock_watch import ClockWatch
from reminders.housekeeping import Outcome
from store.clock import WireTime
from store.history import TIMES, Entry
from store.messages import NO_SENDER, Message
from store.notifications import Notification
from store.planned import moment_on
from store.questions import Question
from store.reminders import ReminderTask

Shape = dict[str, Any]

SENT = "发送成功"
NOT_SENT = "发送失败："


def message(message: Message, time: WireTime) -> Shape:
    """`send_message:ack.data` and `new_message` (section 2.3)."""
    return {
        "id": message.id,
        "question_id": message.question_id,
        "sender_type": message.sender_type,
        "sender_id": None if message.sender_id == NO_SENDER else message.sender_id,
        "role_display_name": message.role_display_name,
        "content_type": message.content_type,
        "content_text": message.content_text,
        "sent_at": time.text(message.sent_at),
        "status": "SENT",
        "is_visible_to_patient": message.is_visible_to_patient,
        "attachments": orjson.Fragment(message.attachments),
    }


def sent(data: bytes, client_msg_id: str | None) -> bytes:
    """`send_message:ack` around a message that is encoded already; the sender's own id is told to the sender alone."""
    if client_msg_id is not None:
        data = data[:-1] + b',"client_msg_id":' + orjson.dumps(client_msg_id) + b"}"
    return b'{"success":true,"message":"' + SENT.encode() + b'","data":' + data + b"}"


def not_sent(text: str) -> Shape:
    """`send_message:ack` for a message that was not stored."""
    return {"success": False, "message": NOT_SENT + text}


def error(code: str, text: str) -> Shape:
    """`error` (section 3) and every HTTP fault."""
    return {"code": code, "message": text}


def page(items: list[Shape], has_more: bool, **more: Any) -> Shape:
    """A reply that lists."""
    return {"items": items, "has_more": has_more, **more}


def joined_question(question_id: int) -> Shape:
    return {"question_id": question_id}


def left_question(question_id: int) -> Shape:
    return {"question_id": question_id}


def caught_up(reply: Shape, latest_id: int, has_more: bool) -> Shape:
    """The same reply for a client that gave `after_id`."""
    return {**reply, "latest_id": latest_id, "has_more": has_more}


def bound_user(user_id: int) -> Shape:
    return {"success": True, "user_id": user_id}


def notification(notification: Notification, time: WireTime) -> Shape:
    """`notification:new` (section 4.2)."""
    return {
        "id": notification.id,
        "biz_type": notification.biz_type,
        "biz_id": notification.biz_id,
        "title": notification.title,
        "content": notification.content,
        "status": notification.status,
        "created_at": time.text(notification.created_at),
        "read_at": _text(notification.read_at, time),
    }


def answered(notification_id: int) -> Shape:
    """`notification:read:ack`, `notification:confirm:ack` and `notification:snooze:ack` (section 4.3)."""
    return {"success": True, "id": notification_id}


def answered_notification(one: Notification, time: WireTime) -> Shape:
    """A notification for who knows that it can be confirmed and snoozed."""
    return {
        **notification(one, time),
        "confirmed_at": _text(one.confirmed_at, time),
        "snoozed_until": _text(one.snoozed_until, time),
    }


def notification_updated(notification: Notification, unread: int, time: WireTime) -> Shape:
    """`notification:updated` (section 4.3)."""
    return {
        "id": notification.id,
        "status": notification.status,
        "read_at": _text(notification.read_at, time),
        "confirmed_at": _text(notification.confirmed_at, time),
        "snoozed_until": _text(notification.snoozed_until, time),
        "unread": unread,
    }


def _text(moment: int | None, time: WireTime) -> str | None:
    return None if moment is None else time.text(moment)


def question(question: Question, time: WireTime) -> Shape:
    return {
        "id": question.id,
        "title": question.title,
        "elder_id": question.elder_id,
        "status": question.status,
        "created_at": time.text(question.created_at),
        "latest_message_id": question.latest_message_id,
    }


def reminder_task(task: ReminderTask, time: WireTime) -> Shape:
    """A task; what is new since the first protocol for one alone that was asked for with it."""
    shape = {
        "id": task.id,
        "user_id": task.user_id,
        "biz_type": task.biz_type,
        "biz_id": task.biz_id,
        "channel": task.channel,
        "title": task.title,
        "content": task.content,
        "remind_at": time.text(task.remind_at),
        "status": task.status,
        "created_at": time.text(task.created_at),
    }
    if task.timezone is not None:
        zone = ZoneInfo(task.timezone)
        exdates = orjson.loads(task.exdates or "[]")
        shape |= {
            "rrule": task.rrule,
            "exdates": [_exdate(text, zone, time) for text in exdates],
            "timezone": task.timezone,
            "missed": task.missed,
            "paused": task.paused,
            "next_at": None if task.next_at is None else time.text(task.next_at),
        }
    return shape


def _exdate(text: str, zone: ZoneInfo, time: WireTime) -> str:
    """Return an excluded time as every other; a whole day is its date alone, by the clocks of the task's zone."""
    if len(text) == len("2030-01-01"):
        return text
    return time.text(moment_on(text, zone))


def parked_task(task: ReminderTask, time: WireTime) -> Shape:
    """A parked task, with why it is, to a client that asked for them. What of its row is not sound is left out."""
    try:
        shape = reminder_task(task, time)
    except (ValueError, TypeError, KeyError, AttributeError, OSError):
        shape = reminder_task(replace(task, timezone=None), time)
    return shape | {
        "parked_at": None if task.parked_at is None else time.text(task.parked_at),
        "parked_for": task.parked_for,
    }


def occurrence(planned_at: int, time: WireTime) -> Shape:
    """An occurrence that is to come."""
    return {"planned_at": time.text(planned_at)}


def history_entry(entry: Entry, time: WireTime) -> Shape:
    """What happened to a task or a notification."""
    detail = {name: time.text(value) if name in TIMES else value for name, value in entry.detail.items()}
    return {
        "id": entry.id,
        "at": time.text(entry.at),
        "what": entry.what,
        "by": entry.by,
        "task_id": entry.task_id,
        "notification_id": entry.notification_id,
        "detail": detail,
    }


def clock(watch: ClockWatch, time: WireTime) -> Shape:
    """How the machine's clock is, in `/health`."""
    at, by = watch.last_jump or (None, None)
    return {
        "state": watch.state,
        "jumps": watch.jumps,
        "last_jump": None if at is None else time.text(at),
        "last_jump_seconds": None if by is None else by // 1000,
    }


def job(outcome: Outcome | None, time: WireTime) -> Shape:
    """How one of the server's own jobs went the last time, in `/health`."""
    if outcome is None:
        return {"last_run": None, "result": None}
    return {"last_run": time.text(outcome.at), "result": outcome.result}
