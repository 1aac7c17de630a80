"""Writes that wait for their turn: asked for on the loop, taken on the writer's thread, refused by either."""

import threading
from collections import deque
from typing import Any

from store.transaction import Write


class Waiting:
    """`writes` are in the order in which they were asked for; a new one is appended to them."""

    def __init__(self) -> None:
        self.writes: deque[Write[Any, Any]] = deque()
        self._taking = threading.Lock()

    def take(self, most: int) -> list[Write[Any, Any]]:
        """Take out the writes that have waited longest."""
        with self._taking:
            return [self.writes.popleft() for _ in range(min(len(self.writes), most))]

    def give_back(self, writes: list[Write[Any, Any]]) -> None:
        """Put back what was taken last and not applied, before all others, in its order."""
        with self._taking:
            self.writes.extendleft(reversed(writes))

    def take_asked_before(self, moment: float) -> list[Write[Any, Any]]:
        """Take out the writes that were asked for before that moment, by the loop's clock."""
        taken = []
        with self._taking:
            while self.writes and self.writes[0].asked_at < moment:
                taken.append(self.writes.popleft())
        return taken
