"""The WAL gets small again, and SQLite's planner knows the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from store import messages, posting, upkeep
from store.database import Database
from store.file import StoreFault
from store.transaction import each
from tests.store.file import all_written, rows, within
from tests.store.samples import draft, open_question

PAGES = 100


@pytest.fixture(autouse=True)
def _grows_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A WAL of 100 pages counts as grown."""
    monkeypatch.setattr(upkeep, "USUAL_WAL", PAGES * 4096)
    monkeypatch.setattr(upkeep, "HELD_WAL", 8 * PAGES * 4096)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Another program that reads in one transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT COUNT(*) FROM message").fetchone()
        yield


def wal(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


async def write(database: Database, question_id: int, count: int) -> None:
    """Messages, each in a transaction of its own."""
    for _ in range(count):
        await all_written(database, posting.post, [draft(question_id, "测" * 2000)])


async def test_a_wal_that_has_grown_gets_small_again(database: Database, path: Path) -> None:
    question_id = (await open_question(database)).id
    shrink = upkeep.Wal(database).shrink
    await write(database, question_id, PAGES // 2)
    assert wal(path) > upkeep.USUAL_WAL
    await within(shrink())
    assert wal(path) == 0
    await write(database, question_id, 1)
    small = wal(path)
    await within(shrink())
    assert wal(path) == small, "what is no matter of concern stays as it is"
    assert rows(path, "SELECT COUNT(*) FROM message") == [PAGES // 2 + 1]


async def test_a_wal_that_is_held_is_no_fault_until_it_is_large_and_still_grows(database: Database, path: Path) -> None:
    """Litestream holds one always, and keeps it from growing."""
    question_id = (await open_question(database)).id
    shrink = upkeep.Wal(database).shrink
    await write(database, question_id, 1)
    with reading(path):
        for _ in range(2):
            await write(database, question_id, PAGES // 2)
            assert upkeep.USUAL_WAL < wal(path) < upkeep.HELD_WAL
            await within(shrink())
        await write(database, question_id, PAGES)
        assert wal(path) > upkeep.HELD_WAL
        for _ in range(2):
            with pytest.raises(StoreFault, match="some program reads"):
                await within(shrink())
            await within(shrink())  # large, and as it was
            await write(database, question_id, 1)
        await within(upkeep.Wal(database).shrink())  # whether it grows is not known after a start
    await within(shrink())
    assert wal(path) == 0
    assert database.fault is None


async def test_messages_written_meanwhile_lose_nothing(database: Database, path: Path) -> None:
    question_id = (await open_question(database)).id
    shrink = upkeep.Wal(database).shrink
    for _ in range(10):
        await write(database, question_id, PAGES // 2)
        await within(shrink())
    assert rows(path, "SELECT COUNT(*) FROM message") == [10 * (PAGES // 2)]
    assert rows(path, "PRAGMA integrity_check") == ["ok"]


async def test_the_planner_knows_what_has_grown(database: Database, path: Path) -> None:
    question_id = (await open_question(database)).id
    await all_written(database, posting.post, [draft(question_id, client_msg_id=str(one)) for one in range(1000)])
    for _ in range(2):
        await all_written(database, posting.post, [draft(question_id, client_msg_id="1")])
        await within(database.written(each(upkeep.optimize), None))
    assert "message" in rows(path, "SELECT tbl FROM sqlite_stat1")
    page = await messages.page(database, question_id, messages.visible_to(None), limit=5)
    assert page is not None
    assert [message.id for message in page[0]] == [996, 997, 998, 999, 1000]
