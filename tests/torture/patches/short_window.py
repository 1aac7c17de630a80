"""Careline whose limits count over two seconds instead of ten."""

import sys

import main
from consult.entry import limits

limits.WINDOW = 2.0
sys.exit(main.main(sys.argv[1:]))
