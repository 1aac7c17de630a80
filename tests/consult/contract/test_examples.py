"""Every example is true: what is sent in one is taken, what is answered has the shape that the server gives, and every
deliberate mistake is refused with the answer that is shown beside it."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct

from consult.contract import (
    files,
    history,
    messages,
    notifications,
    occurrences,
    participants,
    questions,
    quiet_hours,
    reminders,
    replies,
)
from consult.contract.faults import HOST_REFUSED, KEY_LENGTH, ORIGIN_REFUSED, invalid
from consult.contract.operations import Health
from consult.contract.payloads import read
from consult.contract.rows import ClientEvent
from consult.contract.tables import CALLS, CLIENT_EVENTS, PAGES, SERVER_EVENTS
from consult.documents.protocol import protocol
from consult.json_text import dumps, loads
from store.clock import WireTime
from store.files import Upload
from store.history import Entry
from store.messages import Message, visible_to
from store.notifications import Notification
from store.outcomes import OfDay, Unanswered
from store.participants import Participant, Reader, Seen
from store.questions import ListedQuestion, Question
from store.reminders import ReminderTask
from tests.conftest import Enter
from tests.consult.contract.tables import Example
from tests.files import upload
from tests.packets import Websocket
from tests.server import Server

TIME = WireTime(ZoneInfo("Asia/Shanghai"))
NOTIFICATION = Notification(1, 1001, "INTERVENTION_TASK", 12345, "标题", None, "READ", 0, 0, 0, None, 1)


def encoded(reply: Struct) -> Example:
    """Give what a client gets of a reply."""
    made: Example = loads(dumps(reply))
    return made


MESSAGE = encoded(replies.message(Message(1, 2, "STAFF", 3, None, "TEXT", "正文", "[]", True, 0), TIME, str))
QUESTION = encoded(replies.question(Question(1, "标题", 2, "OPEN", 0, None), TIME))
DETAILED = encoded(
    replies.question(Question(1, "标题", 2, "OPEN", 0, None, 3, "URGENT", "x", True, 60_000, "[[60000,null]]"), TIME)
)
LISTED = ListedQuestion(Question(1, "标题", 2, "OPEN", 0, None), 1, 0, 0)
TASK = encoded(
    replies.reminder_task(ReminderTask(1, 2, "INTERVENTION_TASK", 3, "IN_APP", "标题", None, 0, "PENDING", 0), TIME)
)
REPEATING = encoded(
    replies.reminder_task(
        ReminderTask(
            *(1, 2, "INTERVENTION_TASK", 3, "IN_APP", "标题", None, 0, "PENDING", 0),
            *("FREQ=DAILY", "[]", "Asia/Shanghai", "latest", False, "1970-01-01T08:00:00", None, 0, 0),
        ),
        TIME,
    )
)
PARTICIPANT = encoded(replies.participant(Participant(1, 2, "STAFF", 3)))
TOLD = encoded(replies.notification(NOTIFICATION, TIME))
ANSWERED = encoded(replies.answered_notification(NOTIFICATION, TIME))
DONE = encoded(notifications.Answered(success=True, id=1))
REASON = invalid("原因")


def sent(client_msg_id: str | None) -> Example:
    """Give a successful `send_message:ack` as the server makes it."""
    ack: Example = loads(replies.sent(dumps(MESSAGE), client_msg_id))
    return ack


# What the server makes, for each example of an event and of its other forms.
REPLIES: dict[str, list[Example]] = {
    "joined_question": [
        encoded(questions.JoinedQuestion(question_id=1)),
        encoded(questions.JoinedQuestion(question_id=1, latest_id=2, has_more=True)),
    ],
    "left_question": [encoded(questions.LeftQuestion(question_id=1))],
    "send_message:ack": [sent(None), sent("abc"), encoded(replies.not_sent(REASON))],
    "new_message": [MESSAGE],
    "question:updated": [QUESTION, DETAILED],
    "read_question:ack": [encoded(participants.ReadAck(success=True, question_id=1, up_to_id=2, unread=0))],
    "question:read": [encoded(replies.question_read(Seen(1, Reader(2, "STAFF"), 3, visible_to("STAFF"))))],
    "notification:new": [TOLD],
    "bind_user:ack": [
        encoded(notifications.BoundUser(success=True, user_id=1)),
        encoded(notifications.BoundUser(success=True, user_id=1, latest_id=2, has_more=True)),
    ],
    "error": [encoded(replies.error(REASON))],
    "notification:read:ack": [DONE],
    "notification:confirm:ack": [DONE],
    "notification:snooze:ack": [DONE],
    "notification:updated": [encoded(replies.notification_updated(NOTIFICATION, 0, TIME))],
}
# The same for HTTP: of an answer that lists, what it lists.
ANSWERS: dict[type[Struct], Example] = {
    questions.Question: QUESTION,
    questions.QuestionPage: encoded(replies.listed_question(LISTED, TIME)),
    files.StoredFile: encoded(replies.stored_file(Upload("a" * 64, 1, "image/jpeg", 0, None))),
    participants.Participant: PARTICIPANT,
    participants.ParticipantPage: PARTICIPANT,
    messages.Message: MESSAGE,
    messages.MessagePage: MESSAGE,
    reminders.ReminderTask: TASK,
    reminders.ReminderPage: TASK,
    reminders.OccurrencePage: encoded(reminders.Occurrence(planned_at=TIME.text(0))),
    occurrences.DayPage: encoded(replies.day_occurrence(OfDay(1, "药", 0, 1, "DONE", 0, "API", None), TIME)),
    occurrences.UnansweredPage: encoded(replies.unanswered(Unanswered(1, 1, 1, "T", 1, "药", 0), TIME)),
    quiet_hours.QuietHours: encoded(replies.quiet_hours_of(1, None)),
    history.HistoryPage: encoded(replies.history_entry(Entry(0, "created", "API", 1, id=1), TIME)),
    notifications.Notification: TOLD,
    notifications.AnsweredNotification: ANSWERED,
    notifications.NotificationPage: TOLD,
}


@pytest.mark.parametrize("event", CLIENT_EVENTS, ids=[event.name for event in CLIENT_EVENTS])
def test_examples_of_events_are_taken(event: ClientEvent) -> None:
    for example in (event.example, *event.others):
        read(event.payload, example)


def test_examples_of_bodies_are_taken() -> None:
    bodies = [(call.body, call.example) for call in CALLS if call.body]
    assert len(bodies) == 11
    for body, example in bodies:
        read(body, example)


def keys(value: Any) -> Any:
    """Give the names in a JSON value, in their order, at every level but within lists and a history's details."""
    if not isinstance(value, dict):
        return None
    return [(name, keys(inner) if name != "detail" else None) for name, inner in value.items()]


