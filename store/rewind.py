"""Tell how far a restore goes back: the newest things of both databases, and the reminders that come back."""

# ruff: noqa: S608 - the names of tables are our own

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from store.carry_over import reading

# The time of the newest of each, in milliseconds.
_NEWEST = {
    "message": "SELECT max(sent_at) FROM message",
    "notification": "SELECT max(created_at) FROM user_notification",
    "reminder change": """SELECT max(at) FROM (
        SELECT max(created_at) AS at FROM reminder_task UNION ALL SELECT max(at) FROM history)""",
}
_COUNTS = {"question": "question", "message": "message", "reminder": "reminder_task"}
_TASKS = "SELECT id, user_id, created_at, status, revision FROM reminder_task"


@dataclass(frozen=True, slots=True)
class Rewind:
    newest: dict[str, tuple[int | None, int | None]]  # of the replaced database and of the backup
    gone: dict[str, int]  # how many rows of the replaced database have an id above all of the backup
    cancelled: int  # reminders that are pending again
    changed: int  # reminders that are as they were before a change

    @property
    def minutes(self) -> int:
        """Between the newest of both, rounded up."""
        spans = [replaced - (backup or replaced) for replaced, backup in self.newest.values() if replaced is not None]
        return max(0, -(-max(spans, default=0) // 60_000))

    def in_words(self, text: Callable[[int], str]) -> str:
        """One sentence; `text` writes a time."""
        times = [
            f"newest {what} {_time(text, backup)} instead of {_time(text, replaced)}"
            for what, (replaced, backup) in self.newest.items()
            if replaced != backup
        ]
        lost = [f"{count:,} {what}{'s' if count != 1 else ''}" for what, count in self.gone.items() if count]
        parts = [f"{self.minutes:,} minutes are rewound" + (f" ({', '.join(times)})" if times else "")]
        if lost:
            parts.append(f"{', '.join(lost)} made since then are gone")
        if self.cancelled or self.changed:
            parts.append(
                f"{self.cancelled:,} cancelled and {self.changed:,} changed reminders come back as they were before"
            )
        return "; ".join(parts)


def rewind(replaced: Path, backup: Path) -> Rewind | None:
    """Compare the two; None where the replaced database does not exist, is empty or cannot be read."""
    if not replaced.exists() or not replaced.stat().st_size:
        return None
    try:
        with closing(reading(replaced)) as old, closing(reading(backup)) as new:
            newest = {what: (_one(old, query), _one(new, query)) for what, query in _NEWEST.items()}
            gone = {what: _gone(old, new, table) for what, table in _COUNTS.items()}
            before = {row[:3]: row[3:] for row in _tasks(new)}
            cancelled = changed = 0
            for row in _tasks(old):
                was = before.get(row[:3])
                if was is not None and was[0] == "PENDING":
                    cancelled += row[3] == "CANCELLED"
                    changed += row[3] != "CANCELLED" and row[4] != was[1]
            return Rewind(newest, gone, cancelled, changed)
    except (sqlite3.Error, OSError):
        return None


def _tasks(connection: sqlite3.Connection) -> Iterator[tuple[int | str, ...]]:
    for row in connection.execute(_TASKS):
        yield tuple(row)


def _one(connection: sqlite3.Connection, query: str) -> int | None:
    # A table that a database of an older Careline lacks has nothing in it.
    with suppress(sqlite3.OperationalError):
        value: int | None = connection.execute(query).fetchone()[0]
        return value
    return None


def _gone(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> int:
    highest = _one(new, f'SELECT max(id) FROM "{table}"') or 0
    return int(old.execute(f'SELECT count(*) FROM "{table}" WHERE id > ?', (highest,)).fetchone()[0])


def _time(text: Callable[[int], str], moment: int | None) -> str:
    return "none" if moment is None else text(moment)
