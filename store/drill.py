"""The drill: the newest copy on another disk is restored for trial, checked, and compared with the database.

A copy that was never restored is a hope. Once a month the server does it by itself, and `careline drill` at any time.
Once a day it reads all copies again: a disk loses bytes without a word.
"""

# ruff: noqa: S608 - the names of tables are our own

import fcntl
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from store import off_disk, schema
from store.aside import Aside, Going
from store.backup import Daily, attended, copy, partial_file, reporting
from store.beside import writing_beside
from store.clock import DAY, Clock
from store.database import Database
from store.file import StoreFault, to_look
from store.file_copies import names_in, refuse_unsound
from store.off_disk import Drilled, note_drill
from store.restore import ids_beyond
from store.transaction import each

log = logging.getLogger("careline.drill")

EVERY = 30 * DAY
AGAIN_AFTER = DAY  # where it has found something, and there is no newer copy to try by then


class Drills:
    """The drills of a running server."""

    def __init__(self, database: Database, daily: Daily, clock: Clock) -> None:
        self._database = database
        self._daily = daily
        self._clock = clock
        self._trying: Aside[str] = Aside()
        self._reading: Aside[str | None] = Aside()
        self._read_at = -DAY  # when all copies were last read
        self._damage: str | None = None  # what that has found

    async def look(self) -> None:
        """Have a drill where the last is a month ago, or has failed and there is a newer copy or a day is over; once a
        day read all copies. StoreFault or OSError says what is wrong, and again at each look until it is mended.

        Cancelled it gives up what is under way.
        """
        standing = await off_disk.standing(self._database)
        last = standing.drilled
        if standing.copied_at is None:
            return  # there is nothing to try yet
        if last is None or self._is_due(last, standing.copied_at):
            await self._try_newest()
        elif not last.is_ok:
            raise StoreFault(last.text)
        now = self._clock()
        if not 0 <= now - self._read_at < DAY:
            self._damage = await self._reading.run(
                "reading the copies", partial(damage, self._database.path, self._daily)
            )
            self._read_at = now
        if self._damage is not None:
            raise StoreFault(self._damage)

    async def _try_newest(self) -> None:
        began = self._clock()
        try:
            text = await self._trying.run("the drill", partial(drill, self._database.path, self._daily))
        except (StoreFault, OSError) as fault:
            if not isinstance(fault, off_disk.NotMounted):  # with that the job for copies fails
                await self._note(began, False, str(fault))
            raise
        await self._note(began, True, text)
        log.info("the drill went well: %s", text)

    def _is_due(self, last: Drilled, copied_at: int) -> bool:
        """Return whether it is time for the next, also by a clock that went back."""
        if not last.is_ok and copied_at > last.at:
            return True
        return not 0 <= self._clock() - last.at < (EVERY if last.is_ok else AGAIN_AFTER)

    async def _note(self, began: int, is_ok: bool, text: str) -> None:
        await self._database.written(each(note_drill), Drilled(began, is_ok, text))


def by_hand(database: Path, daily: Daily, clock: Clock) -> str:
    """`careline drill`: have a drill now, and have the server tell what it found. Return one line that says that all is
    well; StoreFault otherwise."""
    began = clock()
    with attended("trying the newest copy") as going:
        try:
            text, is_ok = drill(database, daily, going), True
        except StoreFault as fault:
            text, is_ok = str(fault), False
    with writing_beside(database) as connection:
        note_drill(connection, Drilled(began, is_ok, text))
    if not is_ok:
        raise StoreFault(text)
    return text


def drill(database: Path, daily: Daily, going: Going) -> str:
    """Restore the newest copy into a scratch file, which is gone at the end, and compare it with the database.

    Return one sentence; StoreFault says what is wrong with the copy, or why it was not tried.
    """
    assert daily.folder is not None
    off_disk.refuse_same_disk(daily.folder, database)
    if not schema.status(database).applied:
        raise StoreFault(f"{database} is empty")
    with reporting(f"cannot try the newest copy in {daily.folder}"):
        newest = daily.newest_copy()
        if newest is None:
            raise StoreFault(f"there is no copy in {daily.folder}")
        off_disk.refuse_changed(newest, going)
        with scratch_folder(database) as scratch:
            if shutil.disk_usage(scratch).free < newest.stat().st_size + 2 * database.stat().st_size:
                raise StoreFault("a drill would take the room on the disk that messages need")
            restored = scratch / database.name
            with partial_file(restored) as (part, descriptor):
                copy(newest, part, descriptor, going, ids_beyond(newest))
                part.replace(restored)
            schema.migrate(restored, lambda _: going(1.0))
            names = names_in(restored)
            refuse_unsound(newest, names, going)
            rows, live = _compare(newest, restored, database)
    files = f", {len(names):,} files" if names else ""
    return f"{newest} was restored for trial and is sound: {rows:,} rows{files}; the database has {live:,} rows now"


def damage(database: Path, daily: Daily, going: Going) -> str | None:
    """Read all copies and their files, and return which is damaged or cannot be read, or None. NotMounted without the
    disk."""
    assert daily.folder is not None
    off_disk.refuse_same_disk(daily.folder, database)
    for kept in sorted(daily.copies(), reverse=True):
        try:
            with reporting(f"cannot read {kept}"):
                off_disk.refuse_changed(kept, going)
                refuse_unsound(kept, names_in(kept), going)
        except StoreFault as fault:
            if kept.exists():  # and not taken away meanwhile, for its age
                return str(fault)
    return None


@contextmanager
def scratch_folder(database: Path) -> Iterator[Path]:
    """A folder beside the database for a drill, gone at the end. StoreFault while another drill has it."""
    folder = database.absolute().with_name(f"{database.name}.drill")
    folder.mkdir(0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreFault("another drill is under way") from None
    try:
        for left in folder.iterdir():  # by one that was killed
            left.unlink()
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(descriptor)


def _compare(newest: Path, restored: Path, database: Path) -> tuple[int, int]:
    """Return how many rows the restored copy and the database have. StoreFault when the copy lacks rows of its time.

    Ids are never used again, so what the database has up to the copy's highest id was there when it was made.
    """
    with closing(sqlite3.connect(restored)) as copied, closing(to_look(database)) as live:
        (broken,) = copied.execute("SELECT count(*) FROM pragma_foreign_key_check").fetchone()
        if broken:
            raise StoreFault(f"{newest}: {broken:,} of its rows name others that are not in it")
        highest = _highest_ids(newest)
        rows = rows_now = 0
        for (table,) in copied.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            (there,) = copied.execute(f'SELECT count(*) FROM "{table}"').fetchone()
            (now,) = live.execute(f'SELECT count(*) FROM "{table}"').fetchone()
            rows, rows_now = rows + there, rows_now + now
            if table in highest:
                older = f'SELECT count(*) FROM "{table}" WHERE id <= ?'
                (wanted,) = live.execute(older, (highest[table],)).fetchone()
                if wanted > there:
                    raise StoreFault(f"{newest} lacks rows: {there:,} in {table}, where the database has {wanted:,}")
    return rows, rows_now


def _highest_ids(path: Path) -> dict[str, int]:
    with closing(to_look(path)) as connection:
        found = dict(connection.execute("SELECT name, max(seq) FROM sqlite_sequence GROUP BY name").fetchall())
    found.pop(schema.HISTORY, None)
    return found
