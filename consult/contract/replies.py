"""Build what the server sends from what is stored: each type once, for events and HTTP alike."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import orjson
from msgspec import Raw, Struct

from consult.contract import (
    files,
    history,
    messages,
    notifications,
    occurrences,
    operations,
    participants,
    questions,
    quiet_hours,
    reminders,
)
from consult.contract.faults import Fault
from reminders.clock_watch import ClockWatch
from reminders.housekeeping import Outcome
from reminders.tasks import LATEST
from store.clock import WireTime
from store.files import Upload
from store.history import TIMES, Entry
from store.messages import NO_SENDER, Message
from store.notifications import Notification, Settled
from store.outcomes import OfDay, Unanswered
from store.participants import Participant, Seen
from store.planned import moment_on
from store.questions import ListedQuestion, Question
from store.quiet_hours import QuietHours
from store.reminders import ReminderTask

Q = TypeVar("Q", questions.Question, questions.ListedQuestion)
N = TypeVar("N", notifications.Notification, notifications.ListedNotification)


def message(message: Message, time: WireTime, handed: Callable[[str], str]) -> messages.Message:
    """Return a message for who may see it. `handed` gives its attachments' JSON the addresses of files by which they
    may be fetched."""
    attachments: Any = Raw(handed(message.attachments))  # JSON already
    return messages.Message(
        id=message.id,
        question_id=message.question_id,
        sender_type=message.sender_type,
        sender_id=None if message.sender_id == NO_SENDER else message.sender_id,
        role_display_name=message.role_display_name,
        content_type=message.content_type,
        content_text=message.content_text,
        sent_at=time.text(message.sent_at),
        status="SENT",
        is_visible_to_patient=message.is_visible_to_patient,
        attachments=attachments,
    )


_SENT = b'{"success":true,"message":"%b","data":%%b}' % messages.SENT.encode()


def sent(data: bytes, client_msg_id: str | None) -> bytes:
    """Return `messages.Sent` around a message that is encoded already; its sender alone gets the sender's own id."""
    if client_msg_id is not None:
        data = data[:-1] + b',"client_msg_id":' + orjson.dumps(client_msg_id) + b"}"
    return _SENT % data


def not_sent(fault: Fault) -> messages.NotSent:
    return messages.NotSent(success=False, message=messages.NOT_SENT + fault.message)


def day_occurrence(one: OfDay, time: WireTime) -> occurrences.DayOccurrence:
    return occurrences.DayOccurrence(
        task_id=one.task_id,
        title=one.title,
        planned_at=time.text(one.planned_at),
        notification_id=one.notification_id,
        outcome=one.outcome,
        outcome_at=_text(one.outcome_at, time),
        outcome_by=one.outcome_by,
        note=one.note,
    )


def unanswered(one: Unanswered, time: WireTime) -> occurrences.UnansweredOccurrence:
    return occurrences.UnansweredOccurrence(
        id=one.notification_id,
        task_id=one.task_id,
        user_id=one.user_id,
        biz_type=one.biz_type,
        biz_id=one.biz_id,
        title=one.title,
        planned_at=time.text(one.planned_at),
    )


def error(fault: Fault) -> operations.Error:
    return operations.Error(code=fault.code, message=fault.message)


def notification(notification: Notification, time: WireTime) -> notifications.Notification:
    return _notification(notifications.Notification, notification, time)


def _notification(kind: type[N], notification: Notification, time: WireTime) -> N:
    return kind(
        id=notification.id,
        biz_type=notification.biz_type,
        biz_id=notification.biz_id,
        title=notification.title,
        content=notification.content,
        status=notification.status,
        created_at=time.text(notification.created_at),
        read_at=_text(notification.read_at, time),
    )


def answered_notification(notification: Notification, time: WireTime) -> notifications.AnsweredNotification:
    return notifications.AnsweredNotification(
        id=notification.id,
        biz_type=notification.biz_type,
        biz_id=notification.biz_id,
        title=notification.title,
        content=notification.content,
        status=notification.status,
        created_at=time.text(notification.created_at),
        read_at=_text(notification.read_at, time),
        confirmed_at=_text(notification.confirmed_at, time),
        snoozed_until=_text(notification.snoozed_until, time),
    )


def listed_notification(one: Notification, with_answers: bool, time: WireTime) -> notifications.ListedNotification:
    listed = _notification(notifications.ListedNotification, one, time)
    if with_answers:
        listed.confirmed_at = _text(one.confirmed_at, time)
        listed.snoozed_until = _text(one.snoozed_until, time)
    _settle(listed, one.settled, time)
    return listed


def notification_updated(notification: Notification, unread: int, time: WireTime) -> notifications.NotificationUpdated:
    updated = notifications.NotificationUpdated(
        id=notification.id,
        status=notification.status,
        read_at=_text(notification.read_at, time),
        confirmed_at=_text(notification.confirmed_at, time),
        snoozed_until=_text(notification.snoozed_until, time),
        unread=unread,
    )
    _settle(updated, notification.settled, time)
    if notification.withdrawn_at is not None:
        updated.withdrawn_at = time.text(notification.withdrawn_at)
    return updated


def _settle(
    told: notifications.ListedNotification | notifications.NotificationUpdated, settled: Settled | None, time: WireTime
) -> None:
    if settled is not None:
        told.outcome = settled.outcome
        told.outcome_at = time.text(settled.at)
        told.outcome_by = settled.by
        told.note = settled.note


