"""Reminders as a user meets them: on time, after an absence, once, and not when cancelled."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from tests.clients import TRANSPORTS, Clients
from tests.conftest import StartServer
from tests.server import Server, in_seconds, new_id, wait_until


def status(server: Server, task: dict[str, Any]) -> str:
    """Give the status of a reminder task."""
    found = server.http("GET", f"/api/reminders/{task['id']}").body["status"]
    assert isinstance(found, str)
    return found


def sleep_until(moment: float) -> None:
    """Sleep until a time of the wall clock, in seconds since 1970."""
    time.sleep(max(0.0, moment - time.time()))


def test_a_due_reminder_reaches_every_device_of_the_user_once(server: Server, clients: Clients) -> None:
    user_id = new_id()
    devices = clients.connect_all([*TRANSPORTS, *TRANSPORTS])
    for device in devices:
        device.bind(user_id)
    due = time.time() + 1
    task = server.make_reminder(user_id, in_seconds(1), title="一秒之后")
    assert task["status"] == "PENDING"
    for device in devices:
        received = device.received("notification:new")
        assert received.args[0]["title"] == "一秒之后"
        assert received.at / 1000 >= due - 0.01, "not before its time"
        device.nothing("notification:new")
    assert status(server, task) == "DISPATCHED"
    assert len(server.notifications(user_id)) == 1


def test_lateness(server: Server, clients: Clients, capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty reminders, the first two seconds ahead: each arrives; how late is printed, not asserted."""
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    start = datetime.now(UTC) + timedelta(seconds=2)
    due = {f"第 {number} 条": start + timedelta(milliseconds=63 * number) for number in range(20)}
    for title, moment in due.items():
        server.make_reminder(user_id, moment.isoformat(timespec="microseconds"), title=title)
    late: list[float] = []
    for title in due:
        received = client.received("notification:new")
        assert received.args[0]["title"] == title, "in the order of their times"
        late.append(received.at - due[title].timestamp() * 1000)
    client.nothing("notification:new")
    with capsys.disabled():
        print(f"\nreminders: median lateness {median(late):.0f} ms, largest {max(late):.0f} ms of {len(late)}")  # noqa: T201


def test_an_earlier_task_wakes_the_loop(server: Server, clients: Clients) -> None:
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    server.make_reminder(user_id, in_seconds(2.5), title="后")
    server.make_reminder(user_id, in_seconds(0.4), title="先")
    assert client.expect("notification:new")["title"] == "先"
    assert client.expect("notification:new")["title"] == "后"


def test_a_past_time_fires_at_once(server: Server, clients: Clients, transport: str) -> None:
    user_id = new_id()
    client = clients.connect(transport)
    client.bind(user_id)
    server.make_reminder(user_id, "2001-01-01 00:00:00")
    client.expect("notification:new", timeout=2)


def test_a_cancelled_reminder_never_fires(server: Server, clients: Clients) -> None:
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    cancelled = server.make_reminder(user_id, in_seconds(3), title="取消")
    server.make_reminder(user_id, in_seconds(3.3), title="照常")
    assert server.http("DELETE", f"/api/reminders/{cancelled['id']}").status == 200
    assert client.expect("notification:new")["title"] == "照常"
    client.nothing("notification:new")
    assert status(server, cancelled) == "CANCELLED"
    assert [one["title"] for one in server.notifications(user_id)] == ["照常"]


def test_who_binds_later_gets_it_once(server: Server, clients: Clients) -> None:
    user_id = new_id()
    server.make_reminder(user_id, in_seconds(-1))
    wait_until(lambda: server.notifications(user_id), "the notification")
    first, second = clients.connect(), clients.connect()
    first.bind(user_id)
    assert first.expect("notification:new") == server.notifications(user_id)[0]
    second.bind(user_id)
    for client in first, second:
        client.nothing("notification:new")


def test_what_came_due_while_the_server_was_down_fires_once(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    user_id, cancelled_user = new_id(), new_id()
    due = time.time() + 3
    moments = {title: in_seconds(moment) for title, moment in {"二": 2.8, "三": 2.9, "一": 2.7}.items()}
    tasks = [server.make_reminder(user_id, moment, title=title) for title, moment in moments.items()]
    dropped = server.make_reminder(cancelled_user, in_seconds(3))
    server.http("DELETE", f"/api/reminders/{dropped['id']}")
    assert {status(server, task) for task in tasks} == {"PENDING"}
    server.stop()
    sleep_until(due + 0.1)
    server.start()
    wait_until(lambda: len(server.notifications(user_id)) == 3, "the notifications")
    assert {status(server, task) for task in tasks} == {"DISPATCHED"}
    client = clients.connect(to=server)
    client.bind(user_id)
    assert [client.expect("notification:new")["title"] for _ in tasks] == ["一", "二", "三"], (
        "in the order of their times"
    )
    client.bind(user_id)
    client.nothing("notification:new")
    server.restart()
    again = clients.connect(to=server)
    again.bind(user_id)
    again.nothing("notification:new")
    assert len(server.notifications(user_id)) == 3
    assert server.notifications(cancelled_user) == []


def test_what_nobody_was_handed_before_a_restart_is_handed_on_after_it(
    start_server: StartServer, clients: Clients
) -> None:
    server = start_server()
    user_id = new_id()
    server.make_reminder(user_id, in_seconds(-1))
    wait_until(lambda: server.notifications(user_id), "the notification")
    server.restart()
    client = clients.connect(to=server)
    client.bind(user_id)
    assert client.expect("notification:new") == server.notifications(user_id)[0]


def test_many_at_the_same_moment(server: Server, clients: Clients) -> None:
    users = [new_id() for _ in range(20)]
    bound = clients.connect_all(["websocket"] * len(users))
    for client, user_id in zip(bound, users, strict=True):
        client.bind(user_id)
    moment = in_seconds(1)
    for user_id in users:
        for number in range(5):
            server.make_reminder(user_id, moment, title=str(number))
    for client in bound:
        titles = [client.expect("notification:new")["title"] for _ in range(5)]
        assert sorted(titles) == ["0", "1", "2", "3", "4"]
        client.nothing("notification:new")


def test_a_device_that_went_away_is_no_device(server: Server, clients: Clients) -> None:
    user_id = new_id()
    gone = clients.connect()
    gone.bind(user_id)
    gone.disconnect()
    gone.disconnected()
    clients.connect().round_trip()
    server.make_reminder(user_id, in_seconds(0.3))
    wait_until(lambda: server.notifications(user_id), "the notification")
    client = clients.connect()
    client.bind(user_id)
    assert client.expect("notification:new") == server.notifications(user_id)[0]
