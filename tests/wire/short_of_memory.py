"""Careline that holds little of the HTTP answers which are not read: the program as it is, its bound a fraction."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from consult.contract import limits

limits.MOST_UNREAD_BYTES = 10_000

import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
