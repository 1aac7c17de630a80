"""Official socket.io clients (client.mjs), driven from Python."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.certificates import authority
from tests.server import LIMIT, ROOT, Server

TRANSPORTS: Final = ("websocket", "polling", "upgrade")

# The question whose `left_question` answers close a round trip; no test uses it for anything else.
_FENCE: Final = {"question_id": 2**53 - 1}


def node_environment(**added: str) -> dict[str, str]:
    """Give the environment of a Node process that trusts the servers' certificates."""
    return {**os.environ, "NODE_EXTRA_CA_CERTS": str(authority().certificate), **added}


class Node:
    """One Node process that holds all clients of a test run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(ROOT / "tests" / "client.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=node_environment(),
        )
        self._numbers = itertools.count()
        self._clients: dict[int, Client] = {}
        self._writing = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def client(self) -> Client:
        """Make a client that is not connected yet."""
        number = next(self._numbers)
        self._clients[number] = Client(self, number)
        return self._clients[number]

    def tell(self, **command: Any) -> None:
        """Hand one command to Node. Lone surrogates reach it as they are, since JSON in ASCII escapes them."""
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            report = json.loads(line)
            self._clients[report["client"]].reported(report)

    def close(self) -> None:
        """End the process; fail when Node ended with a fault of its own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        status = self._process.wait(LIMIT)
        self._reader.join(LIMIT)
        self._process.stdout.close()
        assert status == 0, f"client.mjs ended with status {status}"


@dataclass
class Received:
    """An event that a client received, `at` milliseconds of wall-clock time."""

    event: str
    args: list[Any]
    at: int
    expected: bool = False


