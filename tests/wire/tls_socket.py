"""TLS over a socket, with both in hand: what leaves in one segment, byte by byte, or not at all."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

from tests.certificates import trust


class TlsSocket:
    """A client's side of TLS, used like the socket under it. Its handshake is done when it is made, but for its last
    bytes, which leave with the first that are sent."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = trust().wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
        while True:
            try:
                self._tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                self._flush()
                self._receive(65536)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._socket.sendall(self._outgoing.read())

    def _receive(self, most: int) -> None:
        data = self._socket.recv(most)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def sendall(self, data: bytes) -> None:
        """Send the bytes in one go."""
        self._tls.write(data)
        self._flush()

    def sendall_byte_by_byte(self, data: bytes) -> None:
        """Send the bytes in one record, which leaves byte by byte."""
        self._tls.write(data)
        for byte in self._outgoing.read():
            self._socket.send(bytes([byte]))

    def recv(self, most: int) -> bytes:
        """Give what came, all that one reading of the socket brings; nothing at the end, with a goodbye or without."""
        self._flush()
        came = b""
        while True:
            try:
                data = self._tls.read(most)
            except ssl.SSLWantReadError:
                if came:
                    return came
                self._receive(most)
                continue
            except ssl.SSLZeroReturnError:
                data = b""
            except ssl.SSLEOFError:
                return came
            if not data:
                self._say_goodbye()
                return came
            came += data

    def _say_goodbye(self) -> None:
        with suppress(ssl.SSLError):  # that the other side has not said it, or has said it too early
            self._tls.unwrap()
        with suppress(ConnectionError):
            self._flush()

    def shutdown(self, how: int) -> None:
        """Say goodbye as TLS does, and send no more."""
        self._say_goodbye()
        self._socket.shutdown(how)

    def fileno(self) -> int:
        return self._socket.fileno()

    def setblocking(self, flag: bool) -> None:
        self._socket.setblocking(flag)

    def settimeout(self, seconds: float) -> None:
        self._socket.settimeout(seconds)

    def setsockopt(self, level: int, option: int, value: bytes | int) -> None:
        self._socket.setsockopt(level, option, value)

    def close(self) -> None:
        self._socket.close()
