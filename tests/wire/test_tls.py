"""TLS without a proxy: who never agrees on it, what official clients see of it, and a certificate that is renewed."""

from __future__ import annotations

import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.certificates import Pair, authority, pair, trust
from tests.clients import Clients
from tests.conftest import StartServer
from tests.server import LIMIT, Server, in_seconds, run, wait_until
from tests.wire.raw import LEAVE, LEFT, Raw, raw, request, text

HTTP: Final = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(scope="module")
def tls_settings() -> dict[str, str]:
    """This server always has a certificate."""
    return pair().settings()


def first_flight() -> bytes:
    """What a client says first: its ClientHello."""
    outgoing = ssl.MemoryBIO()
    half = trust().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()


def closed(connection: socket.socket) -> bool:
    """Whether the server has ended the connection; what it still said does not matter."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        pass
    return True


class TestHandshake:
    def test_the_line_says_where_it_is(self, server: Server) -> None:
        assert server.url == f"https://127.0.0.1:{server.port}"
        assert server.http("GET", "/health").status == 200

    @pytest.mark.parametrize("sent", [HTTP, request(1), b"\x16\x03\x01\x00\x05hello", b"\xff" * 1000])
    def test_what_is_no_tls_is_ended_in_silence(self, server: Server, sent: bytes) -> None:
        before = server.stderr()
        with server.connect_tcp() as connection:
            connection.sendall(sent)
            assert closed(connection)
        assert server.http("GET", "/health").status == 200
        assert server.stderr() == before

    @pytest.mark.parametrize("length", [0, 1, 5, 100, None])
    def test_going_away_in_the_middle_of_it(self, server: Server, length: int | None) -> None:
        before = server.stderr()
        with server.connect_tcp() as connection:
            connection.sendall(first_flight()[:length])
            connection.shutdown(socket.SHUT_WR)
            assert closed(connection)
        assert server.http("GET", "/health").status == 200
        assert server.stderr() == before

    def test_a_version_of_yesterday(self, server: Server) -> None:
        old = ssl.create_default_context(cafile=authority().certificate)
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with server.connect_tcp() as connection, pytest.raises((ssl.SSLError, ConnectionError)):
            old.wrap_socket(connection, server_hostname="127.0.0.1")

    def test_tls_1_2_serves_too(self, server: Server) -> None:
        older = ssl.create_default_context(cafile=authority().certificate)
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        with older.wrap_socket(server.connect_tcp(), server_hostname="127.0.0.1") as connection:
            connection.sendall(HTTP)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")

    def test_the_server_stops_in_time_with_strangers_in_the_middle_of_it(self, start_server: StartServer) -> None:
        server = start_server(env=pair().settings())
        silent = [server.connect_tcp() for _ in range(40)]
        for one in silent[::2]:
            one.sendall(first_flight())
        assert server.http("GET", "/health").status == 200
        assert server.stop() < 2
        for one in silent:
            one.close()


def test_an_end_without_a_goodbye(server: Server) -> None:
    """TLS has no half-close: whoever sends no more, in whatever way, is gone, but what it sent is done."""
    question_id = server.open_question()
    for says_goodbye in (True, False):
        with raw(server) as connection:
            connection.enter()
            connection.join(question_id)
            connection.send(text(LEAVE))
            connection.socket.shutdown(socket.SHUT_WR) if says_goodbye else connection.close()
    wait_until(lambda: 'transport="websocket"} 0.0' in server.http("GET", "/metrics").body, "the end of both")


def test_official_clients(server: Server, clients: Clients, transport: str) -> None:
    """wss, and polling over https, and the upgrade between them."""
    question_id, user_id = server.open_question(), 31
    client, other = clients.connect_all([transport, "websocket"])
    for one in client, other:
        one.join(question_id)
    for number in range(20):
        stored = (client, other)[number % 2].send(question_id, f"{number}" * 500)
        assert client.expect("new_message") == other.expect("new_message") == stored
    client.bind(user_id)
    task = server.make_reminder(user_id, in_seconds(0))
    assert client.expect("notification:new")["title"] == task["title"]


class TestOrigin:
    """The server's own is the https one; the same name over http is anybody's who is in between."""

    @pytest.mark.parametrize(("scheme", "status"), [("https", 200), ("http", 403)])
    def test_own(self, start_server: StartServer, scheme: str, status: int) -> None:
        server = start_server("--allow-open", "--allowed-hosts", "clinic.example", env=pair().settings())
        for host in "clinic.example", f"clinic.example:{server.port}":
            headers = {"Host": host, "Origin": f"{scheme}://{host}"}
            assert server.http("GET", "/socket.io/?EIO=4&transport=polling", headers=headers).status == status
            with raw(server) as connection:
                connection.send(
                    request(server.port, headers=[f"Origin: {scheme}://{host}"]).replace(
                        f"Host: 127.0.0.1:{server.port}".encode(), f"Host: {host}".encode()
                    )
                )
                assert connection.answer()[0] == (101 if status == 200 else status)


class Talk:
    """A connection that says something and is answered, again and again."""

    def __init__(self, server: Server) -> None:
        self.answers = 0
        self._raw = Raw(server)
        self._raw.enter()
        self._ending = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def _talk(self) -> None:
        try:
            while not self._ending.is_set():
                self._raw.send(text(LEAVE))
                assert self._raw.packet() == LEFT
                self.answers += 1
        except BaseException as fault:
            self._fault = fault

    def goes_on(self) -> None:
        before = self.answers
        wait_until(lambda: self._fault or self.answers > before + 10, "further answers")
        assert self._fault is None

    def close(self) -> None:
        self._ending.set()
        self._thread.join(LIMIT)
        self._raw.close()


class TestRenewal:
    @pytest.fixture
    def renewed(self, tmp_path: Path) -> Pair:
        """The pair that the server is given: a copy, to be replaced."""
        copy = Pair(tmp_path / "certificate.pem", tmp_path / "key.pem")
        copy.replace(pair())
        return copy

    @pytest.fixture
    def talk(self, start_server: StartServer, renewed: Pair) -> Iterator[tuple[Server, Talk]]:
        server = start_server(env=renewed.settings())
        talk = Talk(server)
        yield server, talk
        talk.close()

    def serial(self, server: Server) -> str:
        """The serial number of the certificate that a new client is shown."""
        with server.connect() as connection:
            assert isinstance(connection, ssl.SSLSocket)
            shown = connection.getpeercert()
            assert shown is not None
            number = shown["serialNumber"]
            assert isinstance(number, str)
            return number

    @pytest.mark.parametrize("kind", ["EC", "RSA"])
    def test_new_connections_get_it_and_old_ones_live_on(
        self, talk: tuple[Server, Talk], renewed: Pair, kind: str
    ) -> None:
        server, talking = talk
        first = self.serial(server)
        assert self.serial(server) == first
        renewed.replace(authority().sign(f"renewed-{kind}", kind))
        assert self.serial(server) == first, "not before it is told"
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.serial(server) != first, "the new certificate")
        talking.goes_on()
        with raw(server) as newer:
            newer.enter()
            newer.alive()
        assert "the certificate was read again" in server.stderr()

    def test_a_bad_pair_is_told_and_the_last_one_stays(self, talk: tuple[Server, Talk], renewed: Pair) -> None:
        server, talking = talk
        first = self.serial(server)
        other = authority().sign("another")

        def is_told(setting: str, times: int) -> None:
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: server.stderr().count("the certificate from before stays") == times, "a line")
            assert f"stays: {setting}" in server.stderr().splitlines()[-1]
            assert self.serial(server) == first

        renewed.key.write_bytes(other.key.read_bytes())
        is_told("--tls-key", 1)
        renewed.certificate.write_text("nothing")
        is_told("--tls-certificate", 2)
        renewed.certificate.unlink()
        is_told("--tls-certificate", 3)
        talking.goes_on()
        renewed.replace(other)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.serial(server) != first, "the new certificate")
        talking.goes_on()


class TestSettings:
    @pytest.mark.parametrize("command", ["serve", "check"])
    def test_all_faults_are_told_at_once(self, tmp_path: Path, command: str) -> None:
        given = ["--port", "x", "--tls-certificate", "missing.pem", "--tls-key", "missing.key"]
        result = run(command, *given, folder=tmp_path)
        assert result.returncode == 2
        assert [line.split(":")[1].split()[0] for line in result.stderr.splitlines()] == [
            *("--port", "--tls-certificate", "--tls-key"),
        ]
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("given", ["--tls-certificate", "--tls-key"])
    def test_one_without_the_other(self, tmp_path: Path, given: str) -> None:
        result = run("check", given, str(pair().certificate), folder=tmp_path)
        assert result.returncode == 2
        assert "both or neither" in result.stderr
        assert result.stderr.count("\n") == 1

    @pytest.mark.parametrize(
        ("wrong", "setting"),
        [("junk", "certificate"), ("junk key", "key"), ("another key", "key"), ("a key of another kind", "key")],
    )
    def test_a_pair_that_is_none(self, tmp_path: Path, wrong: str, setting: str) -> None:
        certificate, key = pair().certificate, pair().key
        junk = tmp_path / "junk"
        junk.write_text("-----BEGIN nothing at all")
        match wrong:
            case "junk":
                certificate = junk
            case "junk key":
                key = junk
            case "another key":
                key = authority().sign("another").key
            case _:
                key = authority().sign("rsa", "RSA").key
        result = run("check", "--tls-certificate", str(certificate), "--tls-key", str(key), folder=tmp_path)
        assert result.returncode == 2
        assert result.stderr.startswith(f"careline: --tls-{setting} (CARELINE_TLS_{setting.upper()}): ")
        assert result.stderr.count("\n") == 1

    def test_a_sound_pair(self, tmp_path: Path) -> None:
        result = run("check", env=pair().settings(), folder=tmp_path)
        assert (result.returncode, result.stderr) == (0, "")

    def test_whoever_makes_a_backup_need_not_read_the_key(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server(env=pair().settings())
        env = {"CARELINE_DATABASE": str(server.database), **Pair(tmp_path / "a", tmp_path / "b").settings()}
        result = run("backup", "copy.db", env=env, folder=tmp_path)
        assert result.returncode == 0, result.stderr
