"""Measure ladders on this machine: `python tests/bench/ladders.py` (see docs/performance.md).

Reminders come due over a minute, with users connected and messages sent meanwhile: once without ladders, once with
ladders of four rungs for the same user, so that each rings five times. Then a file of a million rungs that are to come:
what it costs to wait. Exit status 1 where anything was lost, doubled, early or refused, or a run failed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from rich.console import Console

# Run by its path, so the project's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import store.sqlite  # noqa: F401

# isort: split
import sqlite3

from tests.bench import servers
from tests.bench.document import put_between_marks
from tests.bench.reminders import (
    DOCUMENT,
    FAULTS,
    PAIRS,
    YEAR,
    Morning,
    Values,
    fill_careline,
    idle,
    load,
    measured_on,
    result,
)
from tests.bench.servers import CARELINE, BenchError

MINUTE: Final = 60_000  # milliseconds within which the reminders are due
APART: Final = 60_000  # milliseconds between two rings of one reminder
RUNGS: Final = 4
HOUR: Final = 3_600_000
FOLLOW_UP: Final = (
    "UPDATE reminder_task SET follow_up = json_array("
    + ", ".join(f"json_array({APART * (rung + 1)}, user_id)" for rung in range(RUNGS))
    + f", json_array({HOUR}, NULL))"
)
# As occurrences leave them that have rung for the first time.
WAITING: Final = (
    "UPDATE reminder_task SET status = 'DISPATCHED', next_at = NULL",
    "INSERT INTO occurrence (task_id, planned_on, planned_at, at, outcome)"
    " SELECT id, remind_at, remind_at, remind_at, 'WRITTEN' FROM reminder_task",
    "INSERT INTO rung (task_id, planned_on, number, user_id, due_at)"
    " SELECT id, remind_at, value, user_id, remind_at + value * 60000"
    f" FROM reminder_task, (SELECT value FROM json_each(?1) LIMIT {RUNGS})",
)


class SpreadOut(Morning):
    """The same, due one after the other over a minute."""

    def due_at(self, number: int) -> int:
        return self.due + number * MINUTE // self.reminders


def run_on(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            connection.execute(statement, [str(list(range(1, RUNGS + 1)))] if "?1" in statement else [])
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def measure(reminders: int, users: int, rungs: int) -> Values:
    """A minute in which so many come due, each with so many rungs, or none."""
    spread = SpreadOut(reminders, users, int((time.time() + 20 + reminders / 10_000) * 1000))

    def fill(database: Path) -> None:
        fill_careline(database, spread.rows())
        if rungs:
            run_on(database, FOLLOW_UP)

    with servers.running(CARELINE, fill) as target:
        return result(target, load(target, spread, PAIRS, 1 + rungs, APART), reminders * (1 + rungs))


def measure_waiting(rungs: int, seconds: float) -> float:
    """Return the percentage of a core that a server with so many rungs to come uses."""
    later = time.time_ns() // 1_000_000 + YEAR
    rows = [(number % 2000 + 1, "很久以后", later + number) for number in range(rungs // RUNGS)]

    def fill(database: Path) -> None:
        fill_careline(database, rows)
        run_on(database, *WAITING)

    with servers.running(CARELINE, fill) as target:
        time.sleep(3)
        return 100 * idle(target.pid, seconds)


def told(name: str, values: Values) -> str:
    """What was found, in a line of a table."""
    figures = [values["per_s"], *(values[key] for key in ("late_p50_ms", "late_p99_ms", "ack_p99_ms", "notified"))]
    return f"| {name} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + " |"


def main() -> int:
    """Measure as the command line says; give the exit status."""
    parser = argparse.ArgumentParser(description="Measure Careline's ladders beside reminders without them.")
    parser.add_argument("--reminders", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--waiting", type=int, default=1_000_000, help="rungs that are to come; 0: not measured")
    options = parser.parse_args()
    console = Console()
    servers.allow_many_files()
    servers.build_programs()
    before, faults = os.getloadavg()[0], []
    lines = [
        "| | rings/s | late p50, ms | late p99, ms | ack p99 meanwhile, ms | rings |",
        "|---|---|---|---|---|---|",
    ]
    for name, rungs in (("without ladders", 0), (f"ladders of {RUNGS} rungs", RUNGS)):
        try:
            values = measure(options.reminders, options.users, rungs)
        except BenchError as fault:
            faults.append(f"{name}: {fault}")
            continue
        faults += [f"{name}: {key} {values[key]:.0f}" for key in FAULTS if values[key]]
        lines.append(told(name, values))
        console.print(f"{name}: {values}", highlight=False)
    text = "\n".join(lines)
    if options.waiting:
        share = measure_waiting(options.waiting, 20.0)
        text += f"\n\n{options.waiting:,} rungs that are to come take {share:.2f}% of a core."
    console.print(text, highlight=False)
    for one in faults:
        console.print(f"FAULT: {one}", highlight=False)
    if not faults and vars(options) == vars(parser.parse_args([])):
        put_between_marks(
            DOCUMENT, "made by `make bench-ladders`", f"{measured_on((before, os.getloadavg()[0]))}\n\n{text}"
        )
        console.print(f"written: {DOCUMENT}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
