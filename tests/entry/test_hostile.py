"""A hostile client: whatever it tries, nothing leaks, honest clients go on, and memory stays bounded.

Bad tokens are tried in test_handshake.py, foreign rooms, cursors and identities in test_matrix.py.
"""

from __future__ import annotations

import re
import resource
import socket
import sqlite3
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

import pytest
from websockets.exceptions import InvalidStatus

from tests.clients import message
from tests.conftest import StartServer
from tests.json_text import encode
from tests.packets import Closed, Polling, Websocket
from tests.server import COMMAND, LIMIT, Server, in_seconds, new_id, wait_until
from tests.tokens import key_file, token
from tests.wire.raw import Ended, Raw, frame, metric, raw, request, resident_memory, text

EVIL: Final = "https://evil.example"
HALF_OPEN: Final = 10_000
# What a connection that has not entered may cost, in bytes; most of it is the kernel's and Python's own.
ONE_STRANGER: Final = 10_000


CLINIC: Final = token(1, "SERVICE")


def make_question(server: Server, elder_id: int) -> int:
    headers = {"Authorization": f"Bearer {CLINIC}"}
    answer = server.http("POST", "/api/questions", json={"title": "头晕", "elder_id": elder_id}, headers=headers)
    question_id: int = answer.body["id"]
    return question_id


class Honest:
    """Somebody who works while the others do what they do."""

    def __init__(self, server: Server) -> None:
        self.user_id = new_id()
        self.question_id = make_question(server, self.user_id)
        self.connection = Websocket(server)
        self.connection.enter(token(self.user_id, "ELDER"))
        join = {"question_id": self.question_id, "user_id": self.user_id, "user_type": "ELDER"}
        assert self.connection.call("join_question", join) == {"question_id": self.question_id}

    def works(self) -> None:
        send = message(self.question_id, sender_id=self.user_id, sender_type="ELDER")
        assert self.connection.call("send_message", send)["success"]


@pytest.fixture
def honest(server: Server) -> Iterator[Honest]:
    one = Honest(server)
    yield one
    one.works()
    one.connection.close()


class TestBrowsers:
    """A page of another site, in the browser of somebody who has a token."""

    @pytest.mark.parametrize("origin", [EVIL, "http://localhost:5173", "http://127.0.0.1:1", "null"])
    def test_cross_site_websocket_hijacking(self, server: Server, origin: str) -> None:
        """Also from another port of the same machine, which without tokens is let in."""
        with pytest.raises(InvalidStatus, match="403"):
            Websocket(server, headers={"Origin": origin})
        with pytest.raises(Closed, match="403"):
            Polling(server, headers={"Origin": origin})
        session = Polling(server)
        with pytest.raises(InvalidStatus, match="403"):
            Websocket(server, f"EIO=4&sid={session.sid}", headers={"Origin": origin})
        session.close()

    def test_its_own_page_and_listed_ones_come_in(self, start_server: StartServer, tmp_path: Path) -> None:
        keys = ("--auth-secret-file", str(key_file(tmp_path)))
        server = start_server(*keys, "--allowed-origins", "https://app.example")
        for origin in (server.url, "https://app.example"):
            with closing(Websocket(server, headers={"Origin": origin})) as connection:
                connection.enter(token(7, "ELDER"))
        with pytest.raises(InvalidStatus, match="403"):
            Websocket(server, headers={"Origin": EVIL})

    def test_a_foreign_page_reads_nothing_over_http(self, server: Server) -> None:
        headers = {"Origin": EVIL, "Authorization": f"Bearer {CLINIC}"}
        for method, path in (("GET", "/api/questions"), ("POST", "/api/questions"), ("GET", "/health")):
            answer = server.http(method, path, headers=headers)
            assert answer.status == 403
            assert set(answer.body) == {"code", "message"}
            assert "access-control-allow-origin" not in answer.headers
        asks = {
            "Origin": EVIL,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        }
        assert server.http("OPTIONS", "/api/questions", headers=asks).status == 403

    def test_a_page_that_is_let_in_may_show_a_token_and_reads_its_faults(self, server: Server) -> None:
        own = {"Origin": server.url}
        asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization", **own}
        answer = server.http("OPTIONS", "/api/questions", headers=asks)
        assert answer.status == 204
        assert "authorization" in answer.headers["access-control-allow-headers"]
        for shown, status in ((None, 401), (token(7, "ELDER"), 403)):
            headers = own if shown is None else {**own, "Authorization": f"Bearer {shown}"}
            answer = server.http("GET", "/api/users/8/notifications", headers=headers)
            assert answer.status == status
            assert answer.headers["access-control-allow-origin"] == server.url

    def test_dns_rebinding(self, server: Server) -> None:
        """Another site's name, made to lead here."""
        good = {"Authorization": f"Bearer {CLINIC}"}
        for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example"):
            assert server.http("GET", "/api/questions", headers={"Host": host, **good}).status == 403
            with pytest.raises(InvalidStatus, match="403"):
                Websocket(server, headers={"Host": host})

    @pytest.mark.parametrize("second", ["Host: evil.example", f"Origin: {EVIL}"])
    def test_one_header_to_be_checked_and_another_to_be_used(self, server: Server, second: str) -> None:
        """By which a proxy and the server could understand a request in two ways."""
        own = f"Origin: {server.url}"
        for path in ("/socket.io/", "/api/questions"):
            with raw(server) as connection:
                connection.send(request(server.port, headers=(own, second), path=path))
                assert connection.answer()[0] == 403

    def test_no_framing_sniffing_or_scripts_of_others(self, server: Server) -> None:
        for path in ("/", "/docs", "/static/console/main.js", "/api/questions", "/socket.io/?EIO=4&transport=polling"):
            headers = server.http("GET", path).headers
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"


