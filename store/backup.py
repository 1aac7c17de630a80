"""Backups of the database and its files: by hand, before a migration, once a day.

Each is a whole copy, checked by SQLite, made while the database is served or not. It is written under a temporary
name, brought to the disk and renamed, so at its destination there is never half of one. Its files are there before, in
a folder of their own beside it (store/file_copies.py).
"""

import logging
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from store import file_copies, off_disk, schema
from store.aside import Aside, Going
from store.file import StoreFault
from store.file_copies import FileCopy, names_in
from store.file_folder import folder_of

log = logging.getLogger("careline.backup")

BESIDE = ("-wal", "-shm", "-journal")  # what SQLite may keep beside a database
STEP = 2048  # pages, 8 MB: what is copied between two looks at `Going`
_DATE = r"\d{4}-\d\d-\d\d"
LOOK_EVERY = 600  # seconds between two looks whether the day has its backup


def by_hand(database: Path, file: Path) -> str:
    """`careline backup FILE`; one line that says what was done."""
    with attended("backing up") as going:
        made = back_up(database, file, going)
    return "; ".join((f"{database} was backed up to {file}: {made.size:,} bytes{made.with_files()}", *made.lacks()))


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made."""

    size: int  # bytes, without the files
    files: int
    file_bytes: int
    lacking: list[str]  # files that the database knows, and that were not there whole

    def with_files(self) -> str:
        """Return what is to be said of its files, if it has any."""
        return f", with {self.files:,} files of {self.file_bytes:,} bytes" if self.files else ""

    def lacks(self) -> list[str]:
        """Return what is to be said of files that are not in it."""
        return [file_copies.told(self.lacking, self.files)] if self.lacking else []


def back_up(
    database: Path,
    destination: Path,
    going: Going,
    *,
    is_checked: bool = True,
    reserve: int = 0,
    is_summed: bool = False,
    before: Path | None = None,
) -> Made:
    """Makes a backup; replaces what was at the destination only once it is whole. Files that are only given a second
    name are hashed where it `is_checked`; copies of them leave `reserve` bytes of the disk free. Where it `is_summed`
    its SHA-256 is written beside it. Its files are second names of those of the backup `before`, as far as it has them.

    All that was committed before the call is in it. StoreFault says why there is none; then nothing has changed.
    """
    if not schema.status(database).applied:
        raise StoreFault(f"{database} is empty")
    with reporting(f"cannot back up {database} to {destination}"):
        # The folder may be reached by links. A link in place of the file lets its maker choose what is replaced.
        destination = Path(os.path.realpath(destination.parent)) / destination.name
        if destination.is_symlink():
            raise StoreFault(f"{destination} is a symbolic link; name the file that it leads to")
        _refuse_live(database, destination)
        folder = folder_of(destination)
        sources = (folder_of(database),) if before is None else (folder_of(before), folder_of(database))
        files = FileCopy(sources, folder, going, is_checked, reserve)
        # What is deleted while the database is copied would be gone by the time that the copy says what it names.
        files.bring(names_in(database))
        with partial_file(destination) as (partial, descriptor):
            copy(database, partial, descriptor, going)
            names = names_in(partial)
            lacking = files.bring(names)
            os.fchmod(descriptor, database.stat().st_mode & 0o666)
            os.fsync(descriptor)
            if is_summed:
                off_disk.write_sum(destination, descriptor, going)
            put(partial, destination)
            file_copies.prune(folder, names)
            return Made(os.fstat(descriptor).st_size, len(names), sum(names.values()), lacking)


def before_migration(database: Path, going: Going = lambda _: True) -> None:
    """Keeps the database as it is where a migration is going to change it.

    The name tells the migration, so starting again after a failed one replaces its backup instead of piling them up.
    """
    status = schema.status(database)
    if not (status.applied and status.pending):
        return
    kept = database.with_name(f"{database.name}.before-{status.pending[0]}")
    try:
        _remove_partial(kept.parent, kept.name)
        back_up(database, kept, going, is_checked=False)
    except (StoreFault, OSError) as fault:
        raise StoreFault(f"{fault}; --backup-before-migration false migrates without a backup") from fault
    log.info("the database before the migration is kept as %s", kept)


class Daily:
    """One backup a day while the database is served, of which the newest are kept."""

    def __init__(self, database: Path, keep: int, today: Callable[[], str], folder: Path | None = None) -> None:
        """`keep` 0 makes none; `today` gives the date as YYYY-MM-DD. They are made in `folder`, which is to be on
        another disk, or beside the database."""
        self.folder = folder
        self._folder = database.parent if folder is None else folder
        self._prefix = f"{database.name}.daily-"
        self._dated = re.compile(re.escape(self._prefix) + _DATE, re.ASCII)
        self._database = database
        self._keep = keep
        self._today = today
        self._aside: Aside[Made | None] = Aside()
        self.newest: int | None = None  # when the newest was made, as the last look has found it

    @property
    def wanted(self) -> bool:
        return self._keep > 0

    def latest(self) -> int | None:
        """Return when the newest of those on the disk was made, in UTC milliseconds; None without any. OSError when the
        folder can't be read."""
        return max((path.stat().st_mtime_ns // 1_000_000 for path in self.copies()), default=None)

    def newest_copy(self) -> Path | None:
        """Return the newest of those on the disk, by its date. OSError when the folder can't be read."""
        return max(self.copies(), default=None)

    async def look(self) -> bool:
        """Make today's backup where there is none, and return whether one was made; StoreFault or OSError says why it
        could not. It is made aside: a disk that is slow holds up nothing else.

        Cancelled it gives up what is being made.
        """
        made = self._folder / f"{self._prefix}{self._today()}"
        if not self.wanted:
            return False
        backup = await self._aside.run(f"the daily backup {made}", partial(self._make_if_missing, made))
        if backup is None:
            return False
        log.info("the daily backup %s was made: %d bytes%s", made, backup.size, backup.with_files())
        for lacks in backup.lacks():
            log.error("the daily backup %s: %s", made, lacks)
        return True

    def _make_if_missing(self, made: Path, going: Going) -> Made | None:
        def still_there(share: float) -> bool:
            self._refuse_same_disk()
            return going(share)

        self._refuse_same_disk()
        try:
            backup = None if made.exists() else self._make_and_prune(made, still_there)
            self.newest = self.latest()
        except (StoreFault, OSError):
            self._refuse_same_disk()  # a disk that is gone says more than what came of it
            raise
        return backup

    def _refuse_same_disk(self) -> None:
        if self.folder is not None:
            off_disk.refuse_same_disk(self.folder, self._database)

    def _make_and_prune(self, made: Path, going: Going) -> Made:
        _remove_partial(self._folder, self._prefix)
        size, free = self._database.stat().st_size, shutil.disk_usage(self._folder).free
        before = max((path for path in self.copies() if path < made), default=None)
        if self.folder is not None:
            if free < size:
                raise StoreFault(f"{self.folder} has {free:,} bytes left, and a copy takes {size:,}")
            backup = back_up(self._database, made, going, is_summed=True, before=before)
        elif free < 2 * size:
            raise StoreFault("it would take the room on the disk that messages need")
        else:
            backup = back_up(self._database, made, going, reserve=2 * size)
        # One of a later day comes from a clock that was wrong: counted, it would push out the right ones.
        daily = sorted(path for path in self.copies() if path <= made)
        for old in daily[: -self._keep]:
            file_copies.remove_with_files(old)
        self._remove_files_of_none()
        return backup

    def _remove_files_of_none(self) -> None:
        """Take away the files and sums of backups that were not finished before their day was over, or are gone."""
        for copy in file_copies.without_database(self._folder, self._dated):
            file_copies.remove_files(copy)
        for path in self._folder.iterdir():
            if path.suffix == ".sha256" and self._dated.fullmatch(path.stem) and not path.with_suffix("").exists():
                path.unlink(missing_ok=True)

    def copies(self) -> list[Path]:
        """Return those on the disk. OSError when the folder can't be read."""
        return [path for path in self._folder.iterdir() if self._dated.fullmatch(path.name)]


def copy(
    source: Path, partial: Path, descriptor: int, going: Going, highest_ids: Mapping[str, int] | None = None
) -> None:
    """Copies a database into an empty file, and checks the copy. `descriptor` is the file's, for bringing it to disk.

    The copy's tables go on above `highest_ids`. It is one file that needs no WAL beside it.
    """
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as old,
        closing(sqlite3.connect(partial, isolation_level=None)) as new,
    ):

        def copied(_: int, remaining: int, total: int) -> None:
            # Bit by bit, so that a server's commits need not wait until the disk has taken all of it at once.
            os.fsync(descriptor)
            if not going(1 - remaining / total):
                raise sqlite3.OperationalError("interrupted")  # as SQLite says it

        # No one reads the file before it is whole.
        new.execute("PRAGMA journal_mode = OFF")
        new.execute("PRAGMA synchronous = OFF")
        old.execute("PRAGMA wal_autocheckpoint = 0")  # a server's own writer does that
        # Within a transaction of the source: without one the copy would start again at each commit of a server.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        old.backup(new, pages=STEP, progress=copied)
        old.execute("ROLLBACK")  # before the check: until then a server's WAL can only grow
        for table, highest in (highest_ids or {}).items():
            _go_on_above(new, table, highest)
        new.execute("PRAGMA journal_mode = DELETE")
        new.set_progress_handler(lambda: not going(1.0), 10_000)
        schema.refuse_damaged(source, new)


@contextmanager
def attended(doing: str) -> Iterator[Going]:
    """For who waits in front of it: a progress bar where there is a terminal, and SIGINT and SIGTERM give up."""
    bar = sys.stderr if sys.stderr.isatty() else None
    stopped: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: stopped.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }

    def going(share: float) -> bool:
        if bar:
            done = int(share * 40)
            bar.write(f"\r{doing} [{'#' * done}{'.' * (40 - done)}] {f'{share:4.0%}' if share < 1 else 'checking'}")
            bar.flush()
        return not stopped

    try:
        yield going
    finally:
        if bar:
            bar.write("\r\x1b[K")
            bar.flush()
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def partial_file(destination: Path) -> Iterator[tuple[Path, int]]:
    """A file beside the destination, to become it; gone at the end where it has not."""
    descriptor, name = tempfile.mkstemp(".partial", f"{destination.name}.", destination.parent)
    try:
        yield Path(name), descriptor
    finally:
        os.close(descriptor)
        for suffix in ("", *BESIDE):
            Path(f"{name}{suffix}").unlink(missing_ok=True)


