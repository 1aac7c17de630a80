"""A websocket without a library: it reads as much as it is told to, and sends many frames in one go."""

from __future__ import annotations

from typing import Final

from tests.server import Server

_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="


def frame(packet: str) -> bytes:
    """Give a packet as a text frame, masked with zeros."""
    data = packet.encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + data


class BareWebsocket:
    """A connection in the namespace `/` whose answers are bytes."""

    def __init__(self, server: Server, receive_buffer: int | None = None) -> None:
        """With `receive_buffer` little is held on the way to a client that does not read."""
        self._socket = server.connect(receive_buffer)
        self._socket.sendall(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.emit("40")

    def emit(self, *packets: str) -> None:
        """Send the packets in one go."""
        self._socket.sendall(b"".join(frame(packet) for packet in packets))

    def read(self, most: int) -> bytes:
        """Read what is there; nothing once the server has cut the connection."""
        try:
            return self._socket.recv(most)
        except ConnectionResetError:
            return b""

    def read_until(self, wanted: bytes, most: int = 500) -> bytes:
        """Read little by little until it comes; give the end of what came."""
        last = b""
        while wanted not in last:
            came = self.read(most)
            assert came, f"cut before {wanted!r}"
            last = last[-500:] + came
        return last

    def fileno(self) -> int:
        """What `select` waits for."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
