"""Fixtures for every test that drives the real Careline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

# Before the modules are imported: their assertions tell as much when they fail as those of a test.
pytest.register_assert_rewrite("tests.server", "tests.clients", "tests.packets", "tests.protocol.answers")

from tests.cells import neighbour  # noqa: E402
from tests.clients import TRANSPORTS, Clients, Node  # noqa: E402
from tests.clock import Clock  # noqa: E402
from tests.packets import Connection, Kind  # noqa: E402
from tests.server import CELLS, NGINX, Server  # noqa: E402
from tests.torture.patches import patched  # noqa: E402


class StartServer(Protocol):
    """Starts a server for one test alone, with options and settings of its own."""

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None, nginx: bool = NGINX) -> Server: ...


class Enter(Protocol):
    """Opens a connection of a kind and enters the namespace `/`."""

    def __call__(self, kind: Kind, server: Server) -> Connection: ...


@pytest.fixture(scope="session", autouse=CELLS)
def _cell_beside() -> Iterator[None]:
    """A cell that is killed and started again, with TEST_CELLS=1."""
    with neighbour():
        yield


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """The Node process of the official clients."""
    node = Node()
    yield node
    node.close()


@pytest.fixture(scope="module")
def server_arguments() -> Sequence[str]:
    """Options for the module's server; a module overrides this."""
    return ()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, server_arguments: Sequence[str]) -> Iterator[Server]:
    """A running server that the tests of a module share; at the end it must stop cleanly."""
    server = Server(tmp_path_factory.mktemp("server"), *server_arguments)
    server.start()
    yield server
    server.close()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """A way to start servers for one test; at its end they must stop cleanly."""
    servers: list[Server] = []

    def start(*arguments: str, env: Mapping[str, str] | None = None, nginx: bool = NGINX) -> Server:
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        servers.append(Server(folder, *arguments, env=env, nginx=nginx))
        servers[-1].start()
        return servers[-1]

    yield start
    faults: list[BaseException] = []
    for server in servers:
        try:
            server.close()
        except AssertionError as fault:
            faults.append(fault)
    if faults:
        raise faults[0]


@pytest.fixture
def clients(node: Node, request: pytest.FixtureRequest) -> Iterator[Clients]:
    """Official clients for one test, of the module's server unless another is named; disconnected at the end."""

    def module_server() -> Server:
        server = request.getfixturevalue("server")
        assert isinstance(server, Server)
        return server

    clients = Clients(node, module_server)
    yield clients
    clients.close()


@pytest.fixture
def enter() -> Iterator[Enter]:
    """A way to open connections that say every packet themselves; closed at the end of the test."""
    connections: list[Connection] = []

    def enter(kind: Kind, server: Server) -> Connection:
        connection = kind(server)
        connections.append(connection)
        connection.enter()
        return connection

    yield enter
    for connection in connections:
        connection.close()


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """Each transport in turn: websocket, long-polling, and polling upgraded to websocket."""
    name = request.param
    assert isinstance(name, str)
    return name


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """The clock of `clocked_server`, which the test sets."""
    return Clock(tmp_path / "clock")


@pytest.fixture
def clocked_server(start_server: StartServer, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that goes by that clock."""
    monkeypatch.setattr("tests.server.COMMAND", patched("clock_from_file"))
    return start_server(env={"TEST_CLOCK": str(clock.file)})
