"""`join_question` and `joined_question`, over every transport."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Clients
from tests.server import Server


def payload(question_id: int, /, **changes: Any) -> dict[str, Any]:
    """Give the protocol's example, changed."""
    return {
        "question_id": question_id,
        "user_id": 456,
        "user_type": "ELDER",
        "role_display_name": "张三",
        **changes,
    }


def test_joining_is_answered(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    client.emit("join_question", payload(question_id))
    assert client.expect("joined_question") == {"question_id": question_id}
    client.nothing("joined_question", "error")


def test_the_callback_gets_the_same_object(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    assert client.call("join_question", payload(question_id)) == {"question_id": question_id}
    assert client.expect("joined_question") == {"question_id": question_id}
    client.nothing("joined_question", "error")


def test_the_name_may_be_left_out(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    without = payload(question_id)
    del without["role_display_name"]
    client = clients.connect()
    assert client.call("join_question", without) == {"question_id": question_id}
    assert client.call("join_question", payload(question_id, role_display_name=None)) == {"question_id": question_id}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"question_id": 0}, "question_id 必须为正整数"),
        ({"user_id": "456"}, "user_id 必须为正整数"),
        ({"user_type": "elder"}, "user_type 必须为 1 到 32 个大写字母、数字或下划线"),
        ({"role_display_name": 7}, "role_display_name 必须为不超过 64 个字符的文本"),
    ],
)
def test_a_fault_goes_to_error(
    server: Server, clients: Clients, transport: str, changes: dict[str, Any], text: str
) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    fault = {"code": "INVALID_PAYLOAD", "message": text}
    assert client.call("join_question", payload(question_id, **changes)) == fault
    assert client.expect("error") == fault
    client.nothing("error", "joined_question")
    assert client.call("join_question", payload(question_id)) == {"question_id": question_id}


@pytest.mark.parametrize("sent", [{"user_id": 456, "user_type": "ELDER"}, {"question_id": None}])
def test_the_question_is_required(clients: Clients, sent: dict[str, Any]) -> None:
    client = clients.connect()
    client.emit("join_question", sent)
    assert client.expect("error") == {"code": "INVALID_PAYLOAD", "message": "question_id 必须为正整数"}
    client.nothing("error", "joined_question")


@pytest.mark.parametrize("who", [{}, {"user_id": 0}, {"user_id": None, "user_type": None}, {"user_id": 456}])
def test_a_join_without_a_type_sees_what_patients_see(
    server: Server, clients: Clients, transport: str, who: dict[str, Any]
) -> None:
    question_id = server.open_question()
    client, staff = clients.connect(transport), clients.connect()
    assert client.call("join_question", {"question_id": question_id, **who}) == {"question_id": question_id}
    client.expect("joined_question")
    staff.send(question_id, "内部", is_visible_to_patient=False)
    seen = staff.send(question_id, "可见")
    assert client.expect("new_message")["id"] == seen["id"]
    again = {"question_id": question_id, **who, "after_id": 0}
    assert client.call("join_question", again) == {
        "question_id": question_id,
        "latest_id": seen["id"],
        "has_more": False,
    }
    assert client.expect("new_message")["id"] == seen["id"]
    client.nothing("new_message")


def test_an_unknown_question(clients: Clients, transport: str) -> None:
    client = clients.connect(transport)
    fault = {"code": "QUESTION_NOT_FOUND", "message": "咨询问题不存在"}
    assert client.call("join_question", payload(999_999_999)) == fault
    assert client.expect("error") == fault
    client.nothing("error", "joined_question")


def test_a_closed_question_is_joined(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    server.set_status(question_id, "CLOSED")
    client = clients.connect()
    assert client.call("join_question", payload(question_id)) == {"question_id": question_id}
    client.nothing("error")
