"""Measure how late the event loop runs a callback: everything that any client waits for passes through it."""

import asyncio
import time
from collections import deque

from store.histogram import Histogram

EVERY = 0.25  # seconds between two looks
LOOKED_BACK = 60.0  # seconds that `worst` covers


class LoopLag:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._recent: deque[float] = deque(maxlen=int(LOOKED_BACK / EVERY))
        self.seconds = Histogram(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

    def start(self) -> None:
        self._due = time.monotonic() + EVERY
        self._loop.call_later(EVERY, self._look)

    @property
    def worst(self) -> float:
        """The longest lag of the last minute, in seconds."""
        return max(self._recent, default=0.0)

    def _look(self) -> None:
        # Not by the loop's own clock, which stands still while the loop is busy.
        lag = max(0.0, time.monotonic() - self._due)
        self._recent.append(lag)
        self.seconds.observe(lag)
        self.start()
