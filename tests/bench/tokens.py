"""Measure what tokens cost on this machine: `python tests/bench/tokens.py` (see docs/performance.md).

Pairs of runs, each with a fresh server: one that is open, and one that asks everybody for a token and writes the audit.
Which of the two comes first changes from pair to pair. Exit status 1 where anything was lost, doubled, out of order or
refused, or a run failed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

# Run by its path, so the project's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import servers
from tests.bench.bench import run_all, show
from tests.bench.document import put_between_marks
from tests.bench.report import Results
from tests.bench.servers import CARELINE, ROOT, WITH_TOKENS, Server
from tests.bench.tokens_report import MEASURES, Compared, Measure, about, markdown, tables

PAIRS: Final = 10  # of which the documents tell


def measured(results: Results, server: Server, workload: str, measure: Measure) -> list[float]:
    """Give what a quantity came to in each round."""
    rounds = zip(*(results.values(server, workload, key) for key in measure.keys), strict=True)
    return [statistics.mean(values) for values in rounds]


def main() -> int:
    """Measure as the command line says; give the exit status."""
    parser = argparse.ArgumentParser(description="Measure Careline with and without tokens.")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--seconds", type=float, default=1.5, help="timed part of each run (default 1.5)")
    options = parser.parse_args()
    console = Console()
    servers.allow_many_files()
    servers.build_programs()
    results = Results([CARELINE, WITH_TOKENS])
    before = os.getloadavg()[0]
    run_all(results, list(MEASURES), options.pairs, options.seconds, console)
    load = (before, os.getloadavg()[0])
    if results.faults:  # perhaps of a run that is missing, and then the others are no pairs
        show([], results.faults, console)
        return 1
    compared = [
        Compared(workload, measure, *(measured(results, server, workload, measure) for server in results.servers))
        for workload, measures in MEASURES.items()
        for measure in measures
    ]
    made = tables(compared)
    show(made, [], console)
    if options.pairs >= PAIRS:
        generator = max(run.values["generator_cpu"] for run in results.runs)
        said = about(options.pairs, options.seconds, load, generator)
        put_between_marks(ROOT / "docs" / "performance.md", "made by `make bench-tokens`", markdown(made, said))
        console.print("written: docs/performance.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
