"""Careline whose clocks both go on by the milliseconds that the file TEST_CLOCK holds: time passes, none jumps."""

import os
import sys
from functools import partial
from pathlib import Path

import main
from reminders.clock_watch import steady_clock
from store.clock import system_clock

SET_BY = Path(os.environ["TEST_CLOCK"])


def passed() -> int:
    return int(SET_BY.read_text())


main.run = partial(main.run, clock=lambda: system_clock() + passed())
main.steady_clock = lambda: steady_clock() + passed()  # type: ignore[attr-defined]
sys.exit(main.main(sys.argv[1:]))
