"""A websocket client that writes every byte itself, and reads what comes back frame by frame."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from tests.json_text import decode, encode
from tests.server import Server
from tests.wire.tls_socket import TlsSocket

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK: Final = b"\x5a\xa5\x0f\xf0"

LEAVE: Final = b'42["leave_question",{"question_id":5}]'
LEFT: Final = b'42["left_question",{"question_id":5}]'


class Ended(Exception):
    """The server has ended the TCP connection."""


def head(opcode: int, length: int, *, fin: bool = True, masked: bool = True, mask: bytes = MASK) -> bytes:
    """What comes before a frame's payload."""
    first, second = opcode | (0x80 if fin else 0), 0x80 if masked else 0
    if length < 126:
        given = struct.pack("!BB", first, second | length)
    elif length < 65536:
        given = struct.pack("!BBH", first, second | 126, length)
    else:
        given = struct.pack("!BBQ", first, second | 127, length)
    return given + (mask if masked else b"")


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, mask: bytes = MASK) -> bytes:
    """One frame of a client."""
    if masked:
        pattern = (mask * (len(payload) // 4 + 1))[: len(payload)]
        masked_payload = int.from_bytes(payload) ^ int.from_bytes(pattern)
        payload = masked_payload.to_bytes(len(pattern))
    return head(opcode, len(payload), fin=fin, masked=masked, mask=mask) + payload


def text(*packets: bytes) -> bytes:
    """Packets, each a frame of its own."""
    return b"".join(frame(TEXT, packet) for packet in packets)


def event(name: str, payload: Any, ack_id: str = "") -> bytes:
    return b"42" + ack_id.encode() + encode([name, payload])


def request(
    port: int, query: str = "EIO=4&transport=websocket", headers: Sequence[str] = (), path: str = "/socket.io/"
) -> bytes:
    """A websocket request for Socket.IO."""
    lines = [
        f"GET {path}?{query} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
        *("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *headers),
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


class Raw:
    """One connection to the server, with TLS where the server speaks it."""

    def __init__(self, server: Server, receive_buffer: int | None = None) -> None:
        self.port = server.port
        connection = server.connect_tcp(receive_buffer)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket: socket.socket | TlsSocket = TlsSocket(connection) if server.tls else connection
        self.sid = ""
        self.received = b""  # and not read yet

    def send(self, data: bytes) -> None:
        """All of it at once; what the server has ended takes no more."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Ended from None

    def send_bytes_one_by_one(self, data: bytes) -> None:
        if isinstance(self.socket, TlsSocket):
            self.socket.sendall_byte_by_byte(data)
            return
        for byte in data:
            self.socket.send(bytes([byte]))

    def receive_more(self) -> None:
        """What is there by now, put behind `received`; waits where nothing is."""
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Ended(self.received)
        self.received += data

    def take(self, length: int) -> bytes:
        """So many bytes."""
        while len(self.received) < length:
            self.receive_more()
        data, self.received = self.received[:length], self.received[length:]
        return data

    def answer(self) -> tuple[int, bytes]:
        """An HTTP answer: its status and body."""
        while b"\r\n\r\n" not in self.received:
            self.receive_more()
        given = self.take(self.received.index(b"\r\n\r\n") + 4).decode()
        status = re.match(r"HTTP/1\.1 (\d+)", given)
        assert status, given
        length = re.search(r"(?i)\r\ncontent-length: (\d+)", given)
        return int(status[1]), self.take(int(length[1])) if length else b""

    def read(self) -> tuple[int, bytes]:
        """The next frame: its opcode and payload. Servers neither mask nor, this one, cut into fragments."""
        first, second = self.take(2)
        assert first & 0xF0 == 0x80
        length = second
        if second == 126:
            (length,) = struct.unpack("!H", self.take(2))
        elif second == 127:
            (length,) = struct.unpack("!Q", self.take(8))
        return first & 0x0F, self.take(length)

    def packet(self) -> bytes:
        """The next packet."""
        opcode, payload = self.read()
        assert opcode == TEXT, (opcode, payload)
        return payload

    def opened(self) -> None:
        """The handshake is answered, and the engine's first packet is here."""
        status, body = self.answer()
        assert status == 101, body
        packet = self.packet()
        assert packet.startswith(b"0{"), packet
        self.sid = decode(packet[1:].decode())["sid"]

    def entered(self) -> None:
        """The namespace's answer to the CONNECT is here."""
        packet = self.packet()
        assert re.fullmatch(rb'40\{"sid":"[^"]+","pid":"[^"]+"\}', packet), packet

    def enter(self) -> None:
        """Shakes hands and enters the namespace."""
        self.send(request(self.port))
        self.opened()
        self.send(text(b"40"))
        self.entered()

    def join(self, question_id: int) -> None:
        self.send(text(event("join_question", {"question_id": question_id, "user_id": 9, "user_type": "ELDER"})))
        assert self.packet() == b'42["joined_question",{"question_id":%d}]' % question_id

    def join_with_cursor(self, question_id: int) -> None:
        """Join as one that is not asked what it has read: it knows by its cursor."""
        request = {"question_id": question_id, "user_id": 9, "user_type": "ELDER", "after_id": 0}
        self.send(text(event("join_question", request)))
        assert self.packet().startswith(b'42["joined_question",{"question_id":%d,' % question_id)

    def alive(self) -> None:
        """The connection answers, and nothing else was under way."""
        self.send(text(LEAVE))
        assert self.packet() == LEFT

    def close_code(self) -> int:
        """The code that the server closes with; nothing but events comes before it, and the end after it."""
        opcode, payload = self.read()
        while opcode == TEXT:
            opcode, payload = self.read()
        assert opcode == CLOSE, (opcode, payload)
        self.ended()
        (code,) = struct.unpack("!H", payload[:2])
        assert isinstance(code, int)
        return code

    def rest(self) -> list[tuple[int, bytes]]:
        """Every frame that still comes before the server ends the connection."""
        frames = []
        with suppress(Ended):
            while True:
                frames.append(self.read())
        return frames

    def ended(self) -> None:
        """The server has ended the connection and has nothing more to say."""
        with suppress(Ended):
            self.receive_more()
        assert self.received == b""

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Goes away without a goodbye."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def metric(server: Server, name: str) -> float:
    """The value of a metric, with its labels as they stand in the text; 0 before it is counted."""
    answer = server.http("GET", "/metrics")
    assert answer.status == 200
    found = re.search(rf"^{re.escape(name)} (\S+)$", answer.body, re.MULTILINE)
    return float(found[1]) if found else 0.0


@contextmanager
def raw(server: Server, receive_buffer: int | None = None) -> Iterator[Raw]:
    """A connection that is closed at the end of its block."""
    connection = Raw(server, receive_buffer)
    try:
        yield connection
    finally:
        connection.close()


def resident_memory(server: Server, field: str = "VmRSS") -> int:
    """What the process takes, in bytes; `VmHWM` is the most that it ever took."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:  # noqa: PTH123 - no file of ours
        found = re.search(rf"^{field}:\s+(\d+) kB$", status.read(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024
