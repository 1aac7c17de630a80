"""Brings a database file to the schema that this program knows, and refuses one that is newer."""

from pathlib import Path
from urllib.parse import quote

from peewee import DatabaseError, SqliteDatabase
from playhouse.migrations import Runner

from store.database import PRAGMAS, StoreFault

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(path: Path) -> list[str]:
    """Applies what is missing, each migration in a transaction of its own, and returns the applied names.

    StoreFault when the file is no database, can't be written, or was written by a newer Careline.
    """
    database = SqliteDatabase(str(path), pragmas=PRAGMAS)
    try:
        runner = Runner(database, str(MIGRATIONS))
        newer = [migration.name for migration in runner.status() if migration.path is None]
        if newer:
            raise _newer(path, newer)
        applied: list[str] = runner.up()
        return applied
    except DatabaseError as fault:
        raise StoreFault(f"cannot use {path}: {fault}") from fault
    finally:
        database.close()


def check(path: Path) -> str:
    """Looks the file over without changing it: its schema, and SQLite's own check of its integrity. One line that says
    it is well; StoreFault otherwise."""
    database = SqliteDatabase(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        status = Runner(database, str(MIGRATIONS)).status()
        newer = [migration.name for migration in status if migration.path is None]
        if newer:
            raise _newer(path, newer)
        faults = [row[0] for row in database.execute_sql("PRAGMA integrity_check")]
        if faults != ["ok"]:
            raise StoreFault(f"{path} is damaged: {'; '.join(faults)}")
    except DatabaseError as fault:
        raise StoreFault(f"cannot use {path}: {fault}") from fault
    finally:
        database.close()
    pending = [migration.name for migration in status if not migration.applied]
    return f"{path} is sound" + (f"; `serve` will bring it to schema {pending[-1]}" if pending else "")


def _newer(path: Path, names: list[str]) -> StoreFault:
    return StoreFault(f"{path} was written by a newer Careline (it has {', '.join(names)}); upgrade this one")
