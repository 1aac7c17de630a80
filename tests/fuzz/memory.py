"""How much memory a server takes, and whether that is flat."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from tests.server import Server

MEGABYTE: Final = 1 << 20
# The share of a run in which all is kept once that is ever kept: pages of the file, compiled statements, and room for
# the garbage that gathers between two of the collector's rounds.
WARM_UP: Final = 0.3
# What may come after that. Of a million things it is some 18 bytes for each, less than an integer takes: whoever keeps
# anything of what is thrown needs more, and room that a burst took and the allocator does not give back is less. The
# rows that are stored are no excuse: SQLite holds as many pages of a large file as of a small one.
MOST_GROWTH: Final = 8 * MEGABYTE


@dataclass(frozen=True)
class Memory:
    """In bytes, of the program and of what it has started."""

    rss: int  # all that is in memory
    pss: int  # with a part of what it shares with other programs


def memory(server: Server) -> Memory:
    """Look now."""
    found = [_of(pid) for pid in _processes(server.process.pid)]
    return Memory(sum(one.rss for one in found), sum(one.pss for one in found))


def growth(taken: Sequence[Memory]) -> int:
    """Give by how many bytes the RSS grew after the warm-up: the median of the last third of what was taken after it,
    less that of its first third. What comes and goes, as garbage does, does not count."""
    after = [one.rss for one in taken[int(len(taken) * WARM_UP) :]]
    third = len(after) // 3
    return int(median(after[-third:]) - median(after[:third]))


def _processes(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _processes(int(child))


def _of(pid: int) -> Memory:
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    rss, pss = (re.search(rf"^{name}:\s+(\d+) kB$", told, re.MULTILINE) for name in ("Rss", "Pss"))
    assert rss
    assert pss
    return Memory(int(rss[1]) * 1024, int(pss[1]) * 1024)
