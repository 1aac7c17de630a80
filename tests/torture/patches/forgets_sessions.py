"""Careline, broken: what is remembered of clients is never written, and ends with the server."""

import sys

import main
from store import sessions

sessions.save = lambda *_: None
sys.exit(main.main(sys.argv[1:]))
