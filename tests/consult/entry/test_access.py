"""Hosts: a server that listens on every address answers to this machine's own, and says one that works."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from consult.entry.access import is_own_address, own_address
from tests.server import COMMAND, LIMIT, Server, environment


@contextmanager
def listening(folder: Path, *words: str) -> Iterator[tuple[str, int]]:
    """Run a server, and give the host and port of the line that it prints."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *words],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    killer = threading.Timer(30, process.kill)
    killer.start()
    try:
        assert process.stdout is not None
        match = re.fullmatch(r"Careline listening on http://(.+):(\d+)\n", process.stdout.readline())
        assert match
        yield match[1].strip("[]"), int(match[2])
    finally:
        killer.cancel()
        process.terminate()
        process.communicate(timeout=LIMIT)


def status(address: str, port: int, host: str) -> int:
    connection = HTTPConnection(address, port, timeout=LIMIT)
    connection.request("GET", "/health", headers={"Host": host})
    code = connection.getresponse().status
    connection.close()
    return code


EVERYWHERE = ("--host", "0.0.0.0", "--allow-open", "1")  # noqa: S104


def test_the_ready_line_names_an_address_that_works(tmp_path: Path) -> None:
    with listening(tmp_path, *EVERYWHERE) as (host, port):
        assert host not in EVERYWHERE
        assert status(host, port, f"{host}:{port}") == 200
        for name in (host, "127.0.0.1", "localhost", "127.8.9.1"):
            assert status("127.0.0.1", port, f"{name}:{port}") == 200, name
        for name in ("192.0.2.7", "clinic.example", "8.8.8.8", "evil.localhost.example", "0.0.0.0.example"):
            assert status("127.0.0.1", port, name) == 403, name


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_host_that_is_given_is_what_the_line_says(tmp_path: Path, host: str) -> None:
    with listening(tmp_path, "--host", host) as (told, port):
        assert told == host
        assert status(told, port, f"{told}:{port}") == 200


def test_listed_hosts_are_the_only_ones(tmp_path: Path) -> None:
    with listening(tmp_path, *EVERYWHERE, "--allowed-hosts", "clinic.example") as (host, port):
        assert status(host, port, "clinic.example") == 200
        assert status(host, port, host) == 403


def test_an_address_is_this_machine_s_or_not() -> None:
    own = own_address(socket.AF_INET)
    assert [is_own_address(one) for one in (own, "127.0.0.1")] == [True, True]
    for other in (
        "192.0.2.7",
        EVERYWHERE[1],
        "224.0.0.1",
        "localhost",
        "clinic.example",
        "",
        "2001:db8::5",
        "fe80::1%x",
    ):
        assert not is_own_address(other), other


SECURITY = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy")


def test_a_refusal_at_the_door_has_the_security_headers(server: Server) -> None:
    """Of a websocket request that is refused: for its host, its origin, its version, or its session."""
    for request in (
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: evil.example",
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://evil.example",
        "GET /socket.io/?EIO=3&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1",
        "GET /socket.io/?EIO=4&transport=websocket&sid=none HTTP/1.1\r\nHost: 127.0.0.1",
    ):
        upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        key = "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
        with server.connect() as connection:
            connection.sendall(f"{request}\r\n{upgrade}{key}".encode())
            answer = b""
            while part := connection.recv(4096):
                answer += part
        head = answer.partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")
        assert re.match(r"http/1.1 4\d\d ", head[0])
        assert [name for name in SECURITY if not any(line.startswith(f"{name}: ") for line in head)] == []
