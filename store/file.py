"""The database file: who may have it, and the one way to open a connection that writes."""

import fcntl
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from store.transaction import Connection, Tellable

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": 1000,  # milliseconds
    # The checkpoint stays in the writer: with a helper thread or a longer stretch the WAL grew without end.
    "wal_autocheckpoint": 2000,  # pages
    # What is deleted is overwritten in the file. Not every build of SQLite does so by itself.
    "secure_delete": 1,
}
# Beside a server that may be running: its writer alone moves the WAL into the file.
TO_LOOK = {"query_only": 1, "wal_autocheckpoint": 0}


Opened = TypeVar("Opened", bound=sqlite3.Connection)


class StoreFault(Tellable):
    """The database file can't be used; the text says why, in one line."""


def connect(path: Path) -> Connection:
    """Return a connection that may write, for the thread that asks."""
    return _set_up(sqlite3.connect(path, isolation_level=None, factory=Connection), PRAGMAS)


def to_look(path: Path) -> sqlite3.Connection:
    """Return a connection that reads, beside a server that may be running. sqlite3.Error where there is no database."""
    # Not mode=ro: such a connection makes a WAL's two files where there are none, and cannot take them away again.
    name = f"{path.absolute().as_uri()}?mode=rw"
    return _set_up(sqlite3.connect(name, uri=True, isolation_level=None), TO_LOOK)


def _set_up(connection: Opened, pragmas: Mapping[str, object]) -> Opened:
    try:
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")
    except BaseException:
        connection.close()
        raise
    return connection


def claim(path: Path) -> int:
    """Claims the file for this process: two servers on one file would each hand out their own order.

    SQLite's own locks are of another kind, so other programs can still read the file. The lock ends with the process,
    or when the returned descriptor is closed: after SQLite's connections, whose locks would go with it.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as fault:
        raise StoreFault(f"cannot open {path}: {fault.strerror}") from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise FileNotFoundError(path)  # a restore has put another in its place just now
    except OSError as fault:
        os.close(descriptor)
        raise StoreFault(f"{path} is in use by another Careline") from fault
    return descriptor
