"""Copies made for safety's sake: a few of each kind stay, and none goes before its time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from store.clock import system_clock
from store.old_copies import SETTLED, delete_old

RESTORED: Final = [f"careline.db.before-restore-2025010{day}-100000" for day in range(1, 6)]
MIGRATED: Final = [f"careline.db.before-000{number}_something_new" for number in range(2, 7)]
OTHERS: Final = [
    *("careline.db", "careline.db-wal", "careline.db.daily-2025-01-01", "careline.db.before-lunch", "notes"),
    *("other.db.before-restore-20250101-100000", "careline.db.before-restore-20250101-100000.copy"),
]


def left(path: Path, now: int) -> set[str]:
    """Makes all of these files, and gives those that are there once the old ones are deleted."""
    beside = [f"{RESTORED[0]}-wal", f"{RESTORED[4]}-wal"]
    for name in (*RESTORED, *MIGRATED, *OTHERS, *beside):
        (path.parent / name).touch()
    delete_old(path, now)
    return {one.name for one in path.parent.iterdir()}


def test_the_newest_of_each_kind_stay(path: Path) -> None:
    now = system_clock() + SETTLED + 60_000
    assert left(path, now) == {*RESTORED[2:], f"{RESTORED[4]}-wal", *MIGRATED[2:], *OTHERS}


def test_none_goes_in_its_first_week(path: Path) -> None:
    """Who restores one backup after the other may want back what was there before the first."""
    assert left(path, system_clock() + SETTLED - 60_000) >= {*RESTORED, *MIGRATED}


def test_where_there_are_none(path: Path) -> None:
    delete_old(path, system_clock())
    assert list(path.parent.iterdir()) == []
