"""Rules made to take the server down: each is refused or parked, and others' reminders fire all the while."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from reminders import due
from reminders import work as rule_work
from reminders.budget import CREATION_STEPS, FIRING_STEPS, QUICK_STEPS, Budget, BudgetExceeded, WorkStopped
from reminders.due import Dispatch
from reminders.work import RuleWork, TooManyRequests
from store import history, parking, reminders
from store.database import Database
from store.history import API, Entry
from store.reminders import Change, ReminderTask
from store.transaction import each
from tests.reminders.conftest import Clock, Handed
from tests.store.file import rows, within
from tests.store.samples import NOW, add_task

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
Plan = Callable[..., Any]


def repeating(**changes: Any) -> dict[str, Any]:
    """The columns of a task that repeats daily and is due."""
    start = datetime.fromtimestamp(NOW // 1000, SHANGHAI).replace(tzinfo=None).isoformat()
    return {
        "remind_at": NOW,
        **{"rrule": "FREQ=DAILY", "exdates": "[]", "timezone": "Asia/Shanghai", "missed": "latest"},
        **{"starts_on": start, "next_at": NOW, **changes},
    }


class Planning:
    """Stands before the real planning: some tasks take many steps, some raise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: dict[int, int] = {}
        self.faults: dict[int, Exception] = {}
        self.planned: list[int] = []
        self._plan = due.plan
        monkeypatch.setattr(due, "plan", self)

    def __call__(self, task: ReminderTask, now: int, up_since: int, most: int, budget: Budget) -> Any:
        self.planned.append(task.id)
        if task.id in self.faults:
            raise self.faults[task.id]
        for _ in range(self.steps.get(task.id, 0)):
            budget.spend()
        return self._plan(task, now, up_since, most, budget)


@pytest.fixture
def planning(monkeypatch: pytest.MonkeyPatch) -> Planning:
    return Planning(monkeypatch)


@pytest.fixture
async def dispatch(database: Database, clock: Clock, handed: Handed) -> Dispatch:
    return Dispatch(database, clock, RuleWork(), handed)


async def fired(dispatch: Dispatch) -> None:
    """All that is due has fired or is parked."""
    await within(dispatch.fire(await dispatch.next_due(), NOW, NOW))
    await within(dispatch.settle())


async def test_eighty_that_take_long_come_after_one_that_does_not(
    database: Database, planning: Planning, dispatch: Dispatch, handed: Handed
) -> None:
    for number in range(80):
        task = await add_task(database, timing=repeating(), title=f"慢 {number}")
        planning.steps[task.id] = QUICK_STEPS + 1000
    await add_task(database, timing=repeating(), title="好")
    await fired(dispatch)
    assert handed.titles[0] == "好"
    assert sorted(handed.titles[1:]) == sorted(f"慢 {number}" for number in range(80))


async def test_one_that_takes_too_long_is_parked(
    database: Database, planning: Planning, dispatch: Dispatch, handed: Handed, caplog: pytest.LogCaptureFixture
) -> None:
    task = await add_task(database, timing=repeating())
    planning.steps[task.id] = FIRING_STEPS + 1
    await add_task(database, timing=repeating(), title="好")
    await fired(dispatch)
    assert handed.titles == ["好"]
    parked = await reminders.get(database, task.id)
    assert parked is not None
    assert (parked.parked_at, parked.parked_for) == (NOW, "its rule takes more than 400,000 steps")
    assert await parking.parked(database, 10) == parking.Parked(1, [task.id])
    assert f"reminder task {task.id} is parked: its rule takes more than 400,000 steps" in caplog.text
    page = await history.of_task(database, task.id, before_id=None, limit=10)
    assert page is not None
    assert [entry.what for entry in page[0]] == ["created", "parked"]
    planned = len(planning.planned)
    await fired(dispatch)
    assert len(planning.planned) == planned, "what is parked is not looked at again"


