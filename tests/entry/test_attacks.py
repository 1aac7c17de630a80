"""What took a server down once, each in its smallest form, with tokens and without, over every way in.

These tests know the program by its command, its wire and its file alone, so that they hold for any build of it.
"""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from tests.json_text import encode
from tests.packets import Closed, Connection, Kind, Polling, Websocket
from tests.server import LIMIT, Answer, Server, in_seconds, new_id, reminder, wait_until
from tests.store.file import rows
from tests.tokens import key_file, token
from tests.wire.raw import CONTINUATION, LEAVE, PING, PONG, TEXT, frame, raw, request, text

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
OTHER: Final = new_id()  # an honest user
PIECE: Final = 1_000_000  # bytes of a flood that are sent at once
LEFT: Final[dict[str, Any]] = {"question_id": 5}

WAYS: Final = pytest.mark.parametrize("kind", [Websocket, Polling])


@pytest.fixture(scope="module", params=["without tokens", "with tokens"])
def tokens(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "with tokens")


@pytest.fixture
def elder() -> int:
    """The attacker, whose budget is whole."""
    return new_id()


def secured(folder: Path, tokens: bool) -> dict[str, str]:
    return {"CARELINE_AUTH_SECRET_FILE": str(key_file(folder))} if tokens else {}


@contextmanager
def started(folder: Path, tokens: bool, **settings: str) -> Iterator[Server]:
    """A server whose HTTP calls are an honest user's."""
    server = Server(folder, env={**secured(folder, tokens), **settings})
    server.start()
    if tokens:
        server.bearer = token(OTHER, "STAFF")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tokens: bool) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("attacked"), tokens) as server:
        yield server


def shown(server: Server, user_id: int, user_type: str = "ELDER") -> str | None:
    """The token that a user of this server shows."""
    return token(user_id, user_type) if server.bearer else None


def bearer(server: Server, elder: int) -> dict[str, str]:
    """The headers of the attacker."""
    return {"Authorization": f"Bearer {shown(server, elder)}"} if server.bearer else {}


def ask(server: Server, elder: int, method: str, path: str, json: Any = None) -> Answer:
    """Ask over HTTP as the attacker does."""
    given = {} if json is None else {"json": json}
    return server.http(method, path, headers=bearer(server, elder), **given)


def entry(server: Server, elder: int) -> bytes:
    """The attacker's CONNECT."""
    return b"40" + (encode({"token": shown(server, elder)}) if server.bearer else b"")


@contextmanager
def honest(server: Server) -> Iterator[Sequence[Connection]]:
    """An honest user's connections, one of each kind, which have entered."""
    with ExitStack() as stack:
        connections: list[Connection] = [stack.enter_context(closing(kind(server))) for kind in (Websocket, Polling)]
        for connection in connections:
            connection.enter(shown(server, OTHER, "STAFF"))
        yield connections


def works(server: Server, connections: Sequence[Connection]) -> None:
    """Whatever goes on, an honest user is answered over every way, and `/health` is."""
    for connection in connections:
        assert connection.call("leave_question", LEFT) == LEFT
    assert server.http("GET", "/health").body["status"] == "ok"


class Flood:
    """Sends the same bytes over a connection until the server ends it, and reads what comes."""

    def __init__(self, connection: socket.socket, piece: bytes) -> None:
        self.is_over = threading.Event()  # the server has ended it
        self.has_begun = threading.Event()
        self._connection, self._data = connection, piece * max(1, PIECE // len(piece))
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._read)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        self.has_begun.set()
        with suppress(OSError):
            while not self.is_over.is_set():
                self._connection.sendall(self._data)
        self.is_over.set()

    def _read(self) -> None:
        with suppress(OSError):
            while self._connection.recv(1 << 18):
                pass
        self.is_over.set()

    def end(self) -> None:
        self.is_over.set()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


NOTHING_ASKED: Final = {
    "pings": frame(PING, b"?"),
    "pongs": frame(PONG),
    "empty fragments": frame(CONTINUATION, fin=False),
    "noops": text(b"6"),
}
EVENTS: Final = {
    "unknown events": text(b'42["x"]'),
    "events": text(LEAVE),
}
# Half an emoji sends a packet to the slower of two readers of JSON.
SLOW_JSON: Final = text(b'42["x","\\ud83d",{' + b",".join(b'"%x":0' % number for number in range(90_000)) + b"}]")


