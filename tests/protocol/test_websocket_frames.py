"""Websocket frames as networks and odd clients deliver them: in pieces, many at once, broken, in a hurry."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final

import pytest

from tests.server import Server

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
LEAVE = b'421["leave_question",{"question_id":5}]'
ANSWERS = [b'42["left_question",{"question_id":5}]', b'431[{"question_id":5}]']


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True) -> bytes:
    """Give one frame of a client, masked with zeros."""
    head = bytes([opcode | (0x80 if fin else 0)])
    mask = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([mask | len(payload)])
    else:
        head += bytes([mask | 126]) + struct.pack("!H", len(payload))
    return head + (b"\x00" * 4 if masked else b"") + payload


class Line:
    """A TCP connection on which a test writes a websocket's bytes itself."""

    def __init__(self, server: Server) -> None:
        self.socket = server.connect()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")
        self.request = (
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()

    def opened(self) -> None:
        """Read the handshake's answer and the first packet."""
        status = self._file.readline()
        assert status.startswith(b"HTTP/1.1 101 "), status
        while self._file.readline() != b"\r\n":
            pass
        opcode, packet = self.read()
        assert opcode == TEXT
        assert packet.startswith(b"0{")

    def enter(self) -> None:
        """Shake hands and enter the namespace."""
        self.socket.sendall(self.request)
        self.opened()
        self.socket.sendall(frame(TEXT, b"40"))
        assert self.read()[1].startswith(b"40{")

    def read(self) -> tuple[int, bytes]:
        """Give the next frame's opcode and payload; (CLOSE, b"") at the end of the connection."""
        try:
            head = self._file.read(2)
        except ConnectionResetError:
            head = b""
        if not head:
            return CLOSE, b""
        assert head[0] & 0x80, "the server sent a fragment"
        length = head[1]
        if length == 126:
            (length,) = struct.unpack("!H", self._file.read(2))
        return head[0] & 0x0F, self._file.read(length)

    def answered(self) -> None:
        """Read what `leave_question` is answered with."""
        assert sorted(self.read()[1] for _ in ANSWERS) == sorted(ANSWERS)

    def ended(self) -> None:
        """Read to the end of the connection; what the server still says before is its business."""
        while True:
            opcode, payload = self.read()
            if (opcode, payload) == (CLOSE, b""):
                return
            if opcode == CLOSE:
                self.socket.sendall(frame(CLOSE, payload))

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    line = Line(server)
    yield line
    line.close()


def test_a_handshake_byte_by_byte(line: Line) -> None:
    for byte in line.request:
        line.socket.sendall(bytes([byte]))
    line.opened()
    for byte in frame(TEXT, b"40") + frame(TEXT, LEAVE):
        line.socket.sendall(bytes([byte]))
    assert line.read()[1].startswith(b"40{")
    line.answered()


def test_frames_that_come_with_the_handshake(line: Line) -> None:
    line.socket.sendall(line.request + frame(TEXT, b"40") + frame(TEXT, LEAVE))
    line.opened()
    assert line.read()[1].startswith(b"40{")
    line.answered()


def test_many_frames_at_once(line: Line) -> None:
    line.enter()
    line.socket.sendall(frame(TEXT, LEAVE) * 50)
    for _ in range(50):
        line.answered()


def test_fragments_with_a_ping_between_them(line: Line) -> None:
    line.enter()
    line.socket.sendall(frame(TEXT, LEAVE[:9], fin=False) + frame(PING, b"?") + frame(0, LEAVE[9:]))
    frames = sorted(line.read() for _ in range(3))
    assert frames == sorted([(PONG, b"?"), *((TEXT, answer) for answer in ANSWERS)])


def test_an_unasked_pong(line: Line) -> None:
    line.enter()
    line.socket.sendall(frame(PONG, b"?") + frame(TEXT, LEAVE))
    line.answered()


BROKEN: Final = {
    "no mask": frame(TEXT, LEAVE, masked=False),
    "reserved opcode": frame(3, b"x"),
    "reserved control opcode": frame(11, b"x"),
    "fragmented ping": frame(PING, b"x", fin=False),
    "long ping": frame(PING, b"x" * 126),
    "continuation of nothing": frame(0, b"x"),
    "text within fragments": frame(TEXT, b"42", fin=False) + frame(TEXT, LEAVE),
    "reserved bits": b"\xf1\x80\x00\x00\x00\x00",
    "short close code": frame(CLOSE, b"\x03"),
    "endless length": b"\x81\xff" + b"\xff" * 8 + b"\x00" * 4,
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
}
GOODBYES: Final = {
    "close": frame(CLOSE),
    "close with a code": frame(CLOSE, struct.pack("!H", 1000)),
    "Engine.IO close": frame(TEXT, b"1"),
    "Engine.IO close, close": frame(TEXT, b"1") + frame(CLOSE),
    "Socket.IO disconnect, close": frame(TEXT, b"41") + frame(CLOSE),
    "all three": frame(TEXT, b"41") + frame(TEXT, b"1") + frame(CLOSE),
    "broken packet, close": frame(TEXT, b"9") + frame(CLOSE),
    "events, close": frame(TEXT, LEAVE) * 3 + frame(CLOSE),
    "close, event": frame(CLOSE) + frame(TEXT, LEAVE),
    "close, close": frame(CLOSE) + frame(CLOSE),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_broken_frames_end_the_connection(server: Server, line: Line, broken: bytes) -> None:
    line.enter()
    before = len(server.stderr())
    line.socket.sendall(broken)
    line.ended()
    assert server.http("GET", "/health").status == 200
    server.check_log(before)


@pytest.mark.parametrize("goodbye", GOODBYES.values(), ids=GOODBYES.keys())
def test_a_goodbye_in_one_breath(server: Server, line: Line, goodbye: bytes) -> None:
    line.enter()
    before = len(server.stderr())
    line.socket.sendall(goodbye)
    line.ended()
    assert server.http("GET", "/health").status == 200
    server.check_log(before)


@pytest.mark.parametrize("sent", [0, 1, 20, 60, 200])
def test_going_away_in_the_middle(server: Server, line: Line, sent: int) -> None:
    before = len(server.stderr())
    line.socket.sendall((line.request + frame(TEXT, b"40") + frame(TEXT, LEAVE) * 5)[:sent])
    line.close()
    assert server.http("GET", "/health").status == 200
    server.check_log(before)
