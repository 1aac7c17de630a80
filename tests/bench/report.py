"""What the measurements say: tables of medians and ratios, for the terminal and for docs/, and the plot."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.axes import Axes

from tests.bench.document import Table
from tests.bench.servers import CARELINE, LIMIT, Server

# A run in which the load generator took more of its core than this is marked: it may have held the server back.
GENERATOR_LIMIT: Final = 0.85
MARK: Final = " †"


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    `higher_is_better` decides which way its ratio is taken, `by_generator` whether a busy generator could change it.
    """

    key: str
    title: str
    higher_is_better: bool = False
    decimals: int = 1
    by_generator: bool = True


CHAT_METRICS: Final = (
    Metric("acks_per_s", "acks/s", True, 0),
    Metric("deliveries_per_s", "deliveries/s", True, 0),
    Metric("ack_p50_ms", "ack latency p50, ms", False, 2),
    Metric("ack_p99_ms", "ack latency p99, ms", False, 2),
    Metric("delivery_p50_ms", "delivery latency p50, ms", False, 2),
    Metric("delivery_p99_ms", "delivery latency p99, ms", False, 2),
    Metric("server_us_per_delivery", "server's processor time per delivery, µs", False, 2),
)
CONNECT_METRICS: Final = (
    Metric("paced_1_s", "first wave, 100 under way at once, s", False, 2),
    Metric("paced_2_s", "second wave, 100 under way at once, s", False, 2),
    Metric("at_once_1_s", "first wave, all at once, s", False, 2),
    Metric("at_once_2_s", "second wave, all at once, s", False, 2),
    Metric("refused", "refused, of all waves", False, 0, False),
    Metric("rss_per_connection_kb", "memory (RSS) per idle connection, KB", False, 1, False),
    Metric("pss_per_connection_kb", "memory (PSS) per idle connection, KB", False, 1, False),
    Metric("leave_cpu_s", "processor time when all leave (costliest wave), s", False, 2, False),
)


@dataclass(frozen=True)
class Run:
    """One server under one workload once: what the load generator reported, flat."""

    server: Server
    workload: str
    values: dict[str, float]


@dataclass
class Results:
    """Every run, and every fault: a run that failed, or one that lost, doubled or misplaced something."""

    servers: list[Server]
    runs: list[Run] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    sqlite: dict[int, float] = field(default_factory=dict)

    def values(self, server: Server, workload: str, key: str) -> list[float]:
        """Give what was measured in each round."""
        return [run.values[key] for run in self.runs if run.server == server and run.workload == workload]

    def median(self, server: Server, workload: str, key: str) -> float | None:
        """Give the median over the rounds, None where nothing was measured."""
        values = self.values(server, workload, key)
        return statistics.median(values) if values else None

    def workloads(self) -> list[str]:
        """Give the workloads that were measured, in the order of their first run."""
        return list(dict.fromkeys(run.workload for run in self.runs))

    def cell(self, workload: str, metric: Metric, server: Server) -> str:
        """Show a median, how many times better Careline is, and the mark of a busy generator."""
        value = self.median(server, workload, metric.key)
        if value is None:
            return "–"
        text = f"{value:,.{metric.decimals}f}"
        ratio = self.ratio(workload, metric, server)
        if ratio is not None:
            text += f" ({ratio:.1f}×)"
        if metric.by_generator and max(self.values(server, workload, "generator_cpu")) > GENERATOR_LIMIT:
            text += MARK
        return text

    def ratio(self, workload: str, metric: Metric, server: Server) -> float | None:
        """Give how many times better Careline is than the server, None where there is nothing to compare."""
        own, other = (self.median(one, workload, metric.key) for one in (CARELINE, server))
        if server == CARELINE or not own or not other:
            return None
        return own / other if metric.higher_is_better else other / own

    def worst(self, workloads: Sequence[str], metric: Metric, server: Server) -> str:
        """Show where Careline does worst beside the server: the smallest ratio of all workloads, and its workload."""
        ratios = {one: ratio for one in workloads if (ratio := self.ratio(one, metric, server)) is not None}
        if not ratios:
            return "–"
        workload = min(ratios, key=ratios.__getitem__)
        return f"{ratios[workload]:.1f}× ({workload})"

    def _table(self, title: str, first: str, rows: Iterable[tuple[str, Callable[[Server], str]]]) -> Table:
        return Table(
            title,
            [first, *(server.title for server in self.servers)],
            [[name, *(cell(server) for server in self.servers)] for name, cell in rows],
        )

    def tables(self) -> list[Table]:
        """Give all tables that these results fill."""
        chats = [workload for workload in self.workloads() if workload != "connect"]
        made = []
        for metric in CHAT_METRICS if chats else ():
            rows = [("worst", partial(self.worst, chats, metric))]
            rows += [(chat, partial(self.cell, chat, metric)) for chat in chats]
            made.append(self._table(metric.title, "workload", rows))
        if "lecture" in chats and "seminar" in chats:
            made.append(self._table("cost of a delivery by size of room", "", [("1,000 ÷ 100", self._room_cost)]))
        if chats:
            shares = [(chat, partial(self._generator_share, chat)) for chat in chats]
            made.append(self._table("load generator's share of a core, largest of all rounds", "workload", shares))
        if "connect" in self.workloads():
            rows = [(metric.title, partial(self.cell, "connect", metric)) for metric in CONNECT_METRICS]
            made.append(self._table("4,000 clients connect and join", "", rows))
        if self.sqlite:
            header = ["messages to a transaction", *(str(group) for group in self.sqlite)]
            rates = ["messages/s", *(f"{rate:,.0f}" for rate in self.sqlite.values())]
            made.append(Table("bare SQLite inserts, FULL", header, [rates]))
        return made

    def _room_cost(self, server: Server) -> str:
        large = self.median(server, "lecture", "server_us_per_delivery")
        small = self.median(server, "seminar", "server_us_per_delivery")
        return f"{large / small:.2f}" if large and small else "–"

    def _generator_share(self, workload: str, server: Server) -> str:
        shares = self.values(server, workload, "generator_cpu")
        return f"{max(shares):.2f}" if shares else "–"


