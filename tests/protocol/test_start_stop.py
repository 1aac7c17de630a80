"""Starting and stopping with clients of every kind connected."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.clients import Clients, message
from tests.conftest import StartServer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_time(start_server: StartServer, clients: Clients, number: signal.Signals) -> None:
    server = start_server()
    question_id = server.open_question()
    connected = clients.connect_all(["websocket"] * 20 + ["polling"] * 20 + ["upgrade"] * 2, server)
    for client in connected:
        client.join(question_id)
    # Two more that keep a server waiting: an idle kept-alive connection, and one that never says anything.
    idle = server.http_line()
    idle.request("GET", "/health")
    idle.getresponse().read()
    with server.connect():
        seconds = server.stop(number)
    idle.close()
    assert seconds < 2
    for client in connected:
        client.disconnected()


def test_what_was_acknowledged_is_there_after_a_stop_while_sending(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    question_id = server.open_question()
    senders = clients.connect_all(["websocket", "websocket", "polling"], server)
    for number in range(300):
        for which, sender in enumerate(senders):
            sender.emit("send_message", message(question_id, f"{which}-{number}"))
    senders[0].expect("send_message:ack")
    assert server.stop() < 2
    for sender in senders:
        sender.disconnected()
    acknowledged = [
        one.args[0]["data"]
        for sender in senders
        for one in sender.events
        if one.event == "send_message:ack" and one.args[0]["success"]
    ]
    server.start()
    stored: list[dict[str, Any]] = []
    while page := server.messages(question_id, f"after_id={stored[-1]['id'] if stored else 0}&limit=200"):
        stored += page
    assert acknowledged
    assert all(one in stored for one in acknowledged)
    ids = [one["id"] for one in stored]
    assert ids == sorted(set(ids))


def test_all_is_as_before_after_a_restart(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    question_id = server.open_question()
    stored = clients.connect(to=server).send(question_id)
    question = server.http("GET", f"/api/questions/{question_id}").body
    task = server.make_reminder(7, "2030-01-01 10:00:00")
    server.restart()
    assert server.http("GET", f"/api/questions/{question_id}").body == question
    assert server.messages(question_id) == [stored]
    assert server.http("GET", f"/api/reminders/{task['id']}").body == task
    later = clients.connect(to=server).send(question_id)
    assert later["id"] > stored["id"]
    assert server.open_question() > question_id


def test_starting_and_stopping_at_once(start_server: StartServer) -> None:
    server = start_server()
    for _ in range(3):
        assert server.stop() < 2
        server.start()
