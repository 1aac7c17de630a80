"""Lists are worked on a few at a time; a client that asks for more waits, and for far too many is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.server import ROOT, Server, wait_until
from tests.wire.raw import metric, raw

REFUSED: Final = 'careline_rate_limited_total{limit="reads"}'
AT_ONCE: Final = 4
MOST_WAITING: Final = 256


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """While this file is there, no page comes to its end."""
    return tmp_path / "held"


@pytest.fixture
def server(tmp_path: Path, held: Path) -> Iterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(ROOT / "tests" / "entry" / "held_pages.py")])
        server = Server(folder, env={"TEST_HELD": str(held)})
        server.start()
    yield server
    held.unlink(missing_ok=True)
    server.close()


def test_too_many_at_once(server: Server, held: Path) -> None:
    held.touch()
    request = f"GET /api/questions HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    with ExitStack() as stack:
        lines = [stack.enter_context(raw(server)) for _ in range(AT_ONCE + MOST_WAITING + 5)]
        for line in lines:
            line.send(request)
        wait_until(lambda: metric(server, REFUSED) == 5, "the refusals")
        answer = server.http("GET", "/api/reminders")
        assert (answer.status, answer.body["code"]) == (429, "RATE_LIMITED")
        assert int(answer.headers["retry-after"]) >= 1
        server.open_question()  # what does not list waits for none of it
        held.unlink()
        statuses = [line.answer()[0] for line in lines]
    assert sorted(statuses) == [200] * (AT_ONCE + MOST_WAITING) + [429] * 5
    assert server.http("GET", "/api/questions").status == 200
