"""Whatever is in the file, the server starts or says in one line why not, and fires everything that is sound."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from reminders import jobs as house
from reminders.jobs import Keep, jobs
from store.backup import Daily
from store.clock import system_clock
from store.file_store import FileStore
from tests.reminders import garbage
from tests.server import Server, in_seconds, quiet_by_now, wait_until
from tests.store.file import opened, rows, within
from tests.store.filled import change
from tests.store.leave_schema import UNREACHED, tables

SEEDS: Final = [int(one) for one in os.environ.get("TEST_GARBAGE", "0").split(",")]
USER: Final = 1001
SLEEPING: Final = 1003
OLD: Final = (
    *(("user_notification", "read_at"), ("audit", "at"), ("idempotency_key", "created_at")),
    *(("revoked_token", "expires_at"), ("question", "closed_at")),
)


def fill(server: Server) -> None:
    """Have a sound row in every table, with tasks that are due when the server starts the next time."""
    question = server.open_question()
    body = {"sender_type": "STAFF", "sender_id": 1, "content_type": "TEXT", "content_text": "您好"}
    server.http("POST", f"/api/questions/{question}/messages", json=body)
    server.http("POST", "/api/questions", json={"title": "一", "elder_id": 1}, headers={"Idempotency-Key": "a"})
    server.make_reminder(USER, in_seconds(-1), title="过去", follow_up=[{"after": 60}])
    wait_until(lambda: server.notifications(USER), "a notification")
    server.http("POST", f"/api/notifications/{server.notifications(USER)[0]['id']}/read")
    server.make_reminder(USER, in_seconds(3600), rrule="FREQ=DAILY", timezone="Europe/Berlin", title="每天")
    server.make_reminder(USER, in_seconds(3600), title="一次")
    server.http("PUT", f"/api/users/{SLEEPING}/quiet-hours", json=quiet_by_now())
    asleep = server.make_reminder(SLEEPING, in_seconds(-1), title="睡着了", follow_up=[{"after": 60}])
    path = f"/api/reminders/{asleep['id']}/history"
    wait_until(lambda: "held" in str(server.http("GET", path).body), "a ring that is held")


def make_due(path: Path) -> None:
    """Every pending task is due by now, and what was written is snoozed until now."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for table, statement in UNREACHED.items():
            if not tables(path)[table]:
                connection.execute(statement)
        connection.execute(
            "INSERT INTO message (question_id, sender_type, sender_id, content_type, attachments,"
            " is_visible_to_patient, sent_at) VALUES (1, 'STAFF', 1, 'TEXT', '[]', 1, 1)"
        )
        connection.execute("UPDATE reminder_task SET next_at = 1735696800000, next_on = NULL WHERE status = 'PENDING'")
        # What repeats is due from its start on.
        start = datetime.now(ZoneInfo("Europe/Berlin")).replace(microsecond=0, tzinfo=None) - timedelta(minutes=1)
        connection.execute("UPDATE reminder_task SET starts_on = ? WHERE rrule IS NOT NULL", (start.isoformat(),))
        connection.execute("UPDATE user_notification SET snoozed_until = 1735696800000")
        connection.execute("INSERT INTO held_snooze SELECT id, user_id, 1, snoozed_until FROM user_notification")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("loose", [False, True], ids=["as the schema allows", "any type"])
def test_what_is_sound_fires_beside_garbage(tmp_path: Path, seed: int, loose: bool) -> None:
    server = Server(tmp_path)
    server.start()
    fill(server)
    server.stop()
    make_due(server.database)
    if loose:
        garbage.loosen(server.database)
    written = garbage.spoil(server.database, random.Random(seed))
    assert len(written) > 100, written
    mark = len(server.stderr())  # what is due at the start is looked at before it listens
    server.start()
    try:
        wait_until(lambda: {"每天", "一次"} <= titles(server.database, 2, 3), "the sound ones' notifications")
        # A task that is made now fires at once.
        sound = server.make_reminder(USER + 1, in_seconds(-1), title="好的")
        wait_until(lambda: titles(server.database, sound["id"]) == {"好的"}, "a new one's notification")
        wait_until(lambda: server.http("GET", "/health").body["parked"]["count"] > 0, "what is parked")
        health = server.http("GET", "/health")
        assert (health.status, health.body["status"], health.body["reminders"]) == (200, "ok", "ok")
        assert server.http("GET", f"/api/reminders/{sound['id']}").status == 200
        log = server.stderr()[mark:]
        lines = [line for line in log.splitlines() if "is parked" in line]
        assert lines, log
        assert len(set(lines)) == len(lines)
        assert "a tick of the reminder loop failed" not in server.stderr()
        assert "the database cannot be written" not in server.stderr()
    finally:
        server.stop()


def titles(path: Path, *task_ids: Any) -> set[str]:
    """The titles of the notifications that these tasks have in the file, but for those that came again."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        found = connection.execute(
            "SELECT title FROM user_notification"
            " WHERE snooze_of IS NULL AND task_id IN (SELECT value FROM json_each(?))",
            (json.dumps(task_ids),),
        )
        return {title.decode(errors="replace") for (title,) in found if isinstance(title, bytes)}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("loose", [False, True], ids=["as the schema allows", "any type"])
async def test_the_housekeeping_goes_on_beside_garbage(
    tmp_path: Path, seed: int, loose: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job does its work on what is sound: rows that are old enough go."""
    monkeypatch.setattr(house, "PAUSE", 0.0)
    server = Server(tmp_path)
    server.start()
    fill(server)
    server.stop()
    make_due(server.database)
    old = [f"UPDATE {table} SET {column} = 1 WHERE {column} IS NOT NULL" for table, column in OLD]
    change(server.database, "DROP TRIGGER audit_is_only_added_to", "UPDATE question SET status = 'CLOSED'", *old)
    change(server.database, "UPDATE user_notification SET snoozed_until = NULL")
    if loose:
        garbage.loosen(server.database)
    garbage.spoil(server.database, random.Random(seed))
    async with opened(server.database) as database:
        daily, files = Daily(server.database, 0, lambda: "2025-01-01"), FileStore(database, system_clock, 0)
        for job in jobs(database, system_clock, daily, files, Keep(1, 1, 1), lambda _: None):
            if job.every:
                await within(job.run())
    assert rows(server.database, "SELECT count(*) FROM user_notification WHERE id = 1") == [0]
    assert rows(server.database, "SELECT count(*) FROM audit WHERE at = 1") == [0]
    assert rows(server.database, "SELECT count(*) FROM idempotency_key WHERE key = 'a'") == [0]
    assert rows(server.database, "SELECT count(*) FROM revoked_token WHERE expires_at = 1") == [0]
