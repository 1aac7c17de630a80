"""The house's own jobs, as the server makes them: what each does when it runs."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from consult.contract.operations import Jobs
from reminders import jobs as house
from reminders.housekeeping import Job
from reminders.jobs import Keep, jobs
from store import answers, audit, idempotency_keys, notifications, posting, questions, revocations
from store.backup import Daily
from store.clock import DAY, system_clock
from store.database import Database
from store.file_store import FileStore
from store.idempotency_keys import Keyed, once
from store.old_copies import SETTLED
from store.questions import Change
from store.retention import CHUNK, Closed, delete_questions
from store.transaction import each
from tests.reminders.conftest import Clock
from tests.server import ROOT
from tests.store.file import all_written, rows, within
from tests.store.samples import NOW, add_task, asked, draft, new_notification, new_question, open_question


class House:
    """The jobs by name, and what was told of deleted questions."""

    def __init__(self, database: Database, clock: Clock, keep: Keep) -> None:
        self.told: list[list[int]] = []
        daily, files = Daily(database.path, 1, lambda: "2025-01-01"), FileStore(database, clock, 0)
        self._jobs = {job.name: job for job in jobs(database, clock, daily, files, keep, self.told.append)}

    def __getitem__(self, name: str) -> Job:
        return self._jobs[name]

    async def run(self, name: str) -> None:
        await within(self[name].run())


@pytest.fixture
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "PAUSE", 0.0)


async def old_things(database: Database) -> None:
    """A question closed and a notification read ten days ago, each with more beside it than goes in one chunk."""
    for at in (NOW - 10 * DAY, NOW - 9 * DAY):
        question_id = (await open_question(database)).id
        await all_written(database, posting.post, [draft(question_id) for _ in range(CHUNK + 1)])
        await database.written(each(questions.change), Change(question_id, {"status": "CLOSED"}, at))
        task = await add_task(database)
        for number in range(2):
            one = await database.written(notifications.notify, new_notification(task, at + number))
            await database.written(each(answers.read), asked(one.id, at))


async def test_the_documents_know_each(database: Database, clock: Clock) -> None:
    daily, files = Daily(database.path, 1, lambda: "2025-01-01", database.path.parent), FileStore(database, clock, 0)
    made = {job.name: job.every for job in jobs(database, clock, daily, files, Keep(1, 1, 1), lambda _: None)}
    text = (ROOT / "docs" / "operations.md").read_text()
    told = {name: 60 * int(minutes) for name, minutes in re.findall(r"^\| `(\w+)` \| (\d+) min \|", text, re.M)}
    assert told == made
    assert list(made) == list(Jobs.__struct_fields__)


@pytest.mark.usefixtures("_no_pause")
async def test_what_is_kept_long_enough_goes(database: Database, path: Path, clock: Clock) -> None:
    await old_things(database)
    kept = House(database, clock, Keep(read_notifications=10, closed_questions=10))
    for name in ("read_notifications", "closed_questions"):
        await kept.run(name)
    assert kept.told == [[]]
    assert rows(path, "SELECT COUNT(*) FROM user_notification") == [4]
    clock.now += 1
    for name in ("read_notifications", "closed_questions"):
        await kept.run(name)
    assert kept.told == [[], [1], []]
    assert rows(path, "SELECT id FROM question") == [2]
    assert rows(path, "SELECT COUNT(*) FROM message") == [CHUNK + 1]
    assert rows(path, "SELECT COUNT(*) FROM user_notification") == [2]


@pytest.mark.usefixtures("_no_pause")
async def test_by_default_all_is_kept(database: Database, path: Path, clock: Clock) -> None:
    await old_things(database)
    forever = House(database, clock, Keep(0, 0))
    assert forever["read_notifications"].every == 0
    clock.now += 100 * 365 * DAY
    await forever.run("closed_questions")
    assert rows(path, "SELECT id FROM question") == [1, 2]
    assert forever.told == []


@pytest.mark.usefixtures("_no_pause")
async def test_what_was_begun_is_brought_to_its_end(database: Database, path: Path, clock: Clock) -> None:
    """Also where the setting was taken back meanwhile: for everybody the question is gone."""
    await old_things(database)
    await database.written(each(delete_questions), Closed(NOW, NOW))
    await House(database, clock, Keep(0, 0)).run("closed_questions")
    assert rows(path, "SELECT COUNT(*) FROM question") == rows(path, "SELECT COUNT(*) FROM message") == [0]


async def test_messages_are_acknowledged_in_between(database: Database, clock: Clock) -> None:
    """Deletions wait their turn like everybody, a chunk at a time."""
    await old_things(database)
    question_id = (await open_question(database)).id
    job = House(database, clock, Keep(0, 5))["closed_questions"]
    deleting = asyncio.ensure_future(job.run())
    sent = 0
    while not deleting.done():
        await within(database.written(posting.post, draft(question_id)))
        sent += 1
    await deleting
    assert sent > 3


@pytest.mark.usefixtures("_no_pause")
async def test_the_others(database: Database, path: Path, clock: Clock) -> None:
    """Each is tested by itself; here, that the server's job is it."""
    keep = House(database, clock, Keep(0, 0))
    opened_once: Any = each(once(questions.open_question, lambda question: str(question.id)))
    await database.written(opened_once, Keyed("old", "", NOW - idempotency_keys.KEPT_FOR - 1, new_question()))
    await database.written(opened_once, Keyed("new", "", NOW - idempotency_keys.KEPT_FOR, new_question()))
    await keep.run("idempotency_keys")
    assert rows(path, "SELECT key FROM idempotency_key") == ["new"]
    for day in range(1, 5):
        path.with_name(f"{path.name}.before-restore-2025010{day}-100000").touch()
    clock.now = system_clock() + SETTLED + 60_000
    for name in ("backup", "old_copies", "checkpoint", "optimize"):
        await keep.run(name)
    beside = sorted(one.name.removeprefix(path.name) for one in path.parent.iterdir())
    restored = [f".before-restore-2025010{day}-100000" for day in (2, 3, 4)]
    assert [name for name in beside if name.startswith(".")] == [*restored, ".daily-2025-01-01"]


@pytest.mark.usefixtures("_no_pause")
async def test_the_audit_is_kept_for_so_many_days(database: Database, path: Path, clock: Clock) -> None:
    def entries(at: int) -> list[audit.Entry]:
        return [audit.Entry(at, 7, "ELDER", "::1", "join_question", "question", 5, "ok")] * audit.CHUNK

    for at in (NOW - 10 * DAY, NOW - 10 * DAY, NOW - 9 * DAY):
        await database.written(each(audit.append), entries(at))
    house = House(database, clock, Keep(0, 0, audit=10))
    await house.run("audit")
    assert rows(path, "SELECT COUNT(*) FROM audit") == [3 * audit.CHUNK]
    clock.now += 1
    await house.run("audit")
    assert rows(path, "SELECT DISTINCT at FROM audit") == [NOW - 9 * DAY]
    assert House(database, clock, Keep(0, 0))["audit"].every == 0, "for ever"


async def test_revocations_are_kept_while_they_matter(database: Database, path: Path, clock: Clock) -> None:
    for expires_at in (NOW, NOW + 1):
        revocations.revoke(path, expires_at.to_bytes(8), expires_at, NOW)
    assert [one.expires_at for one in (await revocations.above(database, 0, 0))[0]] == [NOW, NOW + 1]
    await House(database, clock, Keep(0, 0)).run("revoked_tokens")
    assert [one.id for one in (await revocations.above(database, 0, 0))[0]] == [2]
    assert await revocations.above(database, 2, 0) == ([], [])
