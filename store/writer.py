"""The one writer: a thread that applies what waits, one transaction after the other, on its own connection.

The loop wakes it, and is called back after each transaction, in commit order. The thread does not wait for that: the
disk is never idle while the loop talks.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from store.file import connect
from store.transaction import Connection, Write, WriteRefused, transact
from store.waiting import Waiting

MOST_IN_BATCH = 2_000  # writes in one transaction, which ends sooner where they take long
MOST_IN_TURN = 50  # transactions, before something else may have the connection

Batch = list[Write[Any, Any]]
# Called on the loop with the writes of a transaction, their outcomes, whether it brought anything to the disk, and its
# seconds.
Committed = Callable[[Batch, list[Any], bool, float], None]
# Called on the loop with the writes of a transaction that failed, and why.
Failed = Callable[[Batch, Exception], None]

Found = TypeVar("Found")


class Writer:
    """Build it within the event loop that is called back."""

    def __init__(self, path: Path, waiting: Waiting, committed: Committed, failed: Failed) -> None:
        self._path = path
        self._waiting = waiting
        self._committed = committed
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._is_open = False  # from the end of `open` to the beginning of `close`
        self._connection: Connection | None = None
        self._is_unsynced = False  # its commits do not wait for the disk
        self._prepare: Callable[[sqlite3.Connection], None] | None = None  # done to each connection once it is opened
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()  # for the thread; None ends it
        self._is_awake = False  # from when a turn is asked for until the loop hears that it is over
        self._ended: asyncio.Future[None] = self._loop.create_future()
        # A daemon, so that a database that hangs keeps no process alive: an uncommitted write is not acknowledged.
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)

    async def open(self) -> None:
        """Start the thread and open its connection. Raise sqlite3.Error when the file cannot be opened."""
        self._thread.start()
        await self._run(self._connect)
        self._is_open = True

    async def close(self) -> None:
        """Apply what waits, then close the connection and end the thread."""
        self._is_open = False
        if self._thread.ident is not None:  # else it was never opened
            self._jobs.put(None)
            await self._ended

    def wake(self) -> None:
        """Have what waits applied. All that is asked for in one step of the loop goes into the same transaction."""
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon(self._jobs.put, self._take_turn)

    async def between_transactions(self, what: Callable[[sqlite3.Connection], None]) -> None:
        """Have the connection do something that no transaction may hold. Raise WriteRefused when there is none."""
        if not self._is_open:
            raise WriteRefused("the database is not open")

        def on_connection() -> None:
            if self._connection is None:
                raise WriteRefused("there is no connection to the database")
            self._sync(self._connection, is_unsynced=False)
            what(self._connection)

        await self._run(on_connection)

    async def prepare(self, what: Callable[[sqlite3.Connection], None]) -> None:
        """Have this done to the connection now, and to each that takes its place."""

        def on_connection() -> None:
            if self._connection is not None:
                what(self._connection)
            self._prepare = what

        await self._run(on_connection)

    async def _run(self, what: Callable[[], Found]) -> Found:
        """Run a function on the thread, in its turn. Return what it returns, or raise what it raises."""
        future: Future[Found] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(what())
                except Exception as fault:
                    future.set_exception(fault)

        self._jobs.put(run)
        return await asyncio.wrap_future(future)

    # On the thread.

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        while self._waiting.writes:
            self._take_turn()
        self._disconnect()
        self._loop.call_soon_threadsafe(self._ended.set_result, None)

    def _connect(self) -> Connection:
        if self._connection is None:
            connection = connect(self._path)
            if self._prepare is not None:
                try:
                    self._prepare(connection)
                except sqlite3.Error:
                    connection.close()
                    raise
            self._connection = connection
            self._is_unsynced = False
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(sqlite3.Error):
                connection.close()

    def _sync(self, connection: sqlite3.Connection, *, is_unsynced: bool) -> None:
        """Have commits wait for the disk, or not. In the operating system's hands a commit outlives the end of this
        process, and the next one that waits syncs it too."""
        if self._is_unsynced != is_unsynced:
            connection.execute("PRAGMA synchronous = NORMAL" if is_unsynced else "PRAGMA synchronous = FULL")
            self._is_unsynced = is_unsynced

    def _take_turn(self) -> None:
        """Apply transactions while something waits, at most MOST_IN_TURN."""
        for _ in range(MOST_IN_TURN):
            batch = self._waiting.take(MOST_IN_BATCH)
            if not batch:
                break
            taken_at = time.perf_counter()
            try:
                connection, is_unsynced = self._connect(), all(write.is_unsynced for write in batch)
                self._sync(connection, is_unsynced=is_unsynced)
                outcomes, wrote = transact(connection, batch)
            except Exception as fault:
                if not isinstance(fault, WriteRefused):
                    self._disconnect()  # the connection's state is not known: the next batch gets a new one
                self._loop.call_soon_threadsafe(self._failed, batch, fault)
                break  # nothing is tried again until the clients of these have heard
            if len(outcomes) < len(batch):
                self._waiting.give_back(batch[len(outcomes) :])
                del batch[len(outcomes) :]
            wrote = wrote and not is_unsynced
            self._loop.call_soon_threadsafe(self._committed, batch, outcomes, wrote, time.perf_counter() - taken_at)
        self._loop.call_soon_threadsafe(self._turn_is_over)

    # On the loop.

    def _turn_is_over(self) -> None:
        self._is_awake = False
        if self._waiting.writes:
            self.wake()
