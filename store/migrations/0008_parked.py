"""A reminder task that cannot be worked out is parked, with the time and the reason, until it is tried again."""

from typing import Any

from peewee import SqliteDatabase

STATEMENTS = (
    "ALTER TABLE reminder_task ADD COLUMN parked_at INTEGER",
    "ALTER TABLE reminder_task ADD COLUMN parked_for TEXT",
    "DROP INDEX reminder_task_due",
    "DROP INDEX reminder_task_due_again",
    # What is parked is not due: however many they are, the loop does not walk over them.
    """CREATE INDEX reminder_task_due ON reminder_task (next_at, id)
        WHERE next_at IS NOT NULL AND rrule IS NULL AND parked_at IS NULL""",
    """CREATE INDEX reminder_task_due_again ON reminder_task (next_at, id)
        WHERE next_at IS NOT NULL AND rrule IS NOT NULL AND parked_at IS NULL""",
    "CREATE INDEX reminder_task_parked ON reminder_task (id) WHERE parked_at IS NOT NULL",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in STATEMENTS:
        db.execute_sql(statement)
