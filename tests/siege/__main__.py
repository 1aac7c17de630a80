"""`make siege`: the long form. SIEGE_SECONDS (600), SIEGE_SEED (drawn), SIEGE_TOKENS (both; with or without) and
SIEGE_ATTACKS (all; names with commas) set it."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.siege.attacks.table import ATTACKS
from tests.siege.found import Found
from tests.siege.siege import Plan, siege

BETWEEN_STOPS = 40.0  # seconds, on average
EVERY = 15.0  # seconds between two lines that tell how far it is

SECONDS = float(os.environ.get("SIEGE_SECONDS", "600"))
SEED = os.environ.get("SIEGE_SEED") or str(random.randrange(2**31))
TOKENS = {"both": (True, False), "with": (True,), "without": (False,)}[os.environ.get("SIEGE_TOKENS", "both")]
NAMES = os.environ.get("SIEGE_ATTACKS", "")


def told(found: Found, passed: float) -> None:
    """Write a line of how far it is."""
    global told_at
    if passed - told_at < EVERY:
        return
    told_at = passed
    kinds = ", ".join(f"{kind} ({count})" for kind, count in found.kinds.items())
    sys.stdout.write(
        f"{passed:6.0f} s {len(found.attacks):5} attacks, acks p99 {found.acks.share(0.99) * 1000:7.0f} ms, "
        f"health {found.health.worst:6.2f} s, reminders {found.reminders.worst:6.2f} s, "
        f"{found.memory >> 20:5} MB  {kinds}\n"
    )
    sys.stdout.flush()


sys.stdout.write(f"SIEGE_SECONDS={SECONDS:.0f} SIEGE_SEED={SEED}\n")
sys.stdout.flush()
wrong = 0
for tokens in TOKENS:
    told_at = 0.0
    folder = Path(tempfile.mkdtemp(prefix="careline-siege-"))
    attacks = NAMES.split(",") if NAMES else tuple(ATTACKS)
    seconds = SECONDS / len(TOKENS)
    plan = Plan(seconds, SEED, tokens, max(1, round(seconds / BETWEEN_STOPS)), attacks=attacks)
    sys.stdout.write(f"{'with' if tokens else 'without'} tokens, {seconds:.0f} s\n")
    began = time.monotonic()
    found = siege(folder, plan, told)
    sys.stdout.write("\n".join([*found.report(), *found.per_attack(), ""]))
    for fault in found.faults:
        sys.stdout.write(f"FAULT: {fault}\n")
    for kind, count in found.kinds.items():
        sys.stdout.write(f"{count:7,} times: {kind}\n")
    if found.faults:
        sys.stdout.write(f"the file and the log are in {folder}\n")
    else:
        shutil.rmtree(folder)
    wrong += len(found.faults)
sys.stdout.write(f"{wrong or 'no'} faults, SIEGE_SEED={SEED}\n")
sys.exit(1 if wrong else 0)
