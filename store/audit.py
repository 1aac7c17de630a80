"""The audit: who did what, in rows that are added and, when they are old enough, deleted; never changed."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from store import schema
from store.file import StoreFault, to_look
from store.models import Audit
from store.transaction import Insert, run

CHUNK = 500  # rows in one transaction


class Entry(NamedTuple):
    at: int
    user_id: int
    user_type: str
    address: str
    action: str
    of: str  # what kind of object it was about; "" for none
    object_id: int | str | None
    result: str


_COLUMNS = (Audit.at, Audit.user_id, Audit.user_type, Audit.address, Audit.action, Audit.object, Audit.result)
_INSERT = Insert(Audit, *(column.name for column in _COLUMNS))


def append(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Adds some, at most CHUNK of them."""
    _INSERT.rows(
        connection,
        [
            (at, user_id, user_type, address, action, f"{of} {object_id}" if object_id else of, result)
            for at, user_id, user_type, address, action, of, object_id, result in entries
        ],
    )


def delete_older_than(connection: sqlite3.Connection, moment: int) -> int:
    """Deletes a chunk of those before the moment; how many."""
    old = [row[0] for row in run(connection, Audit.select(Audit.id).where(Audit.at < moment).limit(CHUNK))]
    return run(connection, Audit.delete().where(Audit.id.in_(old))).rowcount


def since(path: Path, moment: int, user_id: int | None) -> Iterator[tuple[int, int, str, str, str, str, str]]:
    """The rows from the moment on, oldest first, of everybody or of one user; also while a server has the file.
    StoreFault says why there are none."""
    schema.refuse_older(path)
    query = Audit.select(*_COLUMNS).where(Audit.at >= moment).order_by(Audit.id)
    if user_id is not None:
        query = query.where(Audit.user_id == user_id)
    try:
        with closing(to_look(path)) as connection:
            yield from run(connection, query)
    except sqlite3.Error as fault:
        raise StoreFault(f"cannot read {path}: {fault}") from fault
