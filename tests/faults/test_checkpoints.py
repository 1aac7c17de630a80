"""Only the server's writer moves the WAL into the database file: a second program that does so can lose commits."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.clients import message
from tests.conftest import StartServer
from tests.packets import Websocket
from tests.server import Server, run

TEXT = "测" * 3000
USUAL = 1000  # pages: where SQLite begins by itself, long before the server's writer does


def grown(server: Server) -> Path:
    """Let the WAL grow beyond what SQLite moves by itself, and below what the writer does; give it."""
    wal = Path(f"{server.database}-wal")
    client = Websocket(server)
    client.enter()
    question_id = server.open_question()
    while wal.stat().st_size < (USUAL + 100) * 4096:
        assert client.call("send_message", message(question_id, TEXT))["success"]
    client.close()
    return wal


def test_no_command_moves_the_wal(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--connection-events", "0", "--connection-bytes", "0")
    wal = grown(server)
    before, size = hashlib.sha256(server.database.read_bytes()).digest(), wal.stat().st_size
    hooks = tmp_path / "hooks.toml"
    hooks.write_text(
        '[[hook]]\nname = "a"\nurl = "http://127.0.0.1:9/"\n'
        'secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="\n'
        'events = ["message.created"]\n'
    )
    hooks.chmod(0o600)
    for words in (
        ["token", "--revoke-user", "7"],
        ["check"],
        ["audit"],
        ["backup", str(tmp_path / "copy.db")],
        ["hooks", "list", "--hooks", str(hooks)],
        ["restore", "--yes", str(tmp_path / "copy.db")],  # which is refused beside a server
        ["drill", "--backup-folder", str(tmp_path)],  # and so is this
    ):
        run(*words, "--database", str(server.database), folder=tmp_path)
        assert hashlib.sha256(server.database.read_bytes()).digest() == before, words
    assert wal.stat().st_size >= size
