"""Notifications are confirmed and snoozed, and know how many connections were handed them.

The table is made anew: one that comes again after a snooze belongs to the same task, maybe at the time of a planned
occurrence, which the unique pair of task and occurrence did not allow.
"""

from typing import Any

from peewee import SqliteDatabase

TABLE = """CREATE TABLE answered_notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    biz_type TEXT NOT NULL,
    biz_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    content TEXT,
    status TEXT NOT NULL CHECK (status IN ('UNREAD', 'READ')),
    created_at INTEGER NOT NULL,
    read_at INTEGER,
    pushed_at INTEGER,
    task_id INTEGER NOT NULL REFERENCES reminder_task (id),
    occurrence_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    snoozed_until INTEGER,
    snooze_of INTEGER REFERENCES answered_notification (id),
    pushed_to INTEGER NOT NULL DEFAULT 0
) STRICT"""
KEPT = "id, user_id, biz_type, biz_id, title, content, status, created_at, read_at, pushed_at, task_id, occurrence_at"
INDEXES = (
    """CREATE UNIQUE INDEX user_notification_of_occurrence ON user_notification (task_id, occurrence_at)
    WHERE snooze_of IS NULL""",
    """CREATE UNIQUE INDEX user_notification_of_snooze ON user_notification (snooze_of, occurrence_at)
    WHERE snooze_of IS NOT NULL""",
    "CREATE INDEX user_notification_snoozed ON user_notification (snoozed_until, id) WHERE snoozed_until IS NOT NULL",
    "CREATE INDEX user_notification_of_user ON user_notification (user_id, id)",
    "CREATE INDEX user_notification_unread ON user_notification (user_id) WHERE status = 'UNREAD'",
    """CREATE INDEX user_notification_unpushed ON user_notification (user_id, id)
    WHERE pushed_at IS NULL AND status = 'UNREAD'""",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    # No id may be used again, those of rows that are gone neither.
    highest = db.execute_sql("SELECT seq FROM sqlite_sequence WHERE name = 'user_notification'").fetchone()
    db.execute_sql(TABLE)
    # How many were handed it was not counted: one at least.
    db.execute_sql(
        f"INSERT INTO answered_notification ({KEPT}, pushed_to) SELECT {KEPT}, pushed_at NOTNULL FROM user_notification"
    )
    db.execute_sql("DROP TABLE user_notification")
    db.execute_sql("ALTER TABLE answered_notification RENAME TO user_notification")
    for index in INDEXES:
        db.execute_sql(index)
    if highest:
        db.execute_sql("DELETE FROM sqlite_sequence WHERE name = 'user_notification'")
        db.execute_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('user_notification', ?)", highest)
