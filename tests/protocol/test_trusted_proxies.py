"""Clients behind a proxy: it is believed what it tells of them when a setting names it, and nobody else is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from websockets.exceptions import InvalidStatus

from consult.process import settings
from tests.conftest import StartServer
from tests.packets import Closed, Connection, Kind, Polling, Websocket
from tests.server import Server

KINDS: Final[tuple[Kind, ...]] = (Websocket, Polling)
LEFT: Final = {"question_id": 5}


class Proxy:
    """Connects to one server as a proxy on loopback does, with what it says of its client."""

    def __init__(self) -> None:
        self._opened: list[Connection] = []

    def connect(self, kind: Kind, server: Server, told: str | None) -> Connection:
        headers = {} if told is None else {"X-Forwarded-For": told}
        self._opened.append(kind(server, headers=headers))
        self._opened[-1].enter()
        return self._opened[-1]

    def refused(self, server: Server, told: str | None) -> bool:
        """Whether no connection of either kind is let in, for being one too many."""
        told_off = []
        for kind in KINDS:
            try:
                self.connect(kind, server, told)
            except (InvalidStatus, Closed) as refused:
                told_off.append("429" in str(refused))
        return told_off == [True, True]

    def close(self) -> None:
        for connection in self._opened:
            connection.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It trusts what is on loopback, and lets an address have two connections and ten events in a window."""
    limits = ("--address-connections", "2", "--address-events", "1")
    hosts = ("--allowed-hosts", "clinic.example,127.0.0.1", "--allow-open")
    folder = tmp_path_factory.mktemp("server")
    server = Server(folder, *limits, *hosts, "--trusted-proxies", "127.0.0.1", nginx=False)
    server.start()
    yield server
    server.close()


@pytest.mark.parametrize("kind", KINDS)
def test_each_client_has_its_own_connections(server: Server, proxy: Proxy, kind: Kind) -> None:
    for number in range(3):
        address = f"2001:db8::{kind.__name__ == 'Polling':d}:{number}"
        for _ in range(2):
            proxy.connect(kind, server, address)
        assert proxy.refused(server, address)
        assert proxy.refused(server, f"198.51.100.1, {address}"), "the left one is its own invention"
    proxy.connect(kind, server, None)


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8,::1"])
def test_an_address_that_is_not_trusted_is_itself(start_server: StartServer, proxy: Proxy, trusted: str) -> None:
    server = start_server("--allow-open", "--address-connections", "2", "--trusted-proxies", trusted, nginx=False)
    for number, kind in enumerate(KINDS):
        proxy.connect(kind, server, f"203.0.113.{number}")
    assert proxy.refused(server, "203.0.113.9")
    assert proxy.refused(server, None)


def test_each_client_has_its_own_events(server: Server, proxy: Proxy) -> None:
    first = [proxy.connect(kind, server, "203.0.113.1") for kind in KINDS]
    second = [proxy.connect(kind, server, "203.0.113.2") for kind in KINDS]
    for number in range(10):
        assert first[number % 2].call("leave_question", LEFT) == LEFT
    for connection in first:
        assert connection.call("leave_question", LEFT)["code"] == "RATE_LIMITED"
    for connection in second:
        assert connection.call("leave_question", LEFT) == LEFT


@pytest.mark.parametrize(("proto", "status"), [("https", 200), ("http", 403)])
def test_the_servers_own_origin_is_the_proxys(server: Server, proto: str, status: int) -> None:
    headers = {"Host": "clinic.example", "Origin": "https://clinic.example", "X-Forwarded-Proto": proto}
    for path in "/socket.io/?EIO=4&transport=polling", "/api/questions":
        assert server.http("GET", path, headers={**headers, "X-Forwarded-For": f"192.0.2.{status}"}).status == status
    if status == 200:
        Websocket(server, headers=headers).close()
    else:
        with pytest.raises(InvalidStatus, match="403"):
            Websocket(server, headers=headers)


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("203.0.113.1", 403)])
def test_pages_on_loopback_are_those_of_the_box_itself(server: Server, address: str, status: int) -> None:
    """A front end's dev server on a visitor's own machine is no page of ours."""
    headers = {"Origin": "http://localhost:5173", "X-Forwarded-For": address}
    assert server.http("GET", "/api/questions", headers=headers).status == status


def test_the_log_has_the_clients_address(server: Server) -> None:
    for headers in {"Host": "elsewhere.example"}, {"Origin": "https://elsewhere.example"}:
        before = len(server.stderr())
        answer = server.http("GET", "/", headers={**headers, "X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
        assert answer.status == 403
        assert "203.0.113.7" in server.stderr()[before:]
        assert "198.51.100.1" not in server.stderr()[before:]


@pytest.mark.parametrize("value", ["proxy.example", "10.0.0.1/8", "127.0.0.1;127.0.0.2", "256.0.0.1", "*"])
def test_what_is_no_address(value: str) -> None:
    with pytest.raises(settings.SettingsFault, match=r"--trusted-proxies \(CARELINE_TRUSTED_PROXIES\): must be addr"):
        settings.read({"trusted_proxies": value}, {}, serving=False)
