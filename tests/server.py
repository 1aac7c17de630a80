"""The Careline under test: the real program, started the way a user starts it, with a SQLite file of its own."""

from __future__ import annotations

import http.client
import itertools
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from tests import certificates
from tests.json_text import decode, encode
from tests.nginx import Nginx, configuration_of_cells, neighbours_file, socket_folder

ROOT: Final = Path(__file__).resolve().parent.parent

# The one place that says how the program is started. CARELINE_COMMAND (absolute) runs the same tests against another
# build of it, such as the packaged binary, which gets no environment but its settings.
GIVEN: Final = shlex.split(os.environ.get("CARELINE_COMMAND", ""))
COMMAND: Final = GIVEN or [sys.executable, str(ROOT / "main.py")]
# TEST_USER is the number of the user that the program runs as, where root runs the tests.
USER: Final = int(os.environ.get("TEST_USER") or 0) or None

# With TEST_NGINX=1 every server has nginx before it, and is told to trust it.
# With TEST_CELLS=1 that is the nginx of docs/growing.md: every server is a cell that listens on a socket file, and
# beside it is another one (tests/cells.py).
CELLS: Final = os.environ.get("TEST_CELLS") == "1"
NGINX: Final = CELLS or os.environ.get("TEST_NGINX") == "1"

# Most tests are about a server without tokens, which a proxy may stand before only where that is allowed.
BEHIND_NGINX: Final = {"CARELINE_TRUSTED_PROXIES": "127.0.0.1", "CARELINE_ALLOW_OPEN": "1"}

# Seconds after which something that a user waits for counts as missing.
LIMIT: Final = 10.0

_NOTHING: Final = object()
_T = TypeVar("_T")
_identities = itertools.count(1001)


def new_id() -> int:
    """Give a user id that no other test uses."""
    return next(_identities)


def in_seconds(seconds: float) -> str:
    """Give the time that many seconds from now (before now when negative) as HTTP takes it, to the microsecond."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def quiet_by_now() -> dict[str, str]:
    """Give quiet hours that have begun and do not end before a test does."""
    begin, end = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (-30, 30))
    return {"from": f"{begin:%H:%M}", "to": f"{end:%H:%M}", "timezone": "Etc/UTC"}


def wait_until(look: Callable[[], _T], what: str, limit: float = LIMIT) -> _T:
    """Ask `look` again and again until it gives something true; fail, naming `what`, when the limit passes."""
    end = time.monotonic() + limit
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"{what} did not come within {limit} s"
        time.sleep(0.01)


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give this process's environment without its own CARELINE_ variables, in a fixed time zone, with `settings`.

    Bytecode is kept, as for users: compiling the source at each start takes a third of its time.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not (GIVEN or name.startswith("CARELINE_") or name == "PYTHONDONTWRITEBYTECODE")
    }
    return {**inherited, "CARELINE_TIMEZONE": "Asia/Shanghai", **(settings or {})}


def start_in(folder: Path) -> dict[str, Any]:
    """Give the arguments that start a process in that folder, which becomes its user's with all that is in it."""
    if USER is None:
        return {"cwd": folder}
    for path in (folder, *folder.rglob("*")):
        os.chown(path, USER, USER, follow_symlinks=False)
    for closed in folder.parents:
        if Path(tempfile.gettempdir()) in closed.parents:
            closed.chmod(0o711)
    return {"cwd": folder, "user": USER, "group": USER, "extra_groups": []}


