"""Careline with a clock that is set by hand: the file TEST_CLOCK holds by how many milliseconds."""

import os
import sys
from functools import partial
from pathlib import Path

import main
from store.clock import system_clock

SET_BY = Path(os.environ["TEST_CLOCK"])


def clock() -> int:
    return system_clock() + int(SET_BY.read_text())


main.run = partial(main.run, clock=clock)
sys.exit(main.main(sys.argv[1:]))
