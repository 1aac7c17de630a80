"""Careline that remembers 60 sessions, and not 100,000."""

import sys

from consult.contract import limits

limits.MOST_SESSIONS = 60

import main  # noqa: E402

sys.exit(main.main(sys.argv[1:]))
