"""What the house does for itself: each job by its name in `/health`, how often it runs, and what it does."""

from collections.abc import Awaitable, Callable

from reminders.housekeeping import Job
from store import backup, idempotency_keys
from store.backup import Daily
from store.clock import Clock
from store.database import Database
from store.transaction import each

TIDY_EVERY = 3600  # seconds


def jobs(database: Database, clock: Clock, daily: Daily) -> list[Job]:
    return [
        Job("backup", backup.LOOK_EVERY if daily.wanted else 0, daily.look),
        Job("idempotency_keys", TIDY_EVERY, _forget_old_keys(database, clock)),
    ]


def _forget_old_keys(database: Database, clock: Clock) -> Callable[[], Awaitable[None]]:
    async def forget() -> None:
        oldest = clock() - idempotency_keys.KEPT_FOR
        await database.written(each(idempotency_keys.forget_older_than), oldest)

    return forget
