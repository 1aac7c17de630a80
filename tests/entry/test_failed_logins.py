"""Failed log-ins leave a line and an audit row with address and reason, and a flood of them only a few."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from consult.entry.failed_logins import ACTIONS, MOST_WINDOWS, OTHERS, WINDOW, FailedLogins
from consult.entry.tokens import BAD, MISSING, Refused
from tests.clients import message
from tests.conftest import StartServer
from tests.packets import Closed, Kind, Polling, Websocket
from tests.server import Server, new_id, run, wait_until
from tests.tokens import key_file, token
from tests.wire.raw import Ended, raw, request, text

_addresses: Final = itertools.count(2)


@contextmanager
def from_another_address(server: Server) -> Iterator[str]:
    """Have clients connect from a loopback address that no other test uses."""
    number = next(_addresses)
    address = f"127.9.{number // 250}.{number % 250 + 1}"
    with server.reached_from(address):
        yield address


def audit_of(server: Server, address: str) -> list[list[str]]:
    """Give the audit's rows of an address, without the time."""
    done = run("audit", "--database", str(server.database), folder=server.folder)
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t")[1:] for line in done.stdout.splitlines()]
    return [row for row in rows if row[1] == address]


def log_of(server: Server, address: str) -> list[str]:
    return [line for line in server.stderr().splitlines() if f"from {address} " in line]


BAD_TOKENS: Final[dict[str, str | None]] = {
    "missing": None,
    "bad": token(7, "ELDER", key="x" * 40),
    "expired": token(7, "ELDER", ttl=-60),
}


@pytest.mark.parametrize("kind", [Websocket, Polling])
@pytest.mark.parametrize("why", BAD_TOKENS)
def test_over_a_socket(server: Server, kind: Kind, why: str) -> None:
    with from_another_address(server) as address, closing(kind(server)) as connection:
        for _ in range(5):
            shown = BAD_TOKENS[why]
            connection.send("40" if shown is None else f'40{{"token":"{shown}"}}')
            assert connection.receive().startswith("44")
    rows = wait_until(lambda: audit_of(server, address), "the row")
    assert len(rows) == 1, "the others are counted, and told when the minute is over"
    assert rows[0][:4] == ["NOBODY 0", address, "connect", ""]
    assert rows[0][4].startswith(f"UNAUTHENTICATED {why}")
    lines = log_of(server, address)
    assert len(lines) == 1
    assert f"over socket failed: token {why}" in lines[0]


@pytest.mark.parametrize("why", BAD_TOKENS)
def test_over_http(server: Server, why: str) -> None:
    shown = BAD_TOKENS[why]
    headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
    with from_another_address(server) as address:
        for path in ("/api/questions", "/metrics", "/api/reminders") * 3:
            assert server.http("GET", path, headers=headers).status == 401
    rows = wait_until(lambda: audit_of(server, address), "the row")
    assert [row[:4] for row in rows] == [["NOBODY 0", address, "HTTP", ""]]
    assert rows[0][4].startswith(f"UNAUTHENTICATED {why}")
    assert len(log_of(server, address)) == 1


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_a_try_at_a_staff_only_message(server: Server, kind: Kind) -> None:
    """To the client it is a fault of its payload; the audit says what it would have been."""
    user_id = new_id()
    server.bearer = token(1, "STAFF")
    question_id = server.open_question(elder_id=user_id)
    server.bearer = ""
    hidden = message(question_id, "x", sender_id=user_id, sender_type="ELDER", is_visible_to_patient=False)
    with closing(kind(server)) as connection:
        connection.enter(token(user_id, "ELDER"))
        answer = connection.call("send_message", hidden)
        assert answer["message"].startswith("发送失败：is_visible_to_patient 必须为 true")
    arguments = ("audit", "--database", str(server.database), "--user-id", str(user_id))

    def found() -> list[str]:
        lines = run(*arguments, folder=server.folder).stdout.splitlines()
        return [line for line in lines if "\tsend_message\t" in line]

    (line,) = wait_until(found, "the row")
    assert line.split("\t")[1:] == [
        f"ELDER {user_id}",
        "127.0.0.1",
        "send_message",
        f"question {question_id}",
        "FORBIDDEN staff-only",
    ]


def test_a_try_at_one_over_http(server: Server) -> None:
    user_id = new_id()
    server.bearer = token(1, "STAFF")
    path = f"/api/questions/{server.open_question(elder_id=user_id)}/messages"
    server.bearer = token(user_id, "ELDER")
    hidden = message(0, "x", sender_id=user_id, sender_type="ELDER", is_visible_to_patient=False)
    assert server.http("POST", path, json=hidden).status == 400
    assert server.http("POST", path, json={**hidden, "is_visible_to_patient": True}).status == 201
    server.bearer = ""

    def results() -> list[str]:
        arguments = ("audit", "--database", str(server.database), "--user-id", str(user_id))
        return [line.rpartition("\t")[2] for line in run(*arguments, folder=server.folder).stdout.splitlines()]

    wait_until(lambda: results() == ["FORBIDDEN staff-only", "ok"], "both rows")


