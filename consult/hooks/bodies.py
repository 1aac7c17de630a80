"""The body of a delivery: what an event of the outbox tells a hook.

What may change in its subject is told as it was at the commit. Texts and all that never changes are read now: what was
deleted meanwhile is told by its id and kind, with `deleted`.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from msgspec import UNSET, Raw

from consult.contract.hooks import Event, MissedOccurrence, Told, ToldMessage, ToldNotification, ToldQuestion
from consult.contract.questions import QuestionRung
from consult.json_text import dumps
from store import subjects
from store.clock import WireTime
from store.messages import NO_SENDER
from store.outbox import Waiting


@dataclass(frozen=True, slots=True)
class Telling:
    """How a hook is told events."""

    content: bool  # false: ids and kinds alone
    time: WireTime
    link: Callable[[int], str] | None  # gives the link that confirms a notification; None: no links are told
    handed: Callable[[str], str]  # gives JSON with the addresses of files in it signed


def body(connection: sqlite3.Connection, waiting: Waiting, telling: Telling) -> bytes:
    """Return the JSON that tells an event."""
    return encoded(waiting.event, waiting.at, _TELLS[waiting.event](connection, waiting, telling), telling.time)


def encoded(event: str, at: int, told: Told, time: WireTime) -> bytes:
    moment = datetime.fromtimestamp(at / 1000, time.zone).isoformat(timespec="milliseconds")
    return dumps(Event(type=event, timestamp=moment, data=told))


def _message(connection: sqlite3.Connection, waiting: Waiting, telling: Telling) -> ToldMessage:
    found = subjects.message(connection, waiting.subject_id)
    if found is None:
        return ToldMessage(id=waiting.subject_id, deleted=True)
    told = ToldMessage(
        id=found.id,
        question_id=found.question_id,
        sender_type=found.sender_type,
        sender_id=None if found.sender_id == NO_SENDER else found.sender_id,
        content_type=found.content_type,
        is_visible_to_patient=found.is_visible_to_patient,
        sent_at=telling.time.text(found.sent_at),
    )
    if telling.content:
        told.role_display_name = found.role_display_name
        told.content_text = found.content_text
        told.attachments = Raw(telling.handed(found.attachments).encode())
    return told


def _notification(connection: sqlite3.Connection, waiting: Waiting, telling: Telling) -> ToldNotification:
    found = subjects.ring(connection, waiting.subject_id)
    if found is None:
        return ToldNotification(id=waiting.subject_id, channel=waiting.channel or UNSET, deleted=True)
    one = found.notification
    return ToldNotification(
        id=one.id,
        user_id=one.user_id,
        task_id=one.task_id,
        biz_type=one.biz_type,
        biz_id=one.biz_id,
        channel=waiting.channel or UNSET,
        created_at=telling.time.text(one.created_at),
        occurrence_at=telling.time.text(found.occurrence_at),
        rung=found.rung,
        snooze_of=found.snooze_of,
        title=one.title if telling.content else UNSET,
        content=one.content if telling.content else UNSET,
        # Of a reply there is nothing to confirm.
        confirm_url=UNSET if telling.link is None or one.task_id is None else telling.link(one.id),
    )


def _answer(connection: sqlite3.Connection, waiting: Waiting, telling: Telling) -> ToldNotification:
    state, found = _state(waiting), subjects.ring(connection, waiting.subject_id)
    told = ToldNotification(
        id=waiting.subject_id,
        user_id=state["user_id"],
        task_id=state["task_id"],
        biz_type=state["biz_type"],
        biz_id=state["biz_id"],
        channel=waiting.channel or UNSET,
        status=state["status"],
        read_at=_text(state["read_at"], telling.time),
        confirmed_at=_text(state["confirmed_at"], telling.time),
        snoozed_until=_text(state["snoozed_until"], telling.time),
        withdrawn_at=_text(state["withdrawn_at"], telling.time),
    )
    if found is None:
        told.deleted = True
        return told
    told.created_at = telling.time.text(found.notification.created_at)
    if telling.content:
        told.title, told.content = found.notification.title, found.notification.content
    if state["confirmed_at"] is not None:
        # A confirmation's outcome stands for good.
        outcome = subjects.outcome(connection, waiting.subject_id)
        if outcome is not None:
            told.outcome, told.outcome_by, told.outcome_at = outcome.outcome, outcome.by, telling.time.text(outcome.at)
            told.note = outcome.note if telling.content else UNSET
    return told


def _missed(connection: sqlite3.Connection, waiting: Waiting, telling: Telling) -> MissedOccurrence:
    state = _state(waiting)
    told = MissedOccurrence(
        task_id=waiting.subject_id,
        user_id=state["user_id"],
        biz_type=state["biz_type"],
        biz_id=state["biz_id"],
        planned_at=telling.time.text(state["planned_at"]),
        notification_id=state["notification_id"],
    )
    texts = subjects.task_texts(connection, waiting.subject_id)
    if texts is None:
        told.deleted = True
    elif telling.content:
        told.title, told.content = texts
    return told


def _question(connection: sqlite3.Connection, waiting: Waiting, telling: Telling) -> ToldQuestion:
    state = _state(waiting)
    within, follow_up = state["answer_within"], state["follow_up"]
    told = ToldQuestion(
        id=waiting.subject_id,
        elder_id=state["elder_id"],
        status=state["status"],
        created_at=telling.time.text(state["created_at"]),
        assignee_id=state["assignee_id"],
        priority=state["priority"],
        notify_replies=bool(state["notify_replies"]),
        answer_within=None if within is None else within // 1000,
        follow_up=None
        if follow_up is None
        else [QuestionRung(after=ms // 1000, user_id=user) for ms, user in follow_up],
    )
    title = subjects.question_title(connection, waiting.subject_id)
    if title is None:
        told.deleted = True
    elif telling.content:
        told.title, told.category = title, state["category"]
    return told


def _state(waiting: Waiting) -> dict[str, Any]:
    state: dict[str, Any] = orjson.loads(waiting.state or "{}")
    return state


def _text(moment: Any, time: WireTime) -> str | None:
    return None if moment is None else time.text(moment)


_TELLS: Mapping[str, Callable[[sqlite3.Connection, Waiting, Telling], Told]] = {
    "message.created": _message,
    "notification.created": _notification,
    "notification.answered": _answer,
    "occurrence.missed": _missed,
    "question.created": _question,
    "question.updated": _question,
}
