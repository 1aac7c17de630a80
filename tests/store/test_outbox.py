"""The outbox in the file: rows in the transaction of what they tell, bounds, positions, and a restore."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store import outbox, schema
from store.backup import back_up
from store.file import connect
from store.outbox import Burial, Listener, Position
from store.restore import restore

EVERY = tuple(outbox._TRIGGERS)
GATEWAY = Listener("gateway", EVERY, ("IN_APP",))
OTHER = Listener("other", ("question.created",), ("IN_APP",))
NOW = 1_735_696_800_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "careline.db"
    path.touch()
    schema.migrate(path)
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    """The writer's connection, with hooks."""
    with closing(connect(path)) as connection:
        outbox.listens(EVERY, lambda: NOW)(connection)
        outbox.take_up(connection, ["gateway", "other"])
        yield connection


def ask(connection: sqlite3.Connection, count: int = 1) -> None:
    insert = "INSERT INTO question (title, elder_id, status, created_at) VALUES ('头晕', 1, 'OPEN', ?)"
    connection.executemany(insert, [(NOW + number,) for number in range(count)])


def waiting(connection: sqlite3.Connection, listener: Listener = GATEWAY) -> list[int]:
    position = outbox.position(connection, listener.name).position
    return [one.subject_id for one in outbox.after(connection, listener, position, 1_000_000) if one.is_wanted]


def test_an_event_is_rolled_back_with_what_it_tells(writer: sqlite3.Connection) -> None:
    writer.execute("BEGIN")
    ask(writer)
    assert waiting(writer) == [1]
    writer.execute("ROLLBACK")
    assert waiting(writer) == []


def test_without_hooks_a_connection_writes_none(path: Path) -> None:
    with closing(connect(path)) as connection:
        outbox.listens((), lambda: NOW)(connection)
        ask(connection)
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_a_row_goes_once_every_hook_has_passed_it(writer: sqlite3.Connection) -> None:
    ask(writer, 3)
    outbox.advance(writer, Position("gateway", 2))
    assert writer.execute("SELECT count(*) FROM outbox").fetchone() == (3,)
    outbox.advance(writer, Position("other", 3))
    assert writer.execute("SELECT id FROM outbox").fetchall() == [(3,)]
    # A late word does not take a hook back.
    outbox.advance(writer, Position("other", 1))
    assert outbox.position(writer, "other").position == 3


def test_ids_are_not_used_again(writer: sqlite3.Connection) -> None:
    ask(writer, 2)
    for name in "gateway", "other":
        outbox.advance(writer, Position(name, 2))
    ask(writer)
    assert [one.id for one in outbox.after(writer, GATEWAY, 2, 10)] == [3]


def test_ids_go_on_above_what_was_told_where_their_count_is_lost(writer: sqlite3.Connection) -> None:
    ask(writer, 3)
    for name in "gateway", "other":
        outbox.advance(writer, Position(name, 3))
    writer.execute("DELETE FROM sqlite_sequence WHERE name = 'outbox'")
    outbox.take_up(writer, ["gateway", "other"])
    ask(writer)
    assert waiting(writer) == [4]


def test_a_hook_that_is_gone_leaves_nothing(writer: sqlite3.Connection) -> None:
    ask(writer, 2)
    outbox.bury(writer, Burial(OTHER, 1, NOW, "its receiver is gone"))
    assert outbox.take_up(writer, ["gateway", "new"]) == [("other", 1)]
    assert writer.execute("SELECT count(*) FROM dead_letter").fetchone() == (0,)
    assert waiting(writer) == [1, 2]
    assert waiting(writer, Listener("new", EVERY, ("IN_APP",))) == []


def test_beyond_the_bound_the_oldest_dead_letters_are_deleted(
    writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_DEAD", 3)
    ask(writer, 5)
    assert outbox.bury(writer, Burial(GATEWAY, 5, NOW, "its receiver answers with 500")) == 5
    assert writer.execute("SELECT id FROM dead_letter ORDER BY id").fetchall() == [(3,), (4,), (5,)]
    standing = outbox.standing(writer, GATEWAY)
    assert standing is not None
    assert (standing.dead, standing.lost, standing.waiting) == (3, 2, 0)
    assert outbox.forget_dead(writer, NOW) == 0
    assert outbox.forget_dead(writer, NOW + 1) == 3


def test_what_is_too_much_is_counted_in_events_and_not_by_their_ids(
    writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 5)
    monkeypatch.setattr(outbox, "CHUNK", 2)
    ask(writer, 2)
    writer.execute("UPDATE sqlite_sequence SET seq = 1000000000 WHERE name = 'outbox'")
    ask(writer, 3)
    assert outbox.excess(writer, 0) is None
    ask(writer, 4)
    assert outbox.excess(writer, 0) == 2, "a chunk"
    assert outbox.excess(writer, 2) == 1_000_000_002, "the rest"
    assert outbox.excess(writer, 1_000_000_002) is None


def test_a_replayed_event_keeps_its_id_and_is_for_its_hook_alone(path: Path, writer: sqlite3.Connection) -> None:
    ask(writer, 2)
    outbox.bury(writer, Burial(GATEWAY, 1, NOW, "its receiver answers with 500"))
    assert outbox.replay(path, "000000000000", 1) == 0, "of another file"
    assert outbox.replay(path, outbox.origin(writer), 1) == 1
    found = outbox.after(writer, GATEWAY, 1, 10)
    assert [(one.id, one.told_id, one.is_wanted) for one in found] == [(2, 2, True), (3, 1, True)]
    assert [one.at for one in found] == [NOW + 1, NOW], "when it happened"
    assert [one.is_wanted for one in outbox.after(writer, OTHER, 0, 10)] == [True, True, False]


def test_a_restore_takes_over_what_waits(path: Path, writer: sqlite3.Connection, tmp_path: Path) -> None:
    ask(writer, 2)
    back_up(path, tmp_path / "backup", lambda _: True)
    outbox.advance(writer, Position("gateway", 2))
    ask(writer, 2)
    outbox.bury(writer, Burial(OTHER, 1, NOW, "its receiver answers with 500"))
    origin = outbox.origin(writer)
    writer.close()
    restore(tmp_path / "backup", path, "now", lambda _: True)
    with closing(connect(path)) as connection:
        outbox.listens(EVERY, lambda: NOW)(connection)
        assert outbox.origin(connection) == origin
        assert waiting(connection) == [3, 4], "also what the restore takes back"
        assert waiting(connection, OTHER) == [2, 3, 4]
        assert connection.execute("SELECT hook, id FROM dead_letter").fetchall() == [("other", 1)]
        ask(connection)
        assert [one.id for one in outbox.after(connection, GATEWAY, 4, 10)] == [5]
