"""A transaction of another process, such as a command, beside a server that may be running."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from store import schema
from store.file import StoreFault


@contextmanager
def writing_beside(path: Path) -> Iterator[sqlite3.Connection]:
    """A transaction of this process, beside a server that may be running."""
    schema.refuse_older(path)
    try:
        with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = 1")
            # Only the server's writer moves the WAL into the file.
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
    except sqlite3.Error as fault:
        raise StoreFault(f"cannot write to {path}: {fault}") from fault
