"""Careline behind nginx, both with the settings of docs/reverse-proxy.md. `make test-nginx` runs every test so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from websockets.exceptions import InvalidStatus

from tests import nginx
from tests.clients import Clients, message
from tests.conftest import Enter, StartServer
from tests.packets import Closed, Kind, Polling, Websocket
from tests.protocol.test_websocket_frames import ANSWERS, LEAVE, TEXT, Line, frame
from tests.server import Server, in_seconds, new_id

KINDS: Final[tuple[Kind, ...]] = (Websocket, Polling)
PAGE: Final = "https://clinic.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), env=nginx.settings_without_tokens(), nginx=True)
    server.start()
    yield server
    server.close()


def refused(kind: Kind, server: Server, **headers: str) -> str | None:
    """The status with which a client is refused; None when it is let in, for as long as this takes."""
    try:
        kind(server, headers=headers).close()
    except (InvalidStatus, Closed) as fault:
        return next(status for status in ("403", "429") if status in str(fault))
    return None


def test_a_consultation(server: Server, clients: Clients, transport: str) -> None:
    question_id, user_id = server.open_question(), new_id()
    client, other = clients.connect_all([transport, "websocket"])
    for one in client, other:
        one.join(question_id)
    for number in range(30):
        stored = (client, other)[number % 2].send(question_id, f"{number}" * 2000)
        assert client.expect("new_message") == other.expect("new_message") == stored
    assert client.call("send_message", message(question_id, ""))["success"] is False
    client.bind(user_id)
    server.make_reminder(user_id, in_seconds(0))
    assert client.expect("notification:new")["title"] == "服药提醒"
    client.disconnect()
    back = clients.connect(transport)
    back.emit("join_question", {"question_id": question_id, "user_id": 1, "user_type": "ELDER", "after_id": 0})
    assert back.expect("joined_question")["has_more"] is False
    assert [back.expect("new_message") for _ in range(30)] == server.messages(question_id)


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_packet(server: Server, enter: Enter, kind: Kind) -> None:
    connection = enter(kind, server)
    assert connection.call("leave_question", {"question_id": 5, "unknown": "x" * 999_900}) == {"question_id": 5}
    with pytest.raises((Closed, ConnectionError)):
        connection.call("leave_question", {"question_id": 5, "unknown": "x" * 1_000_000})


def test_a_body_that_is_too_long_is_told_in_our_words(server: Server) -> None:
    answer = server.http("POST", "/api/questions", body=b"x" * 1_000_001)
    assert (answer.status, answer.body["message"]) == (413, "请求体不得超过 1000000 字节")


def test_the_page_and_its_files(server: Server) -> None:
    for path in "/", "/docs", "/static/console/main.js", "/protocol.json", "/health", "/metrics":
        assert server.http("GET", path, headers={"Host": "clinic.example"}).status == 200


def test_frames_that_come_with_the_handshake(server: Server) -> None:
    for byte_by_byte in (False, True):
        line = Line(server)
        sent = line.request + frame(TEXT, b"40") + frame(TEXT, LEAVE)
        for part in [bytes([byte]) for byte in sent] if byte_by_byte else [sent]:
            line.socket.sendall(part)
        line.opened()
        assert line.read()[1].startswith(b"40{")
        assert sorted(line.read()[1] for _ in ANSWERS) == sorted(ANSWERS)
        line.close()


class TestOrigins:
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_clinics_own_page(self, server: Server, kind: Kind) -> None:
        assert refused(kind, server, Host="clinic.example", Origin=PAGE) is None
        assert refused(kind, server, Host="clinic.example", Origin="http://clinic.example") == "403"
        assert refused(kind, server, Host="clinic.example", Origin="https://elsewhere.example") == "403"
        assert refused(kind, server, Host="elsewhere.example", Origin="https://elsewhere.example") == "403"

    def test_without_the_list_its_own_page_is_the_https_one(self, start_server: StartServer) -> None:
        server = start_server("--allowed-hosts", "clinic.example", nginx=True)
        for page, status in (PAGE, 200), ("http://clinic.example", 403):
            headers = {"Host": "clinic.example", "Origin": page}
            assert server.http("GET", "/api/questions", headers=headers).status == status


class TestAddresses:
    LIMIT: Final = ("--address-connections", "2")

    def test_each_client_has_its_own_limit(self, start_server: StartServer, enter: Enter) -> None:
        server = start_server(*self.LIMIT, env=nginx.settings_without_tokens(), nginx=True)
        for kind, address in (Websocket, "127.0.0.2"), (Polling, "127.0.0.3"):
            with server.reached_from(address):
                for _ in range(2):
                    enter(kind, server)
                for other in KINDS:
                    assert refused(other, server) == "429"
                    forged = {"X-Forwarded-For": "203.0.113.7"}
                    assert refused(other, server, **forged) == "429", "what a client writes itself does not count"

    @pytest.mark.by_port  # what comes by a socket file comes from a proxy, whatever the setting
    def test_without_the_setting_they_share_the_proxys(self, start_server: StartServer, enter: Enter) -> None:
        server = start_server(
            *self.LIMIT, env={**nginx.settings_without_tokens(), "CARELINE_TRUSTED_PROXIES": ""}, nginx=True
        )
        for kind, address in (Websocket, "127.0.0.2"), (Polling, "127.0.0.3"):
            with server.reached_from(address):
                enter(kind, server)
        with server.reached_from("127.0.0.4"):
            for other in KINDS:
                assert refused(other, server) == "429"

    def test_the_log_has_the_clients(self, server: Server) -> None:
        before = len(server.stderr())
        with server.reached_from("127.0.0.5"):
            assert refused(Websocket, server, Origin="https://elsewhere.example") == "403"
        assert "127.0.0.5" in server.stderr()[before:]
