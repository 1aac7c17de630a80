"""Clients behind a proxy: it is believed what it tells of them when a setting names it, and nobody else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from websockets.exceptions import InvalidStatus

from tests.conftest import StartServer
from tests.packets import Closed, Connection, Kind, Polling, Websocket
from tests.server import Server, run

KINDS: Final[tuple[Kind, ...]] = (Websocket, Polling)
TRUST: Final = ("--trusted-proxies", "127.0.0.1")
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


@pytest.mark.parametrize("kind", KINDS)
def test_each_client_has_its_own_connections(start_server: StartServer, proxy: Proxy, kind: Kind) -> None:
    server = start_server("--address-connections", "2", *TRUST, nginx=False)
    for number in range(3):
        address = f"203.0.113.{number}"
        for _ in range(2):
            proxy.connect(kind, server, address)
        assert proxy.refused(server, address)
        assert proxy.refused(server, f"198.51.100.1, {address}"), "the left one is its own invention"
    proxy.connect(kind, server, None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8,::1"])
def test_whoever_is_not_trusted_is_itself(start_server: StartServer, proxy: Proxy, kind: Kind, trusted: str) -> None:
    server = start_server("--address-connections", "2", "--trusted-proxies", trusted, nginx=False)
    for number in range(2):
        proxy.connect(kind, server, f"203.0.113.{number}")
    assert proxy.refused(server, "203.0.113.9")
    assert proxy.refused(server, None)


@pytest.mark.parametrize("kind", KINDS)
def test_each_client_has_its_own_events(start_server: StartServer, proxy: Proxy, kind: Kind) -> None:
    server = start_server("--address-events", "1", *TRUST, nginx=False)
    first = [proxy.connect(kind, server, "203.0.113.1") for _ in range(2)]
    second = proxy.connect(kind, server, "203.0.113.2")
    for number in range(10):
        assert first[number % 2].call("leave_question", LEFT) == LEFT
    for connection in first:
        assert connection.call("leave_question", LEFT)["code"] == "RATE_LIMITED"
    assert second.call("leave_question", LEFT) == LEFT


@pytest.mark.parametrize(("proto", "status"), [("https", 200), ("http", 403)])
def test_the_servers_own_origin_is_the_proxys(start_server: StartServer, proto: str, status: int) -> None:
    server = start_server("--allowed-hosts", "clinic.example", *TRUST, nginx=False)
    headers = {"Host": "clinic.example", "Origin": "https://clinic.example", "X-Forwarded-Proto": proto}
    for path in "/socket.io/?EIO=4&transport=polling", "/api/questions":
        assert server.http("GET", path, headers=headers).status == status
    if status == 200:
        Websocket(server, headers=headers).close()
    else:
        with pytest.raises(InvalidStatus, match="403"):
            Websocket(server, headers=headers)


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("203.0.113.1", 403)])
def test_pages_on_loopback_are_those_of_the_box_itself(start_server: StartServer, address: str, status: int) -> None:
    """A front end's dev server on a visitor's own machine is no page of ours."""
    server = start_server(*TRUST, nginx=False)
    headers = {"Origin": "http://localhost:5173", "X-Forwarded-For": address}
    assert server.http("GET", "/api/questions", headers=headers).status == status


def test_the_log_has_the_clients_address(start_server: StartServer) -> None:
    server = start_server(*TRUST, nginx=False)
    for headers in {"Host": "elsewhere.example"}, {"Origin": "https://elsewhere.example"}:
        before = len(server.stderr())
        answer = server.http("GET", "/", headers={**headers, "X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
        assert answer.status == 403
        assert "203.0.113.7" in server.stderr()[before:]
        assert "198.51.100.1" not in server.stderr()[before:]


@pytest.mark.parametrize("value", ["proxy.example", "10.0.0.1/8", "127.0.0.1;127.0.0.2", "256.0.0.1", "*"])
def test_what_is_no_address(value: str, tmp_path: Path) -> None:
    result = run("check", env={"CARELINE_TRUSTED_PROXIES": value}, folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("careline: --trusted-proxies (CARELINE_TRUSTED_PROXIES): must be addresses")
