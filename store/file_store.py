"""Files of a running server: taken in, handed out, and taken away when nothing names them any more.

What blocks runs on a few threads of its own. The order is such that a kill at any moment leaves at most a file that
nothing names, which `tidy` takes away:

- A file is on the disk, under its name and with its folder, before its row is committed, and that before it is
  answered. A message names a file only where the row is there, in the same transaction.
- A row is deleted, in a transaction in which no message names the file, before the file is.

Both are done for one hash at a time, so that a file which is uploaded again while it is taken away stays.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from store import file_folder, files
from store.clock import DAY, Clock
from store.database import Database
from store.file_folder import Incoming
from store.files import Unnamed, Upload
from store.transaction import each

log = logging.getLogger("careline.files")

P = ParamSpec("P")
Found = TypeVar("Found")

THREADS = 4
# After each write beside messages: so many times as long as it took, and at most so many seconds.
RESTS, LONGEST_REST = 40, 0.1
UNNAMED_FOR = DAY  # after which a file goes that no message names
# Beside files the disk must have room for a daily backup, which is made where twice the database is free.
DATABASES = 2


class FileStore:
    def __init__(self, database: Database, clock: Clock, reserve: int) -> None:
        """No file is taken where fewer than `reserve` bytes of the disk would be left, or than a backup needs."""
        self.folder = file_folder.folder_of(database.path)
        self._database = database
        self._clock = clock
        self._reserve = reserve
        self._threads = ThreadPoolExecutor(THREADS, "files")
        # One for all that writes: a commit waits for the flush of one piece of one file at most.
        self._writing = ThreadPoolExecutor(1, "files-writing")
        self._loop = asyncio.get_running_loop()
        self._held: dict[str, tuple[asyncio.Lock, list[None]]] = {}
        self._coming: set[str] = set()
        self._swept_at = 0

    async def open(self) -> None:
        """Take away what a killed server was receiving. To be called before the first client comes."""
        try:
            await self.run(file_folder.remove_partial, self.folder)
            if await files.exist(self._database) and not await self.run(self.folder.is_dir):
                log.error("the folder of files %s is gone: messages name files that cannot be read", self.folder)
        except OSError as fault:
            log.error("the folder of files %s cannot be read: %s", self.folder, fault.strerror)

    def close(self) -> None:
        """Let go of the threads."""
        for threads in (self._threads, self._writing):
            threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, blocking: Callable[P, Found], *args: P.args, **_: P.kwargs) -> Found:
        """Run something that blocks on one of the threads."""
        return await self._loop.run_in_executor(self._threads, blocking, *args)

    async def write(self, blocking: Callable[P, Found], *args: P.args, **_: P.kwargs) -> Found:
        """Run something that writes to a file, after all that was asked for before. Beside messages there is a rest
        afterwards: uploads are to take a small part of the disk, and of the loop that reads them."""
        return await self._loop.run_in_executor(self._writing, self._paced, partial(blocking, *args))

    def _paced(self, blocking: Callable[[], Found]) -> Found:
        began, before = time.monotonic(), self._database.commit_writes.sum
        found = blocking()
        if self._database.waiting or self._database.commit_writes.sum > before:
            time.sleep(min(RESTS * (time.monotonic() - began), LONGEST_REST))
        return found

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[Incoming]:
        """Give a file to write to; whatever is not kept of it is gone afterwards. OSError or NoRoom where none can be
        written."""
        incoming = await self._begin()
        try:
            yield incoming
        finally:
            self._coming.discard(incoming.name)
            self.later(incoming.close)

    async def keep(self, incoming: Incoming, content_type: str, by: tuple[int, str] | None) -> Upload:
        """Have the file under its hash, on the disk and in the database. A thread that works on it is waited for."""
        sha256 = await self.write(incoming.finish)
        async with self._holding(sha256):
            await self.write(incoming.place, sha256)
            upload = Upload(sha256, incoming.size, content_type, self._clock(), by)
            await self._database.written(each(files.put), upload)
        return upload

    async def opened(self, sha256: str) -> int:
        """Open a file for reading; OSError where it cannot be."""
        return await self._made(os.close, _open, self.folder, sha256)

    def later(self, blocking: Callable[..., object], *args: object) -> None:
        """Have something that blocks done on one of the threads, and do not wait for it."""
        with suppress(RuntimeError):  # the threads are gone: the next start takes away what is left
            self._threads.submit(blocking, *args)

    async def _made(
        self, undo: Callable[[Found], object], make: Callable[P, Found], *args: P.args, **_: P.kwargs
    ) -> Found:
        """Run `make` on one of the threads. Where the caller is cancelled meanwhile, what it has made is undone."""
        making = self._loop.run_in_executor(self._threads, make, *args)
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(
                lambda done: None if done.cancelled() or done.exception() else self.later(undo, done.result())
            )
            raise

    async def tidy(self) -> None:
        """Take away the files that no message names since a day, and once a day what no row knows."""
        now = self._clock()
        before = now - UNNAMED_FOR
        while names := await files.unnamed_before(self._database, before):
            for sha256 in names:
                await self._take_away(sha256, before)
        if now - self._swept_at >= DAY:
            await self._sweep(before)
            self._swept_at = now

    async def _take_away(self, sha256: str, before: int) -> None:
        async with self._holding(sha256):
            if await self._database.written(each(files.delete_unnamed), Unnamed(sha256, before)):
                with suppress(FileNotFoundError):
                    await self.run(file_folder.remove, self.folder, sha256)

    async def _sweep(self, before: int) -> None:
        await self.run(file_folder.remove_partial, self.folder, frozenset(self._coming))
        there = await self.run(file_folder.hashes_before, self.folder, before)
        for first in range(0, len(there), files.CHUNK):
            for sha256 in await files.unknown_among(self._database, there[first : first + files.CHUNK]):
                async with self._holding(sha256):
                    if await files.unknown_among(self._database, [sha256]):
                        await self.run(file_folder.remove, self.folder, sha256)

    async def _begin(self) -> Incoming:
        try:
            incoming = await self._incoming()
        except FileNotFoundError:
            if await files.exist(self._database):
                raise  # it may be on a disk that is not there just now
            await self.run(file_folder.make, self.folder)
            incoming = await self._incoming()
        self._coming.add(incoming.name)
        return incoming

    async def _incoming(self) -> Incoming:
        return await self._made(Incoming.close, _incoming, self.folder, self._database.path, self._reserve)

    @asynccontextmanager
    async def _holding(self, sha256: str) -> AsyncIterator[None]:
        """Do one thing at a time to the file of a hash."""
        lock, waiting = self._held.setdefault(sha256, (asyncio.Lock(), []))
        waiting.append(None)
        try:
            async with lock:
                yield
        finally:
            waiting.pop()
            if not waiting:
                del self._held[sha256]


def _incoming(folder: Path, database: Path, reserve: int) -> Incoming:
    return Incoming(folder, max(reserve, DATABASES * database.stat().st_size))


def _open(folder: Path, sha256: str) -> int:
    with file_folder.opened(folder) as descriptor:
        return file_folder.open_file(descriptor, sha256)
