"""Brings a database file to the schema that this program knows, and refuses one that is newer."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from peewee import DatabaseError, SqliteDatabase
from playhouse.migrations import Runner

from store.file import PRAGMAS, TO_LOOK, StoreFault

MIGRATIONS = Path(__file__).parent / "migrations"
LOOK_EVERY = 10_000  # steps of SQLite's machine between two looks whether a migration goes on
HISTORY = "schema_migration"  # the table that holds which migrations were applied


@dataclass(frozen=True, slots=True)
class Status:
    """The names of migrations, in their order."""

    applied: list[str]  # none in a new, empty file
    pending: list[str]


def migrate(path: Path, going: Callable[[str], bool] = lambda _: True) -> list[str]:
    """Applies what is missing, each migration in a transaction of its own, and returns the applied names.

    `going` is told what is under way, again and again; where it returns False the migration under way is taken back.
    StoreFault then, and when the file is no database of ours, can't be written, or was written by a newer Careline.
    """
    pending = status(path).pending  # before anything is changed in what may be another program's file
    with _open(path, str(path), pragmas=PRAGMAS) as database:
        runner = Runner(database, str(MIGRATIONS), HISTORY)
        for place, name in enumerate(pending, 1):
            ends = partial(_ends, going, f"bringing the database to schema {name}, {place} of {len(pending)}")
            if ends():
                raise StoreFault(f"cannot bring {path} to schema {name}: interrupted")
            database.connection().set_progress_handler(ends, LOOK_EVERY)
            runner.up(name)
    return pending


def _ends(going: Callable[[str], bool], doing: str) -> bool:
    return not going(doing)


def check(path: Path) -> str:
    """Looks the file over without changing it: its schema, and SQLite's own check of its integrity. One line that says
    it is well; StoreFault otherwise."""
    if not _is_there(path) and path.absolute().parent.is_dir():
        return f"{path} does not exist yet; `serve` makes it"
    pending = status(path).pending
    with _to_look(path) as database:
        refuse_damaged(path, database.connection())
    return f"{path} is sound" + (f"; `serve` will bring it to schema {pending[-1]}" if pending else "")


def status(path: Path) -> Status:
    """Return which migrations the file has and lacks; StoreFault when it is not ours to migrate."""
    if not _is_there(path):
        raise StoreFault(f"there is no database {path}")
    with _to_look(path) as database:
        if is_foreign(database.get_tables()):
            raise StoreFault(f"{path} is a database of another program")
        migrations = Runner(database, str(MIGRATIONS), HISTORY).status()
    newer = [migration.name for migration in migrations if migration.path is None]
    if newer:
        raise StoreFault(f"{path} was written by a newer Careline (it has {', '.join(newer)}); upgrade this one")
    return Status(
        [migration.name for migration in migrations if migration.applied],
        [migration.name for migration in migrations if not migration.applied],
    )


def is_foreign(tables: Collection[str]) -> bool:
    """Return whether a file with these tables is another program's database. Litestream may see a new file first, and
    adds tables of its own to any: a file that has no others is as good as empty."""
    return HISTORY not in tables and any(not name.startswith("_litestream_") for name in tables)


def refuse_older(path: Path) -> None:
    """Raise StoreFault if an older Careline wrote the database, and its schema is not the present one yet."""
    if status(path).pending:
        raise StoreFault(f"{path} was written by an older Careline; `serve` brings it up to date")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as fault:  # a folder that may not be entered
        raise StoreFault(f"cannot use {path}: {fault.strerror}") from fault


def refuse_damaged(path: Path, connection: sqlite3.Connection) -> None:
    """SQLite's own check of the file's integrity, which reads all of it; StoreFault when it finds something."""
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise StoreFault(f"{path} is damaged: {' '.join(found.split())}")


def _to_look(path: Path) -> AbstractContextManager[SqliteDatabase]:
    # Not mode=ro: such a connection makes a WAL's two files where there are none, and cannot take them away again.
    return _open(path, f"file:{quote(str(path))}?mode=rw", uri=True, pragmas=TO_LOOK)


@contextmanager
def _open(path: Path, name: str, **options: Any) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(name, **options)
    try:
        yield database
    except (DatabaseError, sqlite3.Error) as fault:
        raise StoreFault(f"cannot use {path}: {fault}") from fault
    finally:
        database.close()
