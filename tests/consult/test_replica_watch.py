"""How far a replica is behind, by the times of Litestream's files beside the database."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from consult.replica_watch import STOPPED, STUCK, ReplicaWatch, Standing
from store.replica import marks

MINUTE = 60_000
NOW = 1_735_696_800_000


class Files:
    """The files of a database and of Litestream, with the times that a test gives them; `now` is the clock."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.database = folder / "careline.db"
        self._taken = folder / ".careline.db-litestream" / "ltx" / "0"
        self.watch = ReplicaWatch(self.database, lambda: self.now)

    def write(self, at: int) -> None:
        self._touch(Path(f"{self.database}-wal"), at)

    def take(self, *at: int) -> None:
        """These are the changes that Litestream keeps."""
        for file in self._taken.glob("*"):
            file.unlink()
        for number, one in enumerate(at):
            self._touch(self._taken / f"{number:016x}-{number:016x}.ltx", one)

    def look(self) -> Standing:
        found = marks(self.database)
        assert found is not None
        return self.watch.judged(found)

    def _touch(self, file: Path, at: int) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, ns=(at * 1_000_000, at * 1_000_000))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_without_litestream_there_is_none(files: Files) -> None:
    files.write(NOW)
    assert marks(files.database) is None


def test_all_is_taken_up(files: Files) -> None:
    files.write(NOW - 5 * MINUTE)
    files.take(NOW - 9 * MINUTE, NOW - 5 * MINUTE + 700)
    assert files.look() == Standing("ok", 0, None)


def test_a_change_after_a_long_silence_is_not_late(files: Files) -> None:
    files.write(NOW - MINUTE * 60)
    files.take(NOW - MINUTE * 60 + 700)
    assert files.look().state == "ok"
    files.now += 5000
    files.write(files.now - 300)
    assert files.look() == Standing("ok", 5000, None)


def test_it_is_stopped_when_changes_wait(files: Files) -> None:
    files.write(NOW)
    files.take(NOW + 700)
    files.now += 1000
    assert files.look().state == "ok"
    level_at = files.now
    files.write(files.now + 2000)
    files.now += STOPPED + 1
    assert files.look() == Standing("stopped", STOPPED + 1, level_at)
    files.take(files.now)
    assert files.look().state == "ok"


def test_it_was_stopped_before_the_start(files: Files) -> None:
    files.take(NOW - 60 * MINUTE)
    files.write(NOW)
    assert files.look() == Standing("stopped", 60 * MINUTE, NOW - 60 * MINUTE)


def test_it_is_stuck_when_what_was_taken_up_does_not_leave(files: Files) -> None:
    """The oldest is dropped once those after it have been sent off; the newest stays however old it is."""
    files.write(NOW)
    files.take(NOW - 70 * MINUTE, NOW)
    assert files.look().state == "ok"
    files.take(NOW - 70 * MINUTE, NOW - STUCK - 1, NOW)
    assert files.look() == Standing("stuck", STUCK + 1, NOW - STUCK - 1)
