"""`send_message`, `send_message:ack` and `new_message`, over every transport."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.clients import Clients, message
from tests.server import Server

ATTACHMENT = {
    "url": "https://example.com/image1.png",
    "thumbnail_url": "https://example.com/thumb1.png",
    "duration": None,
    "size": 102400,
}


def example(question_id: int) -> dict[str, Any]:
    """Give the protocol's example."""
    return {
        "question_id": question_id,
        "sender_type": "STAFF",
        "sender_id": 456,
        "role_display_name": "医生王五",
        "content_type": "TEXT",
        "content_text": "您好，请详细描述一下您的症状",
        "attachments": [ATTACHMENT],
    }


def check_stored(stored: dict[str, Any], expected: dict[str, Any]) -> None:
    """Hold a message to its payload and to what the server adds, key sets included."""
    added = {name: stored[name] for name in stored if name not in expected}
    assert stored == {**expected, **added}
    assert set(added) == {"id", "sent_at", "status", "is_visible_to_patient"}
    assert type(added["id"]) is int
    assert added["id"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", added["sent_at"])
    assert added["status"] == "SENT"
    assert added["is_visible_to_patient"] is True


def test_the_example(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    sender, listener = clients.connect(transport), clients.connect(transport)
    sender.join(question_id, "STAFF")
    listener.join(question_id)
    sender.emit("send_message", example(question_id))
    answer = sender.expect("send_message:ack")
    stored = answer["data"]
    assert answer == {"success": True, "message": "发送成功", "data": stored}
    check_stored(stored, example(question_id))
    assert sender.expect("new_message") == stored
    assert listener.expect("new_message") == stored
    assert server.messages(question_id) == [stored]
    for client in sender, listener:
        client.nothing("new_message", "send_message:ack", "error")


def test_the_callback_gets_the_same_object(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    answer = client.call("send_message", example(question_id))
    assert answer["success"] is True
    assert client.expect("send_message:ack") == answer
    client.nothing("send_message:ack", "error")


def test_what_is_left_out_comes_back_empty(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    sender, listener = clients.connect(), clients.connect()
    listener.join(question_id)
    stored = sender.send(question_id, "您好")
    check_stored(stored, {**message(question_id, "您好"), "role_display_name": None, "attachments": []})
    assert listener.expect("new_message") == stored


def test_a_message_may_be_attachments_alone(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    sent = message(question_id, content_type="IMAGE", attachments=[{"url": "a"}, {"url": "b", "duration": 1.5}])
    del sent["content_text"]
    answer = clients.connect().call("send_message", sent)
    assert answer["data"]["content_text"] is None
    assert answer["data"]["attachments"] == [
        {"url": "a", "thumbnail_url": None, "duration": None, "size": None},
        {"url": "b", "thumbnail_url": None, "duration": 1.5, "size": None},
    ]
    assert server.messages(question_id) == [answer["data"]]


def test_sending_needs_no_join_and_gives_no_broadcast_to_the_sender(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    sender, listener = clients.connect(), clients.connect()
    listener.join(question_id)
    stored = sender.send(question_id)
    assert listener.expect("new_message") == stored
    sender.nothing("new_message")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"question_id": 1.5}, "question_id 必须为正整数"),
        ({"question_id": None}, "question_id 必须为正整数"),
        ({"sender_type": None}, "sender_type 必须为 1 到 32 个大写字母、数字或下划线"),
        ({"sender_type": "nurse"}, "sender_type 必须为 1 到 32 个大写字母、数字或下划线"),
        ({"sender_id": None}, "sender_id 必须为正整数"),
        ({"sender_id": -1}, "sender_id 必须为正整数"),
        ({"role_display_name": "王" * 65}, "role_display_name 必须为不超过 64 个字符的文本"),
        ({"content_type": None}, "content_type 必须为 1 到 32 个大写字母、数字或下划线"),
        ({"content_type": ""}, "content_type 必须为 1 到 32 个大写字母、数字或下划线"),
        ({"content_text": 7}, "content_text 必须为不超过 10000 个字符的文本"),
        ({"content_text": None}, "content_text 必须为非空文本（没有附件时）"),
        ({"attachments": {}}, "attachments 必须为不超过 20 项的数组"),
        ({"attachments": [7]}, "attachments[0] 必须为对象"),
        ({"attachments": [{}]}, "attachments[0].url 必须为 1 到 2048 个字符的文本"),
        ({"is_visible_to_patient": "no"}, "is_visible_to_patient 必须为布尔值"),
    ],
)
def test_a_fault_goes_to_the_ack(
    server: Server, clients: Clients, transport: str, changes: dict[str, Any], text: str
) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    client.join(question_id)
    failure = {"success": False, "message": f"发送失败：{text}"}
    assert client.call("send_message", message(question_id, **changes)) == failure
    assert client.expect("send_message:ack") == failure
    client.nothing("send_message:ack", "new_message", "error")
    assert server.messages(question_id) == []
    client.send(question_id)


@pytest.mark.parametrize("field", ["question_id", "sender_type", "sender_id", "content_type"])
def test_a_required_field(server: Server, clients: Clients, field: str) -> None:
    question_id = server.open_question()
    sent = message(question_id)
    del sent[field]
    client = clients.connect()
    answer = client.call("send_message", sent)
    assert answer["success"] is False
    assert answer["message"].startswith(f"发送失败：{field} 必须为")
    assert server.messages(question_id) == []


@pytest.mark.parametrize("sent", [{"sender_id": None}, {}], ids=["null", "missing"])
def test_a_system_message_without_a_sender(
    server: Server, clients: Clients, transport: str, sent: dict[str, Any]
) -> None:
    """It has null there, live, over HTTP and on catch-up; its `client_msg_id` is unique as any other."""
    question_id = server.open_question()
    client = clients.connect(transport)
    client.join(question_id)
    payload = message(question_id, sender_type="SYSTEM", client_msg_id="1")
    del payload["sender_id"]
    answer = client.call("send_message", {**payload, **sent})
    assert answer["data"]["sender_id"] is None, answer
    assert client.call("send_message", {**payload, **sent}) == answer
    live = client.expect("new_message")
    assert live == {key: value for key, value in answer["data"].items() if key != "client_msg_id"}
    client.nothing("new_message")
    assert server.messages(question_id) == [live]
    client.call("join_question", {"question_id": question_id, "after_id": 0})
    assert client.expect("new_message") == live
    other = client.call("send_message", {**payload, "content_text": "另一条"})
    assert other["success"] is False


@pytest.mark.parametrize("args", [[], [None], ["文本"], [5], [[{"question_id": 1}]], [True]])
def test_a_payload_that_is_no_object(clients: Clients, transport: str, args: list[Any]) -> None:
    client = clients.connect(transport)
    failure = {"success": False, "message": "发送失败：请求数据必须为对象"}
    assert client.call("send_message", *args) == failure
    assert client.expect("send_message:ack") == failure
    client.nothing("send_message:ack", "error")


def test_an_extra_argument(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    failure = {"success": False, "message": "发送失败：只接受一个请求数据"}
    assert client.call("send_message", message(question_id), {}) == failure
    assert client.expect("send_message:ack") == failure
    client.nothing("send_message:ack", "error")
    assert server.messages(question_id) == []


def test_an_unknown_question(clients: Clients, transport: str) -> None:
    client = clients.connect(transport)
    failure = {"success": False, "message": "发送失败：咨询问题不存在"}
    assert client.call("send_message", message(999_999_999)) == failure
    assert client.expect("send_message:ack") == failure
    client.nothing("send_message:ack", "error")


def test_a_closed_question_until_it_is_reopened(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    client.join(question_id)
    server.set_status(question_id, "CLOSED")
    failure = {"success": False, "message": "发送失败：咨询问题已关闭"}
    assert client.call("send_message", message(question_id)) == failure
    assert client.expect("send_message:ack") == failure
    client.nothing("send_message:ack", "new_message", "error")
    assert server.messages(question_id) == []
    server.set_status(question_id, "OPEN")
    stored = client.send(question_id)
    assert client.expect("new_message") == stored
