"""How honest front ends are connected: one packet at a time, over a websocket or over long-polling."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import deque
from contextlib import suppress
from typing import Final, Protocol

from tests.json_text import decode
from tests.siege.view import View
from tests.wire.raw import CLOSE, PING, PONG, TEXT, Ended, Raw, frame, request, text

PATIENCE: Final = 70.0  # seconds that an honest client waits for anything
_POLLING: Final = "/socket.io/?EIO=4&transport=polling"


class Gone(Exception):
    """The connection has ended, or was not made."""


class Line(Protocol):
    """One Engine.IO connection. `receive` and `release` are for one thread, the others for any."""

    def send(self, packet: bytes) -> None:
        """Send a packet."""

    def receive(self) -> bytes:
        """Wait for the next packet."""

    def end(self) -> None:
        """Have what waits end with Gone."""

    def release(self) -> None:
        """Close it, when no packet is waited for any more."""


class WebsocketLine:
    """A websocket."""

    def __init__(self, view: View) -> None:
        self._alone = threading.Lock()
        try:
            self._raw = Raw(view)
        except OSError as fault:
            raise Gone(f"no websocket: {fault!r}") from None
        try:
            self._raw.socket.settimeout(PATIENCE)
            self._raw.send(request(view.port))
            self._raw.opened()
        except (OSError, Ended, AssertionError) as fault:
            self.release()
            raise Gone(f"no websocket: {fault!r}") from None

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        try:
            with self._alone:
                self._raw.send(text(packet))
        except (OSError, Ended) as fault:
            raise Gone(repr(fault)) from None

    def receive(self) -> bytes:
        """Wait for the next packet, and answer what websockets ask of their clients meanwhile."""
        try:
            while True:
                opcode, payload = self._raw.read()
                if opcode == TEXT:
                    return payload
                if opcode == PING:
                    self._raw.send(frame(PONG, payload))
                if opcode == CLOSE:
                    raise Gone(f"closed with {payload!r}")
        except (OSError, Ended) as fault:
            raise Gone(repr(fault)) from None

    def end(self) -> None:
        """Have what waits end with Gone."""
        with suppress(OSError):
            self._raw.socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Close it."""
        self._raw.close()


class PollingLine:
    """Long-polling: one connection to send, one to receive."""

    def __init__(self, view: View) -> None:
        self._sending, self._receiving = view.http_line(), view.http_line()
        for line in (self._sending, self._receiving):
            line.timeout = PATIENCE
        self._released = False
        self._alone = threading.Lock()  # answers to pings are sent beside what is said
        self._waiting: deque[bytes] = deque()
        self._path = _POLLING
        try:
            packet = self.receive()
        except Gone:
            self.release()
            raise
        self._path += f"&sid={decode(packet[1:].decode())['sid']}"

    def _ask(self, line: http.client.HTTPConnection, method: str, body: bytes | None = None) -> bytes:
        try:
            line.request(method, self._path, body, {"Content-Type": "text/plain;charset=UTF-8"})
            answer = line.getresponse()
            received = answer.read()
        except (OSError, http.client.HTTPException, AttributeError) as fault:  # AttributeError: released meanwhile
            line.close()
            raise Gone(f"{method} of a poll: {fault!r}") from None
        finally:
            if self._released:
                line.close()
        if answer.status != 200:
            line.close()
            raise Gone(f"{method} of a poll: {answer.status}: {received[:200]!r}")
        return received

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        with self._alone:
            self._ask(self._sending, "POST", packet)

    def receive(self) -> bytes:
        """Wait for the next packet."""
        if not self._waiting:
            self._waiting.extend(self._ask(self._receiving, "GET").split(b"\x1e"))
        return self._waiting.popleft()

    def end(self) -> None:
        """Have what waits end with Gone."""
        for line in (self._sending, self._receiving):
            connection = line.sock
            if connection is not None:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Close both."""
        self._released = True
        self._sending.close()
        self._receiving.close()
