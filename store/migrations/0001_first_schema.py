"""The first schema."""

from typing import Any

from peewee import SqliteDatabase

TABLES = (
    """CREATE TABLE question (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        elder_id INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('OPEN', 'CLOSED')),
        created_at INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX question_by_elder ON question (elder_id, id)",
    """CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        question_id INTEGER NOT NULL REFERENCES question (id),
        sender_type TEXT NOT NULL,
        sender_id INTEGER NOT NULL,
        role_display_name TEXT,
        content_type TEXT NOT NULL,
        content_text TEXT,
        attachments TEXT NOT NULL,
        is_visible_to_patient INTEGER NOT NULL,
        sent_at INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX message_of_question ON message (question_id, id)",
    """CREATE TABLE reminder_task (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id INTEGER NOT NULL,
        biz_type TEXT NOT NULL,
        biz_id INTEGER NOT NULL,
        channel TEXT NOT NULL CHECK (channel IN ('IN_APP', 'SYSTEM_MESSAGE')),
        title TEXT NOT NULL,
        content TEXT,
        remind_at INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('PENDING', 'DISPATCHED', 'CANCELLED')),
        created_at INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX reminder_task_due ON reminder_task (remind_at, id) WHERE status = 'PENDING'",
    "CREATE INDEX reminder_task_of_user ON reminder_task (user_id, id)",
    """CREATE TABLE user_notification (
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
        UNIQUE (task_id, occurrence_at)
    ) STRICT""",
    "CREATE INDEX user_notification_of_user ON user_notification (user_id, id)",
    "CREATE INDEX user_notification_unread ON user_notification (user_id) WHERE status = 'UNREAD'",
    """CREATE INDEX user_notification_unpushed ON user_notification (user_id, id)
        WHERE pushed_at IS NULL AND status = 'UNREAD'""",
    """CREATE TABLE idempotency_key (
        key TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX idempotency_key_age ON idempotency_key (created_at)",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in TABLES:
        db.execute_sql(statement)
