"""Careline with a heart that beats every second: whoever is gone is let go soon."""

import sys

from consult.contract import limits

# Before anything reads them.
limits.PING_INTERVAL = 1
limits.PING_TIMEOUT = 1

import main  # noqa: E402

sys.exit(main.main(sys.argv[1:]))
