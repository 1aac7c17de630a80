"""`make fuzz`: the long form. FUZZ_EVENTS (1,000,000 things of all kinds) and FUZZ_SEED (drawn) set it."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.fuzz import ARGUMENTS, Found, fuzz
from tests.fuzz.memory import MEGABYTE, MOST_GROWTH, growth, quarters
from tests.server import Server
from tests.wire.raw import metric

ROUNDS = 100
# Below it all is warm-up: the collector, for one, comes for old cycles only after some hundred thousand things.
LONG_ENOUGH = 500_000
EVERY = 5  # rounds, of which a line tells

HEAD = "    thrown seconds      /s    RSS MB    PSS MB   file MB"

EVENTS = int(os.environ.get("FUZZ_EVENTS", "1000000"))
SEED = int(os.environ.get("FUZZ_SEED") or random.randrange(2**31))


def told(found: Found) -> None:
    """Write a line of how far it is, and what the server takes."""
    done, taken = len(found.taken) - 1, found.taken[-1]
    if done % EVERY == 0:
        seconds = time.monotonic() - began
        size = sum(path.stat().st_size for path in folder.glob("careline.db*"))
        sizes = "".join(f"{one / MEGABYTE:10.1f}" for one in (taken.rss, taken.pss, size))
        sys.stdout.write(f"{found.thrown():10,}{seconds:8.0f}{found.thrown() / seconds:8,.0f}{sizes}\n")
        sys.stdout.flush()


sys.stdout.write(f"FUZZ_EVENTS={EVENTS} FUZZ_SEED={SEED}\n{HEAD}\n")
began = time.monotonic()
folder = Path(tempfile.mkdtemp(prefix="careline-fuzz-"))
server = Server(folder, *ARGUMENTS)
server.start()
found = fuzz(server, EVENTS, SEED, ROUNDS, told)
grown = growth(found.taken)
if grown > MOST_GROWTH and EVENTS >= LONG_ENOUGH:
    found.faults.append(f"memory is not flat: in the last quarter it was {grown:.3f} times that of the second")
stored = [metric(server, f"careline_{name}_total") for name in ("messages", "reminders_fired")]
health = server.http("GET", "/health")
if health.status != 200:
    found.faults.append(f"health: {health}")
try:
    server.stop()
except AssertionError as ill:
    found.faults.append(f"at its end: {ill}")
sys.stdout.write(f"{found.thrown():,} thrown in {time.monotonic() - began:.0f} s:\n")
for kind, outcomes in found.outcomes.items():
    sys.stdout.write(f"  {outcomes.total():,} {kind}\n")
    for outcome, count in outcomes.most_common():
        sys.stdout.write(f"    {count:9,} {outcome}\n")
sys.stdout.write(f"{stored[0]:,.0f} messages stored, {stored[1]:,.0f} reminders fired\n")
usual = ", ".join(f"{one / MEGABYTE:.1f}" for one in quarters(found.taken))
sys.stdout.write(
    f"RSS by quarters of the run: {usual} MB; the last is {grown:.3f} times the second, of {MOST_GROWTH} that it may\n"
)
for fault in found.faults:
    sys.stdout.write(f"FAULT: {fault}\n")
if found.faults:
    sys.stdout.write(f"the file and the log are in {folder}\n")
else:
    shutil.rmtree(folder)
sys.stdout.write(f"{len(found.faults) or 'no'} faults, FUZZ_SEED={SEED}\n")
sys.exit(1 if found.faults else 0)
