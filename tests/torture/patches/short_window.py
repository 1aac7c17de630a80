"""Careline whose limits count over two seconds instead of ten."""

import sys

from consult.contract import limits

limits.WINDOW = 2

import main  # noqa: E402

sys.exit(main.main(sys.argv[1:]))
