"""The runs of the clock: it goes on by itself from a start or a jump to the next stop or jump.

They tell what was made or changed while the clock was ahead, also where the time of that has passed by now.
"""

import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from store.clock import DAY
from store.database import Database
from store.models import ClockRun
from store.reading import Row

SMALL: Final = 300_000  # milliseconds between two runs; less is the same run
DOUBTED: Final = 7 * DAY  # so long a jump ahead may have been undone over a stop
MOST: Final = 1_000  # runs that are kept


@dataclass(frozen=True, slots=True)
class Jump:
    seen: int  # the last time before it
    begins: int  # the first time after it
    is_correction: bool  # the time before it was known to be none


@dataclass(frozen=True, slots=True)
class Ahead:
    """The clock was ahead from a time on, by its own time, and by so much."""

    since: int
    by: int


@dataclass(frozen=True, slots=True)
class _Run:
    begins: int
    gap: int  # since the last time of the run before; below 0 where the clock went back
    jumped: bool  # the program saw the jump, and the time before it may be right
    made_good: bool  # what was written before it


_KEEP = "UPDATE clock_run SET seen = ? WHERE id = (SELECT max(id) FROM clock_run)"
_BEGIN = "INSERT INTO clock_run (begins, seen, jumped, made_good) VALUES (?1, ?1, ?2, ?3)"
_FORGET = "DELETE FROM clock_run WHERE id <= (SELECT max(id) FROM clock_run) - ?"


def start(connection: sqlite3.Connection, now: int) -> None:
    """The program starts: the clock goes on, or a run begins."""
    last = connection.execute("SELECT seen FROM clock_run ORDER BY id DESC LIMIT 1").fetchone()
    if last is None or abs(now - last[0]) > SMALL:
        connection.execute(_BEGIN, (now, False, last is None))
        connection.execute(_FORGET, (MOST,))


def jump(connection: sqlite3.Connection, one: Jump) -> None:
    """The clock has jumped while the program ran."""
    connection.execute(_KEEP, (one.seen,))
    connection.execute(_BEGIN, (one.begins, not one.is_correction, False))
    connection.execute(_FORGET, (MOST,))


def keep(connection: sqlite3.Connection, now: int) -> None:
    """Remember the last time that the clock has shown."""
    connection.execute(_KEEP, (now,))


def prove(connection: sqlite3.Connection, now: int) -> None:
    """No jump so far is doubted any more."""
    connection.execute("UPDATE clock_run SET jumped = 0 WHERE jumped")
    keep(connection, now)


def end(connection: sqlite3.Connection, _: None) -> None:
    """What was written before the last run is made good."""
    connection.execute("UPDATE clock_run SET made_good = 1 WHERE NOT made_good")


async def found_ahead(database: Database) -> list[Ahead]:
    """Return when the clock was ahead, as runs tell that are not made good yet."""
    (rows,) = await database.read(ClockRun.select().order_by(ClockRun.id))
    runs = [_run(before, row) for before, row in pairwise(rows)]
    found = (_ahead(runs, place) for place, run in enumerate(runs) if not run.made_good)
    return [one for one in found if one is not None]


def _run(before: Row, row: Row) -> _Run:
    return _Run(row["begins"], row["begins"] - before["seen"], bool(row["jumped"]), bool(row["made_good"]))


def _ahead(runs: list[_Run], place: int) -> Ahead | None:
    """When the clock was ahead before the run at a place began; None where it was not, as far as is known."""
    run = runs[place]
    if run.gap < -SMALL:
        return _set_back(runs, place)
    return None if run.jumped else _undone_over_a_stop(runs, place)


def _set_back(runs: list[_Run], place: int) -> Ahead | None:
    """It has gone back to where it was before some run: all since then was ahead."""
    by, together = -runs[place].gap, 0
    for run in reversed(runs[:place]):
        together += run.gap
        if together >= by - SMALL:
            # Over a stop it has gone back by more than is seen.
            return Ahead(run.begins, by if runs[place].jumped else max(by, together))
    return None


def _undone_over_a_stop(runs: list[_Run], place: int) -> Ahead | None:
    """What has jumped ahead may be right again after a stop, and show no earlier time than before."""
    found, by = None, 0
    for run in runs[:place]:
        if run.begins < runs[place].begins - DOUBTED:
            continue
        by += run.gap if run.jumped or run.gap < 0 else 0
        if by <= SMALL:
            found = None
        else:
            found = Ahead(run.begins, by) if found is None else Ahead(found.since, max(found.by, by))
    return found
