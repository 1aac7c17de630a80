"""The way back from a backup, with ids that go on where the replaced database was, and what must not be rewound."""

import logging
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from store import file_copies, schema
from store.aside import Going
from store.backup import attended, copy, partial_file, put, reporting, sync_folder
from store.carry_over import carry_over, forget_links, forget_sessions, needs_newer_schema, reading
from store.file import StoreFault, claim
from store.file_copies import FileCopy, names_in, names_there
from store.file_folder import folder_of
from store.rewind import rewind
from store.transaction import is_damage

log = logging.getLogger("careline.restore")

# Where nothing says which ids were given after the backup, the next ones are beyond all that can have been: a client
# with a cursor among them would miss what comes after the restore. JSON numbers are exact up to 9.0e15.
JUMP = 1_000_000_000

Told = Callable[[str], None]


def by_hand(database: Path, file: Path, text: Callable[[int], str], now: int, agreed: bool) -> str:
    """`careline restore FILE`: say what is rewound, ask on a terminal unless that is `agreed`, and restore. Returns one
    line that says what was done; `text` writes a time as YYYY-MM-DD HH:MM:SS."""
    said = []
    with reporting(f"cannot restore {database} from {file}"):
        back = rewind(database, file) if file.exists() else None
    if back is not None:
        said.append(back.in_words(text))
    if not agreed:
        if sys.stdin is not None and sys.stdin.isatty():
            _ask(f"{database} will be replaced by {file}", said)
        elif back is not None:
            said.append("no question was asked, since this is not a terminal")
    stamp = text(now).translate({ord(" "): "-", ord("-"): "", ord(":"): ""})
    with attended("restoring") as going:
        size, kept = restore(file, database, stamp, going, said.append)
    done = f"{database} was restored from {file}: {size:,} bytes"
    return "; ".join((done, *([f"what it was before is {kept}"] if kept else []), *said))


def restore(
    file: Path, database: Path, stamp: str, going: Going, tell: Told = lambda _: None
) -> tuple[int, Path | None]:
    """Put a copy of `file` in place of the database; return its size in bytes, and where the replaced database is now.
    `tell` is given sentences about what was taken over.

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
        with reporting(f"cannot restore {database} from {file}"):
            highest_ids = None if is_new else _fold(database)
            jumps = not highest_ids
            with partial_file(database) as (partial, descriptor):
                copy(file, partial, descriptor, going, ids_beyond(file) if jumps else highest_ids)
                forget_sessions(partial)
                had_links = forget_links(partial)
                if jumps:
                    tell(
                        "there was no readable database to go on from, so new ids begin "
                        f"{JUMP:,} above those of the backup"
                    )
                links_are_good = not is_new and database.stat().st_size > 0 and _carry(database, partial, tell)
                if had_links and not links_are_good:
                    tell("confirm links that were sent until now are not good any more")
                before = database.stat()
                _bring_files(file, database, partial, going, tell)
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


def _ask(what: str, said: list[str]) -> None:
    """StoreFault unless the person at the terminal agrees."""
    lines = "".join(f"  {sentence}\n" for sentence in said)
    print(f"{what}\n{lines}Go on? [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201
    try:
        agreed = sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        agreed = False
    if not agreed:
        raise StoreFault("nothing was changed")


def _carry(replaced: Path, restored: Path, tell: Told) -> bool:
    """Take over from the replaced database what must not be rewound, as far as it can be read. Return whether confirm
    links stay good."""
    try:
        if needs_newer_schema(replaced, restored):
            schema.migrate(restored)
        carried = carry_over(replaced, restored)
    except sqlite3.DatabaseError as fault:
        if not is_damage(fault):
            raise
        tell(f"nothing of the replaced database could be taken over ({fault}): revoke again what was revoked")
        return False
    tell(
        f"taken over from the replaced database: {carried.revocations:,} revocations, {carried.audit:,} rows of the "
        f"audit, {carried.occurrences:,} reminders that have rung, {carried.answers:,} answers to notifications"
        + ("" if carried.is_whole else "; it is damaged, so some may be missing: revoke again what was revoked")
    )
    return carried.links


def ids_beyond(file: Path) -> dict[str, int]:
    """For each table that counts its ids, one that can't have been given since the backup."""
    with closing(reading(file)) as backup:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
        highest = dict(backup.execute("SELECT name, max(seq) FROM sqlite_sequence GROUP BY name").fetchall())
        names = {name for (name,) in backup.execute(tables)} - {schema.HISTORY}
    return {name: (highest.get(name) or 0) + JUMP for name in names}


def _bring_files(file: Path, database: Path, partial: Path, going: Going, tell: Told) -> None:
    """Have the files of the restored database beside the replaced one, where those of both are until the server takes
    away what nothing names."""
    folder, state = folder_of(database), database.stat()
    owner = (state.st_uid, state.st_gid) if os.geteuid() == 0 else None
    names = names_in(partial)
    lacking = FileCopy((folder, folder_of(file)), folder, going, owner=owner).bring(names)
    if lacking:
        tell(file_copies.told(lacking, len(names)))


def _keep_files(database: Path, kept: Path) -> None:
    """Have the files of the replaced database beside its second name, too."""
    folder = folder_of(database)
    FileCopy((folder,), folder_of(kept), lambda _: True, is_checked=False).bring(names_there(folder))


def _fold(database: Path) -> dict[str, int] | None:
    """Bring the database into one file, without a WAL beside it; return the highest id of each table, by its name.

    A damaged one stays as it is; None when its ids are not known, or it has never given any.
    """
    highest_ids: dict[str, int] = {}
    try:
        with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if schema.is_foreign(tables):
                raise StoreFault(f"{database} is a database of another program")
            if schema.HISTORY in tables:
                highest_ids = dict(connection.execute("SELECT name, max(seq) FROM sqlite_sequence GROUP BY name"))
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "delete":
                raise sqlite3.OperationalError("its WAL cannot be folded in")
    except sqlite3.DatabaseError as fault:
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise StoreFault(_held(database)) from fault
        if not is_damage(fault):
            raise
        log.warning("%s is damaged (%s): ids go on far above those of the backup", database, fault)
        return None
    highest_ids.pop(schema.HISTORY, None)
    return highest_ids if any(highest_ids.values()) else None


def _held(database: Path) -> str:
    """Say which programs have the database open, as far as this user may see that."""
    names = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.name != f"{os.getpid()}" and any(_is(file, database) for file in (process / "fd").iterdir()):
                names.append(f"{(process / 'comm').read_text().strip()} (process {process.name})")
    holders = ", ".join(sorted(names)) or "a program of another user"
    return (
        f"{database} is held by another program: stop {holders} first; what replicates the database, such as "
        "careline-replica.service, is to be stopped for a restore and started again after it"
    )


def _is(file: Path, other: Path) -> bool:
    try:
        return file.samefile(other)
    except OSError:
        return False  # a socket, or closed by now


def _keep(database: Path, stamp: str) -> Path:
    """Gives the database a second name, under which it stays when another takes its place."""
    kept = database.with_name(f"{database.name}.before-restore-{stamp}")
    _keep_files(database, kept)
    kept.hardlink_to(database)
    for suffix in ("-wal", "-journal"):  # beside a damaged one only
        beside = Path(f"{database}{suffix}")
        if beside.exists():
            beside.rename(f"{kept}{suffix}")
    Path(f"{database}-shm").unlink(missing_ok=True)
    sync_folder(database.parent)
    return kept
