"""Messages remember the id that their sender gave them, so that a retry finds the first."""

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    db.execute_sql("ALTER TABLE message ADD COLUMN client_msg_id TEXT")
    db.execute_sql(
        """CREATE UNIQUE INDEX message_of_client ON message (question_id, sender_type, sender_id, client_msg_id)
        WHERE client_msg_id IS NOT NULL"""
    )
