"""The short form of `make torture`, phones that vanish, ladders, replies, hooks, and broken builds that are caught."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.server import COMMAND
from tests.torture.climbing import climb
from tests.torture.hooking import hook
from tests.torture.patches import patched
from tests.torture.replying import reply
from tests.torture.torture import torture
from tests.torture.vanishing import vanish

KILLS: Final = 8
FEWER_KILLS: Final = 4  # where each takes seconds
# Mostly enough for a broken build to be caught. A machine that is busy needs some more of them.
KILLS_OF_BROKEN: Final = 3
TRIES: Final = 4


def folder(base: Path, seed: int) -> Path:
    """Make the folder of one try."""
    made = base / str(seed)
    made.mkdir()
    return made


def is_caught(symptom: str, tortured: Callable[[int], list[str]]) -> None:
    """Torture a broken build, by one seed after the other, until a fault has the symptom; fail where none has."""
    faults: list[str] = []
    for seed in range(1, TRIES + 1):
        faults += tortured(seed)
        if any(symptom in fault for fault in faults):
            return
    pytest.fail(f"none of these faults: {faults}")


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
        ("forgets_sessions", "旧前端: question"),
    ],
)
def test_a_broken_build_is_caught(tmp_path: Path, build: str, symptom: str) -> None:
    is_caught(symptom, lambda seed: torture(folder(tmp_path, seed), KILLS_OF_BROKEN, seed, patched(build)).faults)


def test_what_a_vanished_phone_was_handed_is_read_by_the_next(tmp_path: Path) -> None:
    seed = random.randrange(2**31)
    found = vanish(tmp_path, 3, 12, seed, patched("beats_fast"))
    assert found.unread == set(), f"seed {seed}"
    assert len(found.stored) == 48
    assert found.phones > 3


def test_a_build_that_forgets_to_take_back_is_caught(tmp_path: Path) -> None:
    found = vanish(tmp_path, 1, 24, 1, patched("forgets_to_take_back"))
    assert found.unread


def test_each_rung_rings_once_until_there_is_an_answer(tmp_path: Path) -> None:
    seed = random.randrange(2**31)
    found = climb(tmp_path, 1, seed, patched("clock_from_file"))
    assert not found.faults, f"seed {seed}"
    assert found.kills > 5
    assert found.rings > 24
    assert found.answered > 2
    assert found.missed > 2


@pytest.mark.parametrize(
    ("build", "killing", "symptom"),
    [
        ("rung_before_commit", True, "heard and not there"),
        ("rung_after_answer", False, "rung after its answer"),
        ("outcome_twice", False, "answered in two ways"),
    ],
)
def test_a_build_with_broken_ladders_is_caught(tmp_path: Path, build: str, killing: bool, symptom: str) -> None:
    broken = patched(build)
    is_caught(
        symptom, lambda seed: climb(folder(tmp_path, seed), 1, seed, broken, killing=killing, to_fault=True).faults
    )


def test_a_reply_reaches_its_people(tmp_path: Path) -> None:
    seed = random.randrange(2**31)
    found = reply(tmp_path, FEWER_KILLS, seed, COMMAND)
    assert not found.faults, f"seed {seed}"
    assert found.kills == FEWER_KILLS
    assert found.messages > 20
    assert found.reads > 10
    assert found.told > 5


@pytest.mark.parametrize(
    ("build", "symptom"),
    [
        ("counts_staff_only", "unread, and is told"),
        ("multiplies_replies", "more than one notification waits"),
        ("shows_staff_cursors", "a patient saw the staff-only message"),
    ],
)
def test_a_build_with_broken_replies_is_caught(tmp_path: Path, build: str, symptom: str) -> None:
    is_caught(symptom, lambda seed: reply(folder(tmp_path, seed), 0, seed, patched(build), settled=2.0).faults)


def test_a_hook_is_told_of_every_message_in_order(tmp_path: Path) -> None:
    seed = random.randrange(2**31)
    found = hook(tmp_path, FEWER_KILLS, seed, COMMAND)
    assert not found.faults, f"seed {seed}"
    assert found.kills == FEWER_KILLS
    assert found.messages > 20
    assert found.told >= found.messages


@pytest.mark.parametrize(
    ("build", "symptom"),
    [("tells_hooks_before_commit", "told and not there"), ("forgets_outbox", "never told")],
)
def test_a_build_with_a_broken_outbox_is_caught(tmp_path: Path, build: str, symptom: str) -> None:
    is_caught(symptom, lambda seed: hook(folder(tmp_path, seed), KILLS, seed, patched(build), settled=3.0).faults)
