"""A year of ladders in minutes: whatever the clocks do and whichever user answers, no ring is missing, none comes twice
and none after the answer, and each occurrence has one outcome.

The short form goes through weeks; TEST_LADDER_YEARS=1 goes through a year, TEST_LADDER_YEARS=10 through ten, and
TEST_SEED has a run again as it was.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from reminders import due
from store import answers, occurrences, quiet_hours, rungs
from store import file as stored
from store.clock import in_milliseconds
from tests.reminders.ladder_years import Machine, World
from tests.reminders.living import DAY, HOUR

YEARS: Final = int(os.environ.get("TEST_LADDER_YEARS", "0"))
DAYS: Final = YEARS * 3653 // 10 if YEARS else 16
ASKED: Final = os.environ.get("TEST_SEED")
SEEDS: Final = [int(ASKED or random.SystemRandom().randrange(10**9))] if ASKED or YEARS else [1, 301]


async def years(path: Path, seed: int, monkeypatch: pytest.MonkeyPatch, *, days: int = DAYS) -> tuple[World, str]:
    chance = random.Random(seed)
    start = datetime(2025, *((1, 1) if YEARS else chance.choice(((3, 4), (3, 24), (9, 25), (10, 22)))), tzinfo=UTC)
    begin = in_milliseconds(start)
    machine = Machine(chance, begin, 4 * DAY if YEARS else DAY, begin - HOUR, right_since=begin - DAY)
    machine.next_at = begin + 2 * DAY
    world = World(path, machine, begin + days * DAY)
    monkeypatch.setattr(due, "PLANNING", float("inf"))
    # What is committed is in the file all the same; only the machine may not lose its power.
    monkeypatch.setitem(stored.PRAGMAS, "synchronous", "off")
    for module, name in ((occurrences, "dispatch_once"), (occurrences, "dispatch_planned"), (rungs, "dispatch_due")):
        monkeypatch.setattr(module, name, world.doomed(getattr(module, name)))
    await world.populate(40)
    await world.live()
    told = (
        f"{days} days from {start:%Y-%m-%d} in five time zones: {world.starts} starts, {world.kills} of them after a"
        f" kill ({world.cuts} within a commit) and {world.stops} after a long stop, {world.ticks} ticks;"
        f" TEST_SEED={seed}\n"
        f"clock jumps: {dict(sorted(machine.jumps.items()))}\n{dict(sorted(world.done.items()))}"
    )
    return world, told


@pytest.mark.parametrize("seed", SEEDS, ids=["drawn"] if YEARS else None)
async def test_each_ring_is_the_model_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    world, told = await years(tmp_path / "careline.db", seed, monkeypatch)
    verdict = world.verdict
    found = (
        f"{verdict.rings} rings compared, {verdict.by_a_right_clock} of them by a clock that was right,"
        f" {verdict.in_a_kill} written before a kill in that moment; {world.model.merged} rungs merged,"
        f" {world.model.held} held, {world.model.set_back} set back; outcomes: {dict(verdict.outcomes)}"
    )
    with capsys.disabled():
        print(f"\n{told}\n{found}")  # noqa: T201
    assert not verdict.faults, f"{told}\n{len(verdict.faults)} faults, the first: {verdict.faults[:5]}"


def rings_after_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "end_ladder", lambda *_: None)
    monkeypatch.setattr(rungs, "_OCCURRENCE", f"{rungs._OCCURRENCE} OR (task_id = ?1 AND planned_on = ?2)")


def loses_a_rung_over_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    start = quiet_hours.start

    def lose(connection: sqlite3.Connection, clinic: quiet_hours.Clinic) -> None:
        connection.execute("UPDATE rung SET passed_at = ?1 WHERE passed_at IS NULL AND due_at <= ?1", (clinic.now,))
        start(connection, clinic)

    monkeypatch.setattr(quiet_hours, "start", lose)


def writes_missed_over_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_NO_MORE_RUNGS", f"{answers._NO_MORE_RUNGS} AND user_id IS NOT NULL")
    monkeypatch.setattr(rungs, "_OCCURRENCE", f"{rungs._OCCURRENCE} OR (task_id = ?1 AND planned_on = ?2)")


BROKEN: Final = [
    (rings_after_the_answer, "its outcome being"),
    (loses_a_rung_over_a_restart, "does not ring at"),
    (writes_missed_over_an_answer, "came to ('WRITTEN', 'MISSED', 'SYSTEM'"),
]


@pytest.mark.parametrize(("broken", "told"), BROKEN)
async def test_a_broken_build_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None], told: str
) -> None:
    broken(monkeypatch)
    world, _ = await years(tmp_path / "careline.db", 1, monkeypatch, days=16)
    assert any(told in fault for fault in world.verdict.faults), world.verdict.faults
