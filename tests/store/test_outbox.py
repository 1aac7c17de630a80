"""The outbox in the file: rows in the transaction of what they tell, bounds, positions, and a restore."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store import outbox, posting, schema
from store.backup import back_up
from store.file import connect
from store.messages import Draft
from store.outbox import Burial, Listener, Position
from store.restore import restore
from store.transaction import Connection

EVERY = (outbox.MESSAGE_CREATED, *outbox._TRIGGERS)
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
def writer(path: Path) -> Iterator[Connection]:
    """The writer's connection, with hooks."""
    with closing(connect(path)) as connection:
        outbox.listens(EVERY, lambda: NOW)(connection)
        outbox.take_up(connection, ["gateway", "other"])
        yield connection


def ask(connection: sqlite3.Connection, count: int = 1) -> None:
    insert = "INSERT INTO question (title, elder_id, status, created_at) VALUES ('头晕', 1, 'OPEN', ?)"
    connection.executemany(insert, [(NOW + number,) for number in range(count)])


def send(connection: Connection, count: int) -> None:
    """Send so many messages to the first question at once."""
    posting.post(
        connection, [Draft(1, "ELDER", 1, None, "TEXT", "头晕", "[]", True, NOW + n, None) for n in range(count)]
    )


def events(connection: sqlite3.Connection, after_id: int, limit: int = 100) -> list[tuple[int, str, int, int]]:
    return [
        (one.id, one.event, one.subject_id, one.at - NOW) for one in outbox.after(connection, GATEWAY, after_id, limit)
    ]


def waiting(connection: sqlite3.Connection, listener: Listener = GATEWAY) -> list[int]:
    position = outbox.position(connection, listener.name).position
    return [one.subject_id for one in outbox.after(connection, listener, position, 1_000_000) if one.is_wanted]


def test_an_event_is_rolled_back_with_what_it_tells(writer: Connection) -> None:
    writer.execute("BEGIN")
    ask(writer)
    assert waiting(writer) == [1]
    writer.execute("ROLLBACK")
    assert waiting(writer) == []


def test_each_message_of_a_batch_is_an_event(writer: Connection) -> None:
    ask(writer)
    send(writer, 3)
    send(writer, 1)
    ask(writer)
    assert writer.execute("SELECT count(*) FROM outbox").fetchone() == (4,), "a batch has one row"
    created = [(2, 1, 0), (3, 2, 1), (4, 3, 2), (5, 4, 0)]
    told = [(number, "message.created", message, at) for number, message, at in created]
    every = [(1, "question.created", 1, 0), *told, (6, "question.created", 2, 0)]
    assert events(writer, 0) == every
    for position in range(6):
        assert events(writer, position) == every[position:]
        assert events(writer, position, 2) == every[position : position + 2]
        outbox.advance(writer, Position("gateway", position))
        standing = outbox.standing(writer, GATEWAY)
        assert standing is not None
        assert standing.waiting == 6 - position


def test_a_deleted_message_of_a_batch_is_an_event_as_well(writer: Connection) -> None:
    ask(writer)
    send(writer, 3)
    writer.execute("DELETE FROM message WHERE id = 2")
    assert [subject for _, _, subject, _ in events(writer, 1)] == [1, 2, 3]


def test_a_batch_is_given_up_event_by_event(writer: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "CHUNK", 2)
    ask(writer)
    send(writer, 5)
    assert outbox.bury(writer, Burial(GATEWAY, 4, NOW, "its receiver answers with 500")) == 4
    dead = writer.execute("SELECT id, subject_id, at FROM dead_letter ORDER BY id").fetchall()
    assert dead == [(1, 1, NOW), (2, 1, NOW), (3, 2, NOW + 1), (4, 3, NOW + 2)]
    assert [number for number, *_ in events(writer, outbox.position(writer, "gateway").position)] == [5, 6]
    outbox.take_up(writer, ["gateway"])
    outbox.advance(writer, Position("gateway", 5))
    assert writer.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
    outbox.advance(writer, Position("gateway", 6))
    assert writer.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    send(writer, 2)
    assert [number for number, *_ in events(writer, 6)] == [7, 8]