def markdown(tables: Sequence[Table], about: str, faults: Sequence[str]) -> str:
    """Give the document for docs/."""
    parts = ["# Measured\n", about]
    parts += [f"## {table.title}\n\n{table.markdown()}" for table in tables]
    parts.append(
        "## Faults\n\n"
        + (
            "\n".join(f"- {fault}" for fault in faults)
            or "None: nothing was lost, doubled, out of order or refused in any run."
        )
    )
    return "\n\n".join(parts) + "\n"


def plot(results: Results, path: Path) -> None:
    """Draw acks/s, ack latency, connect time and memory of every server into a PNG."""
    mpl.use("Agg")
    chats = [workload for workload in results.workloads() if workload != "connect"]
    shown = [server for server in results.servers if server != LIMIT]
    figure, places = pyplot.subplots(2, 2, figsize=(14, 9), layout="constrained")
    acks, p99, connect, memory = places.flat
    _bars(acks, results, shown, [(chat, chat, "acks_per_s") for chat in chats])
    acks.set(title="messages acknowledged, /s (higher is better)", yscale="log")
    _bars(p99, results, shown, [(chat, chat, "ack_p99_ms") for chat in chats])
    p99.set(title="ack latency p99, ms (lower is better)", yscale="log")
    waves = [
        ("paced", "connect", "paced_1_s"),
        ("again", "connect", "paced_2_s"),
        ("at once", "connect", "at_once_1_s"),
        ("again", "connect", "at_once_2_s"),
    ]
    _bars(connect, results, shown, waves)
    connect.set(title="4,000 clients connect and join, s (lower is better)")
    _bars(
        memory,
        results,
        shown,
        [("RSS", "connect", "rss_per_connection_kb"), ("PSS", "connect", "pss_per_connection_kb")],
    )
    memory.set(title="memory per idle connection, KB (lower is better)")
    # Above all four: within one it would lie over its bars.
    figure.legend(*acks.get_legend_handles_labels(), loc="outside upper center", ncols=len(shown))
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _bars(axes: Axes, results: Results, servers: Sequence[Server], groups: Sequence[tuple[str, str, str]]) -> None:
    width = 0.8 / len(servers)
    for place, server in enumerate(servers):
        heights = [results.median(server, workload, key) or 0 for _, workload, key in groups]
        lefts = [group + (place - (len(servers) - 1) / 2) * width for group in range(len(groups))]
        axes.bar(lefts, heights, width, label=server.title, color=f"C{place}")
    axes.set_xticks(range(len(groups)), [label for label, _, _ in groups])
    axes.grid(axis="y", alpha=0.3)
