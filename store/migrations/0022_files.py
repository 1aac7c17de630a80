"""Files that were uploaded: each by its hash, who uploaded it, which questions' messages name it, and the key by which
the addresses of files are signed."""

import secrets
from typing import Any

from peewee import SqliteDatabase

STATEMENTS = (
    """CREATE TABLE file (
        sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
        size INTEGER NOT NULL,
        content_type TEXT NOT NULL,
        uploaded_at INTEGER NOT NULL,
        unnamed_since INTEGER
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX file_unnamed ON file (unnamed_since) WHERE unnamed_since IS NOT NULL",
    """CREATE TABLE file_upload (
        sha256 TEXT NOT NULL REFERENCES file (sha256),
        user_id INTEGER NOT NULL,
        user_type TEXT NOT NULL,
        PRIMARY KEY (sha256, user_id, user_type)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE file_use (
        sha256 TEXT NOT NULL REFERENCES file (sha256),
        question_id INTEGER NOT NULL REFERENCES question (id),
        is_visible_to_patient INTEGER NOT NULL,
        PRIMARY KEY (sha256, question_id, is_visible_to_patient)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX file_use_of_question ON file_use (question_id)",
    "CREATE TABLE file_key (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL) STRICT",
)
KEY_BYTES = 32


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in STATEMENTS:
        db.execute_sql(statement)
    db.execute_sql("INSERT INTO file_key (id, key) VALUES (1, ?)", (secrets.token_bytes(KEY_BYTES),))
