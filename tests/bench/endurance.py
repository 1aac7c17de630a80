"""An hour's worth of messages in quick time: `python tests/bench/endurance.py` (see docs/performance.md).

A server with its housekeeping hurried alike, 200 rooms whose members send as fast as they are answered, a backup half
way; every few seconds the sizes of WAL, memory and file, and the times of what else a front end asks. Exit status 1
where a message was lost, doubled or refused, the WAL did not get small again, or memory grew.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

# Run by its path, so the project's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import servers
from tests.bench.servers import BUILD, ROOT, BenchError, Running, Server

ROOMS, MEMBERS, SENDERS, IN_FLIGHT = 200, 2, 1, 1
WARM_UP: Final = 20_000  # messages before the first of the figures
NOTIFICATIONS: Final = 300
USER: Final = 1001
# At ten thousand messages a second an hour's two million are there in minutes: so the jobs come more often, too.
HURRIED: Final = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); import main, reminders.jobs as jobs;"
    " jobs.SHRINK_EVERY, jobs.TIDY_EVERY = 5, 40; sys.exit(main.main(sys.argv[1:]))"
)
# What must be zero.
FAULTS: Final = ("failed", "errors", "lost_acks", "lost", "doubled", "out_of_order", "wrong", "cut")
WAL_BOUND: Final = 64 * 2**20  # bytes, while nobody reads for long
MEMORY_BOUND: Final = 1.15  # times what it was in the second quarter


class Hurried(Server):
    """Careline with its jobs at short intervals."""

    def command(self, database: Path) -> list[str]:
        """Give the command line that serves from that SQLite file."""
        return [sys.executable, "-c", HURRIED, "serve", "--port", "0", "--database", str(database)]


@dataclass(frozen=True)
class Sample:
    """How the server was at one time; sizes in bytes, times in milliseconds."""

    seconds: float
    acks: int
    acks_per_s: float
    ack_p50: float
    ack_p99: float
    wal: int  # the largest since the sample before
    memory: int
    database: int
    queries: dict[str, float]


@dataclass
class Endurance:
    """One whole run."""

    samples: list[Sample] = field(default_factory=list)
    backup: tuple[float, float] = (0.0, 0.0)  # seconds from the first message: its begin and end
    idle_before: dict[str, float] = field(default_factory=dict)  # by query, of a quiet server with few messages
    idle_after: dict[str, float] = field(default_factory=dict)
    wal_after: int = 0
    generator_cpu: float = 0.0
    load: list[tuple[float, float, float]] = field(default_factory=list)  # the machine's, before and after
    faults: list[str] = field(default_factory=list)

    def while_backing_up(self) -> list[Sample]:
        """Give the samples that a backup may have changed: those while it read, and until the WAL was small again."""
        began, ended = self.backup
        return [one for one in self.samples if began <= one.seconds <= ended + 15]

    def usual(self) -> list[Sample]:
        """Give all others."""
        return [one for one in self.samples if one not in self.while_backing_up()]


class Watch:
    """The largest size of the WAL since somebody last asked."""

    def __init__(self, database: Path) -> None:
        """Take the database's path."""
        self._wal = Path(f"{database}-wal")
        self._largest = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look ten times a second."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self._largest = max(self._largest, size(self._wal))

    def largest(self) -> int:
        """Give it, and begin anew."""
        largest, self._largest = self._largest, size(self._wal)
        return max(largest, self._largest)


def size(path: Path) -> int:
    """Give a file's size, 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def memory(pid: int) -> int:
    """Give the process's resident memory in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Asking:
    """What a front end asks beside the messages, over one connection."""

    def __init__(self, target: Running, questions: list[int]) -> None:
        """Connect."""
        self._http = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
        middle = questions[len(questions) // 2]
        self._queries = {
            "latest page": f"/api/questions/{middle}/messages?limit=50",
            "first page": f"/api/questions/{middle}/messages?after_id=0&limit=50",
            "notifications": f"/api/users/{USER}/notifications?limit=50",
            "health": "/health",
        }

    def remind(self, count: int) -> None:
        """Have so many notifications."""
        task = {"user_id": USER, "biz_type": "A", "biz_id": 1, "channel": "IN_APP", "title": "服药提醒"}
        for _ in range(count):
            body = json.dumps({**task, "content": "请在 20:00 前完成", "remind_at": "2020-01-01 08:00:00"})
            self._ask("POST", "/api/reminders", body)

    def times(self, rounds: int) -> dict[str, float]:
        """Give the median time of each query, in milliseconds."""
        taken: dict[str, list[float]] = {name: [] for name in self._queries}
        for _ in range(rounds):
            for name, path in self._queries.items():
                begin = time.perf_counter()
                self._ask("GET", path)
                taken[name].append((time.perf_counter() - begin) * 1000)
        return {name: statistics.median(times) for name, times in taken.items()}

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:
        self._http.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self._http.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise BenchError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)


