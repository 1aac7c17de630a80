"""Careline that looks every second for what is to be deleted."""

import sys

import main
from reminders import jobs

jobs.TIDY_EVERY = 1
sys.exit(main.main(sys.argv[1:]))
