"""Notifications: one for each occurrence, owed until some connection was handed it, unread until it is read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import answers, notifications
from store.answers import AskedToConfirm, Outcome
from store.backlog import Backlog
from store.database import Database
from store.notifications import Notification, Pushed
from store.transaction import Statement, each
from tests.store.file import all_written, opened, rows
from tests.store.samples import NOW, add_task, asked, new_notification, notified

NOTIFY, MARK_PUSHED = notifications.notify, each(notifications.mark_pushed)
READ: Statement[AskedToConfirm, Outcome] = each(answers.read)


async def owed(
    database: Database, user_id: int = 1001, after_id: int = 0, up_to: int = 2**62, limit: int = 500
) -> list[int]:
    found, _ = await notifications.unpushed(database, user_id, after_id=after_id, up_to=up_to, limit=limit)
    return [notification.id for notification in found]


async def test_an_occurrence_has_one_notification(database: Database, path: Path) -> None:
    task = await add_task(database)
    twice = [new_notification(task), new_notification(task), new_notification(task, NOW + 1)]
    outcomes = await all_written(database, NOTIFY, twice)
    assert [type(outcome) for outcome in outcomes] == [Notification, sqlite3.IntegrityError, Notification]
    assert rows(path, "SELECT occurrence_at FROM user_notification") == [NOW, NOW + 1]


async def test_what_nobody_was_handed_is_owed_oldest_first(database: Database) -> None:
    ids = [one.id for one in await notified(database, 6)]
    await notified(database, 2, user_id=1002)
    assert await owed(database) == ids
    await database.written(MARK_PUSHED, [Pushed(ids[0], NOW, 1), Pushed(ids[3], NOW, 2)])
    await database.written(READ, asked(ids[1]))
    left = [ids[2], ids[4], ids[5]]
    assert await owed(database) == left
    assert await owed(database, limit=2) == left[:2]
    assert await owed(database, up_to=ids[4]) == left[:2]
    assert await owed(database, after_id=ids[2]) == left[1:]
    assert await owed(database, user_id=9) == []


async def test_the_first_push_is_remembered_and_all_are_counted(database: Database, path: Path) -> None:
    ids = [one.id for one in await notified(database, 4)]
    await database.written(MARK_PUSHED, [Pushed(number, NOW, 2) for number in ids[:2]])
    await database.written(MARK_PUSHED, [Pushed(number, NOW + 5, 1) for number in (*ids[1:3], 99)])
    # What was counted by a write of which nobody knows whether it took place.
    await database.written(MARK_PUSHED, [Pushed(number, NOW + 5, 0) for number in (ids[1], ids[3])])
    assert rows(path, "SELECT pushed_at, pushed_to FROM user_notification ORDER BY id") == [
        *((NOW, 2), (NOW, 3), (NOW + 5, 1), (NOW + 5, 1)),
    ]


async def test_ids_go_on_above_those_that_are_gone(database: Database, path: Path) -> None:
    ids = [one.id for one in await notified(database, 3)]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM user_notification")
    assert [one.id for one in await notified(database, 2)] == [ids[-1] + 1, ids[-1] + 2]
    assert rows(path, "SELECT id FROM user_notification") == [ids[-1] + 1, ids[-1] + 2]


async def test_what_is_told_of_a_new_one_is_what_is_stored(database: Database) -> None:
    (told,) = await notified(database, 1)
    assert await notifications.page(database, 1001, status=None, after_id=None, before_id=None, limit=2) == (
        *([told], False, 1),
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 2), st.booleans()), max_size=15),
    st.sampled_from([None, "READ", "UNREAD"]),
    st.integers(1, 6),
    st.integers(0, 16),
)
async def test_paging_both_ways_meets_every_notification_once(
    tmp_path_factory: pytest.TempPathFactory,
    made: list[tuple[int, bool]],
    status: str | None,
    limit: int,
    cursor: int,
) -> None:
    async with opened(tmp_path_factory.mktemp("notifications") / "careline.db") as database:
        tasks = [await add_task(database, user_id=user_id) for user_id in (1, 2)]
        new = [new_notification(tasks[user_id - 1], NOW + number) for number, (user_id, _) in enumerate(made)]
        await all_written(database, NOTIFY, new)
        await all_written(database, READ, [asked(number) for number, (_, read) in enumerate(made, 1) if read])
        read_of = {number: read for number, (user_id, read) in enumerate(made, 1) if user_id == 1}
        own = list(read_of)
        unread = sum(not read for read in read_of.values())
        expected = [number for number in own if status in (None, "READ" if read_of[number] else "UNREAD")]

        for forward in (True, False):
            found: list[int] = []
            more = True
            while more:
                page, more, counted = await notifications.page(
                    database,
                    1,
                    status=status,
                    after_id=(found[-1] if found else 0) if forward else None,
                    before_id=None if forward or not found else found[-1],
                    limit=limit,
                )
                assert counted == unread, "all that the user has not read, whatever is listed"
                assert len(page) == limit or not more
                assert page or not found, "what was told to be there is there"
                found += [notification.id for notification in page]
            assert found == (expected if forward else expected[::-1])

        beyond = [one for one in own if one > cursor]
        between, has_more = await notifications.between(database, 1, after_id=cursor, up_to=2**62, limit=limit)
        assert [notification.id for notification in between] == beyond[:limit]
        assert has_more == (len(beyond) > limit)
        backlog = await notifications.backlog(database, 1, after_id=cursor, up_to=2**62, most=limit)
        assert backlog == Backlog(own[-1] if own else 0, has_more=len(beyond) > limit)
        fenced = await notifications.backlog(database, 1, after_id=0, up_to=cursor, most=limit)
        below = [one for one in own if one <= cursor]
        assert fenced == Backlog(below[-1] if below else 0, has_more=len(below) > limit)


async def test_the_latest_of_all(database: Database) -> None:
    assert await notifications.latest_id(database) == 0
    await notified(database, 2)
    await notified(database, 1, user_id=1002)
    assert await notifications.latest_id(database) == 3