@pytest.mark.parametrize("sent", NOTHING_ASKED.values(), ids=NOTHING_ASKED.keys())
@pytest.mark.parametrize("enters", [False, True], ids=["a stranger", "a user"])
def test_a_flood_of_frames_delays_no_other_client_and_is_cut(
    server: Server, enters: bool, sent: bytes, elder: int
) -> None:
    with raw(server) as attacker, honest(server) as connections:
        attacker.send(request(attacker.port) + (text(entry(server, elder)) if enters else b""))
        attacker.opened()
        if enters:
            attacker.entered()
        if sent == NOTHING_ASKED["empty fragments"]:
            attacker.send(frame(TEXT, b"6", fin=False))
        assert isinstance(attacker.socket, socket.socket)
        flood = Flood(attacker.socket, sent)
        try:
            flood.has_begun.wait()
            works(server, connections)
            assert flood.is_over.wait(LIMIT), "the cut"
        finally:
            flood.end()


@pytest.mark.parametrize("sent", EVENTS.values(), ids=EVENTS.keys())
def test_a_flood_of_events_delays_no_other_client(server: Server, sent: bytes, elder: int) -> None:
    with raw(server) as attacker, honest(server) as connections:
        attacker.send(request(attacker.port) + text(entry(server, elder)))
        attacker.opened()
        attacker.entered()
        assert isinstance(attacker.socket, socket.socket)
        flood = Flood(attacker.socket, sent)
        try:
            flood.has_begun.wait()
            for _ in range(3):
                works(server, connections)
        finally:
            flood.end()


def test_floods_of_json_that_is_slow_to_read_keep_no_newcomer_out(server: Server, elder: int) -> None:
    with ExitStack() as stack:
        for _ in range(8):
            attacker = stack.enter_context(raw(server))
            attacker.send(request(attacker.port) + text(entry(server, elder)))
            attacker.opened()
            attacker.entered()
            assert isinstance(attacker.socket, socket.socket)
            flood = Flood(attacker.socket, SLOW_JSON)
            stack.callback(flood.end)
            flood.has_begun.wait()
        with honest(server):
            pass


PACKETS: Final = {"pongs": b"3", "CONNECTs": b"40", "other namespaces": b"40/x,", "acknowledgements": b"431[]"}


