"""A sandbox that fails on demand: connections that break, replies that are lost or late, a full disk, a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Final

import pytest

from consult.contract.sandbox import SANDBOX_CALLS
from tests.clients import Clients, message
from tests.conftest import Enter
from tests.json_text import encode
from tests.packets import Closed, Kind, Polling, Websocket
from tests.protocol.test_client_guide import COMES_BACK, DRIVER, ORDERS, blocks
from tests.protocol.test_client_guide import FrontEnd as GuideFrontEnd
from tests.returning import TRANSPORTS, FrontEnd, Person
from tests.sandbox.conftest import Sandbox
from tests.sandbox.test_clock import FORM, every_notification, moment
from tests.server import in_seconds, new_id, wait_until

OFF: Final = {"lose_acks": 0, "delay_ms": 0, "refuse_writes_seconds": 0}
RESTARTS: Final = 8  # in a row, of which each leaves nothing behind
SAID: Final = {"success": False, "message": "发送失败：服务器内部错误"}


@pytest.fixture(autouse=True)
def all_is_off(sandbox: Sandbox) -> Iterator[None]:
    """At the end of each test the module's sandbox works."""
    yield
    for call, body in (("lose-acks", {"count": 0}), ("delay", {"ms": 0}), ("refuse-writes", {"seconds": 0})):
        sandbox.ask(call, body)


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
    connection.send(f'42900["send_message",{encode(message(question_id)).decode()}]')
    assert connection.call("send_message", message(question_id))["success"] is True
    assert connection.answered == [1], "by the callback of the second alone"
    assert len(connection.named("send_message:ack")) == 1
    assert len(sandbox.messages(question_id)) == 2


@pytest.mark.parametrize("kind", [Websocket, Polling])
@pytest.mark.parametrize("close_frame", [False, True])
def test_one_connection_is_cut(sandbox: Sandbox, enter: Enter, kind: Kind, *, close_frame: bool) -> None:
    stays, cut = enter(kind, sandbox), enter(kind, sandbox)
    assert sandbox.ask("cut", {"sid": cut.sid, "close_frame": close_frame}) == {"cut": 1}
    with pytest.raises(Closed) as told:
        cut.read_to_the_end()
    if kind is Websocket:
        assert ("1001 (going away)" in str(told.value)) is close_frame
    assert stays.call("leave_question", {"question_id": 1}) == {"question_id": 1}
    assert sandbox.http("POST", "/sandbox/cut", json={"sid": cut.sid}).status == 404


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_all_are_cut_and_come_back_to_what_they_missed(sandbox: Sandbox, transport: str) -> None:
    person = Person(sandbox.open_question())
    front_end = FrontEnd(sandbox.url, [person], client="socket.io-client", transport=transport)
    with closing(front_end):
        front_end.is_there()
        said = []
        for number in range(1, 4):
            assert sandbox.ask("cut")["cut"] >= 1
            said.append(say(sandbox, person.question_id, f"{number}"))
            wait_until(lambda: front_end.count("connect") > number, "its return")  # noqa: B023
            said.append(say(sandbox, person.question_id, f"{number} live"))
            wait_until(lambda: len(set(front_end.told("message"))) >= len(said), "what it missed")
        # What it had been sent within two seconds of a cut may come once more.
        assert list(dict.fromkeys(front_end.told("message"))) == said
        assert front_end.count("error") == 0


def say(sandbox: Sandbox, question_id: int, text: str) -> int:
    """Say something over HTTP, and give the message's id."""
    spoken = {"sender_type": "STAFF", "sender_id": 1001, "content_type": "TEXT", "content_text": text}
    answer = sandbox.http("POST", f"/api/questions/{question_id}/messages", json=spoken)
    assert answer.status == 201, answer
    return int(answer.body["id"])


def test_answers_come_later_and_in_order(sandbox: Sandbox, clients: Clients, transport: str) -> None:
    question_id = sandbox.open_question()
    client = clients.connect(transport, to=sandbox)
    assert sandbox.ask("delay", {"ms": 400}) == {**OFF, "delay_ms": 400}
    try:
        began = time.monotonic()
        client.emit("join_question", {"question_id": question_id, "user_id": 456, "user_type": "ELDER"})
        client.emit("send_message", message(question_id, "一"))
        assert client.expect("joined_question") == {"question_id": question_id}
        assert client.expect("send_message:ack")["data"] == client.expect("new_message")
        assert time.monotonic() - began >= 0.4
        client.emit("send_message", message(question_id, "二"))
        sandbox.ask("delay", {"ms": 0})
        client.emit("send_message", message(question_id, "三"))
        texts = [client.expect("send_message:ack")["data"]["content_text"] for _ in range(2)]
        assert texts == ["二", "三"], "neither overtakes the other"
        sandbox.ask("delay", {"ms": 300})
        began = time.monotonic()
        assert sandbox.http("GET", "/api/questions").status == 200
        assert time.monotonic() - began >= 0.3
    finally:
        sandbox.ask("delay", {"ms": 0})


