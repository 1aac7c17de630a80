"""Careline that waits a second for who does not read an HTTP answer: the program as it is, its time a fraction."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import main
from consult.wire import unread_answers

unread_answers.LONGEST_STILL = 1.0

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
