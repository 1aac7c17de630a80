"""What was snoozed comes again at its time, once, in place of the one before."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import answers, notifications, reminders, snoozes
from store.answers import Answered, AskedToConfirm, Outcome
from store.database import Database
from store.history import API, SYSTEM
from store.next_due import next_due
from store.notifications import Notification
from store.occurrences import Due
from store.snoozes import CameAgain
from store.transaction import Statement, each
from tests.store.file import opened, rows
from tests.store.samples import NOW, add_task, asked, cancelling, history_of, new_notification, notified, to_snooze

READ: Statement[AskedToConfirm, Outcome] = each(answers.read)
CONFIRM, SNOOZE = each(answers.confirm), each(answers.snooze)
LATER = NOW + 60_000


async def dispatch(database: Database, now: int = LATER, limit: int = 500) -> list[CameAgain]:
    return await database.written(each(snoozes.dispatch_due), Due(now, limit))


async def snooze(database: Database, one: Notification, until: int = LATER, at: int = NOW) -> Any:
    return await database.written(SNOOZE, to_snooze(one.id, until, at))


async def stored(database: Database) -> list[Notification]:
    page, _, _ = await notifications.page(database, 1001, status=None, after_id=0, before_id=None, limit=200)
    return page


async def test_it_comes_again_at_its_time_and_once(database: Database, path: Path) -> None:
    (one,) = await notified(database, 1)
    await snooze(database, one)
    assert await dispatch(database, LATER - 1) == []
    assert (await next_due(database)).snooze == LATER
    (again,) = await dispatch(database, LATER + 7)
    assert again.notification is not None
    new = again.notification
    assert (new.id, new.user_id, new.title, new.content, new.status, new.created_at) == (
        *(2, 1001, one.title, one.content, "UNREAD", LATER + 7),
    )
    before = again.snoozed.notification
    assert (before.id, before.status, before.read_at, before.snoozed_until) == (one.id, "READ", LATER + 7, None)
    assert again.snoozed.unread == 1, "the new one stands for the one before"
    assert await stored(database) == [before, new]
    assert rows(path, "SELECT snooze_of, occurrence_at FROM user_notification WHERE id = 2") == [(1, LATER)]
    for now in (LATER + 7, LATER + 10**9):
        assert await dispatch(database, now) == []
    assert (await next_due(database)).snooze is None


async def test_asked_again_after_it_has_come_it_does_not_come_twice(database: Database) -> None:
    (one,) = await notified(database, 1)
    await snooze(database, one)
    await dispatch(database)
    for at in (NOW, LATER + 5):
        answered = await snooze(database, one, LATER, at)
        assert isinstance(answered, Answered)
        assert answered.unread is None
    assert (await next_due(database)).snooze is None
    await snooze(database, one, LATER + 100, LATER + 5)
    assert len(await dispatch(database, LATER + 100)) == 1


async def test_the_new_one_can_be_snoozed_in_turn(database: Database, path: Path) -> None:
    (one,) = await notified(database, 1)
    for _ in range(4):
        await snooze(database, one)
        (again,) = await dispatch(database)
        assert again.notification is not None
        one = again.notification
        assert again.snoozed.unread == 1
    assert rows(path, "SELECT snooze_of FROM user_notification ORDER BY id") == [None, 1, 2, 3, 4]


@pytest.mark.parametrize("read_before", [False, True])
async def test_reading_calls_no_snooze_off(database: Database, read_before: bool) -> None:
    (one,) = await notified(database, 1)
    for statement, request in [(READ, asked(one.id)), (SNOOZE, to_snooze(one.id, LATER))][:: 1 if read_before else -1]:
        await database.written(statement, request)  # type: ignore[arg-type]
    (again,) = await dispatch(database)
    assert (again.snoozed.notification.read_at, again.snoozed.unread) == (NOW, 1)


async def test_what_is_confirmed_does_not_come_again(database: Database) -> None:
    one, other = await notified(database, 2)
    await snooze(database, one)
    await snooze(database, other, LATER + 1)
    await database.written(CONFIRM, asked(one.id))
    assert (await next_due(database)).snooze == LATER + 1
    assert await dispatch(database) == []


async def test_what_belongs_to_a_cancelled_reminder_does_not_come_again(database: Database, path: Path) -> None:
    task = await add_task(database, remind_at=LATER + 10**9)
    one = await database.written(notifications.notify, new_notification(task))
    await snooze(database, one)
    await database.written(each(reminders.cancel), cancelling(task.id))
    (again,) = await dispatch(database)
    assert again.notification is None
    assert (again.snoozed.notification.status, again.snoozed.notification.snoozed_until) == ("UNREAD", None)
    assert rows(path, "SELECT id FROM user_notification") == [one.id]
    entries = await history_of(database, one.id)
    assert [(entry.what, entry.by) for entry in entries[-2:]] == [("snoozed", API), ("cancelled", SYSTEM)]


async def test_a_planned_occurrence_at_the_same_time_has_its_own(database: Database, path: Path) -> None:
    """A daily reminder, snoozed until the next day's."""
    task = await add_task(database, remind_at=LATER + 10**9)
    one = await database.written(notifications.notify, new_notification(task, NOW))
    await snooze(database, one)
    await database.written(notifications.notify, new_notification(task, LATER))
    assert len(await dispatch(database)) == 1
    assert rows(path, "SELECT occurrence_at, snooze_of FROM user_notification ORDER BY id") == [
        *((NOW, None), (LATER, None), (LATER, one.id)),
    ]


