"""The outbox tells of a batch of messages in one row."""

from typing import Any

from peewee import SqliteDatabase

STATEMENT = "ALTER TABLE outbox ADD COLUMN count INTEGER NOT NULL DEFAULT 1"


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    db.execute_sql(STATEMENT)
