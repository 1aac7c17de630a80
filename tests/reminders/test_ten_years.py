"""Years of reminders in minutes: whatever the clocks do and whoever kills the program, no dose is missing, none rings
twice, and none rings after its answer.

The short form goes through weeks; TEST_TEN_YEARS=1 goes through ten years, and TEST_SEED has a run again as it was.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from reminders import due
from reminders.clock_watch import ClockWatch
from store import clock_faults, occurrences, snoozes
from store import file as stored
from store.clock import in_milliseconds
from tests.reminders.calendar import PLANNED
from tests.reminders.years import DAY, HOUR, PROVEN, SECOND, Machine, Verdict, World, judge
from tests.store.file import opened

ZONES: Final = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
OTHERS: Final = ("Europe/Moscow", "America/Chicago")
LONG: Final = os.environ.get("TEST_TEN_YEARS") == "1"
DAYS: Final = 3653 if LONG else 45
ASKED: Final = os.environ.get("TEST_SEED")
# Seeds, and whether zones change while the clock is ahead and at no other time.
WEEKS: Final = [(1, False), (2, True), (5, False), (4, True)]
RUNS: Final = [(int(ASKED or random.SystemRandom().randrange(10**9)), False)] if ASKED or LONG else WEEKS
# Every kind of rule in every zone, but for the one that rings six times a night.
OFTEN: Final = 2
# What happens in every run: errors of the clock and how long they last.
FORCED: Final = ((-3650 * DAY, 8 * HOUR), (40 * DAY, 50 * SECOND), (3650 * DAY, 45 * SECOND), (26 * HOUR, 8 * HOUR))


async def years(
    path: Path,
    seed: int,
    replace_zone: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    *,
    changes_ahead: bool = False,
) -> tuple[World, Verdict, str]:
    chance = random.Random(seed)
    starts = (2025, 3, 4), (2025, 10, 1), (2028, 2, 10)
    start = datetime(*((2025, 1, 1) if LONG else chance.choice(starts)), tzinfo=UTC)
    begin = in_milliseconds(start)
    every = 8 * DAY if LONG else 2 * DAY
    machine = Machine(
        chance, begin, begin + DAYS * DAY, every, booted=begin - HOUR, right_since=begin - PROVEN, proven_at=begin
    )
    machine.next_at, machine.forced = begin + 9 * DAY, list(reversed(FORCED))
    world = World(path, machine, "Asia/Shanghai", changes_ahead=changes_ahead)

    def change_clinic() -> None:
        world.clinic = "Europe/Berlin"

    def swap_zones() -> None:
        replace_zone("Europe/Berlin", "Europe/Berlin")
        replace_zone("America/New_York", "America/Chicago")

    changes = (lambda: replace_zone("Europe/Berlin", "Europe/Moscow"), change_clinic, swap_zones)
    world.changes = [(begin + DAYS * DAY * (2 + place) // 6, change) for place, change in enumerate(changes)]
    monkeypatch.setattr(due, "PLANNING", float("inf"))
    # What is committed is in the file all the same; only the machine may not lose its power.
    monkeypatch.setitem(stored.PRAGMAS, "synchronous", "off")
    for module, name in ((occurrences, "dispatch_once"), (occurrences, "dispatch_planned"), (snoozes, "dispatch_due")):
        monkeypatch.setattr(module, name, world.doomed(getattr(module, name)))
    async with opened(path) as database:
        for zone in (None, *ZONES):
            for place, planned in enumerate(PLANNED):
                if place != OFTEN or zone == "Australia/Lord_Howe":
                    missed = ("latest", "all", "skip")[(place + ZONES.index(zone or ZONES[0])) % 3]
                    await world.add(database, zone, planned, missed, DAYS, machine.true)
        for day in range(2, DAYS, 3):
            await world.add_once(database, day)
    world.count()
    await world.live()
    jumps = ", ".join(f"{count} {name}" for name, count in sorted(machine.jumps.items()))
    told = (
        f"{DAYS} days from {start:%Y-%m-%d} in {len(ZONES)} time zones, zone data replaced twice,"
        f" the clinic's zone changed once, {len(world.tasks)} tasks,"
        f" {world.added_ahead} of them made while the clock was ahead:"
        f" {world.starts} starts, {world.kills} of them after a kill, {len(world.ticks)} ticks; TEST_SEED={seed}\n"
        f"clock jumps: {jumps}\nanswers from three devices: {dict(world.answered)}"
    )
    return world, judge(world), told


@pytest.mark.parametrize(("seed", "ahead"), RUNS)
async def test_none_is_missing_and_none_comes_twice(
    tmp_path: Path,
    replace_zone: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seed: int,
    ahead: bool,
) -> None:
    world, verdict, told = await years(tmp_path / "careline.db", seed, replace_zone, monkeypatch, changes_ahead=ahead)
    found = (
        f"{verdict.compared} occurrences compared, {verdict.on_time} of them due while the server ran by a right clock;"
        f" {verdict.made_good} early rings made good, {verdict.again} rang again within the named limit"
    )
    with capsys.disabled():
        print(f"\n{told}\n{found}")  # noqa: T201
    assert not verdict.faults, f"{told}\n{len(verdict.faults)} faults, the first: {verdict.faults[:5]}"
    assert not world.changes
    assert verdict.on_time > verdict.compared / 4


async def test_a_clock_that_is_believed_at_once_is_found_out(
    tmp_path: Path, replace_zone: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken build: the simulation sees the doses that it costs."""

    def follow(watch: ClockWatch, offset: int, _: int) -> None:
        watch._offset = offset

    monkeypatch.setattr(ClockWatch, "_look", follow)
    _, verdict, _ = await years(tmp_path / "careline.db", 1, replace_zone, monkeypatch)
    assert verdict.faults


async def test_what_was_made_while_the_clock_was_ahead_is_found_out(
    tmp_path: Path, replace_zone: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third broken build: what was made while the clock was ahead goes on from the false time."""

    async def none_of_them(*_: Any) -> list[int]:
        return []

    monkeypatch.setattr(clock_faults, "timed_ahead", none_of_them)
    _, verdict, _ = await years(tmp_path / "careline.db", 1, replace_zone, monkeypatch)
    assert verdict.faults


# What came too early comes again by its moment: another zone reads another wall time off it.
BY_ITS_MOMENT: Final = """UPDATE reminder_task SET status = 'PENDING', revision = revision + 1,
    next_on = CASE WHEN rrule IS NULL THEN next_on WHEN ?4 <> '' THEN NULL END,
    next_at = CASE WHEN next_at IS NULL OR next_at > ?3 THEN ?3 ELSE next_at END WHERE id = ?1"""


async def test_a_set_back_by_moments_is_found_out(
    tmp_path: Path, replace_zone: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another broken build: zones change, and doses of before are taken back by the moments that they had."""
    monkeypatch.setattr(clock_faults, "_DUE_AGAIN", BY_ITS_MOMENT)
    monkeypatch.setattr(clock_faults, "planned_moment", by_the_zone_of_its_time)
    _, verdict, _ = await years(tmp_path / "careline.db", 3, replace_zone, monkeypatch, changes_ahead=True)
    assert verdict.faults


def by_the_zone_of_its_time(*_: Any) -> int:
    raise ValueError
