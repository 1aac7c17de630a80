"""Quiet hours of a user: a ring that is not critical waits for their end."""

from typing import Any

from peewee import SqliteDatabase

STATEMENTS = (
    # The times are on the wall of the zone; without `zone_given` that is the clinic's, whichever that is.
    """CREATE TABLE quiet_hours (
        user_id INTEGER PRIMARY KEY,
        begins TEXT NOT NULL,
        ends TEXT NOT NULL,
        timezone TEXT NOT NULL,
        zone_given INTEGER NOT NULL
    ) STRICT""",
    # Null in a reminder that was made without saying so.
    "ALTER TABLE reminder_task ADD COLUMN critical INTEGER",
    # When a ring was due that quiet hours hold; then due_at is their end. The rung 0 is a first ring that was held.
    "ALTER TABLE rung ADD COLUMN held_from INTEGER",
    "CREATE INDEX rung_held ON rung (user_id, due_at) WHERE held_from IS NOT NULL AND passed_at IS NULL",
    # When a snooze was due that is held, and until when; no more than a note once that is not its snooze any more.
    """CREATE TABLE held_snooze (
        notification_id INTEGER PRIMARY KEY,
        user_id INTEGER NOT NULL,
        held_from INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX held_snooze_of_user ON held_snooze (user_id)",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in STATEMENTS:
        db.execute_sql(statement)
