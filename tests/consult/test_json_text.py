"""JSON that only Python's own reader takes, which calls itself for every level of it."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest

from consult.json_text import loads


class Ring:
    """What only the collector frees, and with a few calls of its own."""

    def __init__(self, freed: list[int]) -> None:
        self.ring = self
        self._freed = freed

    def __del__(self) -> None:
        self._freed.append(sum(self.levels(10)))

    def levels(self, left: int) -> list[int]:
        return [left, *(self.levels(left - 1) if left else [])]


def test_nothing_is_freed_in_the_depths_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no room for it there: what was to be freed would be left as it is, and a line in the log be no event."""
    found: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", found.append)
    freed: list[int] = []
    thresholds = gc.get_threshold()
    gc.collect()
    try:
        for first in range(10, 900, 10):
            Ring(freed)
            gc.set_threshold(first)
            with pytest.raises(ValueError, match="nested too deeply"):
                loads("[" * 5000)
    finally:
        gc.set_threshold(*thresholds)
    gc.collect()
    assert found == []
    assert len(freed) == len(range(10, 900, 10))
    assert gc.isenabled()