@pytest.mark.parametrize("packet", PACKETS.values(), ids=PACKETS.keys())
@pytest.mark.parametrize("enters", [False, True], ids=["a stranger", "a user"])
def test_a_payload_of_packets_that_ask_nothing_ends_its_session(
    server: Server, enters: bool, packet: bytes, elder: int
) -> None:
    with closing(Polling(server)) as attacker:
        if enters:
            attacker.enter(shown(server, elder))
        size = 900_000 if enters else 16_000
        with pytest.raises(Closed, match="400"):
            attacker.send(*[packet] * (size // (len(packet) + 1)))


def fill(server: Server, question: int) -> None:
    """Put 200 messages of 5 KB into a question."""
    with closing(sqlite3.connect(server.database, timeout=LIMIT)) as file, file:
        file.executemany(
            "INSERT INTO message (question_id, sender_type, sender_id, content_type, content_text, attachments,"
            " is_visible_to_patient, sent_at) VALUES (?, 'ELDER', 1, 'TEXT', ?, '[]', 1, 1)",
            [(question, "a" * 5_000)] * 200,
        )


PIPELINED: Final = {
    "a page of messages": "GET /api/questions/{question}/messages?limit=200",
    "occurrences": "GET /api/reminders/{task}/occurrences?limit=100",
    "the protocol": "GET /protocol.json",
    "metrics": "GET /metrics",
    "what there is not": "DELETE /nothing",
}


@pytest.mark.parametrize("asked", PIPELINED.values(), ids=PIPELINED.keys())
def test_a_flood_of_requests_delays_no_other_client(server: Server, asked: str, elder: int) -> None:
    """Pipelined over four connections, as fast as they are taken."""
    question = server.open_question(elder_id=elder)
    fill(server, question)
    rule = "FREQ=MINUTELY;INTERVAL=17;BYMONTH=11;BYMONTHDAY=27;BYDAY=FR;BYHOUR=9;BYMINUTE=3"
    body = reminder(elder, "2030-01-01 08:00:00", rrule=rule)
    task = ask(server, elder, "POST", "/api/reminders", body).body["id"]
    lines = [f"{asked.format(question=question, task=task)} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in bearer(server, elder).items()]
    with honest(server) as connections, ExitStack() as stack:
        for _ in range(4):
            attacker = stack.enter_context(server.connect_tcp())
            flood = Flood(attacker, "".join(f"{line}\r\n" for line in [*lines, ""]).encode())
            stack.callback(flood.end)
            flood.has_begun.wait()
        works(server, connections)


def day_of(at: datetime) -> str:
    return ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[at.weekday()]


def pinned(at: datetime) -> str:
    """A rule of which `at` is the only time in years: what comes after it is far away."""
    return (
        f"FREQ=MINUTELY;INTERVAL=17;BYMONTH={at.month};BYMONTHDAY={at.day};BYDAY={day_of(at)};"
        f"BYYEARDAY={at.timetuple().tm_yday};BYHOUR={at.hour};BYMINUTE={at.minute}"
    )


def test_rules_that_cost_delay_no_other_reminder(tmp_path: Path, tokens: bool, elder: int) -> None:
    """Thirty of them come due, and one that costs nothing comes due behind them."""
    with started(tmp_path, tokens) as server:
        at = datetime.now(SHANGHAI) + timedelta(seconds=4)
        for _ in range(30):
            body = reminder(elder, at.strftime("%Y-%m-%d %H:%M:%S"), rrule=pinned(at))
            assert ask(server, elder, "POST", "/api/reminders", body).status in (201, 400)
        server.make_reminder(OTHER, in_seconds(4.5))
        wait_until(lambda: server.notifications(OTHER), "the reminder of another", 4.5 + LIMIT)
        assert server.http("GET", "/health").body["status"] == "ok"


def test_a_rule_that_overflows_is_refused(server: Server, elder: int) -> None:
    """New, and as a change of what is there. What is in the file all the same: tests/reminders/test_garbage.py."""
    start = datetime.now(SHANGHAI).replace(microsecond=0) + timedelta(days=1)
    rule = f"FREQ=WEEKLY;INTERVAL=999999999;BYDAY={day_of(start)};BYHOUR=9;BYMINUTE=12,13"
    hostile = {"remind_at": start.strftime("%Y-%m-%d 09:12:00"), "rrule": rule}
    body = reminder(elder, in_seconds(3600), rrule="FREQ=WEEKLY")
    task = ask(server, elder, "POST", "/api/reminders", body).body["id"]
    new = ask(server, elder, "POST", "/api/reminders", {**body, **hostile})
    changed = ask(server, elder, "PATCH", f"/api/reminders/{task}", hostile)
    assert (new.status, changed.status) == (400, 400)


def test_requests_that_work_on_rules_and_go_away_delay_no_other_client(
    tmp_path: Path, tokens: bool, elder: int
) -> None:
    """Nor the end of the server: `started` waits for that."""
    rule = "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=7;COUNT=100000"
    body = encode(reminder(elder, "2030-01-01 08:00:00", rrule=rule))
    with started(tmp_path, tokens) as server:
        lines = ["POST /api/reminders HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in bearer(server, elder).items()] + [
            f"Content-Length: {len(body)}",
            "",
        ]
        for _ in range(40):
            with closing(server.connect_tcp()) as attacker:
                attacker.sendall("".join(f"{line}\r\n" for line in lines).encode() + body)
        for _ in range(3):
            assert server.http("GET", "/health").body["status"] == "ok"
            assert server.http("GET", "/metrics").status == 200
        server.make_reminder(OTHER, in_seconds(-1))
        wait_until(lambda: server.notifications(OTHER), "the reminder of another")


def test_one_who_asks_for_rules_that_cost_keeps_another_from_none(tmp_path: Path, tokens: bool, elder: int) -> None:
    """Over forty connections, each with a request after the other. Without tokens an address is one."""
    rule = "FREQ=MINUTELY;INTERVAL=13;COUNT=100000;BYDAY=FR,TH;BYHOUR=14,21;BYMINUTE=23"
    body = encode(reminder(elder, "2030-01-01 08:00:00", rrule=rule))
    with started(tmp_path, tokens) as server, ExitStack() as stack:
        lines = ["POST /api/reminders HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in bearer(server, elder).items()]
        lines += [f"Content-Length: {len(body)}", ""]
        asked = "".join(f"{line}\r\n" for line in lines).encode() + body
        for _ in range(40):
            attacker = stack.enter_context(server.connect_tcp())
            attacker.sendall(asked * 5)
        with server.reached_from("127.0.0.2"):
            task = server.make_reminder(OTHER, "2030-01-01 08:00:00", rrule="FREQ=DAILY")
            assert len(server.http("GET", f"/api/reminders/{task['id']}/occurrences?limit=3").body["items"]) == 3


@pytest.mark.parametrize("way", ["POST", "PATCH"])
def test_what_was_missed_becomes_no_flood(server: Server, way: str) -> None:
    """A request to ring 900 times at once is refused, or rings a hundred times."""
    user_id = new_id()
    past = in_seconds(-900 * 60)
    body = reminder(user_id, past, rrule="FREQ=MINUTELY", missed="all")
    if way == "PATCH":
        task = server.make_reminder(user_id, in_seconds(3600), rrule="FREQ=MINUTELY", missed="all")
        answer = server.http("PATCH", f"/api/reminders/{task['id']}", json={"remind_at": past})
    else:
        answer = server.http("POST", "/api/reminders", json=body)
    assert answer.status in (200, 201, 400), answer
    overdue = f"SELECT id FROM reminder_task WHERE user_id = {user_id} AND next_at < {time.time() * 1000:.0f}"
    wait_until(lambda: not rows(server.database, overdue), "what was missed")
    server.make_reminder(user_id, in_seconds(-1), title="后来")
    wait_until(lambda: any(one["title"] == "后来" for one in server.notifications(user_id)), "what comes after them")
    assert rows(server.database, f"SELECT id FROM user_notification WHERE user_id = {user_id}")[101:] == []


def test_one_user_has_one_budget_at_the_defaults(tmp_path: Path, elder: int) -> None:
    """Over sockets and HTTP together; another user is not held up."""
    with started(tmp_path, True) as server, honest(server) as connections, ExitStack() as stack:
        devices = [stack.enter_context(closing(kind(server))) for kind in (Websocket, Websocket, Polling)]
        for device in devices:
            device.enter(shown(server, elder))

        def refused() -> bool:
            answers = [answer for device in devices for answer in device.call_all([["leave_question", LEFT]] * 300)]
            return any(answer != LEFT for answer in answers)

        assert any(refused() for _ in range(5)), "4,500 events within a few seconds"
        assert ask(server, elder, "GET", "/api/questions").status == 429
        works(server, connections)


@pytest.fixture(scope="module")
def unread(server: Server) -> dict[int, list[int]]:
    """Some unread notifications of a user who has 150,000 of them, and of one who has 20."""
    found = {}
    for user_id, many in (new_id(), 150_000), (new_id(), 20):
        server.make_reminder(user_id, in_seconds(-1))
        wait_until(lambda user_id=user_id: server.notifications(user_id), "the notification")  # type: ignore[misc]
        with closing(sqlite3.connect(server.database, timeout=LIMIT)) as file, file:
            names = [row[1] for row in file.execute("PRAGMA table_info(user_notification)")]
            other = {
                "id": "NULL",
                "occurrence_at": "occurrence_at - 1 - value",
                "occurrence_on": "occurrence_on || value",
            }
            file.execute(
                "WITH RECURSIVE each (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM each WHERE value < ?)"
                f" INSERT INTO user_notification ({', '.join(names)})"
                f" SELECT {', '.join(other.get(name, name) for name in names)} FROM user_notification, each"
                " WHERE user_id = ?",
                (many, user_id),
            )
        found[user_id] = [one["id"] for one in server.notifications(user_id)]
    return found


@WAYS
def test_an_answer_costs_the_same_however_many_are_unread(
    server: Server, kind: Kind, unread: dict[int, list[int]]
) -> None:
    """Those of both users by turns; the least of several times has the least of other work in it."""
    least: dict[int, float] = {}
    with ExitStack() as stack:
        devices = {user_id: stack.enter_context(closing(kind(server))) for user_id in unread}
        for user_id, device in devices.items():
            device.enter(shown(server, user_id))
            assert device.call("bind_user", {"user_id": user_id, "after_id": 2**62})["success"]
        for _ in range(8):
            for user_id, device in devices.items():
                began = time.perf_counter()
                assert device.call("notification:read", {"id": unread[user_id].pop()})["success"]
                least[user_id] = min(least.get(user_id, LIMIT), time.perf_counter() - began)
    many, few = least.values()
    assert many < 4 * few
