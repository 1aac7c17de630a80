"""Careline, broken: a client that has left by a DISCONNECT is brought back as one whose network was cut."""

import sys

import main
from consult.recovery import Recovery

Recovery.left = Recovery.ended  # type: ignore[method-assign]
sys.exit(main.main(sys.argv[1:]))
