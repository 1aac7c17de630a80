"""`after_id` of `bind_user`: the user's notifications above the cursor, oldest first, then live."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import Any

import pytest

from tests.clients import Client, Clients
from tests.conftest import Enter
from tests.packets import Kind, Polling, Websocket
from tests.protocol.bare_websocket import BareWebsocket
from tests.protocol.catching_up import bind, remind, settle
from tests.server import Server, in_seconds, new_id, wait_until


def come_back(client: Client, user_id: int, after_id: int) -> dict[str, Any]:
    """Bind with a cursor and give the answer."""
    client.emit("bind_user", {"user_id": user_id, "after_id": after_id})
    answer: dict[str, Any] = client.expect("bind_user:ack")
    return answer


def stored(server: Server, user_id: int, count: int) -> list[dict[str, Any]]:
    """Give the user's notifications, oldest first, when there are that many."""

    def all_of_them() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while page := server.notifications(user_id, f"after_id={found[-1]['id'] if found else 0}&limit=200"):
            found += page
        return found

    wait_until(lambda: len(all_of_them()) >= count, f"{count} notifications")
    found = all_of_them()
    assert len(found) == count
    return found


@pytest.mark.parametrize("place", [0, 2, 4])
def test_what_lies_above_the_cursor_then_what_fires(
    server: Server, clients: Clients, transport: str, place: int
) -> None:
    user_id, other = new_id(), new_id()
    remind(server, user_id, [str(number) for number in range(4)])
    remind(server, other, ["别人的"])
    missed = stored(server, user_id, 4)
    client = clients.connect(transport)
    answer = come_back(client, user_id, missed[place - 1]["id"] if place else 0)
    assert answer == {"success": True, "user_id": user_id, "latest_id": missed[-1]["id"], "has_more": False}
    assert [client.expect("notification:new") for _ in missed[place:]] == missed[place:]
    server.make_reminder(user_id, in_seconds(-1), title="之后")
    assert client.expect("notification:new")["title"] == "之后"
    client.nothing("notification:new", "bind_user:ack", "error")


def test_also_what_was_handed_out_or_read_before(server: Server, clients: Clients) -> None:
    """Without a cursor only what nobody was handed yet comes; with one all that lies above it."""
    user_id = new_id()
    first = clients.connect()
    first.bind(user_id)
    remind(server, user_id, ["一", "二"])
    for _ in range(2):
        first.expect("notification:new")
    one, two = stored(server, user_id, 2)
    read = server.http("POST", f"/api/notifications/{one['id']}/read", json={}).body
    assert read["status"] == "READ"
    again = clients.connect()
    again.bind(user_id)
    again.nothing("notification:new")
    with_cursor = clients.connect()
    come_back(with_cursor, user_id, 0)
    assert [with_cursor.expect("notification:new") for _ in range(2)] == [read, two]
    with_cursor.nothing("notification:new")


def test_nothing_yet_and_a_cursor_above_the_latest(server: Server, clients: Clients) -> None:
    user_id = new_id()
    client = clients.connect()
    assert come_back(client, user_id, 0) == {"success": True, "user_id": user_id, "latest_id": 0, "has_more": False}
    remind(server, user_id, ["一"])
    (one,) = stored(server, user_id, 1)
    assert client.expect("notification:new") == one
    answer = come_back(client, user_id, 2**53 - 1)
    assert answer == {"success": True, "user_id": user_id, "latest_id": one["id"], "has_more": False}
    client.nothing("notification:new")


@pytest.mark.parametrize("after_id", [None, "missing"])
def test_without_a_cursor_all_is_as_before(server: Server, clients: Clients, transport: str, after_id: Any) -> None:
    user_id = new_id()
    client = clients.connect(transport)
    asked = {"user_id": user_id} if after_id == "missing" else {"user_id": user_id, "after_id": None}
    assert client.call("bind_user", asked) == {"success": True, "user_id": user_id}
    assert client.expect("bind_user:ack") == {"success": True, "user_id": user_id}
    remind(server, user_id, ["一"])
    assert set(client.expect("notification:new")) == {
        *("id", "biz_type", "biz_id", "title", "content", "status", "created_at", "read_at"),
    }


