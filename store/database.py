"""The SQLite file: one way to open a connection, readers from a pool, and the one writer.

Readers go through peewee's asyncio support. Every write goes through `Database.write`: the writer takes all that is
waiting, applies it in one transaction (group commit, synchronous=FULL), and after the commit calls each write's
`published` on the loop, in commit order, before it takes the next batch.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiosqlite
from peewee import BaseQuery
from playhouse.pwasyncio import AsyncSqliteDatabase

from store.histogram import Histogram
from store.transaction import (
    Outcome,
    Request,
    Statement,
    Tellable,
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

log = logging.getLogger("careline.store")

Row = dict[str, Any]
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": 1000,  # milliseconds
    # The checkpoint stays in the writer: with a helper thread or a longer stretch the WAL grew without end.
    "wal_autocheckpoint": 2000,  # pages
}
READERS = 4
MOST_WAITING = 20_000  # writes; one more is refused at once
MOST_IN_BATCH = 2_000  # writes in one transaction
PROBE_AFTER = 5.0  # seconds since the last commit
SWEEP = 0.5  # seconds between looks at how long writes have waited
DEADLINE = 4.0  # seconds that a write may wait for its turn; every send is answered within five


class StoreFault(Tellable):
    """The database file can't be used; the text says why, in one line."""


class Database:
    """One SQLite file, claimed for this process. Build it within the event loop that uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = claim(path)
        self._readers = AsyncSqliteDatabase(str(path), pragmas={**PRAGMAS, "query_only": 1}, pool_size=READERS)
        self._writer: aiosqlite.Connection | None = None
        self._reading: set[asyncio.Task[list[list[Row]]]] = set()
        self._waiting: deque[Write[Any, Any]] = deque()
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
            self._writer = await _connect(self.path)
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
        if self._reading:
            await asyncio.wait(self._reading)
        await self._readers.close_pool()
        os.close(self._lock)

    @property
    def waiting(self) -> int:
        """Writes that wait for their turn."""
        return len(self._waiting)

    async def read(self, *queries: BaseQuery) -> list[list[Row]]:
        """The rows of each query, all from one snapshot of the database."""
        # In a task of its own: a reader that is cancelled half-way would leave its connection in a transaction.
        reading = asyncio.create_task(self._read(queries))
        self._reading.add(reading)
        reading.add_done_callback(self._read_done)
        return await asyncio.shield(reading)

    def _read_done(self, reading: asyncio.Task[list[list[Row]]]) -> None:
        self._reading.discard(reading)
        if not reading.cancelled():
            reading.exception()  # of a reader that is gone nobody asks for it

    async def _read(self, queries: tuple[BaseQuery, ...]) -> list[list[Row]]:
        async with self._readers:
            if len(queries) == 1:
                return [await self._readers.list(queries[0].dicts().bind(self._readers))]
            async with self._readers.atomic():
                return [await self._readers.list(query.dicts().bind(self._readers)) for query in queries]

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
        self._waiting.append(Write(statement, request, published, failed, self._loop.time()))
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
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_IN_BATCH))]
            for write, outcome in zip(batch, await self._commit(batch), strict=True):
                if isinstance(outcome, Exception):
                    _tell(write.failed, outcome)
                else:
                    _tell(write.published, outcome)

    async def _commit(self, batch: list[Write[Any, Any]]) -> list[Any]:
        """The outcome of each write, or the exception that it failed with."""
        taken_at = time.perf_counter()
        try:
            if self._writer is None:
                self._writer = await _connect(self.path)
            # aiosqlite's way to run a function on its thread: one hop for a whole transaction.
            outcomes, wrote = await self._writer._execute(transact, self._writer._conn, batch)
        except Exception as fault:
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
            return [fault if isinstance(fault, WriteUnknown) else WriteRefused(self.fault)] * len(batch)
        # A transaction that writes nothing proves nothing, and one elsewhere in the file does not mend damage.
        if wrote and not self._damaged:
            if self.fault is not None:
                log.warning("the database can be written again")
            self.fault = None
            self.committed_at = self._loop.time()
        self.commit_writes.observe(len(batch))
        self.commit_seconds.observe(time.perf_counter() - taken_at)
        committed: list[Any] = outcomes
        return committed

    def _sweep(self) -> None:
        self._refuse_overdue()
        self._sweeper = self._loop.call_later(SWEEP, self._sweep)

    def _refuse_overdue(self) -> None:
        """While a transaction hangs or fails, nobody waits for ever behind it."""
        latest = self._loop.time() - DEADLINE
        while self._waiting and self._waiting[0].asked_at < latest:
            self.refused_late += 1
            _tell(self._waiting.popleft().failed, WriteRefused("the database did not take the write in time"))


def _tell(callback: Callable[[Any], None], outcome: Any) -> None:
    """One who fails at being told must not keep the others from it."""
    try:
        callback(outcome)
    except Exception:
        log.exception("what became of a write could not be told")


async def _connect(path: Path) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None)
    try:
        for name, value in PRAGMAS.items():
            await connection.execute(f"PRAGMA {name} = {value}")
    except BaseException:
        await connection.close()
        raise
    return connection


def claim(path: Path) -> int:
    """Claims the file for this process: two servers on one file would each hand out their own order.

    SQLite's own locks are of another kind, so other programs can still read the file. The lock ends with the process,
    or when the returned descriptor is closed: after SQLite's connections, whose locks would go with it.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as fault:
        raise StoreFault(f"cannot open {path}: {fault.strerror}") from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise FileNotFoundError(path)  # a restore has put another in its place just now
    except OSError as fault:
        os.close(descriptor)
        raise StoreFault(f"{path} is in use by another Careline") from fault
    return descriptor