@pytest.mark.parametrize(
    "fault", [OverflowError("date"), RuntimeError("bug"), MemoryError(), RecursionError(), KeyError("x"), ValueError()]
)
async def test_one_that_fails_is_parked_whatever_it_raises(
    database: Database,
    planning: Planning,
    dispatch: Dispatch,
    handed: Handed,
    fault: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, last = [await add_task(database, timing=repeating()) for _ in range(2)]
    await add_task(database, timing=repeating(), title="好")
    planning.faults = {first.id: fault, last.id: fault}
    await fired(dispatch)
    assert handed.titles == ["好"]
    assert (await parking.parked(database, 10)).ids == [first.id, last.id]
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    reason = f"its row is not sound ({type(fault).__name__})"
    assert told == [f"reminder task {one.id} is parked: {reason}" for one in (first, last)]


async def test_a_parked_task_is_tried_again_after_a_change_and_a_restart(
    database: Database, planning: Planning, dispatch: Dispatch, clock: Clock, handed: Handed
) -> None:
    changed, restarted = [await add_task(database, timing=repeating()) for _ in range(2)]
    planning.faults = {changed.id: RuntimeError(), restarted.id: RuntimeError()}
    await fired(dispatch)
    planning.faults = {}
    await fired(dispatch)
    assert handed.titles == []
    entry = Entry(NOW, "changed", API, changed.id)
    await database.written(each(reminders.change), Change(changed.id, 0, {"title": "改了"}, True, entry))
    await fired(dispatch)
    assert handed.titles == ["改了"]
    again = Dispatch(database, clock, RuleWork(), handed)
    await again.begin()
    await fired(again)
    assert handed.titles == ["改了", restarted.title]


async def test_a_long_backlog_of_one_leaves_room_for_others(
    database: Database, dispatch: Dispatch, handed: Handed
) -> None:
    """A task that missed thousands of occurrences writes some, then the others that are due have their turn."""
    start = NOW - 3000 * 60_000
    wall = datetime.fromtimestamp(start // 1000, SHANGHAI).replace(tzinfo=None).isoformat()
    timing = repeating(rrule="FREQ=MINUTELY", missed="all", starts_on=wall, remind_at=start, next_at=start)
    for number in range(3):
        await add_task(database, timing=timing, title=f"多 {number}")
    await add_task(database, timing=repeating(), title="好")
    await fired(dispatch)
    place = handed.titles.index("好")
    assert place <= 3 * due.SHARE
    assert len(handed.titles) == 3 * 3001 + 1
    # They take turns.
    assert {*handed.titles[place + 1 : place + 1 + 3 * due.SHARE]} == {f"多 {number}" for number in range(3)}


async def test_a_stop_ends_work_that_is_under_way(database: Database, planning: Planning, dispatch: Dispatch) -> None:
    task = await add_task(database, timing=repeating())
    planning.steps[task.id] = 10**12
    started = asyncio.create_task(dispatch.fire(await dispatch.next_due(), NOW, NOW))
    await within(started)
    await asyncio.wait_for(dispatch.stop(), 2)
    assert (await parking.parked(database, 10)).count == 0, "what a stop ends is due at the next start"


async def test_a_stop_ends_work_in_a_thread() -> None:
    work, begun = RuleWork(), threading.Event()

    def for_ever(budget: Budget) -> None:
        begun.set()
        while True:
            budget.spend(0)

    asked = [asyncio.create_task(work.asked(for_ever, 1)), asyncio.create_task(work.slow(for_ever))]
    await asyncio.to_thread(begun.wait, 10)
    work.stop()
    outcomes = await within(asyncio.gather(*asked, return_exceptions=True))
    assert [type(outcome) for outcome in outcomes] == [WorkStopped, WorkStopped]
    with pytest.raises(WorkStopped):
        await work.asked(for_ever, 1)


async def test_a_request_that_is_closed_ends_its_work() -> None:
    work, begun, ended = RuleWork(), threading.Event(), threading.Event()

    def for_ever(budget: Budget) -> None:
        begun.set()
        try:
            while True:
                budget.spend(0)
        finally:
            ended.set()

    asked = asyncio.create_task(work.asked(for_ever, 1))
    await asyncio.to_thread(begun.wait, 10)
    asked.cancel()
    assert await asyncio.to_thread(ended.wait, 10)
    assert work.requests == 0


async def test_requests_that_wait_are_bounded_and_delay_nothing_that_is_due(
    database: Database, dispatch: Dispatch, handed: Handed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_work, "MOST_REQUESTS", 3)
    go_on = threading.Event()

    def wait(_: Budget) -> None:
        go_on.wait(30)

    work = dispatch._work
    asked = [asyncio.create_task(work.asked(wait, 1)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequests):
        await work.asked(wait, 1)
    await add_task(database, timing=repeating())
    await fired(dispatch)
    assert len(handed.titles) == 1
    go_on.set()
    await within(asyncio.gather(*asked))
    assert work.requests == 0


async def test_requests_of_many_clients_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that asks for much waits for its own, and the others for one of it."""
    monkeypatch.setattr(rule_work, "MOST_OF_CLIENT", 5)
    work, go_on = RuleWork(), threading.Event()
    done: list[str] = []

    def ask(name: str) -> asyncio.Task[None]:
        def do(_: Budget) -> None:
            go_on.wait(30)
            done.append(name)

        return asyncio.create_task(work.asked(do, name))

    asked = [ask("many") for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequests):
        await ask("many")
    asked += [ask(name) for name in ("a", "b")]
    await asyncio.sleep(0)
    go_on.set()
    await within(asyncio.gather(*asked))
    assert done[:3] == ["many", "a", "b"]
    assert work.requests == 0


async def test_a_request_has_a_budget() -> None:
    with pytest.raises(BudgetExceeded):
        await RuleWork().asked(lambda budget: budget.spend(CREATION_STEPS + 1), 1)


async def test_a_task_that_is_cancelled_and_still_has_a_time_does_not_ring(
    database: Database, dispatch: Dispatch, handed: Handed
) -> None:
    for timing in ({"remind_at": NOW}, repeating()):
        task = await add_task(database, timing=timing)
        await database.written(each(reminders.cancel), reminders.Cancelling(task.id, NOW, API))
        await database.written(each(_set_next), task.id)
    await fired(dispatch)
    assert handed.titles == []
    assert (await parking.parked(database, 10)).count == 2
    assert rows(database.path, "SELECT status FROM reminder_task") == ["CANCELLED"] * 2


def _set_next(connection: Any, task_id: int) -> None:
    connection.execute("UPDATE reminder_task SET next_at = ? WHERE id = ?", (NOW, task_id))
