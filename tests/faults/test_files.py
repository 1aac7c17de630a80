"""Files under kills, full disks and folders that are not what they should be: what a message names is there whole.

TEST_FILE_ROUNDS (3) says how often each of the long ones is done.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from tests import server as tests_server
from tests.conftest import StartServer
from tests.faults.test_read_only import ABOVE_MODES
from tests.files import ask, content, get, said, upload
from tests.server import COMMAND, Server, environment, run, wait_until

ROUNDS: Final = int(os.environ.get("TEST_FILE_ROUNDS") or 3)
UPLOADERS: Final = 3


class Load:
    """Clients that upload files of all lengths and send each in a message."""

    def __init__(self, server: Server, question_id: int) -> None:
        self.uploaded: list[str] = []  # hashes that were answered
        self.sent: list[str] = []  # that a message was acknowledged for
        self._server = server
        self._question_id = question_id
        self._over = threading.Event()
        self._turns = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._run, args=(seed,)) for seed in range(UPLOADERS)]

    def allow(self, files: int) -> None:
        """Let so many more be uploaded."""
        self._turns.release(files)

    @contextmanager
    def going(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def _run(self, seed: int) -> None:
        path = f"/api/questions/{self._question_id}/messages"
        lengths = random.Random(seed)
        for number in count():
            while not self._turns.acquire(timeout=0.05):
                if self._over.is_set():
                    return
            if self._over.is_set():
                return
            body = content(lengths.choice((100, 70_000, 600_000)), seed=(seed << 32) + number + time.monotonic_ns())
            try:
                answer = ask(self._server, "POST", "/api/files", body, Content_Type="image/jpeg")
                if answer.status != 201:
                    continue
                self.uploaded.append(answer.json["sha256"])
                if self._server.http("POST", path, json=said(answer.json["url"])).status == 201:
                    self.sent.append(answer.json["sha256"])
            except (OSError, HTTPException, ValueError):
                continue  # it was killed


def has_sent(load: Load, files: int) -> bool:
    """Tell whether more files than that were sent."""
    return len(load.sent) > files


def named(items: list[dict[str, Any]]) -> list[str]:
    """Give the signed addresses of files in messages."""
    return [one["url"] for item in items for one in item["attachments"]]


def all_messages(server: Server, question_id: int) -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = []
    while page := server.messages(question_id, f"after_id={stored[-1]['id'] if stored else 0}&limit=200"):
        stored += page
    return stored


def hold_to_promise(server: Server, question_id: int) -> set[str]:
    """Every message names a file that is there whole; give the hashes."""
    found = set()
    for address in named(all_messages(server, question_id)):
        answer = get(server, address)
        assert answer.status == 200, address
        sha256 = hashlib.sha256(answer.content).hexdigest()
        assert f"/files/{sha256}?" in address
        found.add(sha256)
    return found


def test_killed_while_files_come(start_server: StartServer) -> None:
    server = start_server("--user-files", "0")
    question_id = server.open_question()
    load = Load(server, question_id)
    for number in range(ROUNDS):
        one = Load(server, question_id)
        one.allow(5000)
        with one.going():
            wait_until(partial(has_sent, one, 5 + number), "some files")
            server.kill()
        load.uploaded += one.uploaded
        load.sent += one.sent
        server.start()
        assert not [*(server.folder / "careline.db-files").glob("*.partial")]
        assert hold_to_promise(server, question_id) >= set(load.sent)
        for sha256 in one.uploaded:
            assert get(server, f"/files/{sha256}").status == 200
    checked = run("check", "--database", str(server.database), folder=server.folder)
    assert checked.returncode == 0, checked.stderr
    assert "are sound" in checked.stdout


def test_backups_under_load_restore_to_messages_and_files_that_agree(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--user-files", "0")
    question_id = server.open_question()
    load = Load(server, question_id)
    with load.going():
        for number in range(ROUNDS):
            load.allow(100)  # while a backup is made, and the restored one is looked at
            wait_until(partial(has_sent, load, 5 * number), "some files")
            before = set(load.sent)
            backup = tmp_path / f"backup-{number}.db"
            made = run("backup", "--database", str(server.database), str(backup), folder=server.folder)
            assert made.returncode == 0, made.stderr
            assert re.search(r", with [\d,]+ files of [\d,]+ bytes\n$", made.stdout), made.stdout
            folder = tmp_path / f"restored-{number}"
            folder.mkdir()
            database = folder / "careline.db"
            restored = run("restore", "--database", str(database), "--yes", str(backup), folder=folder)
            assert restored.returncode == 0, restored.stderr
            assert "missing" not in restored.stdout
            other = Server(folder)
            other.start()
            assert hold_to_promise(other, question_id) >= before
            other.stop()


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_killed_while_it_copies_files(start_server: StartServer, tmp_path: Path, command: str) -> None:
    """What is at the destination is what it was, or the whole new one, with all that it names; again it is finished."""
    server = start_server()
    question_id = server.open_question()
    for number in range(30):
        url = upload(server, content(300_000, seed=1000 + number))["url"]
        assert server.http("POST", f"/api/questions/{question_id}/messages", json=said(url)).status == 201
    server.stop()
    backup = tmp_path / "b.db"
    if command == "restore":
        assert run("backup", "--database", str(server.database), str(backup), folder=tmp_path).returncode == 0
    for number in range(3 * ROUNDS):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        made = folder / "made.db"
        words = ["backup", "--database", str(server.database), str(made)]
        if command == "restore":
            words = ["restore", "--yes", "--database", str(made), str(backup)]
        process = subprocess.Popen(
            [*COMMAND, *words], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until(made.with_name("made.db-files").exists, "the first of the files", 60)
            time.sleep(random.Random(number).uniform(0, 0.05))
        finally:
            process.kill()
            process.wait()
        if made.exists() and made.stat().st_size:
            assert run("check", "--database", str(made), folder=folder).returncode == 0
        again = run(*words, folder=folder)
        assert again.returncode == 0, again.stderr
        assert run("check", "--database", str(made), folder=folder).returncode == 0
        if command == "backup":
            assert not [*made.with_name("made.db-files").glob("*.partial")]


class TestFolder:
    @pytest.fixture(autouse=True)
    def no_more_than_modes_allow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if os.geteuid() == 0:
            if not shutil.which("setpriv"):
                pytest.skip("root may write everything here")
            command = ["setpriv", f"--bounding-set={ABOVE_MODES}", *tests_server.COMMAND]
            monkeypatch.setattr("tests.server.COMMAND", command)

    def test_one_that_may_not_be_written(self, start_server: StartServer) -> None:
        server = start_server()
        question_id = server.open_question()
        url = upload(server, content(seed=1))["url"]
        folder = server.folder / "careline.db-files"
        folder.chmod(0o500)
        try:
            answer = ask(server, "POST", "/api/files", content(seed=2), Content_Type="image/jpeg")
            assert (answer.status, answer.json["message"]) == (503, "暂时无法读写文件，请稍后重试")
            assert get(server, url).status == 200
            assert server.http("POST", f"/api/questions/{question_id}/messages", json=said(url)).status == 201
        finally:
            folder.chmod(0o700)
        assert upload(server, content(seed=2))
        assert "a file cannot be stored: Permission denied" in server.stderr()

    def test_one_that_is_gone_and_comes_back(self, start_server: StartServer) -> None:
        server = start_server()
        question_id = server.open_question()
        url = upload(server, content(seed=1))["url"]
        folder, away = server.folder / "careline.db-files", server.folder / "away"
        folder.rename(away)
        for answer in (ask(server, "POST", "/api/files", content(seed=2), Content_Type="a/b"), get(server, url)):
            assert (answer.status, answer.json["code"]) == (503, "INTERNAL_ERROR")
        assert server.http("POST", f"/api/questions/{question_id}/messages", json=said(url)).status == 201
        assert run("check", "--database", str(server.database), folder=server.folder).returncode == 1
        server.restart()
        assert "messages name files that cannot be read" in server.stderr()
        away.rename(folder)
        assert hold_to_promise(server, question_id)
        assert upload(server, content(seed=2))


def test_a_disk_that_fills(start_server: StartServer) -> None:
    """Uploads end long before messages do."""
    free = shutil.disk_usage("/tmp").free  # noqa: S108 - where the tests' folders are
    server = start_server("--disk-reserve", str(free * 10))
    question_id = server.open_question()
    answer = ask(server, "POST", "/api/files", content(seed=1), Content_Type="image/jpeg")
    assert (answer.status, answer.json["code"]) == (507, "INTERNAL_ERROR")
    assert "磁盘" in answer.json["message"]
    assert server.http("GET", "/health").body["status"] == "ok"
    path = f"/api/questions/{question_id}/messages"
    assert server.http("POST", path, json=said("https://example.com/a")).status == 201
    assert not [*(server.folder / "careline.db-files").iterdir()]
