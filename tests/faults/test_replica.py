"""The disk is lost under load, and the database comes back from its replica by the words of docs/replica.md.

TEST_REPLICA=20 has the disk lost so often.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Final

import pytest

from consult.process.units import STATE, replica_configuration
from store.restore import JUMP
from tests.clients import message
from tests.nginx import block
from tests.packets import Closed, Websocket
from tests.protocol.test_client_guide import COMES_BACK, DRIVER, ORDERS, FrontEnd, blocks
from tests.server import COMMAND, ROOT, Server, environment, wait_until
from tests.store.filled import integrity

DOCUMENT: Final = ROOT / "docs" / "replica.md"
TARGET: Final = Path("/media/backup/careline")
LITESTREAM: Final = shutil.which("litestream", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
ROUNDS: Final = int(os.environ.get("TEST_REPLICA", "1"))
LOST: Final = 2.0  # seconds that the document admits
LOAD: Final = 4.0  # seconds under load before the disk is lost
SENDERS: Final = 4
AFTERWARDS: Final = 30  # messages

pytestmark = pytest.mark.skipif(LITESTREAM is None, reason="there is no litestream here")


class Box:
    """A machine with a disk for the database, and another one for the replica."""

    def __init__(self, folder: Path) -> None:
        assert LITESTREAM is not None
        self._disk, self.target = folder / "disk", folder / "media"
        self._disk.mkdir()
        self.target.mkdir()
        self._settings = folder / "careline-replica.yml"
        self._settings.write_text(self.here(replica_configuration(TARGET)))
        self._log = (folder / "litestream.log").open("wb")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        limits = ("--connection-events", "0", "--connection-bytes", "0", "--port", str(port))
        self.server = Server(self._disk, *limits)
        self._replica: subprocess.Popen[bytes] | None = None
        self.start()

    def here(self, text: str) -> str:
        """Give the document's words with this machine's places and programs."""
        assert LITESTREAM is not None
        text = text.replace(str(STATE), str(self._disk)).replace(str(TARGET), str(self.target))
        return re.sub(r"^litestream ", f"{shlex.quote(LITESTREAM)} ", text, flags=re.M)

    def start(self) -> None:
        """Start Careline, and Litestream beside it."""
        self.server.start()
        words = [str(LITESTREAM), "replicate", "-config", str(self._settings)]
        self._replica = subprocess.Popen(words, stdout=self._log, stderr=self._log)

    def lose_the_disk(self) -> None:
        """Let the machine end at once, and nothing be left of its disk but what the tests themselves have there."""
        assert self._replica is not None
        self._replica.kill()
        self.server.kill()
        self._replica.wait()
        shutil.rmtree(self._disk)
        self._disk.mkdir()

    def come_back(self) -> None:
        """Do what the document says, in a shell; systemd is this test."""
        words = self.here(block("sh", "The disk is lost", DOCUMENT))
        kept = [line for line in words.splitlines() if not line.startswith(("systemctl ", "chown "))]
        assert len(kept) == len(words.splitlines()) - 3
        self.shell("\n".join(kept))
        self.start()

    def shell(self, text: str) -> None:
        """Run lines of the document, in which `careline` is the program under test."""
        program = f'careline() {{ {shlex.join(COMMAND)} "$@"; }}\nset -eu\n'
        done = subprocess.run(
            ["sh", "-c", program + text], capture_output=True, text=True, env=environment(), cwd=ROOT, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def close(self) -> None:
        if self._replica is not None:
            self._replica.terminate()
            self._replica.wait()
        self.server.close()
        self._log.close()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.close()


@contextmanager
def load(server: Server, question_id: int) -> Iterator[list[tuple[int, float]]]:
    """People who talk until the server is gone; the ids that were acknowledged, each with the time."""
    acknowledged: list[tuple[int, float]] = []

    def talk(sender_id: int) -> None:
        with suppress(Closed, OSError, HTTPException, EOFError):
            client = Websocket(server)
            client.enter()
            while True:
                answer = client.call("send_message", message(question_id, "早上 150/95", sender_id=sender_id))
                acknowledged.append((answer["data"]["id"], time.monotonic()))

    people = [threading.Thread(target=talk, args=(number,)) for number in range(1, SENDERS + 1)]
    for one in people:
        one.start()
    yield acknowledged
    for one in people:
        one.join()


def front_end(server: Server, user_id: int, question_id: int) -> FrontEnd:
    me = {"sender_id": user_id, "sender_type": "ELDER", "role_display_name": "张三"}
    return FrontEnd(ORDERS + blocks()[0] + DRIVER, server.url, me, question_id)


def shown_since_reset(front: FrontEnd) -> list[int]:
    """The ids on a screen that was emptied when an older database had taken the place of the one before."""
    told = list(front.told)
    resets = [number for number, one in enumerate(told) if (one["kind"], one["value"]) == ("reset", "new_message")]
    return [one["value"]["id"] for one in told[resets[-1] if resets else 0 :] if one["kind"] == "message"]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_the_disk_is_lost_under_load(box: Box, round_: int) -> None:
    server = box.server
    question_id = server.open_question()
    fronts = [front_end(server, user_id, question_id) for user_id in (1001, 1002)]
    with load(server, question_id) as acknowledged:
        end = time.monotonic() + LOAD
        wait_until(lambda: time.monotonic() > end and list(box.target.rglob("*.ltx")), "a replica under load")
        lost_at = time.monotonic()
        box.lose_the_disk()
    before = list(acknowledged)
    assert len(before) > 100

    box.come_back()
    wait_until(lambda: server.http("GET", "/health").status == 200, "service")
    seconds = time.monotonic() - lost_at
    stored: list[int] = []
    while page := server.messages(question_id, f"after_id={stored[-1] if stored else 0}&limit=200"):
        stored += [one["id"] for one in page]
    missing = [at for number, at in before if number not in set(stored)]
    assert stored == list(range(1, len(stored) + 1)), "what is there is whole, up to its end"
    late = max((lost_at - at for at in missing), default=0.0)
    print(  # noqa: T201
        f"\nround {round_ + 1}: back after {seconds:.1f} s; of {len(before)} acknowledged messages {len(missing)} are "
        f"lost, the oldest {late:.2f} s before the end"
    )
    assert late <= LOST

    people = Websocket(server)
    people.enter()
    said = [message(question_id, f"之后 {number}") for number in range(AFTERWARDS)]
    new = [people.call("send_message", one)["data"]["id"] for one in said]
    assert min(new) > JUMP, "no id comes twice"
    for front in fronts:
        wait_until(lambda front=front: set(new) <= set(front.ids("message")), "what is said now", COMES_BACK)  # type: ignore[misc]
        screen = shown_since_reset(front)
        # One that comes back after something new was said is not told of the older database: it keeps what is lost.
        assert [number for number in screen if number <= stored[-1] or number > JUMP] == stored + new
        assert screen == sorted(set(screen)), "in order, and nothing twice"
        assert front.shown("fault") == []
        front.close()
    people.close()
    server.stop(signal.SIGTERM)
    assert integrity(server.database) == "ok"
    server.start()


def test_it_is_told_how_far_the_replica_is(box: Box) -> None:
    box.server.open_question()
    wait_until(lambda: box.server.http("GET", "/health").body["replica"], "the replica in /health", 2 * COMES_BACK)
    replica = box.server.http("GET", "/health").body["replica"]
    assert replica["state"] == "ok"
    assert replica["behind_seconds"] < 10


def test_a_second_box_takes_over(box: Box, tmp_path: Path) -> None:
    question_id = box.server.open_question()
    people = Websocket(box.server)
    people.enter()
    said = [people.call("send_message", message(question_id, f"{number}"))["data"]["id"] for number in range(20)]
    wait_until(lambda: list(box.target.rglob("*.ltx")), "a replica")
    follow, take_over = re.findall(r"^```sh\n(.*?)^```$", _section("A second box"), re.M | re.S)
    second = tmp_path / "second"
    second.mkdir()

    def there(text: str) -> str:
        return box.here(text.replace(str(STATE), str(second)))

    standby = second / "standby.db"
    with (tmp_path / "follow.log").open("wb") as log:
        following = subprocess.Popen(shlex.split(there(follow)), stdout=log, stderr=log)
        wait_until(lambda: standby.exists() and _ids(standby) == said, "what was said, on the second box", COMES_BACK)
        box.lose_the_disk()
        following.terminate()
        following.wait()
    box.shell("\n".join(line for line in there(take_over).splitlines() if line.startswith("careline ")))
    server = Server(second)
    server.start()
    assert [one["id"] for one in server.messages(question_id)] == said
    sender = Websocket(server)
    sender.enter()
    assert sender.call("send_message", message(question_id, "新"))["data"]["id"] > JUMP
    sender.close()
    server.close()
    box.start()  # which the end of the test stops


def _section(title: str) -> str:
    return next(part for part in re.split(r"^## ", DOCUMENT.read_text(), flags=re.M) if part.startswith(title))


def _ids(database: Path) -> list[int]:
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reading:
        return [row[0] for row in reading.execute("SELECT id FROM message ORDER BY id")]
    return []
