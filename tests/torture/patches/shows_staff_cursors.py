"""Careline, broken: a patient is told of a staff member's cursor as it is."""

import sys

import main
from store import participants

participants._LATEST = dict.fromkeys(participants._LATEST, participants._LATEST[participants._EVERYTHING])
sys.exit(main.main(sys.argv[1:]))
