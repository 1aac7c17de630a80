"""The disk is full, or the file may not grow: writes are refused, reads go on, and the server recovers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from tests import server as tests_server
from tests.clients import message
from tests.conftest import Enter, StartServer
from tests.faults.ordeal import Ordeal, no_growth
from tests.packets import Websocket
from tests.server import Server, in_seconds, new_id, wait_until

MEGABYTE: Final = 1024 * 1024
# Mounts a small file system on $0, which nobody else sees and which is gone with the program that it runs.
MOUNT: Final = f'mount -t tmpfs -o size={6 * MEGABYTE} tmpfs "$0" && exec "$@"'


def inside(server: Server, path: Path) -> Path:
    """Give the way into the file systems of the server's process."""
    return Path(f"/proc/{server.process.pid}/root{path}")


@contextmanager
def ballast(server: Server) -> Iterator[None]:
    """Fill the server's disk to the last byte."""
    file = inside(server, server.database.with_name("ballast"))
    with file.open("wb", buffering=0) as filling, suppress(OSError):
        while room := os.statvfs(file.parent).f_bavail:
            filling.write(bytes(room * 4096))
    try:
        yield
    finally:
        file.unlink()


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server whose database is on a disk of a few megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    for alone in ["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]:
        if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0:
            break
    else:
        pytest.skip("nothing can be mounted here")
    command = [*alone, "sh", "-c", MOUNT, str(folder), *tests_server.COMMAND]
    server = Server(tmp_path)
    server.database = folder / "careline.db"
    with monkeypatch.context() as patch:
        patch.setattr("tests.server.COMMAND", command)
        server.start()
    yield server
    server.close()


def test_the_disk_is_full(small_disk: Server, enter: Enter, tmp_path: Path) -> None:
    server = small_disk
    ordeal = Ordeal(server, enter)
    ordeal.remind(-1)
    ordeal.remind(1)
    with ordeal.traffic():
        with ballast(server):
            ordeal.holds(1)
        ordeal.ends_well()
    assert "database or disk is full" in server.stderr()
    # The disk goes with the program, so what a power cut would have left is copied.
    server.process.send_signal(signal.SIGSTOP)
    copied = tmp_path / "copied"
    shutil.copytree(inside(server, server.database.parent), copied)
    server.kill()
    server.database = copied / "careline.db"
    server.start()
    ordeal.check_stored()


def test_the_file_may_not_grow(start_server: StartServer, enter: Enter) -> None:
    """As it is with a quota; SQLite then tells of an I/O error, after which nobody knows what a connection is worth."""
    server = start_server()
    ordeal = Ordeal(server, enter)
    ordeal.remind(-1)
    ordeal.remind(1)
    with ordeal.traffic():
        with no_growth(server):
            ordeal.holds(1)
        ordeal.ends_well()
    server.kill()
    server.start()
    ordeal.check_stored()


def test_what_writes_nothing_proves_nothing(start_server: StartServer, enter: Enter) -> None:
    server = start_server()
    question_id = server.open_question()
    client = enter(Websocket, server)
    sent = message(question_id, client_msg_id="甲-1")
    first = client.call("send_message", sent)
    with no_growth(server):
        assert not client.call("send_message", message(question_id))["success"]
        assert server.http("GET", "/health").status == 503
        assert client.call("send_message", sent) == first, "a repeat needs no writing"
        assert server.http("GET", "/health").status == 503


def test_it_is_told_in_words(start_server: StartServer) -> None:
    """A full disk is no bug: the log says so in a line or two, not in tracebacks."""
    server = start_server()
    user_id = new_id()
    server.make_reminder(user_id, in_seconds(2))
    with no_growth(server):
        wait_until(lambda: server.http("GET", "/health").status == 503, "the bad health")
    wait_until(lambda: server.notifications(user_id), "the notification")
    assert "Traceback" not in server.stderr()
    assert "disk I/O error" in server.stderr()
