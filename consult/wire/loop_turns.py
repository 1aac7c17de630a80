"""Turns of the loop: how much time is spent in the present one, and what is done when the next one begins."""

import asyncio
from abc import ABC, abstractmethod


class LoopTurns(ABC):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._used = 0.0  # seconds of the present turn
        self._next_is_due = False

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

    @abstractmethod
    def _serve(self) -> bool:
        """Serve what waits, as long as the turn has time. Return True when more waits."""
