"""A generator of garbage: values that no row may have, written straight into a closed database."""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

# What the loop, the housekeeping and the start read.
TABLES: Final = (
    *("reminder_task", "occurrence", "user_notification", "history", "question", "message"),
    *("idempotency_key", "revoked_token", "audit", "sqlite_sequence", "rung", "quiet_hours", "held_snooze"),
)
VALUES: Final[tuple[Any, ...]] = (
    *(None, 0, -1, 1, -(2**63), 2**63 - 1, 2**53 + 1, 253_402_300_800_000, 1.5, float("inf"), float("-inf")),
    *("", "x", "NaN", "2025-01-01 08:00:00", "T" * 1_000_000, "\0", "[", "{}", "[1]", '["nie"]', "9" * 30),
    *(b"", b"\xff\xfe", b"\0" * 100, b"9", b'["2025-01-01"]'),
    *("Nowhere/City", "../..", "/etc/passwd", "posixrules", "FREQ=DAILY", "FREQ=SECONDLY", "FREQ=DAILY;COUNT=0"),
    *("FREQ=WEEKLY;INTERVAL=999999999", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "PENDING", "CANCELLED", "READ"),
)
NOT_UTF8: Final = "CAST(x'ff' AS TEXT)"


def loosen(path: Path) -> None:
    """Take all that SQLite checks out of the schema: types, NOT NULL, CHECK, references and unique indexes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
            if name.startswith("sqlite_") or sql is None:
                continue
            loose = re.sub(r"CHECK \((?:[^()]|\([^()]*\))*\)|NOT NULL", "", sql)
            loose = re.sub(r"REFERENCES \"?\w+\"? \(id\)(?: ON DELETE CASCADE)?", "", loose)
            loose = re.sub(r"\)\s*STRICT(, WITHOUT ROWID)?\s*$", r") \1".replace(", ", ""), loose)
            loose = loose.replace(" , WITHOUT ROWID", " WITHOUT ROWID")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (loose, name))
        connection.execute("PRAGMA writable_schema = RESET")


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def spoil(path: Path, chance: random.Random) -> list[str]:
    """Copy a row of each table for each column and some values, with the value in that column; what was written."""
    written = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN")
        for table in TABLES:
            names = columns(connection, table) or ["name", "seq"]
            for column in names:
                for value in (*chance.sample(VALUES, 12), NOT_UTF8):
                    if (column, value) == ("id", 2**63 - 1):
                        continue  # with the last id there is, nothing can be added: a test of its own
                    if _write(connection, table, names, column, value, chance):
                        written.append(f"{table}.{column} = {str(value)[:40]!r}")
        connection.execute("COMMIT")
    return written


def _write(
    connection: sqlite3.Connection, table: str, names: list[str], column: str, value: Any, chance: random.Random
) -> bool:
    """Whether the table took the row."""
    given = ", ".join(
        (NOT_UTF8 if value is NOT_UTF8 else "?1") if name == column else _kept(table, name, chance) for name in names
    )
    # One of the rows that were there before: what is due among them, and what is not.
    offset = chance.randrange(min(3, connection.execute(f"SELECT max(1, count(*)) FROM {table}").fetchone()[0]))
    listed = ", ".join(f'"{name}"' for name in names)
    try:
        done = connection.execute(
            f"INSERT INTO {table} ({listed}) SELECT {given} FROM {table} LIMIT 1 OFFSET {offset}",
            () if value is NOT_UTF8 else (value,),
        )
    except (sqlite3.IntegrityError, sqlite3.OperationalError, OverflowError):
        return False
    return done.rowcount > 0


def _kept(table: str, name: str, chance: random.Random) -> str:
    """A column's value that is sound, and another than in every other row where it has to be."""
    if name == "id":
        return "NULL"
    if name in ("planned_at", "occurrence_at"):
        return str(chance.randrange(10**12))
    if name in ("planned_on", "occurrence_on"):
        return f"'{chance.randrange(10**12)}'"
    if (table, name) == ("idempotency_key", "key"):
        return f"'{chance.random()}'"
    if (table, name) == ("revoked_token", "token"):
        return f"x'{chance.randbytes(32).hex()}'"
    return f'"{name}"'
