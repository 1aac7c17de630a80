"""Writes that wait for their turn: asked for on the loop, taken on the writer's thread, refused by either."""

import threading
from collections import deque
from typing import Any

from store.transaction import Write


class Waiting:
    def __init__(self) -> None:
        self._writes: deque[Write[Any, Any]] = deque()
        self._taking = threading.Lock()

    def __len__(self) -> int:
        return len(self._writes)

    def add(self, write: Write[Any, Any]) -> None:
        """Behind all others."""
        self._writes.append(write)

    def take(self, most: int) -> list[Write[Any, Any]]:
        """Take out the writes that have waited longest."""
        with self._taking:
            return [self._writes.popleft() for _ in range(min(len(self._writes), most))]

    def give_back(self, writes: list[Write[Any, Any]]) -> None:
        """Put back what was taken last and not applied, before all others, in its order."""
        with self._taking:
            self._writes.extendleft(reversed(writes))

    def take_asked_before(self, moment: float) -> list[Write[Any, Any]]:
        """Take out the writes that were asked for before that moment, by the loop's clock."""
        taken = []
        with self._taking:
            while self._writes and self._writes[0].asked_at < moment:
                taken.append(self._writes.popleft())
        return taken
