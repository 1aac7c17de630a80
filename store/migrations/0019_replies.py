"""Replies become notifications, which belong to no reminder; a question has an assignee, a priority and a ladder.

The table of notifications is made anew: each belonged to a reminder.
"""

from typing import Any

from peewee import SqliteDatabase

QUESTION = (
    "ALTER TABLE question ADD COLUMN assignee_id INTEGER",
    # Null in a question that was opened and changed with none of these fields.
    "ALTER TABLE question ADD COLUMN priority TEXT CHECK (priority IN ('NORMAL', 'URGENT'))",
    "ALTER TABLE question ADD COLUMN category TEXT",
    "ALTER TABLE question ADD COLUMN notify_replies INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE question ADD COLUMN answer_within INTEGER",  # milliseconds
    # A JSON array of [milliseconds after the answer was due, user id], null for the assignee.
    "ALTER TABLE question ADD COLUMN follow_up TEXT",
    "CREATE INDEX question_that_tells ON question (id) WHERE notify_replies = 1",
    # The reminder that rings while a message of it is not answered.
    "ALTER TABLE question ADD COLUMN waiting_task INTEGER",
)
TABLE = """CREATE TABLE notification_of_any (
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
    task_id INTEGER REFERENCES reminder_task (id),
    occurrence_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    snoozed_until INTEGER,
    snooze_of INTEGER REFERENCES notification_of_any (id),
    pushed_to INTEGER NOT NULL DEFAULT 0,
    early INTEGER NOT NULL DEFAULT 0,
    occurrence_on TEXT,
    rung INTEGER NOT NULL DEFAULT 0,
    withdrawn_at INTEGER
) STRICT"""
COLUMNS = (
    "id, user_id, biz_type, biz_id, title, content, status, created_at, read_at, pushed_at, task_id, occurrence_at, "
    "confirmed_at, snoozed_until, snooze_of, pushed_to, early, occurrence_on, rung, withdrawn_at"
)
INDEXES = (
    """CREATE UNIQUE INDEX user_notification_of_occurrence
        ON user_notification (task_id, occurrence_on, coalesce(snooze_of, 0), early, rung)""",
    """CREATE UNIQUE INDEX user_notification_of_snooze ON user_notification (snooze_of, occurrence_at)
    WHERE snooze_of IS NOT NULL""",
    "CREATE INDEX user_notification_snoozed ON user_notification (snoozed_until, id) WHERE snoozed_until IS NOT NULL",
    "CREATE INDEX user_notification_of_user ON user_notification (user_id, id)",
    "CREATE INDEX user_notification_unread ON user_notification (user_id) WHERE status = 'UNREAD'",
    """CREATE INDEX user_notification_unpushed ON user_notification (user_id, id)
    WHERE pushed_at IS NULL AND status = 'UNREAD'""",
    "CREATE INDEX user_notification_read ON user_notification (read_at) WHERE read_at IS NOT NULL",
    # Those of replies that wait until their question is read.
    """CREATE INDEX user_notification_of_reply ON user_notification (biz_id, user_id)
        WHERE task_id IS NULL AND (status = 'UNREAD' OR snoozed_until IS NOT NULL)""",
    # When each user has last read of a question's replies.
    """CREATE INDEX user_notification_of_replies ON user_notification (biz_id, user_id, read_at)
        WHERE task_id IS NULL""",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in QUESTION:
        db.execute_sql(statement)
    # No id may be used again, those of rows that are gone neither.
    highest = db.execute_sql("SELECT seq FROM sqlite_sequence WHERE name = 'user_notification'").fetchone()
    db.execute_sql(TABLE)
    db.execute_sql(f"INSERT INTO notification_of_any ({COLUMNS}) SELECT {COLUMNS} FROM user_notification")  # noqa: S608
    db.execute_sql("DROP TABLE user_notification")
    db.execute_sql("ALTER TABLE notification_of_any RENAME TO user_notification")
    for index in INDEXES:
        db.execute_sql(index)
    if highest:
        db.execute_sql("DELETE FROM sqlite_sequence WHERE name = 'user_notification'")
        db.execute_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('user_notification', ?)", highest)
