"""JSON that only Python's own reader takes, which calls itself for every level of it."""

from __future__ import annotations

import gc
import json
import random
import sys
from typing import Any

import pytest

from consult.json_text import LONGEST_ODD, loads

HALF = "\\ud83d"


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


@pytest.mark.parametrize(
    "long",
    [
        f'["{HALF}",' + ",".join(['{"a":1}'] * 120_000) + "]",
        f'["{HALF}",' + ",".join(["1"] * 400_000) + "]",
        "[" + ",".join([f'"{HALF}"'] * 100_000) + "]",
        "[1e400," + ",".join(["1"] * 400_000) + "]",
        "[" * 400_000,
    ],
    ids=["objects", "numbers", "halves", "no number", "depth"],
)
def test_pythons_own_reader_gets_nothing_long(monkeypatch: pytest.MonkeyPatch, long: str) -> None:
    """It takes a tenth of a second for a megabyte."""
    read: list[int] = []
    slow = json.loads

    def counted(text: str, **given: Any) -> Any:
        read.append(len(text))
        return slow(text, **given)

    monkeypatch.setattr(json, "loads", counted)
    try:
        loads(long.encode())
    except ValueError:
        assert HALF not in long
    assert max(read, default=0) <= LONGEST_ODD


def test_half_an_emoji_is_read_as_nul() -> None:
    """Wherever it stands, and nothing else is; the pairs of it that are whole stay as they are."""
    chance = random.Random(7)
    parts = ["\\\\", "\\ud83d", "\\ude00", "\\uD83D", "\\uDE00", "\\n", '\\"', "ud83d", "\\u0041", "文", "d8", "😀"]
    for _ in range(20_000):
        content = "".join(chance.choices(parts, k=chance.randrange(8)))
        text = f'{{"a":["{content}"],"{content}":1}}'
        expected = json.loads(text)["a"][0]
        halves_gone = "".join("\0" if "\ud800" <= letter <= "\udfff" else letter for letter in expected)
        assert loads(text.encode())["a"] == [halves_gone], text
