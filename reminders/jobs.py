"""The housekeeping jobs: each with its name in `/health`, how often it runs, and what it does."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from reminders.housekeeping import Job
from store import (
    audit,
    backup,
    idempotency_keys,
    off_disk,
    old_copies,
    outbox,
    retention,
    revocations,
    sessions,
    upkeep,
)
from store.backup import Daily
from store.clock import DAY, Clock
from store.database import Database
from store.drill import Drills
from store.file_store import FileStore
from store.retention import Closed
from store.transaction import Outcome, Request, each

TIDY_EVERY = 600  # seconds, as is the next
SHRINK_EVERY = 60
# Seconds between two chunks of deletions, in which messages have the writer to themselves.
PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many days something is kept; 0: for ever. Of sessions, for how many seconds."""

    read_notifications: int  # since they were read
    closed_questions: int  # since they were closed
    audit: int = 0
    sessions: int = 0  # since their connection has ended; 0: they are not used, and go


def jobs(
    database: Database,
    clock: Clock,
    daily: Daily,
    files: FileStore,
    keep: Keep,
    questions_deleted: Callable[[list[int]], None],
) -> list[Job]:
    """`questions_deleted` is told the ids, in commit order."""

    async def forget_idempotency_keys() -> None:
        await _in_chunks(database, idempotency_keys.forget_older_than, clock() - idempotency_keys.KEPT_FOR)

    async def delete_read_notifications() -> None:
        await _in_chunks(database, retention.delete_read_notifications, clock() - keep.read_notifications * DAY)

    async def delete_closed_questions() -> None:
        if keep.closed_questions:
            closed = Closed(before=clock() - keep.closed_questions * DAY, now=clock())
            await _in_chunks(database, retention.delete_questions, closed, questions_deleted)
        # Also what another setting has begun: it is out of sight already.
        await _in_chunks(database, retention.clear_away, None)

    async def delete_old_audit() -> None:
        await _in_chunks(database, audit.delete_older_than, clock() - keep.audit * DAY)

    async def forget_dead_letters() -> None:
        await _in_chunks(database, outbox.forget_dead, clock() - outbox.DEAD_FOR)

    async def forget_revoked_tokens() -> None:
        await database.written(each(revocations.forget_expired), clock())

    async def delete_old_sessions() -> None:
        await _in_chunks(database, sessions.delete_ended_before, clock() - keep.sessions * 1000)

    async def optimize() -> None:
        await database.written(each(upkeep.optimize), None)

    async def delete_old_copies() -> None:
        await asyncio.to_thread(old_copies.delete_old, database.path, clock())

    return [
        Job("backup", backup.LOOK_EVERY if daily.wanted else 0, partial(_back_up, database, daily, clock)),
        Job("drill", backup.LOOK_EVERY if daily.wanted and daily.folder else 0, Drills(database, daily, clock).look),
        Job("old_copies", TIDY_EVERY, delete_old_copies),
        Job("checkpoint", SHRINK_EVERY, upkeep.Wal(database).shrink),
        Job("optimize", TIDY_EVERY, optimize),
        Job("idempotency_keys", TIDY_EVERY, forget_idempotency_keys, deletes=True),
        Job(
            "read_notifications", TIDY_EVERY if keep.read_notifications else 0, delete_read_notifications, deletes=True
        ),
        Job("closed_questions", TIDY_EVERY, delete_closed_questions, deletes=True),
        Job("files", TIDY_EVERY, files.tidy, deletes=True),
        Job("audit", TIDY_EVERY if keep.audit else 0, delete_old_audit, deletes=True),
        Job("revoked_tokens", TIDY_EVERY, forget_revoked_tokens, deletes=True),
        Job("sessions", TIDY_EVERY, delete_old_sessions, deletes=True),
        Job("dead_letters", TIDY_EVERY, forget_dead_letters, deletes=True),
    ]


async def _back_up(database: Database, daily: Daily, clock: Clock) -> None:
    """Make the day's copy, and remember when one has left the disk."""
    is_new = await daily.look()
    if daily.folder is None or daily.newest is None:
        return
    if is_new:
        await database.written(each(off_disk.note_copy), clock())
    elif (await off_disk.standing(database)).copied_at is None:  # as in a database that came from elsewhere
        await database.written(each(off_disk.note_copy), daily.newest)


async def _in_chunks(
    database: Database,
    one: Callable[[sqlite3.Connection, Request], Outcome],
    request: Request,
    deleted: Callable[[Outcome], None] | None = None,
) -> None:
    """Asks for one chunk after the other, until there is nothing left."""
    more = True
    while more:
        chunk: Outcome = await database.written(each(one), request, deleted)
        more = bool(chunk)
        await asyncio.sleep(PAUSE)