async def test_the_earliest_comes_first_in_chunks(database: Database) -> None:
    order = random.Random(1)
    made = await notified(database, 30) + await notified(database, 20, user_id=1002)
    times = [LATER - order.randrange(20) for _ in made]
    for one, until in zip(made, times, strict=True):
        await snooze(database, one, until)
    chunks = [await dispatch(database, limit=20) for _ in range(4)]
    assert [len(chunk) for chunk in chunks] == [20, 20, 10, 0]
    came = [again.snoozed.notification.id for chunk in chunks for again in chunk]
    assert came == [one.id for _, one in sorted(zip(times, made, strict=True), key=lambda pair: (pair[0], pair[1].id))]
    new = [again.notification.id for chunk in chunks for again in chunk if again.notification is not None]
    assert new == list(range(51, 101))


async def test_the_history_tells_of_both(database: Database) -> None:
    (one,) = await notified(database, 1)
    await snooze(database, one, at=NOW + 1)
    await dispatch(database, LATER + 3)
    before, after = await history_of(database, 1), await history_of(database, 2)
    assert [(entry.at, entry.what, entry.by, entry.detail) for entry in before[-3:]] == [
        (NOW + 1, "snoozed", API, {"until": LATER}),
        (LATER + 3, "came_again", SYSTEM, {"notification_id": 2}),
        (LATER + 3, "read", SYSTEM, {}),
    ]
    assert [(entry.at, entry.what, entry.by, entry.detail) for entry in after] == [
        (NOW, "created", API, {}),
        (LATER, "due", SYSTEM, {"planned_at": LATER, "snooze_of": 1}),
        (LATER + 3, "written", SYSTEM, {"planned_at": LATER, "snooze_of": 1}),
    ]


async def test_the_file_itself_takes_no_second_one(path: Path) -> None:
    async with opened(path) as database:
        (one,) = await notified(database, 1)
        await snooze(database, one)
        await dispatch(database)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE user_notification SET snoozed_until = ? WHERE id = 1", (LATER,))
    async with opened(path) as database:
        with pytest.raises(sqlite3.IntegrityError):
            await dispatch(database)
    assert rows(path, "SELECT COUNT(*) FROM user_notification") == [2]
