"""A start that migrates for a while: it refuses connections, tells how far it is, and ends when it is asked to."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from store import schema
from tests.consult.process.test_systemd import Manager
from tests.server import Server, wait_until
from tests.store.file import rows
from tests.store.filled import integrity
from tests.store.leave_schema import FOLDER, load

EVERY: Final = sorted(one.stem for one in schema.MIGRATIONS.glob("0*.py"))
OLD: Final = "0002_client_msg_id"
PENDING: Final = EVERY[EVERY.index(OLD) + 1 :]
COPYING: Final = "copying the database before its migration"
MIGRATING: Final = [
    f"bringing the database to schema {name}, {place} of {len(PENDING)}" for place, name in enumerate(PENDING, 1)
]
# Notifications: the migrations that make their table anew, or go through it, take a while.
MANY: Final = 200_000
FILL: Final = f"""WITH RECURSIVE number (one) AS (SELECT 1 UNION ALL SELECT one + 1 FROM number WHERE one < {MANY})
    INSERT INTO user_notification
        (user_id, biz_type, biz_id, title, content, status, created_at, task_id, occurrence_at)
    SELECT user_id, biz_type, biz_id, title, content, status, created_at, task_id, occurrence_at + one
    FROM number, (SELECT * FROM user_notification LIMIT 1)"""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = load(tmp_path_factory.mktemp("old") / "old.db", FOLDER / f"{OLD}.sql")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(FILL)
        connection.commit()
    return path


@pytest.fixture
def server(old: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that is not started yet, with the database beside it."""
    folder = tmp_path / "server"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(folder, "--port", str(port), nginx=False)
    server.port = port
    shutil.copy(old, server.database)
    yield server
    server.close()


def told(server: Server) -> list[str]:
    """Give what the log says of the start, in its order."""
    lines = [json.loads(line)["message"] for line in server.stderr().splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in lines if line.startswith(("copying", "bringing", "stopp"))]


def named(line: str) -> str:
    """Give a line without how far it is, and how long it takes."""
    return re.sub(r"(, \d+%)?, \d+ s$", "", line)


def notifications(path: Path) -> int:
    (count,) = rows(path, "SELECT count(*) FROM user_notification")
    return int(count)


def test_it_listens_once_it_can_serve(server: Server, old: Path, tmp_path: Path) -> None:
    server.set_environment(NOTIFY_SOCKET=str(tmp_path / "notify"))
    with closing(Manager(str(tmp_path / "notify"))) as manager:
        server.launch()
        heard = [manager.hears()]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))
        assert told(server)[-1] != MIGRATING[-1], "it was refused in the middle of it"
        while not heard[-1].startswith("READY"):
            heard.append(manager.hears(30))
    server.await_listening()
    assert heard[-1] == f"READY=1\nSTATUS=Listening on {server.url}"
    assert server.http("GET", "/health").status == 200
    assert list(dict.fromkeys(map(named, told(server)))) == [COPYING, *MIGRATING]
    assert notifications(server.database) == notifications(old)
    texts = []
    for one in heard[:-1]:
        longer, _, status = one.partition("\nSTATUS=")
        assert re.fullmatch(r"EXTEND_TIMEOUT_USEC=\d{8,}", longer)
        assert re.search(r", \d+ s$", status)
        texts.append(named(status))
    assert list(dict.fromkeys(texts)) == [COPYING, *MIGRATING]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("doing", [COPYING, MIGRATING[0], MIGRATING[1]], ids=["copying", *PENDING[:2]])
def test_a_signal_ends_it_with_one_line(server: Server, old: Path, number: signal.Signals, doing: str) -> None:
    server.launch()
    wait_until(lambda: doing in told(server), doing, limit=30)
    server.stop(number)
    *before, last = told(server)
    assert last == f"stopped while {named(before[-1])}: nothing is lost, and the next start goes on from there"
    applied = schema.status(server.database).applied
    assert applied != EVERY, "it was in the middle of it"
    # What was under way is taken back, what came before stays.
    assert applied == EVERY[: len(EVERY) - len(PENDING) + max(len(set(map(named, before))) - 2, 0)]
    assert integrity(server.database) == "ok"
    assert notifications(server.database) == notifications(old)
    assert [path.name for path in server.folder.iterdir() if ".partial" in path.name] == []
    server.start()
    assert notifications(server.database) == notifications(old)
    assert schema.status(server.database).applied == EVERY
