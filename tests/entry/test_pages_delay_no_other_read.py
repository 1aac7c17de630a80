"""While every reader of pages is busy and more pages wait, what security and other clients ask is answered at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.packets import Closed, Websocket
from tests.server import Answer, Server, run
from tests.tokens import key_file, token

CLIENTS: Final = 60


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """While this file is there, no page comes to its end."""
    return tmp_path / "held"


@pytest.fixture
def server(tmp_path: Path, held: Path) -> Iterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "held_pages.py")])
        keys = key_file(tmp_path)
        server = Server(folder, "--auth-secret-file", str(keys), env={"TEST_HELD": str(held)})
        server.start()
    server.bearer = token(1, "SERVICE")
    yield server
    held.unlink(missing_ok=True)
    server.close()


def test_a_revoked_token_ends_its_connection_meanwhile(server: Server, held: Path, tmp_path: Path) -> None:
    question_id = server.open_question(elder_id=7)
    revoked = token(7, "ELDER", jti="a")
    waiting = threading.Barrier(CLIENTS + 1)

    def read_page(number: int) -> Answer:
        shown = token(100 + number, "STAFF")
        waiting.wait()
        return server.http(
            "GET", f"/api/questions/{question_id}/messages", headers={"Authorization": f"Bearer {shown}"}
        )

    with closing(Websocket(server)) as connection, ThreadPoolExecutor(CLIENTS) as threads:
        connection.enter(revoked)
        held.touch()
        pages = [threads.submit(read_page, number) for number in range(CLIENTS)]
        waiting.wait()
        # Nothing of this reads a page, and each is answered.
        assert server.http("GET", "/health").body["status"] == "ok"
        join = {"question_id": question_id, "user_id": 7, "user_type": "ELDER"}
        assert connection.call("join_question", join) == {"question_id": question_id}
        assert server.http("GET", f"/api/questions/{question_id}").status == 200
        server.make_reminder(7, "2000-01-01 00:00:00")
        keys = ("--auth-secret-file", str(key_file(tmp_path)))
        done = run("token", "--revoke", revoked, "--database", str(server.database), *keys, folder=tmp_path)
        assert done.returncode == 0, done
        with pytest.raises(Closed):
            connection.read_to_the_end()
        assert connection.named("error")[-1]["code"] == "UNAUTHENTICATED"
        assert not any(page.done() for page in pages)
        held.unlink()
        assert [page.result().status for page in pages] == [200] * CLIENTS
    assert "cannot be read" not in server.stderr()