def _text(moment: int | None, time: WireTime) -> str | None:
    return None if moment is None else time.text(moment)


def question(question: Question, time: WireTime) -> questions.Question:
    return _question(questions.Question, question, time)


def listed_question(listed: ListedQuestion | Question, time: WireTime) -> questions.ListedQuestion:
    if isinstance(listed, Question):
        return _question(questions.ListedQuestion, listed, time)
    reply = _question(questions.ListedQuestion, listed.question, time)
    reply.unread = listed.unread
    reply.last_message_at = _text(listed.last_message_at, time)
    reply.waiting_since = _text(listed.waiting_since, time)
    return reply


def _question(kind: type[Q], question: Question, time: WireTime) -> Q:
    made = kind(
        id=question.id,
        title=question.title,
        elder_id=question.elder_id,
        status=question.status,
        created_at=time.text(question.created_at),
        latest_message_id=question.latest_message_id,
    )
    if question.priority is not None:
        made.assignee_id = question.assignee_id
        made.priority = question.priority
        made.category = question.category
        made.notify_replies = question.notify_replies
        made.answer_within = None if question.answer_within is None else question.answer_within // 1000
        rungs = None if question.follow_up is None else orjson.loads(question.follow_up)
        made.follow_up = (
            None
            if rungs is None
            else [questions.QuestionRung(after=after // 1000, user_id=user_id) for after, user_id in rungs]
        )
    return made


def stored_file(upload: Upload) -> files.StoredFile:
    return files.StoredFile(
        url=f"{files.PREFIX}{upload.sha256}",
        size=upload.size,
        sha256=upload.sha256,
        content_type=upload.content_type,
    )


def participant(one: Participant) -> participants.Participant:
    return participants.Participant(user_id=one.user_id, user_type=one.user_type, up_to_id=one.up_to_id)


def question_read(seen: Seen) -> participants.QuestionRead:
    user_id, user_type = seen.reader
    return participants.QuestionRead(
        question_id=seen.question_id, user_id=user_id, user_type=user_type, up_to_id=seen.up_to_id
    )


def reminder_task(task: ReminderTask, time: WireTime) -> reminders.ReminderTask:
    """Return a task. Only one that was asked for with a field of recurrence shows these fields."""
    made = reminders.ReminderTask(
        id=task.id,
        user_id=task.user_id,
        biz_type=task.biz_type,
        biz_id=task.biz_id,
        channel=task.channel,
        title=task.title,
        content=task.content,
        remind_at=time.text(task.remind_at),
        status=task.status,
        created_at=time.text(task.created_at),
    )
    if task.timezone is not None:
        zone = ZoneInfo(task.timezone)
        made.rrule = task.rrule
        made.exdates = [_exdate(text, zone, time) for text in orjson.loads(task.exdates or "[]")]
        made.timezone = task.timezone
        made.missed = task.missed or LATEST
        made.paused = task.paused
        made.next_at = _text(task.next_at, time)
    ladder = task.ladder
    if ladder is not None:
        *rungs, (missed_after, _) = ladder
        made.follow_up = [reminders.AskedRung(after=after // 1000, user_id=user_id) for after, user_id in rungs]
        made.missed_after = missed_after // 1000
    if task.critical is not None:
        made.critical = task.critical
    return made


def quiet_hours_of(user_id: int, quiet: QuietHours | None) -> Struct:
    begins, ends, timezone = (None,) * 3 if quiet is None else (quiet.begins, quiet.ends, quiet.timezone)
    return quiet_hours.QuietHours(**{"user_id": user_id, "from": begins, "to": ends, "timezone": timezone})


def _exdate(text: str, zone: ZoneInfo, time: WireTime) -> str:
    """Return an excluded time as every other; a whole day is its date alone, by the clocks of the task's zone."""
    if len(text) == len("2030-01-01"):
        return text
    return time.text(moment_on(text, zone))


def parked_task(task: ReminderTask, time: WireTime) -> reminders.ReminderTask:
    """Return a parked task, with why it is parked. Fields of recurrence that are not sound are left out."""
    try:
        made = reminder_task(task, time)
    except (ValueError, TypeError, KeyError, AttributeError, OSError):
        made = reminder_task(replace(task, timezone=None), time)
    made.parked_at = _text(task.parked_at, time)
    made.parked_for = task.parked_for
    return made


def history_page(page: tuple[list[Entry], bool], time: WireTime) -> history.HistoryPage:
    entries, has_more = page
    return history.HistoryPage(items=[history_entry(entry, time) for entry in entries], has_more=has_more)


def history_entry(entry: Entry, time: WireTime) -> history.HistoryEntry:
    return history.HistoryEntry(
        id=entry.id,
        at=time.text(entry.at),
        what=entry.what,
        by=entry.by,
        task_id=entry.task_id,
        notification_id=entry.notification_id,
        detail={name: time.text(value) if name in TIMES else value for name, value in entry.detail.items()},
    )


def clock(watch: ClockWatch, time: WireTime) -> operations.Clock:
    at, by = watch.last_jump or (None, None)
    return operations.Clock(
        state=watch.state,
        jumps=watch.jumps,
        last_jump=_text(at, time),
        last_jump_seconds=None if by is None else by // 1000,
    )


def job(outcome: Outcome | None, time: WireTime) -> operations.Job:
    if outcome is None:
        return operations.Job(last_run=None, result=None)
    return operations.Job(last_run=time.text(outcome.at), result=outcome.result)
