"""Backups and restores of a file that no server has open: what is in them, what is refused, what is left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from store import schema
from store.backup import Daily, back_up, before_migration
from store.file import StoreFault, claim
from store.restore import restore
from tests.server import LIMIT, wait_until
from tests.store.file import rows
from tests.store.filled import FIRST_SCHEMA, change, fill, integrity, killed, older

IDS: Final = "SELECT id FROM message ORDER BY id"
SEQUENCES: Final = "SELECT name, seq FROM sqlite_sequence ORDER BY name"
STAMP: Final = "20250101-100000"


def on(_: float) -> bool:
    """Somebody who never gives up."""
    return True


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def names(folder: Path) -> set[str]:
    """What is in the folder."""
    return {path.name for path in folder.iterdir()}


def bad(folder: Path, kind: str) -> Path:
    """A file that is no backup of ours, of one of the kinds of BAD."""
    path = folder / "bad"
    match kind:
        case "text":
            path.write_text("no database at all\n" * 1000)
        case "nothing in it":
            path.touch()
        case "of another program":
            change(path, "CREATE TABLE message (other TEXT)")
        case "newer":
            change(fill(path), "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')")
        case "damaged":
            content = bytearray(fill(path, 500).read_bytes())
            content[len(content) // 2 :] = b"\xa5" * (len(content) - len(content) // 2)
            path.write_bytes(content)
        case "cut off":
            path.write_bytes(fill(path, 500).read_bytes()[:-8192])
    return path


# Another program that reads a database until it is told to end.
READING: Final = """
import sqlite3, sys
reading = sqlite3.connect(sys.argv[1])
reading.execute("SELECT * FROM message").fetchone()
print("reads", flush=True)
sys.stdin.read()
"""
BAD: Final = ["missing", "text", "nothing in it", "of another program", "newer", "damaged", "cut off"]


class TestBackUp:
    def test_what_is_committed_is_in_it(self, path: Path, tmp_path: Path) -> None:
        fill(path)
        destination = tmp_path / "backups" / "b.db"
        destination.parent.mkdir()
        with closing(sqlite3.connect(path, isolation_level=None)) as writing:
            writing.execute("UPDATE question SET title = '在 WAL 里'")
            writing.execute("BEGIN IMMEDIATE")
            writing.execute("DELETE FROM message")
            size = back_up(path, destination, on).size
        assert rows(destination, "SELECT title FROM question") == ["在 WAL 里"]
        assert rows(destination, IDS) == list(range(1, 11))
        assert integrity(destination) == "ok"
        assert destination.stat().st_size == size
        assert [other.name for other in destination.parent.iterdir()] == ["b.db"]

    def test_it_is_one_moment_s_and_commits_do_not_hold_it_up(self, path: Path, tmp_path: Path) -> None:
        """A copy that a commit makes start again does not end while a server is busy."""
        fill(path, 20_000, "测" * 300)
        told: list[float] = []
        with closing(sqlite3.connect(path, isolation_level=None)) as writing:

            def going(share: float) -> bool:
                writing.execute("DELETE FROM message WHERE id % 100 = ?", (len(told),))
                told.append(share)
                return True

            back_up(path, tmp_path / "b.db", going)
        assert len(told) > 3
        assert told == sorted(told)
        assert told.count(told[0]) == 1
        assert rows(tmp_path / "b.db", "SELECT count(*) FROM message") == [20_000]

    def test_it_can_be_read_where_nothing_can_be_written(self, path: Path, tmp_path: Path) -> None:
        """It is no WAL database, which could be opened only beside a WAL."""
        destination = tmp_path / "b.db"
        back_up(fill(path), destination, on)
        assert destination.read_bytes()[18:20] == b"\x01\x01"

    def test_patients_words_are_as_private_as_in_the_database(self, path: Path, tmp_path: Path) -> None:
        fill(path).chmod(0o640)
        back_up(path, tmp_path / "b.db", on)
        assert (tmp_path / "b.db").stat().st_mode & 0o777 == 0o640

    def test_the_backup_of_before_is_replaced(self, path: Path, tmp_path: Path) -> None:
        destination = tmp_path / "b.db"
        back_up(fill(path), destination, on)
        change(path, "DELETE FROM message WHERE id > 3")
        back_up(path, destination, on)
        assert rows(destination, IDS) == [1, 2, 3]

    @pytest.mark.parametrize("kind", BAD)
    def test_what_is_no_database_of_ours(self, tmp_path: Path, kind: str) -> None:
        source = bad(tmp_path, kind)
        destination = tmp_path / "b.db"
        destination.write_text("the backup of before")
        before = contents(tmp_path)
        with pytest.raises(StoreFault, match="bad") as told:
            back_up(source, destination, on)
        assert "\n" not in str(told.value)
        assert contents(tmp_path) == before

    @pytest.mark.parametrize("name", ["careline.db", "link", "careline.db-wal", "folder", "served.db"])
    def test_a_destination_that_would_do_harm(self, path: Path, tmp_path: Path, name: str) -> None:
        fill(path)
        (tmp_path / "link").symlink_to(path)
        (tmp_path / "folder").mkdir()
        killed(fill(tmp_path / "other.db"), tmp_path / "served.db")
        before = contents(tmp_path)
        with pytest.raises(StoreFault):
            back_up(path, tmp_path / name, on)
        assert contents(tmp_path) == before

    @pytest.mark.parametrize("target", ["treasure", "missing"])
    def test_a_planted_link_is_not_followed(self, path: Path, tmp_path: Path, target: str) -> None:
        """Whoever may write to the folder could have any file replaced by a backup that root makes."""
        (tmp_path / "treasure").write_text("mine")
        link = tmp_path / "link"
        link.symlink_to(tmp_path / target)
        fill(path)
        with pytest.raises(StoreFault, match="symbolic link"):
            back_up(path, link, on)
        assert link.is_symlink()
        assert (tmp_path / "treasure").read_text() == "mine"
        assert not (tmp_path / "missing").exists()

    def test_a_hard_link_loses_nothing_but_its_name(self, path: Path, tmp_path: Path) -> None:
        (tmp_path / "treasure").write_text("mine")
        (tmp_path / "b.db").hardlink_to(tmp_path / "treasure")
        back_up(fill(path), tmp_path / "b.db", on)
        assert (tmp_path / "treasure").read_text() == "mine"
        assert rows(tmp_path / "b.db", IDS) == list(range(1, 11))

    def test_a_folder_may_be_reached_by_a_link(self, path: Path, tmp_path: Path) -> None:
        (tmp_path / "disk").mkdir()
        (tmp_path / "backups").symlink_to(tmp_path / "disk")
        back_up(fill(path), tmp_path / "backups" / "b.db", on)
        assert rows(tmp_path / "disk" / "b.db", IDS) == list(range(1, 11))

    @pytest.mark.parametrize("last", [0.1, 1.0])
    def test_giving_up(self, path: Path, tmp_path: Path, last: float) -> None:
        """While it is copied, and while the copy is checked."""
        fill(path, 20_000, "测" * 300)
        before = contents(tmp_path)
        told: list[float] = []

        def going(share: float) -> bool:
            told.append(share)
            return share < last or (share == 1.0 and told.count(1.0) == 1)

        with pytest.raises(StoreFault, match="interrupted"):
            back_up(path, tmp_path / "b.db", going)
        assert (1.0 in told) == (last == 1.0)
        assert contents(tmp_path) == before


class TestRestore:
    def test_the_file_takes_the_place_of_the_database(self, path: Path, tmp_path: Path) -> None:
        file = tmp_path / "b.db"
        back_up(fill(path), file, on)
        change(path, "DELETE FROM message", "UPDATE question SET title = '新'")
        size, kept = restore(file, path, STAMP, on)
        assert rows(path, IDS) == list(range(1, 11))
        assert path.stat().st_size == size
        assert kept == tmp_path / f"careline.db.before-restore-{STAMP}"
        assert rows(kept, "SELECT title FROM question") == ["新"]
        assert sorted(contents(tmp_path)) == ["b.db", path.name, kept.name]
        assert rows(file, IDS) == list(range(1, 11)), "the backup stays"

    def test_ids_go_on_above_both(self, path: Path, tmp_path: Path) -> None:
        file = fill(tmp_path / "b.db", 40)
        fill(path, 10)
        change(path, "DELETE FROM message WHERE id > 5")
        change(path, *["INSERT INTO question (title, elder_id, status, created_at) VALUES ('', 1, 'OPEN', 1)"] * 6)
        change(path, "INSERT INTO sqlite_sequence (name, seq) VALUES ('user_notification', 77)")
        change(path, "CREATE TABLE later (id INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO later (id) VALUES (99)")
        restore(file, path, STAMP, on)
        wanted = [("later", 99), ("message", 40), ("question", 7), ("user_notification", 77)]
        assert [row for row in rows(path, SEQUENCES) if row[0] != "schema_migration"] == wanted
        # A table that only a later version has goes on too, when its migration makes it again.
        change(path, "CREATE TABLE later (id INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO later DEFAULT VALUES")
        change(path, "INSERT INTO question (title, elder_id, status, created_at) VALUES ('', 1, 'OPEN', 1)")
        assert (rows(path, "SELECT id FROM later"), rows(path, "SELECT max(id) FROM question")) == ([100], [8])

    def test_a_killed_server_s_wal_is_folded_in(self, path: Path, tmp_path: Path) -> None:
        file = fill(tmp_path / "b.db")
        killed(fill(tmp_path / "other.db"), path)
        _, kept = restore(file, path, STAMP, on)
        assert kept is not None
        assert "在 WAL 里".encode() in kept.read_bytes()
        assert rows(kept, "SELECT title FROM question") == ["在 WAL 里"]
        assert rows(path, "SELECT title FROM question") == ["头晕两天"]
        assert not [name for name in contents(tmp_path) if name.endswith(("-wal", "-shm"))]

    @pytest.mark.parametrize("kind", BAD)
    def test_a_bad_file(self, path: Path, tmp_path: Path, kind: str) -> None:
        file = bad(tmp_path, kind)
        fill(path)
        change(path, "PRAGMA journal_mode = DELETE")
        before = contents(tmp_path)
        with pytest.raises(StoreFault, match="bad") as told:
            restore(file, path, STAMP, on)
        assert "\n" not in str(told.value)
        assert contents(tmp_path) == before

    @pytest.mark.parametrize("kind", BAD)
    def test_a_bad_file_where_no_database_was(self, tmp_path: Path, kind: str) -> None:
        file = bad(tmp_path, kind)
        before = contents(tmp_path)
        with pytest.raises(StoreFault):
            restore(file, tmp_path / "careline.db", STAMP, on)
        assert contents(tmp_path) == before

    def test_where_no_database_was(self, path: Path, tmp_path: Path) -> None:
        _, kept = restore(fill(tmp_path / "b.db"), path, STAMP, on)
        assert kept is None
        assert rows(path, IDS) == list(range(1, 11))
        assert path.stat().st_mode & 0o777 == 0o640

    def test_into_itself(self, path: Path) -> None:
        fill(path)
        with pytest.raises(StoreFault, match="the database itself"):
            restore(path, path, STAMP, on)

    def test_while_a_server_has_it(self, path: Path, tmp_path: Path) -> None:
        file = fill(tmp_path / "b.db")
        lock = claim(fill(path, 3))
        with pytest.raises(StoreFault, match="in use"):
            restore(file, path, STAMP, on)
        os.close(lock)
        assert rows(path, IDS) == [1, 2, 3]

    def test_while_another_program_reads_it(self, path: Path, tmp_path: Path) -> None:
        """It would go on reading, and might fold its WAL, where the restored one is by then."""
        file = fill(tmp_path / "b.db")
        fill(path, 3)
        asked = [sys.executable, "-c", READING, str(path)]
        with subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reading:
            assert reading.stdout is not None
            assert reading.stdout.readline() == "reads\n"
            with pytest.raises(StoreFault, match=rf"stop python\S* \(process {reading.pid}\) first"):
                restore(file, path, STAMP, on)
            reading.communicate(timeout=LIMIT)
        assert rows(path, IDS) == [1, 2, 3]

    def test_another_program_s_database_is_not_replaced(self, path: Path, tmp_path: Path) -> None:
        file = fill(tmp_path / "b.db")
        change(path, "CREATE TABLE other (x)")
        before = contents(tmp_path)
        with pytest.raises(StoreFault, match="another program"):
            restore(file, path, STAMP, on)
        assert contents(tmp_path) == before

    def test_a_damaged_database_is_replaced_and_kept(
        self, path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        file = fill(tmp_path / "b.db")
        path.write_bytes(b"\xa5" * 40_960)
        _, kept = restore(file, path, STAMP, on)
        assert kept is not None
        assert kept.read_bytes() == b"\xa5" * 40_960
        assert rows(path, IDS) == list(range(1, 11))
        assert "far above" in caplog.text

    def test_a_damaged_database_keeps_its_wal(self, path: Path, tmp_path: Path) -> None:
        """Cut off so far that SQLite itself cannot fold the WAL in. Beside the restored file it would destroy that."""
        file = fill(tmp_path / "b.db")
        killed(fill(tmp_path / "other.db", 5000), path)
        os.truncate(path, 4096)
        wal = Path(f"{path}-wal").read_bytes()
        _, kept = restore(file, path, STAMP, on)
        assert kept is not None
        assert Path(f"{kept}-wal").read_bytes() == wal
        assert rows(path, "SELECT title FROM question") == ["头晕两天"]
        assert sorted(contents(tmp_path)) == ["b.db", path.name, kept.name, f"{kept.name}-wal", "other.db"]

    def test_an_older_file_is_left_to_serve_to_migrate(self, path: Path, tmp_path: Path) -> None:
        file = older(tmp_path / "b.db", tmp_path / "first")
        fill(path)
        restore(file, path, STAMP, on)
        assert schema.status(path).applied == [FIRST_SCHEMA]

    def test_a_newer_database_may_be_replaced(self, path: Path, tmp_path: Path) -> None:
        """The way back after an upgrade that did not go well."""
        file = fill(tmp_path / "b.db", 3)
        change(fill(path, 30), "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')")
        restore(file, path, STAMP, on)
        assert rows(path, IDS) == [1, 2, 3]
        assert ("message", 30) in rows(path, SEQUENCES)

    def test_mode_and_owner_are_those_of_before(self, path: Path, tmp_path: Path) -> None:
        file = fill(tmp_path / "b.db")
        fill(path).chmod(0o660)
        owner = (path.stat().st_uid, path.stat().st_gid)
        if os.geteuid() == 0:  # who may restore for the account that serves
            owner = (12_345, 12_346)
            os.chown(path, *owner)
        restore(file, path, STAMP, on)
        assert path.stat().st_mode & 0o777 == 0o660
        assert (path.stat().st_uid, path.stat().st_gid) == owner


class TestBeforeMigration:
    def test_an_older_file_is_kept(self, path: Path, tmp_path: Path) -> None:
        older(path, tmp_path / "first")
        before_migration(path)
        schema.migrate(path)
        kept = tmp_path / f"careline.db.before-{schema.status(path).applied[1]}"
        assert schema.status(kept).applied == [FIRST_SCHEMA]
        assert rows(kept, "SELECT title FROM question") == ["旧"]

    def test_a_failing_migration_leaves_one_backup_however_often_it_is_tried(
        self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(schema, "MIGRATIONS", shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations"))
        (tmp_path / "migrations" / "9998_bad.py").write_text(
            "def up(migrator, db):\n    db.execute_sql('DELETE FROM message')\n    db.execute_sql('no SQL')\n"
        )
        first_pending = schema.status(older(path, tmp_path / "first")).pending[0]
        for _ in range(3):
            before_migration(path)
            with pytest.raises(StoreFault):
                schema.migrate(path)
        # The first try went as far as the bad migration, the others began with it.
        kept = [f"careline.db.before-{first_pending}", "careline.db.before-9998_bad"]
        assert sorted(contents(tmp_path)) == ["careline.db", *kept]

    def test_nothing_to_keep(self, path: Path, tmp_path: Path) -> None:
        path.touch()
        before_migration(path)
        fill(path)
        before_migration(path)
        assert list(contents(tmp_path)) == ["careline.db"]

    def test_what_a_killed_one_has_left_is_cleared(self, path: Path, tmp_path: Path) -> None:
        older(path, tmp_path / "first")
        name = f"careline.db.before-{schema.status(path).pending[0]}"
        (tmp_path / f"{name}.abcdefgh.partial").touch()
        (tmp_path / f"{name}.abcdefgh.partial-wal").touch()
        before_migration(path)
        assert sorted(contents(tmp_path)) == ["careline.db", name]

    def test_without_a_backup_no_migration(self, path: Path, tmp_path: Path) -> None:
        older(path, tmp_path / "first")
        (tmp_path / f"careline.db.before-{schema.status(path).pending[0]}").mkdir()
        with pytest.raises(StoreFault, match="--backup-before-migration false"):
            before_migration(path)


class TestDaily:
    @pytest.fixture
    def days(self) -> list[str]:
        """The days that it is, the last of them today."""
        return ["2025-03-01"]

    async def test_one_a_day_of_which_the_newest_are_kept(self, path: Path, tmp_path: Path, days: list[str]) -> None:
        daily = Daily(fill(path), 3, lambda: days[-1])
        others = ["careline.db.daily-note", "careline.db.daily-2099-01-01", "other.db.daily-2025-01-01", "b.db"]
        for name in others:
            (tmp_path / name).touch()
        for day in ["2025-02-27", "2025-02-28", "2025-03-01", "2025-03-02"]:
            days.append(day)
            (tmp_path / "careline.db.daily-x.partial").touch()
            await daily.look()
        kept = [name for name in contents(tmp_path) if name not in others]
        wanted = [f"careline.db.daily-2025-{day}" for day in ("02-28", "03-01", "03-02")]
        assert sorted(kept) == ["careline.db", *wanted]
        assert rows(tmp_path / wanted[-1], IDS) == list(range(1, 11))

    async def test_a_day_that_has_its_backup(
        self, path: Path, tmp_path: Path, days: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "careline")
        daily = Daily(fill(path), 3, lambda: days[-1])
        made = tmp_path / "careline.db.daily-2025-03-01"
        await daily.look()
        size = made.stat().st_size
        await daily.look()
        assert [record.getMessage() for record in caplog.records] == [f"the daily backup {made} was made: {size} bytes"]

    async def test_none_are_wanted(self, path: Path, tmp_path: Path, days: list[str]) -> None:
        fill(path)
        (tmp_path / "careline.db.daily-2025-02-28").touch()
        daily = Daily(path, 0, lambda: days[-1])
        assert not daily.wanted
        await daily.look()
        assert sorted(contents(tmp_path)) == ["careline.db", "careline.db.daily-2025-02-28"]

    async def test_a_failure_is_told_and_tried_again(self, path: Path, tmp_path: Path, days: list[str]) -> None:
        daily = Daily(path, 3, lambda: days[-1])
        with pytest.raises((StoreFault, OSError)):
            await daily.look()
        fill(path)
        await daily.look()
        assert (tmp_path / "careline.db.daily-2025-03-01").exists()

    async def test_it_leaves_messages_their_room(self, path: Path, tmp_path: Path, days: list[str]) -> None:
        """A disk filled by a backup would fail every send until the backup has failed."""
        size = fill(path).stat().st_size
        os.truncate(path, shutil.disk_usage(tmp_path).free // 2 + 2**30)  # all of it a hole
        daily = Daily(path, 3, lambda: days[-1])
        with pytest.raises(StoreFault, match="the room on the disk"):
            await daily.look()
        assert names(tmp_path) == {"careline.db"}
        os.truncate(path, size)
        await daily.look()
        assert (tmp_path / "careline.db.daily-2025-03-01").exists()

    async def test_a_stop_gives_up(
        self,
        path: Path,
        tmp_path: Path,
        days: list[str],
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("store.backup.STEP", 8)  # so that it takes a while
        fill(path, 40_000, "测" * 300)
        looking = asyncio.create_task(Daily(path, 3, lambda: days[-1]).look())

        def begun() -> bool:
            return any(name.endswith(".partial") for name in contents(tmp_path))

        await asyncio.to_thread(wait_until, begun, "the backup")
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        assert list(contents(tmp_path)) == ["careline.db"]
        assert caplog.text == ""
