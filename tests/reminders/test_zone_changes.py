"""An occurrence is a wall time of its task: no change of zone or zone data loses one, doubles one or moves one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from reminders.budget import CREATION_STEPS, Budget
from reminders.clock_watch import SECOND_LOOK
from reminders.tasks import Timing, made, rescheduled, timing_of
from store import answers, reminders
from store.clock import first_on_wall, in_milliseconds, on_wall
from store.database import Database
from store.history import Entry
from store.transaction import each
from tests.reminders.conftest import Handed
from tests.reminders.living import DAY, HOUR, SECOND, SHANGHAI, Machine, live, running, tick
from tests.store.file import rows
from tests.store.samples import NOW, asked, new_task

BERLIN: Final = ZoneInfo("Europe/Berlin")
UTC: Final = ZoneInfo("UTC")


async def repeating(database: Database, zone: ZoneInfo, starts_on: datetime, rrule: str, *, given: bool = False) -> int:
    """A task that goes by the clinic's wall, unless its zone is given."""
    timing = Timing(zone, in_milliseconds(first_on_wall(starts_on, zone)), starts_on, rrule, (), "all")
    columns = {**made(timing, NOW, Budget(CREATION_STEPS)), "zone_given": given}
    return (await database.written(each(reminders.add), new_task(timing=columns))).id


def rang(path: Path) -> list[Any]:
    """When the true clock rang each time, and for which moment."""
    return rows(path, "SELECT created_at, occurrence_at FROM user_notification ORDER BY id")


async def set_clock(machine: Machine, loop: Any, by: int) -> None:
    """Set the wall clock, which is believed after a second look."""
    machine.wall += by
    for _ in range(2):
        await tick(loop)
        machine.pass_by(SECOND_LOOK)
    await tick(loop)


async def test_what_rang_too_early_rings_by_the_zone_of_its_time(
    database: Database, machine: Machine, handed: Handed, path: Path
) -> None:
    """It rang by the zone of before, while the clock was ahead; it goes back by its wall time, not by its moment."""
    await repeating(database, SHANGHAI, datetime(2025, 1, 2, 8), "FREQ=DAILY")
    loop = await running(database, machine.watch(), handed)
    await set_clock(machine, loop, 10 * DAY)
    assert len(handed.notifications) == 10
    machine.wall -= 10 * DAY
    loop = await running(database, machine.watch(machine.wall), handed, BERLIN)
    await tick(loop)
    await live(loop, machine, NOW + 5 * DAY)
    eight = [in_milliseconds(datetime(2025, 1, day, 8, tzinfo=BERLIN)) for day in range(2, 6)]
    assert [moment for _, moment in rang(path)[10:]] == eight
    assert all(moment <= at < moment + HOUR for at, moment in rang(path)[10:])


async def test_a_clock_set_back_behind_a_change_of_zone_moves_no_dose(
    database: Database, machine: Machine, handed: Handed, path: Path
) -> None:
    """Doses from before the change are due again: at their wall times, and none beside them."""
    await repeating(database, SHANGHAI, datetime(2025, 1, 2, 8), "FREQ=DAILY")
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, NOW + 4 * DAY)
    machine.pass_by(HOUR)
    loop = await running(database, machine.watch(machine.wall - HOUR), handed, BERLIN)
    await live(loop, machine, NOW + 5 * DAY)
    assert len(handed.notifications) == 4
    proven = NOW - 20 * DAY
    loop = await running(database, machine.watch(proven), handed, BERLIN)
    await set_clock(machine, loop, -4 * DAY)
    machine.pass_by(SECOND)
    await tick(loop)
    machine.wall += 4 * DAY
    await set_clock(machine, loop, 0)
    await live(loop, machine, NOW + 7 * DAY)
    walls = {on_wall(at, SHANGHAI).isoformat() for _, at in rang(path)[:4]}
    assert walls == {f"2025-01-0{day}T08:00:00" for day in range(2, 6)}
    again = [on_wall(at, BERLIN).isoformat() for _, at in rang(path)[4:]]
    assert again == [f"2025-01-0{day}T08:00:00" for day in range(3, 8)]


