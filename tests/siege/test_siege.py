"""The short form of `make siege`, and two broken builds that it must catch."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.siege.found import Found
from tests.siege.siege import Plan, lenient, siege
from tests.torture.patches import patched

SECONDS: Final = 6.0
SHORT: Final = (0.2, 0.7)  # seconds of one attack
LONG: Final = (3.0, 6.0)
LONGEST: Final = 40.0  # seconds until a broken build has to be caught; on a free machine it takes a few
FEW: Final = 3  # acknowledgements
SEEDS: Final = ("1", os.environ.get("TEST_SIEGE_SEED") or str(random.randrange(2**31)))
# Limits on what users may ask at all, so that what is broken is not hidden behind them.
UNLIMITED: Final = tuple(
    word
    for name in ("connection-events", "connection-bytes", "user-events", "user-bytes", "user-rows", "user-reminders")
    for word in (f"--{name}", "0")
)


@pytest.mark.parametrize(("tokens", "seed"), [(True, SEEDS[0]), (False, SEEDS[1])], ids=["tokens", "no tokens"])
def test_honest_people_do_not_notice(tmp_path: Path, tokens: bool, seed: str) -> None:
    plan = Plan(SECONDS, seed, tokens, stops=1, lenient=True, lengths=SHORT)
    found = siege(tmp_path, plan)
    told = "\n".join([*found.report(), *found.per_attack(), *found.faults])
    assert not found.faults, f"TEST_SIEGE_SEED={seed}\n{told}"
    assert len(found.attacks) > 20, told
    assert found.messages > 20, told
    assert found.notifications > 3, told
    assert len(found.stops) == 3, told


def is_late(found: Found) -> bool:
    """Look whether the loop does more than it may between a message and its acknowledgement."""
    return len(found.work) > FEW and found.work.share(0.99) > lenient(found).work_p99


def is_taken(found: Found) -> bool:
    """Look whether an attack got what it should not."""
    return any(made.taken for made in found.attacks)


@pytest.mark.parametrize(
    ("build", "attack", "enough", "symptom"),
    [
        ("no_share", "frames.floods_at_once", is_late, "the loop does too much else"),
        ("no_rule_budget", "rules.costly_at_once", is_taken, "an attack is not refused"),
    ],
    ids=["no share", "no rule budget"],
)
def test_a_broken_build_is_caught(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    build: str,
    attack: str,
    enough: Callable[[Found], bool],
    symptom: str,
) -> None:
    monkeypatch.setattr("tests.server.COMMAND", patched(build))
    plan = Plan(
        LONGEST,
        seed="1",
        tokens=True,
        stops=0,
        lenient=True,
        attacks=[attack],
        lengths=LONG,
        arguments=UNLIMITED,
        enough=enough,
    )
    found = siege(tmp_path, plan)
    told = "\n".join([*found.report(), *found.faults])
    assert found.kinds[symptom], told
