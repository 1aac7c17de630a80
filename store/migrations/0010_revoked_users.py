"""Users whose tokens up to a moment are revoked, all at once."""

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    # An empty user_type stands for every type.
    db.execute_sql(
        """CREATE TABLE revoked_user (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            user_id INTEGER NOT NULL,
            user_type TEXT NOT NULL,
            issued_until INTEGER NOT NULL,
            revoked_at INTEGER NOT NULL,
            UNIQUE (user_id, user_type)
        ) STRICT"""
    )
