"""Sessions in the file: what is written of them is found again, until they are forgotten, too old or too many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import schema, sessions
from store.database import Database
from store.sessions import Joined
from store.transaction import each
from tests.store.file import rows, within
from tests.store.samples import NOW, session

AS_STAFF = Joined(is_staff=True, updates=True, since=3, user_id=456, user_type="STAFF")
AS_ELDER = Joined(is_staff=False, updates=False, since=4, user_id=None, user_type=None)


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """The writer's."""
    path.touch()
    schema.migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = 1")
        yield connection


async def test_a_session_is_found_as_it_was_written(database: Database) -> None:
    one = session(1, {7: AS_STAFF, 8: AS_ELDER}, owner=(12, "ELDER"), follows=True)
    other = session(2, user_id=None, ended_at=NOW)
    await database.written(each(sessions.save), [one, other])
    assert await within(sessions.find(database, 1)) == one
    assert await within(sessions.find(database, 2)) == other
    assert await within(sessions.find(database, 3)) is None


async def test_only_what_has_changed_is_written_of_its_rooms(database: Database) -> None:
    await database.written(each(sessions.save), [session(1, {7: AS_STAFF, 8: AS_ELDER})])
    later = session(1, {8: None, 9: AS_STAFF}, message_id=50, notification_id=60, user_id=1002, ended_at=NOW)
    await database.written(each(sessions.save), [later])
    found = await within(sessions.find(database, 1))
    assert found == session(
        1,
        {7: AS_STAFF, 9: AS_STAFF},
        message_id=50,
        notification_id=60,
        user_id=1002,
        ended_at=NOW,
    )


async def test_a_row_of_another_secret_stays(database: Database) -> None:
    await database.written(each(sessions.save), [session(1)])
    other: dict[str, Any] = {"secret": "another", "user_id": 5}
    await database.written(each(sessions.save), [session(1, **other)])
    assert await within(sessions.find(database, 1)) == session(1)


async def test_one_that_is_forgotten_leaves_nothing(database: Database, path: Path) -> None:
    await database.written(each(sessions.save), [session(1, {7: AS_STAFF}), session(2, {7: AS_STAFF})])
    await database.written(each(sessions.forget), [1, 3])
    assert await within(sessions.find(database, 1)) is None
    assert rows(path, "SELECT count(*) FROM session_room") == [1]


def test_when_the_server_begins_those_that_were_connected_have_ended(connection: sqlite3.Connection) -> None:
    sessions.save(connection, [session(1), session(2, ended_at=NOW)])
    assert sessions.end_all(connection, NOW + 5) == (2, 2)
    assert connection.execute("SELECT ended_at FROM session ORDER BY id").fetchall() == [(NOW + 5,), (NOW,)]


def test_the_old_ones_go_chunk_by_chunk(connection: sqlite3.Connection) -> None:
    many = [session(number + 1, {1: AS_ELDER}, ended_at=number) for number in range(180)]
    sessions.save(connection, [*many, session(1000)])
    assert sessions.delete_ended_before(connection, 80) == sessions.CHUNK
    assert sessions.delete_ended_before(connection, 80) == 80 - sessions.CHUNK
    assert sessions.delete_ended_before(connection, 80) == 0
    assert connection.execute("SELECT count(*), min(ended_at) FROM session").fetchone() == (101, 80)
    assert connection.execute("SELECT count(*) FROM session_room").fetchone() == (100,)


def test_of_too_many_those_go_that_ended_first(connection: sqlite3.Connection) -> None:
    sessions.save(connection, [session(number + 1, ended_at=100 - number) for number in range(100)])
    sessions.save(connection, [session(1000)])
    assert sessions.delete_oldest(connection, 101) == (101, False)
    assert sessions.delete_oldest(connection, 81) == (81, True)
    assert connection.execute("SELECT min(ended_at) FROM session").fetchone() == (21,)
    assert [sessions.delete_oldest(connection, 0) for _ in range(3)] == [(31, True), (1, True), (1, False)]
    assert connection.execute("SELECT ended_at FROM session").fetchall() == [(None,)], "those that are connected stay"
