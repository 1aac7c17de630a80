"""HTTP answers that a client does not read: held for a while and a few at a time, then cut; others get theirs."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import StartServer
from tests.server import Server, wait_until
from tests.tokens import key_file, token
from tests.wire.raw import Ended, Raw, metric, raw, resident_memory

CUTS: Final = 'careline_cuts_total{reason="answer not read"}'
MOST_UNREAD: Final = 32
MOST_GROWTH: Final = 50_000_000


def long_question(server: Server) -> str:
    """Fill a question with messages of 60 KB in JSON, and give the path of their pages."""
    question_id = server.open_question()
    with closing(sqlite3.connect(server.database, timeout=10)) as file, file:
        file.executemany(
            "INSERT INTO message (question_id, sender_type, sender_id, content_type, content_text, attachments,"
            " is_visible_to_patient, sent_at) VALUES (?, 'ELDER', 1, 'TEXT', ?, '[]', 1, 1)",
            [(question_id, "\x01" * 10_000)] * 200,
        )
    return f"/api/questions/{question_id}/messages?limit=200"


def ask(connection: Raw, path: str, times: int, shown: str = "") -> None:
    """Ask for so many answers, one behind the other, with a token where one is given."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{connection.port}"]
    lines += [f"Authorization: Bearer {shown}"] if shown else []
    connection.send("".join(f"{line}\r\n" for line in [*lines, ""]).encode() * times)


def patched(folder: Path, program: str) -> Iterator[Server]:
    """Start a server that runs this program beside the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / program)])
        server = Server(folder)
        server.start()
    yield server
    server.close()


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Server]:
    yield from patched(tmp_path, "impatient.py")


@pytest.fixture
def short_of_memory(tmp_path: Path) -> Iterator[Server]:
    yield from patched(tmp_path, "short_of_memory.py")


def test_one_that_takes_nothing_is_cut(impatient: Server) -> None:
    path = long_question(impatient)
    with raw(impatient, receive_buffer=4096) as deaf, raw(impatient, receive_buffer=4096) as slow:
        ask(deaf, path, 5)
        ask(slow, path, 3)
        lengths = [len(slow.answer()[1]) for _ in range(3)]  # a little at a time, and all of it
        assert lengths[0] > 900_000
        assert lengths == lengths[:1] * 3
        wait_until(lambda: metric(impatient, CUTS) == 1, "the cut")
        with pytest.raises(Ended):
            deaf.take(1 << 30)
        slow.send(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{slow.port}\r\n\r\n".encode())
        assert slow.answer()[0] == 200


@pytest.mark.parametrize("tokens", [False, True], ids=["without tokens", "with tokens"])
def test_many_that_take_nothing_hold_little_memory(start_server: StartServer, tmp_path: Path, tokens: bool) -> None:
    server = start_server(*(("--auth-secret-file", str(key_file(tmp_path))) if tokens else ()))
    server.bearer = token(1, "STAFF") if tokens else ""
    program = token(1, "SERVICE") if tokens else ""  # which may read most
    path = long_question(server)
    assert server.http("GET", path).status == 200
    before = resident_memory(server)
    deaf = 40
    with ExitStack() as stack:
        for _ in range(deaf):
            ask(stack.enter_context(raw(server, receive_buffer=4096)), path, 5, program)
        wait_until(lambda: metric(server, CUTS) == deaf - MOST_UNREAD, "the cuts")
        assert resident_memory(server, "VmHWM") - before < MOST_GROWTH
        answer = server.http("GET", path)
        assert (answer.status, answer.body["has_more"]) == (200, True)


def test_what_is_held_is_bounded_in_bytes(short_of_memory: Server) -> None:
    path = long_question(short_of_memory)
    deaf = 20
    with ExitStack() as stack:
        for _ in range(deaf):
            ask(stack.enter_context(raw(short_of_memory, receive_buffer=4096)), path, 5)
        wait_until(lambda: metric(short_of_memory, CUTS) >= deaf // 2, "the cuts")
        assert short_of_memory.http("GET", path).status == 200
