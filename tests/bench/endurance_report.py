"""What an endurance run says: a table and a plot for docs/."""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot

from tests.bench.document import load_average, machine, put_between_marks, rows_in_markdown
from tests.bench.endurance import IN_FLIGHT, MEMBERS, ROOMS, WARM_UP, Endurance, Sample

ROWS: Final = 10
MB: Final = 1e6


def markdown(run: Endurance) -> str:
    """Give the figures as they stand in docs/performance.md."""
    names = list(run.idle_before)
    head = [
        "messages",
        "acks/s",
        "ack p50, ms",
        "p99",
        "WAL, MB",
        "memory, MB",
        "file, MB",
        *(f"{n}, ms" for n in names),
    ]
    lines = [head, ["---:"] * len(head), *(_row(some, names) for some in _parts(run.samples))]
    idle = [
        ["a quiet server", *(f"{name}, ms" for name in names)],
        ["---", *["---:"] * len(names)],
        [f"after {WARM_UP:,} messages", *(f"{run.idle_before[name]:.2f}" for name in names)],
        ["in the end", *(f"{run.idle_after[name]:.2f}" for name in names)],
    ]
    return f"{_about(run)}\n\n{rows_in_markdown(lines)}\n\n{rows_in_markdown(idle)}"


def _about(run: Endurance) -> str:
    last, (began, ended) = run.samples[-1], run.backup
    largest = [max((one.wal for one in some), default=0) / MB for some in (run.usual(), run.while_backing_up())]
    told = "; ".join(run.faults) or "none was lost, doubled or refused"
    return (
        f"{machine()}, SQLite {sqlite3.sqlite_version}: {last.acks:,} messages in {last.seconds:,.0f} s, in {ROOMS} "
        f"rooms of {MEMBERS}, {IN_FLIGHT} under way in each; {told}. The WAL was of at most {largest[0]:.1f} MB, of "
        f"{largest[1]:.0f} MB around the backup half way, which took {ended - began:.0f} s, and of "
        f"{run.wal_after / MB:.1f} MB in the end. "
        f"The load generator took {run.generator_cpu:.0%} of a core; "
        f"{load_average(run.load[0][0], run.load[1][0])}."
    )


def _parts(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    step = max(1, len(samples) // ROWS)
    return [samples[place : place + step] for place in range(0, len(samples), step)]


def _row(some: Sequence[Sample], names: Sequence[str]) -> list[str]:
    def median(of: Sequence[float], decimals: int) -> str:
        return f"{statistics.median(of):,.{decimals}f}"

    return [
        f"{some[-1].acks:,}",
        median([one.acks_per_s for one in some], 0),
        median([one.ack_p50 for one in some], 1),
        median([one.ack_p99 for one in some], 1),
        f"{max(one.wal for one in some) / MB:.1f}",
        median([one.memory / MB for one in some], 1),
        f"{some[-1].database / MB:.0f}",
        *(median([one.queries[name] for one in some], 1) for name in names),
    ]


def write(run: Endurance, text: str, docs: Path) -> None:
    """Put the figures between their marks in performance.md, and the plot beside it."""
    put_between_marks(docs / "performance.md", "made by `make endurance`", text)
    plot(run, docs / "endurance.png")


def plot(run: Endurance, path: Path) -> None:
    """Draw sizes and times as they went."""
    mpl.use("Agg")
    figure, places = pyplot.subplots(2, 2, figsize=(14, 8), layout="constrained", sharex=True)
    wal, sizes, latency, queries = places.flat
    along = f"seconds, in which {run.samples[-1].acks:,} messages were sent"
    at = [one.seconds for one in run.samples]
    wal.plot(at, [one.wal / MB for one in run.samples], color="C0")
    wal.set(title="WAL, MB: the largest of each stretch (grey: a backup)", ylim=(0, None))
    sizes.plot(at, [one.memory / MB for one in run.samples], color="C1")
    sizes.set(title="the server's memory (RSS), MB", ylim=(0, 1.5 * max(one.memory for one in run.samples) / MB))
    latency.plot(at, [one.ack_p50 for one in run.samples], color="C2", label="p50")
    latency.plot(at, [one.ack_p99 for one in run.samples], color="C3", label="p99")
    latency.set(
        title="acknowledgement, ms",
        ylim=(0, None),
        xlabel=along,
    )
    for name in run.idle_before:
        queries.plot(at, [one.queries[name] for one in run.samples], label=name)
    queries.set(
        title="other queries at the same time, ms",
        ylim=(0, None),
        xlabel=along,
    )
    latency.legend()
    queries.legend()
    for axes in places.flat:
        axes.grid(alpha=0.3)
        axes.axvspan(*run.backup, color="grey", alpha=0.3)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
