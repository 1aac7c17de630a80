"""A clock that is wrong for a while costs no dose and doubles none, and deletes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from reminders.budget import CREATION_STEPS, Budget
from reminders.clock_watch import IN_DOUBT, PROVEN, SECOND_LOOK, SETTLED, SOUND, UNPROVEN
from reminders.derive import derive_all
from reminders.housekeeping import Housekeeping, Job
from reminders.loop import ReminderLoop
from reminders.tasks import NoOccurrence, Timing, made, rescheduled
from store import answers, reminders
from store.clock import first_on_wall, in_milliseconds, on_wall
from store.clock_runs import SMALL
from store.database import Database
from store.reminders import NewTask
from store.transaction import each
from tests.reminders.conftest import Handed
from tests.reminders.living import DAY, HOUR, SECOND, Machine, live, running, tick
from tests.store.file import rows, within
from tests.store.samples import NOW, asked, history_entry, new_task, to_snooze

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("ahead", [26 * HOUR, 365 * DAY, SMALL + 1, -26 * HOUR, -3650 * DAY])
def test_a_clock_that_is_wrong_for_three_seconds_changes_nothing(machine: Machine, ahead: int) -> None:
    watch = machine.watch()
    machine.wall += ahead
    for _ in range(3):
        machine.pass_by(SECOND)
        assert watch() == NOW + machine.steady - 5 * HOUR
        assert watch.state == IN_DOUBT
    machine.wall -= ahead
    assert watch() == NOW + 3 * SECOND
    assert (watch.state, watch.jumps) == (SOUND, 0)


@pytest.mark.parametrize("by", [SMALL, -SMALL, 30 * SECOND])
def test_a_small_jump_is_followed_at_once(machine: Machine, by: int) -> None:
    watch = machine.watch()
    machine.wall += by
    assert watch() == NOW + by
    assert watch.state == SOUND


def test_a_jump_ahead_counts_after_a_second_look_and_is_undone_at_once(machine: Machine) -> None:
    watch = machine.watch()
    watch.is_to_rewind = False
    machine.wall += 26 * HOUR
    watch()
    machine.pass_by(SECOND_LOOK)
    assert watch() == NOW + 26 * HOUR + SECOND_LOOK
    assert (watch.state, watch.jumps, watch.is_to_rewind) == (IN_DOUBT, 1, False)
    machine.wall -= 26 * HOUR
    assert watch() == NOW + SECOND_LOOK
    assert (watch.state, watch.jumps, watch.is_to_rewind) == (SOUND, 2, True)


def test_a_new_time_that_holds_counts_as_right(machine: Machine) -> None:
    watch = machine.watch()
    machine.wall += 26 * HOUR
    for _ in range(2):
        watch()
        machine.pass_by(SECOND_LOOK)
    assert watch.state == IN_DOUBT
    machine.pass_by(SETTLED)
    watch()
    assert watch.state == SOUND


def test_after_a_long_stop_the_clock_is_unproven_and_a_jump_back_is_a_correction(machine: Machine) -> None:
    watch = machine.watch(last_proven=NOW - 30 * DAY)
    assert (watch.state, watch()) == (UNPROVEN, NOW)
    machine.wall -= 26 * HOUR
    watch()
    machine.pass_by(SECOND_LOOK)
    watch()
    assert watch.is_to_rewind
    machine.pass_by(SETTLED)
    watch()
    assert watch.state == SOUND


@pytest.mark.parametrize("back", [SMALL + 1, 26 * HOUR, 3650 * DAY])
def test_a_clock_that_goes_back_behind_a_proven_time_is_not_followed(machine: Machine, back: int) -> None:
    watch = machine.watch()
    machine.wall -= back
    for day in range(7):
        assert watch() == NOW + day * DAY
        machine.pass_by(DAY)
    assert (watch.state, watch.is_proven) == (IN_DOUBT, False)
    machine.wall += back
    assert watch() == NOW + 7 * DAY
    assert (watch.state, watch.jumps, watch.is_proven) == (SOUND, 0, True)


def test_a_clock_that_stays_back_for_long_counts_in_the_end(machine: Machine) -> None:
    watch = machine.watch()
    machine.wall -= HOUR
    watch()
    machine.pass_by(PROVEN)
    assert watch() == NOW - HOUR + PROVEN
    assert watch.is_to_rewind


@pytest.mark.parametrize("back", [HOUR, 3650 * DAY])
def test_a_start_behind_the_last_proven_time_goes_on_from_there(machine: Machine, back: int) -> None:
    machine.wall -= back
    watch = machine.watch(last_proven=NOW)
    assert not watch.is_to_rewind
    for _ in range(3):
        machine.pass_by(SECOND_LOOK)
        watch()
    assert (watch(), watch.state) == (NOW + 3 * SECOND_LOOK, IN_DOUBT)
    machine.wall += back
    assert (watch(), watch.state) == (NOW + 3 * SECOND_LOOK, SOUND)


def test_after_a_start_behind_the_proven_time_a_second_fault_takes_nothing_back(machine: Machine) -> None:
    """The clock begins in the past, comes right after a month, and goes back again: all that was written since the last
    proven time was written at its time."""
    machine.wall -= 3650 * DAY
    watch = machine.watch(last_proven=NOW - 30 * DAY)
    machine.pass_by(HOUR)
    assert watch() == NOW - 30 * DAY + HOUR
    machine.wall += 3650 * DAY
    for _ in range(2):
        watch()
        machine.pass_by(SECOND_LOOK)
    assert watch() == machine.wall
    machine.wall -= 3650 * DAY
    for _ in range(3):
        watch()
        machine.pass_by(SECOND_LOOK)
    assert (watch(), watch.state, watch.is_to_rewind) == (machine.wall + 3650 * DAY, IN_DOUBT, False)


async def daily(database: Database, missed: str = "latest") -> int:
    """A task that is due in twenty seconds and every day from then on."""
    start = NOW + 20 * SECOND
    timing = Timing(SHANGHAI, start, on_wall(start, SHANGHAI), "FREQ=DAILY", (), missed)
    columns = made(timing, NOW, Budget(CREATION_STEPS))
    return (await database.written(each(reminders.add), new_task(timing=columns))).id


def monthly(now: int) -> NewTask:
    """A task that is due next month."""
    start = now + 28 * DAY
    timing = Timing(SHANGHAI, start, on_wall(start, SHANGHAI), "FREQ=DAILY;INTERVAL=28", (), "latest")
    return new_task(timing=made(timing, now, Budget(CREATION_STEPS)))


@pytest.mark.parametrize("missed", ["latest", "all", "skip"])
@pytest.mark.parametrize("ahead", [26 * HOUR, 30 * DAY])
@pytest.mark.parametrize("restarts", [False, True])
async def test_what_was_rung_too_early_rings_at_its_time(
    database: Database, machine: Machine, handed: Handed, missed: str, ahead: int, restarts: bool
) -> None:
    task_id = await daily(database, missed)
    loop = await running(database, machine.watch(), handed)
    machine.wall += ahead
    await tick(loop)
    machine.pass_by(SECOND_LOOK)
    await tick(loop)
    machine.pass_by(HOUR)
    await tick(loop)
    machine.wall -= ahead
    if restarts:
        loop = await running(database, machine.watch(machine.wall), handed)
    await tick(loop)
    before = len(handed.notifications)
    await live(loop, machine, NOW + 3 * DAY + HOUR)
    planned = [NOW + 20 * SECOND + day * DAY for day in range(4)]
    for at in planned[1:]:
        rang = list(
            rows(
                database.path,
                f"SELECT occurrence_at, created_at, early FROM user_notification WHERE"
                f" task_id = {task_id} AND occurrence_at = {at} AND early = 0",
            )
        )
        assert len(rang) == 1, f"{at - NOW}"
        assert rang[0][1] >= at
    assert len(handed.notifications) - before >= 3


@pytest.mark.parametrize("rrule", ["FREQ=DAILY", "FREQ=DAILY;COUNT=3"])
@pytest.mark.parametrize("missed", ["latest", "all", "skip"])
@pytest.mark.parametrize("ahead", [26 * HOUR, 50 * DAY])
@pytest.mark.parametrize(("is_change", "restarts"), [(False, False), (False, True), (True, False), (True, True)])
async def test_what_is_made_while_the_clock_is_ahead_rings_from_the_true_time_on(
    database: Database,
    machine: Machine,
    handed: Handed,
    rrule: str,
    missed: str,
    ahead: int,
    is_change: bool,
    restarts: bool,
) -> None:
    loop = await running(database, machine.watch(), handed)
    task = await database.written(each(reminders.add), monthly(NOW)) if is_change else None
    await tick(loop)
    machine.wall += ahead
    for _ in range(2):
        await tick(loop)
        machine.pass_by(SECOND_LOOK)
    await tick(loop)
    now = loop.clock()
    start = machine.wall - ahead + HOUR  # in an hour by the true time
    timing = Timing(SHANGHAI, start, on_wall(start, SHANGHAI), rrule, (), missed)
    try:
        if task is None:
            columns = made(timing, now, Budget(CREATION_STEPS))
            task = await database.written(each(reminders.add), new_task(timing=columns, created_at=now))
        else:
            columns = rescheduled(timing, now, Budget(CREATION_STEPS))
            entry = replace(history_entry(task.id, now), detail={"rrule": rrule})
            change = reminders.Change(task.id, task.revision, columns, is_rescheduled=True, entry=entry)
            changed = await database.written(each(reminders.change), change)
            assert isinstance(changed, reminders.ReminderTask)
    except NoOccurrence:
        assert "COUNT" in rrule  # refused: by the false clock it is over
        return
    await tick(loop)
    machine.wall -= ahead
    if restarts:
        loop = await running(database, machine.watch(machine.wall), handed)
    await tick(loop)
    await live(loop, machine, start + 3 * DAY + HOUR)
    rang = rows(
        database.path,
        f"SELECT occurrence_at FROM user_notification WHERE task_id = {task.id} AND early = 0 ORDER BY occurrence_at",
    )
    expected = [start + day * DAY for day in range(3 if "COUNT" in rrule else 4)]
    assert list(rang) == expected


@pytest.mark.parametrize("missed", ["latest", "all", "skip"])
@pytest.mark.parametrize("is_change", [False, True])
@pytest.mark.parametrize(
    "restart", ["none", "ahead", "while it is set back", "set back over a stop", "ahead over a stop"]
)
async def test_what_is_made_by_a_clock_that_is_ahead_for_long_misses_no_dose(
    database: Database, machine: Machine, handed: Handed, missed: str, is_change: bool, restart: str
) -> None:
    """The clock is ahead by a day, and that is found out after three days: the false time of then has passed."""

    async def started() -> ReminderLoop:
        return await running(database, await machine.watch_from(database), handed)

    ahead = 26 * HOUR
    loop = await running(database, machine.watch(None), handed)
    task = await database.written(each(reminders.add), monthly(NOW)) if is_change else None
    await tick(loop)
    await live(loop, machine, NOW + 2 * HOUR)
    machine.wall += ahead
    if restart == "ahead over a stop":
        machine.pass_by(HOUR)
        loop = await started()
    for _ in range(3):
        await tick(loop)
        machine.pass_by(SECOND_LOOK)
    start = machine.wall - ahead + HOUR  # in an hour by the true time
    task_id = await _timed(database, task, start, missed, loop.clock())
    await tick(loop)
    if restart in ("ahead", "ahead over a stop"):
        loop = await started()
    await live(loop, machine, machine.wall + 3 * DAY)
    if restart == "set back over a stop":
        machine.pass_by(30 * HOUR)
    machine.wall -= ahead
    if restart in ("while it is set back", "set back over a stop"):
        loop = await started()
    await tick(loop)
    await live(loop, machine, machine.wall + DAY)
    planned = list(range(start, machine.wall + 1, DAY))
    query = f"SELECT planned_at FROM occurrence WHERE task_id = {task_id} AND planned_at >= {start} ORDER BY 1"
    assert list(rows(database.path, query))[: len(planned)] == planned
    if missed == "all":
        query = f"SELECT occurrence_at FROM user_notification WHERE task_id = {task_id} AND early = 0 ORDER BY 1"
        assert list(rows(database.path, query)) == planned


async def _timed(database: Database, task: reminders.ReminderTask | None, start: int, missed: str, now: int) -> int:
    """Make a daily task as a call would at `now`, or change one; its id."""
    timing = Timing(SHANGHAI, start, on_wall(start, SHANGHAI), "FREQ=DAILY", (), missed)
    budget = Budget(CREATION_STEPS)
    if task is None:
        new = new_task(timing=made(timing, now, budget), created_at=now)
        return (await database.written(each(reminders.add), new)).id
    entry = replace(history_entry(task.id, now), detail={"rrule": "FREQ=DAILY"})
    change = reminders.Change(task.id, task.revision, rescheduled(timing, now, budget), True, entry)
    assert isinstance(await database.written(each(reminders.change), change), reminders.ReminderTask)
    return task.id


@pytest.mark.parametrize("missed", ["latest", "all", "skip"])
async def test_what_is_made_by_a_right_clock_is_not_planned_anew(
    database: Database, machine: Machine, handed: Handed, missed: str
) -> None:
    """Before the clock goes wrong, and after it is right again: what was past by then leaves no row."""
    loop = await running(database, machine.watch(None), handed)
    tasks = [await database.written(each(reminders.add), monthly(NOW)) for _ in range(2)]
    await tick(loop)
    await live(loop, machine, NOW + 10 * HOUR)
    start = NOW + HOUR  # past by the time of the change
    ids = [await _timed(database, tasks[0], start, missed, loop.clock())]
    for by in (26 * HOUR, -26 * HOUR):
        machine.wall += by
        for _ in range(3):
            await tick(loop)
            machine.pass_by(SECOND_LOOK)
    await live(loop, machine, machine.wall + HOUR)
    ids.append(await _timed(database, tasks[1], start, missed, loop.clock()))
    await live(loop, machine, machine.wall + 2 * HOUR)
    for stop in (3 * SECOND, 30 * HOUR):
        machine.pass_by(stop)
        loop = await running(database, await machine.watch_from(database), handed)
        await live(loop, machine, machine.wall + HOUR)
    for task_id in ids:
        query = f"SELECT planned_at FROM occurrence WHERE task_id = {task_id} ORDER BY 1"
        assert list(rows(database.path, query)) == [start + DAY]


async def test_what_was_confirmed_too_early_does_not_ring_again(
    database: Database, machine: Machine, handed: Handed
) -> None:
    await daily(database, "all")
    loop = await running(database, machine.watch(), handed)
    machine.wall += 26 * HOUR
    for _ in range(2):
        await tick(loop)
        machine.pass_by(SECOND_LOOK)
    await tick(loop)
    early = handed.notifications[-1]
    await database.written(each(answers.confirm), asked(early.id, machine.wall))
    machine.wall -= 26 * HOUR
    await tick(loop)
    await live(loop, machine, NOW + 2 * DAY - HOUR)
    assert rows(
        database.path, f"SELECT count(*) FROM user_notification WHERE occurrence_at = {NOW + 20_000 + DAY}"
    ) == [1]


async def test_an_answer_to_the_early_notification_answers_the_one_at_its_time(
    database: Database, machine: Machine, handed: Handed
) -> None:
    """A device still shows the early one: confirmed there, the other, which was snoozed, does not come again."""
    await daily(database, "all")
    loop = await running(database, machine.watch(), handed)
    machine.wall += 26 * HOUR
    for _ in range(2):
        await tick(loop)
        machine.pass_by(SECOND_LOOK)
    await tick(loop)
    early = handed.notifications[-1]
    machine.wall -= 26 * HOUR
    await tick(loop)
    await live(loop, machine, NOW + DAY + HOUR)
    late = handed.notifications[-1]
    assert late.id != early.id
    until = machine.wall + HOUR
    await database.written(each(answers.snooze), to_snooze(late.id, until, machine.wall))
    await database.written(each(answers.confirm), asked(early.id, machine.wall))
    before = len(handed.notifications)
    await live(loop, machine, until + HOUR)
    assert len(handed.notifications) == before


async def test_nothing_is_deleted_while_the_clock_may_be_wrong(machine: Machine) -> None:
    ran: list[str] = []

    async def run() -> None:
        ran.append("deleted")

    async def other() -> None:
        ran.append("other")

    jobs = [Job("deletes", 1, run, deletes=True), Job("other", 1, other)]
    house = Housekeeping(jobs, machine.show)
    for job in jobs:
        house.run_pending(is_clock_sound=False)
        house._start(job)
    await within(_all_done(house))
    assert ran == ["other"]
    house.run_pending(is_clock_sound=True)
    house._start(jobs[0])
    await within(_all_done(house))
    assert ran == ["other", "deleted"]


async def _all_done(house: Housekeeping) -> None:
    for one in list(house._running.values()):
        await one


async def once(database: Database, wall: str, **columns: Any) -> int:
    moment = in_milliseconds(first_on_wall(datetime.fromisoformat(wall), SHANGHAI))
    timing = {"remind_at": moment, "next_on": wall, "zone_given": False, **columns}
    return (await database.written(each(reminders.add), new_task(timing=timing))).id


async def test_another_zone_of_the_clinic_moves_what_goes_by_its_wall(database: Database) -> None:
    """As does new zone data: instants follow from wall times at each start."""
    berlin = ZoneInfo("Europe/Berlin")
    local = await once(database, "2030-01-01T08:00:00")
    moment = await once(database, "2030-01-01T08:00:00", next_on=None)
    start = datetime(2030, 1, 1, 8)
    given, plain = [
        (
            await database.written(
                each(reminders.add),
                new_task(
                    timing={
                        **made(
                            Timing(
                                SHANGHAI,
                                in_milliseconds(first_on_wall(start, SHANGHAI)),
                                start,
                                "FREQ=DAILY",
                                (),
                                "all",
                            ),
                            NOW,
                            Budget(CREATION_STEPS),
                        ),
                        "zone_given": zone_given,
                    }
                ),
            )
        ).id
        for zone_given in (True, False)
    ]
    assert await derive_all(database, SHANGHAI) == 0
    assert await derive_all(database, berlin) == 2
    at = {zone: in_milliseconds(first_on_wall(start, zone)) for zone in (SHANGHAI, berlin)}
    found = dict(rows(database.path, "SELECT id, next_at FROM reminder_task"))
    assert found == {local: at[berlin], moment: at[SHANGHAI], given: at[SHANGHAI], plain: at[berlin]}
    assert await derive_all(database, berlin) == 0


async def test_a_start_while_the_clock_is_behind_rings_nothing_again(
    database: Database, machine: Machine, handed: Handed
) -> None:
    """The clock went back by 26 hours, and is not behind the last proven time any more when the program starts anew."""
    daily = {"rrule": "FREQ=HOURLY", "timezone": "Asia/Shanghai", "missed": "all", "starts_on": "2025-01-01T10:30:00"}
    timing = {"remind_at": NOW + HOUR // 2, "next_on": "2025-01-01T10:30:00", "exdates": "[]", **daily}
    await database.written(each(reminders.add), new_task(timing=timing))
    loop = await running(database, machine.watch(None), handed)
    await live(loop, machine, NOW + 5 * HOUR)
    machine.wall -= 26 * HOUR
    for stays in (27, 3, 30):
        await live(loop, machine, machine.wall + stays * HOUR)
        loop = await running(database, await machine.watch_from(database), handed)
    await live(loop, machine, machine.wall + 3 * HOUR)
    query = "SELECT count(*), count(DISTINCT occurrence_at) FROM user_notification"
    assert rows(database.path, query) == [(68, 68)]


async def test_a_clock_that_was_ahead_for_long_is_followed_after_seven_days_however_often_it_starts(
    database: Database, machine: Machine, handed: Handed
) -> None:
    loop = await running(database, machine.watch(None), handed)
    await live(loop, machine, NOW + DAY)
    machine.wall += 30 * DAY
    await live(loop, machine, machine.wall + 9 * DAY)
    assert loop.clock.is_proven
    machine.wall -= 30 * DAY
    for _ in range(7):
        assert loop.clock() - machine.wall > 29 * DAY
        await live(loop, machine, machine.wall + DAY)
        loop = await running(database, await machine.watch_from(database), handed)
        await tick(loop)
    machine.pass_by(2 * HOUR)
    await tick(loop)
    assert loop.clock() == machine.wall
