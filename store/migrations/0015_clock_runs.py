"""The runs of the clock, which tell what was written while it was ahead."""

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    db.execute_sql(
        """CREATE TABLE clock_run (
            id INTEGER PRIMARY KEY,
            begins INTEGER NOT NULL,
            seen INTEGER NOT NULL,
            jumped INTEGER NOT NULL,
            made_good INTEGER NOT NULL
        ) STRICT"""
    )
