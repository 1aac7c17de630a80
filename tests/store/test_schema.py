"""The schema of the file: brought up to date, refused where it is not ours, and never left half-way."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from peewee import Model

from store import models, schema
from store.file import StoreFault
from tests.store.dump import dump
from tests.store.file import opened, rows, within
from tests.store.samples import open_question

EVERY = sorted(one.stem for one in schema.MIGRATIONS.glob("0*.py"))
BROKEN_HALF_WAY = """
def up(migrator, db):
    db.execute_sql("CREATE TABLE half (id INTEGER PRIMARY KEY)")
    db.execute_sql("UPDATE question SET title = 'half'")
    db.execute_sql("DROP INDEX message_of_question")
    {fault}
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def empty(path: Path) -> Path:
    """A file that was made just now, as `Database` makes it before the schema is looked at."""
    path.touch()
    return path


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the migrations, to which a test adds its own."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    return folder


def test_a_fresh_file_gets_every_migration_in_order(empty: Path) -> None:
    assert schema.migrate(empty) == EVERY
    assert rows(empty, "SELECT name FROM schema_migration ORDER BY id") == EVERY


def test_a_second_time_changes_nothing(empty: Path) -> None:
    schema.migrate(empty)
    before = dump(empty)
    assert schema.migrate(empty) == []
    assert dump(empty) == before


def test_the_tables_are_those_that_the_models_know(empty: Path) -> None:
    schema.migrate(empty)
    tables = {
        model._meta.table_name: {field.column_name for field in model._meta.sorted_fields}
        for model in vars(models).values()
        if isinstance(model, type) and issubclass(model, Model) and model is not Model
    }
    assert len(tables) == 29
    for table, columns in tables.items():
        assert set(rows(empty, f"SELECT name FROM pragma_table_info('{table}')")) == columns


def test_notifications_from_before_answers_are_as_they_were(empty: Path, migrations: Path) -> None:
    later = [name for name in EVERY if name >= "0004"]
    for name in later:
        (migrations / f"{name}.py").rename(migrations / f"later_{name}.py")
    schema.migrate(empty)
    task = "INSERT INTO reminder_task (user_id, biz_type, biz_id, channel, title, remind_at, status, created_at)"
    row = """INSERT INTO user_notification
        (user_id, biz_type, biz_id, title, status, created_at, read_at, pushed_at, task_id, occurrence_at)"""
    with closing(sqlite3.connect(empty, isolation_level=None)) as connection:
        connection.execute(f"{task} VALUES (1, 'A', 1, 'IN_APP', '', 0, 'DISPATCHED', 0)")
        for number, pushed_at in enumerate((7, None, 8, None), 1):
            status, read_at = ("READ", 9) if number == 1 else ("UNREAD", None)
            values = (str(number), status, read_at, pushed_at, number)
            connection.execute(f"{row} VALUES (1, 'A', 1, ?, ?, 5, ?, ?, 1, ?)", values)
        connection.execute("DELETE FROM user_notification WHERE id = 4")
    for name in later:
        (migrations / f"later_{name}.py").rename(migrations / f"{name}.py")
    assert schema.migrate(empty) == later
    assert rows(empty, "SELECT id, title, status, read_at, pushed_at, pushed_to FROM user_notification") == [
        *((1, "1", "READ", 9, 7, 1), (2, "2", "UNREAD", None, None, 0), (3, "3", "UNREAD", None, 8, 1)),
    ]
    assert rows(empty, "SELECT seq FROM sqlite_sequence WHERE name = 'user_notification'") == [4]
    with_occurrence = row.replace("occurrence_at)", "occurrence_at, occurrence_on)")
    with closing(sqlite3.connect(empty, isolation_level=None)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"{with_occurrence} VALUES (1, 'A', 1, '', 'UNREAD', 5, NULL, NULL, 1, 3, '3')")


def test_no_id_is_used_again(empty: Path) -> None:
    """Every table with ids of its own keeps count of the highest that it ever gave."""
    schema.migrate(empty)
    tables = dict(rows(empty, "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL"))
    counting = {name for name, sql in tables.items() if "AUTOINCREMENT" in sql}
    rooms = {"question", "message", "reminder_task", "user_notification"}
    assert counting == rooms | {"revoked_token", "revoked_user", "audit", "outbox"}


def test_a_newer_file_is_refused(empty: Path) -> None:
    schema.migrate(empty)
    with closing(sqlite3.connect(empty, isolation_level=None)) as connection:
        connection.execute("INSERT INTO schema_migration (name, applied) VALUES ('0099_of_tomorrow', '2030-01-01')")
    before = dump(empty)
    for look in (schema.migrate, schema.check):
        with pytest.raises(StoreFault, match=r"newer Careline \(it has 0099_of_tomorrow\)"):
            look(empty)
    assert dump(empty) == before


