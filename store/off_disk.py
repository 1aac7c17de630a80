"""Copies on another disk than the database's: whether it is there, sums by which damage is found, what is known of it.

A copy has its SHA-256 beside it, in a file that `sha256sum -c` reads. SQLite's own check finds no damage within texts.
"""

import hashlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from store.aside import Going
from store.database import Database
from store.file import StoreFault
from store.models import OffDisk

STEP = 8_388_608  # bytes that are read between two looks at `Going`
COPY, DRILL = "COPY", "DRILL"


class NotMounted(StoreFault):
    """The folder for copies is not on a disk of its own."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """The result of a drill."""

    at: int  # when it began: a copy that was made later was not tried
    is_ok: bool
    text: str  # what was found, in one sentence


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database knows of its copies on another disk."""

    copied_at: int | None  # when the newest was made
    drilled: Drilled | None


def refuse_same_disk(folder: Path, database: Path) -> None:
    """Raise NotMounted unless the folder is on another disk than the database. Where a disk is not mounted, its mount
    point is a folder of the disk below, which copies would fill."""
    try:
        is_same = folder.stat().st_dev == database.parent.stat().st_dev
    except FileNotFoundError:
        raise NotMounted(f"there is no folder {folder}: its disk is not mounted") from None
    except OSError as fault:
        raise StoreFault(f"cannot use {folder}: {fault.strerror}") from fault
    if is_same:
        raise NotMounted(f"{folder} is on the same disk as the database: the disk that it is for is not mounted")


def sum_file(copy: Path) -> Path:
    """Return where the SHA-256 of a copy is."""
    return copy.with_name(f"{copy.name}.sha256")


def sum_of(descriptor: int, going: Going) -> str:
    """Return the SHA-256 of an open file as it is on the disk."""
    # What is still in memory would be read from there, whatever the disk has made of it.
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    found, place = hashlib.sha256(), 0
    while data := os.pread(descriptor, STEP, place):
        found.update(data)
        place += len(data)
        if not going(1.0):
            raise InterruptedError(4, "interrupted")
    return found.hexdigest()


def write_sum(copy: Path, descriptor: int, going: Going) -> None:
    """Write the sum of a file that is on the disk and that is going to have the name `copy`."""
    text = f"{sum_of(descriptor, going)}  {copy.name}\n"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    written = os.open(sum_file(copy), flags, 0o640)
    try:
        os.write(written, text.encode())
        os.fsync(written)
    finally:
        os.close(written)


def refuse_changed(copy: Path, going: Going) -> None:
    """Raise StoreFault unless a copy is, to the byte, what was written. OSError where it cannot be read."""
    try:
        wanted = sum_file(copy).read_text(errors="replace")
    except FileNotFoundError:
        raise StoreFault(f"{copy} is without {sum_file(copy).name}, so damage within it cannot be found") from None
    descriptor = os.open(copy, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if wanted != f"{sum_of(descriptor, going)}  {copy.name}\n":
            raise StoreFault(f"{copy} is damaged: it is not what {sum_file(copy).name} says")
    finally:
        os.close(descriptor)


def note_copy(connection: sqlite3.Connection, at: int) -> None:
    """Remember when the newest copy was made."""
    _note(connection, COPY, at, True, "")


def note_drill(connection: sqlite3.Connection, drilled: Drilled) -> None:
    """Remember the last drill."""
    _note(connection, DRILL, drilled.at, drilled.is_ok, drilled.text)


async def standing(database: Database) -> Standing:
    """Return what the database knows."""
    (rows,) = await database.read(OffDisk.select())
    known = {row["what"]: row for row in rows}
    drill = known.get(DRILL)
    return Standing(
        known[COPY]["at"] if COPY in known else None,
        None if drill is None else Drilled(drill["at"], bool(drill["is_ok"]), drill["told"]),
    )


def _note(connection: sqlite3.Connection, what: str, at: int, is_ok: bool, told: str) -> None:
    connection.execute("REPLACE INTO off_disk (what, at, is_ok, told) VALUES (?, ?, ?, ?)", (what, at, is_ok, told))
