"""The door before the HTTP server: who is answered there, who is handed on, and how little a stranger can hold up."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import pytest

from tests.conftest import StartServer
from tests.json_text import decode
from tests.server import Server, wait_until
from tests.wire.raw import LEAVE, LEFT, Raw, metric, raw, request, text

HEALTH: Final = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POLL: Final = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POLLING: Final = 'careline_connections{transport="polling"}'


def healthy(connection: Raw) -> None:
    status, body = connection.answer()
    assert status == 200
    assert decode(body.decode())["status"] == "ok"


class TestHandshake:
    def test_the_answer_is_the_protocols(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send(request(server.port))
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.take(1)
        lines = answer.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        assert lines[0] == "HTTP/1.1 101 Switching Protocols"
        assert headers["upgrade"] == "websocket"
        assert headers["connection"].lower() == "upgrade"
        said = b"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        digest = hashlib.sha1(said, usedforsecurity=False).digest()
        assert headers["sec-websocket-accept"] == base64.b64encode(digest).decode()
        assert "sec-websocket-extensions" not in headers

    def test_the_engine_opens_with_its_settings(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send(request(server.port))
            assert connection.answer()[0] == 101
            opened = decode(connection.packet()[1:].decode())
        assert len(opened.pop("sid")) >= 15
        assert opened == {"upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1_000_000}

    def test_byte_by_byte(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send_bytes_one_by_one(request(server.port) + text(b"40", LEAVE))
            connection.opened()
            connection.entered()
            assert connection.packet() == LEFT

    def test_frames_in_the_same_segment(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send(request(server.port) + text(b"40", LEAVE, LEAVE))
            connection.opened()
            connection.entered()
            assert [connection.packet(), connection.packet()] == [LEFT, LEFT]

    def test_half_a_frame_in_the_same_segment(self, server: Server) -> None:
        frames = text(b"40", LEAVE)
        for cut in range(len(frames)):
            with raw(server) as connection:
                connection.send(request(server.port) + frames[:cut])
                connection.opened()
                connection.send(frames[cut:])
                connection.entered()
                assert connection.packet() == LEFT

    @pytest.mark.parametrize("spelling", ["upgrade:websocket", "UPGRADE:  WebSocket", "Upgrade:\twebsocket "])
    def test_headers_are_spelled_in_many_ways(self, server: Server, spelling: str) -> None:
        with raw(server) as connection:
            connection.send(request(server.port).replace(b"Upgrade: websocket", spelling.encode()))
            connection.opened()
            connection.send(text(b"40"))
            connection.entered()


REFUSED: Final = {
    "an older engine": (("EIO=3&transport=websocket",), 400),
    "no engine": (("transport=websocket",), 400),
    "another transport": (("EIO=4&transport=polling",), 400),
    "a session that is not there": (("EIO=4&transport=websocket&sid=abc",), 400),
    "a page of elsewhere": (("EIO=4&transport=websocket", ["Origin: http://elsewhere.example"]), 403),
    "two origins": (("EIO=4&transport=websocket", ["Origin: http://a.example", "Origin: http://b.example"]), 403),
    "another host": (("EIO=4&transport=websocket", ["Host: elsewhere.example"]), 403),
    "many headers": (("EIO=4&transport=websocket", [f"X-{number}: x" for number in range(200)]), 431),
    "a long header": (("EIO=4&transport=websocket", ["Cookie: " + "x" * 17_500]), 431),
}


@pytest.mark.parametrize(("asked", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_who_is_refused_is_told_why(server: Server, asked: tuple[str, list[str]], status: int) -> None:
    with raw(server) as connection:
        connection.send(request(server.port, *asked))
        given, body = connection.answer()
        assert given == status
        assert body
        connection.ended()


@pytest.mark.parametrize("missing", [b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Connection"])
def test_a_websocket_request_that_is_none(server: Server, missing: bytes) -> None:
    lines = [line for line in request(server.port).split(b"\r\n") if not line.startswith(missing)]
    with raw(server) as connection:
        connection.send(b"\r\n".join(lines))
        assert 400 <= connection.answer()[0] < 500
        connection.ended()


@pytest.mark.parametrize("head", [request(1)[:-2] + b"X: " + b"x" * 20_000, b"GET /socket.io/" + b"?" * 20_000])
def test_a_head_without_end(server: Server, head: bytes) -> None:
    before = server.stderr()
    with raw(server) as connection:
        connection.send(head)
        connection.ended()
    assert server.http("GET", "/health").status == 200
    assert server.stderr() == before


@pytest.mark.parametrize("path", ["/socket.io/other", "/socket.iox", "/", "/health", "/api/questions"])
def test_a_websocket_request_for_something_else(server: Server, path: str) -> None:
    """Nobody but Socket.IO speaks websocket here, and it leaves nothing behind."""
    before = metric(server, POLLING)
    with raw(server) as connection:
        connection.send(request(server.port, path=path))
        status, _ = connection.answer()
        assert status in (200, 400, 404)
    assert metric(server, POLLING) == before


def test_an_upgrade_to_more_than_websocket(server: Server) -> None:
    before = metric(server, POLLING)
    with raw(server) as connection:
        connection.send(request(server.port).replace(b"Upgrade: websocket", b"Upgrade: websocket, h2c"))
        status, _ = connection.answer()
        assert status in (101, 400)
    assert metric(server, POLLING) == before


class TestHttpBehindIt:
    @pytest.mark.parametrize("sent", [HEALTH, POLL])
    def test_byte_by_byte(self, server: Server, sent: bytes) -> None:
        with raw(server) as connection:
            connection.send_bytes_one_by_one(sent)
            assert connection.answer()[0] == 200

    def test_many_requests_on_one_connection(self, server: Server) -> None:
        with raw(server) as connection:
            for _ in range(20):
                connection.send(HEALTH)
                healthy(connection)
                connection.send_bytes_one_by_one(POLL)
                assert connection.answer()[0] == 200

    def test_requests_in_one_segment(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send(HEALTH * 5)
            for _ in range(5):
                healthy(connection)

    def test_a_body_in_pieces(self, server: Server) -> None:
        body = b'{"title": "\xe5\xa4\xb4\xe6\x99\x95", "elder_id": 1}'
        head = (
            b"POST /api/questions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d"
            % len(body)
        )
        with raw(server) as connection:
            connection.send_bytes_one_by_one(head + b"\r\n\r\n" + body)
            status, answer = connection.answer()
        assert status == 201
        assert decode(answer.decode())["title"] == "头晕"


class TestOnAKeptAliveConnection:
    """Some proxies send a websocket request on a connection that has carried others."""

    def test_after_another_request(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send(HEALTH)
            healthy(connection)
            connection.enter()
            connection.alive()

    def test_with_frames_in_the_same_segment(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send(HEALTH)
            healthy(connection)
            connection.send(request(server.port) + text(b"40", LEAVE))
            connection.opened()
            connection.entered()
            assert connection.packet() == LEFT

    def test_byte_by_byte(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send(HEALTH)
            healthy(connection)
            connection.send_bytes_one_by_one(request(server.port) + text(b"40", LEAVE))
            connection.opened()
            connection.entered()
            assert connection.packet() == LEFT

    def test_after_many_polls(self, server: Server) -> None:
        with raw(server) as connection:
            for _ in range(5):
                connection.send(POLL)
                assert connection.answer()[0] == 200
                connection.send(HEALTH)
                healthy(connection)
            connection.enter()
            connection.alive()

    def test_the_request_in_the_same_segment_as_the_one_before(self, server: Server) -> None:
        """It may be refused; it must be answered, and leave nothing behind."""
        before = metric(server, POLLING)
        with raw(server) as connection:
            connection.send(HEALTH + request(server.port))
            healthy(connection)
            status, _ = connection.answer()
            assert status in (101, 400)
        assert metric(server, POLLING) == before

    def test_a_body_that_looks_like_one(self, server: Server) -> None:
        """Nobody gets a request past a proxy in the body of another, though that was answered before it came."""
        body = request(server.port)
        with raw(server) as connection:
            connection.send(b"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body))
            assert connection.answer()[0] == 404
            connection.send(body)
            connection.send(HEALTH)
            healthy(connection)

    def test_refused(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send(HEALTH)
            healthy(connection)
            connection.send(request(server.port, "EIO=3&transport=websocket"))
            assert connection.answer()[0] == 400
            connection.ended()


def test_strangers_who_say_nothing_hold_up_nobody(server: Server) -> None:
    """Connections that never get to the end of a request's head; they are let go with the server."""
    silent = [server.connect() for _ in range(200)]
    try:
        for number, one in enumerate(silent):
            one.sendall(b"GET /socket.io/"[: number % 16])
        assert server.http("GET", "/health").status == 200
        with raw(server) as connection:
            connection.enter()
            connection.alive()
    finally:
        for one in silent:
            one.close()


def test_the_server_stops_in_time_with_strangers_at_the_door(
    start_server: StartServer, tls_settings: dict[str, str]
) -> None:
    server = start_server(env=tls_settings)
    silent = [server.connect() for _ in range(50)]
    kept = server.http_line()
    try:
        kept.request("GET", "/health")
        kept.getresponse().read()
        for one in silent[::2]:
            one.sendall(b"GET /so")
        wait_until(lambda: server.http("GET", "/health").status == 200, "an answer")
        assert server.stop() < 2
    finally:
        kept.close()
        for one in silent:
            one.close()
