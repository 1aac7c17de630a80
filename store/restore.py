"""The way back from a backup, with ids that go on where the replaced database was."""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from store import schema
from store.backup import Going, attended, copy, partial_file, put, sync_folder, told
from store.file import StoreFault, claim

log = logging.getLogger("careline.restore")

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def by_hand(database: Path, file: Path, moment: str) -> str:
    """`careline restore FILE`; one line that says what was done. `moment` is YYYY-MM-DD HH:MM:SS."""
    with attended("restoring") as going:
        size, kept = restore(file, database, moment.translate({ord(" "): "-", ord("-"): "", ord(":"): ""}), going)
    done = f"{database} was restored from {file}: {size:,} bytes"
    return f"{done}; what it was before is {kept}" if kept else done


def restore(file: Path, database: Path, stamp: str, going: Going) -> tuple[int, Path | None]:
    """Puts a copy of `file` in place of the database; its size in bytes, and where the replaced database is now.

    StoreFault says why not; then the database is as it was. Killed at any moment, one of the two is in place, whole,
    and with nothing of the other beside it. No id of the replaced database is ever given again.
    """
    if not schema.status(file).applied:
        raise StoreFault(f"{file} is empty")
    database = Path(os.path.realpath(database))
    is_new = not database.exists()
    if not is_new and file.samefile(database):
        raise StoreFault(f"{file} is the database itself")
    lock = claim(database)
    try:
        with told(f"cannot restore {database} from {file}"):
            highest_ids = {} if is_new else _fold(database)
            with partial_file(database) as (partial, descriptor):
                copy(file, partial, descriptor, going, highest_ids)
                before = database.stat()
                os.fchmod(descriptor, before.st_mode & 0o666)
                os.fchown(descriptor, before.st_uid, before.st_gid)
                os.fsync(descriptor)
                kept = _keep(database, stamp) if before.st_size else None
                put(partial, database)
                return os.fstat(descriptor).st_size, kept
    finally:
        if is_new and not database.stat().st_size:
            database.unlink()  # which the claim has made
        os.close(lock)


def _fold(database: Path) -> dict[str, int]:
    """Brings the database into one file, without a WAL beside it; the highest id of each table, by its name.

    A damaged one stays as it is, and what cannot be read in it is not known.
    """
    highest_ids: dict[str, int] = {}
    try:
        with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if tables and schema.HISTORY not in tables:
                raise StoreFault(f"{database} is a database of another program")
            if tables:
                highest_ids = dict(connection.execute("SELECT name, max(seq) FROM sqlite_sequence GROUP BY name"))
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "delete":
                raise sqlite3.OperationalError("its WAL cannot be folded in")
    except sqlite3.DatabaseError as fault:
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
            raise
        log.warning("%s is damaged (%s): ids above those of the backup may be given again", database, fault)
    return highest_ids


def _keep(database: Path, stamp: str) -> Path:
    """Gives the database a second name, under which it stays when another takes its place."""
    kept = database.with_name(f"{database.name}.before-restore-{stamp}")
    kept.hardlink_to(database)
    for suffix in ("-wal", "-journal"):  # beside a damaged one only
        beside = Path(f"{database}{suffix}")
        if beside.exists():
            beside.rename(f"{kept}{suffix}")
    Path(f"{database}-shm").unlink(missing_ok=True)
    sync_folder(database.parent)
    return kept
