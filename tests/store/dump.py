"""All that a database holds, as SQL that makes it again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_SCHEMA = "SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL AND {} ORDER BY {}"
_OWN = "name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


def dump(path: Path) -> list[str]:
    """Give the statements, each without a line break at its end: first the tables with their rows, by their names."""
    with closing(sqlite3.connect(path)) as connection:
        made = []
        for name, _, sql in connection.execute(_SCHEMA.format(f"type = 'table' AND {_OWN}", "name")).fetchall():
            made += [f"{sql};", *_rows(connection, name)]
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
            made += ['DELETE FROM "sqlite_sequence";', *_rows(connection, "sqlite_sequence")]
        rest = connection.execute(_SCHEMA.format("type != 'table'", "type, name"))
        return ["BEGIN TRANSACTION;", *made, *(f"{sql};" for _, _, sql in rest), "COMMIT;"]


def _rows(connection: sqlite3.Connection, table: str) -> list[str]:
    columns = [name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table}")')]
    values = " || ',' || ".join(f'quote("{name}")' for name in columns)
    query = f"""SELECT 'INSERT INTO "{table}" VALUES(' || {values} || ');' FROM "{table}" """
    return [statement for (statement,) in connection.execute(query)]
