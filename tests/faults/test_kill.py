"""SIGKILL in the middle of sending: what was acknowledged is there after the restart, once, with ids rising."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.clients import Client, Clients, message
from tests.conftest import StartServer
from tests.server import Server, in_seconds, new_id, wait_until

TRANSPORTS = ["websocket", "websocket", "websocket", "polling", "upgrade"]


def acknowledged(clients: list[Client]) -> list[dict[str, Any]]:
    """Give the messages that the clients were told are sent."""
    return [
        one.args[0]["data"]
        for client in clients
        for one in list(client.events)
        if one.event == "send_message:ack" and one.args[0]["success"]
    ]


def has_acknowledged(clients: list[Client], count: int) -> bool:
    """Tell whether the clients were told of that many messages."""
    return len(acknowledged(clients)) >= count


def all_messages(server: Server, question_id: int) -> list[dict[str, Any]]:
    """Give every stored message of a question, page by page."""
    stored: list[dict[str, Any]] = []
    while page := server.messages(question_id, f"after_id={stored[-1]['id'] if stored else 0}&limit=200"):
        stored += page
    return stored


@contextmanager
def sending(clients: list[Client], question_id: int, name: str) -> Iterator[None]:
    """Let all clients send without waiting for anything, from now until the end of the block."""
    over = threading.Event()

    def send() -> None:
        for number in itertools.count():
            for which, client in enumerate(clients):
                client.emit("send_message", message(question_id, f"{name}-{which}-{number}"))
            if over.is_set():
                return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_every_acknowledged_message_survives_once(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    question_id = server.open_question()
    told: list[dict[str, Any]] = []
    # Each round kills the server later in its sending, on the file that the rounds before have left.
    for round_number, wanted in enumerate((1, 150, 1000)):
        listener = clients.connect(to=server)
        listener.join(question_id)
        senders = clients.connect_all(TRANSPORTS, server)
        with sending(senders, question_id, str(round_number)):
            wait_until(partial(has_acknowledged, senders, wanted), f"{wanted} acks")
            server.kill()
        for client in [*senders, listener]:
            client.disconnected(30)
        new = acknowledged(senders)
        assert len(new) >= wanted
        told += new
        server.start()
        stored = all_messages(server, question_id)
        ids = [one["id"] for one in stored]
        assert ids == sorted(set(ids))
        by_id = {one["id"]: one for one in stored}
        assert [one for one in told if by_id.get(one["id"]) != one] == []
        texts = [one["content_text"] for one in stored]
        assert len(texts) == len(set(texts)), "nothing is stored twice"
        heard = [one.args[0] for one in listener.events if one.event == "new_message"]
        assert [one for one in heard if by_id.get(one["id"]) != one] == [], "nothing was broadcast before it was stored"
        after = clients.connect(to=server).send(question_id, f"第 {round_number} 轮之后")
        assert after["id"] > max([*ids, *(one["id"] for one in told)])
        for which in range(len(senders)):
            start = f"{round_number}-{which}-"
            mine = [text for text in texts if text.startswith(start)]
            assert mine == [f"{start}{number}" for number in range(len(mine))], "no gap before what came last"
        told.append(after)


def test_reminders_survive_a_kill(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    user_id = new_id()
    tasks = [server.make_reminder(user_id, in_seconds(0.5 + number / 100), title=str(number)) for number in range(20)]
    wait_until(lambda: server.notifications(user_id), "the first notification")
    server.kill()
    server.start()
    wait_until(lambda: len(server.notifications(user_id)) == len(tasks), "all notifications")
    client = clients.connect(to=server)
    client.bind(user_id)
    titles = [client.expect("notification:new")["title"] for _ in tasks]
    assert titles == [str(number) for number in range(len(tasks))]
    assert sorted(one["title"] for one in server.notifications(user_id)) == sorted(titles)
    listed = server.http("GET", f"/api/reminders?user_id={user_id}").body["items"]
    assert {task["status"] for task in listed} == {"DISPATCHED"}
    client.nothing("notification:new")
