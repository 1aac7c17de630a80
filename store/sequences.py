"""SQLite's own counts of the highest id of each table, mended where garbage was written over them.

Ids go on from these counts, so that none is used again: one that is too low, or no number, would stop every write.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from store.file import StoreFault
from store.transaction import is_damage

MOST: Final = 2**63 - 1 - 2**32  # ids from here on are too near the last that there can be

_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
_COUNTS: Final = "SELECT count(*), typeof(max(seq)), max(seq) FROM sqlite_sequence WHERE name = ?"


def mend(path: Path) -> list[str]:
    """Set each count that is no number, or below an id that is there, to the highest id; return the tables' names.

    A table that is damaged stays as it is. StoreFault when a table has no ids left.
    """
    mended = []
    try:
        with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
            connection.text_factory = bytes
            for (table,) in connection.execute(_TABLES).fetchall():
                name = table.decode()
                try:
                    if _mend(connection, path, name):
                        mended.append(name)
                except sqlite3.DatabaseError as fault:
                    if not is_damage(fault):
                        raise
    except sqlite3.Error as fault:
        raise StoreFault(f"cannot use {path}: {fault}") from fault
    return mended


def _mend(connection: sqlite3.Connection, path: Path, name: str) -> bool:
    (highest,) = connection.execute(f'SELECT max(id) FROM "{name}"').fetchone()  # noqa: S608 - of the schema
    rows, kind, count = connection.execute(_COUNTS, (name,)).fetchone()
    highest = max(0, highest or 0)
    is_wrong = bool(rows and not (rows == 1 and kind == b"integer" and highest <= count <= MOST))
    if is_wrong:
        highest = max(highest, count if kind == b"integer" and count <= MOST else 0)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, highest))
        connection.execute("COMMIT")
    if highest > MOST:
        raise StoreFault(f"{path} has no ids left for the table {name}: its highest is {highest}")
    return is_wrong
