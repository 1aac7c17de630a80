"""The loop that remembers: it fires in time whatever the clock does, survives faults, and stops when it is told to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from reminders import loop as reminder_loop
from reminders.clock_watch import ClockWatch
from reminders.housekeeping import Housekeeping, Job
from reminders.loop import ReminderLoop
from reminders.work import RuleWork
from store import reminders
from store.clock import system_clock
from store.database import Database
from store.history import API
from store.notifications import Notification
from store.transaction import each
from tests.reminders.conftest import Clock, Handed
from tests.server import LIMIT, wait_until
from tests.store.file import all_written, rows, within, write_locked
from tests.store.samples import NOW, add_task, new_task

HOUR: Final = 3_600_000
Start = Callable[..., ReminderLoop]


@pytest.fixture
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop looks at the clock after 50 ms at the latest, so that no test waits for a second."""
    monkeypatch.setattr(reminder_loop, "LONGEST_SLEEP", 0.05)


@pytest.fixture
def _never_just_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop wakes for what is due alone: looking again and again would come too late."""
    monkeypatch.setattr(reminder_loop, "LONGEST_SLEEP", 3 * LIMIT)


@pytest.fixture
async def start(database: Database, clock: Clock, handed: Handed) -> AsyncIterator[Start]:
    """Starts a loop; it is stopped at the end of the test."""
    started: list[ReminderLoop] = []

    def start(**given: Any) -> ReminderLoop:
        housekeeping = Housekeeping([], clock)
        parts = {
            **{"clock": clock, "hand_on": handed, "work": RuleWork(), "housekeeping": housekeeping},
            **{"zone": ZoneInfo("Asia/Shanghai"), "ticked": lambda: None, **given},
        }
        # Time passes where a test moves the clock; jumps are tested by themselves.
        parts["clock"] = watched(parts["clock"])
        started.append(ReminderLoop(database, **parts))
        started[-1].start()
        return started[-1]

    yield start
    for loop in started:
        await within(loop.stop())


def watched(clock: Callable[[], int]) -> ClockWatch:
    """A watch for which time passes where a test moves the clock."""
    return ClockWatch(clock, clock, None)


async def until(look: Callable[[], object], what: str) -> None:
    """What is looked for has come; the loop goes on meanwhile."""
    await asyncio.to_thread(wait_until, look, what)


async def status_of(database: Database, task_id: int) -> str:
    task = await reminders.get(database, task_id)
    assert task is not None
    return task.status


@pytest.mark.usefixtures("_looks_often")
async def test_fires_at_its_time_and_not_before(start: Start, database: Database, clock: Clock, handed: Handed) -> None:
    task = await add_task(database, remind_at=NOW + 60_000)
    loop = start()
    for now in (NOW, NOW + 30_000, NOW + 59_999):
        clock.now = now
        await clock.looked_at(3)
    assert handed.chunks == []
    assert await status_of(database, task.id) == "PENDING"
    clock.now = NOW + 60_000
    await handed.reaches(1)
    assert [one.created_at for one in handed.notifications] == [NOW + 60_000]
    assert await status_of(database, task.id) == "DISPATCHED"
    assert loop.fault is None


@pytest.mark.usefixtures("_never_just_looks")
async def test_sleeps_until_the_next_is_due(start: Start, database: Database, handed: Handed) -> None:
    remind_at = system_clock() + 300
    await add_task(database, remind_at=remind_at)
    await add_task(database, remind_at=remind_at + 200)
    start(clock=system_clock)
    await handed.reaches(2)
    fired = [notification.created_at for notification in handed.notifications]
    assert fired[0] >= remind_at
    assert fired[1] >= remind_at + 200


@pytest.mark.usefixtures("_never_just_looks")
async def test_wakes_for_one_that_is_due_earlier(start: Start, database: Database, handed: Handed) -> None:
    await add_task(database, remind_at=system_clock() + HOUR)
    loop = start(clock=system_clock)
    await add_task(database, remind_at=system_clock() + 200, title="早")
    loop.wake()
    await handed.reaches(1)
    await add_task(database, remind_at=system_clock() - HOUR, title="迟")
    loop.wake()
    await handed.reaches(2)
    assert handed.titles == ["早", "迟"]


@pytest.mark.usefixtures("_looks_often")
async def test_one_that_is_cancelled_while_the_loop_waits_for_it_does_not_fire(
    start: Start, database: Database, clock: Clock, handed: Handed
) -> None:
    first = await add_task(database, remind_at=NOW + 60_000)
    await add_task(database, remind_at=NOW + 61_000, title="次")
    loop = start()
    await clock.looked_at(3)
    await database.written(each(reminders.cancel), reminders.Cancelling(first.id, NOW, API))
    clock.now = NOW + 60_000
    await clock.looked_at(3)
    assert loop.lateness.count == 0
    clock.now = NOW + 61_000
    await handed.reaches(1)
    assert handed.titles == ["次"]


@pytest.mark.usefixtures("_never_just_looks")
async def test_a_wake_while_it_fires_is_not_lost(start: Start, database: Database, path: Path) -> None:
    """Somebody adds a task just when the loop has looked for the next one."""
    await add_task(database, remind_at=NOW - 1)
    done = asyncio.Event()
    tasks: list[asyncio.Task[Any]] = []

    async def add_another() -> None:
        await add_task(database, remind_at=NOW - 1)
        loop.wake()

    def hand_on(chunk: list[Notification]) -> None:
        if len(tasks) < 20:
            tasks.extend(asyncio.create_task(add_another()) for _ in chunk)
        else:
            done.set()

    loop = start(hand_on=hand_on)
    await within(done.wait())
    await within(asyncio.gather(*tasks))
    await within(loop.stop())
    assert len(rows(path, "SELECT id FROM user_notification")) >= 21


@pytest.mark.usefixtures("_looks_often")
async def test_finds_what_was_added_without_a_word(start: Start, database: Database, handed: Handed) -> None:
    start()
    await add_task(database, remind_at=NOW)
    await handed.reaches(1)


@pytest.mark.usefixtures("_looks_often")
async def test_a_clock_set_back_an_hour_stops_nothing(
    start: Start, database: Database, clock: Clock, handed: Handed
) -> None:
    await add_task(database, remind_at=NOW + 1000, title="先")
    await add_task(database, remind_at=NOW - HOUR + 1000, title="再")
    start()
    await handed.reaches(1)
    clock.now = NOW - HOUR
    await clock.looked_at(3)
    assert handed.titles == ["再"]
    await add_task(database, remind_at=NOW - HOUR + 10, title="新")
    clock.now = NOW - HOUR + 10
    await handed.reaches(2)
    clock.now = NOW + 1000
    await handed.reaches(3)
    assert handed.titles == ["再", "新", "先"], "what had fired does not fire again"


@pytest.mark.usefixtures("_looks_often")
async def test_a_clock_set_forward_an_hour_fires_what_it_skipped(
    start: Start, database: Database, clock: Clock, handed: Handed
) -> None:
    for minutes in (59, 1, 61):
        await add_task(database, remind_at=NOW + minutes * 60_000, title=str(minutes))
    start()
    await clock.looked_at(2)
    clock.now = NOW + HOUR
    await handed.reaches(2)
    await clock.looked_at(3)
    assert handed.titles == ["1", "59"]


async def test_what_was_due_while_it_was_down_fires_at_its_start(
    start: Start, database: Database, handed: Handed
) -> None:
    await all_written(database, each(reminders.add), [new_task(remind_at=NOW - n * HOUR) for n in range(50)])
    start()
    await handed.reaches(50)


@pytest.mark.usefixtures("_looks_often")
async def test_a_write_that_fails_is_tried_again_and_fires_once(
    start: Start, database: Database, path: Path, handed: Handed, caplog: pytest.LogCaptureFixture
) -> None:
    task = await add_task(database)
    with write_locked(path):
        loop = start()
        await until(lambda: "due reminders could not be written" in caplog.text, "the log line")
        assert handed.chunks == []
    await handed.reaches(1)
    await within(loop.stop())
    assert handed.titles == [task.title]
    assert rows(path, "SELECT task_id FROM user_notification") == [task.id]
    assert {record.levelno for record in caplog.records if record.name == "careline.reminders"} == {logging.WARNING}


@pytest.mark.usefixtures("_looks_often")
async def test_a_fault_of_its_own_does_not_end_it(
    start: Start, database: Database, clock: Clock, handed: Handed, caplog: pytest.LogCaptureFixture
) -> None:
    await add_task(database)
    faults = 0

    def failing() -> int:
        nonlocal faults
        if faults:
            faults -= 1
            raise RuntimeError("bug")
        return clock()

    start(clock=failing)
    faults = 3
    await handed.reaches(1)
    await until(lambda: "goes on as usual" in caplog.text, "the word that it is over")
    messages = [record.message for record in caplog.records if record.name == "careline.reminders"]
    assert messages == [
        "a tick of the reminder loop failed, trying again",
        "the reminder loop goes on as usual",
    ], "each once, however long it lasts"


@pytest.mark.usefixtures("_looks_often")
async def test_each_kind_of_fault_is_told(
    start: Start, clock: Clock, database: Database, handed: Handed, caplog: pytest.LogCaptureFixture
) -> None:
    await add_task(database)
    faults: list[Exception] = []

    def failing() -> int:
        if faults:
            raise faults.pop()
        return clock()

    start(clock=failing)
    faults += [RuntimeError("bug"), RuntimeError("bug"), KeyError("bug"), KeyError("bug")]
    await handed.reaches(1)
    assert caplog.text.count("a tick of the reminder loop failed") == 2


@pytest.mark.usefixtures("_looks_often")
async def test_what_fired_before_a_fault_is_counted(
    start: Start, database: Database, path: Path, handed: Handed
) -> None:
    await all_written(database, each(reminders.add), [new_task() for _ in range(600)])
    with ExitStack() as stack:

        def hand_on(chunk: list[Notification]) -> None:
            if not handed.chunks:
                stack.enter_context(write_locked(path))
            handed(chunk)

        loop = start(hand_on=hand_on)
        await handed.reaches(500)
        await until(lambda: database.fault is not None, "the fault")
        assert loop.fired == 500
    await handed.reaches(600)
    assert loop.fired == 600


@pytest.mark.usefixtures("_looks_often")
async def test_handing_on_that_fails_does_not_end_it(
    start: Start, database: Database, path: Path, handed: Handed
) -> None:
    """The notification is stored; its user gets it with the next `bind_user`."""
    await add_task(database, title="坏")

    def hand_on(chunk: list[Notification]) -> None:
        if chunk[0].title == "坏":
            raise RuntimeError("bug")
        handed(chunk)

    loop = start(hand_on=hand_on)
    await until(lambda: rows(path, "SELECT id FROM user_notification"), "the notification")
    await add_task(database, title="好")
    loop.wake()
    try:
        await asyncio.wait_for(handed.reaches(1), 2)
    finally:
        # Where it hangs, it must not hang the tests.
        task = loop._task
        assert task is not None
        if not handed.titles:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            loop._task = None


@pytest.mark.usefixtures("_looks_often")
async def test_it_tells_when_reminders_do_not_fire(
    database: Database, path: Path, clock: Clock, handed: Handed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminder_loop, "STALLED", 0.5)
    loop = ReminderLoop(
        database,
        ClockWatch(clock, clock, None),
        ZoneInfo("UTC"),
        handed,
        RuleWork(),
        Housekeeping([], clock),
        lambda: None,
    )
    assert loop.fault == "the reminder loop is not running"
    loop.start()
    assert loop.fault is None
    await add_task(database, remind_at=NOW + 1)
    with write_locked(path):
        clock.now = NOW + 1
        await until(lambda: loop.fault == "the reminder loop is stalled", "the fault")
    await until(lambda: loop.fault is None, "the end of the fault")
    await handed.reaches(1)
    await within(loop.stop())
    assert loop.fault == "the reminder loop is not running"


async def test_it_stops_after_the_chunk_that_is_under_way(
    start: Start, database: Database, path: Path, handed: Handed
) -> None:
    await all_written(database, each(reminders.add), [new_task() for _ in range(1200)])
    stopping: list[asyncio.Task[None]] = []

    def hand_on(chunk: list[Notification]) -> None:
        if not stopping:
            stopping.append(asyncio.create_task(loop.stop()))
        handed(chunk)

    loop = start(hand_on=hand_on)
    await handed.reaches(1)
    await within(stopping[0])
    fired = len(handed.titles)
    assert fired in (500, 1000), "a stop waits for no backlog: the next chunk may be under way by then"
    assert rows(path, "SELECT COUNT(*) FROM reminder_task WHERE status = 'PENDING'") == [1200 - fired]
    await within(loop.stop())
    assert loop.fired == fired, "after its stop nothing fires"
    start(hand_on=handed)
    await handed.reaches(1200)
    assert rows(path, "SELECT COUNT(DISTINCT task_id) FROM user_notification") == [1200]


async def test_one_that_was_never_started_stops_too(database: Database, clock: Clock, handed: Handed) -> None:
    await within(
        ReminderLoop(
            database,
            ClockWatch(clock, clock, None),
            ZoneInfo("UTC"),
            handed,
            RuleWork(),
            Housekeeping([], clock),
            lambda: None,
        ).stop()
    )


@pytest.mark.usefixtures("_never_just_looks")
async def test_it_stops_in_its_sleep(start: Start, database: Database, clock: Clock) -> None:
    await add_task(database, remind_at=NOW + HOUR)
    loop = start()
    await clock.looked_at()
    await asyncio.wait_for(loop.stop(), 1)


@pytest.mark.usefixtures("_looks_often")
async def test_it_keeps_the_house(start: Start, database: Database, clock: Clock, handed: Handed) -> None:
    """The jobs run beside the loop, and one that fails or takes long holds up no reminder."""
    done, never = asyncio.Event(), asyncio.Event()

    async def broken() -> None:
        raise RuntimeError("bug")

    async def whole() -> None:
        done.set()

    async def long() -> None:
        await never.wait()

    jobs = [Job("broken", 1, broken), Job("long", 1, long), Job("whole", 1, whole)]
    loop = start(housekeeping=Housekeeping(jobs, clock))
    await within(done.wait())
    await add_task(database)
    await handed.reaches(1)
    await within(loop.stop())