def test_a_delayed_packet_that_is_broken_ends_its_connection(sandbox: Sandbox, enter: Enter) -> None:
    connection = enter(Websocket, sandbox)
    sandbox.ask("delay", {"ms": 50})
    try:
        connection.send("4?")
        with pytest.raises(Closed):
            connection.read_to_the_end()
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
    soon = moment(sandbox.now()) + timedelta(minutes=1)
    sandbox.make_reminder(user_id, soon.strftime(FORM), rrule="FREQ=DAILY", missed="skip")
    sandbox.ask("refuse-writes", {"seconds": 600})
    before = len(sandbox.notifications(user_id))
    assert sandbox.http("POST", "/sandbox/clock", json={"advance": 86_400}).status == 503
    assert len(sandbox.notifications(user_id)) == before
    sandbox.ask("refuse-writes", {"seconds": 0})
    sandbox.ask("clock", {"advance": 3600})
    assert len(sandbox.notifications(user_id)) == before + 1


def test_a_restart_in_place(start_sandbox: Callable[[], Sandbox]) -> None:
    """The front end of docs/client.md comes back by itself and shows everything once, what it says meanwhile too."""
    sandbox = start_sandbox()
    question_id, user_id = sandbox.open_question(), new_id()
    sandbox.make_reminder(user_id, in_seconds(3600), rrule="FREQ=DAILY")
    me = {"sender_id": user_id, "sender_type": "ELDER", "role_display_name": "张三"}
    process, before = sandbox.process.pid, sandbox.now()
    with closing(GuideFrontEnd(ORDERS + blocks()[0] + DRIVER, sandbox.url, me, question_id)) as front:
        for number in range(1, 4):
            front.say(f"own {number}")
            assert sandbox.ask("restart") == OFF
            say(sandbox, question_id, f"missed {number}")
            sandbox.ask("clock", {"advance": 86_400})
            front.wait_for("message", 2 * number, COMES_BACK)
            front.wait_for("notification", number, COMES_BACK)
        assert front.shown("message") == sandbox.messages(question_id)
        assert front.shown("notification") == sandbox.notifications(user_id, "after_id=0")
        assert front.shown("fault") == []
    assert sandbox.process.pid == process
    assert sandbox.now() > before
    assert len(sandbox.left_behind()) == 1
    sandbox.stop()
    assert sandbox.left_behind() == []


def test_no_connection_is_kept_that_a_restart_would_end(sandbox: Sandbox) -> None:
    for path in ("/sandbox", "/api/questions", "/health", "/"):
        assert sandbox.http("GET", path).headers["connection"] == "close"