class TestWhoItIs:
    SPOOFED: Final = [
        {"X-Forwarded-For": "10.9.8.7"},
        {"X-Forwarded-For": "127.0.0.1, 10.9.8.7"},
        {"Forwarded": "for=10.9.8.7"},
        {"X-Real-IP": "10.9.8.7"},
    ]

    def test_a_spoofed_address_passes_no_limit(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server("--auth-secret-file", str(key_file(tmp_path)), "--address-connections", "1")
        with closing(Websocket(server)):
            for headers in self.SPOOFED:
                with pytest.raises(InvalidStatus, match="429"):
                    Websocket(server, headers=headers)
                with pytest.raises(Closed, match="429"):
                    Polling(server, headers=headers)

    def test_a_spoofed_address_is_not_what_is_written_down(self, server: Server) -> None:
        user_id = new_id()
        for headers in self.SPOOFED:
            for kind in (Websocket, Polling):
                with closing(kind(server, headers=headers)) as connection:
                    connection.enter(token(user_id, "ELDER"))
            server.http(
                "GET", "/api/questions", headers={"Authorization": f"Bearer {token(user_id, 'ELDER')}", **headers}
            )
        assert "10.9.8.7" not in server.stderr()
        with closing(sqlite3.connect(server.database)) as file:
            addresses = "SELECT address FROM audit WHERE user_id = ?"
            rows = wait_until(
                lambda: found if len(found := file.execute(addresses, (user_id,)).fetchall()) == 12 else None,
                "the rows of the audit",
            )
        assert set(rows or ()) == {("127.0.0.1",)}

    def test_guessed_notification_ids(self, server: Server) -> None:
        """All of the ids that there are, and some more: none but one's own is there, and none has changed."""
        victim, thief = new_id(), new_id()
        shown = {"Authorization": f"Bearer {CLINIC}"}
        reminder = {"biz_type": "X", "biz_id": 1, "channel": "IN_APP", "title": "服药", "remind_at": in_seconds(-1)}
        for user_id in (victim, thief, victim):
            assert (
                server.http("POST", "/api/reminders", json={**reminder, "user_id": user_id}, headers=shown).status
                == 201
            )

        def listed(user_id: int) -> list[dict[str, object]]:
            items: list[dict[str, object]] = server.http(
                "GET", f"/api/users/{user_id}/notifications", headers=shown
            ).body["items"]
            return items

        wait_until(lambda: len(listed(victim)) == 2 and len(listed(thief)) == 1, "the notifications")
        before = listed(victim)
        highest = max(int(str(one["id"])) for one in before)
        mine = {"Authorization": f"Bearer {token(thief, 'ELDER')}"}
        answers = {
            number: server.http("POST", f"/api/notifications/{number}/confirm", headers=mine).status
            for number in range(1, highest + 5)
        }
        assert {number for number, status in answers.items() if status == 200} == {listed(thief)[0]["id"]}
        assert set(answers.values()) == {200, 404}
        with closing(Websocket(server)) as connection:
            connection.enter(token(thief, "ELDER"))
            connection.call("bind_user", {"user_id": thief})
            calls = [["notification:read", {"id": number}] for number in range(1, highest + 5)]
            assert [one for one in connection.call_all(calls) if one.get("success")] != []
        assert listed(victim) == before


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that soon loses its patience."""
    folder = tmp_path_factory.mktemp("hurried")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "hurried.py")])
        server = Server(folder, "--auth-secret-file", str(key_file(tmp_path_factory.mktemp("keys"))))
        server.start()
    yield server
    server.close()


def trickle(connection: socket.socket, data: bytes, again: bytes) -> None:
    """Say something, then go on byte by byte, for as long as anybody listens."""
    with suppress(OSError):
        connection.sendall(data)
        while True:
            connection.sendall(again)
            time.sleep(0.05)


def keep_talking(session: Polling) -> None:
    while True:
        session.send("3")
        time.sleep(0.05)


def guess(connection: Websocket) -> None:
    for _ in range(10):
        connection.send(*['40{"token":"guessed"}'] * 10)
        connection.receive()
    connection.read_to_the_end()


def head(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


class TestSlowOnes:
    """Slowloris: each says as little as it can, as slowly as it can, and is ended; meanwhile others work."""

    def ends(self, server: Server, data: bytes, again: bytes, prepare: Callable[[Raw], None] | None = None) -> None:
        """Hold the server to ending it, though it never falls silent."""
        honest = Honest(server)
        with raw(server) as connection:
            if prepare is not None:
                prepare(connection)
            talking = threading.Thread(target=trickle, args=(connection.socket, data, again), daemon=True)
            talking.start()
            with suppress(Ended):
                while True:
                    connection.take(1)
            honest.works()
        talking.join(LIMIT)
        assert not talking.is_alive()
        honest.connection.close()

    def test_a_head_over_http(self, hurried: Server) -> None:
        self.ends(hurried, b"GET /api/questions HTTP/1.1\r\nX: ", b"x")

    def test_a_head_for_a_websocket(self, hurried: Server) -> None:
        self.ends(hurried, request(hurried.port)[:-2] + b"X: ", b"x")

    def test_a_body_over_http(self, hurried: Server) -> None:
        shown = f"Authorization: Bearer {CLINIC}"
        self.ends(
            hurried, head("/api/questions", shown, "Content-Length: 100000", "Content-Type: application/json"), b" "
        )

    def test_a_body_over_polling(self, hurried: Server) -> None:
        with closing(Polling(hurried)) as session:
            path = f"/socket.io/?EIO=4&transport=polling&sid={session.sid}"
            self.ends(hurried, head(path, "Content-Length: 10000"), b"4")

    def test_a_websocket_that_does_not_enter(self, hurried: Server) -> None:
        """Whatever it says instead: answers to pings that nobody sent, too."""

        def shake_hands(connection: Raw) -> None:
            connection.send(request(hurried.port))
            connection.opened()

        for said in (frame(9, b"x"), text(b"3"), text(b"6"), text(b'40{"token":"no"}')):
            self.ends(hurried, b"", said, shake_hands)

    def test_a_frame_that_never_ends(self, hurried: Server) -> None:
        def shake_hands(connection: Raw) -> None:
            connection.send(request(hurried.port))
            connection.opened()

        self.ends(hurried, frame(1, b"4" * 16_000)[:4], b"4", shake_hands)

    def test_a_session_that_does_not_enter(self, hurried: Server) -> None:
        session = Polling(hurried)
        with pytest.raises(Closed):
            keep_talking(session)


@pytest.mark.usefixtures("honest")
class TestLargeOnes:
    """Before a token was shown nothing large is read."""

    def test_over_a_websocket(self, server: Server) -> None:
        for size in (17_000, 500_000):
            with raw(server) as connection:
                connection.send(request(server.port))
                connection.opened()
                connection.send(frame(1, b"40" + encode({"token": "x" * size}))[: size // 2])
                assert connection.close_code() == 1009

    def test_in_many_fragments(self, server: Server) -> None:
        with raw(server) as connection:
            connection.send(request(server.port))
            connection.opened()
            with suppress(Ended):
                connection.send(frame(1, b"40", fin=False) + frame(0, b"x" * 5000, fin=False) * 4)
            assert connection.close_code() == 1009

    def test_over_polling(self, server: Server) -> None:
        session = Polling(server)
        with pytest.raises(Closed, match="400"):
            session.send("40" + encode({"token": "x" * 17_000}).decode())

    def test_who_has_entered_may(self, server: Server, honest: Honest) -> None:
        for kind in (Websocket, Polling):
            with closing(kind(server)) as connection:
                connection.enter(token(honest.user_id, "ELDER"))
                long = message(honest.question_id, "长" * 10_000, sender_id=honest.user_id, sender_type="ELDER")
                assert connection.call("send_message", long)["success"]

    def test_a_head(self, server: Server) -> None:
        answer = server.http("GET", "/api/questions", headers={"Authorization": f"Bearer {'x' * 20_000}"})
        assert answer.status in (413, 431)
        with raw(server) as connection:
            with suppress(Ended):
                connection.send(request(server.port)[:-2] + b"X: " + b"x" * 20_000)
            connection.ended()

    def test_a_storm_of_tries(self, start_server: StartServer, tmp_path: Path) -> None:
        """Guessing is held to the same limit as speaking."""
        server = start_server("--auth-secret-file", str(key_file(tmp_path)), "--connection-events", "5")
        connection = Websocket(server)
        with pytest.raises(Closed):
            guess(connection)
        connection.close()


def test_ten_thousand_half_open(server: Server, honest: Honest) -> None:
    """Silent ones, such as stop in the middle of a head, and such as shake hands and never enter."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    assert most > HALF_OPEN + 500, "this machine does not let a process have so many connections"
    before = resident_memory(server)
    whole = request(server.port)
    said = (b"", whole[: len(whole) // 2], b"GET /api/ques", whole)
    with ExitStack() as stack:
        for number in range(HALF_OPEN):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(said[number % len(said)])
            if number % 1000 == 0:
                honest.works()
        newcomer = Honest(server)
        newcomer.works()
        newcomer.connection.close()
        honest.works()
        assert resident_memory(server) - before < HALF_OPEN * ONE_STRANGER
    honest.works()


def test_a_crowd_that_polls_and_never_enters(start_server: StartServer, tmp_path: Path) -> None:
    """Sessions hold no connection open, so nothing but a bound keeps them from growing: the first of too many goes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "few_strangers.py")])
        server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    honest = Honest(server)
    first = Polling(server)
    others = [Polling(server) for _ in range(25)]
    with pytest.raises(Closed):
        first.enter(token(7, "ELDER"))
    others[-1].enter(token(7, "ELDER"))
    honest.works()
    assert "too many that do not enter" in server.stderr()
    for one in (first, *others, honest.connection):
        one.close()


def test_a_stop_while_many_are_half_way(start_server: StartServer, tmp_path: Path) -> None:
    """Each in the middle of something: the stop is clean and in time."""
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    shown = f"Authorization: Bearer {CLINIC}"
    said = (
        b"GET /api/questions HTTP/1.1\r\nX: ",
        head("/api/questions", shown, "Content-Length: 1000"),
        head("/socket.io/?EIO=4&transport=polling&sid=x", "Content-Length: 1000"),
        request(server.port)[:-2],
        request(server.port),
        b"",
    )
    with ExitStack() as stack:
        for number in range(60):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(said[number % len(said)])
        assert server.http("GET", "/health").status == 200
        server.stop()


def test_no_descriptor_is_taken_from_the_database(start_server: StartServer, tmp_path: Path) -> None:
    """Where a process may have few, connections are turned away in time, and whoever is in goes on."""
    few = 'ulimit -n 300; exec "$0" "$@"'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", ["sh", "-c", few, *COMMAND])
        server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    honest = Honest(server)
    with ExitStack() as stack:
        for _ in range(600):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        honest.works()
        # Every reader of the database opens its file.
        join = {"question_id": honest.question_id, "user_id": honest.user_id, "user_type": "ELDER", "after_id": 0}
        assert all("latest_id" in one for one in honest.connection.call_all([["join_question", join]] * 20))
    honest.works()
    honest.connection.close()
    server.bearer = CLINIC
    assert metric(server, 'careline_cuts_total{reason="no descriptor left"}') > 300


def test_nothing_secret_was_written_down(server: Server, hurried: Server) -> None:
    """After all of the above: no token and no message in any log or metric."""
    for one in (server, hurried):
        log = one.stderr()
        metrics = one.http("GET", "/metrics", headers={"Authorization": f"Bearer {CLINIC}"}).body
        for told in (log, metrics):
            # Not "eyJ" alone: the random id of a connection may contain it.
            assert not re.search(r"\beyJ[\w-]+\.", told)
            for secret in ("guessed", "长长长", "您好", "头晕"):
                assert secret not in told
