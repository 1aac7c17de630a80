"""Measure what telling participants of replies costs: `python tests/bench/replies.py`.

Pairs of runs, each with a fresh server: one that tells nobody, and one that notifies, in whose questions as many
participants are away as there are in the room. Which of the two comes first changes from pair to pair. Exit status 1
where anything was lost, doubled, out of order or refused, or a run failed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

# Run by its path, so the project's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import servers
from tests.bench.bench import run_all, show
from tests.bench.report import Results
from tests.bench.servers import CARELINE, NOTIFYING

WORKLOADS: Final = ("pairs", "ward")


def main() -> int:
    """Measure as the command line says; give the exit status."""
    parser = argparse.ArgumentParser(description="Measure Careline with and without notifications of replies.")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="timed part of each run (default 3)")
    options = parser.parse_args()
    console = Console()
    servers.allow_many_files()
    servers.build_programs()
    results = Results([CARELINE, NOTIFYING])
    run_all(results, list(WORKLOADS), options.pairs, options.seconds, console)
    show([], results.faults, console)
    for workload in WORKLOADS if not results.faults else ():
        silent, telling = (results.values(server, workload, "acks_per_s") for server in results.servers)
        ratio = statistics.median(own / bare for bare, own in zip(silent, telling, strict=True))
        console.print(
            f"{workload}: {statistics.median(silent):,.0f} acks/s, {statistics.median(telling):,.0f} where replies "
            f"notify and half of the participants are away: {ratio:.2f} times"
        )
    return 1 if results.faults else 0


if __name__ == "__main__":
    sys.exit(main())
