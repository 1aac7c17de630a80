"""The audit: who did what is written down, and nothing of what was said."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.clients import message
from tests.conftest import StartServer
from tests.entry.world import reminder
from tests.packets import Kind, Polling, Websocket
from tests.server import Server, new_id, run, wait_until
from tests.tokens import key_file, token

CONFIDENTIAL = "血压 150/95，请勿外传"


class Trail:
    """A server with tokens on, and what its audit says."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clinic = token(new_id(), "SERVICE")

    def rows(self, *arguments: str) -> list[list[str]]:
        """Give what `careline audit` prints, without the time, which every line begins with."""
        done = run("audit", "--database", str(self.server.database), *arguments, folder=self.server.folder)
        assert done.returncode == 0, done.stderr
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        for line in lines:
            time.strptime(line[0], "%Y-%m-%d %H:%M:%S")
        return [line[1:] for line in lines]

    def of(self, user_id: int, count: int) -> list[list[str]]:
        """Give a user's rows when there are so many."""
        arguments = ("--user-id", str(user_id))
        return wait_until(lambda: rows if len(rows := self.rows(*arguments)) >= count else None, "the rows") or []

    def http(self, method: str, path: str, shown: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {shown}"}
        if body is None:
            return self.server.http(method, path, headers=headers)
        return self.server.http(method, path, json=body, headers=headers)

    def open_question(self, elder_id: int) -> int:
        answer = self.http("POST", "/api/questions", self.clinic, {"title": CONFIDENTIAL, "elder_id": elder_id})
        question_id: int = answer.body["id"]
        return question_id


@pytest.fixture(scope="module")
def trail(server: Server) -> Trail:
    return Trail(server)


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_what_is_done_over_a_socket(trail: Trail, kind: Kind) -> None:
    user_id = new_id()
    own, foreign = trail.open_question(user_id), trail.open_question(1)
    shown = token(user_id, "ELDER")
    with closing(kind(trail.server)) as connection:
        connection.enter(shown)
        join = {"question_id": own, "user_id": user_id, "user_type": "ELDER"}
        connection.call("join_question", join)
        connection.call("join_question", {**join, "question_id": foreign})
        connection.call("join_question", {**join, "user_id": 5})
        connection.call("join_question", {**join, "user_id": "wrong"})
        connection.call("bind_user", {"user_id": user_id})
        connection.call("send_message", message(own, CONFIDENTIAL, sender_id=user_id, sender_type="ELDER"))
        connection.call("send_message", message(foreign, CONFIDENTIAL, sender_id=user_id, sender_type="ELDER"))
        connection.call("leave_question", {"question_id": own})
    who = [f"ELDER {user_id}", "127.0.0.1"]
    assert trail.of(user_id, 7) == [
        [*who, "connect", "", "ok"],
        [*who, "join_question", f"question {own}", "ok"],
        [*who, "join_question", f"question {foreign}", "QUESTION_NOT_FOUND"],
        [*who, "join_question", f"question {own}", "FORBIDDEN"],
        [*who, "bind_user", f"user {user_id}", "ok"],
        [*who, "send_message", f"question {own}", "ok"],
        [*who, "send_message", f"question {foreign}", "QUESTION_NOT_FOUND"],
    ]


def test_what_is_done_over_http(trail: Trail) -> None:
    user_id = new_id()
    shown = token(user_id, "ELDER")
    foreign = trail.open_question(1)
    own = trail.http("POST", "/api/questions", shown, {"title": CONFIDENTIAL, "elder_id": user_id}).body["id"]
    trail.http("GET", f"/api/questions/{own}/messages", shown)
    trail.http("GET", f"/api/questions/{foreign}/messages?user_type=STAFF", shown)
    trail.http("PATCH", f"/api/questions/{own}", shown, {"status": "CLOSED"})
    trail.http("PATCH", f"/api/questions/{own}", shown, {"status": "wrong"})
    trail.http("GET", "/api/questions", shown)
    trail.http("POST", "/api/questions", shown, {"title": CONFIDENTIAL, "elder_id": 1})
    trail.http("GET", "/metrics", shown)
    task = trail.http("POST", "/api/reminders", shown, reminder(user_id)).body["id"]
    trail.http("DELETE", f"/api/reminders/{task}", shown)
    trail.http("GET", "/api/users/1/notifications", shown)
    who = [f"ELDER {user_id}", "127.0.0.1"]
    assert trail.of(user_id, 9) == [
        [*who, "POST /api/questions", f"question {own}", "ok"],
        [*who, "GET /api/questions/{question_id}/messages", f"question {own}", "ok"],
        [*who, "GET /api/questions/{question_id}/messages", f"question {foreign}", "QUESTION_NOT_FOUND"],
        [*who, "PATCH /api/questions/{question_id}", f"question {own}", "ok"],
        [*who, "GET /api/questions", "question", "ok"],
        [*who, "POST /api/questions", "question", "FORBIDDEN"],
        [*who, "POST /api/reminders", f"reminder {task}", "ok"],
        [*who, "DELETE /api/reminders/{id}", f"reminder {task}", "ok"],
        [*who, "GET /api/users/{user_id}/notifications", "user 1", "FORBIDDEN"],
    ]


def test_it_holds_no_content_and_no_token(trail: Trail) -> None:
    user_id = new_id()
    shown = token(user_id, "ELDER", name="张三 的名字")
    own = trail.open_question(user_id)
    with closing(Websocket(trail.server)) as connection:
        connection.enter(shown)
        connection.call("send_message", message(own, CONFIDENTIAL, sender_id=user_id, sender_type="ELDER"))
    trail.of(user_id, 2)
    with closing(sqlite3.connect(trail.server.database)) as file:
        rows = file.execute("SELECT * FROM audit").fetchall()
    whole = repr(rows) + trail.server.stderr() + trail.server.http("GET", "/health").body["status"]
    for secret in (CONFIDENTIAL, "张三", shown, shown.split(".")[1], shown.split(".")[2]):
        assert secret not in whole


def test_since(trail: Trail) -> None:
    user_id = new_id()
    trail.http("GET", "/api/questions", token(user_id, "ELDER"))
    assert len(trail.of(user_id, 1)) == 1
    assert trail.rows("--user-id", str(user_id), "--since", "2020-01-01 00:00") == trail.of(user_id, 1)
    assert trail.rows("--since", "2099-01-01 00:00") == []
    for wrong in (("--since", "yesterday"), ("--user-id", "x"), ("--ttl", "5")):
        done = run("audit", "--database", str(trail.server.database), *wrong, folder=trail.server.folder)
        assert (done.returncode, wrong[0] in done.stderr) == (2, True)


def test_no_call_changes_it(trail: Trail) -> None:
    trail.open_question(1)
    wait_until(trail.rows, "a row")
    with closing(sqlite3.connect(trail.server.database)) as file, pytest.raises(sqlite3.IntegrityError, match="audit"):
        file.execute("UPDATE audit SET user_id = 5")


def test_it_is_whole_after_a_stop(start_server: StartServer, tmp_path: Path) -> None:
    """And more rows than are written at once come in their order."""
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    trail, user_id = Trail(server), new_id()
    own = trail.open_question(user_id)
    with closing(Websocket(server)) as connection:
        connection.enter(token(user_id, "ELDER"))
        send = ["send_message", message(own, sender_id=user_id, sender_type="ELDER")]
        connection.call_all([send] * 1200)
        connection.call("bind_user", {"user_id": user_id})
        server.stop()
    rows = trail.rows("--user-id", str(user_id))
    assert [row[2] for row in rows] == ["connect", *["send_message"] * 1200, "bind_user"]


def test_it_waits_while_the_file_cannot_be_written(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    trail, user_id = Trail(server), new_id()
    with closing(sqlite3.connect(server.database, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        trail.http("GET", "/api/questions", token(user_id, "ELDER"))
        wait_until(lambda: "the audit could not be written" in server.stderr(), "a try")
        file.execute("ROLLBACK")
    assert len(trail.of(user_id, 1)) == 1


def test_without_tokens_there_is_none(start_server: StartServer) -> None:
    server = start_server()
    server.open_question()
    server.stop()
    assert Trail(server).rows() == []
