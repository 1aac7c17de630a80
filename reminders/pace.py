"""Decide how much of a backlog is written at once: as much as there is room for, and little beside messages."""

import asyncio
from collections.abc import Callable
from typing import Final

from store.database import Database
from store.transaction import Outcome, Request, Statement

MOST: Final = 500  # reminders in one transaction
LEAST: Final = 50
SHORT: Final = 0.01  # seconds that a transaction should take while messages wait for theirs


class Pace:
    """Writes chunks. Beside messages they shrink, and a pause after each leaves the writer to the messages."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.size = MOST  # of the next chunk

    async def write(
        self, statement: Statement[Request, Outcome], request: Request, publish: Callable[[Outcome], None]
    ) -> Outcome:
        """Write a chunk, then leave as much time to others as it took, if others write."""
        writes, seconds = self._database.commit_writes, self._database.commit_seconds
        writes_before, seconds_before = writes.sum, seconds.sum
        outcome = await self._database.written(statement, request, publish)
        took = seconds.sum - seconds_before  # by the writer: a loop that is late would make every chunk look long
        if self._database.waiting or writes.sum - writes_before > 1:
            self.size = max(LEAST, self.size // 2) if took > SHORT else min(MOST, self.size * 5 // 4)
            await asyncio.sleep(took)
        else:
            self.size = min(MOST, self.size * 2)
        return outcome
