"""The servers that are measured: Careline, its peers and the physical limit, each started fresh as a user would."""

from __future__ import annotations

import http.client
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from consult.entry.key_file import make_key, read_keys
from consult.entry.tokens import Tokens, Wanted
from store.clock import system_clock

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
PEERS: Final = HERE / "peers"
# Compiled programs and databases: a real disk, since the promise of FULL costs nothing on one in memory.
BUILD: Final = ROOT / "build" / "bench"

START_LIMIT: Final = 20.0
STOP_LIMIT: Final = 10.0
TOKEN_TTL: Final = 3600  # seconds
AWAY_FROM: Final = 1_000_000  # the ids of users who are never there


class BenchError(Exception):
    """A server or the load generator did not do its part; the text says which and why."""


@dataclass(frozen=True)
class Server:
    """One column of the table: `program` is careline, bun, node, python or limit; `settings` are environment variables,
    `script` is the peer's, where it is not called as its program is. One that asks for tokens has a key of its own."""

    name: str
    title: str
    program: str
    settings: Mapping[str, str] = field(default_factory=dict)
    script: str = ""
    asks_for_tokens: bool = False
    names_away: bool = False  # in each question as many participants who stay away as there are members of its room

    def command(self, database: Path) -> list[str]:
        """Give the command line that serves from that SQLite file."""
        if self.program == "careline":
            return [sys.executable, str(ROOT / "main.py"), "serve", "--port", "0", "--database", str(database)]
        if self.program == "limit":
            return [str(BUILD / "limit")]
        if self.program == "python":
            return [sys.executable, str(PEERS / self.script), str(database)]
        script = PEERS / (self.script or f"{self.program}.mjs")
        return [str(PEERS / "node_modules" / ".bin" / self.program), str(script), str(database)]


CARELINE: Final = Server("careline", "Careline", "careline")
# What a user asks is counted, and nobody is refused: a load generator sends more than people do.
BUDGETS: Final = {f"CARELINE_USER_{name}": "1000000000" for name in ("EVENTS", "BYTES", "READS", "ROWS", "CHANGES")}
WITH_TOKENS: Final = Server("tokens", "Careline with tokens", "careline", BUDGETS, asks_for_tokens=True)
NOTIFYING: Final = Server(
    "replies", "Careline that notifies of replies", "careline", {"CARELINE_NOTIFY_REPLIES": "true"}, names_away=True
)
PEER_SERVERS: Final = tuple(
    Server(f"{program}-{promise}", f"{program.capitalize()}, {title}", program, settings)
    for promise, title, settings in (
        ("full", "FULL", {"SYNCHRONOUS": "FULL", "GROUP": "0"}),
        ("normal", "NORMAL", {"SYNCHRONOUS": "NORMAL", "GROUP": "0"}),
        ("grouped", "FULL grouped", {"SYNCHRONOUS": "FULL", "GROUP": "1"}),
    )
    for program in ("bun", "node")
)
LIMIT: Final = Server("limit", "bare sends", "limit")


@dataclass(frozen=True)
class Running:
    """A server that accepts connections."""

    port: int
    pid: int
    database: Path
    tokens: Tokens | None = None  # makes those that the server asks for
    names_away: bool = False

    def token(self, user_id: int, user_type: str, listed: tuple[int, ...] | None = None) -> str | None:
        """Make somebody's token, which lists these questions; None where the server asks for none."""
        if self.tokens is None:
            return None
        return self.tokens.make(Wanted(user_id, user_type, None, listed, TOKEN_TTL))

    def open_questions(self, elder_ids: Iterable[int]) -> list[int]:
        """Open a consultation question for each elder and give the questions' ids."""
        bodies = ({"title": f"问题 {number}", "elder_id": elder_id} for number, elder_id in enumerate(elder_ids, 1))
        return [int(self._posted("/api/questions", body)["id"]) for body in bodies]

    def name_away(self, question_id: int, count: int) -> None:
        """Let so many users take part in a question who are never there."""
        for user_id in range(AWAY_FROM, AWAY_FROM + count):
            self._posted(f"/api/questions/{question_id}/participants", {"user_id": user_id, "user_type": "FAMILY"})

    def _posted(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        token = self.token(1, "SERVICE")
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 201:
            raise BenchError(f"POST {path}: {answer.status} {text.decode()}")
        made: dict[str, Any] = json.loads(text)
        return made


@contextmanager
def running(server: Server, fill: Callable[[Path], None] = lambda _: None) -> Iterator[Running]:
    """Start the server with a database on the disk under build/, empty or filled, and stop it and remove that
    afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"{server.name}-", dir=BUILD))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CARELINE_")}
    tokens = None
    if server.asks_for_tokens:
        make_key(folder / "keys")
        inherited["CARELINE_AUTH_SECRET_FILE"] = str(folder / "keys")
        tokens = Tokens(read_keys(folder / "keys"), system_clock)
    log = folder / "log"
    fill(folder / "bench.db")
    with log.open("wb") as errors:
        process = subprocess.Popen(
            server.command(folder / "bench.db"),
            cwd=folder,
            env={**inherited, **server.settings},
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        port = _port(server, process, log)
        yield Running(port, process.pid, folder / "bench.db", tokens, server.names_away)
        if process.poll() is not None:
            raise BenchError(f"{server.title} ended with status {process.returncode}:\n{_tail(log)}")
    finally:
        _stop(process)
        shutil.rmtree(folder)


def _port(server: Server, process: subprocess.Popen[bytes], log: Path) -> int:
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    said = b""
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and process.poll() is None:
        said += process.stdout.read() or b""
        found = re.search(rb"listening on http://127\.0\.0\.1:(\d+)\n", said)
        if found:
            return int(found[1])
        time.sleep(0.01)
    raise BenchError(f"{server.title} did not start within {START_LIMIT:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def allow_many_files() -> None:
    """Raise the limit on open files, which the server inherits, as far as it goes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def build_programs() -> None:
    """Compile the load generator and the physical limit. Another process may be running or compiling them."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in ("load", "limit"):
        made = BUILD / f"{name}.{os.getpid()}"
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", str(made), str(HERE / f"{name}.c")], check=True)
        made.replace(BUILD / name)


def install_peers() -> bool:
    """Install what peers/package-lock.json names, where it is not there yet. False without npm or where npm fails."""
    if shutil.which("npm") is None:
        return False
    installed = PEERS / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= (PEERS / "package-lock.json").stat().st_mtime:
        return True
    return subprocess.run(["npm", "ci", "--silent"], cwd=PEERS, check=False).returncode == 0