class Client:
    """One official socket.io client."""

    def __init__(self, node: Node, number: int) -> None:
        self.events: list[Received] = []
        self.transport = ""
        self.refusal: str | None = None
        self.refusal_data: Any = None
        self.disconnect_reason: str | None = None
        self._node = node
        self._number = number
        self._calls = itertools.count()
        self._answers: dict[int, list[Any]] = {}
        self._fences = 0
        self._news = threading.Condition()

    def reported(self, report: dict[str, Any]) -> None:
        """Take what client.mjs reports; called on Node's reading thread."""
        with self._news:
            match report["type"]:
                case "event" if report["event"] == "left_question" and report["args"] == [_FENCE]:
                    self._fences += 1
                case "event":
                    self.events.append(Received(report["event"], report["args"], report["at"]))
                case "answer":
                    self._answers[report["call"]] = report["args"]
                case "connect" | "upgrade":
                    self.transport = report["transport"]
                case "connect_error":
                    self.refusal, self.refusal_data = report["message"], report.get("data")
                case "disconnect":
                    self.disconnect_reason = report["reason"]
            self._news.notify_all()

    def _wait(self, ready: Callable[[], bool], what: str, timeout: float) -> None:
        with self._news:
            in_time = self._news.wait_for(lambda: ready() or self.disconnect_reason is not None, timeout)
            assert ready(), (
                f"no {what} within {timeout} s"
                if not in_time
                else f"disconnected ({self.disconnect_reason}) while waiting for {what}"
            )

    def begin(self, url: str, transport: str, token: str | None) -> None:
        """Start connecting, with a token where one is given."""
        auth = None if token is None else {"token": token}
        self._node.tell(do="connect", client=self._number, url=url, transport=transport, auth=auth)

    def connected(self, transport: str) -> None:
        """Wait until connected, over the transport that is meant to carry the events."""
        settled = "polling" if transport == "polling" else "websocket"
        self._wait(lambda: self.refusal is not None or self.transport == settled, f"connection over {settled}", LIMIT)
        assert self.refusal is None, f"connection refused: {self.refusal}"

    def refused(self) -> str:
        """Wait until the connection is refused, and give the reason."""
        self._wait(lambda: self.refusal is not None, "refusal", LIMIT)
        assert self.refusal is not None
        return self.refusal

    def emit(self, event: str, *args: Any) -> None:
        """Emit without an acknowledgement callback."""
        self._node.tell(do="emit", client=self._number, event=event, args=args, call=None)

    def call(self, event: str, *args: Any, timeout: float = LIMIT) -> Any:
        """Emit with an acknowledgement callback and give the one value that the callback got."""
        call = next(self._calls)
        self._node.tell(do="emit", client=self._number, event=event, args=args, call=call)
        self._wait(lambda: call in self._answers, f"answer to {event}", timeout)
        answer = self._answers.pop(call)
        assert len(answer) == 1, f"the callback of {event} got {len(answer)} values"
        return answer[0]

    def expect(self, event: str, timeout: float = LIMIT) -> Any:
        """Give the payload of the next event of that name, in the order in which they came."""
        return self.received(event, timeout).args[0]

    def received(self, event: str, timeout: float = LIMIT) -> Received:
        """As `expect`, with the time at which it came; the event must carry exactly one value."""
        self._wait(lambda: self._next(event) is not None, event, timeout)
        found = self._next(event)
        assert found is not None
        found.expected = True
        assert len(found.args) == 1, f"{event} carries {len(found.args)} values"
        return found

    def _next(self, event: str) -> Received | None:
        return next((one for one in self.events if one.event == event and not one.expected), None)

    def nothing(self, *events: str) -> None:
        """Fail when an event of these names came that nobody expected; a round trip first lets what was sent arrive."""
        assert events
        self.round_trip()
        surplus = [one for one in self.events if one.event in events and not one.expected]
        assert not surplus, surplus

    def round_trip(self) -> None:
        """Return when the server has answered something asked now, so that all it sent before is here."""
        before = self._fences
        self.emit("leave_question", _FENCE)
        self._wait(lambda: self._fences > before, "round trip", LIMIT)

    def join(self, question_id: int, user_type: str = "ELDER", user_id: int = 456) -> None:
        """Join a question and take the answer."""
        self.emit("join_question", {"question_id": question_id, "user_id": user_id, "user_type": user_type})
        assert self.expect("joined_question") == {"question_id": question_id}

    def bind(self, user_id: int) -> None:
        """Bind a user and take the answer."""
        self.emit("bind_user", {"user_id": user_id})
        assert self.expect("bind_user:ack") == {"success": True, "user_id": user_id}

    def send(self, question_id: int, text: str = "您好", **changes: Any) -> dict[str, Any]:
        """Send a message, take the successful answer and give the stored message."""
        self.emit("send_message", message(question_id, text, **changes))
        answer = self.expect("send_message:ack")
        assert answer["success"] is True, answer
        data: dict[str, Any] = answer["data"]
        return data

    def disconnected(self, timeout: float = LIMIT) -> str:
        """Wait until the connection has ended and give the client's reason."""
        with self._news:
            assert self._news.wait_for(lambda: self.disconnect_reason is not None, timeout), "still connected"
        assert self.disconnect_reason is not None
        return self.disconnect_reason

    def disconnect(self) -> None:
        """End the connection from this side."""
        self._node.tell(do="disconnect", client=self._number)


class Clients:
    """The clients of one test."""

    def __init__(self, node: Node, default_server: Callable[[], Server]) -> None:
        self._node = node
        self._default_server = default_server
        self._clients: list[Client] = []

    def connect(self, transport: str = "websocket", to: Server | None = None, token: str | None = None) -> Client:
        """Connect one client, to the module's server when no other is named."""
        client = self.connecting(transport, to, token)
        client.connected(transport)
        return client

    def connect_all(self, transports: list[str], to: Server | None = None) -> list[Client]:
        """Connect several clients at the same time, one for each transport named."""
        pairs = [(self.connecting(transport, to), transport) for transport in transports]
        for client, transport in pairs:
            client.connected(transport)
        return [client for client, _ in pairs]

    def connecting(self, transport: str, to: Server | None = None, token: str | None = None) -> Client:
        """Start to connect one client and do not wait."""
        client = self._node.client()
        self._clients.append(client)
        client.begin((to or self._default_server()).url, transport, token)
        return client

    def close(self) -> None:
        """Disconnect them all."""
        for client in self._clients:
            client.disconnect()


def message(question_id: int, /, text: str | None = "您好", **changes: Any) -> dict[str, Any]:
    """Give the payload of a plain text message, changed."""
    return {
        "question_id": question_id,
        "sender_type": "STAFF",
        "sender_id": 456,
        "content_type": "TEXT",
        "content_text": text,
        **changes,
    }
