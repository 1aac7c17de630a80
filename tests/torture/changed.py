"""Careline, changed on purpose: the first word is the script that changes it and starts it, the others are its own.

The source runs this as it lies here; `make binary-changed` packs it in place of main.py, with all that main.py has.
"""

import runpy
import sys
from pathlib import Path

if not hasattr(sys, "_MEIPASS"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import store.sqlite  # noqa: F401 - before a script imports another SQLite

del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