def test_every_event_of_the_server_is_made_by_a_reply() -> None:
    assert {event.name for event in SERVER_EVENTS} == set(REPLIES)
    for event in SERVER_EVENTS:
        shown = [keys(example) for example in (event.example, *event.others)]
        assert shown == [keys(reply) for reply in REPLIES[event.name]], event.name


def test_every_answer_is_made_by_a_reply() -> None:
    for call in CALLS:
        if call.shape is not Health:
            for item in call.answer.get("items", [call.answer]):
                made = REPEATING if "rrule" in item else ANSWERS[call.shape]
                assert keys(item) == keys(made), call.path


def test_health_has_the_keys_of_its_example(server: Server) -> None:
    (call,) = (call for call in CALLS if call.path == "/health")
    told = server.http("GET", "/health").body
    for example in (call.answer, call.others[503]):
        # Without --backup-folder and a replica there is nothing to tell of them.
        assert keys(told) == keys({name: value if told[name] else None for name, value in example.items()})


MISTAKES = [
    pytest.param(event["name"], mistake, id=f"{event['name']}: {mistake['about']['en']}")
    for event in protocol()["events"]
    for mistake in event.get("mistakes", ())
]


@pytest.mark.parametrize(("event", "mistake"), MISTAKES)
def test_mistakes_are_refused_as_shown(server: Server, enter: Enter, event: str, mistake: Example) -> None:
    connection = enter(Websocket, server)
    answer = mistake["answer"]
    assert connection.call(event, mistake["payload"]) == answer["payload"]
    assert connection.events == [[answer["event"], answer["payload"]]]


def test_every_client_event_shows_mistakes() -> None:
    assert all(event.mistakes for event in CLIENT_EVENTS)


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        ({"Host": "evil.example"}, 403, HOST_REFUSED.text),
        ({"Origin": "https://evil.example"}, 403, ORIGIN_REFUSED.text),
        ({"Idempotency-Key": ""}, 400, KEY_LENGTH.text),
        ({"Idempotency-Key": "k" * 65}, 400, KEY_LENGTH.text),
    ],
)
def test_texts_about_headers(server: Server, headers: dict[str, str], status: int, text: str) -> None:
    answer = server.http("POST", "/api/questions", json={"title": "标题", "elder_id": 1}, headers=headers)
    assert (answer.status, answer.body) == (status, {"code": "INVALID_PAYLOAD", "message": text})


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_pages_are_of_their_kind(server: Server, page: Any) -> None:
    file = upload(server, b"GIF89a")["sha256"]
    answer = server.http(page.method, page.path.format(file=file, link="none"))
    assert answer.status == (404 if "{link}" in page.path else 200), "a link of one's own has no such address"
    assert fnmatch(answer.headers["content-type"].partition(";")[0], page.kind)
