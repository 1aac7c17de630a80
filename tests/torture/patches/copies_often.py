"""Careline that looks every second whether a copy or a drill is due, by a clock that is set by hand.

The file TEST_CLOCK holds by how many milliseconds. While the file TEST_HANGS is there, a disk hangs whenever a copy is
brought to it, and after TEST_SILENT seconds without progress it counts as slow.
"""

import os
import sys
import time
from functools import partial
from pathlib import Path

import main
from reminders import clock_watch
from store import aside, backup
from store.clock import system_clock

SET_BY, HANGS = Path(os.environ["TEST_CLOCK"]), Path(os.environ["TEST_HANGS"])
SYNC = os.fsync


def clock() -> int:
    return system_clock() + int(SET_BY.read_text())


def sync(descriptor: int) -> None:
    while HANGS.exists() and ".partial" in Path(f"/proc/self/fd/{descriptor}").readlink().name:
        time.sleep(0.01)
    SYNC(descriptor)


os.fsync = sync  # type: ignore[assignment]
clock_watch.SECOND_LOOK = 0  # type: ignore[misc]
backup.LOOK_EVERY = 1
backup.STEP = 16
aside.SILENT = float(os.environ["TEST_SILENT"])
aside.LOOK_EVERY = 0.05
main.run = partial(main.run, clock=clock)
sys.exit(main.main(sys.argv[1:]))
