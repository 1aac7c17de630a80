"""The time that has come though the clock shows an earlier one, and for how long it has."""

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    db.execute_sql("ALTER TABLE sound_clock ADD COLUMN reached INTEGER")
    db.execute_sql("ALTER TABLE sound_clock ADD COLUMN waited INTEGER NOT NULL DEFAULT 0")
