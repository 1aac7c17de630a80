"""Reminder tasks: each becomes one notification, or none when it was cancelled in time."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import occurrences, reminders
from store.database import Database
from store.next_due import next_due
from store.notifications import Notification
from store.occurrences import DispatchedOnce, Due
from store.reminders import ReminderTask
from store.transaction import each
from tests.store.file import all_written, opened, rows, within
from tests.store.samples import NOW, add_task, cancelling, new_task

ADD, CANCEL, DISPATCH = each(reminders.add), each(reminders.cancel), each(occurrences.dispatch_once)


async def dispatch(database: Database, now: int = NOW, limit: int = 500) -> list[Notification]:
    return (await database.written(DISPATCH, Due(now, limit))).written


async def status_of(database: Database, task_id: int) -> str:
    task = await reminders.get(database, task_id)
    assert task is not None
    return task.status


async def test_a_task_is_pending_when_it_is_new(database: Database) -> None:
    asked = new_task(user_id=2**63 - 1, content=None, channel="SYSTEM_MESSAGE")
    task = await database.written(ADD, asked)
    assert (task.id, task.status, task.content, task.channel) == (1, "PENDING", None, "SYSTEM_MESSAGE")
    assert await reminders.get(database, 1) == task
    assert await reminders.get(database, 2) is None


async def test_a_due_task_becomes_one_notification(database: Database, path: Path) -> None:
    task = await add_task(database, remind_at=NOW)
    assert await dispatch(database, NOW - 1) == []
    assert await status_of(database, task.id) == "PENDING"
    (notification,) = await dispatch(database, NOW)
    assert notification == Notification(
        1, task.user_id, task.biz_type, task.biz_id, task.title, task.content, "UNREAD", NOW, None, None, None, task.id
    )
    assert await status_of(database, task.id) == "DISPATCHED"
    for now in (NOW, NOW + 10**9, NOW - 10**9):
        assert await dispatch(database, now) == []
    assert rows(path, "SELECT task_id, occurrence_at, pushed_at FROM user_notification") == [(task.id, NOW, None)]


async def test_the_earliest_comes_first_in_chunks(database: Database) -> None:
    order = random.Random(1)
    due = [NOW - order.randrange(50) for _ in range(120)]
    tasks = await all_written(database, ADD, [new_task(remind_at=at) for at in due])
    added = [task for task in tasks if isinstance(task, ReminderTask)]
    expected = [task.title for task in sorted(added, key=lambda task: (task.remind_at, task.id))]
    assert len(expected) == 120
    chunks = [await dispatch(database, limit=50) for _ in range(4)]
    assert [len(chunk) for chunk in chunks] == [50, 50, 20, 0]
    found = [notification for chunk in chunks for notification in chunk]
    assert [one.title for one in found] == expected
    assert [one.id for one in found] == list(range(1, 121))


async def test_the_next_due_time_is_of_the_earliest_pending_task(database: Database) -> None:
    assert (await next_due(database)).task is None
    tasks = [await add_task(database, remind_at=NOW + after) for after in (300, 100, 200)]
    assert (await next_due(database)).task == NOW + 100
    await database.written(CANCEL, cancelling(tasks[1].id))
    assert (await next_due(database)).task == NOW + 200
    assert len(await dispatch(database, NOW + 200)) == 1
    assert (await next_due(database)).task == NOW + 300
    await dispatch(database, NOW + 300)
    assert (await next_due(database)).task is None


async def test_a_cancelled_task_never_fires(database: Database) -> None:
    task = await add_task(database)
    for _ in range(2):
        cancelled = await database.written(CANCEL, cancelling(task.id))
        assert cancelled is not None
        assert cancelled.status == "CANCELLED"
    assert await dispatch(database) == []
    assert await database.written(CANCEL, cancelling(99)) is None


async def test_a_task_that_has_fired_is_not_cancelled(database: Database, path: Path) -> None:
    task = await add_task(database)
    await dispatch(database)
    late = await database.written(CANCEL, cancelling(task.id))
    assert late is not None
    assert late.status == "DISPATCHED"
    assert await status_of(database, task.id) == "DISPATCHED"
    assert rows(path, "SELECT task_id FROM user_notification") == [task.id]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["cancel", "dispatch"]), min_size=1, max_size=6), st.integers(0, 3))
async def test_whoever_comes_first_has_the_task(
    database: Database, path: Path, race: list[str], tasks_before: int
) -> None:
    """Cancelling and firing that wait for the same commit: the task is either cancelled or one notification."""
    for _ in range(tasks_before):
        await add_task(database)
    task = await add_task(database)

    def ask(what: str) -> Any:
        if what == "cancel":
            return database.written(CANCEL, cancelling(task.id))
        return database.written(DISPATCH, Due(NOW, 500))

    commits = database.commit_writes.count
    outcomes = await within(asyncio.gather(*(ask(what) for what in race)))
    assert database.commit_writes.count == commits + 1
    told = {outcome.status for outcome in outcomes if isinstance(outcome, ReminderTask)}
    expected = "CANCELLED" if race[0] == "cancel" else "DISPATCHED"
    assert told <= {expected}
    assert await status_of(database, task.id) == expected
    fired = rows(path, f"SELECT COUNT(*) FROM user_notification WHERE task_id = {task.id}")
    assert fired == [0 if race[0] == "cancel" else 1]


async def test_a_batch_that_starts_again_makes_no_second_notification(path: Path) -> None:
    """What was dispatched before the neighbour failed is rolled back with it, and done once more."""
    async with opened(path) as database:
        await all_written(database, ADD, [new_task() for _ in range(30)])
        bad = new_task(channel="FAX")
        first, refused, second = await all_written(database, DISPATCH_OR_ADD, [Due(NOW, 500), bad, Due(NOW, 500)])
        assert isinstance(first, DispatchedOnce)
        assert isinstance(refused, Exception)
        assert (len(first.written), second) == (30, DispatchedOnce(0, [], []))
    assert rows(path, "SELECT COUNT(*), COUNT(DISTINCT task_id) FROM user_notification") == [(30, 30)]


def _dispatch_or_add(connection: Any, request: Any) -> Any:
    one = occurrences.dispatch_once if isinstance(request, Due) else reminders.add
    return one(connection, request)


DISPATCH_OR_ADD = each(_dispatch_or_add)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["PENDING", "CANCELLED"])), max_size=15),
    st.sampled_from([None, "PENDING", "CANCELLED", "DISPATCHED"]),
    st.sampled_from([None, 1, 2, 9]),
    st.integers(1, 6),
)
async def test_listing_meets_every_task_once_newest_first(
    tmp_path_factory: pytest.TempPathFactory,
    made: list[tuple[int, str]],
    status: str | None,
    user_id: int | None,
    limit: int,
) -> None:
    async with opened(tmp_path_factory.mktemp("tasks") / "careline.db") as database:
        await all_written(database, ADD, [new_task(user_id=user) for user, _ in made])
        await all_written(
            database, CANCEL, [cancelling(number) for number, (_, now) in enumerate(made, 1) if now == "CANCELLED"]
        )
        expected = [
            number for number, (user, now) in enumerate(made, 1) if status in (None, now) and user_id in (None, user)
        ][::-1]
        found: list[int] = []
        more = True
        while more:
            page, more = await reminders.page(
                database,
                user_ids=None if user_id is None else [user_id],
                status=status,
                before_id=found[-1] if found else None,
                limit=limit,
            )
            assert len(page) == limit or not more
            assert page or not found, "what was told to be there is there"
            found += [task.id for task in page]
        assert found == expected
