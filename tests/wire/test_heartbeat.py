"""Heartbeats and deadlines: who answers stays, who falls silent is let go. On a server whose intervals are short."""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.clients import message
from tests.packets import Closed, Polling
from tests.server import Server, wait_until
from tests.wire.raw import CLOSE, LEAVE, LEFT, TEXT, Raw, event, metric, raw, request, text

WEBSOCKETS = 'careline_connections{transport="websocket"}'
# What TLS has no part in.
PLAIN = pytest.mark.parametrize("tls_settings", ["plain"], indirect=True)
OUTBOX = 1024 * 1024
POLLING = 'careline_connections{transport="polling"}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tls_settings: dict[str, str]) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "hurried.py")])
        server = Server(tmp_path_factory.mktemp("hurried"), env=tls_settings)
        server.start()
    yield server
    server.close()


def cut(server: Server, reason: str) -> float:
    return metric(server, f'careline_cuts_total{{reason="{reason}"}}')


def probed(websocket: Raw, session: Polling) -> None:
    websocket.send(request(websocket.port, f"EIO=4&transport=websocket&sid={session.sid}"))
    assert websocket.answer()[0] == 101
    websocket.send(text(b"2probe"))
    assert websocket.packet() == b"3probe"


def answers_over_websocket(server: Server) -> None:
    with raw(server) as connection:
        connection.enter()
        started = time.monotonic()
        for _ in range(3):
            assert connection.packet() == b"2"
            connection.send(text(b"3"))
        assert time.monotonic() - started > 2.5, "one ping an interval"
        connection.alive()


def answers_over_polling(server: Server) -> None:
    session = Polling(server)
    session.enter()
    for _ in range(2):
        assert session.receive() == "2"
        session.send("3")
    assert session.call("leave_question", {"question_id": 5}) == {"question_id": 5}
    session.send("1")
    session.close()


def answers_after_its_upgrade(server: Server) -> None:
    session = Polling(server)
    session.enter()
    with raw(server) as websocket:
        probed(websocket, session)
        websocket.send(text(b"5"))
        for _ in range(3):
            assert websocket.packet() == b"2"
            websocket.send(text(b"3"))
        websocket.alive()
    session.close()


def never_completes_its_upgrade(server: Server) -> None:
    session = Polling(server)
    session.enter()
    with raw(server) as websocket:
        probed(websocket, session)
        while (packet := session.receive()) != "2":
            assert packet == "6", "nothing, while the way is probed"
        session.send("3")
        websocket.rest()
    assert session.call("leave_question", {"question_id": 5}) == {"question_id": 5}
    session.send("1")
    session.close()


@PLAIN
def test_who_answers_stays(server: Server) -> None:
    clients = (*(answers_over_websocket, answers_over_polling, answers_after_its_upgrade, never_completes_its_upgrade),)
    with ThreadPoolExecutor() as threads:
        for done in [threads.submit(client, server) for client in clients]:
            done.result()


def test_who_falls_silent_is_let_go(server: Server) -> None:
    reasons = ("ping timeout", "no CONNECT in time")
    before = {reason: cut(server, reason) for reason in reasons}
    started = time.monotonic()
    with ExitStack() as stack:

        def connected(*sent: bytes) -> Raw:
            connection = stack.enter_context(raw(server))
            for one in sent:
                connection.send(one)
            return connection

        unsecured = server.connect_tcp()  # with TLS, one that never begins it
        stack.callback(unsecured.close)
        at_the_door = [connected(head) for head in (b"", b"G", b"GET /socket.io/?EIO=4")]
        outside = [connected(request(server.port), text(*packets)) for packets in ([], [b"3"], [b"6"], [b"40/admin,"])]
        inside = [connected() for _ in range(3)]
        for connection in inside:
            connection.enter()
        leaving = connected()
        leaving.enter()
        leaving.send(text(b"1"))
        talkative = inside.pop()

        assert leaving.read() == (CLOSE, struct.pack("!H", 1001))
        leaving.ended()
        for connection in at_the_door:
            connection.ended()
        assert unsecured.recv(1) == b""
        for connection in outside:
            connection.opened()
            connection.rest()
        # One that talks but never answers is no client of the protocol.
        talkative.send(text(*[LEAVE] * 10))
        for connection in inside:
            assert connection.rest() == [(TEXT, b"2")], "one ping, not one a sweep"
        assert time.monotonic() - started > 1.9
        assert sorted(talkative.rest()) == sorted([(TEXT, b"2"), *[(TEXT, LEFT)] * 10])
    wait_until(lambda: metric(server, WEBSOCKETS) == 0, "the end of them all")
    assert [cut(server, reason) - before[reason] for reason in reasons] == [3, 4]


@PLAIN
def test_a_polling_client_that_is_gone_is_let_go(server: Server) -> None:
    session = Polling(server)
    session.enter()
    assert metric(server, POLLING) == 1
    before = cut(server, "ping timeout")
    session.close()
    wait_until(lambda: metric(server, POLLING) == 0, "the end of the session")
    assert cut(server, "ping timeout") == before + 1
    with pytest.raises(Closed):
        session.send("3")


@PLAIN
def test_a_polling_client_that_is_gone_from_a_busy_room(server: Server) -> None:
    """What is said there fills its outbox, and yet what ends it is that it does not poll."""
    question_id = server.open_question()
    before = cut(server, "ping timeout"), cut(server, "outbox full")
    session = Polling(server)
    session.enter()
    session.call("join_question", {"question_id": question_id, "user_id": 9, "user_type": "ELDER"})
    time.sleep(1.1)  # it has a second for the answer to a ping
    with raw(server) as sender:
        sender.enter()
        for _ in range(OUTBOX // 10_000 + 2):
            sender.send(text(event("send_message", message(question_id, "x" * 10_000))))
            while (packet := sender.packet()) == b"2":
                sender.send(text(b"3"))
            assert packet.startswith(b'42["send_message:ack",{"success":true')
    wait_until(lambda: cut(server, "ping timeout") > before[0], "the cut")
    assert (cut(server, "ping timeout"), cut(server, "outbox full")) == (before[0] + 1, before[1])
    session.close()


@PLAIN
def test_a_polling_client_that_never_enters_is_let_go(server: Server) -> None:
    """As one over websocket is, though it polls on and answers every ping."""
    session = Polling(server)
    pings = 0
    with suppress(Closed):
        while pings < 4:
            packet = session.receive()
            if packet == "1":  # the server says goodbye
                break
            assert packet == "2"
            session.send("3")
            pings += 1
    session.close()
    assert pings < 4, "it holds a session for as long as it likes"