def put(partial: Path, destination: Path) -> None:
    """Gives a file that is on the disk its name, in one step."""
    partial.replace(destination)
    sync_folder(destination.parent)


def sync_folder(folder: Path) -> None:
    """Brings names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def reporting(what: str) -> Iterator[None]:
    """Raise errors of the disk and of SQLite as a StoreFault of one line that begins with `what`."""
    try:
        yield
    except sqlite3.Error as fault:
        raise StoreFault(f"{what}: {fault}") from fault
    except OSError as fault:
        raise StoreFault(f"{what}: {fault.strerror}") from fault


def _go_on_above(connection: sqlite3.Connection, table: str, highest: int) -> None:
    """Also for a table that only a later migration will make."""
    update = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?"
    if not connection.execute(update, (highest, table)).rowcount:
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, highest))


def _refuse_live(database: Path, destination: Path) -> None:
    """A backup over a database that is open, or over what belongs to it, would destroy it."""
    own = Path(os.path.realpath(database))
    if destination in (own, *(Path(f"{own}{suffix}") for suffix in BESIDE)):
        raise StoreFault(f"{destination} is the database itself; name another file for the backup")
    if destination.exists() and not destination.is_file():
        raise StoreFault(f"{destination} is no file that could be replaced")
    for suffix in BESIDE:
        beside = Path(f"{destination}{suffix}")
        if beside.exists():
            raise StoreFault(f"{destination} is a database in use ({beside.name} is beside it); name another file")


def _remove_partial(folder: Path, prefix: str) -> None:
    """Delete what a killed server has left of the backups whose names start so."""
    for path in folder.iterdir():
        if path.name.startswith(prefix) and path.name.endswith(tuple(f".partial{s}" for s in ("", *BESIDE))):
            with suppress(FileNotFoundError):
                path.unlink()