def test_of_a_batch_too_much_is_counted_in_messages(writer: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 4)
    ask(writer)
    send(writer, 6)
    assert outbox.excess(writer, GATEWAY, 0) == 3
    assert outbox.excess(writer, GATEWAY, 2) == 3
    assert outbox.excess(writer, GATEWAY, 3) is None


def test_without_hooks_a_connection_writes_none(path: Path) -> None:
    with closing(connect(path)) as connection:
        outbox.listens((), lambda: NOW)(connection)
        ask(connection)
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_a_row_goes_once_every_hook_has_passed_it(writer: Connection) -> None:
    ask(writer, 3)
    outbox.advance(writer, Position("gateway", 2))
    assert writer.execute("SELECT count(*) FROM outbox").fetchone() == (3,)
    outbox.advance(writer, Position("other", 3))
    assert writer.execute("SELECT id FROM outbox").fetchall() == [(3,)]
    # A late word does not take a hook back.
    outbox.advance(writer, Position("other", 1))
    assert outbox.position(writer, "other").position == 3


def test_ids_are_not_used_again(writer: Connection) -> None:
    ask(writer, 2)
    for name in "gateway", "other":
        outbox.advance(writer, Position(name, 2))
    ask(writer)
    assert [one.id for one in outbox.after(writer, GATEWAY, 2, 10)] == [3]


def test_ids_go_on_above_what_was_told_where_their_count_is_lost(writer: Connection) -> None:
    ask(writer, 3)
    for name in "gateway", "other":
        outbox.advance(writer, Position(name, 3))
    writer.execute("DELETE FROM sqlite_sequence WHERE name = 'outbox'")
    outbox.take_up(writer, ["gateway", "other"])
    ask(writer)
    assert waiting(writer) == [4]


def test_a_hook_that_is_gone_leaves_nothing(writer: Connection) -> None:
    ask(writer, 2)
    outbox.bury(writer, Burial(OTHER, 1, NOW, "its receiver is gone"))
    assert outbox.take_up(writer, ["gateway", "new"]) == [("other", 1)]
    assert writer.execute("SELECT count(*) FROM dead_letter").fetchone() == (0,)
    assert waiting(writer) == [1, 2]
    assert waiting(writer, Listener("new", EVERY, ("IN_APP",))) == []
    assert outbox.bury(writer, Burial(OTHER, 2, NOW, "its receiver is gone")) == 0, "asked for before it went"


def test_beyond_the_bound_the_oldest_dead_letters_are_deleted(
    writer: Connection, monkeypatch: pytest.MonkeyPatch
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
    writer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 5)
    monkeypatch.setattr(outbox, "CHUNK", 2)
    ask(writer, 2)
    writer.execute("UPDATE sqlite_sequence SET seq = 1000000000 WHERE name = 'outbox'")
    ask(writer, 3)
    assert outbox.excess(writer, GATEWAY, 0) is None
    ask(writer, 4)
    assert outbox.excess(writer, GATEWAY, 0) == 2, "a chunk"
    assert outbox.excess(writer, GATEWAY, 2) == 1_000_000_002, "the rest"
    assert outbox.excess(writer, GATEWAY, 1_000_000_002) is None


def test_a_replayed_event_keeps_its_id_and_is_for_its_hook_alone(path: Path, writer: Connection) -> None:
    ask(writer, 2)
    outbox.bury(writer, Burial(GATEWAY, 1, NOW, "its receiver answers with 500"))
    assert outbox.replay(path, "000000000000", 1) == 0, "of another file"
    assert outbox.replay(path, outbox.origin(writer), 1) == 1
    found = outbox.after(writer, GATEWAY, 1, 10)
    assert [(one.id, one.told_id, one.is_wanted) for one in found] == [(2, 2, True), (3, 1, True)]
    assert [one.at for one in found] == [NOW + 1, NOW], "when it happened"
    assert [one.is_wanted for one in outbox.after(writer, OTHER, 0, 10)] == [True, True, False]


def test_a_restore_takes_over_what_waits(path: Path, writer: Connection, tmp_path: Path) -> None:
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
