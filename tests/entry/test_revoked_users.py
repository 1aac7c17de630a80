"""`careline token --revoke-user`: all tokens of a user that were issued until now."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.entry.test_handshake import TEXTS, answered, refusal
from tests.json_text import encode
from tests.packets import Closed, Kind, Polling, Websocket
from tests.server import Server, new_id, run
from tests.tokens import key_file, token


def revoke_user(server: Server, user_id: int | str, *more: str) -> Any:
    """Run the command beside the server. It needs no key."""
    words = ("--revoke-user", str(user_id), *more, "--database", str(server.database))
    return run("token", *words, folder=server.folder)


def status(server: Server, shown: str) -> int:
    return server.http("GET", "/api/questions", headers={"Authorization": f"Bearer {shown}"}).status


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_every_token_until_now_ends(server: Server, kind: Kind) -> None:
    """Those of other users and those made afterwards are good."""
    user_id = new_id()
    issued = int(time.time()) - 1
    old = [
        token(user_id, "ELDER", jti="a", iat=issued),
        token(user_id, "ELDER", jti="b", iat=issued - 86_400),
        token(user_id, "STAFF", iat=int(time.time())),
        token(user_id, "ELDER", jti="says not when"),
    ]
    other = token(new_id(), "ELDER", iat=issued)
    connections = [kind(server) for _ in old]
    for connection, shown in zip(connections, old, strict=True):
        connection.enter(shown)
    kept = kind(server)
    kept.enter(other)
    done = revoke_user(server, user_id)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert f"user {user_id}" in done.stdout
    for connection in connections:
        with pytest.raises(Closed):
            connection.read_to_the_end()
        if kind is Websocket:
            assert connection.named("error") == [{"code": "UNAUTHENTICATED", "message": TEXTS["revoked"]}]
    again = kind(server)
    for shown in old:
        assert answered(again, "40" + encode({"token": shown}).decode()) == refusal("revoked")
        assert status(server, shown) == 401
    again.enter(token(user_id, "ELDER", iat=int(time.time())))
    assert status(server, token(user_id, "ELDER", iat=int(time.time()))) == 200
    assert kept.call("leave_question", {"question_id": 1}) == {"question_id": 1}
    for connection in (*connections, kept, again):
        connection.close()


def test_of_one_type_alone(server: Server) -> None:
    user_id = new_id()
    shown = {user_type: token(user_id, user_type, iat=int(time.time())) for user_type in ("ELDER", "STAFF")}
    assert revoke_user(server, user_id, "--user-type", "STAFF").returncode == 0
    time.sleep(1)  # the bound that the protocol gives for it
    assert [status(server, one) for one in shown.values()] == [200, 401]
    assert revoke_user(server, user_id, "--user-type", "ELDER").returncode == 0
    time.sleep(1)
    assert [status(server, one) for one in shown.values()] == [401, 401]


def test_it_holds_after_a_restart(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    shown = token(7, "STAFF", iat=int(time.time()))
    assert status(server, shown) == 200
    for _ in range(2):
        assert revoke_user(server, 7).returncode == 0
    server.restart()
    assert status(server, shown) == 401
    with closing(sqlite3.connect(server.database)) as file:
        assert file.execute("SELECT count(*) FROM revoked_user").fetchone() == (1,), "one row for a user and type"


def test_a_token_of_the_command_says_when_it_was_made(server: Server, tmp_path: Path) -> None:
    words = ("--user-id", "7", "--user-type", "STAFF", "--auth-secret-file", str(key_file(tmp_path)))
    old = run("token", *words, folder=tmp_path).stdout.strip()
    assert revoke_user(server, 7).returncode == 0
    new = run("token", *words, folder=tmp_path).stdout.strip()
    time.sleep(1)
    assert (status(server, old), status(server, new)) == (401, 200)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("0",), "--revoke-user"),
        (("x",), "--revoke-user"),
        (("7", "--user-type", "NURSE"), "--user-type"),
        (("7", "--ttl", "5"), "--ttl"),
        (("7", "--user-id", "7"), "--user-id"),
    ],
)
def test_what_is_wrong_is_named(server: Server, words: tuple[str, ...], named: str) -> None:
    done = revoke_user(server, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"careline: {named}: ")


def test_a_revocation_does_not_move_the_wal_into_the_file(server: Server) -> None:
    """A checkpoint by a second process beside the writer's own is what SQLite's WAL-reset bug needs."""
    server.bearer = token(1, "STAFF")
    for number in range(300):
        server.open_question("问" * 200, number + 1)
    server.bearer = ""
    wal = Path(f"{server.database}-wal")
    before = (server.database.stat().st_mtime_ns, server.database.stat().st_size)
    assert wal.stat().st_size > 1_000 * 4096, "more than SQLite's own bound for a checkpoint"
    assert revoke_user(server, new_id()).returncode == 0
    assert (server.database.stat().st_mtime_ns, server.database.stat().st_size) == before