class Rows:
    """An audit that keeps its rows."""

    def __init__(self) -> None:
        self.results: list[tuple[str, str, str]] = []

    def record(self, identity: Any, address: str, action: str, *, result: str) -> None:
        assert identity is None
        self.results.append((address, action, result))


class TestAFlood:
    """By a clock that the test moves."""

    def test_of_one_address_is_two_rows_a_minute(self) -> None:
        rows, now = Rows(), [0]
        failed = FailedLogins(rows, lambda: now[0])  # type: ignore[arg-type]
        for minute in range(3):
            now[0] = minute * WINDOW
            failed.flush()
            for _ in range(10_000):
                failed.note("socket", "192.0.2.1", Refused(BAD, "its nbf is in the future"))
        failed.flush(everything=True)
        first = ("192.0.2.1", "connect", "UNAUTHENTICATED bad, its nbf is in the future")
        assert rows.results == [first, ("192.0.2.1", "connect", "UNAUTHENTICATED bad, 9999 more")] * 3

    def test_of_many_addresses_is_bounded(self) -> None:
        rows = Rows()
        failed = FailedLogins(rows, lambda: 0)  # type: ignore[arg-type]
        for number in range(5_000):
            failed.note("http", f"192.0.2.{number}", Refused(MISSING))
        failed.flush(everything=True)
        assert len(rows.results) <= MOST_WINDOWS + len(ACTIONS) * 4
        assert rows.results[-1] == (OTHERS, "HTTP", f"UNAUTHENTICATED missing, {5_000 - MOST_WINDOWS - 1} more")

    def test_goes_on_when_the_clock_is_set_back(self) -> None:
        rows, now = Rows(), [10 * WINDOW]
        failed = FailedLogins(rows, lambda: now[0])  # type: ignore[arg-type]
        failed.note("http", "192.0.2.1", Refused(BAD))
        now[0] = 0
        failed.flush()
        failed.note("http", "192.0.2.1", Refused(BAD))
        assert len(rows.results) == 2


HOSTILE_HOPS: Final = (
    "fe80::1%\x1b[31mSTAFF",
    "fe80::1%eth0",
    "203.0.113.9\tSTAFF 1\tconnect",
    "203.0.113.9%20",
    "unknown",
    '"203.0.113.9"',
    "203.0.113.9:4711",
    "::ffff:203.0.113.9%1",
    "",
)


@pytest.mark.parametrize("way", ["websocket", "long-polling", "HTTP"])
def test_a_proxy_tells_an_address_or_nothing(start_server: StartServer, tmp_path: Path, way: str) -> None:
    """A zone may hold any text, and what is told goes into log and audit, whether its token is good or not."""
    keys = ("--auth-secret-file", str(key_file(tmp_path)))
    server = start_server(*keys, "--trusted-proxies", "127.0.0.1", nginx=False)
    for hop, shown in itertools.product(HOSTILE_HOPS, (token(1, "STAFF"), "x")):
        told = {"X-Forwarded-For": hop, "Authorization": f"Bearer {shown}"}
        if way == "HTTP":
            server.http("POST", "/api/questions", json={"title": "头晕", "elder_id": 7}, headers=told)
        elif way == "long-polling":
            with suppress(Closed), closing(Polling(server, headers=told)) as connection:
                connection.send(f'40{{"token":"{shown}"}}')
                connection.receive()
        else:
            with suppress(Ended), raw(server) as line:
                line.send(request(server.port, headers=[f"X-Forwarded-For: {hop}"]))
                line.send(text(f'40{{"token":"{shown}"}}'.encode()))
                while b"40{" not in line.received and b"44{" not in line.received:
                    line.receive_more()
    server.stop()  # by then all is written
    audited = run("audit", "--database", str(server.database), folder=server.folder).stdout
    assert {line.split("\t")[2] for line in audited.splitlines()} == {"127.0.0.1"}
    assert {line.split("\t")[1] for line in audited.splitlines()} == {"NOBODY 0", "STAFF 1"}
    assert "\x1b" not in audited + server.stderr()
    assert "%" not in audited


def test_what_an_older_version_has_written_is_escaped(start_server: StartServer, tmp_path: Path) -> None:
    """The audit's rows stay, but their output is columns of printable text."""
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    with closing(sqlite3.connect(server.database)) as file:
        file.execute(
            "INSERT INTO audit (at, user_id, user_type, address, action, object, result) VALUES (1, 7, 'ELDER', ?, "
            "'connect', '', 'ok')",
            ("fe80::1%\x1b[31m\tforged\n\u202e",),
        )
        file.commit()
    (line,) = run("audit", "--database", str(server.database), folder=server.folder).stdout.splitlines()
    assert line.split("\t")[1:] == ["ELDER 7", "fe80::1%\\x1b[31m\\tforged\\n\\u202e", "connect", "", "ok"]
