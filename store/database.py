"""The database in use: readers in lanes, and the one writer.

Readers go through peewee's asyncio support. What lists, what looks something up, and what watches over who is in have
connections of their own: none of them waits for the others.

Every write goes through `Database.write`: the writer takes what is waiting, applies it in one transaction (group
commit, synchronous=FULL), and after the commit has each write's `published` called on the loop, in commit order. It
does not wait for that: the disk is never idle while the loop talks.
"""

import asyncio
import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiosqlite
from peewee import BaseQuery

from store.file import StoreFault, claim, connect
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
    transact,
)
from store.waiting import Waiting

log = logging.getLogger("careline.store")

READERS = 2  # connections for short reads
PAGE_READERS = 3  # connections for what lists
MOST_WAITING = 20_000  # writes; one more is refused at once
MOST_IN_BATCH = 2_000  # writes in one transaction, which ends sooner where they take long
MOST_IN_TURN = 50  # transactions, before somebody else may have the writer's connection
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
        self._writer: aiosqlite.Connection | None = None
        self._waiting = Waiting()
        self._taken: list[Write[Any, Any]] = []  # of the transaction under way
        self._more = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._damaged = False
        self.fault: str | None = None  # why the last transaction failed; None after one that did not
        self.committed_at = float("-inf")  # seconds, by the loop's clock
        self.commit_writes = Histogram(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # in a transaction
        # From when a batch is taken until it is committed.
        self.commit_seconds = Histogram(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
        self.refused_at_once = 0  # as too many were waiting
        self.refused_late = 0  # as their turn did not come

    async def open(self) -> None:
        """Opens the writer's connection and starts the writer; the schema is up to date by then (`schema.migrate`)."""
        try:
            self._writer = await connect(self.path)
        except sqlite3.Error as fault:
            raise StoreFault(f"cannot open {self.path}: {fault}") from fault
        self._task = asyncio.create_task(self._write_batches())
        self._sweeper = self._loop.call_later(SWEEP, self._sweep)

    async def close(self) -> None:
        """Writes what is waiting, then closes every connection."""
        self._closing = True
        self._more.set()
        if self._task is not None:
            await self._task
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._writer is not None:
            await self._writer.close()
        for lane in (self._short, self._pages, self._watch):
            await lane.close()
        os.close(self._lock)

    @property
    def waiting(self) -> int:
        """Writes that wait for their turn."""
        return len(self._waiting)

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

    def write(
        self,
        statement: Statement[Request, Outcome],
        request: Request,
        published: Callable[[Outcome], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Has the request applied and committed; then one of the two is called, exactly once, later on the loop.

        `published` runs in commit order and may not await. `failed` gets WriteRefused, WriteUnknown, or what the
        statement raised.
        """
        if self._closing or len(self._waiting) >= MOST_WAITING:
            self.refused_at_once += 1
            self._loop.call_soon(failed, TooManyWaiting("too many writes are waiting"))
            return
        self._waiting.add(Write(statement, request, published, failed, self._loop.time()))
        self._more.set()

    async def written(
        self,
        statement: Statement[Request, Outcome],
        request: Request,
        publish: Callable[[Outcome], None] | None = None,
    ) -> Outcome:
        """The same for a caller that can wait; raises what `failed` would get.

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
        """Why the file cannot be written; None when it can, which a commit of the last seconds has shown or one shows
        now."""
        if self._loop.time() - self.committed_at > PROBE_AFTER:
            try:
                await self.written(each(touch), None)
            except (WriteRefused, WriteUnknown) as fault:
                return str(fault)
        return self.fault

    async def between_writes(self, what: Callable[[sqlite3.Connection], None]) -> None:
        """Has the writer's connection do something that no transaction may hold; quickly, since writes wait for it."""
        if self._writer is None:
            raise WriteRefused(self.fault or "the database is not open")
        # The connection's thread does one thing at a time, and a transaction is one thing.
        await self._writer._execute(what, self._writer._conn)

    async def settle(self) -> None:
        """Waits until what was asked for so far is published, or has failed."""
        with contextlib.suppress(WriteRefused, WriteUnknown):
            await self.written(each(touch), None)

    async def _write_batches(self) -> None:
        while True:
            await self._more.wait()
            if not self._waiting:
                if self._closing:
                    return
                self._more.clear()
                continue
            try:
                if self._writer is None:
                    self._writer = await connect(self.path)
                # aiosqlite's way to run a function on its thread: one hop for many transactions.
                await self._writer._execute(self._take_turn, self._writer._conn)
            except Exception as fault:
                await self._failed(fault)

    def _take_turn(self, connection: sqlite3.Connection) -> None:
        """On the writer's thread: one transaction after the other while something waits, though not for ever, since
        others want the connection too. The loop publishes meanwhile; it hears of commits in their order."""
        for _ in range(MOST_IN_TURN):
            self._taken = self._waiting.take(MOST_IN_BATCH)
            if not self._taken:
                return
            taken_at = time.perf_counter()
            outcomes, wrote = transact(connection, self._taken)
            batch, self._taken = self._taken, []
            if len(outcomes) < len(batch):
                self._waiting.give_back(batch[len(outcomes) :])
                del batch[len(outcomes) :]
            self._loop.call_soon_threadsafe(self._committed, batch, outcomes, wrote, time.perf_counter() - taken_at)

    def _committed(self, batch: list[Write[Any, Any]], outcomes: list[Any], wrote: bool, seconds: float) -> None:
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

    async def _failed(self, fault: Exception) -> None:
        """The transaction under way failed, or there is no connection for one."""
        if self._writer is not None and not isinstance(fault, WriteRefused):
            # What state the connection is in nobody knows: the next batch gets a new one.
            writer, self._writer = self._writer, None
            with contextlib.suppress(sqlite3.Error):
                await writer.close()
        if self.fault is None:
            log.error("the database cannot be written: %s", fault)
        self.fault = in_words(fault)
        self._damaged = self._damaged or is_damage(fault) or is_damage(fault.__cause__)
        self._refuse_overdue()
        # Without a connection nothing was taken yet; those that wait are told no later than the others.
        batch, self._taken = self._taken or self._waiting.take(MOST_IN_BATCH), []
        for write in batch:
            _tell(write.failed, fault if isinstance(fault, WriteUnknown) else WriteRefused(self.fault))

    def _sweep(self) -> None:
        self._refuse_overdue()
        self._sweeper = self._loop.call_later(SWEEP, self._sweep)

    def _refuse_overdue(self) -> None:
        """While a transaction hangs or fails, nobody waits for ever behind it."""
        for write in self._waiting.take_asked_before(self._loop.time() - DEADLINE):
            self.refused_late += 1
            _tell(write.failed, WriteRefused("the database did not take the write in time"))


def _tell(callback: Callable[[Any], None], outcome: Any) -> None:
    """One who fails at being told must not keep the others from it."""
    try:
        callback(outcome)
    except Exception:
        log.exception("what became of a write could not be told")