def send(target: Running, questions: list[int], messages: int, every: float) -> Iterator[dict[str, Any]]:
    """Send so many messages; give how each stretch went, and in the end the counts."""
    shape = [ROOMS, MEMBERS, SENDERS, IN_FLIGHT, messages, every]
    command = [str(BUILD / "load"), str(target.port), str(target.pid), "endure", *map(str, shape)]
    with subprocess.Popen([*command, ",".join(map(str, questions))], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise BenchError("the load generator gave up")


def endure(messages: int, every: float) -> Endurance:
    """Run it all.

    Raises:
        BenchError: the server did not start or ended, or the load generator gave up.
    """
    run = Endurance(load=[os.getloadavg()])
    server = Hurried("endurance", "Careline", "careline", {"CARELINE_DAILY_BACKUPS": "0"})
    with servers.running(server) as target:
        questions = target.open_questions(range(1, ROOMS + 1))
        asking, watch = Asking(target, questions), Watch(target.database)
        asking.remind(NOTIFICATIONS)
        for _ in send(target, questions, WARM_UP, 1.0):
            pass
        run.idle_before = asking.times(20)
        with watch.watching():
            _send_all(run, target, questions, messages, every, asking, watch)
            time.sleep(6)  # the jobs come once more
            run.wal_after = size(Path(f"{target.database}-wal"))
        run.idle_after = asking.times(20)
    run.load.append(os.getloadavg())
    _judge(run)
    return run


def _send_all(
    run: Endurance,
    target: Running,
    questions: list[int],
    messages: int,
    every: float,
    asking: Asking,
    watch: Watch,
) -> None:
    begin = time.monotonic()
    backing_up: threading.Thread | None = None

    def back_up() -> None:
        since = time.monotonic() - begin
        command = [sys.executable, str(ROOT / "main.py"), "backup", str(target.database.with_name("backup.db"))]
        done = subprocess.run([*command, "--database", str(target.database)], capture_output=True, check=False)
        run.backup = (since, time.monotonic() - begin)
        if done.returncode:
            run.faults.append(f"the backup failed: {done.stderr.decode().strip()}")

    for told in send(target, questions, messages, every):
        if "seconds" not in told:
            run.generator_cpu = told["generator_cpu"]
            run.faults += [f"{name} {told[name]}" for name in FAULTS if told[name]]
            continue
        speed = (told["acks_per_s"], told["ack_p50_ms"], told["ack_p99_ms"])
        sizes = (watch.largest(), memory(target.pid), size(target.database))
        run.samples.append(Sample(time.monotonic() - begin, told["acks"], *speed, *sizes, asking.times(11)))
        show(run.samples[-1])
        if backing_up is None and told["acks"] >= messages / 2:
            backing_up = threading.Thread(target=back_up)
            backing_up.start()
    if backing_up is not None:
        backing_up.join()


def _judge(run: Endurance) -> None:
    largest = max(one.wal for one in run.usual())
    if largest > WAL_BOUND:
        run.faults.append(f"the WAL grew to {largest:,} bytes while nobody read for long")
    if run.wal_after > WAL_BOUND:
        run.faults.append(f"in the end the WAL was still of {run.wal_after:,} bytes")
    quarter = len(run.samples) // 4
    if quarter:
        before = statistics.mean(one.memory for one in run.samples[quarter : 2 * quarter])
        after = statistics.mean(one.memory for one in run.samples[-quarter:])
        if after > MEMORY_BOUND * before:
            run.faults.append(f"memory grew from {before:,.0f} to {after:,.0f} bytes")


def show(one: Sample) -> None:
    """Say in one line how it goes."""
    queries = ", ".join(f"{name} {taken:.1f} ms" for name, taken in one.queries.items())
    sys.stdout.write(
        f"{one.seconds:6.0f} s {one.acks:10,} messages {one.acks_per_s:7,.0f}/s, p50 {one.ack_p50:.1f} ms, "
        f"p99 {one.ack_p99:.1f} ms, WAL {one.wal / 1e6:.1f} MB, memory {one.memory / 1e6:.1f} MB, {queries}\n"
    )
    sys.stdout.flush()


def main() -> int:
    """Measure as the command line says; give the exit status."""
    parser = argparse.ArgumentParser(description="Send an hour's worth of messages in quick time.")
    parser.add_argument("--messages", type=int, default=2_000_000)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between samples (default 5)")
    options = parser.parse_args()
    servers.build_programs()
    run = endure(options.messages, options.every)
    from tests.bench import endurance_report  # draws, which the tests need not be able to

    text = endurance_report.markdown(run)
    sys.stdout.write(f"\n{text}\n")
    if options.messages >= 2_000_000 and not run.faults:
        endurance_report.write(run, text, ROOT / "docs")
        sys.stdout.write("written: docs/performance.md, docs/endurance.png\n")
    for fault in run.faults:
        sys.stdout.write(f"FAULT {fault}\n")
    return 1 if run.faults else 0


if __name__ == "__main__":
    sys.exit(main())
