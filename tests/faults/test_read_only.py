"""The database may not be written: told at the start, no matter while it is open, and got over when it may be again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests import server as tests_server
from tests.conftest import Enter, StartServer
from tests.faults.ordeal import Ordeal, no_growth
from tests.server import run, wait_until

# What root may do beside what a file's mode allows.
ABOVE_MODES: Final = "-dac_override,-dac_read_search"


@pytest.fixture(autouse=True)
def no_more_than_modes_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let root's server be as bound by the modes of files as anybody's."""
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may write everything here")
        command = ["setpriv", f"--bounding-set={ABOVE_MODES}", *tests_server.COMMAND]
        monkeypatch.setattr("tests.server.COMMAND", command)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take away the right to write, from the folder and from the database in it."""
    for file in folder.glob("careline.db*"):
        file.chmod(0o444)
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)
        for file in folder.glob("careline.db*"):
            file.chmod(0o644)


def test_at_the_start_it_is_told(start_server: StartServer) -> None:
    server = start_server()
    question_id = server.open_question()
    server.stop()
    before = server.database.read_bytes()
    with read_only(server.folder):
        arguments = ["--port", "0", "--database", str(server.database), "--log-level", "error"]
        result = run("serve", *arguments, folder=server.folder)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == f"careline: cannot open {server.database}: Permission denied\n"
        assert server.database.read_bytes() == before
    server.start()
    assert server.messages(question_id) == []


def test_a_running_server_goes_on(start_server: StartServer, enter: Enter) -> None:
    """It has the file open; a mode is asked when a file is opened."""
    server = start_server()
    ordeal = Ordeal(server, enter)
    with ordeal.traffic():
        with read_only(server.folder):
            ordeal.remind(0)
            behind = len(ordeal.sent)
            wait_until(lambda: len(ordeal.sent) > behind + 50, "more messages")
            assert server.http("GET", "/health").status == 200
        ordeal.ends_well()
    assert all(one.answer["success"] for one in ordeal.sent)


def test_it_can_be_written_again(start_server: StartServer, enter: Enter) -> None:
    """After an I/O error the writer opens the file anew, and finds that it may only read it."""
    server = start_server()
    ordeal = Ordeal(server, enter)
    ordeal.remind(-1)
    ordeal.remind(1)
    with ordeal.traffic():
        with read_only(server.folder):
            with no_growth(server):
                wait_until(lambda: not ordeal.sent[-1].answer["success"], "the first failure")
            ordeal.holds(1)
        ordeal.ends_well()
    server.kill()
    server.start()
    ordeal.check_stored()
