"""When what the reminder loop waits for is due: rungs, snoozes, and tasks. All of it is one read."""

from collections.abc import Collection
from dataclasses import dataclass

from store import occurrences, rungs, snoozes
from store.database import Database


@dataclass(frozen=True, slots=True)
class NextDue:
    """When the first of each kind is due, in milliseconds since 1970; None where there is none."""

    rung: int | None
    snooze: int | None
    once: int | None  # a task that comes once
    again: int | None  # a task that repeats

    @property
    def task(self) -> int | None:
        return _first(self.once, self.again)

    @property
    def any(self) -> int | None:
        return _first(self.rung, self.snooze, self.task)


async def next_due(database: Database, tasks: Collection[int] = (), notifications: Collection[int] = ()) -> NextDue:
    """Return what is due next, but for the tasks and the snoozed notifications that are passed over."""
    queries = (rungs.first_due(), snoozes.first_due(notifications), *occurrences.first_due(tasks))
    found = await database.due(*queries)
    return NextDue(*(rows[0]["due"] if rows else None for rows in found))


def has_come(time: int | None, now: int) -> bool:
    """Return whether there is such a time, and it is not after `now`."""
    return time is not None and time <= now


def _first(*times: int | None) -> int | None:
    return min((time for time in times if time is not None), default=None)
