"""Assignee, priority, category and what else a question may be given: shown once given, told by `question:updated`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Clients
from tests.conftest import StartServer
from tests.protocol.test_question_updated import join, seen
from tests.server import Server
from tests.tokens import key_file, token

PLAIN = {
    "assignee_id": None,
    "priority": "NORMAL",
    "category": None,
    "notify_replies": False,
    "answer_within": None,
    "follow_up": None,
}
GIVEN: dict[str, Any] = {
    "assignee_id": 456,
    "priority": "URGENT",
    "category": "高血压",
    "notify_replies": True,
    "answer_within": 1800,
    "follow_up": [{"after": 60, "user_id": 457}, {"after": 120, "user_id": None}],
}


def test_they_are_shown_once_one_is_given(server: Server) -> None:
    plain = server.http("POST", "/api/questions", json={"title": "头晕", "elder_id": 1}).body
    assert set(plain) == {"id", "title", "elder_id", "status", "created_at", "latest_message_id"}
    path = f"/api/questions/{plain['id']}"
    assert server.http("PATCH", path, json={"status": "OPEN", "category": None}).body == {**plain, **PLAIN}
    for name, value in GIVEN.items():
        answer = server.http("PATCH", path, json={name: value})
        assert (answer.status, answer.body[name]) == (200, value)
    whole = {**plain, **GIVEN}
    assert server.http("GET", path).body == whole
    assert server.http("GET", "/api/questions?limit=1").body["items"] == [whole]
    cleared = dict.fromkeys(("assignee_id", "category", "answer_within", "follow_up"))
    assert server.http("PATCH", path, json=cleared).body == {**whole, **cleared}
    kept = dict.fromkeys(("status", "priority", "notify_replies"))
    assert server.http("PATCH", path, json=kept).body == {**whole, **cleared}
    made = server.http("POST", "/api/questions", json={"title": "头晕", "elder_id": 1, **GIVEN}).body
    assert {name: made[name] for name in GIVEN} == GIVEN
    made = server.http("POST", "/api/questions", json={"title": "头晕", "elder_id": 1, "priority": "NORMAL"}).body
    assert {name: made[name] for name in PLAIN} == PLAIN


def test_each_change_is_told(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    join(client, question_id)
    for name, value in GIVEN.items():
        assert server.http("PATCH", f"/api/questions/{question_id}", json={name: value}).status == 200
        told = client.expect("question:updated")
        assert (told, told[name]) == (seen(server, question_id), value)
        assert server.http("PATCH", f"/api/questions/{question_id}", json={name: value}).status == 200
    client.nothing("question:updated")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "status 必须为 OPEN 或 CLOSED"),
        ({"status": None}, "status 必须为 OPEN 或 CLOSED"),
        ({"status": "X", "priority": "URGENT"}, "status 必须为 OPEN 或 CLOSED"),
        ({"priority": "HIGH"}, "priority 必须为 NORMAL 或 URGENT"),
        ({"category": "高" * 33}, "category 必须为不超过 32 个字符的文本"),
        ({"assignee_id": 0}, "assignee_id 必须为正整数"),
        ({"answer_within": 59}, "answer_within 必须为 60 到 604800 的整数"),
        ({"follow_up": [{"after": 120}, {"after": 60}]}, "follow_up 的 after 必须从小到大"),
        ({"notify_replies": 1}, "notify_replies 必须为布尔值"),
    ],
)
def test_what_is_wrong(server: Server, body: Any, text: str) -> None:
    answer = server.http("PATCH", f"/api/questions/{server.open_question()}", json=body)
    assert (answer.status, answer.body["message"]) == (400, text)


def test_with_tokens_what_tells_others_is_for_the_clinic(start_server: StartServer, tmp_path: Any) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    server.bearer = token(7, "ELDER")
    question_id = server.open_question(elder_id=7)
    path = f"/api/questions/{question_id}"
    assert server.http("PATCH", path, json={"priority": "URGENT", "category": "高血压"}).status == 200
    for name in ("assignee_id", "notify_replies", "answer_within", "follow_up"):
        for value in (GIVEN[name], None):
            if value is None and name == "notify_replies":
                continue
            answer = server.http("PATCH", path, json={"status": "OPEN", name: value})
            assert (answer.status, answer.body["code"]) == (403, "FORBIDDEN")
        body = {"title": "头晕", "elder_id": 7, name: GIVEN[name]}
        assert server.http("POST", "/api/questions", json=body).status == 403
    server.bearer = token(1, "STAFF")
    assert server.http("PATCH", path, json=GIVEN).status == 200