def run(*arguments: str, env: Mapping[str, str] | None = None, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, for the commands that do end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        env=environment(env),
        timeout=30,
        check=False,
        **start_in(folder),
    )


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names are in lower case, the body is parsed when it is JSON and text otherwise."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Server:
    """One Careline on a free port, in its own folder; with `nginx`, one that clients reach through nginx."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        nginx: bool | Nginx = NGINX,
        errors: Callable[[], tuple[int, int]] | None = None,
        file: Path | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        """`errors` gives what the program's log goes through on its way to the file, such as a pipe: its two ends. With
        `file` it listens on that socket file. With `command` that starts it, whatever a test has in place of COMMAND by
        then."""
        self.folder = folder
        self.file = socket_folder() / "careline.sock" if CELLS and nginx and file is None else file
        self.database = folder / "careline.db"
        self.url = ""
        self.port = 0
        self._source: tuple[str, int] | None = None
        self.allow_tracebacks = False
        self.bearer = ""  # the token that HTTP calls show
        self._arguments = arguments
        self._env = environment({**(BEHIND_NGINX if nginx else {}), **(env or {})})
        self._nginx = nginx if isinstance(nginx, Nginx) else Nginx() if nginx else None
        if CELLS and self._nginx is not None and self._nginx is not nginx:
            self._nginx.configuration = partial(configuration_of_cells, neighbour=neighbours_file(), any_host=True)
        self._log = folder / "stderr.log"
        self._command = command
        self._errors = errors
        self._copier: threading.Thread | None = None
        self._out: list[str] = []
        self._has_said = threading.Event()  # where it listens, or that it has ended
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        """The running program."""
        assert self._process is not None, "the server is not running"
        return self._process

    def start(self, words: Sequence[str] | None = None) -> None:
        """Start the program, with these words instead of the usual ones if given; return when it says it listens."""
        self.launch(words)
        self.await_listening()

    def launch(self, words: Sequence[str] | None = None) -> None:
        """Start the program, and do not wait for it."""
        if words is None:
            place = ["--port", "0"] if self.file is None else ["--host", f"unix:{self.file}"]
            words = ["serve", *place, "--database", str(self.database), *self._arguments]
        self.url = ""
        self._out = []
        self._has_said = threading.Event()
        errors = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        if self._errors is not None:
            reading, writing = self._errors()
            self._copier = threading.Thread(target=self._copy, args=(reading, errors), daemon=True)
            self._copier.start()
            errors = writing
        try:
            self._process = subprocess.Popen(
                [*(self._command or COMMAND), *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self._env,
                **start_in(self.folder),
            )
        finally:
            os.close(errors)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def await_listening(self) -> None:
        """Return when it says that it listens, and see where."""
        in_time = self._has_said.wait(30)
        if not (in_time and self._out):
            self.kill()
            raise AssertionError(f"the server did not start:\n{self.stderr()}")
        match = re.fullmatch(r"Careline listening on (https?://127\.0\.0\.1:(\d+))", self._out[0])
        if self._out[0] == f"Careline listening on unix:{self.file}":
            self.url = "http://localhost"
        elif match is not None:
            self.url, self.port = match[1], int(match[2])
        else:
            self.kill()
            raise AssertionError(f"not the line that says where the server listens: {self._out[0]!r}")
        if self._nginx is not None:
            self._nginx.start(self.port if match is not None or self.file is None else self.file)
            self.url, self.port = f"https://127.0.0.1:{self._nginx.port}", self._nginx.port

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._out.append(line.rstrip("\n"))
            self._has_said.set()
        self._has_said.set()

    def _copy(self, reading: int, log: int) -> None:
        with suppress(OSError):  # which is how a terminal ends
            while data := os.read(reading, 65_536):
                os.write(log, data)
        os.close(reading)
        os.close(log)

    def _ended(self) -> None:
        assert self._reader is not None
        self._reader.join(LIMIT)
        if self._copier is not None:
            self._copier.join(LIMIT)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._process = None
        if self._nginx is not None:
            self._nginx.stop()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """End the program by a signal, hold it to a clean end, and give the seconds that it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end within {LIMIT} s:\n{self.stderr()}") from None
        seconds = time.monotonic() - started
        self._ended()
        assert status == 0, f"status {status} after {number.name}:\n{self.stderr()}"
        assert len(self._out) == bool(self.url), "the one line on standard output, where it listens"
        self.check_log()
        return seconds

    def kill(self) -> None:
        """End the program with SIGKILL, as a power cut or the kernel would."""
        self.process.kill()
        self.process.wait(LIMIT)
        self._ended()

    def set_environment(self, **settings: str) -> None:
        """Change settings for the next start."""
        self._env.update(settings)

    def restart(self) -> None:
        """Start again on the same file; the port is a new one."""
        if self._process is not None:
            self.stop()
        self.start()

    def close(self) -> None:
        """Stop the program where it still runs."""
        if self._process is not None:
            self.stop()

    def stderr(self) -> str:
        """Give all that the program has logged, over all its starts."""
        return self._log.read_text()

    def check_log(self, since: int = 0) -> None:
        """Fail when the log, from that character on, tells of an unhandled fault."""
        log = self.stderr()[since:]
        faults = ["Task was destroyed", "never retrieved", "never awaited", "nobody has caught"]
        if not self.allow_tracebacks:
            faults.append("Traceback")
        for fault in faults:
            place = log.find(fault)
            assert place < 0, log[max(0, place - 300) : place + 3000]

    @contextmanager
    def reached_from(self, address: str) -> Iterator[None]:
        """Have clients in Python that connect meanwhile do so from another address of this machine."""
        self._source = (address, 0)
        try:
            yield
        finally:
            self._source = None

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What clients connect with, where they find TLS."""
        return certificates.trust() if self.url.startswith("https:") else None

    def connect_tcp(self, receive_buffer: int | None = None) -> socket.socket:
        """Open a connection to where clients find the server; with `receive_buffer` little is held on the way."""
        by_file = self._nginx is None and self.file is not None
        connection = socket.socket(socket.AF_UNIX if by_file else socket.AF_INET)
        if receive_buffer is not None:
            # Before the connection is made, or the window is larger by then.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(LIMIT)
        if self._source is not None:
            connection.bind(self._source)
        try:
            connection.connect(str(self.file) if by_file else ("127.0.0.1", self.port))
        except OSError:
            connection.close()
            raise
        return connection

    def connect(self, receive_buffer: int | None = None) -> socket.socket:
        """As `connect_tcp`, with TLS where the server speaks it."""
        connection = self.connect_tcp(receive_buffer)
        return self.tls.wrap_socket(connection, server_hostname="127.0.0.1") if self.tls else connection

    def http_line(self) -> http.client.HTTPConnection:
        """Give a connection for HTTP calls, which opens with the first of them."""
        host, port, source = "127.0.0.1", self.port, self._source
        if self._nginx is None and self.file is not None:
            line = http.client.HTTPConnection("localhost", timeout=LIMIT)
            line.sock = self.connect_tcp()
            return line
        if self.tls:
            return http.client.HTTPSConnection(host, port, timeout=LIMIT, source_address=source, context=self.tls)
        return http.client.HTTPConnection(host, port, timeout=LIMIT, source_address=source)

    def http(
        self,
        method: str,
        path: str,
        *,
        json: Any = _NOTHING,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask over HTTP, with `json` encoded as the body or `body` as it is."""
        sent = dict(headers or {})
        if self.bearer:
            sent.setdefault("Authorization", f"Bearer {self.bearer}")
        if json is not _NOTHING:
            body = encode(json)
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = self.http_line()
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        given = {name.lower(): value for name, value in response.getheaders()}
        is_json = given.get("content-type", "").startswith("application/json")
        return Answer(response.status, given, decode(text) if is_json and text else text)

    def open_question(self, title: str = "头晕两天", elder_id: int = 1) -> int:
        """Open a consultation question and give its id."""
        answer = self.http("POST", "/api/questions", json={"title": title, "elder_id": elder_id})
        assert answer.status == 201, answer
        identity = answer.body["id"]
        assert isinstance(identity, int)
        return identity

    def set_status(self, question_id: int, status: str) -> None:
        """Close or reopen a question."""
        answer = self.http("PATCH", f"/api/questions/{question_id}", json={"status": status})
        assert answer.status == 200, answer

    def messages(self, question_id: int, query: str = "limit=200") -> list[dict[str, Any]]:
        """Give the stored messages of a question, as HTTP lists them."""
        answer = self.http("GET", f"/api/questions/{question_id}/messages?{query}")
        assert answer.status == 200, answer
        items: list[dict[str, Any]] = answer.body["items"]
        return items

    def make_reminder(self, user_id: int, remind_at: str, **changes: Any) -> dict[str, Any]:
        """Make a reminder task, with the protocol's example for what is not given, and give the task."""
        answer = self.http("POST", "/api/reminders", json=reminder(user_id, remind_at, **changes))
        assert answer.status == 201, answer
        task: dict[str, Any] = answer.body
        return task

    def notifications(self, user_id: int, query: str = "limit=200") -> list[dict[str, Any]]:
        """Give the stored notifications of a user, as HTTP lists them."""
        answer = self.http("GET", f"/api/users/{user_id}/notifications?{query}")
        assert answer.status == 200, answer
        items: list[dict[str, Any]] = answer.body["items"]
        return items


def reminder(user_id: int, remind_at: str, /, **changes: Any) -> dict[str, Any]:
    """Give the body that makes a reminder task: the protocol's example, changed."""
    return {
        "user_id": user_id,
        "biz_type": "INTERVENTION_TASK",
        "biz_id": 12345,
        "channel": "IN_APP",
        "title": "服药提醒",
        "content": "请在 20:00 前完成今日降压药服用",
        "remind_at": remind_at,
        **changes,
    }
