"""`after_id` of `join_question`: everything visible above the cursor, in order, then live; none missing, none twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Client, Clients
from tests.conftest import Enter
from tests.packets import Kind, Polling, Websocket
from tests.protocol.catching_up import completed, everything, heard, join, say, settle
from tests.server import Server


def come_back(client: Client, question_id: int, after_id: int, user_type: str = "ELDER") -> dict[str, Any]:
    """Join with a cursor and give the answer."""
    asked = {"question_id": question_id, "user_id": 456, "user_type": user_type, "after_id": after_id}
    client.emit("join_question", asked)
    answer: dict[str, Any] = client.expect("joined_question")
    return answer


@pytest.mark.parametrize("place", [0, 1, 4, 5])
def test_what_lies_above_the_cursor_then_what_is_said(
    server: Server, clients: Clients, transport: str, place: int
) -> None:
    question_id, other = server.open_question(), server.open_question()
    client, sender = clients.connect_all([transport, "websocket"])
    missed = []
    for number in range(5):
        missed.append(sender.send(question_id, f"第 {number} 条"))
        sender.send(other, "别的问题")
    after_id = missed[place - 1]["id"] if place else 0
    answer = come_back(client, question_id, after_id)
    assert answer == {"question_id": question_id, "latest_id": missed[-1]["id"], "has_more": False}
    live = sender.send(question_id, "回来之后")
    assert [client.expect("new_message") for _ in missed[place:]] == missed[place:]
    assert client.expect("new_message") == live
    client.nothing("new_message", "joined_question", "error")


def test_the_callback_gets_the_same_answer(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    stored = client.send(question_id)
    asked = {"question_id": question_id, "user_id": 456, "user_type": "ELDER", "after_id": 0}
    answer = {"question_id": question_id, "latest_id": stored["id"], "has_more": False}
    assert client.call("join_question", asked) == answer
    assert client.expect("joined_question") == answer
    assert client.expect("new_message") == stored
    client.nothing("joined_question", "new_message", "error")


def test_an_empty_question(server: Server, clients: Clients) -> None:
    empty, other = server.open_question(), server.open_question()
    client = clients.connect()
    client.send(other)
    assert come_back(client, empty, 0) == {"question_id": empty, "latest_id": 0, "has_more": False}
    first = clients.connect().send(empty)
    assert client.expect("new_message") == first
    client.nothing("new_message")


def test_a_cursor_above_the_latest(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client, sender = clients.connect_all([transport, "websocket"])
    stored = sender.send(question_id)
    answer = {"question_id": question_id, "latest_id": stored["id"], "has_more": False}
    for after_id in stored["id"] + 1_000_000, 2**53 - 1:
        assert come_back(client, question_id, after_id) == answer
    client.nothing("new_message")
    live = sender.send(question_id)
    assert client.expect("new_message") == live
    client.nothing("new_message")


@pytest.mark.parametrize("after_id", [None, "missing"])
def test_without_a_cursor_all_is_as_before(server: Server, clients: Clients, transport: str, after_id: Any) -> None:
    question_id = server.open_question()
    client, sender = clients.connect_all([transport, "websocket"])
    sender.send(question_id, "之前", client_msg_id="甲-1")
    asked = {"question_id": question_id, "user_id": 456, "user_type": "ELDER", "after_id": after_id}
    if after_id == "missing":
        del asked["after_id"]
    assert client.call("join_question", asked) == {"question_id": question_id}
    assert client.expect("joined_question") == {"question_id": question_id}
    stored = sender.send(question_id, "之后")
    assert client.expect("new_message") == stored
    client.nothing("new_message", "joined_question", "error")
    assert set(stored) == {
        *("id", "question_id", "sender_type", "sender_id", "role_display_name", "content_type", "content_text"),
        *("sent_at", "status", "is_visible_to_patient", "attachments"),
    }


@pytest.mark.parametrize("after_id", [-1, 2**63, "0", 1.5, True, [0], {}, ""])
def test_what_is_no_cursor(server: Server, clients: Clients, after_id: Any) -> None:
    question_id = server.open_question()
    client = clients.connect()
    client.send(question_id)
    asked = {"question_id": question_id, "user_id": 456, "user_type": "ELDER", "after_id": after_id}
    fault = {"code": "INVALID_PAYLOAD", "message": "after_id 必须为不小于 0 的整数"}
    assert client.call("join_question", asked) == fault
    assert client.expect("error") == fault
    clients.connect().send(question_id)
    client.nothing("joined_question", "new_message", "error")


def test_the_highest_cursor_there_is(server: Server, enter: Enter) -> None:
    """Beyond what a front end in JavaScript could say."""
    question_id = server.open_question()
    client = enter(Websocket, server)
    (stored,) = say(client, question_id, ["一"])
    assert join(client, question_id, 2**63 - 1)["latest_id"] == stored["id"]
    live = say(client, question_id, ["二"])
    settle(client)
    assert heard(client, question_id) == live


def test_an_unknown_question(clients: Clients) -> None:
    client = clients.connect()
    asked = {"question_id": 999_999_999, "user_id": 456, "user_type": "ELDER", "after_id": 0}
    fault = {"code": "QUESTION_NOT_FOUND", "message": "咨询问题不存在"}
    assert client.call("join_question", asked) == fault
    client.nothing("joined_question", "new_message")


def test_a_closed_question_is_caught_up_with(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    stored = client.send(question_id)
    server.set_status(question_id, "CLOSED")
    answer = come_back(client, question_id, 0)
    assert answer == {"question_id": question_id, "latest_id": stored["id"], "has_more": False}
    assert client.expect("new_message") == stored


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_five_hundred_come_and_the_rest_is_paged(server: Server, enter: Enter, kind: Kind) -> None:
    question_id = server.open_question()
    sender = enter(Websocket, server)
    stored = say(sender, question_id, (f"第 {number} 条" for number in range(501)))
    latest = stored[-1]["id"]

    all_but_one = enter(kind, server)
    answer = join(all_but_one, question_id, stored[0]["id"])
    assert answer == {"question_id": question_id, "latest_id": latest, "has_more": False}
    settle(all_but_one)
    assert heard(all_but_one, question_id) == stored[1:]

    all_of_them = enter(kind, server)
    answer = join(all_of_them, question_id, 0)
    assert answer == {"question_id": question_id, "latest_id": latest, "has_more": True}
    live = say(sender, question_id, ["之后"])
    settle(all_of_them)
    assert heard(all_of_them, question_id) == [*stored[:500], *live]
    assert completed(server, all_of_them, answer, "ELDER") == stored + live == everything(server, question_id)


def test_internal_messages_stay_internal(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    elder, family, staff = clients.connect_all([transport] * 3)
    sender = clients.connect()
    visible = (True, False, True, False, False)
    sent = [sender.send(question_id, "文", is_visible_to_patient=one) for one in visible]
    for_all = [sent[0], sent[2]]
    for client, user_type in (elder, "ELDER"), (family, "STAFF_"):
        answer = come_back(client, question_id, 0, user_type)
        assert answer == {"question_id": question_id, "latest_id": sent[2]["id"], "has_more": False}
        assert [client.expect("new_message") for _ in for_all] == for_all
    answer = come_back(staff, question_id, 0, "STAFF")
    assert answer == {"question_id": question_id, "latest_id": sent[4]["id"], "has_more": False}
    assert [staff.expect("new_message") for _ in sent] == sent
    internal = sender.send(question_id, "内部", is_visible_to_patient=False)
    assert staff.expect("new_message") == internal
    for client in elder, family, staff:
        client.nothing("new_message")


def test_internal_messages_do_not_count(server: Server, enter: Enter) -> None:
    """Neither among the five hundred nor for `has_more`, wherever they lie."""
    question_id = server.open_question()
    sender, elder, staff = (enter(Websocket, server) for _ in range(3))
    visible = say(sender, question_id, ["一"])
    say(sender, question_id, ["内部"] * 120, is_visible_to_patient=False)
    visible += say(sender, question_id, [str(number) for number in range(499)])
    internal = say(sender, question_id, ["内部"] * 3, is_visible_to_patient=False)
    answer = join(elder, question_id, 0)
    assert answer == {"question_id": question_id, "latest_id": visible[-1]["id"], "has_more": False}
    settle(elder)
    assert heard(elder, question_id) == visible
    answer = join(staff, question_id, 0, "STAFF")
    assert answer == {"question_id": question_id, "latest_id": internal[-1]["id"], "has_more": True}
    settle(staff)
    assert len(heard(staff, question_id)) == 500
    assert completed(server, staff, answer, "STAFF") == everything(server, question_id, user_type="STAFF")


def test_nothing_but_internal_messages_looks_empty(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    clients.connect().send(question_id, "内部", is_visible_to_patient=False)
    client = clients.connect()
    assert come_back(client, question_id, 0) == {"question_id": question_id, "latest_id": 0, "has_more": False}
    client.nothing("new_message")


@pytest.mark.parametrize("user_type", ["ELDER", "STAFF"])
@pytest.mark.parametrize("changes", [{"after_id": -1}, {"user_id": -1}, {"question_id": 999_999_999}])
def test_a_failed_join_keeps_the_state(
    server: Server, clients: Clients, user_type: str, changes: dict[str, Any]
) -> None:
    question_id = server.open_question()
    client, sender = clients.connect(), clients.connect()
    client.join(question_id, user_type)
    asked = {
        "question_id": question_id,
        "user_id": 456,
        "user_type": "ELDER" if user_type == "STAFF" else "STAFF",
        "after_id": 0,
        **changes,
    }
    assert "code" in client.call("join_question", asked)
    internal = sender.send(question_id, "内部", is_visible_to_patient=False)
    visible = sender.send(question_id, "公开")
    if user_type == "STAFF":
        assert client.expect("new_message") == internal
    assert client.expect("new_message") == visible
    client.nothing("new_message", "joined_question")


def test_rejoining_with_a_cursor_replays(server: Server, clients: Clients, transport: str) -> None:
    """The same connection may ask again, as who it was or as someone else: the latest join decides."""
    question_id = server.open_question()
    client, sender = clients.connect_all([transport, "websocket"])
    sent = [sender.send(question_id, "文", is_visible_to_patient=one) for one in (True, False, True)]
    for user_type, expected in ("ELDER", sent[::2]), ("STAFF", sent), ("FAMILY", sent[::2]):
        answer = come_back(client, question_id, 0, user_type)
        assert answer["latest_id"] == sent[2]["id"]
        assert [client.expect("new_message") for _ in expected] == expected
    sender.send(question_id, "内部", is_visible_to_patient=False)
    client.nothing("new_message")
    live = sender.send(question_id, "公开")
    assert client.expect("new_message") == live
    client.nothing("new_message")


def test_what_follows_a_join_waits_for_it(server: Server, enter: Enter) -> None:
    """A send right after a join with a cursor is answered after the replay, and heard last."""
    question_id = server.open_question()
    missed = say(enter(Websocket, server), question_id, (str(number) for number in range(300)))
    client = enter(Websocket, server)
    asked = {"question_id": question_id, "user_id": 456, "user_type": "ELDER", "after_id": 0}
    sent = {"question_id": question_id, "sender_type": "ELDER", "sender_id": 456, "content_type": "TEXT"}
    _, ack = client.call_all([["join_question", asked], ["send_message", {**sent, "content_text": "我回来了"}]])
    settle(client)
    assert heard(client, question_id) == [*missed, ack["data"]]
    names = [name for name, *_ in client.events]
    assert names.index("send_message:ack") == len(names) - 3, "after the replay, before its own broadcast"


def test_leaving_right_after_a_join_leaves(server: Server, enter: Enter) -> None:
    question_id = server.open_question()
    sender, client = enter(Websocket, server), enter(Websocket, server)
    missed = say(sender, question_id, (str(number) for number in range(120)))
    asked = {"question_id": question_id, "user_id": 456, "user_type": "ELDER", "after_id": 0}
    client.call_all([["join_question", asked], ["leave_question", {"question_id": question_id}]])
    say(sender, question_id, ["之后"])
    settle(client)
    assert heard(client, question_id) == missed
