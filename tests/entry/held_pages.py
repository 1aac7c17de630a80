"""Careline whose pages take as long as a file is there: the program as it is, but its reads of pages wait for that."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import main
from store import reading

HELD = Path(os.environ["TEST_HELD"])
page_of = reading._page_of


def held(*given: Any) -> reading.Page:
    while HELD.exists():
        time.sleep(0.01)
    return page_of(*given)


reading._page_of = held  # type: ignore[assignment]

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
