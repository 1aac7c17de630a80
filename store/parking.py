"""Reminder tasks that are parked: not due until they are tried again, after a change or a restart."""

import sqlite3
from dataclasses import dataclass

from peewee import fn

from store import history
from store.database import Database
from store.history import SYSTEM, Entry
from store.models import ReminderTask as TaskRow
from store.transaction import run


@dataclass(frozen=True, slots=True)
class Parking:
    """Asks for a task to be parked. The reason quotes nothing that a client has sent."""

    task_id: int
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Parked:
    """The number of parked tasks, and the first of them."""

    count: int
    ids: list[int]


# The ids alone are read, so that no garbage in a row keeps it from being found.
_PARKED = TaskRow.parked_at.is_null(False)


def park(connection: sqlite3.Connection, parking: Parking) -> bool:
    """Park a task; False when it is parked already or gone."""
    query = TaskRow.update(parked_at=parking.at, parked_for=parking.reason)
    done = run(connection, query.where(TaskRow.id == parking.task_id, TaskRow.parked_at.is_null()))
    if done.rowcount:
        entry = Entry(parking.at, "parked", SYSTEM, parking.task_id, detail={"reason": parking.reason})
        history.record(connection, entry)
    return bool(done.rowcount)


def release(connection: sqlite3.Connection, task_id: int) -> None:
    """Let a parked task be due again."""
    run(connection, TaskRow.update(parked_at=None, parked_for=None).where(TaskRow.id == task_id))


async def parked(database: Database, most: int) -> Parked:
    """Return how many tasks are parked, and the ids of the first `most`."""
    counted, first = await database.look(
        TaskRow.select(fn.COUNT(TaskRow.id).alias("parked")).where(_PARKED),
        TaskRow.select(TaskRow.id).where(_PARKED).order_by(TaskRow.id).limit(most),
    )
    return Parked(counted[0]["parked"], [row["id"] for row in first])
