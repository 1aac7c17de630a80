"""Database files with something in them, for backups."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from store import schema

FIRST_SCHEMA = "0001_first_schema"


def fill(path: Path, messages: int = 10, text: str = "您好") -> Path:
    """Makes a database of the newest schema with one question and its messages, and closes it."""
    path.touch()
    schema.migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.execute(
            "INSERT INTO question (title, elder_id, status, created_at) VALUES ('头晕两天', 1, 'OPEN', 1)"
        )
        connection.executemany(
            "INSERT INTO message (question_id, sender_type, sender_id, content_type, content_text, attachments,"
            " is_visible_to_patient, sent_at) VALUES (1, 'STAFF', 1, 'TEXT', ?, '[]', 1, 1)",
            ((text,) for _ in range(messages)),
        )
        connection.execute("COMMIT")
    return path


def change(path: Path, *statements: str) -> Path:
    """Changes a closed database as another program would, and closes it again."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def killed(path: Path, copied: Path) -> Path:
    """Leaves at `copied` what a killed program leaves: the last commit is in the WAL alone."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE question SET title = '在 WAL 里'")
        shutil.copy(path, copied)
        shutil.copy(f"{path}-wal", f"{copied}-wal")
    assert "在 WAL 里".encode() not in copied.read_bytes()
    return copied


def older(path: Path, folder: Path) -> Path:
    """Makes a database as the first version of Careline left it, with a question; `folder` must not exist yet."""
    path.touch()
    folder.mkdir()
    first = schema.MIGRATIONS / f"{FIRST_SCHEMA}.py"
    (folder / first.name).write_text(first.read_text())
    newest, schema.MIGRATIONS = schema.MIGRATIONS, folder
    try:
        schema.migrate(path)
    finally:
        schema.MIGRATIONS = newest
    return change(path, "INSERT INTO question (title, elder_id, status, created_at) VALUES ('旧', 1, 'OPEN', 1)")


def integrity(path: Path) -> str:
    """What SQLite finds wrong with the file, "ok" when nothing."""
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return str(found)
