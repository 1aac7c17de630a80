"""When the newest copy on another disk was made, and what the last drill with one has found."""

from typing import Any

from peewee import SqliteDatabase

STATEMENT = """CREATE TABLE off_disk (
        what TEXT PRIMARY KEY CHECK (what IN ('COPY', 'DRILL')),
        at INTEGER NOT NULL,
        is_ok INTEGER NOT NULL,
        told TEXT NOT NULL
    ) STRICT, WITHOUT ROWID"""


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    db.execute_sql(STATEMENT)
