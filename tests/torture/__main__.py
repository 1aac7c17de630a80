"""`make torture`: the long form. TORTURE_KILLS (200) and TORTURE_SEED (drawn) set it. As many kills
meet messages, ladders, replies and hooks, and a tenth of them phones that vanish, all side by side.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final, TypeAlias

from tests.server import COMMAND
from tests.torture.climbing import climb
from tests.torture.hooking import hook
from tests.torture.patches import patched
from tests.torture.replying import reply
from tests.torture.torture import torture
from tests.torture.vanishing import vanish

Told: TypeAlias = tuple[str, list[str]]  # what there was, and the faults

STEPS: Final = 9  # of a round of ladders, at least; a kill in each
KILLS: Final = int(os.environ.get("TORTURE_KILLS", "200"))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def messages(folder: Path, seed: int) -> Told:
    found = torture(folder, KILLS, seed, COMMAND)
    told = (
        f"{KILLS} kills, {found.connections} connections, {found.messages} messages sent and stored, "
        f"{found.deliveries} times seen, {found.pages} pages asked for; "
        f"{found.notifications} notifications, {found.confirmed} confirmed, {found.snoozes} snoozed and come again"
    )
    return told, found.faults


def ladders(folder: Path, seed: int) -> Told:
    found = climb(folder, -(-KILLS // STEPS), seed, patched("clock_from_file"))
    told = (
        f"{found.kills} kills, {found.rings} rings, {found.answered} answers taken, {found.refused} refused, "
        f"{found.missed} missed"
    )
    return told, found.faults


def replies(folder: Path, seed: int) -> Told:
    found = reply(folder, KILLS, seed, COMMAND)
    told = f"{found.kills} kills, {found.messages} messages, {found.reads} readings, {found.told} notifications"
    return told, found.faults


def hooks(folder: Path, seed: int) -> Told:
    found = hook(folder, KILLS, seed, COMMAND)
    return f"{found.kills} kills, {found.messages} messages, told {found.told} times", found.faults


def vanishing(folder: Path, seed: int) -> Told:
    kills = KILLS // 10
    found = vanish(folder, kills, 12, seed, patched("beats_fast"))
    told = f"{kills} kills, {found.phones} phones that vanish, {len(found.stored)} notifications"
    return told, [f"no phone has read the notification {one}" for one in sorted(found.unread)]


PARTS: Final[tuple[Callable[[Path, int], Told], ...]] = (messages, ladders, replies, hooks, vanishing)


def main() -> int:
    """Torture in all ways at once; give the exit status."""
    seed = int(os.environ.get("TORTURE_SEED") or random.randrange(2**31))
    say(f"TORTURE_KILLS={KILLS} TORTURE_SEED={seed}")
    base = Path(tempfile.mkdtemp(prefix="careline-torture-"))
    faults: list[str] = []
    began = time.monotonic()
    with ProcessPoolExecutor(len(PARTS)) as pool:
        parts = {}
        for part in PARTS:
            folder = base / part.__name__
            folder.mkdir()
            parts[pool.submit(part, folder, seed)] = part.__name__
        for done in as_completed(parts):
            try:
                told, found = done.result()
            except Exception as broken:  # the others go on
                told, found = "broken off", [repr(broken)]
            faults += [f"{parts[done]}: {fault}" for fault in found]
            say(f"{parts[done]}, after {time.monotonic() - began:.0f} s: {told}")
    for fault in faults:
        say(f"FAULT: {fault}")
    if faults:
        say(f"the files and the logs are in {base}")
    else:
        shutil.rmtree(base)
    say(f"{len(faults) or 'no'} faults, TORTURE_SEED={seed}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
