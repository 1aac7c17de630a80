"""Questions remember when they were closed, and what is to be deleted for its age is found by it."""

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    db.execute_sql("ALTER TABLE question ADD COLUMN closed_at INTEGER")
    db.execute_sql("ALTER TABLE question ADD COLUMN deleted_at INTEGER")
    # When these were closed is unknown; as if just now, none is deleted too early.
    db.execute_sql(
        "UPDATE question SET closed_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000 WHERE status = 'CLOSED'"
    )
    db.execute_sql("CREATE INDEX question_closed ON question (closed_at) WHERE closed_at IS NOT NULL")
    db.execute_sql("CREATE INDEX question_deleted ON question (deleted_at) WHERE deleted_at IS NOT NULL")
    db.execute_sql("CREATE INDEX user_notification_read ON user_notification (read_at) WHERE read_at IS NOT NULL")
