"""Keep the file in shape while it is served: truncate a grown WAL, refresh the statistics of SQLite's planner."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from store.database import Database
from store.file import PRAGMAS, StoreFault

# Bytes of WAL that are no matter of concern. The writer's checkpoints keep it at a fraction, unless a reader stays in
# one transaction for long (a backup does): then it grows, and SQLite never makes the file smaller by itself.
USUAL_WAL = 32 * 2**20
# Milliseconds that a checkpoint waits for readers; no message is acknowledged meanwhile.
PATIENCE = 50
# Rows of an index that are looked at for its statistics; so few take milliseconds, whatever its size.
ANALYSIS_LIMIT = 400


async def shrink_wal(database: Database) -> None:
    """Brings a WAL that has grown into the file and empties it; StoreFault when a reader does not let it."""
    if _size_of_wal(database.path) <= USUAL_WAL:
        return
    await database.between_writes(_empty_wal)
    left = _size_of_wal(database.path)
    if left > USUAL_WAL:
        raise StoreFault(f"the WAL has grown to {left:,} bytes, and some program reads the database all the while")


def optimize(connection: sqlite3.Connection, _: None) -> None:
    """Has SQLite look again at what has grown; it does nothing where little has changed."""
    connection.execute(f"PRAGMA analysis_limit = {ANALYSIS_LIMIT}")
    connection.execute("PRAGMA optimize")


def _size_of_wal(path: Path) -> int:
    with suppress(FileNotFoundError):
        return Path(f"{path}-wal").stat().st_size
    return 0


def _empty_wal(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.execute(f"PRAGMA busy_timeout = {PRAGMAS['busy_timeout']}")
