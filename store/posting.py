"""A message is sent: what is stored of it, and what comes of it for the people of its question."""

import sqlite3
from dataclasses import dataclass

from store import away, files, messages, outbox, participants, replies, unanswered
from store.answers import Answered
from store.away import Looking
from store.messages import Appended, Draft, Message
from store.notifications import Notification
from store.transaction import Connection


@dataclass(frozen=True, slots=True)
class Posted:
    """A message, with what users are told beside it."""

    message: Message
    notifications: list[Notification]
    settled: tuple[Answered, ...]  # of the ladder that the question was on


Outcome = Appended | Posted


def post(connection: sqlite3.Connection, drafts: list[Draft]) -> list[Outcome]:
    """Store a batch of messages. Their senders become participants, participants who are away get a notification, and
    ladders of unanswered questions begin or end, all in the same transaction."""
    found, next_id = messages.places(connection, drafts)
    with_files = [number for number, draft in enumerate(drafts) if draft.files]
    lacking = {number for number in with_files if not _may_name(connection, drafts[number])}
    appended = messages.append(connection, drafts, found, next_id, lacking)
    for number in with_files:
        one = appended[number]
        if isinstance(one, Message):
            files.named(connection, drafts[number].files, one.question_id, one.is_visible_to_patient)
    created = [one for one in appended if isinstance(one, Message)]
    assert isinstance(connection, Connection)
    if created and connection.tells_messages:
        outbox.add_messages(connection, created)
    since = participants.add_senders(connection, created)
    telling = {place.question_id for place in found.values() if place.tells}
    waiting = {place.question_id for place in found.values() if place.waits}
    if not telling and not waiting:
        return list(appended)
    sent = [(draft, one) for draft, one in zip(drafts, appended, strict=True) if isinstance(one, Message)]
    to_tell = [one for one in sent if one[1].question_id in telling]
    told = replies.notify(connection, to_tell, since)
    began = {question_id for question_id, _, _ in since}
    for draft, message in to_tell:
        if message.question_id in began:
            began.remove(message.question_id)  # who takes part from now on may be away from what was said before
            looking = Looking(message.question_id, draft.present, message.sent_at)
            told.setdefault(message.id, []).extend(away.tell(connection, looking) or ())
    settled = {
        message.id: unanswered.heard(connection, message) for _, message in sent if message.question_id in waiting
    }
    return [_posted(one, told, settled) for one in appended]


def _may_name(connection: sqlite3.Connection, draft: Draft) -> bool:
    return draft.viewer is None or files.may_name(connection, draft.files, draft.viewer)


def _posted(one: Appended, told: dict[int, list[Notification]], settled: dict[int, tuple[Answered, ...]]) -> Outcome:
    if not isinstance(one, Message) or not (told.get(one.id) or settled.get(one.id)):
        return one
    return Posted(one, told.get(one.id, []), settled.get(one.id, ()))


def post_one(connection: sqlite3.Connection, draft: Draft) -> Outcome:
    """Store one message, as `post` does many."""
    (appended,) = post(connection, [draft])
    return appended
