"""`make torture`: the long form. TORTURE_KILLS (200) and TORTURE_SEED (drawn) set it. As many kills
meet ladders after that, as many replies, and as many hooks; a tenth of them meets phones that vanish.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.server import COMMAND
from tests.torture.climbing import climb
from tests.torture.hooking import hook
from tests.torture.patches import patched
from tests.torture.replying import reply
from tests.torture.torture import torture, unwatched
from tests.torture.vanishing import vanish

BAR = 40
STEPS = 9  # of a round of ladders, at least; a kill in each


def progress(kills: int, acknowledged: int) -> None:
    """Draw the bar anew."""
    done = BAR * kills // KILLS
    sys.stdout.write(f"\r[{'#' * done}{'.' * (BAR - done)}] {kills}/{KILLS} kills, {acknowledged} messages")
    sys.stdout.flush()


KILLS = int(os.environ.get("TORTURE_KILLS", "200"))
SEED = int(os.environ.get("TORTURE_SEED") or random.randrange(2**31))

sys.stdout.write(f"TORTURE_KILLS={KILLS} TORTURE_SEED={SEED}\n")
began = time.monotonic()
folder = Path(tempfile.mkdtemp(prefix="careline-torture-"))
watched = sys.stdout.isatty()
found = torture(folder, KILLS, SEED, COMMAND, progress if watched else unwatched)
sys.stdout.write(
    f"{chr(10) if watched else ''}{KILLS} kills in {time.monotonic() - began:.0f} s, {found.connections} connections\n"
    f"{found.messages} messages sent and stored, {found.deliveries} times seen, {found.pages} pages asked for\n"
    f"{found.notifications} notifications, {found.confirmed} confirmed, {found.snoozes} snoozed and come again\n"
)
climbing = folder / "ladders"
climbing.mkdir()
began = time.monotonic()
climbed = climb(climbing, -(-KILLS // STEPS), SEED, patched("clock_from_file"))
sys.stdout.write(
    f"ladders: {climbed.kills} kills in {time.monotonic() - began:.0f} s, {climbed.rings} rings, "
    f"{climbed.answered} answers taken, {climbed.refused} refused, {climbed.missed} missed\n"
)
replying = folder / "replies"
replying.mkdir()
began = time.monotonic()
replied = reply(replying, KILLS, SEED, COMMAND)
sys.stdout.write(
    f"replies: {replied.kills} kills in {time.monotonic() - began:.0f} s, {replied.messages} messages, "
    f"{replied.reads} readings, {replied.told} notifications\n"
)
hooking = folder / "hooks"
hooking.mkdir()
began = time.monotonic()
hooked = hook(hooking, KILLS, SEED, COMMAND)
sys.stdout.write(
    f"hooks: {hooked.kills} kills in {time.monotonic() - began:.0f} s, {hooked.messages} messages, "
    f"told {hooked.told} times\n"
)
vanishing = folder / "vanishing"
vanishing.mkdir()
began = time.monotonic()
vanished = vanish(vanishing, KILLS // 10, 12, SEED, patched("beats_fast"))
sys.stdout.write(
    f"phones that vanish: {KILLS // 10} kills in {time.monotonic() - began:.0f} s, {vanished.phones} phones, "
    f"{len(vanished.stored)} notifications\n"
)
if vanished.unread:
    found.faults.append(f"no phone has read the notifications {sorted(vanished.unread)}")
found.faults += climbed.faults + replied.faults + hooked.faults
for fault in found.faults:
    sys.stdout.write(f"FAULT: {fault}\n")
if found.faults:
    sys.stdout.write(f"the file and the log are in {folder}\n")
else:
    shutil.rmtree(folder)
sys.stdout.write(f"{len(found.faults) or 'no'} faults, TORTURE_SEED={SEED}\n")
sys.exit(1 if found.faults else 0)
