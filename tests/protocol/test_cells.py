"""Two cells behind one nginx over socket files, as docs/growing.md has it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests import nginx
from tests.clients import Clients
from tests.packets import Websocket
from tests.server import Server, wait_until

SOUTH = {"Host": "south.clinic.example"}
SETTINGS = {"CARELINE_ALLOW_OPEN": "1", "CARELINE_ALLOWED_HOSTS": "south.clinic.example,127.0.0.1,localhost"}


@pytest.fixture
def cells(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """North, which clients reach by nginx, and south, which they reach by the same under its name."""
    files = nginx.socket_folder()
    folders = [tmp_path / name for name in ("south", "north")]
    for folder in folders:
        folder.mkdir()
    south = Server(folders[0], env=SETTINGS, nginx=False, file=files / "south.sock")
    south.start()
    before = nginx.Nginx()
    before.configuration = partial(nginx.configuration_of_cells, neighbour=files / "south.sock")
    north = Server(folders[1], env=SETTINGS, nginx=before, file=files / "north.sock")
    north.start()
    yield north, south
    north.close()
    south.close()


def test_each_has_its_own_host_and_one_that_is_killed_takes_no_other_along(
    cells: tuple[Server, Server], clients: Clients, transport: str
) -> None:
    north, south = cells
    question_id = north.open_question("北")
    assert north.http("POST", "/api/questions", json={"title": "南", "elder_id": 1}, headers=SOUTH).status == 201
    assert [north.http("GET", f"/api/questions/{question_id}", headers=of).body["title"] for of in ({}, SOUTH)] == [
        "北",
        "南",
    ], "ids are each cell's own"
    client = clients.connect(transport, to=north)
    client.join(question_id)
    other = Websocket(north, headers=SOUTH)
    other.enter()

    south.kill()
    for _ in range(20):
        sent = client.send(question_id)
        assert client.expect("new_message") == sent
    assert north.http("GET", "/health", headers=SOUTH).status == 502

    south.start()
    wait_until(lambda: north.http("GET", "/health", headers=SOUTH).status == 200, "the cell that was killed")
    assert north.http("GET", f"/api/questions/{question_id}", headers=SOUTH).body["title"] == "南"
    other.close()


def test_a_host_that_is_no_cell_s(cells: tuple[Server, Server]) -> None:
    north, _ = cells
    assert north.http("GET", "/health", headers={"Host": "east.clinic.example"}).status == 421
    assert north.http("GET", "/health", headers={"Host": "elsewhere.example"}).status == 421
