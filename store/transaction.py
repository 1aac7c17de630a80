"""One transaction, on the writer's thread: what a write is, and how a batch of them is applied and committed."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby, islice
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct
from peewee import Model, PeeweeException, Query

AT_ONCE: Final = (64, 16, 8, 4, 2, 1)  # rows in one statement

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")
# Applies some requests within the open transaction, on the writer's thread: one outcome each, in order.
Statement = Callable[[sqlite3.Connection, list[Request]], list[Outcome]]


class Connection(sqlite3.Connection):
    """The writer's connection, with what it remembers of the file while it alone changes that."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # Who is known to take part in a question: its id, the user's id and type. A rollback empties it.
        self.taking_part: set[tuple[int, int, str]] = set()
        self.tells_messages = False  # to hooks: store/outbox.py


class Tellable(Exception):
    """A fault whose text quotes nothing that a client has sent."""


class WriteRefused(Tellable):
    """The write was not made and never will be: too many are waiting, its turn did not come, or the file failed."""


class TooManyWaiting(WriteRefused):
    """Too many writes are waiting: one more is refused at once."""


class WriteUnknown(Tellable):
    """The commit itself failed: whether the write is in the file is not known."""


def in_words(fault: BaseException) -> str:
    """A fault's text, or its kind alone where the text could quote what a client has sent."""
    if isinstance(fault, Tellable):
        return str(fault)
    # SQLite's own name tables and columns, never values; but others can be raised under its name.
    if isinstance(fault, sqlite3.Error) and hasattr(fault, "sqlite_errorcode"):
        return str(fault)
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    kind = type(fault)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def each(one: Callable[[sqlite3.Connection, Request], Outcome]) -> Statement[Request, Outcome]:
    """A statement that applies its requests one by one."""

    def apply(connection: sqlite3.Connection, requests: list[Request]) -> list[Outcome]:
        return [one(connection, request) for request in requests]

    return apply


def run(connection: sqlite3.Connection, query: Query) -> sqlite3.Cursor:
    """Runs a peewee query on the writer's connection."""
    return connection.execute(*query.sql())


class Insert:
    """Inserts rows with these columns. To be made once: to write its SQL costs more than to run it.

    Many rows go with one statement: with each the thread gives away the lock of the interpreter, and may wait for it.
    """

    def __init__(self, model: type[Model], *columns: str) -> None:
        row = [None] * len(columns)
        self._of_size: dict[int, str] = {size: model.insert_many([row] * size, columns).sql()[0] for size in AT_ONCE}

    def rows(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        start = 0
        for size, sql in self._of_size.items():
            while len(rows) - start >= size:
                connection.execute(sql, list(chain.from_iterable(rows[start : start + size])))
                start += size


class Write(Struct, Generic[Request, Outcome], eq=False):
    """A request that waits for its commit."""

    statement: Statement[Request, Outcome]
    request: Request
    published: Callable[[Outcome], None]
    failed: Callable[[Exception], None]
    asked_at: float  # seconds, by the loop's clock
    is_unsynced: bool = False  # need not outlive a power cut: by itself it does not wait for the disk


# Seconds of work after which a transaction takes no more writes: those that wait behind it have their turn.
LONGEST = 0.1
SLICE = 500  # writes that are applied between two looks at the clock; fewer would cost their share of fixed work
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def transact(connection: Connection, batch: list[Write[Any, Any]]) -> tuple[list[Any], bool]:
    """One transaction, on the writer's thread: the outcomes, and whether it wrote anything.

    There are fewer outcomes than writes where the first of these took LONGEST; the others were not applied.
    WriteRefused: nothing is stored. WriteUnknown: the commit failed.
    """
    before = connection.total_changes
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as fault:
        if fault.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise WriteRefused(str(fault)) from fault
        raise  # with a new connection it may be otherwise
    try:
        end = time.monotonic() + LONGEST
        outcomes: list[Any] = []
        for statement, requests in _slices(batch):
            outcomes += statement(connection, requests)
            if time.monotonic() > end:
                break
    except Exception as fault:
        if is_of_file(fault):
            _roll_back(connection)
            raise
        # One request spoils the run that it is in: start again, each on its own.
        _roll_back(connection)
        connection.execute("BEGIN IMMEDIATE")
        end = time.monotonic() + LONGEST
        outcomes = []
        for write in batch:
            outcomes.append(_alone(connection, write))
            if time.monotonic() > end:
                break
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as fault:
        _roll_back(connection)
        # A commit that finds no room, or the file locked, has not happened. After an I/O error it is unknown.
        refused = fault.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)
        raise (WriteRefused if refused else WriteUnknown)(str(fault)) from fault
    return outcomes, connection.total_changes > before


def is_damage(fault: BaseException | None) -> bool:
    """Return whether SQLite found the file damaged."""
    return isinstance(fault, sqlite3.Error) and getattr(fault, "sqlite_errorcode", 0) & 0xFF in DAMAGED


def is_of_file(fault: BaseException | None) -> bool:
    """Return whether the file is at fault, and not a single request or row. peewee's faults count as what they come
    from."""
    if isinstance(fault, PeeweeException):
        return is_of_file(fault.__cause__ or fault.__context__)
    # Python raises an OperationalError without a code for a text that is no UTF-8: that is a row's fault.
    return (isinstance(fault, sqlite3.OperationalError) and hasattr(fault, "sqlite_errorcode")) or is_damage(fault)


def touch(connection: sqlite3.Connection, _: None) -> None:
    """A write that leaves nothing behind and still has to reach the disk."""
    connection.execute("REPLACE INTO idempotency_key (key, fingerprint, answer, created_at) VALUES ('', '', '', 0)")
    connection.execute("DELETE FROM idempotency_key WHERE key = ''")


def _slices(batch: list[Write[Any, Any]]) -> Iterator[tuple[Statement[Any, Any], list[Any]]]:
    """The batch in its order: each statement with the requests that it applies at once, at most SLICE of them."""
    for statement, run_of in groupby(batch, key=attrgetter("statement")):
        while requests := [write.request for write in islice(run_of, SLICE)]:
            yield statement, requests


def _alone(connection: Connection, write: Write[Any, Any]) -> Any:
    connection.execute("SAVEPOINT alone")
    try:
        (outcome,) = write.statement(connection, [write.request])
    except Exception as fault:
        if is_of_file(fault):
            _roll_back(connection)
            raise
        connection.execute("ROLLBACK TO alone")
        connection.taking_part.clear()
        outcome = fault
    connection.execute("RELEASE alone")
    return outcome


def _roll_back(connection: Connection) -> None:
    # SQLite itself has rolled back after some faults, a full disk among them.
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    connection.taking_part.clear()
