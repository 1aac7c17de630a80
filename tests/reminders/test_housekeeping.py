"""The housekeeping's timetable: every job in its turn, whatever the others do and whoever sets the clock."""

from __future__ import annotations

import asyncio
import datetime
from types import SimpleNamespace
from typing import Final

import pytest
import schedule

from reminders import housekeeping
from reminders.housekeeping import Housekeeping, Job, Outcome
from store.transaction import WriteRefused
from tests.store.file import within
from tests.store.samples import NOW

HOUR: Final = 3600


class Clocks:
    """The wall clock, which anybody may set, and the one that only goes on."""

    def __init__(self) -> None:
        self.wall = 1_735_696_800.0
        self.steady = 1000.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Put in the place of the machine's clocks, for the housekeeping and for `schedule`."""
    clocks = Clocks()

    class Wall(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Wall:
            return cls.fromtimestamp(clocks.wall, tz)

    monkeypatch.setattr(
        housekeeping, "time", SimpleNamespace(time=lambda: clocks.wall, monotonic=lambda: clocks.steady)
    )
    monkeypatch.setattr(
        schedule, "datetime", SimpleNamespace(datetime=Wall, timedelta=datetime.timedelta, time=datetime.time)
    )
    return clocks


class Runs(list[str]):
    """The names of the jobs that ran, in their order."""

    def whole(self, name: str, every: int) -> Job:
        async def run() -> None:
            self.append(name)

        return Job(name, every, run)

    def failing(self, name: str, every: int) -> Job:
        async def run() -> None:
            self.append(name)
            raise RuntimeError("bug")

        return Job(name, every, run)


@pytest.fixture
def runs() -> Runs:
    return Runs()


def keeping(*jobs: Job) -> Housekeeping:
    return Housekeeping(list(jobs), lambda: NOW)


async def live(keeping: Housekeeping, clocks: Clocks, seconds: int) -> None:
    """As the reminder loop does: looks once a second; what it starts comes to its end."""
    for _ in range(seconds):
        clocks.pass_by(1)
        keeping.run_pending()
        await asyncio.sleep(0)


async def test_each_job_runs_at_its_interval(clocks: Clocks, runs: Runs) -> None:
    house = keeping(runs.whole("minute", 60), runs.whole("hour", HOUR), runs.whole("off", 0))
    await live(house, clocks, 59)
    assert runs == []
    await live(house, clocks, 1)
    assert runs == ["minute"]
    await live(house, clocks, HOUR)
    assert runs.count("minute") in (60, 61)
    assert runs.count("hour") == 1
    assert "off" not in runs


@pytest.mark.usefixtures("clocks")
async def test_all_run_at_once_when_asked(runs: Runs) -> None:
    house = keeping(runs.whole("minute", 60), runs.failing("hour", HOUR), runs.whole("off", 0))
    await house.run_all()
    assert runs == ["minute", "hour"], "all are over"
    await house.stop()
    await house.run_all()
    assert runs == ["minute", "hour"]


@pytest.mark.parametrize("kinds", [["failing", "whole"], ["whole", "failing"], ["failing", "failing"]])
async def test_a_job_that_fails_starves_none(
    clocks: Clocks, runs: Runs, caplog: pytest.LogCaptureFixture, kinds: list[str]
) -> None:
    house = keeping(*(getattr(runs, kind)(str(number), 60) for number, kind in enumerate(kinds)))
    await live(house, clocks, 190)
    assert runs == ["0", "1"] * 3
    assert caplog.text.count("failed") == kinds.count("failing"), "each is told once"


async def test_how_each_job_went_is_kept(clocks: Clocks, runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of the disk is told in its own words and logged in one line; a bug is named, and logged whole."""
    full = True

    async def write() -> None:
        if full:
            raise WriteRefused("database or disk is full")

    house = keeping(Job("write", 60, write), runs.failing("broken", 60), runs.whole("late", HOUR), runs.whole("off", 0))
    assert house.outcomes == {"write": None, "broken": None, "late": None, "off": None}
    assert list(house.outcomes) == ["write", "broken", "late", "off"]
    await live(house, clocks, 60)
    assert house.outcomes["write"] == Outcome(NOW, "database or disk is full")
    assert "the job write failed: database or disk is full" in caplog.text
    assert caplog.text.count("Traceback") == 1
    broken = house.outcomes["broken"]
    assert broken is not None
    assert "RuntimeError" in broken.result
    assert (house.outcomes["late"], house.outcomes["off"]) == (None, None)
    await live(house, clocks, 60)
    full = False
    await live(house, clocks, 60)
    assert house.outcomes["write"] == Outcome(NOW, "ok")
    told = [record.getMessage() for record in caplog.records if "job write" in record.getMessage()]
    assert told == ["the job write failed: database or disk is full", "the job write is done again"]


async def test_a_job_that_is_under_way_is_not_started_again(clocks: Clocks) -> None:
    started, go_on = 0, asyncio.Event()

    async def long() -> None:
        nonlocal started
        started += 1
        await go_on.wait()

    house = keeping(Job("long", 60, long))
    await live(house, clocks, 190)
    assert (started, house.outcomes["long"]) == (1, None)
    go_on.set()
    await live(house, clocks, 60)
    assert started == 2
    assert house.outcomes["long"] == Outcome(NOW, "ok")


async def test_a_stop_breaks_off_what_is_under_way(clocks: Clocks, runs: Runs) -> None:
    broken_off = []

    async def long() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            broken_off.append(True)

    house = keeping(Job("long", 60, long), runs.whole("late", 120))
    await live(house, clocks, 60)
    await within(house.stop())
    assert broken_off == [True]
    await live(house, clocks, 120)
    assert runs == []
    assert house.outcomes["long"] is None


@pytest.mark.parametrize("back", [31, HOUR, 24 * HOUR, 10 * 365 * 24 * HOUR])
async def test_a_wall_clock_set_back_gives_the_jobs_no_rest(clocks: Clocks, runs: Runs, back: int) -> None:
    house = keeping(runs.whole("job", 60))
    await live(house, clocks, 90)
    assert len(runs) == 1
    clocks.wall -= back
    await live(house, clocks, 61)
    assert len(runs) == 2
    await live(house, clocks, 600)
    assert len(runs) in (11, 12)


@pytest.mark.parametrize("forward", [31, HOUR, 24 * HOUR])
async def test_a_wall_clock_set_forward_makes_no_storm(clocks: Clocks, runs: Runs, forward: int) -> None:
    house = keeping(runs.whole("job", 60))
    await live(house, clocks, 90)
    clocks.wall += forward
    await live(house, clocks, 61)
    assert len(runs) in (2, 3)
    await live(house, clocks, 600)
    assert len(runs) in (11, 12, 13)


async def test_a_clock_that_is_led_to_the_right_time_step_by_step_changes_nothing(clocks: Clocks, runs: Runs) -> None:
    """As a time server does it: never more than it takes a moment to notice."""
    house = keeping(runs.whole("job", 60))
    for _ in range(600):
        clocks.wall += 0.005
        await live(house, clocks, 1)
    assert len(runs) == 10


async def test_a_long_sleep_of_the_machine_runs_each_job_once(clocks: Clocks, runs: Runs) -> None:
    house = keeping(runs.whole("job", 60))
    clocks.pass_by(8 * HOUR - 1)
    await live(house, clocks, 1)
    assert runs == ["job"]
    await live(house, clocks, 60)
    assert runs == ["job"] * 2
