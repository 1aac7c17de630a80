"""What a client may ask: beyond the limit it is told RATE_LIMITED, and within the next window all is well again."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import pytest
from websockets.exceptions import InvalidStatus

from tests.clients import Clients, message
from tests.conftest import Enter, StartServer
from tests.json_text import encode
from tests.packets import Closed, Connection, Kind, Polling, Websocket
from tests.protocol.bare_websocket import BareWebsocket
from tests.server import LIMIT, wait_until
from tests.store.file import write_locked
from tests.torture.patches import patched

# Limits are given per second and counted over this many.
WINDOW: Final = 10
TEXT: Final = "请求过于频繁，请稍后重试"
ERROR: Final[dict[str, Any]] = {"code": "RATE_LIMITED", "message": TEXT}
NOT_SENT: Final[dict[str, Any]] = {"success": False, "message": f"发送失败：{TEXT}"}
NOT_STORED: Final[dict[str, Any]] = {"success": False, "message": "发送失败：服务器内部错误"}

EVENTS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("join_question", {"question_id": 1, "user_id": 456, "user_type": "ELDER"}),
    ("join_question", {"question_id": 1, "user_id": 456, "user_type": "ELDER", "after_id": 0}),
    ("leave_question", {"question_id": 1}),
    ("bind_user", {"user_id": 456}),
    ("send_message", message(1)),
    # What is wrong is not even looked at.
    ("join_question", {}),
    ("send_message", {}),
    ("nobody_knows", {}),
]


def spend(connection: Connection, events: int) -> None:
    """Use up so many events, each answered as always."""
    left = {"question_id": 5}
    assert connection.call_all([["leave_question", left]] * events) == [left] * events


def is_limited(connection: Connection) -> bool:
    """Tell whether one more event is refused."""
    answer = connection.call("leave_question", {"question_id": 5})
    assert answer in (ERROR, {"question_id": 5})
    return bool(answer == ERROR)


def refusal_of(connect: Callable[[], Any]) -> str | None:
    """Give the status and text that a connection is refused with; None when it is let in."""
    try:
        connect().close()
    except InvalidStatus as refused:
        return f"{refused.response.status_code}: {refused.response.body.decode()}"
    except Closed as refused:
        return str(refused)
    return None


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_too_many_events_of_a_connection(start_server: StartServer, enter: Enter, kind: Kind) -> None:
    server = start_server("--connection-events", "2")
    server.open_question()
    client, other = enter(kind, server), enter(kind, server)
    spend(client, 2 * WINDOW)
    for event, payload in EVENTS:
        before = len(client.events)
        reply = "send_message:ack" if event == "send_message" else "error"
        answer = NOT_SENT if event == "send_message" else ERROR
        assert client.call(event, payload) == answer
        assert client.events[before:] == [[reply, answer]]
    assert server.messages(1) == []
    assert not is_limited(other), "each connection counts for itself"
    assert server.http("GET", "/health").status == 200


def test_front_ends_are_told(start_server: StartServer, clients: Clients, transport: str) -> None:
    server = start_server("--connection-events", "1")
    question_id = server.open_question()
    client, sender = clients.connect_all([transport, "websocket"], server)
    client.join(question_id)
    for _ in range(WINDOW - 1):
        client.send(question_id)
        client.expect("new_message")
    client.emit("send_message", message(question_id))
    assert client.expect("send_message:ack") == NOT_SENT
    client.emit("leave_question", {"question_id": question_id})
    assert client.expect("error") == ERROR
    assert client.call("join_question", {}) == ERROR
    stored = sender.send(question_id)
    assert client.expect("new_message") == stored, "it is where it was, and hears"


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_too_many_bytes_of_a_connection(start_server: StartServer, enter: Enter, kind: Kind) -> None:
    server = start_server("--connection-bytes", "3000")
    question_id = server.open_question()
    client, other = enter(kind, server), enter(kind, server)
    sent = message(question_id, "a" * 9_000)
    assert [client.call("send_message", sent)["success"] for _ in range(4)] == [True, True, True, False]
    assert client.call("send_message", sent) == NOT_SENT
    assert is_limited(client), "a small one is one too many, too"
    assert other.call("send_message", sent)["success"]
    assert len(server.messages(question_id)) == 4


def test_too_many_events_of_an_address(start_server: StartServer, enter: Enter) -> None:
    server = start_server("--address-events", "3")
    server.open_question()
    first, second = enter(Websocket, server), enter(Polling, server)
    spend(first, 2 * WINDOW)
    spend(second, WINDOW)
    third = enter(Websocket, server)
    assert [is_limited(connection) for connection in (first, second, third)] == [True] * 3
    assert third.call("send_message", message(1)) == NOT_SENT
    with server.reached_from("127.0.0.2"):
        elsewhere = Websocket(server)
    elsewhere.enter()
    assert not is_limited(elsewhere)
    elsewhere.close()


def test_an_address_is_remembered_between_connections(start_server: StartServer, enter: Enter) -> None:
    server = start_server("--address-events", "1")
    leaving = enter(Websocket, server)
    spend(leaving, WINDOW)
    leaving.close()
    wait_until(lambda: 'transport="websocket"} 0.0' in server.http("GET", "/metrics").body, "the end")
    assert is_limited(enter(Websocket, server))


def test_after_the_window_all_is_well(start_server: StartServer, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """One window, a short one, for all the limits that count over one."""
    window = 2
    monkeypatch.setattr("tests.server.COMMAND", patched("short_window"))
    limited = [
        (enter(kind, start_server(option, limit)), size)
        for kind, option, limit, size in (
            (Websocket, "--connection-events", "1", 1),
            (Polling, "--connection-bytes", "1000", 1_200),
            (Websocket, "--address-events", "1", 1),
        )
    ]
    sent = {"question_id": 1, "sender_type": "ELDER", "sender_id": 456, "content_type": "TEXT"}
    began = time.monotonic()
    for client, size in limited:
        payload = {**sent, "content_text": "a" * size}
        answers = client.call_all([["send_message", payload]] * (window + 1))
        assert answers[0]["message"] == "发送失败：咨询问题不存在"
        assert answers[-1] == NOT_SENT
    for client, _ in limited:
        wait_until(lambda client=client: not is_limited(client), "the next window", 2 * window)  # type: ignore[misc]
        assert time.monotonic() - began > window - 0.5
        assert client.call("send_message", {**sent, "content_text": "a"})["message"] == "发送失败：咨询问题不存在"


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_one_connection_too_many(start_server: StartServer, enter: Enter, kind: Kind) -> None:
    server = start_server("--address-connections", "3")
    connections = [enter(Websocket, server), enter(Polling, server), enter(Websocket, server)]
    for refused in Websocket, Polling:
        assert re.match(r"429: .*Too many connections from this address", refusal_of(partial(refused, server)) or "")
    with server.reached_from("127.0.0.2"):
        Websocket(server).close()
    assert server.http("GET", "/health").status == 200, "connections of HTTP calls do not count"
    for connection in connections:
        spend(connection, 3)
    leaving = connections[0 if kind is Websocket else 1]
    if kind is Polling:
        leaving.send("1")
    leaving.close()
    wait_until(lambda: refusal_of(partial(kind, server)) is None, "room for another")


def test_an_upgrade_is_one_connection(start_server: StartServer, clients: Clients) -> None:
    server = start_server("--address-connections", "3")
    members = clients.connect_all(["upgrade"] * 3, server)
    refused = clients.connecting("upgrade", server)
    wait_until(lambda: refused.refusal, "the refusal")
    for member in members:
        member.round_trip()
    for member in members[:2]:
        member.disconnect()
        member.disconnected()
        wait_until(lambda: refusal_of(partial(Websocket, server)) is None, "room for another")
    clients.connect("upgrade", server).round_trip()
    members[2].round_trip()


def test_without_settings_an_address_may_do_as_it_likes(start_server: StartServer, enter: Enter) -> None:
    """A whole clinic comes back at once from one address, and each front end sends what it has kept."""
    server = start_server()
    question_id = server.open_question()
    connections = [enter(Websocket, server) for _ in range(100)]
    for connection in connections:
        answers = connection.call_all([["send_message", message(question_id)]] * 50)
        assert all(answer["success"] for answer in answers)


def test_writes_wait_in_a_queue_with_an_end(start_server: StartServer) -> None:
    """25,400 messages while the file is locked: what finds no room is told at once, all the others in time."""
    server = start_server()
    question_id = server.open_question()
    connections = [BareWebsocket(server) for _ in range(200)]
    for connection in connections:
        connection.read_until(b'40{"sid"')
    packets = ["42" + encode(["send_message", message(question_id)]).decode()] * 127
    told = {NOT_SENT["message"]: 0, NOT_STORED["message"]: 0}
    last_at = 0.0
    with write_locked(server.database):
        began = time.monotonic()
        for connection in connections:
            connection.emit(*packets)
        came = dict.fromkeys(connections, b"")
        heard = dict.fromkeys(connections, "")
        while sum(told.values()) < len(connections) * len(packets):
            ready, _, _ = select.select(connections, [], [], LIMIT)
            assert ready, told
            last_at = time.monotonic() - began
            for connection in ready:
                whole, _, came[connection] = (came[connection] + connection.read(1_000_000)).rpartition(b"}]")
                answers = whole.decode(errors="ignore")
                heard[connection] += answers
                for text in told:
                    told[text] += answers.count(text)
    for connection in connections:
        connection.close()
    assert told[NOT_SENT["message"]] > 1_000
    # By the order of a connection's answers, which is the server's however late the client reads them.
    both = [answers for answers in heard.values() if all(text in answers for text in told)]
    assert any(answers.find(NOT_SENT["message"]) < answers.find(NOT_STORED["message"]) for answers in both)
    # Five seconds, and some for a busy machine to take them all in.
    assert last_at < LIMIT
    assert server.messages(question_id) == []
    assert server.http("POST", "/api/questions", json={"title": "之后", "elder_id": 1}).status == 201
    assert server.messages(question_id) == [], "what was refused is not stored later"


def test_http_is_told_when_too_many_wait(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.server.COMMAND", patched("five_may_wait"))
    server = start_server()
    body = {"title": "标题", "elder_id": 1}
    with write_locked(server.database), ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: server.http("POST", "/api/questions", json=body), range(20)))
    assert {answer.headers["retry-after"] for answer in answers if answer.status == 429} == {"5"}
    limited = [answer.body for answer in answers if answer.status == 429]
    refused = [answer.body for answer in answers if answer.status == 503]
    assert limited == [ERROR] * len(limited)
    assert refused == [{"code": "INTERNAL_ERROR", "message": "服务器内部错误"}] * len(refused)
    # Five wait, and up to five were taken before by the writer, which stands at the lock.
    assert (5 <= len(refused) <= 10, len(limited) + len(refused)) == (True, 20)
    assert server.http("POST", "/api/questions", json=body).body["id"] == 1
