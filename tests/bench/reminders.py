"""Measure reminders on this machine: `python tests/bench/reminders.py` (see docs/performance.md).

First a morning: many reminders due in the same second, with users connected and messages sent meanwhile, beside a timer
loop on Node and beside APScheduler. Then a file of a million tasks: what it costs to wait, and how late the next is.
Exit status 1 where anything was lost, doubled, early or refused, or a run failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console

# Run by its path, so the project's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import store.sqlite  # noqa: F401

# isort: split
import sqlite3

from store import schema
from tests.bench import servers
from tests.bench.bench import show
from tests.bench.document import Table, load_average, machine, put_between_marks
from tests.bench.servers import BUILD, CARELINE, PEERS, BenchError, Running, Server

PAIRS: Final = 20  # questions in which messages are sent meanwhile
PACE: Final = 100  # milliseconds between an acknowledgement and the next message
YEAR: Final = 366 * 86_400_000  # milliseconds
FAULTS: Final = ("lost", "doubled", "wrong", "early", "failed", "errors", "lost_acks", "cut")
NODE: Final = Server("node", "Node timer loop", "node", {"SYNCHRONOUS": "FULL", "GROUP": "0"}, "reminders.mjs")
GROUPED: Final = Server("grouped", "Node, grouped", "node", {"SYNCHRONOUS": "FULL", "GROUP": "1"}, "reminders.mjs")
APSCHEDULER: Final = Server("apscheduler", "APScheduler", "python", {}, "reminders_apscheduler.py")
ALL_PEERS: Final = (NODE, GROUPED, APSCHEDULER)
REMINDERS: Final = 100_000
WAITING: Final = 1_000_000
ALONE: Final = 3_000  # of them, each due at a moment of its own
DOCUMENT: Final = servers.ROOT / "docs" / "performance.md"
HEAD: Final = [
    *("", "notifications/s", "Careline is", "late p50, ms", "late p99, ms", "ack p99 meanwhile, ms", "reminders"),
]

Values = dict[str, float]


@dataclass(frozen=True)
class Morning:
    """So many reminders for so many users, all due at one moment (milliseconds since 1970)."""

    reminders: int
    users: int
    due: int

    def rows(self) -> list[tuple[Any, ...]]:
        """The tasks as rows: whose, what, when."""
        return [
            (
                number % self.users + 1,
                self.content(number % self.users, number // self.users, self.due_at(number) * 1_000_000),
                self.due_at(number),
            )
            for number in range(self.reminders)
        ]

    def due_at(self, _: int) -> int:
        """When one of them is due, by its number (milliseconds since 1970)."""
        return self.due

    @staticmethod
    def content(user: int, which: int, due_ns: int) -> str:
        """A text with the mark that the load generator knows it by."""
        return f"请在 20:00 前完成今日降压药服用 ~{user:08x}{which:08x}{due_ns:016x}~"


def fill_careline(database: Path, rows: list[tuple[Any, ...]], waiting: int = 0) -> None:
    """Make Careline's file, with the tasks in it and others that wait for next year."""
    database.touch()
    schema.migrate(database)
    insert = (
        "INSERT INTO reminder_task (user_id, biz_type, biz_id, channel, title, content, remind_at, status, created_at,"
        " next_at) VALUES (?1, 'INTERVENTION_TASK', 12345, 'IN_APP', '服药提醒', ?2, ?3, 'PENDING', 0, ?3)"
    )
    later = time.time_ns() // 1_000_000 + YEAR
    with closing(sqlite3.connect(database)) as connection:
        connection.executemany(insert, ((number % 2000 + 1, "很久以后", later + number) for number in range(waiting)))
        connection.executemany(insert, rows)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_peer(database: Path, rows: list[tuple[Any, ...]]) -> None:
    """Make a peer's file with the same tasks."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            """CREATE TABLE reminder_task (
                id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, biz_type TEXT NOT NULL,
                biz_id INTEGER NOT NULL, channel TEXT NOT NULL, title TEXT NOT NULL, content TEXT,
                remind_at INTEGER NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL)"""
        )
        connection.execute("CREATE INDEX due ON reminder_task (remind_at, id) WHERE status = 'PENDING'")
        connection.executemany(
            "INSERT INTO reminder_task (user_id, biz_type, biz_id, channel, title, content, remind_at, status,"
            " created_at) VALUES (?, 'INTERVENTION_TASK', 12345, 'IN_APP', '服药提醒', ?, ?, 'PENDING', 0)",
            rows,
        )
        connection.commit()


def fill_apscheduler(database: Path, rows: list[tuple[Any, ...]]) -> None:
    """The same as jobs."""
    fill_peer(database, rows)
    subprocess.run([sys.executable, str(PEERS / "reminders_apscheduler.py"), str(database), "fill"], check=True)


def load(target: Running, morning: Morning, pairs: int, *ladder: int) -> subprocess.Popen[str]:
    """Start the load generator, which binds the users and waits. With a ladder each reminder rings so many times, so
    many milliseconds apart."""
    questions = ",".join(map(str, target.open_questions(range(1, pairs + 1))))
    shape = [morning.users, morning.reminders, morning.due, PACE, *ladder]
    what = "ladders" if ladder else "remind"
    command = [str(BUILD / "load"), str(target.port), str(target.pid), what, *map(str, shape), questions]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(target: Running, generator: subprocess.Popen[str], reminders: int) -> Values:
    """What the load generator found; the rows are held against it."""
    out, errors = generator.communicate(timeout=900)
    if generator.returncode:
        raise BenchError(errors.strip()[:500])
    values: Values = json.loads(out)
    with closing(sqlite3.connect(target.database)) as connection:
        (stored,) = connection.execute("SELECT COUNT(*) FROM user_notification").fetchone()
    if stored != reminders:
        raise BenchError(f"{stored} rows of {reminders}")
    values["per_s"] = values["notified"] / max(values["seconds"], 0.001)
    return values


def measure_morning(server: Server, reminders: int, users: int) -> Values:
    """One morning with a fresh server."""
    filling: dict[str, tuple[Callable[[Path, list[tuple[Any, ...]]], None], float]] = {
        "careline": (fill_careline, 20 + reminders / 20_000),
        "apscheduler": (fill_apscheduler, 30 + reminders / 500),
    }
    fill, lead = filling.get(server.name, (fill_peer, 20 + reminders / 20_000))
    morning = Morning(reminders, users, int((time.time() + lead) * 1000))
    rows = morning.rows()
    with servers.running(server, lambda database: fill(database, rows)) as target:
        return result(target, load(target, morning, PAIRS), reminders)


def processor_seconds(pid: int) -> float:
    """What the process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(pid: int, seconds: float) -> float:
    """The share of a core that the process uses while nothing is asked of it."""
    before = processor_seconds(pid)
    time.sleep(seconds)
    return (processor_seconds(pid) - before) / seconds


