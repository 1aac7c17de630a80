"""A receiver of hooks on loopback, which takes events, refuses them, or misbehaves as a test tells it."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from standardwebhooks import Webhook

from tests.json_text import decode
from tests.server import wait_until

EVERY_EVENT: Final = (
    "notification.created",
    "notification.answered",
    "occurrence.missed",
    "message.created",
    "question.created",
    "question.updated",
)
GIGABYTE: Final = 1_000_000_000


@dataclass(frozen=True)
class Delivery:
    """One attempt, as it came in."""

    path: str
    headers: Mapping[str, str]  # their names in lower case
    body: bytes
    at: float  # seconds of a clock that cannot be set

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = decode(self.body.decode())
        return event


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the receiver's way of answering."""

    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return  # its sender was killed meanwhile: nothing has come in
        headers = {name.lower(): value for name, value in self.headers.items()}
        delivery = Delivery(self.path, headers, body, time.monotonic())
        self.receiver.all.append(delivery)
        self.receiver.answer(self, delivery)

    def say(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Answer."""
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A server that is killed breaks connections off: nothing is printed."""


Answering = Callable[[Handler, Delivery], None]


class Receiver:
    """Takes every event, unless told otherwise by `answer`."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.secret = f"whsec_{base64.b64encode(os.urandom(32)).decode()}"
        self.all: list[Delivery] = []  # every attempt
        self.taken: list[Delivery] = []
        self.answer: Answering = self.take
        self.over = threading.Event()
        handler = type("OfReceiver", (Handler,), {"receiver": self})
        self._server = _Listening(("127.0.0.1", port), handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/hooks?for=careline"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, handler: Handler, delivery: Delivery) -> None:
        self.taken.append(delivery)
        handler.say(204)

    def hang(self, _: Handler, __: Delivery) -> None:
        """Say nothing until the end of the test."""
        self.over.wait(60)

    def reset(self, handler: Handler, _: Delivery) -> None:
        """Break the connection off."""
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()
        handler.close_connection = True

    def flood(self, handler: Handler, delivery: Delivery) -> None:
        """Take the event, with a gigabyte for an answer."""
        self.taken.append(delivery)
        handler.send_response(200)
        handler.send_header("Content-Length", str(GIGABYTE))
        handler.end_headers()
        chunk = bytes(65_536)
        try:
            for _ in range(GIGABYTE // len(chunk)):
                handler.wfile.write(chunk)
            self.all.clear()  # it was read to its end, which a test notices
        except OSError:
            handler.close_connection = True

    def drip(self, handler: Handler, _: Delivery) -> None:
        """Answer with a header, byte by byte, for ever."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.over.wait(0.5):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return

    def drip_body(self, handler: Handler, _: Delivery) -> None:
        """Answer with a body, byte by byte, that ends with the connection."""
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.0 500 Oh\r\n\r\n")
        while not self.over.wait(0.5):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return

    def say_raw(self, answer: bytes) -> Answering:
        """Answer with these bytes, and close."""

        def say(handler: Handler, delivery: Delivery) -> None:
            self.taken.append(delivery)
            handler.wfile.write(answer)
            handler.close_connection = True

        return say

    def refuse(self, status: int, headers: Mapping[str, str] | None = None) -> Answering:
        return lambda handler, _: handler.say(status, headers)

    def verified(self, delivery: Delivery) -> dict[str, Any]:
        """Give the event as a receiver's library gives it; it raises where the signature is not good."""
        event: dict[str, Any] = Webhook(self.secret).verify(delivery.body, dict(delivery.headers))
        return event

    def awaited(self, count: int, limit: float = 10.0) -> list[Delivery]:
        """Wait until it has taken so many events, and give them."""
        wait_until(lambda: len(self.taken) >= count, f"{count} events, where {len(self.taken)} came", limit)
        return list(self.taken)

    def table(self, name: str = "gateway", events: Sequence[str] = EVERY_EVENT, **keys: str) -> str:
        """Give a [[hook]] of the operator's file."""
        listed = ", ".join(f'"{event}"' for event in events)
        lines = [f'name = "{name}"', f'url = "{self.url}"', f'secret = "{self.secret}"', f"events = [{listed}]"]
        return "\n".join(["[[hook]]", *lines, *(f"{key} = {value}" for key, value in keys.items()), ""])

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


def write_hooks(folder: Path, *tables: str) -> Path:
    """Write the operator's file; replace it as a whole where it is there."""
    path = folder / "hooks.toml"
    new = path.with_suffix(".new")
    new.write_text("\n".join(tables))
    new.chmod(0o600)
    new.replace(path)
    return path
