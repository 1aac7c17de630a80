"""Starts that cannot be: each says why in one line, changes nothing, and succeeds when the cause is gone."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests import server as tests_server
from tests.clients import Clients
from tests.conftest import StartServer
from tests.faults.test_read_only import ABOVE_MODES
from tests.server import Server, run
from tests.store.dump import dump
from tests.store.filled import change, older


def refusal(database: Path, folder: Path, *arguments: str) -> str:
    """Start in vain and give the one line that says why."""
    wanted = ["--port", "0", "--database", str(database), "--log-level", "error", *arguments]
    result = run("serve", *wanted, folder=folder)
    assert (result.returncode, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_the_port_is_in_use(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    text = refusal(tmp_path / "other.db", tmp_path, "--port", str(server.port))
    assert text == f"careline: cannot listen on 127.0.0.1 port {server.port}: Address already in use"
    assert not (tmp_path / "other.db").exists()
    assert server.http("GET", "/health").status == 200, "the first one does not notice"


def test_the_database_is_in_use(start_server: StartServer, clients: Clients, tmp_path: Path) -> None:
    server = start_server()
    question_id = server.open_question()
    client = clients.connect(to=server)
    client.join(question_id)
    text = refusal(server.database, tmp_path)
    assert text == f"careline: {server.database} is in use by another Careline"
    stored = client.send(question_id)
    assert client.expect("new_message") == stored
    server.kill()
    server.start()
    assert server.messages(question_id) == [stored], "a lock dies with its process"


@pytest.fixture
def _no_more_than_modes_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's program is as bound by the modes of files as anybody's."""
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may write everything here")
        command = ["setpriv", f"--bounding-set={ABOVE_MODES}", *tests_server.COMMAND]
        monkeypatch.setattr("tests.server.COMMAND", command)


@pytest.mark.usefixtures("_no_more_than_modes_allow")
@pytest.mark.parametrize("words", [["serve", "--port", "0"], ["check"], ["backup", "copy.db"], ["restore", "copy.db"]])
def test_a_folder_that_may_not_be_entered(tmp_path: Path, words: list[str]) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o000)
    (tmp_path / "copy.db").symlink_to(closed / "copy.db")
    result = run(*words, "--database", str(closed / "careline.db"), "--log-level", "error", folder=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(r"careline: cannot .*: Permission denied\n", result.stderr)


@pytest.mark.usefixtures("_no_more_than_modes_allow")
@pytest.mark.parametrize("there", [False, True], ids=["new", "there already"])
def test_a_folder_that_may_not_be_written(tmp_path: Path, there: bool) -> None:
    server = Server(tmp_path)
    if there:
        server.start()
        server.open_question()
        server.stop()
    before = sorted(path.name for path in tmp_path.iterdir())
    tmp_path.chmod(0o555)
    try:
        text = refusal(server.database, tmp_path)
        assert text.startswith("careline: cannot ")
        assert str(server.database) in text
        assert sorted(path.name for path in tmp_path.iterdir()) == before
    finally:
        tmp_path.chmod(0o755)
    server.start()
    server.open_question()
    server.close()


def test_a_newer_database(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    question_id = server.open_question()
    server.stop()
    with closing(sqlite3.connect(server.database)) as connection:
        connection.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_of_tomorrow', '2099-01-01')")
        connection.commit()
    before = dump(server.database)
    text = refusal(server.database, tmp_path)
    assert str(server.database) in text
    assert "newer Careline" in text
    assert "9999_of_tomorrow" in text
    assert dump(server.database) == before
    with closing(sqlite3.connect(server.database)) as connection:
        connection.execute("DELETE FROM schema_migration WHERE name = '9999_of_tomorrow'")
        connection.commit()
    server.start()
    assert server.messages(question_id) == []


def test_a_migration_that_fails_half_way(start_server: StartServer, clients: Clients, tmp_path: Path) -> None:
    """A file of the first schema in which the second one's index has a double: its column comes, its index can't."""
    server = start_server()
    server.stop()
    server.database.unlink()
    change(older(server.database, tmp_path / "first"), "CREATE INDEX message_of_client ON message (sender_id)")
    before = dump(server.database)
    for _ in range(2):
        text = refusal(server.database, tmp_path)
        assert str(server.database) in text
        assert "message_of_client" in text
        assert dump(server.database) == before
    with closing(sqlite3.connect(server.database)) as connection:
        connection.execute("DROP INDEX message_of_client")
    server.start()
    (question,) = server.http("GET", "/api/questions").body["items"]
    assert question["title"] == "旧"
    client = clients.connect(to=server)
    first = client.send(question["id"], "之后", client_msg_id="甲")
    assert client.send(question["id"], "之后", client_msg_id="甲") == first
