"""Careline whose patience with strangers and with HTTP is short: the program as it is, its times a fraction."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from consult.contract import limits
from consult.wire import carriers

# Before anything reads them.
limits.CONNECT_TIMEOUT = 1
carriers.CLOSE_TIMEOUT = 0.5
carriers.SWEEP = 0.1

import main  # noqa: E402
from consult.wire import door  # noqa: E402

door.HEAD_TIMEOUT = 1.0
main.SANIC.update(KEEP_ALIVE_TIMEOUT=2, REQUEST_TIMEOUT=1, RESPONSE_TIMEOUT=2)

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
