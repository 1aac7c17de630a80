"""Careline whose sandbox works for 0.3 s at a time on moving its clock, and not for 8."""

import sys

from consult.contract import limits

limits.WALK_SECONDS = 0.3  # type: ignore[assignment]

import main  # noqa: E402

sys.exit(main.main(sys.argv[1:]))
