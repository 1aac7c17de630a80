"""Engine.IO 4 as its reference server and the protocol's public suite have it, rewritten as tests of behaviour.

Exceptions, each for a reason of Careline's own:
- Messages are not echoed: what an Engine.IO message holds is a Socket.IO packet, and is answered as such.
- Binary packets end the session: the protocol has none.
- Heartbeats begin with the CONNECT: who has not entered by the deadline is let go, whatever else it says.
- HEAD is 405: it would take what waits for the next poll.
- The websocket is not sent a noop after the upgrade: its client has no poll there that waits.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.json_text import decode
from tests.packets import Polling
from tests.server import Answer, Server
from tests.wire.raw import CLOSE, LEAVE, LEFT, Raw, metric, raw, request, text

UNKNOWN = 400, {"code": 1, "message": "Session ID unknown"}
SESSIONS = 'careline_connections{transport="polling"}'


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that pings each second, and waits one for the answer."""
    with pytest.MonkeyPatch.context() as patch:
        program = Path(__file__).parent.parent / "wire" / "hurried.py"
        patch.setattr("tests.server.COMMAND", [sys.executable, str(program)])
        server = Server(tmp_path_factory.mktemp("hurried"))
        server.start()
    yield server
    server.close()


@pytest.fixture
def session(server: Server) -> Iterator[Polling]:
    session = Polling(server)
    session.enter()
    yield session
    session.close()


def engine(server: Server, method: str, query: str, body: bytes | None = None, path: str = "/socket.io/") -> Answer:
    headers = {"Content-Type": "text/plain;charset=UTF-8"}
    return server.http(method, f"{path}?{query}", body=body, headers=headers)


def ask(server: Server, method: str, session: Polling, body: bytes | None = None) -> Answer:
    return engine(server, method, f"EIO=4&transport=polling&sid={session.sid}", body)


def refused_websocket(server: Server, query: str) -> int:
    with raw(server) as connection:
        connection.send(request(server.port, query))
        return connection.answer()[0]


def probed(websocket: Raw, session: Polling) -> None:
    websocket.send(request(websocket.port, f"EIO=4&transport=websocket&sid={session.sid}"))
    assert websocket.answer()[0] == 101
    websocket.send(text(b"2probe"))
    assert websocket.packet() == b"3probe"


