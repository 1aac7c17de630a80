"""Measure what hooks cost and how fast they tell: `python tests/bench/hooks.py`.

Pairs of runs, each with a fresh server: one without hooks, and one with two whose receivers accept a connection and
never answer. Which of the two comes first changes from pair to pair. Then a hook with a good receiver tells what has
waited for it. Exit status 1 where anything was lost, doubled, out of order or refused, or a run failed.
"""

from __future__ import annotations

import argparse
import base64
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console

# Run by its path, so the project's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import servers
from tests.bench.bench import run_all, show
from tests.bench.report import Results
from tests.bench.servers import CARELINE
from tests.clients import message
from tests.packets import Websocket
from tests.server import Server

WORKLOADS: Final = ("pairs", "ward")
BATCH: Final = 100  # messages that are sent at once
RECEIVER: Final = Path(__file__).with_name("good_receiver.py")


def hook(name: str, port: int) -> str:
    """Give a [[hook]] that is told of every message."""
    secret = base64.b64encode(os.urandom(32)).decode()
    return (
        f'[[hook]]\nname = "{name}"\nurl = "http://127.0.0.1:{port}/"\nsecret = "whsec_{secret}"\n'
        'events = ["message.created"]\ncontent = true\n'
    )


def write(folder: Path, *hooks: str) -> Path:
    """Write the operator's file."""
    path = folder / "hooks.toml"
    path.write_text("\n".join(hooks))
    path.chmod(0o600)
    return path


@contextmanager
def silent() -> Iterator[int]:
    """A receiver that takes connections and says nothing; its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield listening.getsockname()[1]


def told_per_second(folder: Path, events: int) -> float:
    """Have so many messages wait for a good receiver, and give how many events a second it is told then."""
    with subprocess.Popen(
        [sys.executable, str(RECEIVER), str(events)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as receiver:
        assert receiver.stdin is not None
        assert receiver.stdout is not None
        file = write(folder, hook("good", int(receiver.stdout.readline())))
        server = Server(folder, "--hooks", str(file), "--connection-events", "0", "--connection-bytes", "0")
        server.start()
        try:
            question_id = server.open_question()
            with closing(Websocket(server)) as client:
                client.enter()
                for start in range(0, events, BATCH):
                    sent = range(start, min(start + BATCH, events))
                    client.call_all([["send_message", message(question_id, f"血压 {number}")] for number in sent])
            receiver.stdin.write("\n")
            receiver.stdin.flush()
            return events / float(receiver.stdout.readline())
        finally:
            server.stop()
            receiver.kill()


def main() -> int:
    """Measure as the command line says; give the exit status."""
    parser = argparse.ArgumentParser(description="Measure Careline with and without hooks.")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="timed part of each run (default 3)")
    parser.add_argument("--events", type=int, default=10_000, help="what waits for the good receiver (default 10000)")
    options = parser.parse_args()
    console = Console()
    servers.allow_many_files()
    servers.build_programs()
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="careline-hooks-")))
        file = write(folder, *(hook(name, held.enter_context(silent())) for name in ("one", "two")))
        hooked = replace(
            CARELINE, name="hooks", title="Careline with two silent hooks", settings={"CARELINE_HOOKS": str(file)}
        )
        results = Results([CARELINE, hooked])
        run_all(results, list(WORKLOADS), options.pairs, options.seconds, console)
    show([], results.faults, console)
    for workload in WORKLOADS if not results.faults else ():
        none, two = (results.values(server, workload, "acks_per_s") for server in results.servers)
        ratio = statistics.median(own / bare for bare, own in zip(none, two, strict=True))
        console.print(
            f"{workload}: {statistics.median(none):,.0f} acks/s, {statistics.median(two):,.0f} with two hooks whose "
            f"receivers never answer: {ratio:.2f} times"
        )
    with tempfile.TemporaryDirectory(prefix="careline-hooks-") as told:
        rate = told_per_second(Path(told), options.events)
    console.print(f"a good receiver is told {rate:,.0f} events/s")
    return 1 if results.faults else 0


if __name__ == "__main__":
    sys.exit(main())
