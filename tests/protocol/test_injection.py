"""Text that would be SQL where somebody put a query together of it: it is stored, looked for and shown as text."""

from __future__ import annotations

from typing import Final

import pytest

from tests.clients import message
from tests.conftest import Enter
from tests.packets import Kind, Polling, Websocket
from tests.server import Server, in_seconds, new_id

SQL: Final = [
    "'); DROP TABLE message; --",
    "x' OR '1'='1",
    '" OR ""="',
    "%_[a-z]*?'",
    "{0}{of}%s:id ?1 $1 @x",
]


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_what_clients_write(server: Server, enter: Enter, kind: Kind) -> None:
    question_id = server.open_question(title=SQL[0])
    connection = enter(kind, server)
    for text in SQL:
        attachment = {"url": text, "thumbnail_url": text, "duration": None, "size": None}
        sent = message(question_id, text, client_msg_id=text, role_display_name=text, attachments=[attachment])
        stored = connection.call("send_message", sent)["data"]
        assert (stored["content_text"], stored["role_display_name"]) == (text, text)
        assert stored["attachments"] == [attachment]
        assert connection.call("send_message", sent)["data"]["id"] == stored["id"], "it is looked up as it is"
    assert [one["content_text"] for one in server.messages(question_id)] == SQL
    assert server.http("GET", f"/api/questions/{question_id}").body["title"] == SQL[0]


def test_what_requests_ask(server: Server) -> None:
    user_id = new_id()
    for number, text in enumerate(SQL):
        headers = {"Idempotency-Key": text}
        body = {"title": text, "elder_id": user_id}
        first, again = (server.http("POST", "/api/questions", json=body, headers=headers) for _ in range(2))
        assert (first.status, again.status, again.body["id"]) == (201, 200, first.body["id"])
        task = server.make_reminder(user_id, in_seconds(3600), title=text, content=text, biz_id=number + 1)
        assert (task["title"], task["content"]) == (text, text)
    listed = server.http("GET", f"/api/questions?elder_id={user_id}").body["items"]
    assert [one["title"] for one in listed] == SQL[::-1]


@pytest.mark.parametrize(
    "asked",
    [
        "/api/questions?status=OPEN%27--",
        "/api/questions?elder_id=1%20OR%201=1",
        "/api/questions?before_id=1;DROP",
        "/api/questions/1%20OR%201=1",
        "/api/questions/1/messages?after_id=0%20UNION%20SELECT",
        "/api/reminders?status=%27%20OR%201--",
        "/api/reminders/1%27/history",
        "/api/users/1%20OR%201=1/notifications",
        "/api/notifications/1%20--/history",
    ],
)
def test_what_is_no_id_and_no_word_is_refused(server: Server, asked: str) -> None:
    answer = server.http("GET", asked)
    assert (answer.status, answer.body["code"]) == (400, "INVALID_PAYLOAD")
