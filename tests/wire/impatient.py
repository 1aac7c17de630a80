"""Careline that waits a second for who does not read an HTTP answer: the program as it is, its time a fraction."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from consult.contract import limits

limits.STILL_SECONDS = 1

import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
