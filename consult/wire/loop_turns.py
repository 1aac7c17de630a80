"""Turns of the loop: how much time is spent in the present one, and what is done when the next one begins."""

import asyncio
from abc import ABC, abstractmethod
from time import perf_counter


class LoopTurns(ABC):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._used = 0.0  # seconds of the present turn
        self._next_is_due = False
        self._rests_until = 0.0  # by perf_counter: the loop's own time stands still during a turn

    def spend(self, seconds: float) -> None:
        """Count time that was spent in the present turn."""
        self._used += seconds
        self._expect_next()

    def _expect_next(self) -> None:
        if not self._next_is_due:
            self._next_is_due = True
            self._loop.call_soon(self._next)

    def _next(self) -> None:
        self._next_is_due = False
        self._used = 0.0
        if self._serve():
            self._expect_next()

    @property
    def _is_resting(self) -> bool:
        return perf_counter() < self._rests_until

    def _rest(self, seconds: float) -> None:
        """Rest for so long from now on, as far as `_serve` heeds it."""
        self._rests_until = perf_counter() + seconds

    def _wait_for_rest(self) -> bool:
        """Have the next turn begin when the rest is over. Return False when it is over by now."""
        rest = self._rests_until - perf_counter()
        if rest > 0:
            self._loop.call_later(rest, self._expect_next)
        return rest > 0

    @abstractmethod
    def _serve(self) -> bool:
        """Serve what waits, as long as the turn has time. Return True when more waits."""
