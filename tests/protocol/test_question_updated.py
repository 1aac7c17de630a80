"""`question:updated`: a question's changes, to those that asked for them, each as it may see the question."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Client, Clients, message
from tests.conftest import Enter, StartServer
from tests.packets import Kind, Polling, Websocket
from tests.protocol.catching_up import say, settle
from tests.server import Server
from tests.tokens import key_file, token


def join(client: Client, question_id: int, user_type: str = "ELDER", **more: Any) -> dict[str, Any]:
    """Join, and give the answer."""
    asked = {"question_id": question_id, "user_id": 456, "user_type": user_type, "updates": True, **more}
    answer: dict[str, Any] = client.call("join_question", asked)
    return answer


def seen(server: Server, question_id: int, user_type: str = "ELDER") -> dict[str, Any]:
    """Give the question as HTTP shows it."""
    question: dict[str, Any] = server.http("GET", f"/api/questions/{question_id}?user_type={user_type}").body
    return question


def test_each_who_asked_is_told_of_each_change(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    elder, staff, older, left, elsewhere = clients.connect_all([transport] * 5)
    assert join(elder, question_id) == {"question_id": question_id}
    join(staff, question_id, "STAFF")
    older.join(question_id)
    join(left, question_id)
    left.call("leave_question", {"question_id": question_id})
    join(elsewhere, server.open_question())
    for status in ("CLOSED", "OPEN"):
        server.set_status(question_id, status)
        for client in (elder, staff):
            told = client.expect("question:updated")
            assert (told, told["status"]) == (seen(server, question_id), status)
    for client in (elder, staff, older, left, elsewhere):
        client.nothing("question:updated", "error")


def test_what_changes_nothing_is_not_told(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    join(client, question_id)
    server.set_status(question_id, "OPEN")
    assert server.http("PATCH", f"/api/questions/{question_id}", json={"status": "X"}).status == 400
    client.send(question_id)
    client.nothing("question:updated")
    server.set_status(question_id, "CLOSED")
    server.set_status(question_id, "CLOSED")
    assert client.expect("question:updated")["status"] == "CLOSED"
    client.nothing("question:updated")


def test_patients_learn_nothing_of_staff_only_messages(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    elder, staff, unknown = clients.connect_all([transport] * 3)
    visible = staff.send(question_id, "公开")["id"]
    internal = staff.send(question_id, "仅供内部", is_visible_to_patient=False)["id"]
    join(elder, question_id)
    join(staff, question_id, "STAFF")
    unknown.call("join_question", {"question_id": question_id, "updates": True})
    server.set_status(question_id, "CLOSED")
    assert elder.expect("question:updated") == unknown.expect("question:updated") == seen(server, question_id)
    assert seen(server, question_id)["latest_message_id"] == visible
    assert staff.expect("question:updated") == seen(server, question_id, "STAFF")
    assert seen(server, question_id, "STAFF")["latest_message_id"] == internal


def test_the_latest_join_counts(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    join(client, question_id, "STAFF")
    client.send(question_id, "仅供内部", is_visible_to_patient=False)
    join(client, question_id, "ELDER")
    server.set_status(question_id, "CLOSED")
    assert client.expect("question:updated")["latest_message_id"] is None
    for without in (None, False):
        join(client, question_id, updates=without)
        server.set_status(question_id, "OPEN")
        server.set_status(question_id, "CLOSED")
        client.nothing("question:updated")
        join(client, question_id, after_id=0)
        server.set_status(question_id, "OPEN")
        assert client.expect("question:updated")["status"] == "OPEN"


@pytest.mark.parametrize("wrong", [0, 1, "true", [], {}])
def test_it_is_a_boolean(server: Server, clients: Clients, wrong: Any) -> None:
    client = clients.connect()
    answer = join(client, server.open_question(), updates=wrong)
    assert answer == {"code": "INVALID_PAYLOAD", "message": "updates 必须为布尔值"}


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_in_the_order_of_commits(server: Server, enter: Enter, kind: Kind) -> None:
    """A message is heard before the question was closed that it went into, and after it was opened again."""
    question_id = server.open_question()
    listener, sender = enter(kind, server), enter(kind, server)
    asked = {"question_id": question_id, "user_id": 1, "user_type": "ELDER", "updates": True}
    listener.call("join_question", asked)
    for number in range(20):
        say(sender, question_id, [f"{number} 一", f"{number} 二"])
        server.set_status(question_id, "CLOSED")
        server.set_status(question_id, "OPEN")
    settle(listener)
    names = [name for name, *_ in listener.events if name in ("new_message", "question:updated")]
    assert names == ["new_message", "new_message", "question:updated", "question:updated"] * 20
    last = 0
    for name, payload in listener.events:
        if name == "new_message":
            last = payload["id"]
        elif name == "question:updated":
            assert payload["latest_message_id"] == last


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_none_is_missed_while_a_catch_up_goes_on(server: Server, enter: Enter, kind: Kind) -> None:
    """What changes behind the answer to the join is told, after what was missed."""
    question_id = server.open_question()
    sender = enter(Websocket, server)
    say(sender, question_id, [f"{number} " + "文" * 2_000 for number in range(300)])
    for user_type in ("ELDER", "STAFF"):
        listener = enter(kind, server)
        asked = {"question_id": question_id, "user_id": 1, "user_type": user_type, "updates": True, "after_id": 0}
        listener.call("join_question", asked)
        server.set_status(question_id, "CLOSED")
        server.set_status(question_id, "OPEN")
        settle(listener)
        told = [payload["status"] for name, payload in listener.events if name == "question:updated"]
        assert told == ["CLOSED", "OPEN"]
        assert len(listener.named("new_message")) == 300


def test_with_tokens_the_token_says_what_one_sees(start_server: StartServer, clients: Clients, tmp_path: Any) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    server.bearer = token(1, "STAFF")
    question_id = server.open_question(elder_id=7)
    staff, elder, other = (
        clients.connect(to=server, token=token(user_id, user_type))
        for user_id, user_type in ((1, "STAFF"), (7, "ELDER"), (8, "ELDER"))
    )
    asked = {"question_id": question_id, "updates": True}
    assert [client.call("join_question", asked) for client in (staff, elder)] == [{"question_id": question_id}] * 2
    assert other.call("join_question", asked)["code"] == "QUESTION_NOT_FOUND"
    sent = message(question_id, "仅供内部", sender_id=1, is_visible_to_patient=False)
    internal = staff.call("send_message", sent)["data"]["id"]
    server.set_status(question_id, "CLOSED")
    assert staff.expect("question:updated")["latest_message_id"] == internal
    assert elder.expect("question:updated")["latest_message_id"] is None
    other.nothing("question:updated")
