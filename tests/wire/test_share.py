"""One connection, whatever it sends, has a share of each turn of the loop; what sends on beyond its limits is cut.

The server counts what it parses of one connection between two turns of the others: nothing here is timed.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.clients import message
from tests.json_text import encode
from tests.server import ROOT, Server, wait_until
from tests.tokens import key_file, token
from tests.wire.raw import (
    CONTINUATION,
    LEAVE,
    LEFT,
    PING,
    PONG,
    TEXT,
    Ended,
    Raw,
    event,
    frame,
    metric,
    raw,
    request,
    text,
)

SHARE: Final = 2 * 64  # frames of one connection in one turn: what was kept, then what has just come
STRANGER: Final = 64  # frames before a CONNECT
IDLE: Final = 1000  # frames that ask nothing, in a window
REFUSED: Final = 1000  # events beyond the limit that are answered, in a window
FRAGMENTS: Final = 2048
CHUNKS: Final = 64  # of a body
ACCEPTED: Final = 16  # connections in one turn

FLOODS: Final = {
    "pings": frame(PING, b"?"),
    "pongs": frame(PONG),
    "empty fragments": frame(CONTINUATION, fin=False),
    "noops": text(b"6"),
    "Engine.IO pongs": text(b"3"),
    "CONNECTs": text(b"40"),
    "other namespaces": text(b"40/x,"),
    "acknowledgements": text(b"431[]"),
}


@pytest.fixture(scope="module", params=["without tokens", "with tokens"])
def tokens(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "with tokens")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tls_settings: dict[str, str], tokens: bool) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("turns")
    # What a connection may do is tested here, whoever's it is.
    unlimited = {f"CARELINE_USER_{what}": "0" for what in ("EVENTS", "BYTES", "READS", "ROWS", "CHANGES")}
    secured = {"CARELINE_AUTH_SECRET_FILE": str(key_file(folder)), **unlimited} if tokens else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "turns.py")])
        server = Server(folder, env={**tls_settings, **secured})
        server.start()
    if tokens:
        server.bearer = token(1, "SERVICE")
    yield server
    server.close()


def enter(connection: Raw, server: Server) -> None:
    connection.send(request(connection.port))
    connection.opened()
    auth = encode({"token": token(7, "STAFF")}) if server.bearer else b""
    connection.send(text(b"40" + auth))
    connection.entered()


def flood(connection: Raw, data: bytes) -> None:
    """Send all of it, or as much as the server takes, and read to the end of the connection."""
    with suppress(Ended, ConnectionError, OSError):
        connection.send(data)
    with suppress(Ended, ConnectionError, OSError):
        while True:
            connection.receive_more()


def cut(server: Server, reason: str) -> float:
    return metric(server, f'careline_cuts_total{{reason="{reason}"}}')


def parsed(server: Server, what: str = "frames") -> float:
    return metric(server, f'parsed{{of="{what}"}}')


def most_in_a_turn(server: Server, what: str = "frames") -> float:
    return metric(server, f'most_in_a_turn{{of="{what}"}}')


def check_cut(server: Server, connection: Raw, data: bytes, reason: str) -> None:
    """What is sent ends the connection, counted and with one log line, and no other one."""
    before, lines = cut(server, reason), server.stderr().count(reason)
    with raw(server) as other:
        enter(other, server)
        flood(connection, data)
        other.alive()
    wait_until(lambda: cut(server, reason) == before + 1, "the cut")
    assert server.stderr().count(reason) == lines + 1
    assert re.search(rf"connection \S+ ended: {reason}", server.stderr())


@pytest.mark.parametrize("sent", FLOODS.values(), ids=FLOODS.keys())
def test_a_stranger_has_few_frames(server: Server, sent: bytes, tokens: bool) -> None:
    # Without tokens it is no stranger after its first CONNECT.
    stays_stranger = tokens or sent != FLOODS["CONNECTs"]
    reason = "too many frames before its CONNECT" if stays_stranger else "too many frames that ask nothing"
    first = frame(TEXT, b"6", fin=False) if sent == FLOODS["empty fragments"] else b""
    before = parsed(server)
    with raw(server) as stranger:
        stranger.send(request(stranger.port))
        stranger.opened()
        check_cut(server, stranger, first + sent * 20_000, reason)
    assert parsed(server) - before < (STRANGER + 5 if stays_stranger else IDLE + 10), "what is beyond is not parsed"
    assert most_in_a_turn(server) <= SHARE


def test_a_stranger_has_few_bytes(server: Server) -> None:
    with raw(server) as stranger:
        stranger.send(request(stranger.port))
        stranger.opened()
        check_cut(
            server,
            stranger,
            frame(PING, b"x" * 100) + text(b"6" + b"x" * 6000) * 12,
            "too many bytes before its CONNECT",
        )


@pytest.mark.parametrize("sent", FLOODS.values(), ids=FLOODS.keys())
def test_frames_that_ask_nothing_are_few(server: Server, sent: bytes) -> None:
    first = frame(TEXT, b"6", fin=False) if sent == FLOODS["empty fragments"] else b""
    before = parsed(server)
    with raw(server) as idle:
        enter(idle, server)
        check_cut(server, idle, first + sent * 40_000, "too many frames that ask nothing")
    assert parsed(server) - before < IDLE + 10
    assert most_in_a_turn(server) <= SHARE


def test_a_message_has_a_limited_number_of_fragments(server: Server) -> None:
    fragments = frame(TEXT, b'42["leave_question",{"x":"', fin=False) + frame(CONTINUATION, b"x", fin=False) * 20_000
    with raw(server) as cutter:
        enter(cutter, server)
        check_cut(server, cutter, fragments, "too many fragments of a message")
    assert most_in_a_turn(server) <= SHARE


def test_events_are_served_in_shares(server: Server) -> None:
    """Every one is answered, in order, and the others have their turns between."""
    with raw(server) as busy, raw(server) as other:
        enter(busy, server)
        enter(other, server)
        busy.send(text(LEAVE) * 5000)
        other.alive()
        for _ in range(5000):
            assert busy.packet() == LEFT
    assert most_in_a_turn(server, "packets") <= SHARE


def test_a_frame_in_pieces_and_many_behind_it(server: Server) -> None:
    large = event("leave_question", {"question_id": 5, "x": "y" * 200_000})
    with raw(server) as busy:
        enter(busy, server)
        sent = text(large, *[LEAVE] * 300, large, LEAVE)
        for start in range(0, len(sent), 70_001):
            busy.send(sent[start : start + 70_001])
        for _ in range(303):
            assert busy.packet() == LEFT
        busy.alive()


def test_what_was_sent_before_a_goodbye_is_done(server: Server) -> None:
    question_id = server.open_question()
    with raw(server) as leaving:
        enter(leaving, server)
        sent = {**message(question_id, "再见"), "sender_type": "STAFF", "sender_id": 7}
        leaving.send(text(*[event("send_message", sent)] * 120, b"1"))
        leaving.rest()
    wait_until(lambda: len(server.messages(question_id, "limit=200")) == 120, "all that was sent")


def limited(tmp_path: Path, tls_settings: dict[str, str], *arguments: str) -> Server:
    server = Server(tmp_path, *arguments, env=tls_settings)
    server.start()
    return server


def test_events_beyond_the_limit_are_answered_and_then_cut(tmp_path: Path, tls_settings: dict[str, str]) -> None:
    server = limited(tmp_path, tls_settings, "--connection-events", "2")
    with raw(server) as greedy:
        greedy.enter()
        with suppress(Ended):
            greedy.send(text(b'42["x"]') * 20_000)
        answers = [payload for opcode, payload in greedy.rest() if opcode == TEXT]
    limit = sum(b"RATE_LIMITED" in answer for answer in answers)
    assert len(answers) - limit <= 20
    assert limit <= REFUSED
    wait_until(lambda: cut(server, "too many frames") == 1, "the cut")
    assert metric(server, 'careline_rate_limited_total{limit="connection_events"}') <= REFUSED
    server.close()


def test_every_event_between_the_limit_and_the_cut_is_answered(tmp_path: Path, tls_settings: dict[str, str]) -> None:
    server = limited(tmp_path, tls_settings, "--connection-events", "2")
    with raw(server) as greedy:
        greedy.enter()
        greedy.send(text(b'42["x"]') * 1000)
        answers = [greedy.packet() for _ in range(1000)]
    assert sum(b"RATE_LIMITED" in answer for answer in answers) == 980
    server.close()


def test_bytes_count_before_they_are_parsed(tmp_path: Path, tls_settings: dict[str, str]) -> None:
    server = limited(tmp_path, tls_settings, "--connection-bytes", "3000")
    with raw(server) as greedy:
        greedy.enter()
        check_cut(server, greedy, text(event("send_message", {"x": "y" * 400_000})) * 3, "too many bytes")
    server.close()


def test_every_reason_is_in_the_documents() -> None:
    """What the log and `careline_cuts_total` say for a flood can be looked up."""
    sources = "".join(
        (ROOT / "consult" / "wire" / name).read_text() for name in ("share.py", "websocket.py", "polling.py")
    )
    reasons = set(re.findall(r'"(t(?:oo many|wo polls) [^"]+)"', sources))
    document = " ".join((ROOT / "docs" / "operations.md").read_text().split())
    assert len(reasons) > 7
    assert not {reason for reason in reasons if f"`{reason}`" not in document}


def test_a_body_in_small_chunks_is_read_in_shares(server: Server) -> None:
    """A chunk of one byte costs as much as one of sixty thousand."""
    head = ["POST /api/questions HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    head += ["Transfer-Encoding: chunked", *([f"Authorization: Bearer {server.bearer}"] if server.bearer else [])]
    body = encode({"title": "头晕", "elder_id": 7}) + b" " * 20_000
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    with raw(server) as connection:
        connection.send("".join(f"{line}\r\n" for line in [*head, ""]).encode() + chunks)
        assert connection.answer()[0] == 201
    assert parsed(server, "chunks") > 20_000
    assert most_in_a_turn(server, "chunks") <= CHUNKS


def test_several_connections_are_accepted_in_one_turn(server: Server) -> None:
    """Under a flood turns are long, and a new client would wait for as many as others have come before."""
    with ExitStack() as opened:
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            for _ in range(64):
                opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        assert server.http("GET", "/health").status == 200
    if not server.tls:  # with it the doors are made later, after the handshakes
        assert most_in_a_turn(server, "connections") == ACCEPTED
