"""Careline with room for five waiting writes."""

import sys

import main
from store import database

database.MOST_WAITING = 5
sys.exit(main.main(sys.argv[1:]))
