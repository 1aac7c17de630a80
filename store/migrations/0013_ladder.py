"""A reminder may have a ladder: who is rung when its user does not answer. An occurrence has an outcome."""

from typing import Any

from peewee import SqliteDatabase

STATEMENTS = (
    # A JSON array of [milliseconds after the planned time, user id], the last with null for the user: the end.
    "ALTER TABLE reminder_task ADD COLUMN follow_up TEXT",
    "CREATE INDEX reminder_task_with_ladder ON reminder_task (id) WHERE follow_up IS NOT NULL",
    """ALTER TABLE occurrence ADD COLUMN settled TEXT
        CHECK (settled IN ('DONE', 'SKIPPED', 'MISSED', 'WITHDRAWN'))""",
    "ALTER TABLE occurrence ADD COLUMN settled_at INTEGER",
    "ALTER TABLE occurrence ADD COLUMN settled_by TEXT",
    "ALTER TABLE occurrence ADD COLUMN note TEXT",
    """UPDATE occurrence SET settled = 'DONE', settled_by = 'API', settled_at = one.confirmed_at
        FROM user_notification AS one WHERE one.id = notification_id AND one.confirmed_at IS NOT NULL""",
    """CREATE INDEX occurrence_unanswered ON occurrence (notification_id)
        WHERE outcome = 'WRITTEN' AND settled IS NULL""",
    """CREATE TABLE rung (
        task_id INTEGER NOT NULL REFERENCES reminder_task (id),
        planned_on TEXT NOT NULL,
        number INTEGER NOT NULL,
        user_id INTEGER,
        due_at INTEGER NOT NULL,
        passed_at INTEGER,
        PRIMARY KEY (task_id, planned_on, number)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX rung_due ON rung (due_at) WHERE passed_at IS NULL",
    "CREATE INDEX rung_passed ON rung (passed_at) WHERE passed_at IS NOT NULL",
    # The rung that it rang for, 0 for the first notification of an occurrence.
    "ALTER TABLE user_notification ADD COLUMN rung INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE user_notification ADD COLUMN withdrawn_at INTEGER",
    "DROP INDEX user_notification_of_occurrence",
    """CREATE UNIQUE INDEX user_notification_of_occurrence
        ON user_notification (task_id, occurrence_on, coalesce(snooze_of, 0), early, rung)""",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in STATEMENTS:
        db.execute_sql(statement)
