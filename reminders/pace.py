"""Decide how much of a backlog is written at once: as much as there is room for, and little beside messages."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Final

from store.database import Database
from store.transaction import Outcome, Request, Statement

MOST: Final = 500  # reminders in one transaction
LEAST: Final = 50
SHORT: Final = 0.01  # seconds that a chunk should take in its transaction while messages wait for theirs


class Pace:
    """Writes chunks. Beside messages they shrink, and a pause after each leaves the writer to the messages."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.size = MOST  # of the next chunk

    async def write(
        self, statement: Statement[Request, Outcome], request: Request, publish: Callable[[Outcome], None]
    ) -> Outcome:
        """Write a chunk, then leave as much time to others as it took, if others write."""
        # Measured where it is written: a loop that is late would make the chunk look long.
        took = 0.0

        def timed(connection: sqlite3.Connection, requests: list[Request]) -> list[Outcome]:
            nonlocal took
            began = time.perf_counter()
            outcomes = statement(connection, requests)
            took = time.perf_counter() - began
            return outcomes

        before = self._database.commit_writes.sum
        outcome = await self._database.written(timed, request, publish)
        if self._database.waiting or self._database.commit_writes.sum - before > 1:
            self.size = max(LEAST, self.size // 2) if took > SHORT else min(MOST, self.size * 5 // 4)
            await asyncio.sleep(took)
        else:
            self.size = min(MOST, self.size * 2)
        return outcome
