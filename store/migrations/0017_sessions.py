"""Sessions of clients, which bring back those that do not come back by themselves.

Rows are found by ids, which rise: an index of something random would cost a page of its own for each that connects.
"""

from typing import Any

from peewee import SqliteDatabase

STATEMENTS = (
    """CREATE TABLE session (
        id INTEGER PRIMARY KEY,
        secret TEXT NOT NULL,
        owner_id INTEGER,
        owner_type TEXT,
        user_id INTEGER,
        follows INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        notification_id INTEGER NOT NULL,
        ended_at INTEGER
    ) STRICT""",
    "CREATE INDEX session_age ON session (ended_at) WHERE ended_at IS NOT NULL",
    """CREATE TABLE session_room (
        session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
        question_id INTEGER NOT NULL,
        is_staff INTEGER NOT NULL,
        updates INTEGER NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (session_id, question_id)
    ) STRICT, WITHOUT ROWID""",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in STATEMENTS:
        db.execute_sql(statement)
