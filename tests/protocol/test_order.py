"""The order of answers and broadcasts, which is the order of the events and of the commits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import TRANSPORTS, Client, Clients, message
from tests.conftest import Enter
from tests.json_text import decode, encode
from tests.packets import Kind, Polling, Websocket
from tests.server import Server


def mixed_calls(question_id: int, closed_id: int) -> list[list[Any]]:
    """Give events of every kind, good and bad, as one connection might send them in a burst."""
    calls: list[list[Any]] = []
    for number in range(25):
        calls += [
            ["send_message", message(question_id, f"{number} 甲")],
            ["join_question", {"question_id": question_id, "user_id": 9, "user_type": "ELDER"}],
            ["send_message", message(question_id, f"{number} 乙")],
            ["send_message", message(closed_id, "关闭")],
            ["send_message", message(question_id, sender_id=0)],
            ["bind_user", {"user_id": 9}],
            ["nobody_knows"],
            ["leave_question", {"question_id": question_id}],
            ["join_question", {"question_id": 999_999_999, "user_id": 9, "user_type": "ELDER"}],
        ]
    return calls


def test_one_connection_is_answered_in_order(server: Server, enter: Enter) -> None:
    question_id, closed_id = server.open_question(), server.open_question()
    server.set_status(closed_id, "CLOSED")
    kinds: list[Kind] = [Websocket, Polling]
    for kind in kinds:
        connection = enter(kind, server)
        calls = mixed_calls(question_id, closed_id)
        connection.call_all(calls)
        assert connection.answered == sorted(connection.answered)
    stored = server.messages(question_id)
    expected = [f"{number} {which}" for number in range(25) for which in ("甲", "乙")]
    assert [one["content_text"] for one in stored] == expected * 2
    ids = [one["id"] for one in stored]
    assert ids == sorted(set(ids))


def test_reply_events_come_in_order(server: Server, clients: Clients, transport: str) -> None:
    """What a burst is answered with, as the official client sees it: one reply event for each, in the same order."""
    question_id, closed_id = server.open_question(), server.open_question()
    server.set_status(closed_id, "CLOSED")
    client = clients.connect(transport)
    calls = mixed_calls(question_id, closed_id)
    for event, *args in calls:
        client.emit(event, *args)
    client.round_trip()
    replies = {"join_question": "joined_question", "leave_question": "left_question", "bind_user": "bind_user:ack"}
    expected = [
        "error"
        if event == "nobody_knows" or args[0].get("question_id") == 999_999_999
        else replies.get(event, "send_message:ack")
        for event, *args in calls
    ]
    assert [one.event for one in client.events if one.event != "new_message"] == expected


def heard(client: Client) -> list[dict[str, Any]]:
    """Give the messages that a client was sent, in order."""
    return [one.args[0] for one in client.events if one.event == "new_message"]


def test_everyone_in_the_room_hears_the_commit_order(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    listeners = clients.connect_all(list(TRANSPORTS))
    senders = clients.connect_all(["websocket", "websocket", "polling", "upgrade"])
    for listener in listeners:
        listener.join(question_id)
    for number in range(50):
        for which, sender in enumerate(senders):
            sender.emit("send_message", message(question_id, f"{which}-{number}"))
    for sender in senders:
        for _ in range(50):
            assert sender.expect("send_message:ack")["success"] is True
    stored = server.messages(question_id)
    assert len(stored) == 200
    ids = [one["id"] for one in stored]
    assert ids == sorted(set(ids))
    for listener in listeners:
        listener.round_trip()
        assert heard(listener) == stored
    for which in range(len(senders)):
        texts = [one["content_text"] for one in stored if one["content_text"].startswith(f"{which}-")]
        assert texts == [f"{which}-{number}" for number in range(50)]


def test_the_ack_comes_before_the_senders_own_broadcast(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client, other = clients.connect(transport), clients.connect()
    client.join(question_id)
    for number in range(30):
        client.emit("send_message", message(question_id, str(number)))
        other.emit("send_message", message(question_id, str(number), sender_id=9))
    for _ in range(30):
        client.expect("send_message:ack")
        other.expect("send_message:ack")
    client.round_trip()
    acknowledged: list[int] = []
    broadcast: list[int] = []
    for one in client.events:
        if one.event == "send_message:ack":
            acknowledged.append(one.args[0]["data"]["id"])
        elif one.event == "new_message":
            broadcast.append(one.args[0]["id"])
            if one.args[0]["sender_id"] == 456:
                assert one.args[0]["id"] in acknowledged
    assert len(broadcast) == 60
    assert broadcast == sorted(broadcast)
    assert acknowledged == sorted(acknowledged)


def test_joined_question_comes_before_anything_of_the_room(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    sender = clients.connect()
    joiners = clients.connect_all([transport] * 5)
    payload = {"question_id": question_id, "user_id": 9, "user_type": "ELDER"}
    for number in range(100):
        sender.emit("send_message", message(question_id, str(number)))
        if number % 20 == 10:
            joiners[number // 20].emit("join_question", payload)
    for _ in range(100):
        sender.expect("send_message:ack")
    stored = server.messages(question_id)
    for joiner in joiners:
        assert joiner.expect("joined_question") == {"question_id": question_id}
        joiner.round_trip()
        assert joiner.events[0].event == "joined_question"
        missed = len(stored) - len(heard(joiner))
        assert heard(joiner) == stored[missed:], "from its join on, a member hears everything"


def test_nothing_is_lost_or_turned_round_while_a_connection_upgrades(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    sender = clients.connect()
    for _ in range(5):
        client = clients.connecting("upgrade")
        first = sender.send(question_id, "开始")["id"]
        client.emit("join_question", {"question_id": question_id, "user_id": 9, "user_type": "ELDER"})
        for number in range(40):
            client.emit("send_message", message(question_id, str(number)))
            sender.emit("send_message", message(question_id, f"旁 {number}"))
        for _ in range(40):
            assert client.expect("send_message:ack")["success"] is True
            sender.expect("send_message:ack")
        client.connected("upgrade")
        client.round_trip()
        assert client.events[0].event == "joined_question"
        stored = server.messages(question_id, f"after_id={first}&limit=200")
        missed = len(stored) - len(heard(client))
        assert heard(client) == stored[missed:]
        own = [one["content_text"] for one in heard(client) if not one["content_text"].startswith("旁")]
        assert own == [str(number) for number in range(40)]


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_what_is_sent_before_a_leave_is_heard_before_it(server: Server, enter: Enter, kind: Kind) -> None:
    """The leave comes in the very next packet, and yet the sender hears its own message."""
    question_id = server.open_question()
    client = enter(kind, server)
    send = "42" + encode(["send_message", message(question_id)]).decode()
    join, leave = (
        "42" + encode([event, {"question_id": question_id, "user_id": 9, "user_type": "ELDER"}]).decode()
        for event in ("join_question", "leave_question")
    )
    client.send(*[join, send, send, leave] * 20)
    heard = [decode(client.receive()[2:])[0] for _ in range(20 * 6)]
    assert heard[0::6] == ["joined_question"] * 20
    assert heard[5::6] == ["left_question"] * 20
    assert sorted(heard[1:5]) == ["new_message", "new_message", "send_message:ack", "send_message:ack"]
    assert heard.count("new_message") == 40
