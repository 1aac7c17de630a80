"""`bind_user` and `bind_user:ack`, over every transport."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Clients
from tests.server import Server, in_seconds, new_id


def test_binding_is_answered(clients: Clients, transport: str) -> None:
    user_id = new_id()
    client = clients.connect(transport)
    client.emit("bind_user", {"user_id": user_id})
    assert client.expect("bind_user:ack") == {"success": True, "user_id": user_id}
    client.nothing("bind_user:ack", "error")


def test_the_callback_gets_the_same_object(clients: Clients, transport: str) -> None:
    user_id = new_id()
    client = clients.connect(transport)
    assert client.call("bind_user", {"user_id": user_id}) == {"success": True, "user_id": user_id}
    assert client.expect("bind_user:ack") == {"success": True, "user_id": user_id}
    client.nothing("bind_user:ack", "error")


@pytest.mark.parametrize("sent", [{}, {"user_id": None}, {"user_id": 0}, {"user_id": "1001"}, {"user_id": True}])
def test_a_fault_goes_to_error(clients: Clients, transport: str, sent: dict[str, Any]) -> None:
    client = clients.connect(transport)
    fault = {"code": "INVALID_PAYLOAD", "message": "user_id 必须为正整数"}
    assert client.call("bind_user", sent) == fault
    assert client.expect("error") == fault
    client.nothing("error", "bind_user:ack")


def test_binding_twice_hands_each_notification_on_once(server: Server, clients: Clients) -> None:
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    client.bind(user_id)
    server.make_reminder(user_id, in_seconds(-1), title="一次")
    assert client.expect("notification:new")["title"] == "一次"
    client.nothing("notification:new")


def test_binding_another_user_leaves_the_first(server: Server, clients: Clients) -> None:
    first, second = new_id(), new_id()
    client, still_first = clients.connect(), clients.connect()
    client.bind(first)
    still_first.bind(first)
    client.bind(second)
    server.make_reminder(first, in_seconds(-1), title="给第一位")
    assert still_first.expect("notification:new")["title"] == "给第一位"
    server.make_reminder(second, in_seconds(-1), title="给第二位")
    assert client.expect("notification:new")["title"] == "给第二位"
    client.nothing("notification:new")


def test_a_failed_bind_keeps_the_user(server: Server, clients: Clients) -> None:
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    assert client.call("bind_user", {"user_id": -1})["code"] == "INVALID_PAYLOAD"
    server.make_reminder(user_id, in_seconds(-1), title="仍然收到")
    assert client.expect("notification:new")["title"] == "仍然收到"
