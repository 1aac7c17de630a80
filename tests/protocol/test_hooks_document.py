"""The receivers of docs/hooks.md, run as they stand there, and what the document says of the events."""

from __future__ import annotations

import json
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import pytest

from consult.documents.hooks import with_events
from consult.hooks.signature import signed
from tests.clients import node_environment
from tests.conftest import StartServer
from tests.server import LIMIT, ROOT, wait_until

pytestmark = pytest.mark.direct

DOCUMENT: Final = ROOT / "docs" / "hooks.md"
KEY: Final = bytes(range(32))
SECRET: Final = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # noqa: S105 - of KEY


def block(language: str, holds: str) -> str:
    """The document's piece of code that holds a text."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return next(one for one in found if holds in one)


@contextmanager
def running(language: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The document's receiver in that language, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {**node_environment(), "HOOK_SECRET": SECRET, "PORT": str(port)}
    command = [sys.executable, "-c", block("python", "serve_forever")]
    if language == "js":
        command = ["node", "--input-type=module", "--eval", block("js", "createServer")]
    with subprocess.Popen(
        command, env=settings, cwd=ROOT / "tests", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    ) as process:
        try:
            wait_until(lambda: _listens(port), "the receiver")
            yield process, port
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], LIMIT)
    assert ready, "nothing is printed"
    return process.stdout.readline().decode()


def post(port: int, body: bytes, headers: dict[str, str]) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    try:
        connection.request("POST", "/", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_receiver_takes_what_careline_tells(language: str, start_server: StartServer, tmp_path: Path) -> None:
    with running(language) as (process, port):
        hooks = tmp_path / "hooks.toml"
        hooks.write_text(
            f'[[hook]]\nname = "own"\nurl = "http://127.0.0.1:{port}/"\nsecret = "{SECRET}"\n'
            'events = ["question.created"]\ncontent = true\n'
        )
        hooks.chmod(0o600)
        start_server("--hooks", str(hooks)).open_question("头晕两天")
        told = line(process)
        assert told.startswith("question.created")
        assert "头晕两天" in told


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_receiver_refuses_what_careline_did_not_sign(language: str) -> None:
    body = json.dumps({"type": "message.created", "data": {"id": 1}}).encode()
    now = time.time_ns() // 1_000_000
    good = signed(KEY, "evt_1", now, body)
    with running(language) as (process, port):
        assert post(port, body.replace(b"1", b"2"), good) == 400
        assert post(port, body, signed(bytes(32), "evt_1", now, body)) == 400
        assert post(port, body, signed(KEY, "evt_1", now - 600_000, body)) == 400
        assert post(port, body, {**good, "webhook-id": "evt_2"}) == 400
        assert post(port, body, {}) == 400
        assert post(port, body, good) == 204
        assert post(port, body, good) == 204
        assert post(port, body, signed(KEY, "evt_3", now, body)) == 204
        assert [line(process).split()[0] for _ in range(2)] == ["message.created"] * 2, "once for each id"


def test_both_receivers_are_short() -> None:
    for code in block("python", "serve_forever"), block("js", "createServer"):
        assert len([one for one in code.splitlines() if one.strip()]) <= 20


def test_every_recipe_is_a_program() -> None:
    for code in re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        compile(code, "docs/hooks.md", "exec")


def test_the_tables_are_those_of_the_contract() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert with_events(text) == text, "stale: run `make docs` and commit docs/"


def test_the_example_has_a_receiver_s_fields() -> None:
    example = json.loads(block("json", "notification.created"))
    assert set(example) == {"type", "timestamp", "data"}
    assert all(f"`{name}`" in DOCUMENT.read_text("utf-8") for name in example["data"])
