"""`leave_question` and `left_question`, over every transport."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Clients
from tests.server import Server


def test_leaving_is_answered(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    client.join(question_id)
    client.emit("leave_question", {"question_id": question_id})
    assert client.expect("left_question") == {"question_id": question_id}
    client.nothing("left_question", "error")


def test_the_callback_gets_the_same_object(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    client.join(question_id)
    assert client.call("leave_question", {"question_id": question_id}) == {"question_id": question_id}
    assert client.expect("left_question") == {"question_id": question_id}
    client.nothing("left_question", "error")


def test_leaving_looks_nothing_up(clients: Clients) -> None:
    client = clients.connect()
    for _ in range(2):
        assert client.call("leave_question", {"question_id": 999_999_999}) == {"question_id": 999_999_999}
    client.nothing("error")


def test_leaving_stops_the_messages_of_that_question_alone(server: Server, clients: Clients, transport: str) -> None:
    left, kept = server.open_question(), server.open_question()
    client = clients.connect(transport)
    sender = clients.connect()
    client.join(left)
    client.join(kept)
    assert client.call("leave_question", {"question_id": left}) == {"question_id": left}
    sender.send(left, "没有人听见")
    heard = sender.send(kept, "听得见")
    assert client.expect("new_message") == heard
    client.nothing("new_message")


@pytest.mark.parametrize("sent", [{"question_id": -5}, {"question_id": None}, {}])
def test_a_fault_goes_to_error(clients: Clients, transport: str, sent: dict[str, Any]) -> None:
    client = clients.connect(transport)
    fault = {"code": "INVALID_PAYLOAD", "message": "question_id 必须为正整数"}
    assert client.call("leave_question", sent) == fault
    assert client.expect("error") == fault
    client.nothing("error", "left_question")


def test_a_failed_leave_keeps_the_room(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    client.join(question_id)
    assert client.call("leave_question", {"question_id": str(question_id)})["code"] == "INVALID_PAYLOAD"
    heard = clients.connect().send(question_id)
    assert client.expect("new_message") == heard
