"""Careline, broken: work on a rule may take as many steps as it likes, and is not ended by a stop."""

import sys

import main
from reminders.budget import Budget


def spend(budget: Budget, steps: int = 1) -> None:
    budget._left -= steps


Budget.spend = spend  # type: ignore[assignment, method-assign]
sys.exit(main.main(sys.argv[1:]))
