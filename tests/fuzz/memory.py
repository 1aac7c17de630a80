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
# By how much the last quarter of a run may take more than the second. The first is warm-up, and some of that goes on:
# each connection's pages of the file, some 3 MB by then, which SQLite bounds, and room that bursts took and the
# allocator cannot give back whole. Runs of a million came to 1.025 and 1.051; with 20 bytes kept of each packet to
# 1.138. It is 14 bytes for each of the things in between: less than an object takes.
MOST_GROWTH: Final = 1.08


@dataclass(frozen=True)
class Memory:
    """In bytes, of the program and of what it has started."""

    rss: int  # all that is in memory
    pss: int  # with a part of what it shares with other programs


def memory(server: Server) -> Memory:
    """Look now."""
    found = [_of(pid) for pid in _processes(server.process.pid)]
    return Memory(sum(one.rss for one in found), sum(one.pss for one in found))


def quarters(taken: Sequence[Memory]) -> list[float]:
    """Give the RSS that was usual in each quarter of what was taken, in bytes. What comes and goes, as garbage does,
    does not count."""
    length = len(taken) // 4
    return [median(one.rss for one in taken[len(taken) - (4 - number) * length :][:length]) for number in range(4)]


def growth(taken: Sequence[Memory]) -> float:
    """Give what the server took in the last quarter, as so many times what it took in the second."""
    _, second, _, last = quarters(taken)
    return last / second


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
