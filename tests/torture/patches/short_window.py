"""Careline whose limits count over two seconds instead of ten."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import main
from consult import limits

limits.WINDOW = 2.0
sys.exit(main.main(sys.argv[1:]))
