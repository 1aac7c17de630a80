"""Reminders that come again: what a task repeats, what became of each of its occurrences, and what happened when."""

from typing import Any

from peewee import SqliteDatabase

COLUMNS = (
    "rrule TEXT",
    "exdates TEXT",
    "timezone TEXT",
    "missed TEXT CHECK (missed IN ('latest', 'all', 'skip'))",
    "paused INTEGER NOT NULL DEFAULT 0",
    "starts_on TEXT",
    "ends_on TEXT",
    "next_at INTEGER",
    "revision INTEGER NOT NULL DEFAULT 0",
)
STATEMENTS = (
    "UPDATE reminder_task SET next_at = remind_at WHERE status = 'PENDING'",
    "DROP INDEX reminder_task_due",
    # Two, since those that come once need nothing worked out before they are written.
    "CREATE INDEX reminder_task_due ON reminder_task (next_at, id) WHERE next_at IS NOT NULL AND rrule IS NULL",
    """CREATE INDEX reminder_task_due_again ON reminder_task (next_at, id)
        WHERE next_at IS NOT NULL AND rrule IS NOT NULL""",
    """CREATE TABLE occurrence (
        task_id INTEGER NOT NULL REFERENCES reminder_task (id),
        planned_at INTEGER NOT NULL,
        at INTEGER NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('WRITTEN', 'MISSED', 'PAUSED', 'CANCELLED')),
        notification_id INTEGER,
        PRIMARY KEY (task_id, planned_at)
    ) STRICT, WITHOUT ROWID""",
    """INSERT INTO occurrence (task_id, planned_at, at, outcome, notification_id)
        SELECT task_id, occurrence_at, created_at, 'WRITTEN', id FROM user_notification""",
    """CREATE TABLE history (
        id INTEGER PRIMARY KEY,
        task_id INTEGER,
        notification_id INTEGER,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        "by" TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX history_of_task ON history (task_id, id) WHERE task_id IS NOT NULL",
    "CREATE INDEX history_of_notification ON history (notification_id, id) WHERE notification_id IS NOT NULL",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for column in COLUMNS:
        db.execute_sql(f"ALTER TABLE reminder_task ADD COLUMN {column}")
    for statement in STATEMENTS:
        db.execute_sql(statement)
