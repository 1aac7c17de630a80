"""The outbox of the hooks: events that wait for their receivers, how far each hook has come, and dead letters."""

from typing import Any

from peewee import SqliteDatabase

STATEMENTS = (
    # An event is told to every hook that asks for it, in the order of the ids. None comes twice.
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL,
        subject_id INTEGER NOT NULL,
        at INTEGER NOT NULL,
        channel TEXT,
        state TEXT,
        hook TEXT,
        replay_of INTEGER
    ) STRICT""",
    """CREATE TABLE hook (
        name TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        failing_since INTEGER,
        last_error TEXT,
        lost INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE dead_letter (
        hook TEXT NOT NULL,
        id INTEGER NOT NULL,
        event TEXT NOT NULL,
        subject_id INTEGER NOT NULL,
        at INTEGER NOT NULL,
        channel TEXT,
        state TEXT,
        buried_at INTEGER NOT NULL,
        why TEXT NOT NULL,
        PRIMARY KEY (hook, id)
    ) STRICT, WITHOUT ROWID""",
    # Tells the events of this file from those of another whose ids begin anew.
    "CREATE TABLE outbox_origin (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL) STRICT",
    "INSERT INTO outbox_origin (id, origin) VALUES (1, lower(hex(randomblob(6))))",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in STATEMENTS:
        db.execute_sql(statement)
