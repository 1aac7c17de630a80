"""How long a participant's list takes with a million messages, in a hundred questions and in ten thousand.

    .venv/bin/python -m tests.bench.lists

Ends with status 1 where the one takes more than twice as long as the other, or one in a hundred more than 20 ms.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from store import questions, schema
from store.database import Database
from store.messages import STAFF, visible_to
from store.participants import Reader

MESSAGES: Final = 1_000_000
QUESTIONS: Final = (100, 10_000)
UNREAD: Final = 20  # messages of each question, of which half are the reader's own or for staff
PAGES: Final = 400
WARM: Final = 20  # pages before that, for which connections are opened
MOST_MS: Final = 20.0
MOST_RATIO: Final = 2.0
NURSE: Final = Reader(7, STAFF)
ELDER: Final = Reader(8, "ELDER")

_QUESTION: Final = """INSERT INTO question (id, title, elder_id, status, created_at)
    SELECT value, '头晕两天', 8, 'OPEN', 1735696800000 FROM generated WHERE value <= ?"""
# Of four messages one is the nurse's, one another's of staff, hidden from patients, and two are the elder's.
_MESSAGE: Final = """INSERT INTO message (question_id, sender_type, sender_id, content_type, content_text, attachments,
        is_visible_to_patient, sent_at)
    SELECT 1 + value % ?1, iif(value / ?1 % 4 < 2, 'STAFF', 'ELDER'), CASE value / ?1 % 4 WHEN 0 THEN 7 WHEN 1 THEN 9
        ELSE 8 END, 'TEXT', '您好，请详细描述一下您的症状', '[]', value / ?1 % 4 <> 1, 1735696800000 + value
    FROM generated"""
_PARTICIPANT: Final = """INSERT INTO participant (question_id, user_id, user_type, takes_part, read_up_to)
    SELECT id, ?1, ?2, 1, (SELECT id FROM message WHERE question_id = question.id ORDER BY id DESC LIMIT 1 OFFSET ?3)
    FROM question"""


def fill(path: Path, count: int, messages: int) -> None:
    """Make so many questions with so many messages in all, of which nurse and elder have not read the last."""
    path.touch()
    schema.migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute(f"""CREATE TEMP TABLE generated AS WITH RECURSIVE numbers (value) AS (
            SELECT 1 UNION ALL SELECT value + 1 FROM numbers WHERE value < {messages}) SELECT value FROM numbers""")
        connection.execute(_QUESTION, (count,))
        connection.execute(_MESSAGE, (count,))
        for reader in NURSE, ELDER:
            connection.execute(_PARTICIPANT, (*reader, UNREAD))
        connection.execute("COMMIT")


async def measure(path: Path, reader: Reader) -> list[float]:
    """Give the milliseconds of each page of the reader's list."""
    database = Database(path)
    await database.open()
    taken = []
    before_id = None
    try:
        for _ in range(WARM + PAGES):
            began = time.perf_counter()
            items, has_more = await questions.page_of_participant(
                database,
                visible_to(reader.user_type),
                reader,
                status=None,
                elder_id=None,
                before_id=before_id,
                limit=50,
            )
            taken.append((time.perf_counter() - began) * 1000)
            before_id = items[-1].question.id if has_more else None
    finally:
        await database.close()
    return taken[WARM:]


def main(messages: int = MESSAGES, counts: tuple[int, ...] = QUESTIONS) -> int:
    """Print the times, and give the status."""
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        for name, reader in ("staff", NURSE), ("elder", ELDER):
            medians = []
            for count in counts:
                path = Path(folder) / f"{count}.db"
                if not path.exists():
                    fill(path, count, messages)
                taken = asyncio.run(measure(path, reader))
                p99 = statistics.quantiles(taken, n=100)[98]
                medians.append(statistics.median(taken))
                fine = fine and p99 <= MOST_MS
                sys.stdout.write(
                    f"{name}, {count:,} questions, {messages:,} messages: a page of 50 in {medians[-1]:.2f} ms, "
                    f"p99 {p99:.2f} ms\n"
                )
            ratio = max(medians) / min(medians)
            fine = fine and ratio <= MOST_RATIO
            sys.stdout.write(f"{name}: {ratio:.2f} times as long\n")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