def measure_waiting(waiting: int, users: int, due: int, seconds: float) -> Values:
    """A file of so many pending tasks, of which `due` come one after the other, 20 ms apart."""
    lead = 40 + waiting / 20_000 + 2 * seconds
    first = int((time.time() + lead) * 1000)
    rows = [
        (
            number % users + 1,
            Morning.content(number % users, number // users, (first + 20 * number) * 1_000_000),
            first + 20 * number,
        )
        for number in range(due)
    ]
    with servers.running(CARELINE, lambda database: fill_careline(database, rows, waiting)) as target:
        time.sleep(3)
        alone = idle(target.pid, seconds)
        generator = load(target, Morning(due, users, first), 0)
        time.sleep(max(0.0, first / 1000 - time.time() - seconds - 1))
        connected = idle(target.pid, seconds)
        values = result(target, generator, due)
    return {**values, "idle": 100 * alone, "idle_connected": 100 * connected}


def morning_rows(found: dict[str, list[Values]], titles: dict[str, str]) -> list[list[str]]:
    """The medians, and how many times better Careline is."""
    own = median(run["per_s"] for run in found["careline"]) if found.get("careline") else 0.0
    rows = []
    for name, runs in found.items():
        if runs:
            middle = {key: median(run[key] for run in runs) for key in runs[0]}
            times = "" if name == "careline" else f"{own / middle['per_s']:.1f} times"
            late = [f"{middle[key]:,.0f}" for key in ("late_p50_ms", "late_p99_ms", "ack_p99_ms", "notified")]
            rows.append([titles[name], f"{middle['per_s']:,.0f}", times, *late])
    return rows


def waiting_told(values: Values, waiting: int, users: int) -> str:
    """What it costs to wait, in a sentence."""
    return (
        f"{waiting:,} pending tasks: a reminder is late by {values['late_p50_ms']:.1f} ms in the middle, by"
        f" {values['late_p99_ms']:.1f} ms at the 99th percentile of {values['notified']:,.0f}; waiting takes"
        f" {values['idle']:.2f}% of a core, {values['idle_connected']:.2f}% with {users:,} users connected."
    )


def measured_on(load: tuple[float, float]) -> str:
    """The day and the machine; `load` is its load average before and after."""
    return f"{machine()}, SQLite {sqlite3.sqlite_version}; {load_average(*load)}."


def main() -> int:
    """Measure as the command line says; give the exit status."""
    parser = argparse.ArgumentParser(description="Measure Careline's reminders beside Node and APScheduler.")
    parser.add_argument("--rounds", type=int, default=3, help="of the first part (default 3); 0: none")
    parser.add_argument("--reminders", type=int, default=REMINDERS)
    parser.add_argument("--apscheduler-reminders", type=int, default=10_000, help="fewer, since it takes its time")
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--waiting", type=int, default=WAITING, help="pending tasks of the second part; 0: none")
    parser.add_argument("--peers", default=",".join(peer.name for peer in ALL_PEERS), help="'' for none")
    options = parser.parse_args()
    console = Console()
    servers.allow_many_files()
    servers.build_programs()
    measured = [CARELINE, *(peer for peer in ALL_PEERS if peer.name in options.peers.split(","))]
    if options.rounds and len(measured) > 1 and not servers.install_peers():
        console.print("npm did not give the peers: Careline is measured alone")
        measured = [CARELINE]

    faults: list[str] = []

    def run(what: str, measure: Callable[[], Values]) -> Values | None:
        try:
            values = measure()
        except BenchError as fault:
            faults.append(f"{what}: {fault}")
            return None
        faults.extend(f"{what}: {key} {values[key]:.0f}" for key in FAULTS if values[key])
        console.print(f"{what}: {json.dumps(values)}", highlight=False)
        return values

    before = os.getloadavg()[0]
    found: dict[str, list[Values]] = {server.name: [] for server in measured}
    for turn in range(options.rounds):
        for server in measured:
            count = options.apscheduler_reminders if server is APSCHEDULER else options.reminders
            what = f"{server.title}, round {turn + 1}"
            values = run(what, lambda server=server, count=count: measure_morning(server, count, options.users))  # type: ignore[misc]
            if values:
                found[server.name].append(values)
    if options.rounds:
        rows = morning_rows(found, {server.name: server.title for server in measured})
        table = Table("reminders due in the same second", HEAD, rows)
        show([table], [], console)
        if options.reminders == REMINDERS and len(rows) == 1 + len(ALL_PEERS) and not faults:
            rounds = f"Medians of {options.rounds}" if options.rounds > 1 else "One round"
            text = f"{rounds}. {measured_on((before, os.getloadavg()[0]))}\n\n{table.markdown()}"
            put_between_marks(DOCUMENT, "made by `make bench-reminders`", text)
            console.print(f"written: {DOCUMENT}")
    if options.waiting:
        before, what = os.getloadavg()[0], f"{options.waiting:,} pending tasks"
        values = run(what, lambda: measure_waiting(options.waiting, options.users, ALONE, 20.0))
        if values:
            told = waiting_told(values, options.waiting, options.users)
            console.print(told, highlight=False)
            if options.waiting == WAITING and not faults:
                text = f"{told} {measured_on((before, os.getloadavg()[0]))}"
                put_between_marks(DOCUMENT, "made by `make bench-reminders BENCH='--rounds 0'`", text)
                console.print(f"written: {DOCUMENT}")
    show([], faults, console)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
