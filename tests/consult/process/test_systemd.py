"""What systemd hears of a server, over a real socket in its place."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import StartServer
from tests.server import LIMIT, in_seconds, new_id, wait_until
from tests.store.file import write_locked

WATCHED: Final = {"WATCHDOG_USEC": "60000000"}
TICK: Final = 1.0  # seconds: the loop looks at least so often


class Manager:
    """Listens as systemd does."""

    def __init__(self, address: str) -> None:
        self.named = address.replace("\0", "@")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)

    def hears(self, limit: float = LIMIT) -> str:
        """Give the next message; TimeoutError when none comes."""
        self._socket.settimeout(limit)
        return self._socket.recv(4096).decode()

    def has_heard(self) -> list[str]:
        """Give the messages that are there already."""
        heard = []
        try:
            while True:
                heard.append(self.hears(0))
        except BlockingIOError:
            return heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    path = str(tmp_path / "notify")
    manager = Manager(path if request.param == "path" else f"\0{path}")
    yield manager
    manager.close()


def test_it_is_ready_alive_and_stopping(start_server: StartServer, manager: Manager) -> None:
    server = start_server(env={"NOTIFY_SOCKET": manager.named, **WATCHED})
    assert manager.hears() == f"READY=1\nSTATUS=Listening on {server.url}"
    server.open_question()
    for _ in range(3):
        assert manager.hears() == "WATCHDOG=1"
    server.stop()
    assert manager.has_heard()[-1] == "STOPPING=1"


@pytest.mark.parametrize("manager", ["path"], indirect=True)
def test_a_loop_that_gets_nowhere_is_not_alive(start_server: StartServer, manager: Manager) -> None:
    server = start_server(env={"NOTIFY_SOCKET": manager.named, **WATCHED})
    user_id = new_id()
    server.make_reminder(user_id, in_seconds(2))
    with write_locked(server.database):
        wait_until(lambda: "due reminders could not be written" in server.stderr(), "the loop's failure")
        manager.has_heard()
        with pytest.raises(TimeoutError):
            manager.hears(3 * TICK)
    assert manager.hears() == "WATCHDOG=1"
    assert len(server.notifications(user_id)) == 1


@pytest.mark.parametrize("manager", ["path"], indirect=True)
def test_nobody_watches(start_server: StartServer, manager: Manager) -> None:
    server = start_server(env={"NOTIFY_SOCKET": manager.named})
    assert manager.hears().startswith("READY=1\n")
    with pytest.raises(TimeoutError):
        manager.hears(2 * TICK)
    server.stop()
    assert manager.hears() == "STOPPING=1"


def test_nobody_listens(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(env={"NOTIFY_SOCKET": str(tmp_path / "nobody"), **WATCHED})
    assert server.http("GET", "/health").status == 200
