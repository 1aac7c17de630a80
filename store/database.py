"""The database in use: readers in lanes, and the one writer.

Readers go through peewee's asyncio support. What lists, what looks something up, what watches over who is in, and what
looks for reminders that are due have connections of their own: none of them waits for the others.

Every write goes through `Database.write`: the writer takes what is waiting, applies it in one transaction (group
commit, synchronous=FULL), and after the commit each write's `published` is called on the loop, in commit order.
"""

import asyncio
import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peewee import BaseQuery

from store.file import StoreFault, claim
from store.histogram import Histogram
from store.reading import PAGE_BYTES, Lane, Page, Row
from store.transaction import (
    Outcome,
    Request,
    Statement,
    TooManyWaiting,
    Write,
    WriteRefused,
    WriteUnknown,
    each,
    in_words,
    is_damage,
    touch,
)
from store.waiting import Waiting
from store.writer import Batch, Writer

log = logging.getLogger("careline.store")

READERS = 2  # connections for short reads
PAGE_READERS = 3  # connections for what lists
MOST_WAITING = 20_000  # writes; one more is refused at once
PROBE_AFTER = 5.0  # seconds since the last commit
SWEEP = 0.5  # seconds between looks at how long writes have waited
DEADLINE = 4.0  # seconds that a write may wait for its turn; every send is answered within five