def test_a_new_file_that_litestream_has_seen_first_is_ours(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")
        connection.execute("CREATE TABLE _litestream_lock (id INTEGER)")
    assert schema.status(path).applied == []
    assert schema.migrate(path)
    assert schema.check(path) == f"{path} is sound"


def test_another_programs_database_is_not_touched(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE invoice (id INTEGER PRIMARY KEY)")
    before = digest(path)
    for look in (schema.migrate, schema.check):
        with pytest.raises(StoreFault, match="another program"):
            look(path)
    assert digest(path) == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [b"hello", b"hello" * 1000, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_what_is_no_database_is_not_touched(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for look in (schema.migrate, schema.check):
        with pytest.raises(StoreFault, match="cannot use"):
            look(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("fault", ['db.execute_sql("INSERT INTO nowhere VALUES (1)")', "raise RuntimeError('bug')"])
async def test_a_migration_that_breaks_half_way_leaves_the_file_as_it_was(
    path: Path, migrations: Path, fault: str
) -> None:
    async with opened(path) as database:
        await within(open_question(database))
    before = dump(path)
    broken = migrations / "0098_broken.py"
    broken.write_text(BROKEN_HALF_WAY.format(fault=fault))
    with pytest.raises((StoreFault, RuntimeError), match=r"nowhere|bug"):
        schema.migrate(path)
    assert dump(path) == before
    broken.write_text(BROKEN_HALF_WAY.format(fault=""))
    assert schema.migrate(path) == ["0098_broken"]
    assert rows(path, "SELECT title FROM question") == ["half"]


def test_a_first_migration_that_breaks_can_be_tried_again(empty: Path, migrations: Path) -> None:
    first = migrations / f"{EVERY[0]}.py"
    whole = first.read_text()
    first.write_text(whole + "    raise RuntimeError('bug')\n")
    with pytest.raises(RuntimeError, match="bug"):
        schema.migrate(empty)
    assert rows(empty, "SELECT name FROM schema_migration") == []
    first.write_text(whole)
    assert schema.migrate(empty) == EVERY


def test_migrations_before_the_broken_one_stand(empty: Path, migrations: Path) -> None:
    (migrations / "0098_broken.py").write_text(BROKEN_HALF_WAY.format(fault="raise RuntimeError('bug')"))
    with pytest.raises(RuntimeError, match="bug"):
        schema.migrate(empty)
    assert rows(empty, "SELECT name FROM schema_migration ORDER BY id") == EVERY
    assert rows(empty, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'half'") == [0]


def test_looking_changes_nothing(empty: Path, migrations: Path) -> None:
    schema.migrate(empty)
    before = digest(empty)
    assert schema.check(empty) == f"{empty} is sound"
    (migrations / "0098_coming.py").write_text(BROKEN_HALF_WAY.format(fault=""))
    assert schema.check(empty) == f"{empty} is sound; `serve` will bring it to schema 0098_coming"
    assert digest(empty) == before


def test_a_damaged_file_is_told(empty: Path) -> None:
    schema.migrate(empty)
    with closing(sqlite3.connect(empty, isolation_level=None)) as connection:
        connection.executemany(
            "INSERT INTO question (title, elder_id, status, created_at) VALUES (?, 1, 'OPEN', 0)",
            [("头晕两天" * 100,)] * 200,
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'question_by_elder'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with empty.open("r+b") as file:
        file.seek((page - 1) * size + size // 2)
        file.write(b"\xff" * (size // 2))
    with pytest.raises(StoreFault, match="damaged"):
        schema.check(empty)


@pytest.mark.parametrize("name", ["头 晕.db", "a?b=c&d.db", "100%25.db", "#1.db", "'quoted\".db", "file:x.db"])
async def test_any_name_of_a_file_will_do(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    async with opened(path) as database:
        assert (await within(open_question(database))).id == 1
    assert schema.check(path) == f"{path} is sound"
    made = set(os.listdir(tmp_path))  # noqa: PTH208 - a name alone is asked for
    assert made <= {name, f"{name}-wal", f"{name}-shm"}


def test_reminders_made_before_recurrence_are_due_as_they_were(empty: Path, migrations: Path) -> None:
    of_recurrence = (
        "0003_recurrence.py",
        "0008_parked.py",
        "0009_wall_time.py",
        "0012_planned_on.py",
        "0013_ladder.py",
        "0014_quiet_hours.py",
        "0016_time_reached.py",
        "0019_replies.py",
        "0020_hooks.py",
        "0021_confirm_links.py",
        "0024_batches_for_hooks.py",
    )
    for later in of_recurrence:
        (migrations / later).rename(migrations / f"later_{later}")
    schema.migrate(empty)
    task = "INSERT INTO reminder_task (user_id, biz_type, biz_id, channel, title, remind_at, status, created_at)"
    with closing(sqlite3.connect(empty, isolation_level=None)) as connection:
        for number, status in enumerate(("PENDING", "DISPATCHED", "CANCELLED"), 1):
            connection.execute(f"{task} VALUES (1, 'A', 1, 'IN_APP', '', ?, ?, 0)", (100 * number, status))
        connection.execute(
            "INSERT INTO user_notification (user_id, biz_type, biz_id, title, status, created_at, task_id,"
            " occurrence_at) VALUES (1, 'A', 1, '', 'UNREAD', 205, 2, 200)"
        )
    for later in of_recurrence:
        (migrations / f"later_{later}").rename(migrations / later)
    schema.migrate(empty)
    assert rows(empty, "SELECT id, next_at, rrule, paused FROM reminder_task ORDER BY id") == [
        *((1, 100, None, 0), (2, None, None, 0), (3, None, None, 0)),
    ]
    found = rows(empty, "SELECT task_id, planned_on, planned_at, at, outcome, notification_id FROM occurrence")
    assert found == [(2, "200", 200, 205, "WRITTEN", 1)]
