"""A budget of steps for work on recurrence rules, so that no rule holds up reminders, however it is written."""

from threading import Event
from typing import Final

# What work on one task may take. A step is a microsecond or two of processor time.
CREATION_STEPS: Final = 200_000
QUICK_STEPS: Final = 1_000  # of a task that is due, before the others that are
FIRING_STEPS: Final = 400_000  # after them; one that takes more is parked


class BudgetExceeded(Exception):
    """The work took more steps than its budget allows."""


class WorkStopped(Exception):
    """The work was ended from outside, because the server stops."""


class Budget:
    """Counts the steps of one piece of work. Not shared between threads; `stopped` may be set by any."""

    __slots__ = ("_left", "_stopped", "most")

    def __init__(self, most: int, stopped: Event | None = None) -> None:
        self.most = most  # steps
        self._left = most
        self._stopped = stopped

    @property
    def spent(self) -> int:
        """Steps spent so far."""
        return self.most - self._left

    def spend(self, steps: int = 1) -> None:
        """Count `steps`. Raise BudgetExceeded when there are no more, and WorkStopped when the work is to end."""
        self._left -= steps
        if self._left < 0:
            raise BudgetExceeded(f"more than {self.most:,} steps")
        if self._stopped is not None and self._stopped.is_set():
            raise WorkStopped