class Database:
    """One SQLite file, claimed for this process. Build it within the event loop that uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = claim(path)
        self._short = Lane(path, READERS)
        self._pages = Lane(path, PAGE_READERS)
        self._watch = Lane(path, 1)
        self._due = Lane(path, 1)
        self._waiting = Waiting()
        self._writer = Writer(path, self._waiting, self._committed, self._failed)
        self._closing = False
        self._sweeper: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._damaged = False
        self.committed: Callable[[], None] | None = None  # called on the loop after each transaction
        self.fault: str | None = None  # why the last transaction failed; None after one that did not
        self.committed_at = float("-inf")  # seconds, by the loop's clock
        self.commit_writes = Histogram(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # in a transaction
        # From when a batch is taken until it is committed.
        self.commit_seconds = Histogram(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
        self.refused_at_once = 0  # as too many were waiting
        self.refused_late = 0  # as their turn did not come

    async def open(self) -> None:
        """Start the writer; the schema is up to date by then (`schema.migrate`)."""
        try:
            await self._writer.open()
        except sqlite3.Error as fault:
            raise StoreFault(f"cannot open {self.path}: {fault}") from fault
        self._sweeper = self._loop.call_later(SWEEP, self._sweep)

    async def close(self) -> None:
        """Write what waits, then close every connection."""
        self._closing = True
        await self._writer.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for lane in (self._short, self._pages, self._watch, self._due):
            await lane.close()
        os.close(self._lock)

    @property
    def waiting(self) -> int:
        """Writes that wait for their turn."""
        return len(self._waiting.writes)

    async def read(self, *queries: BaseQuery) -> list[list[Row]]:
        """Return the rows of each query, all from one snapshot of the database. For what is found in a moment."""
        return await self._short.read(*queries)

    async def look(self, *queries: BaseQuery) -> list[list[Row]]:
        """Return the same in one turn of the connection's thread, the values as they are stored."""
        return await self._short.at_once(*queries)

    async def page(self, query: BaseQuery, limit: int, *beside: BaseQuery, most_bytes: int = PAGE_BYTES) -> Page:
        """Return a page of the query's rows, bounded in rows and bytes, with the rows of the queries beside it."""
        return await self._pages.page(query, limit, most_bytes, beside)

    async def watch(self, *queries: BaseQuery) -> list[list[Row]]:
        """Return the rows of queries on which safety depends: no other read is waited for."""
        return await self._watch.at_once(*queries)

    async def due(self, *queries: BaseQuery) -> list[list[Row]]:
        """Return the rows of the queries by which reminders fire: no read that a client asks for is waited for."""
        return await self._due.at_once(*queries)

    def write(
        self,
        statement: Statement[Request, Outcome],
        request: Request,
        published: Callable[[Outcome], None],
        failed: Callable[[Exception], None],
        *,
        is_unsynced: bool = False,
    ) -> None:
        """Has the request applied and committed; then one of the two is called, exactly once, later on the loop.

        `published` runs in commit order and may not await. `failed` gets WriteRefused, WriteUnknown, or what the
        statement raised. A write `is_unsynced` that need not outlive a power cut, only the end of this process.
        """
        if self._closing or len(self._waiting.writes) >= MOST_WAITING:
            self.refused_at_once += 1
            self._loop.call_soon(failed, TooManyWaiting("too many writes are waiting"))
            return
        self._waiting.writes.append(Write(statement, request, published, failed, self._loop.time(), is_unsynced))
        self._writer.wake()

    async def written(
        self, statement: Statement[Request, Outcome], request: Request, publish: Callable[[Outcome], None] | None = None
    ) -> Outcome:
        """Write, and return the outcome once it is committed. Raise what `failed` would get.

        By the time that the caller goes on, later commits may be published; what has to leave in commit order is
        handed on by `publish`.
        """
        future: asyncio.Future[Outcome] = self._loop.create_future()

        def published(outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)  # the caller goes on after this step, whatever becomes of it
            if publish is not None:
                publish(outcome)

        def failed(fault: Exception) -> None:
            if not future.done():
                future.set_exception(fault)

        self.write(statement, request, published, failed)
        return await future

    async def probe(self) -> str | None:
        """Return why the file cannot be written; None when it can, which a commit of the last seconds has shown or one
        shows now."""
        if self._loop.time() - self.committed_at > PROBE_AFTER:
            try:
                await self.written(each(touch), None)
            except (WriteRefused, WriteUnknown) as fault:
                return str(fault)
        return self.fault

    async def between_writes(self, what: Callable[[sqlite3.Connection], None]) -> None:
        """Has the writer's connection do something that no transaction may hold; quickly, since writes wait for it."""
        await self._writer.between_transactions(what)

    async def prepare(self, what: Callable[[sqlite3.Connection], None]) -> None:
        """Have this done to the writer's connection, before its next transaction and whenever it is opened anew."""
        await self._writer.prepare(what)

    async def settle(self) -> None:
        """Waits until what was asked for so far is published, or has failed."""
        with contextlib.suppress(WriteRefused, WriteUnknown):
            await self.written(each(touch), None)

    def _committed(self, batch: Batch, outcomes: list[Any], wrote: bool, seconds: float) -> None:
        # A transaction that writes nothing proves nothing, and one elsewhere in the file does not mend damage.
        if wrote and not self._damaged:
            if self.fault is not None:
                log.warning("the database can be written again")
            self.fault = None
            self.committed_at = self._loop.time()
        self.commit_writes.observe(len(batch))
        self.commit_seconds.observe(seconds)
        for write, outcome in zip(batch, outcomes, strict=True):
            _tell(write.failed if isinstance(outcome, Exception) else write.published, outcome)
        if self.committed is not None:
            self.committed()

    def _failed(self, batch: Batch, fault: Exception) -> None:
        """The transaction of these writes failed, or there was no connection for one."""
        if self.fault is None:
            log.error("the database cannot be written: %s", fault)
        self.fault = in_words(fault)
        self._damaged = self._damaged or is_damage(fault) or is_damage(fault.__cause__)
        self._refuse_overdue()
        for write in batch:
            _tell(write.failed, fault if isinstance(fault, WriteUnknown) else WriteRefused(self.fault))

    def _sweep(self) -> None:
        self._refuse_overdue()
        self._sweeper = self._loop.call_later(SWEEP, self._sweep)

    def _refuse_overdue(self) -> None:
        """No write waits for ever behind a transaction that hangs or fails."""
        for write in self._waiting.take_asked_before(self._loop.time() - DEADLINE):
            self.refused_late += 1
            _tell(write.failed, WriteRefused("the database did not take the write in time"))


def _tell(callback: Callable[[Any], None], outcome: Any) -> None:
    """One who fails at being told must not keep the others from it."""
    try:
        callback(outcome)
    except Exception:
        log.exception("what became of a write could not be told")
