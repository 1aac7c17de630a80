"""A sandbox that fails on demand: connections that break, replies that are lost or late, a full disk, a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from consult.contract.sandbox import SANDBOX_CALLS
from tests.clients import Clients, message
from tests.conftest import Enter
from tests.packets import KINDS, Kind, Websocket
from tests.sandbox.conftest import Sandbox
from tests.server import new_id, wait_until

OFF: Final = {"lose_acks": 0, "delay_ms": 0, "refuse_writes_seconds": 0}
SAID: Final = {"success": False, "message": "发送失败：服务器内部错误"}


def test_a_lost_acknowledgement_and_the_same_again(sandbox: Sandbox, clients: Clients) -> None:
    question_id = sandbox.open_question()
    sender, listener = clients.connect(to=sandbox), clients.connect(to=sandbox)
    listener.join(question_id)
    assert sandbox.ask("lose-acks", {"count": 2}) == {**OFF, "lose_acks": 2}
    sent = message(question_id, client_msg_id="甲-1")
    for _ in range(2):
        sender.emit("send_message", sent)
        sender.nothing("send_message:ack", "error")
    stored = listener.expect("new_message")
    assert sandbox.ask("lose-acks", {"count": 0}) == OFF, "both are lost by now"
    answer = sender.call("send_message", sent)
    assert answer["data"] == {**stored, "client_msg_id": "甲-1"}
    assert sandbox.messages(question_id) == [stored]
    listener.nothing("new_message")


def test_the_callback_is_lost_as_well(sandbox: Sandbox, enter: Enter) -> None:
    question_id = sandbox.open_question()
    connection = enter(Websocket, sandbox)
    sandbox.ask("lose-acks", {"count": 1})
    connection.emit("send_message", message(question_id), ack_id=5)
    answer = connection.call("send_message", message(question_id))
    assert answer["success"] is True
    assert [name for name, _ in connection.events] == ["send_message:ack"], "that of the second"
    assert len(sandbox.messages(question_id)) == 2


@pytest.mark.parametrize("close_frame", [False, True])
def test_one_connection_is_cut(sandbox: Sandbox, clients: Clients, enter: Enter, close_frame: bool) -> None:
    stays = clients.connect(to=sandbox)
    cut = enter(Websocket, sandbox)
    told = sandbox.ask("cut", {"sid": cut.sid, "close_frame": close_frame})
    assert told == {"cut": 1}
    assert cut.ended() is close_frame
    stays.round_trip()
    assert sandbox.http("POST", "/sandbox/cut", json={"sid": cut.sid}).status == 404


def test_all_are_cut_and_come_back_to_what_they_missed(sandbox: Sandbox, clients: Clients) -> None:
    question_id = sandbox.open_question()
    front_ends = [clients.connect(transport, to=sandbox) for transport in ("websocket", "polling")]
    for one in front_ends:
        one.join(question_id)
    assert sandbox.ask("cut") == {"cut": 2}
    for one in front_ends:
        one.disconnected()
    said = sandbox.http("POST", f"/api/questions/{question_id}/messages", json=spoken("还在吗？")).body
    for one in front_ends:
        one.returned()
        assert one.expect("new_message") == said
        one.nothing("new_message")


def spoken(text: str) -> dict[str, Any]:
    return {"sender_type": "STAFF", "sender_id": 1001, "content_type": "TEXT", "content_text": text}


def test_answers_come_later_and_in_order(sandbox: Sandbox, clients: Clients, transport: str) -> None:
    question_id = sandbox.open_question()
    client = clients.connect(transport, to=sandbox)
    assert sandbox.ask("delay", {"ms": 400}) == {**OFF, "delay_ms": 400}
    try:
        began = time.monotonic()
        client.emit("join_question", {"question_id": question_id, "user_id": 456, "user_type": "ELDER"})
        client.emit("send_message", message(question_id, "一"))
        client.emit("send_message", message(question_id, "二"))
        sandbox.ask("delay", {"ms": 0})
        client.emit("send_message", message(question_id, "三"))
        assert client.expect("joined_question") == {"question_id": question_id}
        assert time.monotonic() - began >= 0.4
        texts = [client.expect("send_message:ack")["data"]["content_text"] for _ in range(3)]
        assert texts == ["一", "二", "三"], "none overtakes another"
        sandbox.ask("delay", {"ms": 300})
        began = time.monotonic()
        assert sandbox.http("GET", "/api/questions").status == 200
        assert time.monotonic() - began >= 0.3
    finally:
        sandbox.ask("delay", {"ms": 0})
    names = [one.event for one in client.events]
    assert names.index("joined_question") < names.index("new_message")


def test_a_delayed_packet_that_is_broken_ends_its_connection(sandbox: Sandbox, enter: Enter) -> None:
    connection = enter(Websocket, sandbox)
    sandbox.ask("delay", {"ms": 50})
    try:
        connection.send_packet("4?")
        connection.ended()
    finally:
        sandbox.ask("delay", {"ms": 0})


def test_a_full_disk(sandbox: Sandbox, clients: Clients) -> None:
    question_id = sandbox.open_question()
    client = clients.connect(to=sandbox)
    assert sandbox.ask("refuse-writes", {"seconds": 600}) == {**OFF, "refuse_writes_seconds": 600}
    client.emit("send_message", message(question_id, client_msg_id="乙"))
    assert client.expect("send_message:ack") == SAID
    answer = sandbox.http("POST", "/api/questions", json={"title": "x", "elder_id": 1})
    assert (answer.status, answer.body["code"]) == (503, "INTERNAL_ERROR")
    health = sandbox.http("GET", "/health")
    assert (health.status, health.body["database"]) == (503, "database or disk is full")
    assert sandbox.http("GET", f"/api/questions/{question_id}").status == 200, "what is there can be read"
    assert sandbox.ask("refuse-writes", {"seconds": 0}) == OFF
    assert client.call("send_message", message(question_id, client_msg_id="乙"))["success"] is True
    assert len(sandbox.messages(question_id)) == 1
    wait_until(lambda: sandbox.http("GET", "/health").status == 200, "health")


def test_reminders_wait_for_a_disk_that_is_full(sandbox: Sandbox) -> None:
    user_id = new_id()
    told = sandbox.ask("clock", {"advance": 0})
    sandbox.make_reminder(user_id, told["now"].replace(" ", "T"), rrule="FREQ=DAILY", missed="skip")
    sandbox.ask("refuse-writes", {"seconds": 600})
    before = len(sandbox.notifications(user_id))
    assert sandbox.http("POST", "/sandbox/clock", json={"advance": 86_400}).status == 503
    assert len(sandbox.notifications(user_id)) == before
    sandbox.ask("refuse-writes", {"seconds": 0})
    wait_until(lambda: len(sandbox.notifications(user_id)) == before + 1, "the next occurrence")


def test_a_restart_in_place(start_sandbox: Callable[[], Sandbox], clients: Clients) -> None:
    """The official client comes back by itself, and sees all that it missed."""
    sandbox = start_sandbox()
    question_id, user_id = sandbox.open_question(), new_id()
    client = clients.connect(to=sandbox)
    client.join(question_id)
    client.bind(user_id)
    sandbox.ask("clock", {"advance": 86_400})
    sandbox.ask("delay", {"ms": 1})
    sandbox.ask("lose-acks", {"count": 5})
    before, process = sandbox.now(), sandbox.process.pid
    for number in range(3):
        assert sandbox.ask("restart") == OFF
        said = sandbox.http("POST", f"/api/questions/{question_id}/messages", json=spoken(f"{number}")).body
        client.disconnected()
        client.returned()
        assert client.expect("new_message") == said
    assert sandbox.process.pid == process
    assert sandbox.now() >= before
    assert sandbox.ask("refuse-writes", {"seconds": 0}) == OFF, "a restart has ended every fault"
    assert client.call("send_message", message(question_id))["success"] is True
    assert len(sandbox.left_behind()) == 1
    assert sandbox.stop() < 5
    assert sandbox.left_behind() == []


def test_a_signal_within_a_restart_ends_it(start_sandbox: Callable[[], Sandbox]) -> None:
    sandbox = start_sandbox()
    sandbox.ask("restart")
    sandbox.stop()
    assert sandbox.left_behind() == []


WRONG: Final = {
    "lose-acks": ({}, {"count": -1}, {"count": 1001}, {"count": "1"}, {"count": None}),
    "delay": ({}, {"ms": -1}, {"ms": 30_001}, {"ms": 0.5}),
    "refuse-writes": ({}, {"seconds": -1}, {"seconds": 3601}, {"seconds": True}),
    "cut": ({"sid": ""}, {"sid": 5}, {"sid": "x" * 65}, {"close_frame": 1}),
}


@pytest.mark.parametrize("call", WRONG)
def test_what_they_refuse(sandbox: Sandbox, call: str) -> None:
    for body in WRONG[call]:
        answer = sandbox.http("POST", f"/sandbox/{call}", json=body)
        assert (answer.status, answer.body["code"]) == (400, "INVALID_PAYLOAD"), body
    assert sandbox.ask("lose-acks", {"count": 0}) == OFF


def test_every_answer_is_as_its_example(sandbox: Sandbox) -> None:
    for call in SANDBOX_CALLS:
        body = {"advance": 1} if call.path == "/sandbox/clock" else {"count": 0, "ms": 0, "seconds": 0}
        answer = sandbox.http("POST", call.path, json=body)
        assert (answer.status, list(answer.body)) == (200, list(call.answer)), call.name
        assert sandbox.http("GET", call.path).status == 405
