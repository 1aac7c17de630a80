"""The notifications of a task are found by it, also those that have come again: who deletes a task has to look."""

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    db.execute_sql("DROP INDEX user_notification_of_occurrence")
    # As unique as before: one of a task's occurrence, beside those that stand for a snoozed one.
    db.execute_sql(
        """CREATE UNIQUE INDEX user_notification_of_occurrence
        ON user_notification (task_id, occurrence_at, coalesce(snooze_of, 0))"""
    )
