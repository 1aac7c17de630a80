"""What is snoozed comes again: as a new notification, at its time, once, whatever the server goes through."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.clients import Clients
from tests.conftest import StartServer
from tests.protocol.test_notification_answers import EIGHT, device, notified, post
from tests.server import Server, in_seconds, new_id, wait_until

SOON = 0.4  # seconds


def both(server: Server, user_id: int) -> list[dict[str, Any]]:
    """Give the user's two notifications, oldest first, when there are two."""
    found = wait_until(
        lambda: len(server.notifications(user_id)) == 2 and server.notifications(user_id, "after_id=0&answers=true"),
        "the second notification",
    )
    assert isinstance(found, list)
    return found


def test_it_comes_again_as_a_new_one(server: Server, clients: Clients, transport: str) -> None:
    user_id = new_id()
    older = clients.connect()
    older.bind(user_id)
    notification = notified(server, user_id, "量血压")
    client = device(clients, user_id, transport)
    first, seen = client.expect("notification:new"), older.expect("notification:new")
    assert first == seen
    until = in_seconds(SOON)
    assert client.call("notification:snooze", {"id": notification, "until": until})["success"]
    assert client.expect("notification:updated")["unread"] == 1
    again = client.received("notification:new")
    assert again.at >= datetime.fromisoformat(until).timestamp() * 1000 - 1
    new = again.args[0]
    assert list(new) == EIGHT
    assert new == {**first, "id": new["id"], "created_at": new["created_at"]}
    assert new["id"] > notification
    assert older.expect("notification:new") == new, "older front ends are told of it as of any other"
    updated = client.expect("notification:updated")
    assert (updated["id"], updated["status"], updated["snoozed_until"], updated["unread"]) == (
        *(notification, "READ", None, 1),
    )
    assert [one.event for one in client.events[-2:]] == ["notification:new", "notification:updated"]
    client.nothing("notification:new", "notification:updated", "error")
    older.nothing("notification:new", "notification:updated")
    assert [one["id"] for one in both(server, user_id)] == [notification, new["id"]]


def test_what_is_read_comes_again_and_what_is_confirmed_does_not(server: Server, clients: Clients) -> None:
    user_id = new_id()
    read, confirmed, moved = (notified(server, user_id, title) for title in ("读", "确认", "改期"))
    client = clients.connect()
    client.bind(user_id)
    for notification in (read, confirmed, moved):
        post(server, notification, "snooze", until=in_seconds(SOON))
    post(server, read, "read")
    post(server, confirmed, "confirm")
    post(server, moved, "snooze", until=in_seconds(3600))
    assert [client.expect("notification:new")["title"] for _ in range(4)] == ["读", "确认", "改期", "读"]
    state = {one["id"]: one for one in server.notifications(user_id, "answers=true")}
    assert state[read]["snoozed_until"] is None
    assert state[confirmed]["snoozed_until"] is None
    assert state[moved]["snoozed_until"] is not None
    client.nothing("notification:new")


def test_nobody_was_there_when_it_came_again(server: Server, clients: Clients) -> None:
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    notification = notified(server, user_id)
    client.expect("notification:new")
    client.disconnect()
    post(server, notification, "snooze", until=in_seconds(SOON))
    first, new = both(server, user_id)
    later = clients.connect()
    later.bind(user_id)
    assert later.expect("notification:new") == {name: new[name] for name in EIGHT}
    later.nothing("notification:new")
    assert (first["status"], new["status"]) == ("READ", "UNREAD")


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_what_came_due_while_it_was_down_comes_at_its_start(start_server: StartServer, way: str) -> None:
    server = start_server()
    user_id = new_id()
    notification = notified(server, user_id)
    until = in_seconds(SOON)
    post(server, notification, "snooze", until=until)
    getattr(server, way)()
    wait_until(lambda: in_seconds(0) > until, "the time")
    server.start()
    first, _ = both(server, user_id)
    again = server.http("POST", f"/api/notifications/{notification}/snooze", json={"until": until})
    assert (again.status, again.body) == (200, first), "the same again, though that time has passed"
    server.restart()
    both(server, user_id)
