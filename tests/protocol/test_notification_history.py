"""What happened to a notification, when, and by whom, as HTTP tells it; and nothing that nobody knows."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from tests.clients import Clients
from tests.protocol.answers import NOT_FOUND, check_fault
from tests.protocol.test_notification_answers import device, notified, post
from tests.server import Server, in_seconds, new_id, wait_until

TIME: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def history(server: Server, notification_id: int, query: str = "") -> list[dict[str, Any]]:
    """Give a notification's history."""
    answer = server.http("GET", f"/api/notifications/{notification_id}/history{query}")
    assert answer.status == 200, answer
    items: list[dict[str, Any]] = answer.body["items"]
    for entry in items:
        assert list(entry) == ["id", "at", "what", "by", "task_id", "notification_id", "detail"]
        assert re.fullmatch(TIME, entry["at"])
    return items


def told(server: Server, notification_id: int) -> list[tuple[str, str]]:
    return [(entry["what"], entry["by"]) for entry in history(server, notification_id)]


WRITTEN: Final = [("created", "API"), ("due", "SYSTEM"), ("written", "SYSTEM")]


def test_answers_with_who_gave_them(server: Server, clients: Clients) -> None:
    user_id = new_id()
    notification = notified(server, user_id)
    assert told(server, notification) == WRITTEN
    client = clients.connect()
    client.bind(user_id)
    client.expect("notification:new")
    wait_until(lambda: len(told(server, notification)) == 4, "the push")
    snooze = {"id": notification, "until": in_seconds(3600)}
    for _ in range(2):  # again nothing happens, and nothing is told
        assert client.call("notification:snooze", snooze)["success"]
    for _ in range(2):
        post(server, notification, "read")
    for _ in range(2):
        assert client.call("notification:confirm", {"id": notification})["success"]
    by = f"USER:{user_id}"
    assert told(server, notification) == [
        *(*WRITTEN, ("pushed", "SYSTEM"), ("snoozed", by), ("read", "API"), ("confirmed", by)),
    ]
    entries = history(server, notification)
    (task,) = server.http("GET", f"/api/reminders?user_id={user_id}").body["items"]
    assert {entry["task_id"] for entry in entries} == {task["id"]}
    assert [entry["notification_id"] for entry in entries] == [None, *[notification] * 6]
    assert re.fullmatch(TIME, entries[4]["detail"]["until"])
    assert [entry["id"] for entry in entries] == list(range(1, 8))


@pytest.mark.parametrize("way", ["live", "later", "both"])
def test_pushed_means_handed_to_so_many_connections(server: Server, clients: Clients, way: str) -> None:
    user_id = new_id()
    live = 0 if way == "later" else 3
    for number in range(live):
        clients.connect(("websocket", "polling")[number % 2]).bind(user_id)
    notification = notified(server, user_id)
    later = 0 if way == "live" else 2
    for _ in range(later):
        device(clients, user_id).expect("notification:new")

    def connections() -> list[int]:
        return [entry["detail"]["connections"] for entry in history(server, notification) if entry["what"] == "pushed"]

    wait_until(lambda: connections() == [live + later], "the count")


def test_nobody_was_there(server: Server) -> None:
    notification = notified(server, new_id())
    assert told(server, notification) == WRITTEN


def test_both_ends_of_a_snooze(server: Server) -> None:
    user_id = new_id()
    notification = notified(server, user_id)
    post(server, notification, "snooze", until=in_seconds(0.2))
    wait_until(lambda: len(server.notifications(user_id)) == 2, "the second")
    new = server.notifications(user_id)[0]["id"]
    assert told(server, notification) == [
        *(*WRITTEN, ("snoozed", "API"), ("came_again", "SYSTEM"), ("read", "SYSTEM")),
    ]
    assert history(server, notification)[4]["detail"] == {"notification_id": new}
    assert told(server, new) == WRITTEN
    assert [entry["detail"]["snooze_of"] for entry in history(server, new)[1:]] == [notification] * 2
    (task,) = server.http("GET", f"/api/reminders?user_id={user_id}").body["items"]
    of_task = server.http("GET", f"/api/reminders/{task['id']}/history").body["items"]
    whole = [(entry["what"], entry["notification_id"]) for entry in of_task]
    for number in (notification, new):
        for entry in history(server, number):
            assert (entry["what"], entry["notification_id"]) in whole


def test_it_comes_by_pages(server: Server) -> None:
    user_id = new_id()
    notification = notified(server, user_id)
    for number in range(1, 8):
        post(server, notification, "snooze", until=in_seconds(600 + number))
    whole = history(server, notification)
    assert len(whole) == 10
    found: list[dict[str, Any]] = []
    more = True
    while more:
        before = f"&before_id={found[0]['id']}" if found else ""
        answer = server.http("GET", f"/api/notifications/{notification}/history?limit=4{before}")
        found, more = [*answer.body["items"], *found], answer.body["has_more"]
    assert found == whole


def test_faults(server: Server) -> None:
    answer = server.http("GET", "/api/notifications/999999999/history")
    assert (answer.status, answer.body) == (404, NOT_FOUND)
    check_fault(server.http("GET", "/api/notifications/0/history"), 400, "id 必须为正整数")
    check_fault(server.http("GET", "/api/notifications/1/history?limit=0"), 400, "limit 必须为 1 到 200 的整数")
