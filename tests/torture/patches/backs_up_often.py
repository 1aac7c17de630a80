"""Careline that looks every second for a backup that is due, instead of every ten minutes."""

import sys

import main
from store import backup

backup.LOOK_EVERY = 1
sys.exit(main.main(sys.argv[1:]))
