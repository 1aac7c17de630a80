"""Databases as every schema left them: a server of today brings each up to date, and everything is still there."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from store import schema
from store.clock import WireTime
from tests.clients import message
from tests.conftest import Enter
from tests.packets import Websocket
from tests.protocol.catching_up import everything, settle
from tests.server import Server, in_seconds, wait_until
from tests.store.dump import dump
from tests.store.file import rows
from tests.store.leave_schema import AWAY, COMMAND, FOLDER, KEY, KEYED, NURSE, SLEEPING, THERE, load, tables

EVERY: Final = sorted(one.stem for one in schema.MIGRATIONS.glob("0*.py"))
STORED: Final = sorted(one.stem for one in FOLDER.glob("*.sql"))
ZONE: Final = WireTime(ZoneInfo("Asia/Shanghai"))


class Upgraded(NamedTuple):
    """A server of today that was started with a database of an older schema; what was in that, as rows and as SQL."""

    name: str
    server: Server
    left: dict[str, list[dict[str, Any]]]
    before: list[str]


@pytest.fixture(scope="module", params=STORED)
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """Each schema in turn, for the tests below in their order: a start of each is what takes long."""
    name = request.param
    server = Server(tmp_path_factory.mktemp(name))
    load(server.database, FOLDER / f"{name}.sql")
    with closing(sqlite3.connect(server.database, isolation_level=None)) as connection:
        # It was left just now: keys are kept for some days.
        connection.execute("UPDATE idempotency_key SET created_at = ?", (int(time.time() * 1000),))
    left, before = tables(server.database), dump(server.database)
    server.start()
    yield Upgraded(name, server, left, before)
    server.close()


def test_every_migration_has_the_file_that_it_left() -> None:
    assert STORED == EVERY, f"run `{COMMAND}` and add what it makes"


@pytest.mark.parametrize("name", STORED)
def test_every_table_has_rows(tmp_path: Path, name: str) -> None:
    left = tables(load(tmp_path / "left.db", FOLDER / f"{name}.sql"))
    assert [table for table, found in left.items() if not found] == []
    assert [row["name"] for row in left["schema_migration"]] == EVERY[: EVERY.index(name) + 1]
    texts = [value for found in left.values() for row in found for value in row.values() if isinstance(value, str)]
    assert any("头晕" in text for text in texts)


def test_everything_is_still_there(upgraded: Upgraded, enter: Enter) -> None:
    server, left = upgraded.server, upgraded.left
    told_questions = server.http("GET", "/api/questions?user_type=STAFF&limit=200").body["items"]
    told_tasks = server.http("GET", "/api/reminders?limit=200").body["items"]
    told_messages = [one for row in left["question"] for one in everything(server, row["id"], user_type="STAFF")]
    told_notifications = [one for user_id in (THERE, AWAY, SLEEPING, NURSE) for one in server.notifications(user_id)]
    for told, table in (
        (told_questions, "question"),
        (told_messages, "message"),
        (told_tasks, "reminder_task"),
        (told_notifications, "user_notification"),
    ):
        by_id = {one["id"]: one for one in told}
        assert sorted(by_id) == [row["id"] for row in left[table]]
        for row in left[table]:
            check_told(by_id[row["id"]], row)
    repeated = server.http("POST", "/api/questions", body=KEYED, headers={"Idempotency-Key": KEY})
    assert (repeated.status, repeated.body) == (200, json.loads(left["idempotency_key"][0]["answer"]))
    connection = enter(Websocket, server)
    for row in left["message"]:
        if row.get("client_msg_id"):
            sent = {key: row[key] for key in (*message(1), "client_msg_id")}
            answer = connection.call("send_message", {**sent, "attachments": json.loads(row["attachments"])})
            assert answer["data"]["id"] == row["id"], "a message sent again is known again"
    connection.call("bind_user", {"user_id": AWAY})
    settle(connection)
    waiting = [row for row in left["user_notification"] if row["pushed_at"] is None and row["status"] == "UNREAD"]
    unpushed = [row["id"] for row in waiting]
    assert [one["id"] for one in connection.named("notification:new")] == unpushed != []
    assert defined(server.database) == defined(fresh(server.folder / "fresh.db"))


def test_ids_go_on_above(upgraded: Upgraded, enter: Enter) -> None:
    server = upgraded.server
    highest = {row["name"]: row["seq"] for row in upgraded.left["sqlite_sequence"]}
    assert min(highest.values()) > 1000, "more were given than are left"
    question_id = server.open_question()
    assert question_id == highest["question"] + 1
    sent = enter(Websocket, server).call("send_message", message(question_id))
    assert sent["data"]["id"] == highest["message"] + 1
    assert server.make_reminder(7, in_seconds(-1))["id"] == highest["reminder_task"] + 1
    wait_until(lambda: server.notifications(7), "the notification")
    assert [one["id"] for one in server.notifications(7)] == [highest["user_notification"] + 1]


def test_the_database_is_kept_as_it_was(upgraded: Upgraded) -> None:
    name, server = upgraded.name, upgraded.server
    kept = [path for path in server.folder.iterdir() if ".before-" in path.name and path.is_file()]
    if name == EVERY[-1]:
        assert kept == [], "nothing to migrate"
    else:
        assert [path.name for path in kept] == [f"careline.db.before-{EVERY[EVERY.index(name) + 1]}"]
        assert dump(kept[0]) == upgraded.before
        assert rows(server.database, "SELECT name FROM schema_migration ORDER BY id") == EVERY


def check_told(told: dict[str, Any], row: dict[str, Any]) -> None:
    """Hold what is told of a row to what was stored."""
    common = told.keys() & row.keys()
    assert len(common) > 4
    for column in common:
        stored = row[column]
        if column == "answer_within" and stored is not None:
            stored //= 1000
        elif column.endswith("_at") and stored is not None:
            stored = ZONE.text(stored)
        elif isinstance(told[column], bool):
            stored = bool(stored)
        elif isinstance(told[column], list | dict):
            stored = json.loads(stored)
            if column == "follow_up":
                rungs = stored if "elder_id" in row else stored[:-1]  # the last of a reminder's is its end
                stored = [{"after": after // 1000, "user_id": user_id} for after, user_id in rungs]
        assert unsigned(told[column]) == stored, column


def unsigned(value: Any) -> Any:
    """Give what is told without the signatures of files' addresses, which are made anew each time."""
    if not isinstance(value, list) or not all(isinstance(one, dict) and "url" in one for one in value):
        return value
    return [{**one, "url": one["url"].partition("?")[0]} for one in value]


def fresh(path: Path) -> Path:
    """Make a database that was never of an older schema."""
    path.touch()
    schema.migrate(path)
    return path


def defined(path: Path) -> set[Any]:
    """Give every table and index with the words that made it."""
    return set(rows(path, "SELECT type, name, sql FROM sqlite_master"))
