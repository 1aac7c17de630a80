"""Careline with room for five waiting writes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import main
from store import database

database.MOST_WAITING = 5
sys.exit(main.main(sys.argv[1:]))
