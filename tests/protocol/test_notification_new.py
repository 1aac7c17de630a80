"""`notification:new`: what it carries and whom it reaches."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from tests.clients import TRANSPORTS, Clients
from tests.server import Server, in_seconds, new_id, wait_until


def test_the_example(server: Server, clients: Clients, transport: str) -> None:
    user_id = new_id()
    client = clients.connect(transport)
    client.bind(user_id)
    server.make_reminder(user_id, in_seconds(-1))
    given = client.expect("notification:new")
    assert given == {
        "id": given["id"],
        "biz_type": "INTERVENTION_TASK",
        "biz_id": 12345,
        "title": "服药提醒",
        "content": "请在 20:00 前完成今日降压药服用",
        "status": "UNREAD",
        "created_at": given["created_at"],
        "read_at": None,
    }
    assert type(given["id"]) is int
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", given["created_at"])
    assert server.notifications(user_id) == [given]
    client.nothing("notification:new", "error")


@pytest.mark.parametrize("channel", ["IN_APP", "SYSTEM_MESSAGE"])
def test_both_channels(server: Server, clients: Clients, channel: str) -> None:
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    server.make_reminder(user_id, in_seconds(-1), channel=channel, title=channel)
    assert client.expect("notification:new")["title"] == channel


def test_a_reminder_without_content(server: Server, clients: Clients) -> None:
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    server.make_reminder(user_id, in_seconds(-1), content=None)
    assert client.expect("notification:new")["content"] is None


def test_all_devices_of_the_user_and_nobody_else(server: Server, clients: Clients) -> None:
    user_id, other = new_id(), new_id()
    devices = clients.connect_all([*TRANSPORTS, "websocket"])
    stranger, unbound = clients.connect_all(["websocket", "polling"])
    for device in devices:
        device.bind(user_id)
    stranger.bind(other)
    server.make_reminder(user_id, in_seconds(-1))
    given = [device.expect("notification:new") for device in devices]
    assert all(one == given[0] for one in given)
    for client in [*devices, stranger, unbound]:
        client.nothing("notification:new")


def has_notifications(server: Server, user_id: int, count: int) -> bool:
    """Tell whether the user has that many notifications."""
    return len(server.notifications(user_id)) == count


def undelivered(server: Server, user_id: int, *titles: str) -> list[dict[str, Any]]:
    """Make notifications that no connection was handed, in the order of the titles; give them."""
    for number, title in enumerate(titles, 1):
        server.make_reminder(user_id, in_seconds(-1), title=title)
        wait_until(partial(has_notifications, server, user_id, number), "the notification")
    return server.notifications(user_id)[::-1]


def test_what_nobody_was_handed_follows_the_next_bind_once(server: Server, clients: Clients, transport: str) -> None:
    user_id = new_id()
    waiting = undelivered(server, user_id, "一", "二", "三")
    client, later = clients.connect(transport), clients.connect(transport)
    client.emit("bind_user", {"user_id": user_id})
    for notification in waiting:
        assert client.expect("notification:new") == notification
    names = [one.event for one in client.events]
    assert names == ["bind_user:ack", *["notification:new"] * 3], "the ack comes first"
    later.bind(user_id)
    later.nothing("notification:new")
    client.nothing("notification:new")
    assert len(server.notifications(user_id)) == 3


def test_what_was_read_meanwhile_is_not_handed_on(server: Server, clients: Clients) -> None:
    user_id = new_id()
    first, second = undelivered(server, user_id, "读过", "未读")
    assert server.http("POST", f"/api/notifications/{first['id']}/read").status == 200
    client = clients.connect()
    client.bind(user_id)
    assert client.expect("notification:new") == second
    client.nothing("notification:new")


def test_what_was_handed_on_is_not_sent_to_a_later_device(server: Server, clients: Clients) -> None:
    user_id = new_id()
    first, second = clients.connect(), clients.connect()
    first.bind(user_id)
    server.make_reminder(user_id, in_seconds(-1))
    first.expect("notification:new")
    second.bind(user_id)
    second.nothing("notification:new")


def test_at_most_500_after_one_bind_oldest_first(server: Server, clients: Clients) -> None:
    user_id = new_id()
    for number in range(503):
        server.make_reminder(user_id, in_seconds(-1), title=f"第 {number} 条")
    wait_until(lambda: server.http("GET", f"/api/users/{user_id}/notifications").body["unread"] == 503, "all 503 rows")
    client, later = clients.connect(), clients.connect()
    client.bind(user_id)
    client.round_trip()
    ids = [one.args[0]["id"] for one in client.events if one.event == "notification:new"]
    assert len(ids) == 500
    assert ids == sorted(ids)
    later.bind(user_id)
    rest = [later.expect("notification:new")["id"] for _ in range(3)]
    assert rest == sorted(rest)
    assert rest[0] > ids[-1]
    later.nothing("notification:new")
