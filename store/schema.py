"""Brings a database file to the schema that this program knows, and refuses one that is newer."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from peewee import DatabaseError, SqliteDatabase
from playhouse.migrations import Runner

from store.database import PRAGMAS, StoreFault

MIGRATIONS = Path(__file__).parent / "migrations"
HISTORY = "schema_migration"  # the table that holds which migrations were applied


def migrate(path: Path) -> list[str]:
    """Applies what is missing, each migration in a transaction of its own, and returns the applied names.

    StoreFault when the file is no database of ours, can't be written, or was written by a newer Careline.
    """
    _status(path)  # before anything is changed in what may be another program's file
    with _open(path, pragmas=PRAGMAS) as database:
        applied: list[str] = Runner(database, str(MIGRATIONS), HISTORY).up()
        return applied


def check(path: Path) -> str:
    """Looks the file over without changing it: its schema, and SQLite's own check of its integrity. One line that says
    it is well; StoreFault otherwise."""
    pending = _status(path)
    with _read_only(path) as database:
        faults = [row[0] for row in database.execute_sql("PRAGMA integrity_check").fetchall()]
    if faults != ["ok"]:
        raise StoreFault(f"{path} is damaged: {'; '.join(faults)}")
    return f"{path} is sound" + (f"; `serve` will bring it to schema {pending[-1]}" if pending else "")


def _status(path: Path) -> list[str]:
    """The migrations that the file lacks; StoreFault when it is not ours to migrate."""
    with _read_only(path) as database:
        if database.get_tables() and HISTORY not in database.get_tables():
            raise StoreFault(f"{path} is a database of another program")
        status = Runner(database, str(MIGRATIONS), HISTORY).status()
    newer = [migration.name for migration in status if migration.path is None]
    if newer:
        raise StoreFault(f"{path} was written by a newer Careline (it has {', '.join(newer)}); upgrade this one")
    return [migration.name for migration in status if not migration.applied]


def _read_only(path: Path) -> AbstractContextManager[SqliteDatabase]:
    return _open(f"file:{quote(str(path))}?mode=ro", uri=True)


@contextmanager
def _open(path: Path | str, **options: Any) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(str(path), **options)
    try:
        yield database
    except (DatabaseError, sqlite3.Error) as fault:
        raise StoreFault(f"cannot use {path}: {fault}") from fault
    finally:
        database.close()
