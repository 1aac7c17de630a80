"""SIGHUP: the signing keys are read again beside the certificate; a server with neither lives on."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests.certificates import Pair, authority, pair
from tests.conftest import StartServer
from tests.entry.test_handshake import OTHER_KEY, TEXTS
from tests.packets import Closed, Kind, Polling, Websocket
from tests.server import Server, wait_until
from tests.tokens import KEY, key_file, token


def status(server: Server, key: str) -> int:
    headers = {"Authorization": f"Bearer {token(7, 'ELDER', key=key)}"}
    return server.http("GET", "/api/questions", headers=headers).status


def reload(server: Server, said: str) -> None:
    """Send SIGHUP and wait for the line that says what came of it."""
    before = server.stderr().count(said)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.stderr().count(said) > before, said)


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_new_keys_are_read_and_old_ones_end(start_server: StartServer, tmp_path: Path, kind: Kind) -> None:
    path = key_file(tmp_path, f"{KEY}\n")
    server = start_server("--auth-secret-file", str(path))
    old, new = kind(server), kind(server)
    old.enter(token(7, "ELDER"))
    assert (status(server, KEY), status(server, OTHER_KEY)) == (200, 401)
    key_file(tmp_path, f"{OTHER_KEY}\n{KEY}\n")
    reload(server, "the signing keys were read again")
    assert (status(server, KEY), status(server, OTHER_KEY)) == (200, 200)
    new.enter(token(8, "ELDER", key=OTHER_KEY))
    assert old.call("leave_question", {"question_id": 1}) == {"question_id": 1}, "its key is still there"
    key_file(tmp_path, f"{OTHER_KEY}\n")
    reload(server, "the signing keys were read again")
    with pytest.raises(Closed):
        old.read_to_the_end()
    if kind is Websocket:
        assert old.named("error") == [{"code": "UNAUTHENTICATED", "message": TEXTS["bad"]}]
    assert (status(server, KEY), status(server, OTHER_KEY)) == (401, 200)
    assert new.call("leave_question", {"question_id": 1}) == {"question_id": 1}
    old.close()
    new.close()


@pytest.mark.parametrize("damage", ["empty", "text", "mode", "gone"])
def test_a_bad_file_changes_nothing(start_server: StartServer, tmp_path: Path, damage: str) -> None:
    path = key_file(tmp_path)
    server = start_server("--auth-secret-file", str(path))
    with closing(Websocket(server)) as connection:
        connection.enter(token(7, "ELDER"))
        match damage:
            case "empty":
                path.write_text("")
            case "text":
                path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
            case "mode":
                path.chmod(0o644)
            case _:
                path.unlink()
        reload(server, "the signing keys stay as they were")
        assert connection.call("leave_question", {"question_id": 1}) == {"question_id": 1}
    assert status(server, KEY) == 200


def test_with_neither_it_is_ignored(start_server: StartServer) -> None:
    server = start_server()
    with closing(Websocket(server)) as connection:
        connection.enter()
        for _ in range(3):
            reload(server, "SIGHUP is ignored")
        assert connection.call("leave_question", {"question_id": 1}) == {"question_id": 1}


def test_keys_and_certificate_together(start_server: StartServer, tmp_path: Path) -> None:
    mine = Pair(tmp_path / "certificate.pem", tmp_path / "key.pem")
    mine.replace(pair())
    mine.key.chmod(0o600)
    path = key_file(tmp_path)
    server = start_server("--auth-secret-file", str(path), env=mine.settings(), nginx=False)
    mine.replace(authority().sign("second"))
    key_file(tmp_path, f"{OTHER_KEY}\n")
    reload(server, "the signing keys were read again")
    assert "the certificate was read again" in server.stderr()
    assert (status(server, KEY), status(server, OTHER_KEY)) == (401, 200)
