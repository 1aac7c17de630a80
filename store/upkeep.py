"""Keep the file in shape while it is served: truncate a grown WAL, refresh the statistics of SQLite's planner."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from store.database import Database
from store.file import PRAGMAS, StoreFault

# Bytes of WAL that are no matter of concern. The writer's checkpoints keep it at a fraction, unless a reader stays in
# one transaction for long (a backup does): then it grows, and SQLite never makes the file smaller by itself.
USUAL_WAL = 32 * 2**20
# Up to here a WAL may stay that cannot be emptied. A program that replicates the file holds it always, and brings what
# is in it into the file by itself, so that it is written anew from its start.
HELD_WAL = 256 * 2**20
# Milliseconds that a checkpoint waits for readers; no message is acknowledged meanwhile.
PATIENCE = 50
# Rows of an index that are looked at for its statistics; so few take milliseconds, whatever its size.
ANALYSIS_LIMIT = 400


class Wal:
    """Looks at the WAL again and again, and empties it when it has grown."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left: int | None = None  # bytes that the last look has left

    async def shrink(self) -> None:
        """Bring a WAL that has grown into the file, and empty it. StoreFault when a reader does not let it, and it is
        large and still grows."""
        left = _size_of_wal(self._database.path)
        if left > USUAL_WAL:
            await self._database.between_writes(_empty_wal)
            left = _size_of_wal(self._database.path)
        grows = self._left is not None and left > max(self._left, HELD_WAL)
        self._left = left
        if grows:
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
