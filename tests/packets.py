"""Connections that say every Engine.IO and Socket.IO packet themselves, for what the official client would not send."""

from __future__ import annotations

import http.client
import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, NoReturn, TypeAlias

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

from tests.json_text import decode, encode
from tests.server import LIMIT, Server

# Separates the packets of one long-polling body.
SEPARATOR: Final = "\x1e"


class Closed(Exception):
    """The server has ended the connection."""


class Connection(ABC):
    """One Engine.IO connection; `answered` holds the acknowledgement ids in the order in which they came."""

    def __init__(self) -> None:
        self.events: list[list[Any]] = []
        self.answered: list[int] = []
        self.sid = ""
        self.pid = ""
        self._last_id = 0

    @abstractmethod
    def send(self, *packets: str | bytes) -> None:
        """Send packets as they are."""

    @abstractmethod
    def receive(self) -> str:
        """Give the next packet. Raises Closed, or TimeoutError when none comes within LIMIT."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""

    def enter(self, token: str | None = None, pid: str | None = None) -> bool:
        """Connect to the namespace `/`, with a token where one is given, or as the client that was given the pid; tell
        whether the server knows it again."""
        auth = {name: value for name, value in (("token", token), ("pid", pid)) if value is not None}
        self.send("40" + (encode(auth).decode() if auth else ""))
        packet = self.receive()
        match = re.fullmatch(r'40\{"sid":"([^"]+)","pid":"([^"]+)"\}', packet)
        assert match, packet
        self.sid, self.pid = match[1], match[2]
        return self.pid == pid

    def call(self, event: Any, *args: Any) -> Any:
        """Emit with an acknowledgement id and give the one value that it is answered with."""
        return self.call_all([[event, *args]])[0]

    def call_all(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        """Emit `[event, *args]` for each call without waiting between them; give the answers in the calls' order."""
        first = self._last_id + 1
        self._last_id += len(calls)
        self.send(*(f"42{first + place}{encode(call).decode()}" for place, call in enumerate(calls)))
        answers: dict[int, list[Any]] = {}
        while len(answers) < len(calls):
            try:
                packet = self.next_packet()
            except (Closed, TimeoutError) as fault:
                place = next(place for place in range(len(calls)) if first + place not in answers)
                fault.add_note(f"unanswered: {calls[place]}")
                raise
            match = re.match(r"43(\d+)", packet)
            assert match, packet
            number = int(match[1])
            assert number not in answers, f"answered twice: {packet}"
            answers[number] = decode(packet[match.end() :])
            self.answered.append(number)
        ordered = [answers[number] for number in range(first, first + len(calls))]
        assert all(len(answer) == 1 for answer in ordered)
        return [answer[0] for answer in ordered]

    def next_packet(self) -> str:
        """Give the next packet that is no heartbeat and no event; events are kept in `events`."""
        while True:
            packet = self.receive()
            if packet == "2":
                self.send("3")
            elif packet.startswith("42"):
                self.events.append(decode(packet[2:]))
            elif packet in ("1", "41"):
                raise Closed(packet)
            else:
                return packet

    def read_to_the_end(self) -> NoReturn:
        """Read until the server ends the connection. Raises Closed then, and TimeoutError when it does not."""
        while True:
            self.next_packet()

    def named(self, event: str) -> list[Any]:
        """Give the payloads of the events of that name received so far."""
        return [payload for name, payload in self.events if name == event]


class Websocket(Connection):
    """A connection over one websocket."""

    def __init__(self, server: Server, query: str = "EIO=4", headers: Mapping[str, str] | None = None) -> None:
        super().__init__()
        sent = dict(headers or {})
        host = sent.pop("Host", f"127.0.0.1:{server.port}")
        socket = server.connect_tcp()
        try:
            opening = connect(
                f"{'wss' if server.tls else 'ws'}://{host}/socket.io/?{query}&transport=websocket",
                sock=socket,
                ssl=server.tls,
                server_hostname="127.0.0.1" if server.tls else None,
                additional_headers=sent,
                compression=None,
                max_size=None,
                proxy=None,
                ping_interval=None,
                open_timeout=LIMIT,
                close_timeout=LIMIT,
            )
        except (WebSocketException, OSError):  # the server has ended, or refuses
            socket.close()
            raise
        self._open = ExitStack()
        self._socket = self._open.enter_context(opening)
        try:
            packet = self.receive()
        except Closed:
            self.close()
            raise
        assert packet.startswith("0{"), packet

    def send(self, *packets: str | bytes) -> None:
        try:
            for packet in packets:
                self._socket.send(packet)
        except ConnectionClosed as closed:
            raise Closed(str(closed)) from None

    def send_text_frame(self, content: bytes) -> None:
        """Send a text frame of these bytes, which need not be UTF-8."""
        self._socket.send(content, text=True)

    def send_fragments(self, fragments: Iterable[str]) -> None:
        """Send one packet in several frames."""
        try:
            self._socket.send(fragments)
        except ConnectionClosed as closed:
            raise Closed(str(closed)) from None

    def receive(self) -> str:
        try:
            packet = self._socket.recv(LIMIT)
        except ConnectionClosed as closed:
            raise Closed(str(closed)) from None
        assert isinstance(packet, str), "the server sent a binary frame"
        return packet

    def close(self) -> None:
        self._open.close()


class Polling(Connection):
    """A connection over long-polling."""

    def __init__(self, server: Server, query: str = "EIO=4", headers: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._path = f"/socket.io/?{query}&transport=polling"
        self._headers = dict(headers or {})
        self._line = server.http_line()
        self._waiting: deque[str] = deque()
        packet = self.receive()
        assert packet.startswith("0{"), packet
        self.sid = decode(packet[1:])["sid"]
        self._path += f"&sid={self.sid}"

    def _ask(self, method: str, body: bytes | None = None) -> str:
        try:
            self._line.request(method, self._path, body, {**self._headers, "Content-Type": "text/plain;charset=UTF-8"})
            response = self._line.getresponse()
            text = response.read().decode()
        except (ConnectionError, http.client.HTTPException) as fault:
            self._line.close()
            raise Closed(repr(fault)) from None
        if response.status != 200:
            self._line.close()
            raise Closed(f"{response.status}: {text}")
        return text

    def send(self, *packets: str | bytes) -> None:
        body = SEPARATOR.encode().join(p.encode("utf-8", "surrogatepass") if isinstance(p, str) else p for p in packets)
        self._ask("POST", body)

    def receive(self) -> str:
        if not self._waiting:
            self._waiting.extend(self._ask("GET").split(SEPARATOR))
        return self._waiting.popleft()

    def rest(self) -> list[str]:
        """Give the packets of the last answer that nobody has received yet."""
        packets = list(self._waiting)
        self._waiting.clear()
        return packets

    def poll(self) -> None:
        """Ask for packets, and leave the answer unread."""
        self._line.request("GET", self._path, None, self._headers)

    def close(self) -> None:
        self._line.close()


Kind: TypeAlias = type[Websocket] | type[Polling]
