"""What every attack needs: connections from the attacker's addresses, floods, plain calls, a count of answers."""

from __future__ import annotations

import http.client
import json
import random
import re
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from tests.wire.raw import request, text

PATIENCE: Final = 2.0  # seconds that one step of an attack waits for the server
MOST_KEPT: Final = 60  # connections that are left open behind an attack
FLOOD_BYTES: Final = 131_072  # of the buffer that a flood sends again and again
LONGEST_BODY: Final = 200  # bytes of an answer that are reported

_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3})")


class Unreachable(Exception):
    """The server does not accept the connection: it is down, or its backlog is full."""


def repeated(piece: bytes, size: int = FLOOD_BYTES) -> bytes:
    """Give the piece as often as it fits into a flood's buffer, once at least."""
    return piece * max(1, size // len(piece))


@dataclass
class Attacker:
    """One hostile user or stranger. `over_at` is when its current attack ends."""

    port: int
    chance: random.Random
    user_id: int
    user_type: str
    token: str  # empty: it has none
    enters: bool  # whether it gets past CONNECT
    addresses: list[str]
    questions: list[int]  # its own
    over_at: float = 0.0
    sent: int = 0  # bytes
    done: int = 0  # connections and calls
    statuses: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)  # answers of 500 and above, with the request
    taken: list[str] = field(default_factory=list)  # what the server should have refused
    kept: deque[socket.socket] = field(default_factory=deque)

    @property
    def goes_on(self) -> bool:
        """Whether the current attack has time left."""
        return time.monotonic() < self.over_at

    def connect(self, receive_buffer: int | None = None) -> socket.socket:
        """Open a connection from one of the attacker's addresses."""
        connection = socket.socket()
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.bind((self.chance.choice(self.addresses), 0))
            connection.connect(("127.0.0.1", self.port))
        except OSError:
            connection.close()
            raise Unreachable from None
        self.done += 1
        return connection

    def keep(self, connection: socket.socket) -> None:
        """Leave a connection open; the oldest of too many is closed."""
        self.kept.append(connection)
        while len(self.kept) > MOST_KEPT:
            self.kept.popleft().close()

    def entry(self) -> bytes:
        """Give the packet with which this attacker enters."""
        return b"40" + json.dumps({"token": self.token}).encode() if self.token else b"40"

    def websocket(
        self, *packets: bytes, enters: bool | None = None, receive_buffer: int | None = None
    ) -> socket.socket:
        """Open a websocket in one breath, with CONNECT where the attacker enters, and with these packets."""
        connection = self.connect(receive_buffer)
        goes_in = self.enters if enters is None else enters
        opening = request(self.port) + (text(self.entry()) if goes_in else b"") + text(*packets)
        self.send(connection, opening)
        return connection

    def send(self, connection: socket.socket, data: bytes) -> bool:
        """Send all of it; False when the server does not take it."""
        try:
            connection.sendall(data)
        except OSError:
            return False
        self.sent += len(data)
        return True

    def head(self, method: str, path: str, *headers: str, shows: bool = True) -> bytes:
        """Give the head of an HTTP request, with the attacker's token unless it is not to be shown."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers]
        if self.token and shows:
            lines.append(f"Authorization: Bearer {self.token}")
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("utf-8", "surrogateescape")

    def post(self, path: str, body: Any, *headers: str, method: str = "POST") -> bytes:
        """Give a whole HTTP request with a JSON body."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return (
            self.head(method, path, "Content-Type: application/json", f"Content-Length: {len(content)}", *headers)
            + content
        )

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask over HTTP as an honest client would, and give the status and the body; status 0 without an answer."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        source = (self.chance.choice(self.addresses), 0)
        content = None if body is None else json.dumps(body).encode()
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE, source_address=source)
        with closing(line):
            try:
                line.request(method, path, content, headers)
                answer = line.getresponse()
                data = answer.read()
            except ConnectionRefusedError:
                raise Unreachable from None
            except (OSError, http.client.HTTPException):
                return 0, None
        self.done += 1
        self.sent += len(content or b"")
        self.statuses[str(answer.status)] += 1
        if answer.status >= 500:
            self.broken.append(f"{answer.status} {method} {path} {(content or b'')[:500]!r}: {data[:LONGEST_BODY]!r}")
        with suppress(ValueError):
            return answer.status, json.loads(data)
        return answer.status, None

    def look(self, received: bytes, sent: bytes = b"") -> None:
        """Count the HTTP statuses in what came; `sent` is the request that is reported with one of 500 and above."""
        for found in _STATUS.finditer(received):
            status = found[1].decode()
            self.statuses[status] += 1
            if status >= "500":
                answer = received[found.start() : found.start() + 600]
                self.broken.append(f"{status} {sent[:500]!r}: {answer!r}")

    def read(self, connection: socket.socket, sent: bytes = b"", seconds: float = PATIENCE) -> bytes:
        """Give what comes within so many seconds, at most; it returns with the first bytes."""
        connection.settimeout(seconds)
        try:
            received = connection.recv(1 << 18)
        except OSError:
            return b""
        self.look(received, sent)
        return received

    def flood(self, connection: socket.socket, data: bytes, *, reads: bool = True) -> None:
        """Send the same bytes again and again until the attack is over or the server ends the connection."""
        self.flood_all([connection], data, reads=reads)

    def flood_all(self, connections: Sequence[socket.socket], data: bytes, *, reads: bool = True) -> None:
        """The same over several connections at the same time, until the server has ended all of them."""
        view = memoryview(data)
        places = dict.fromkeys(connections, 0)
        for connection in connections:
            connection.setblocking(False)
        while self.goes_on and places:
            readable, writable, _ = select.select(list(places) if reads else [], list(places), [], 0.2)
            for connection in {*readable, *writable}:
                try:
                    if connection in readable:
                        received = connection.recv(1 << 18)
                        if not received:
                            del places[connection]
                            continue
                        self.look(received, data)
                    if connection in writable:
                        sent = connection.send(view[places[connection] :])
                        places[connection] = (places[connection] + sent) % len(data)
                        self.sent += sent
                except BlockingIOError:
                    continue
                except OSError:
                    del places[connection]

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the attack."""
        time.sleep(max(0.0, min(seconds, self.over_at - time.monotonic())))

    def pick(self, *choices: Any) -> Any:
        """Draw one."""
        return self.chance.choice(choices)

    def some(self, choices: Sequence[Any], most: int) -> list[Any]:
        """Draw one or several, each at most once."""
        return self.chance.sample(choices, self.chance.randint(1, min(most, len(choices))))
