"""The secret that links to confirm are signed with, and reminders for channels that hooks serve."""

from typing import Any

from peewee import SqliteDatabase

STATEMENTS = (
    "CREATE TABLE link_secret (id INTEGER PRIMARY KEY CHECK (id = 1), secret BLOB NOT NULL) STRICT",
    # SQLite changes no constraint of a column: another column takes its place.
    """ALTER TABLE reminder_task ADD COLUMN any_channel TEXT NOT NULL DEFAULT 'IN_APP'
        CHECK (any_channel IN ('IN_APP', 'SYSTEM_MESSAGE', 'SMS', 'PUSH'))""",
    "UPDATE reminder_task SET any_channel = channel WHERE channel <> 'IN_APP'",
    "ALTER TABLE reminder_task DROP COLUMN channel",
    "ALTER TABLE reminder_task RENAME COLUMN any_channel TO channel",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in STATEMENTS:
        db.execute_sql(statement)
