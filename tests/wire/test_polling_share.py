"""Long-polling has its share of each turn, too: a payload is taken in by shares, and what sends on is cut."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.packets import Closed, Polling
from tests.server import Answer, Server, new_id
from tests.tokens import key_file, token
from tests.wire.raw import LEAVE, LEFT, metric

# Here a connection sends more than a user may.
UNLIMITED: Final = ("--user-events", "0", "--user-bytes", "0")
SHARE: Final = 2 * 64  # packets of one connection in one turn: what was kept, then what has just come
MOST_STRANGERS: Final = 2000  # sessions of one address
FLOODS: Final = {
    "pongs": b"3",
    "CONNECTs": b"40",
    "other namespaces": b"40/x,",
    "acknowledgements": b"431[]",
}


@pytest.fixture(scope="module", params=["without tokens", "with tokens"])
def server(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("turns")
    tokens = request.param == "with tokens"
    unlimited = {f"CARELINE_USER_{what}": "0" for what in ("EVENTS", "BYTES", "READS", "ROWS", "CHANGES")}
    secured = {"CARELINE_AUTH_SECRET_FILE": str(key_file(folder)), **unlimited} if tokens else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "turns.py")])
        server = Server(folder, *UNLIMITED, env=secured)
        server.start()
    if tokens:
        server.bearer = token(1, "SERVICE")
    yield server
    server.close()


@pytest.fixture
def session(server: Server) -> Iterator[Polling]:
    session = Polling(server)
    session.enter(token(new_id(), "STAFF") if server.bearer else None)
    yield session
    session.close()


def post(server: Server, session: Polling, packets: list[bytes]) -> Answer:
    path = f"/socket.io/?EIO=4&transport=polling&sid={session.sid}"
    return server.http("POST", path, body=b"\x1e".join(packets), headers={"Content-Type": "text/plain"})


def check_cut(server: Server, session: Polling, packets: list[bytes], reason: str) -> None:
    """The payload ends the session, counted and with one log line."""
    name = f'careline_cuts_total{{reason="{reason}"}}'
    before, lines = metric(server, name), server.stderr().count(reason)
    assert post(server, session, packets).status == 400
    assert metric(server, name) == before + 1
    assert server.stderr().count(reason) == lines + 1
    assert re.search(rf"connection \S+ ended: {reason}", server.stderr())
    with pytest.raises(Closed):
        session.send("3")


@pytest.mark.parametrize("packet", FLOODS.values(), ids=FLOODS.keys())
def test_packets_that_ask_nothing_are_few(server: Server, session: Polling, packet: bytes) -> None:
    packets = [packet] * (900_000 // (len(packet) + 1))
    check_cut(server, session, packets, "too many frames that ask nothing")
    assert metric(server, 'most_in_a_turn{of="packets"}') <= SHARE


def test_a_stranger_has_few_packets(server: Server) -> None:
    stranger = Polling(server)
    check_cut(server, stranger, [b"40/x,"] * 1000, "too many frames before its CONNECT")


def test_a_stranger_has_few_bytes(server: Server) -> None:
    stranger = Polling(server)
    for _ in range(13):
        assert post(server, stranger, [b"40/" + b"x" * 5_000]).status == 200
    check_cut(server, stranger, [b"40/" + b"x" * 5_000], "too many bytes before its CONNECT")


def test_a_payload_is_taken_in_by_shares(server: Server, session: Polling) -> None:
    """Every event is answered, in order, and the others have their turns between."""
    assert post(server, session, [LEAVE] * 5000).status == 200
    for _ in range(5000):
        assert session.receive() == LEFT.decode()
    assert metric(server, 'most_in_a_turn{of="packets"}') <= SHARE


def test_what_comes_after_a_goodbye_is_not_read(server: Server, session: Polling) -> None:
    answer = post(server, session, [b"1", LEAVE, b"abc"])
    assert answer.status == 200
    assert "no Engine.IO packet" not in server.stderr()


def test_events_beyond_the_limit_are_answered_and_then_cut(tmp_path: Path) -> None:
    server = Server(tmp_path, "--connection-events", "2")
    server.start()
    session = Polling(server)
    session.enter()
    check_cut(server, session, [b'42["x"]'] * 20_000, "too many frames")
    limited = metric(server, 'careline_rate_limited_total{limit="connection_events"}')
    assert 900 < limited <= 1000
    server.close()


def test_sessions_before_their_connect_are_few(tmp_path: Path) -> None:
    """Of one address; elsewhere they come in as before."""
    server = Server(tmp_path)
    server.start()
    line = server.http_line()

    def opened() -> int:
        line.request("GET", "/socket.io/?EIO=4&transport=polling")
        answer = line.getresponse()
        answer.read()
        return answer.status

    with closing(Polling(server)) as first:
        statuses = [opened() for _ in range(MOST_STRANGERS)]
        assert statuses == [200] * (MOST_STRANGERS - 1) + [429]
        with server.reached_from("127.0.0.2"), closing(Polling(server)) as elsewhere:
            elsewhere.enter()
        first.enter()
        assert (opened(), opened()) == (200, 429), "who enters makes room"
    line.close()
    server.close()