async def test_two_wall_times_that_come_to_one_moment_are_two(
    database: Database, machine: Machine, handed: Handed, path: Path
) -> None:
    """Of a rule of every seven hours the next comes to the moment of the last, where a zone is seven hours ahead."""
    await repeating(database, BERLIN, datetime(2025, 1, 1, 10), "FREQ=HOURLY;INTERVAL=7")
    loop = await running(database, machine.watch(), handed, BERLIN)
    await live(loop, machine, NOW + 8 * HOUR, SECOND * 600)
    assert [on_wall(at, BERLIN).hour for _, at in rang(path)] == [10]
    loop = await running(database, machine.watch(machine.wall), handed, SHANGHAI)
    await tick(loop)
    assert [on_wall(at, SHANGHAI).hour for _, at in rang(path)] == [17, 17]
    await live(loop, machine, NOW + 18 * HOUR, SECOND * 600)
    assert [on_wall(at, SHANGHAI).isoformat() for _, at in rang(path)[2:]] == ["2025-01-02T00:00:00"]


async def test_what_was_confirmed_too_early_does_not_ring_in_another_zone(
    database: Database, machine: Machine, handed: Handed, path: Path
) -> None:
    await repeating(database, SHANGHAI, datetime(2025, 1, 2, 8), "FREQ=DAILY")
    loop = await running(database, machine.watch(), handed)
    await set_clock(machine, loop, 3 * DAY)
    early = handed.notifications[1]
    await database.written(each(answers.confirm), asked(early.id, machine.wall))
    machine.wall -= 3 * DAY
    loop = await running(database, machine.watch(machine.wall), handed, BERLIN)
    await tick(loop)
    await live(loop, machine, NOW + 4 * DAY)
    assert [on_wall(at, BERLIN).day for at, _ in rang(path)[3:]] == [2, 4]


async def test_a_dose_that_rang_before_its_time_in_the_new_zone_rings_then(
    database: Database, machine: Machine, handed: Handed, path: Path
) -> None:
    """By the zone of before its time has passed when the clock is right again; by the zone of now it is to come."""
    await repeating(database, SHANGHAI, datetime(2025, 1, 1, 20), "FREQ=DAILY")
    loop = await running(database, machine.watch(), handed)
    await set_clock(machine, loop, 12 * HOUR)
    assert len(handed.notifications) == 1
    machine.pass_by(11 * HOUR)  # 21:01 in Shanghai, 14:01 in Berlin
    machine.wall -= 12 * HOUR
    loop = await running(database, machine.watch(machine.wall), handed, BERLIN)
    await tick(loop)
    await live(loop, machine, NOW + 23 * HOUR)
    assert [on_wall(at, BERLIN).hour for at, _ in rang(path)[1:]] == [20]


async def test_a_time_that_clocks_skip_stays_what_it_is(
    database: Database, machine: Machine, handed: Handed, path: Path, replace_zone: Callable[[str, str], None]
) -> None:
    """With zone data that no longer skips it, it rings at its own time, not at the end of the gap."""
    spring = in_milliseconds(datetime(2025, 3, 29, 12, tzinfo=BERLIN))
    machine.wall = spring
    await repeating(database, ZoneInfo("Europe/Berlin"), datetime(2025, 3, 29, 2, 30), "FREQ=DAILY", given=True)
    loop = await running(database, machine.watch(spring), handed)
    await tick(loop)
    replace_zone("Europe/Berlin", "Africa/Lagos")
    loop = await running(database, machine.watch(spring), handed)
    await live(loop, machine, spring + DAY, SECOND * 600)
    lagos = ZoneInfo("Africa/Lagos")
    assert [on_wall(at, lagos).isoformat() for _, at in rang(path)[1:]] == ["2025-03-30T02:30:00"]


async def test_a_zone_that_a_client_changes_makes_new_occurrences(
    database: Database, machine: Machine, handed: Handed, path: Path
) -> None:
    """The same wall time is meant anew in another place: it rings there as well."""
    task_id = await repeating(database, SHANGHAI, datetime(2025, 1, 2, 8), "FREQ=DAILY", given=True)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, NOW + DAY)
    assert len(handed.notifications) == 1
    task = await reminders.get(database, task_id)
    assert task is not None
    columns = rescheduled(timing_of(task, SHANGHAI).moved(BERLIN), machine.wall, Budget(CREATION_STEPS))
    entry = Entry(machine.wall, "changed", "API", task_id)
    change = reminders.Change(task_id, task.revision, columns, True, entry)
    await database.written(each(reminders.change), change)
    await live(loop, machine, NOW + DAY + 12 * HOUR)
    assert [on_wall(at, BERLIN).isoformat() for at, _ in rang(path)[1:]] == ["2025-01-02T08:00:00"]
