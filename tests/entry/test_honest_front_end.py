"""Front ends at their busiest, with the limits as they are by default: none of them is refused anything."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.clients import message
from tests.entry.test_budgets import CLINIC, LEAVE, LEFT, NURSE, ask
from tests.packets import Kind, Polling, Websocket
from tests.server import Server
from tests.tokens import token

FRONT_DESK = 200  # people behind one address


def nurse(server: Server, kind: Kind, stack: ExitStack) -> Websocket | Polling:
    connection = kind(server)
    stack.callback(connection.close)
    connection.enter(NURSE)
    assert isinstance(connection, Websocket | Polling)
    return connection


def open_questions(server: Server, count: int) -> list[int]:
    body = {"title": "头晕", "elder_id": 7}
    return [ask(server, CLINIC, "/api/questions", "POST", body).body["id"] for _ in range(count)]


def fill(server: Server, question_id: int, count: int) -> None:
    """Write messages as a program of the clinic does that imports them."""
    with ExitStack() as stack:
        clinic = Websocket(server)
        stack.callback(clinic.close)
        clinic.enter(CLINIC)
        sent = ["send_message", message(question_id, "头晕两天了。" * 10, sender_type="SYSTEM", sender_id=1)]
        for _ in range(0, count, 100):
            assert all(answer["success"] for answer in clinic.call_all([sent] * 100))


def assert_nobody_was_refused(server: Server) -> None:
    assert not re.search(
        r"^careline_rate_limited_total\{.*\} [1-9]", ask(server, CLINIC, "/metrics").body, re.MULTILINE
    )
    assert "beyond the limit" not in server.stderr()


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_a_burst_after_a_dead_network(server: Server, kind: Kind) -> None:
    (question_id,) = open_questions(server, 1)
    with ExitStack() as stack:
        client = nurse(server, kind, stack)
        sent = ["send_message", message(question_id, "好" * 1000, sender_id=11)]
        assert all(answer["success"] for answer in client.call_all([sent] * 100))
    assert_nobody_was_refused(server)


def test_catch_up_in_twenty_rooms(server: Server) -> None:
    """On three devices, with as much missed as is sent at all."""
    questions = open_questions(server, 20)
    for question_id in questions:
        fill(server, question_id, 100)
    with ExitStack() as stack:
        for _ in range(3):
            client = nurse(server, Websocket, stack)
            for question_id in questions:
                join = {"question_id": question_id, "user_id": 11, "user_type": "STAFF", "after_id": 0}
                assert client.call("join_question", join)["has_more"] is False
            assert client.call("bind_user", {"user_id": 11, "after_id": 0})["user_id"] == 11
            while len(client.named("new_message")) < 2000:  # what was missed comes before a later answer
                assert client.call(*LEAVE) == LEFT
    assert_nobody_was_refused(server)


def test_paging_through_five_thousand_messages(server: Server) -> None:
    (question_id,) = open_questions(server, 1)
    fill(server, question_id, 5000)
    above, found, has_more = 0, 0, True
    while has_more:
        path = f"/api/questions/{question_id}/messages?after_id={above}&limit=200"
        page = ask(server, NURSE, path)
        assert page.status == 200
        above, found, has_more = page.body["items"][-1]["id"], found + len(page.body["items"]), page.body["has_more"]
    assert found == 5000
    assert_nobody_was_refused(server)


def test_a_clinic_behind_one_address_comes_back(server: Server) -> None:
    """After an outage, all at once: the page, a connection, a room each; a tenth of them with tokens that ran out."""
    (question_id,) = open_questions(server, 1)

    def come_back(number: int) -> None:
        kind = Polling if number % 4 == 0 else Websocket
        for path in ("/", "/static/app.js", "/static/page.css", "/health"):
            assert ask(server, None, path).status in (200, 404)
        if number % 10 == 0:
            for _ in range(3):
                assert ask(server, token(number, "STAFF", ttl=-60)).status == 401
        connection = kind(server)
        try:
            connection.enter(token(number, "STAFF"))
            join = {"question_id": question_id, "user_id": number, "user_type": "STAFF", "after_id": 0}
            assert connection.call("join_question", join)["question_id"] == question_id
            assert ask(server, token(number, "STAFF"), f"/api/questions/{question_id}/messages").status == 200
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        for done in [threads.submit(come_back, number) for number in range(1001, 1001 + FRONT_DESK)]:
            done.result()
    assert_nobody_was_refused(server)