class TestHandshake:
    def check(self, opened: dict[str, Any], upgrades: list[str]) -> None:
        assert opened.keys() == {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
        assert isinstance(opened["sid"], str)
        assert (opened["upgrades"], opened["maxPayload"]) == (upgrades, 1_000_000)
        assert (opened["pingInterval"], opened["pingTimeout"]) == (25_000, 20_000)

    @pytest.mark.parametrize("path", ["/socket.io/", "/socket.io"])
    def test_over_polling(self, server: Server, path: str) -> None:
        answer = engine(server, "GET", "EIO=4&transport=polling", path=path)
        assert (answer.status, answer.body[:2]) == (200, "0{")
        assert answer.headers["content-type"].lower() == "text/plain; charset=utf-8"
        self.check(decode(answer.body[1:]), ["websocket"])

    @pytest.mark.parametrize("path", ["/socket.io/", "/socket.io"])
    def test_over_websocket(self, server: Server, path: str) -> None:
        with raw(server) as websocket:
            websocket.send(request(server.port, path=path))
            assert websocket.answer()[0] == 101
            packet = websocket.packet()
            assert packet[:1] == b"0"
            self.check(decode(packet[1:].decode()), [])

    @pytest.mark.parametrize("query", ["transport=polling", "EIO=abc&transport=polling", "EIO=3&transport=polling"])
    def test_another_version(self, server: Server, query: str) -> None:
        answer = engine(server, "GET", query)
        assert (answer.status, answer.body) == (400, {"code": 5, "message": "Unsupported protocol version"})
        assert refused_websocket(server, query.replace("polling", "websocket")) == 400

    @pytest.mark.parametrize("query", ["EIO=4", "EIO=4&transport=abc", "EIO=4&transport=constructor", ""])
    def test_another_transport(self, server: Server, query: str) -> None:
        answer = engine(server, "GET", query)
        assert (answer.status, answer.body) == (400, {"code": 0, "message": "Transport unknown"})
        assert refused_websocket(server, query) == 400

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_another_method(self, server: Server, method: str) -> None:
        answer = engine(server, method, "EIO=4&transport=polling", b"")
        assert (answer.status, answer.body) == (400, {"code": 2, "message": "Bad handshake method"})

    def test_a_session_that_is_not_there(self, server: Server) -> None:
        for method in ("GET", "POST"):
            answer = engine(server, method, "EIO=4&transport=polling&sid=x", b"40" if method == "POST" else None)
            assert (answer.status, answer.body) == UNKNOWN


class TestMessages:
    def test_a_post_is_answered_with_ok(self, server: Server, session: Polling) -> None:
        answer = ask(server, "POST", session, LEAVE)
        assert (answer.status, answer.body) == (200, "ok")
        assert ask(server, "GET", session).body == LEFT.decode()

    def test_several_packets_in_a_payload(self, server: Server, session: Polling) -> None:
        assert ask(server, "POST", session, b"\x1e".join([LEAVE] * 3)).status == 200
        assert ask(server, "GET", session).body == "\x1e".join([LEFT.decode()] * 3)

    @pytest.mark.parametrize("body", [b"abc", b"", b"bAQIDBA==", b"5", b"2"])
    def test_an_invalid_packet_ends_the_session(self, server: Server, session: Polling, body: bytes) -> None:
        assert ask(server, "POST", session, body).status == 400
        assert ask(server, "GET", session).status == 400

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_another_method_on_a_session(self, server: Server, session: Polling, method: str) -> None:
        assert ask(server, method, session, b"").status == 400
        assert session.call("leave_question", {"question_id": 5}) == {"question_id": 5}

    def test_two_polls_at_once_end_the_session(self, server: Server, session: Polling) -> None:
        """They would share its packets between them. The first one learns of the end."""
        with ThreadPoolExecutor() as threads:
            first = threads.submit(ask, server, "GET", session)
            second = threads.submit(ask, server, "GET", session)
            answers = sorted(((poll.result().status, poll.result().body) for poll in (first, second)), key=str)
        assert answers[0] == (200, "1")
        assert answers[1] == (400, {"code": 3, "message": "Bad request"})
        assert ask(server, "GET", session).status == 400
        assert metric(server, 'careline_cuts_total{reason="two polls at once"}') >= 1

    def test_an_invalid_packet_over_websocket(self, server: Server) -> None:
        with raw(server) as websocket:
            websocket.enter()
            websocket.send(text(b"abc"))
            assert websocket.close_code() == 1002


class TestHeartbeat:
    def test_over_polling(self, hurried: Server) -> None:
        session = Polling(hurried)
        session.enter()
        for _ in range(3):
            assert session.receive() == "2"
            session.send("3")
        session.send("1")
        session.close()

    def test_a_polling_session_ends_after_an_interval_and_a_timeout(self, hurried: Server) -> None:
        """With the intervals of the documents after 45 seconds, not 65."""
        timeouts = 'careline_cuts_total{reason="ping timeout"}'
        before = metric(hurried, timeouts)
        session = Polling(hurried)
        session.enter()
        with raw(hurried) as websocket:
            websocket.enter()
            websocket.rest()  # a silent websocket that has come later
        assert metric(hurried, SESSIONS) == 0
        assert metric(hurried, timeouts) == before + 2
        assert ask(hurried, "POST", session, b"3").status == 400
        session.close()

    @pytest.mark.parametrize("transport", ["polling", "websocket"])
    def test_who_has_left_the_namespace_is_still_pinged(self, hurried: Server, transport: str) -> None:
        if transport == "polling":
            session = Polling(hurried)
            session.enter()
            session.send("41")
            for _ in range(2):
                assert session.receive() == "2"
                session.send("3")
            session.enter()
            session.send("1")
            session.close()
            return
        with raw(hurried) as websocket:
            websocket.enter()
            websocket.send(text(b"41"))
            for _ in range(2):
                assert websocket.packet() == b"2"
                websocket.send(text(b"3"))
            websocket.send(text(b"40"))
            websocket.entered()


class TestClose:
    def test_over_polling(self, server: Server) -> None:
        def answers() -> list[tuple[int, Any]]:
            with closing(Polling(server)) as session, ThreadPoolExecutor() as threads:
                session.enter()
                poll, goodbye = (
                    threads.submit(ask, server, *asked) for asked in (("GET", session), ("POST", session, b"1"))
                )
                after = ask(server, "GET", session) if goodbye.result().status == 200 else goodbye.result()
                return [(answer.status, answer.body) for answer in (poll.result(), goodbye.result(), after)]

        # Where the goodbye overtakes the poll, there is no session left to poll.
        tried = (answers() for _ in range(50))
        assert next(got for got in tried if got[0][0] == 200) == [(200, "6"), (200, "ok"), UNKNOWN]

    def test_over_websocket(self, server: Server) -> None:
        with raw(server) as websocket:
            websocket.enter()
            websocket.send(text(b"1"))
            assert websocket.read()[0] == CLOSE
            websocket.ended()


class TestUpgrade:
    def test_a_session_moves_to_a_websocket(self, server: Server, session: Polling) -> None:
        with raw(server) as websocket:
            probed(websocket, session)
            poll = ask(server, "GET", session)
            assert (poll.status, poll.body) == (200, "6")
            websocket.send(text(b"5", LEAVE))
            assert websocket.packet() == LEFT
            assert ask(server, "GET", session).status == 400
            assert ask(server, "POST", session, LEAVE).status == 400
            assert refused_websocket(server, f"EIO=4&transport=websocket&sid={session.sid}") == 400
            websocket.alive()

    def test_polls_are_not_answered_at_once_while_the_way_is_probed(self, server: Server, session: Polling) -> None:
        """A client that polls on would ask thousands of times a second."""
        with raw(server) as websocket:
            probed(websocket, session)
            began = time.monotonic()
            assert [ask(server, "GET", session).body for _ in range(6)] == ["6"] * 6
            assert time.monotonic() - began > 0.4


def test_a_client_of_an_older_version_is_logged_once(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.start()
    for _ in range(3):
        assert engine(server, "GET", "EIO=3&transport=polling").status == 400
        assert refused_websocket(server, "EIO=3&transport=websocket") == 400
    lines = [line for line in server.stderr().splitlines() if "Engine.IO version '3'" in line]
    assert len(lines) == 1
    assert "needs a Socket.IO client of version 3 or 4" in lines[0]
    server.close()
