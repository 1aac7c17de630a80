"""Careline, broken: a connection is read as long as it has sent anything, whoever waits behind it."""

import sys

import main
from consult.wire.share import Share, Turns


def never(share: Share, size: int) -> bool:  # noqa: ARG001
    return False


Share.is_used_up = never  # type: ignore[assignment, method-assign]
Turns.is_over = False  # type: ignore[assignment]
sys.exit(main.main(sys.argv[1:]))
