"""A damaged database: told at the start where that can be known, answered truthfully where it is met later."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.clients import message
from tests.conftest import Enter
from tests.faults.ordeal import NOT_KNOWN, NOT_STORED
from tests.packets import Websocket
from tests.protocol.catching_up import say
from tests.server import Server, in_seconds, new_id, run, wait_until

PAGE: Final = 4096


def damage(database: Path, what: str) -> None:
    """Overwrite the header, the first page of a table or an index, or cut the file in half."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (what,)).fetchone()
    with database.open("r+b") as file:
        match what:
            case "half":
                file.truncate(database.stat().st_size // 2)
            case "header":
                file.write(b"\xff" * 100)
            case "schema":
                file.seek(100)
                file.write(b"\xff" * (PAGE - 100))
            case _:
                file.seek((found[0] - 1) * PAGE)
                file.write(b"\xff" * PAGE)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with 1,000 messages in question 1, and with question 2."""
    server = Server(tmp_path_factory.mktemp("sound"))
    server.start()
    question_id, _ = server.open_question(), server.open_question()
    with closing(Websocket(server)) as client:
        client.enter()
        say(client, question_id, ["字" * 100] * 1000)
    server.close()
    return server.database


@pytest.fixture
def filled(sound: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that does not run yet, with a copy of that database."""
    server = Server(tmp_path)
    shutil.copy(sound, server.database)
    yield server
    server.close()


@pytest.mark.parametrize("what", ["header", "schema", "message"])
def test_it_does_not_start(filled: Server, what: str) -> None:
    damage(filled.database, what)
    before = filled.database.read_bytes()
    for command in "serve", "check":
        arguments = ["--port", "0", "--database", str(filled.database), "--log-level", "error"]
        result = run(command, *arguments, folder=filled.folder)
        assert (result.returncode, result.stdout) == (1, "")
        assert len(result.stderr.splitlines()) == 1, result.stderr
        assert str(filled.database) in result.stderr
        assert filled.database.read_bytes() == before


@pytest.mark.parametrize("what", ["half", "message_of_question", "question"])
def test_check_finds_it(filled: Server, what: str) -> None:
    damage(filled.database, what)
    result = run("check", "--database", str(filled.database), folder=filled.folder)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert str(filled.database) in result.stderr


@pytest.mark.parametrize("what", ["message_of_question", "question"])
class TestWhileItServes:
    """Damage where messages are written, which no start notices."""

    def test_sends_fail_and_the_rest_goes_on(self, filled: Server, enter: Enter, what: str) -> None:
        damage(filled.database, what)
        filled.allow_tracebacks = True
        filled.start()
        client = enter(Websocket, filled)
        user_id = new_id()
        for _ in range(3):
            answer = client.call("send_message", message(1, "写不进"))
            assert answer["success"] is False
            assert answer["message"] in (NOT_STORED, NOT_KNOWN)
        client.call("bind_user", {"user_id": user_id})
        filled.make_reminder(user_id, in_seconds(-1), title="照样响")
        wait_until(lambda: filled.notifications(user_id), "the notification")
        leave = ["leave_question", {"question_id": 1}]
        wait_until(lambda: client.call(*leave) and client.named("notification:new"), "its push")
        assert [one["title"] for one in client.named("notification:new")] == ["照样响"]
        filled.stop()
        with closing(sqlite3.connect(filled.database)) as connection:
            counted = connection.execute("SELECT count(*) FROM message NOT INDEXED WHERE content_text = '写不进'")
            assert counted.fetchone() == (0,)

    def test_health_says_so(self, filled: Server, enter: Enter, what: str) -> None:
        damage(filled.database, what)
        filled.allow_tracebacks = True
        filled.start()
        client = enter(Websocket, filled)
        for _ in range(3):
            assert client.call("send_message", message(1, "写不进"))["success"] is False
            assert filled.http("GET", "/health").status == 503
