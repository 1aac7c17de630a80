"""The housekeeping's timetable: every job in its turn, whatever the others do and whoever sets the clock."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from types import SimpleNamespace
from typing import Final

import pytest
import schedule

from reminders import housekeeping
from reminders.housekeeping import Housekeeping, Job

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


def counted(name: str, every: int, runs: list[str]) -> Job:
    return Job(name, every, lambda: runs.append(name))


def failing(name: str, every: int, runs: list[str]) -> Job:
    def run() -> None:
        runs.append(name)
        raise RuntimeError("bug")

    return Job(name, every, run)


def live(keeping: Housekeeping, clocks: Clocks, seconds: int) -> None:
    """As the reminder loop does: looks once a second."""
    for _ in range(seconds):
        clocks.pass_by(1)
        keeping.run_pending()


def test_each_job_runs_at_its_interval(clocks: Clocks) -> None:
    runs: list[str] = []
    keeping = Housekeeping([counted("minute", 60, runs), counted("hour", HOUR, runs)])
    live(keeping, clocks, 59)
    assert runs == []
    live(keeping, clocks, 1)
    assert runs == ["minute"]
    live(keeping, clocks, HOUR)
    assert runs.count("minute") in (60, 61)
    assert runs.count("hour") == 1


@pytest.mark.parametrize("make", [[failing, counted], [counted, failing], [failing, failing]])
def test_a_job_that_fails_starves_none(
    clocks: Clocks, caplog: pytest.LogCaptureFixture, make: list[Callable[[str, int, list[str]], Job]]
) -> None:
    runs: list[str] = []
    keeping = Housekeeping([one(str(number), 60, runs) for number, one in enumerate(make)])
    live(keeping, clocks, 190)
    assert runs == ["0", "1"] * 3
    assert caplog.text.count("failed") == 3 * make.count(failing)


@pytest.mark.parametrize("back", [31, HOUR, 24 * HOUR, 10 * 365 * 24 * HOUR])
def test_a_wall_clock_set_back_gives_the_jobs_no_rest(clocks: Clocks, back: int) -> None:
    runs: list[str] = []
    keeping = Housekeeping([counted("job", 60, runs)])
    live(keeping, clocks, 90)
    assert len(runs) == 1
    clocks.wall -= back
    live(keeping, clocks, 61)
    assert len(runs) == 2
    live(keeping, clocks, 600)
    assert len(runs) in (11, 12)


@pytest.mark.parametrize("forward", [31, HOUR, 24 * HOUR])
def test_a_wall_clock_set_forward_makes_no_storm(clocks: Clocks, forward: int) -> None:
    runs: list[str] = []
    keeping = Housekeeping([counted("job", 60, runs)])
    live(keeping, clocks, 90)
    clocks.wall += forward
    live(keeping, clocks, 61)
    assert len(runs) in (2, 3)
    live(keeping, clocks, 600)
    assert len(runs) in (11, 12, 13)


def test_a_clock_that_is_led_to_the_right_time_step_by_step_changes_nothing(clocks: Clocks) -> None:
    """As a time server does it: never more than it takes a moment to notice."""
    runs: list[str] = []
    keeping = Housekeeping([counted("job", 60, runs)])
    for _ in range(600):
        clocks.wall += 0.005
        live(keeping, clocks, 1)
    assert len(runs) == 10


def test_a_long_sleep_of_the_machine_runs_each_job_once(clocks: Clocks) -> None:
    runs: list[str] = []
    keeping = Housekeeping([counted("job", 60, runs)])
    clocks.pass_by(8 * HOUR)
    keeping.run_pending()
    assert runs == ["job"]
    live(keeping, clocks, 60)
    assert runs == ["job"] * 2
