"""Careline whose page lies in a folder that the test may take away, as a packaged one's does: else as it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import main

main.STATIC = Path(os.environ["TEST_STATIC"])

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
