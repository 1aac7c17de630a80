"""An occurrence is known by the wall time that it is planned for, and no longer by its moment.

Moments follow from zone data and the clinic's zone, which change: an occurrence of before the change was lost, or came
twice, when its clock was set back behind it.
"""

from typing import Any

from peewee import SqliteDatabase

from store.planned import known_by

STATEMENTS = (
    "ALTER TABLE occurrence RENAME TO occurrence_before",
    """CREATE TABLE occurrence (
        task_id INTEGER NOT NULL REFERENCES reminder_task (id),
        planned_on TEXT NOT NULL,
        planned_at INTEGER NOT NULL,
        at INTEGER NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('WRITTEN', 'MISSED', 'PAUSED', 'CANCELLED')),
        notification_id INTEGER,
        PRIMARY KEY (task_id, planned_on)
    ) STRICT, WITHOUT ROWID""",
    """INSERT INTO occurrence (task_id, planned_on, planned_at, at, outcome, notification_id)
        SELECT task_id, known_by(planned_at, rrule, timezone, zone_given, next_on, remind_at),
            planned_at, at, outcome, notification_id
        FROM occurrence_before LEFT JOIN reminder_task ON id = task_id""",
    "DROP TABLE occurrence_before",
    "CREATE INDEX occurrence_age ON occurrence (at)",
    # Null in one that came again: it is known by the one that was snoozed.
    "ALTER TABLE user_notification ADD COLUMN occurrence_on TEXT",
    """UPDATE user_notification
        SET occurrence_on = known_by(occurrence_at, rrule, timezone, zone_given, next_on, remind_at)
        FROM reminder_task AS task WHERE task.id = task_id AND snooze_of IS NULL""",
    "DROP INDEX user_notification_of_occurrence",
    """CREATE UNIQUE INDEX user_notification_of_occurrence
        ON user_notification (task_id, occurrence_on, coalesce(snooze_of, 0), early)""",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    db.connection().create_function("known_by", 6, known_by, deterministic=True)
    for statement in STATEMENTS:
        db.execute_sql(statement)
