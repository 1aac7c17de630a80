"""Who is in which room: joining, rejoining, leaving and going away."""

from __future__ import annotations

import pytest

from tests.clients import TRANSPORTS, Clients
from tests.server import Server


def test_every_connection_in_the_room_gets_the_same_message(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    members = clients.connect_all([*TRANSPORTS, *TRANSPORTS])
    for member in members:
        member.join(question_id)
    stored = clients.connect().send(question_id)
    for member in members:
        assert member.expect("new_message") == stored
        member.nothing("new_message")


def test_a_message_stays_in_its_room(server: Server, clients: Clients) -> None:
    here, there = server.open_question(), server.open_question()
    inside, outside, nowhere = clients.connect_all(["websocket", "websocket", "polling"])
    inside.join(here)
    outside.join(there)
    stored = clients.connect().send(here)
    assert inside.expect("new_message") == stored
    for client in outside, nowhere:
        client.nothing("new_message")


def test_one_connection_in_two_rooms(server: Server, clients: Clients) -> None:
    first, second = server.open_question(), server.open_question()
    client, sender = clients.connect(), clients.connect()
    client.join(first)
    client.join(second)
    sent = [sender.send(first), sender.send(second)]
    assert [client.expect("new_message") for _ in sent] == sent


def test_joining_twice_is_answered_twice_and_heard_once(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    client.join(question_id)
    client.join(question_id)
    stored = clients.connect().send(question_id)
    assert client.expect("new_message") == stored
    client.nothing("new_message", "error")


def test_one_leave_undoes_every_join(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    client.join(question_id)
    client.join(question_id)
    assert client.call("leave_question", {"question_id": question_id}) == {"question_id": question_id}
    clients.connect().send(question_id)
    client.nothing("new_message")


def test_joining_after_leaving(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client, sender = clients.connect(transport), clients.connect()
    client.join(question_id)
    client.call("leave_question", {"question_id": question_id})
    sender.send(question_id, "不在时")
    client.join(question_id)
    heard = sender.send(question_id, "回来后")
    assert client.expect("new_message") == heard
    client.nothing("new_message")


@pytest.mark.parametrize("changes", [{"user_type": "staff"}, {"user_id": -1}, {"role_display_name": "王" * 65}])
def test_a_failed_join_keeps_the_room(server: Server, clients: Clients, changes: dict[str, object]) -> None:
    question_id = server.open_question()
    client = clients.connect()
    client.join(question_id)
    payload = {"question_id": question_id, "user_id": 456, "user_type": "ELDER", **changes}
    assert client.call("join_question", payload)["code"] == "INVALID_PAYLOAD"
    stored = clients.connect().send(question_id)
    assert client.expect("new_message") == stored


def test_a_room_outlives_the_closing_of_its_question(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    client.join(question_id)
    server.set_status(question_id, "CLOSED")
    server.set_status(question_id, "OPEN")
    stored = clients.connect().send(question_id)
    assert client.expect("new_message") == stored


def test_a_member_that_goes_away_harms_nobody(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    leaver, member, sender = clients.connect_all([transport, transport, "websocket"])
    leaver.join(question_id)
    member.join(question_id)
    leaver.disconnect()
    assert leaver.disconnected() == "io client disconnect"
    sent = [sender.send(question_id, f"第 {number} 条") for number in range(5)]
    assert [member.expect("new_message") for _ in sent] == sent


def test_a_new_connection_starts_in_no_room(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    before = clients.connect()
    before.join(question_id)
    before.disconnect()
    before.disconnected()
    after = clients.connect()
    clients.connect().send(question_id)
    after.nothing("new_message")
