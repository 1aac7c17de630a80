"""Careline with room for five events that wait for a hook, and for seven dead letters."""

import sys

import main
from store import outbox

outbox.MOST_WAITING = 5  # type: ignore[misc]
outbox.MOST_DEAD = 7  # type: ignore[misc]
sys.exit(main.main(sys.argv[1:]))