def test_restarts_leave_no_sockets_threads_or_files(start_sandbox: Callable[[], Sandbox]) -> None:
    sandbox = start_sandbox()
    place = Path("/proc") / str(sandbox.process.pid)

    def held() -> tuple[int, ...]:
        return len(list((place / "fd").iterdir())), len(list((place / "task").iterdir()))

    sandbox.ask("restart")
    sandbox.now()
    first = held()
    files = sorted(path.name for path in sandbox.left_behind()[0].iterdir())
    for _ in range(RESTARTS):
        sandbox.ask("restart")
        sandbox.now()

    # Threads and connections begin when they are needed, so that a few more may be there than at first.
    def is_without_leaks() -> bool:
        return all(now < before + RESTARTS // 2 for now, before in zip(held(), first, strict=True))

    wait_until(is_without_leaks, "fewer than one more for every second restart")
    assert sorted(path.name for path in sandbox.left_behind()[0].iterdir()) == files


def move_as_far_as_it_gets(sandbox: Sandbox, end: datetime) -> None:
    """Move the clock with a call that may get no answer."""
    with suppress(OSError, HTTPException):
        sandbox.http("POST", "/sandbox/clock", json={"to": end.strftime(FORM)})


def test_a_restart_while_the_clock_moves(start_sandbox: Callable[[], Sandbox]) -> None:
    """The move is broken off; the clock goes on from where it has got, and nothing is missing or comes twice."""
    sandbox = start_sandbox()
    user_id = new_id()
    begin = moment(sandbox.now()).replace(minute=0, second=0) + timedelta(hours=1)
    sandbox.make_reminder(user_id, begin.strftime(FORM), rrule="FREQ=HOURLY", missed="all")
    end = begin + timedelta(days=10)
    reached = ""
    with ThreadPoolExecutor(1) as threads:
        for _ in range(3):
            move = threads.submit(move_as_far_as_it_gets, sandbox, end + timedelta(minutes=1))
            wait_until(lambda: sandbox.state()["now"] > max(reached, begin.strftime(FORM)), "a clock that moves")  # noqa: B023
            sandbox.ask("restart")
            move.result()
            assert sandbox.now() >= reached
            reached = sandbox.now()
    sandbox.move_to((end + timedelta(minutes=2)).strftime(FORM))
    rings = every_notification(sandbox, user_id)
    hours = [one["created_at"][: len("2025-01-01 08")] for one in rings]
    assert hours == [(begin + timedelta(hours=number)).strftime("%Y-%m-%d %H") for number in range(10 * 24 + 1)]


def test_a_restart_ends_every_fault(start_sandbox: Callable[[], Sandbox], enter: Enter) -> None:
    sandbox = start_sandbox()
    question_id = sandbox.open_question()
    sandbox.ask("delay", {"ms": 100})
    sandbox.ask("lose-acks", {"count": 5})
    sandbox.ask("refuse-writes", {"seconds": 600})
    sandbox.ask("restart")
    assert sandbox.state()["faults"] == OFF
    assert enter(Websocket, sandbox).call("send_message", message(question_id))["success"] is True


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
        given = {"advance": 1} if call.path == "/sandbox/clock" else {"count": 0, "ms": 0, "seconds": 0}
        has_body = call.body is not None and not call.has_optional_body
        answer = sandbox.http(call.method, call.path, body=encode(given) if has_body else None)
        assert (answer.status, list(answer.body)) == (200, list(call.answer)), call.name
        assert sandbox.http("DELETE", call.path).status == 405


def test_its_state_can_be_read(sandbox: Sandbox, enter: Enter) -> None:
    before, began = sandbox.state()["connections"], sandbox.ask("clock", {"advance": 3600})["now"]
    connection = enter(Websocket, sandbox)
    sandbox.ask("lose-acks", {"count": 3})
    sandbox.ask("delay", {"ms": 5000})
    sandbox.ask("refuse-writes", {"seconds": 600})
    shown = sandbox.state()
    assert timedelta() <= moment(shown["now"]) - moment(began) < timedelta(minutes=1)
    assert shown["connections"] == before + 1
    assert shown["faults"] == {"lose_acks": 3, "delay_ms": 5000, "refuse_writes_seconds": 600}
    connection.close()
    wait_until(lambda: sandbox.state()["connections"] == before, "one connection less")


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_who_leaves_while_its_packets_wait_does_not_come_back(sandbox: Sandbox, kind: Kind) -> None:
    before = sandbox.state()["connections"]
    sandbox.ask("delay", {"ms": 300})
    gone, last = kind(sandbox), kind(sandbox)
    gone.send("40", '42["bind_user",{"user_id":456}]')
    if kind is Polling:
        gone.send("1")  # a closed connection is not the end of a session
    gone.close()
    last.enter()  # whose packets are taken in after all of those
    wait_until(lambda: sandbox.state()["connections"] == before + 1, "the one that has stayed, alone")
    last.close()


def test_a_client_leaves_and_enters_again_while_its_packets_wait(sandbox: Sandbox, enter: Enter) -> None:
    connection = enter(Websocket, sandbox)
    sandbox.ask("delay", {"ms": 200})
    connection.send("41")
    connection.enter()
    assert connection.call("leave_question", {"question_id": 1}) == {"question_id": 1}


def test_a_shorter_delay_holds_for_what_waits(sandbox: Sandbox, enter: Enter) -> None:
    connection = enter(Websocket, sandbox)
    sandbox.ask("delay", {"ms": 30_000})
    began = time.monotonic()
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(sandbox.http, "GET", "/api/questions")
        connection.send('421["leave_question",{"question_id":1}]')
        sandbox.ask("delay", {"ms": 0})
        assert connection.next_packet().startswith("431")
        assert call.result().status == 200
    assert time.monotonic() - began < 20
