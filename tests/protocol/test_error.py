"""Faults that no single event owns: unknown and reserved names, arguments that are no payload, faults of the server."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.clients import Clients, message
from tests.conftest import Enter, StartServer
from tests.packets import Connection, Polling, Websocket
from tests.server import Server

UNKNOWN = {"code": "INVALID_PAYLOAD", "message": "未知事件"}


@pytest.fixture(params=[Websocket, Polling])
def raw(server: Server, enter: Enter, request: pytest.FixtureRequest) -> Connection:
    """A connection that may send names that the official client refuses to send."""
    return enter(request.param, server)


@pytest.mark.parametrize("args", [[], [{}], [None], [1, 2, 3], [{"question_id": 1}]])
def test_an_event_that_nobody_knows(clients: Clients, transport: str, args: list[Any]) -> None:
    client = clients.connect(transport)
    assert client.call("joinQuestion", *args) == UNKNOWN
    assert client.expect("error") == UNKNOWN
    client.emit("joinQuestion", *args)
    assert client.expect("error") == UNKNOWN
    client.nothing("error")


@pytest.mark.parametrize(
    "name",
    [
        *("connect", "disconnect", "connect_error", "disconnecting", "newListener", "removeListener", "message", "*"),
        *("joined_question", "left_question", "send_message:ack", "new_message", "error", "bind_user:ack"),
        *("notification:new", "JOIN_QUESTION", "join_question ", "", "\x00", "\ud83d", "事" * 1000, "__class__"),
    ],
)
def test_reserved_and_other_names(raw: Connection, name: str) -> None:
    assert raw.call(name) == UNKNOWN
    assert raw.call(name, {"question_id": 1}) == UNKNOWN
    assert raw.named("error") == [UNKNOWN, UNKNOWN]
    assert raw.call("leave_question", {"question_id": 5}) == {"question_id": 5}


@pytest.mark.parametrize("event", ["join_question", "leave_question", "bind_user"])
class TestArguments:
    """What is no payload at all; `send_message` answers the same faults in its own way."""

    @pytest.mark.parametrize("args", [[], [None], ["文本"], [5], [1.5], [True], [[]], [[{"question_id": 1}]]])
    def test_a_payload_that_is_no_object(self, clients: Clients, transport: str, event: str, args: list[Any]) -> None:
        client = clients.connect(transport)
        fault = {"code": "INVALID_PAYLOAD", "message": "请求数据必须为对象"}
        assert client.call(event, *args) == fault
        assert client.expect("error") == fault
        client.nothing("error", "joined_question", "left_question", "bind_user:ack")

    @pytest.mark.parametrize("extra", [[{}], [None], [1, 2], ["x"]])
    def test_extra_arguments(self, server: Server, clients: Clients, event: str, extra: list[Any]) -> None:
        client = clients.connect()
        payload = {"question_id": server.open_question(), "user_id": 456, "user_type": "ELDER"}
        fault = {"code": "INVALID_PAYLOAD", "message": "只接受一个请求数据"}
        assert client.call(event, payload, *extra) == fault
        assert client.expect("error") == fault
        client.nothing("error", "joined_question", "left_question", "bind_user:ack")


def test_a_refused_join_and_bind_enter_no_room(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client, sender = clients.connect(), clients.connect()
    payload = {"question_id": question_id, "user_id": 456, "user_type": "ELDER"}
    assert client.call("join_question", payload, {})["code"] == "INVALID_PAYLOAD"
    sender.send(question_id)
    client.nothing("new_message")


def test_a_packet_that_names_the_root_namespace(raw: Connection) -> None:
    raw.send('42/,77["leave_question",{"question_id":5}]')
    assert raw.next_packet() in ('4377[{"question_id":5}]', '43/,77[{"question_id":5}]')


def test_another_namespace_is_refused(raw: Connection) -> None:
    raw.send("40/admin,")
    assert raw.next_packet().startswith("44/admin,")
    assert raw.call("leave_question", {"question_id": 5}) == {"question_id": 5}


def test_an_acknowledgement_that_nobody_asked_for(raw: Connection) -> None:
    raw.send('4312345["x"]')
    assert raw.call("leave_question", {"question_id": 5}) == {"question_id": 5}


def test_a_fault_of_the_server(start_server: StartServer, clients: Clients) -> None:
    """With its table gone the server answers INTERNAL_ERROR without details, logs why, and recovers with the table."""
    server = start_server()
    server.allow_tracebacks = True
    question_id = server.open_question()
    client = clients.connect(to=server)
    payload = {"question_id": question_id, "user_id": 456, "user_type": "ELDER"}
    internal = {"code": "INTERNAL_ERROR", "message": "服务器内部错误"}
    with closing(sqlite3.connect(server.database)) as database:
        database.execute("ALTER TABLE question RENAME TO elsewhere")
        assert client.call("join_question", payload) == internal
        assert client.expect("error") == internal
        failure = {"success": False, "message": "发送失败：服务器内部错误"}
        assert client.call("send_message", message(question_id)) == failure
        assert client.expect("send_message:ack") == failure
        answer = server.http("GET", f"/api/questions/{question_id}")
        assert (answer.status, answer.body) == (500, internal)
        assert "Traceback" in server.stderr()
        database.execute("ALTER TABLE elsewhere RENAME TO question")
    assert client.call("join_question", payload) == {"question_id": question_id}
    stored = client.send(question_id)
    assert client.expect("new_message") == stored
    assert server.messages(question_id) == [stored]
