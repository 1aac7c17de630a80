"""The short form of `make torture`, phones that vanish, and the broken builds that these must catch."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import pytest

from tests.server import COMMAND
from tests.torture.patches import patched
from tests.torture.torture import torture
from tests.torture.vanishing import vanish

KILLS: Final = 8
# Enough for a broken build to be caught at every run; each kill by itself mostly is.
KILLS_OF_BROKEN: Final = 3


def test_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    seed = random.randrange(2**31)
    found = torture(tmp_path, KILLS, seed, COMMAND)
    assert not found.faults, f"TORTURE_KILLS={KILLS} TORTURE_SEED={seed}"
    assert found.messages > 50
    assert found.notifications > 5
    assert found.snoozes > 2
    assert found.confirmed > 2
    assert found.connections > KILLS, "they came back"


@pytest.mark.parametrize(
    ("build", "symptom"),
    [
        ("emit_before_commit", "acknowledged and not there"),
        ("read_before_joining", "missing [("),
        ("no_unique_key", "stored more than once"),
        ("moved_on_first", "reminders without a row Counter({"),
        ("snoozes_in_memory", "what came again is not what was snoozed"),
    ],
)
def test_a_broken_build_is_caught(tmp_path: Path, build: str, symptom: str) -> None:
    found = torture(tmp_path, KILLS_OF_BROKEN, 1, patched(build))
    assert [fault for fault in found.faults if symptom in fault], found


def test_what_a_vanished_phone_was_handed_is_read_by_the_next(tmp_path: Path) -> None:
    seed = random.randrange(2**31)
    found = vanish(tmp_path, 3, 12, seed, patched("beats_fast"))
    assert found.unread == set(), f"seed {seed}"
    assert len(found.stored) == 48
    assert found.phones > 3


def test_a_build_that_forgets_to_take_back_is_caught(tmp_path: Path) -> None:
    found = vanish(tmp_path, 1, 24, 1, patched("forgets_to_take_back"))
    assert found.unread
