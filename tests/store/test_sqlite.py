"""One SQLite in a process: the writer, the readers and peewee have the same, and it is a current one."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Final

import aiosqlite
import peewee
import pytest

from store import file, schema, sqlite
from store.database import Database
from store.reading import Lane
from tests.server import ROOT, Server, run
from tests.store.file import within

HAS_ITS_OWN: Final = importlib.util.find_spec("pysqlite3") is not None
OLDEST: Final = (3, 51, 3)


def test_each_part_has_the_same_library(tmp_path: Path) -> None:
    """Which version opens the file: asked of the library behind each connection, not of a module's constant."""
    path = tmp_path / "careline.db"
    path.touch()
    schema.migrate(path)
    asked = "SELECT sqlite_version() || ' ' || sqlite_source_id()"

    async def through_aiosqlite() -> str:
        async with aiosqlite.connect(path) as connection, connection.execute(asked) as cursor:
            (found,) = await cursor.fetchone() or ("",)
            return str(found)

    async def through_a_lane() -> str:
        lane = Lane(path, 1)
        ((row,),) = await within(lane.read(peewee.RawQuery(asked)))
        await within(lane.close())
        (found,) = row.values()
        return str(found)

    async def through_the_writer() -> str:
        database, found = Database(path), []
        await within(database.open())
        await within(database.between_writes(lambda connection: found.extend(connection.execute(asked).fetchone())))
        await within(database.close())
        return str(found[0])

    through_peewee = peewee.SqliteDatabase(str(path))
    versions = {
        "sqlite3": sqlite3.connect(path).execute(asked).fetchone()[0],
        "peewee": through_peewee.execute_sql(asked).fetchone()[0],
        "the opening of files": file.connect(path).execute(asked).fetchone()[0],
        "aiosqlite": asyncio.run(through_aiosqlite()),
        "readers": asyncio.run(through_a_lane()),
        "the writer": asyncio.run(through_the_writer()),
    }
    through_peewee.close()
    assert len(set(versions.values())) == 1, versions
    assert versions["peewee"].split()[0] == sqlite.VERSION
    # The same library, not only the same version: both would have their own locks.
    assert sys.modules["sqlite3"] is sqlite3
    assert vars(aiosqlite.core)["sqlite3"] is sqlite3
    assert vars(peewee)["sqlite3"].connect is sqlite3.connect
    assert HAS_ITS_OWN is not sqlite.IS_PYTHONS


def libraries(process: int) -> set[str]:
    """Give the files with SQLite in them that a process has loaded."""
    mapped = set(re.findall(r"/\S+", Path(f"/proc/{process}/maps").read_text()))
    return {path for path in mapped if "sqlite3" in Path(path).name and ".so" in path}


def test_a_server_has_loaded_one_library(server: Server) -> None:
    loaded = libraries(server.process.pid)
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    for child in children:  # of the binary
        loaded |= libraries(int(child))
    if HAS_ITS_OWN:
        (one,) = loaded
        assert "pysqlite3/" in one
    else:
        assert not [one for one in loaded if "pysqlite3/" in one]


@pytest.mark.skipif(not HAS_ITS_OWN, reason="no pysqlite3 fits here")
def test_it_is_a_current_one(tmp_path: Path) -> None:
    assert sqlite3.sqlite_version_info >= OLDEST
    for command in ("version", "check"):
        said = run(command, folder=tmp_path).stdout
        found = re.search(r"\bsqlite:? (\d+)\.(\d+)\.(\d+)(,|$)", said, re.M)
        assert found is not None, said
        assert tuple(map(int, found.groups()[:3])) >= OLDEST


# A machine for which there is none.
WITHOUT: Final = "import sys; sys.modules['pysqlite3'] = None; import main; sys.exit(main.main(sys.argv[1:]))"


def test_without_it_pythons_own_is_used_and_an_old_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = f"{WITHOUT[: WITHOUT.index('import main')]}import sqlite3; sqlite3.sqlite_version = '3.40.1'; "
    old += f"sqlite3.sqlite_version_info = (3, 40, 1); {WITHOUT[WITHOUT.index('import main') :]}"
    checked = subprocess.run(
        [sys.executable, "-c", old, "check", "--database", str(tmp_path / "a.db")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert checked.returncode == 0
    assert "sqlite: 3.40.1 is older than 3.51.3" in checked.stdout
    monkeypatch.setattr("tests.server.COMMAND", [sys.executable, "-c", WITHOUT])
    monkeypatch.chdir(ROOT)
    server = Server(tmp_path, env={"PYTHONPATH": str(ROOT)})
    server.start()
    assert server.open_question() == 1
    server.stop()
    assert len(re.findall("there is no pysqlite3 for this machine", server.stderr())) == 1


def test_two_libraries_in_one_process_are_refused() -> None:
    if not HAS_ITS_OWN:
        pytest.skip("there is one alone")
    done = subprocess.run(
        [sys.executable, "-c", "import sqlite3, store"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "would have two SQLite libraries" in done.stderr
