"""How many messages a second SQLite itself commits: bare inserts at `synchronous=FULL`, k to a transaction."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Final

GROUPS: Final = (1, 4, 16, 50, 200)

_SCHEMA: Final = """
CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT, question_id INTEGER NOT NULL, sender_type TEXT NOT NULL,
  sender_id INTEGER NOT NULL, role_display_name TEXT, content_type TEXT NOT NULL, content_text TEXT,
  attachments TEXT NOT NULL, is_visible_to_patient INTEGER NOT NULL, sent_at INTEGER NOT NULL);
CREATE INDEX message_question ON message (question_id, id);
"""
_INSERT: Final = (
    "INSERT INTO message (question_id, sender_type, sender_id, role_display_name, content_type, content_text, "
    "attachments, is_visible_to_patient, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ATTACHMENTS: Final = (
    '[{"url":"https://example.com/image1.png","thumbnail_url":"https://example.com/thumb1.png",'
    '"duration":null,"size":102400}]'
)
_TEXT: Final = "您好，请详细描述一下您的症状：从什么时候开始，每天几次，吃过什么药，现在感觉怎么样？"


def committed_per_second(group: int, seconds: float, folder: Path) -> float:
    """Insert messages, `group` to a durable transaction, for that long in a new file in `folder`; give messages/s."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        database = sqlite3.connect(Path(place) / "limit.db", isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA wal_autocheckpoint = 4000")
        database.executescript(_SCHEMA)
        rows = [
            (question, "STAFF", 456, "医生王五", "TEXT", _TEXT, _ATTACHMENTS, 1, 1_735_696_800_000)
            for question in range(1, group + 1)
        ]
        committed = 0
        begin = time.perf_counter()
        while (spent := time.perf_counter() - begin) < seconds:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(_INSERT, rows)
            database.execute("COMMIT")
            committed += group
        database.close()
    return committed / spent
