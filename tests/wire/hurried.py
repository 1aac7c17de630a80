"""Careline with a heart that beats fast: the program as it is, its intervals a fraction of what they are."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from consult.contract import limits
from consult.wire import carriers

# Before anything reads them. Whole seconds, as clients are told milliseconds of them.
limits.PING_INTERVAL = 1
limits.PING_TIMEOUT = 1
limits.CONNECT_TIMEOUT = 1
carriers.CLOSE_TIMEOUT = 0.5
carriers.SWEEP = 0.1

import main  # noqa: E402
from consult.wire import door  # noqa: E402

door.HEAD_TIMEOUT = 1.0

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
