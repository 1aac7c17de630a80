"""Front ends that bind once and join once (returning.mjs), a network that is cut, and traffic not to be missed."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, Final

from tests.clients import message, node_environment
from tests.packets import Closed, Websocket
from tests.server import LIMIT, ROOT, Server, in_seconds, new_id, reminder, wait_until

CLIENTS: Final = ("socket.io-client-4.6", "socket.io-client-4.7", "socket.io-client")
TRANSPORTS: Final = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}
CHUNK: Final = 65_536


@dataclass
class Person:
    """Who logs in at a front end, and what it looks at."""

    question_id: int
    user_type: str = "ELDER"
    user_id: int = field(default_factory=new_id)
    after_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As returning.mjs takes it."""
        return {name: value for name, value in vars(self).items() if value is not None}


class FrontEnd:
    """One Node process with one official client; `saw` holds all that it tells, in order."""

    def __init__(
        self, url: str, people: Sequence[Person], *, client: str, transport: str, token: str | None = None
    ) -> None:
        self.saw: list[list[Any]] = []
        given = {
            "client": client,
            "url": url,
            "transports": TRANSPORTS[transport],
            "token": token,
            "people": [person.as_json() for person in people],
        }
        self._process = subprocess.Popen(
            ["node", str(ROOT / "tests" / "returning.mjs"), json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=node_environment(),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.saw.append(json.loads(line))

    def told(self, kind: str) -> list[Any]:
        """Give what it told of that kind."""
        return [one[1] for one in list(self.saw) if one[0] == kind and len(one) > 2]

    def count(self, kind: str) -> int:
        """Give how often it told something of that kind."""
        return sum(one[0] == kind for one in list(self.saw))

    def is_there(self) -> None:
        """Wait until it has joined."""
        wait_until(lambda: self.count("joined"), "joined_question", 2 * LIMIT)

    def say(self, line: str) -> None:
        """Have it do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def repeats(self, kind: str, ends: Sequence[float]) -> list[float]:
        """For each thing that it saw again, how many seconds before its connection ended it had seen it. `ends` has
        each end in seconds since 1970: a cut may take a client long to notice."""
        first: dict[Any, int] = {}
        ages, ended_at = [], 0.0
        for name, *rest in list(self.saw):
            if name == "disconnect":
                ended_at = max(end * 1000 for end in ends if end * 1000 <= rest[-1] + 1)
            elif name == kind:
                number, at = rest
                if number in first:
                    ages.append((ended_at - first[number]) / 1000)
                first[number] = at
        return ages

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait(LIMIT)
        self._reader.join(LIMIT)
        self._process.stdin.close()
        self._process.stdout.close()


class Network:
    """A network between front ends and a server, which is cut without a word."""

    def __init__(self, port: Callable[[], int]) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._lines: set[socket.socket] = set()
        self._changing = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self._port()), LIMIT) as far:
            far.settimeout(None)
            with self._changing:
                self._lines |= {near, far}
            back = threading.Thread(target=_carry, args=(far, near))
            back.start()
            _carry(near, far)
            back.join()
            with self._changing:
                self._lines -= {near, far}

    def cut(self) -> None:
        """End all that goes through it; what is on its way is lost."""
        with self._changing:
            for line in self._lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def cut_off(self, front_end: FrontEnd) -> None:
        """Cut it until the front end has noticed: between two polls there is no line that could be cut."""
        before = front_end.count("disconnect")

        def noticed() -> bool:
            if front_end.count("disconnect") > before:
                return True
            self.cut()
            return False

        wait_until(noticed, "the end of its connection")

    def close(self) -> None:
        """End it."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        wait_until(lambda: not self._lines, "the end of its lines")


def _carry(reading: socket.socket, writing: socket.socket) -> None:
    with suppress(OSError):
        while data := reading.recv(CHUNK):
            writing.sendall(data)
    for line in (reading, writing):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


class Traffic:
    """Messages in a question and reminders for a user, each until it is known to be stored."""

    def __init__(self, server: Server, question_id: int, user_id: int, pause: float = 0.02) -> None:
        self.sent = self.reminded = 0
        self.opening = threading.Lock()  # while a connection is opened, or the server is down
        self._server = server
        self._question_id = question_id
        self._user_id = user_id
        self._pause = pause
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._send), threading.Thread(target=self._remind)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        sender: Websocket | None = None
        while not self._over.is_set():
            try:
                if sender is None:
                    with self.opening:
                        sender = Websocket(self._server)
                        sender.enter()
                text = f"m{self.sent}"
                answer = sender.call("send_message", message(self._question_id, text, client_msg_id=text))
                assert answer["success"], answer
                self.sent += 1
            except (Closed, OSError, TimeoutError):
                if sender is not None:
                    sender.close()
                sender = None
            time.sleep(self._pause)
        if sender is not None:
            sender.close()

    def _remind(self) -> None:
        while not self._over.is_set():
            key = f"r{self.reminded}-{self._user_id}"
            with suppress(OSError, HTTPException):
                body = reminder(self._user_id, in_seconds(-1), title=key)
                answer = self._server.http("POST", "/api/reminders", json=body, headers={"Idempotency-Key": key})
                self.reminded += answer.status in (200, 201)
            time.sleep(self._pause * 3)

    def finish(self) -> None:
        """Send no more; what was begun is stored."""
        self._over.set()
        for thread in self._threads:
            thread.join(3 * LIMIT)
