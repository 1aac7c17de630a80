"""A reminder task keeps the wall time at which it is due next, and a notification that came too early steps aside."""

from typing import Any

from peewee import SqliteDatabase

STATEMENTS = (
    # On the wall of the task's zone, or of the clinic's where the task has none; null: `next_at` alone counts.
    "ALTER TABLE reminder_task ADD COLUMN next_on TEXT",
    # 0: the client named no zone, so the task goes by the clinic's, whichever that is. Of older tasks it is unknown.
    "ALTER TABLE reminder_task ADD COLUMN zone_given INTEGER NOT NULL DEFAULT 1",
    # Its own id in one that was written while the clock was ahead; another may stand for its occurrence then.
    "ALTER TABLE user_notification ADD COLUMN early INTEGER NOT NULL DEFAULT 0",
    "DROP INDEX user_notification_of_occurrence",
    """CREATE UNIQUE INDEX user_notification_of_occurrence
        ON user_notification (task_id, occurrence_at, coalesce(snooze_of, 0), early)""",
    "CREATE INDEX occurrence_age ON occurrence (at)",
    # When the clock was last known to be right, in one row.
    "CREATE TABLE sound_clock (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in STATEMENTS:
        db.execute_sql(statement)
