"""What pairs of runs with and without tokens say: a table for docs/."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.document import Table, load_average, machine
from tests.bench.workloads import WARM_UP


@dataclass(frozen=True)
class Measure:
    """One quantity: the mean of what is reported under these keys."""

    title: str
    keys: tuple[str, ...]
    higher_is_better: bool
    decimals: int


_CHAT: Final = (
    Measure("acks/s", ("acks_per_s",), True, 0),
    Measure("ack p99, ms", ("ack_p99_ms",), False, 1),
    Measure("server's processor time per delivery, µs", ("server_us_per_delivery",), False, 1),
)
# By workload.
MEASURES: Final = {
    "pairs": _CHAT,
    "ward": _CHAT,
    "connect": (
        Measure("100 under way at once, s", ("paced_1_s", "paced_2_s"), False, 2),
        Measure("all at once, s", ("at_once_1_s", "at_once_2_s"), False, 2),
        Measure("server's processor time, all four waves, s", ("server_cpu_s",), False, 2),
        Measure("memory (RSS) per idle connection, KB", ("rss_per_connection_kb",), False, 1),
    ),
}


@dataclass(frozen=True)
class Compared:
    """What one quantity came to, pair by pair."""

    workload: str
    measure: Measure
    without: Sequence[float]
    with_tokens: Sequence[float]

    def ratios(self) -> list[float]:
        """Give how many times better each pair is with tokens: below 1 they cost something."""
        pairs = zip(self.without, self.with_tokens, strict=True)
        return [own / bare if self.measure.higher_is_better else bare / own for bare, own in pairs]

    def summary(self) -> list[str]:
        """Give its row: the medians, the ratios' median, their middle half, the smallest and the largest."""
        ratios = self.ratios()
        low, middle, high = statistics.quantiles(ratios, method="inclusive") if len(ratios) > 1 else ratios * 3
        return [
            f"{self.workload}: {self.measure.title}",
            self._shown(statistics.median(self.without)),
            self._shown(statistics.median(self.with_tokens)),
            f"{middle:.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{min(ratios):.2f} to {max(ratios):.2f}",
        ]

    def pair(self, place: int) -> str:
        """Give one pair: without, with, and the ratio."""
        without, own = self._shown(self.without[place]), self._shown(self.with_tokens[place])
        return f"{without} / {own} ({self.ratios()[place]:.2f})"

    def _shown(self, value: float) -> str:
        return f"{value:,.{self.measure.decimals}f}"


def tables(compared: Sequence[Compared]) -> list[Table]:
    """Give the medians with their spread, and every pair."""
    header = ["medians", "without", "with tokens", "ratio", "its middle half", "smallest to largest"]
    made = [Table("with tokens and without", header, [one.summary() for one in compared])]
    for workload in dict.fromkeys(one.workload for one in compared):
        some = [one for one in compared if one.workload == workload]
        rows = [[str(place + 1), *(one.pair(place) for one in some)] for place in range(len(some[0].without))]
        made.append(Table(f"{workload}, each pair", [workload, *(one.measure.title for one in some)], rows))
    return made


def about(pairs: int, seconds: float, load: tuple[float, float], generator: float) -> str:
    """Say what was measured where, and how busy the machine and the load generator were: `load` is the machine's load
    average before and after, `generator` the largest share of a core."""
    return (
        f"{machine()}. {pairs} interleaved pairs, of {seconds:g} s after {WARM_UP:g} s of warm-up where messages are "
        f"sent; nothing was lost, doubled, out of order or refused. The load generator took at most {generator:.0%} of "
        f"a core; {load_average(*load)}."
    )


def markdown(made: Sequence[Table], about: str) -> str:
    """Give the figures as they stand in docs/performance.md."""
    return "\n\n".join([about, *(table.markdown() for table in made)])