@pytest.mark.parametrize("after_id", [-1, 2**63, "0", 1.5, True, [0], {}, ""])
def test_what_is_no_cursor_keeps_the_user(server: Server, clients: Clients, after_id: Any) -> None:
    user_id, other = new_id(), new_id()
    client = clients.connect()
    client.bind(user_id)
    fault = {"code": "INVALID_PAYLOAD", "message": "after_id 必须为不小于 0 的整数"}
    assert client.call("bind_user", {"user_id": other, "after_id": after_id}) == fault
    remind(server, other, ["别人的"])
    remind(server, user_id, ["自己的"])
    assert client.expect("notification:new")["title"] == "自己的"
    client.nothing("notification:new")


@pytest.fixture(scope="module")
def long_list(server: Server) -> tuple[int, list[dict[str, Any]]]:
    """A user with 501 notifications as long as they may be, and those: 3 MB, for outboxes of 1 MiB."""
    user_id = new_id()
    remind(server, user_id, [str(number) for number in range(501)], content="药" * 2000)
    return user_id, stored(server, user_id, 501)


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_five_hundred_come_and_the_rest_is_paged(
    server: Server, enter: Enter, kind: Kind, long_list: tuple[int, list[dict[str, Any]]]
) -> None:
    user_id, all_of_them = long_list
    latest = all_of_them[-1]["id"]
    client = enter(kind, server)
    answer = bind(client, user_id, all_of_them[0]["id"])
    assert answer == {"success": True, "user_id": user_id, "latest_id": latest, "has_more": False}
    settle(client)
    assert client.named("notification:new") == all_of_them[1:]
    client = enter(kind, server)
    answer = bind(client, user_id, 0)
    assert answer == {"success": True, "user_id": user_id, "latest_id": latest, "has_more": True}
    settle(client)
    assert client.named("notification:new") == all_of_them[:500]
    paged = server.notifications(user_id, f"after_id={all_of_them[499]['id']}")
    assert paged == all_of_them[500:]


def test_who_does_not_read_is_cut(server: Server, long_list: tuple[int, list[dict[str, Any]]]) -> None:
    """However often it asks for everything: what fires meanwhile is held back for it, up to the bound."""
    user_id, _ = long_list
    with closing(BareWebsocket(server, 4096)) as client:
        client.emit(*[f'42["bind_user",{{"user_id":{user_id},"after_id":0}}]'] * 4)
        client.read_until(b"bind_user:ack")
        remind(server, user_id, [str(number) for number in range(600)], content="药" * 2000)
        alone = 'careline_connections{transport="websocket"} 0.0'
        wait_until(lambda: alone in server.http("GET", "/metrics").body, "the cut")


def test_another_user_is_left_with_the_answer(server: Server, clients: Clients) -> None:
    first, second = new_id(), new_id()
    client = clients.connect()
    client.bind(first)
    remind(server, second, ["第二位的"])
    (missed,) = stored(server, second, 1)
    come_back(client, second, 0)
    assert client.expect("notification:new") == missed
    remind(server, first, ["第一位的"])
    remind(server, second, ["又一条"])
    assert client.expect("notification:new")["title"] == "又一条"
    client.nothing("notification:new")


def test_nothing_is_lost_or_repeated_while_reminders_fire(server: Server, enter: Enter) -> None:
    """Many connections come back, with and without cursors, while notifications are being written."""
    user_id = new_id()
    over = threading.Event()
    made: list[str] = []

    def fire() -> None:
        while not over.is_set():
            made.append(str(len(made)))
            server.make_reminder(user_id, in_seconds(-1), title=made[-1])

    thread = threading.Thread(target=fire)
    thread.start()
    try:
        wait_until(lambda: len(made) > 20, "the first notifications")
        comers = []
        for number in range(30):
            client = enter((Websocket, Polling)[number % 5 == 4], server)
            after_id = bind(client, user_id, 0)["latest_id"] if number % 3 == 2 else 0
            comers.append((client, after_id, len(client.events)))
            bind(client, user_id, after_id)
        behind = len(made)
        wait_until(lambda: len(made) > behind + 20, "the last notifications")
    finally:
        over.set()
        thread.join()
    all_of_them = stored(server, user_id, len(made))
    for client, after_id, since in comers:
        settle(client)
        events = client.events[since:]
        place = next(place for place, (name, _) in enumerate(events) if name == "bind_user:ack")
        came = [payload for name, payload in events[place:] if name == "notification:new"]
        assert came == [one for one in all_of_them if one["id"] > after_id]
