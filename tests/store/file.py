"""A real SQLite file for one test: opened as the server opens it, looked into and locked as another program would."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from store import schema
from store.database import Database
from store.transaction import Statement
from tests.server import LIMIT

_T = TypeVar("_T")
Request = TypeVar("Request")
Outcome = TypeVar("Outcome")

_HOLD: Final = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
connection.close()
"""


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Database]:
    """The file, brought to the newest schema and opened; closed at the end."""
    database = Database(path)
    try:
        schema.migrate(path)
        await database.open()
        yield database
    finally:
        await within(database.close())


async def within(awaited: Awaitable[_T]) -> _T:
    """What is awaited, which must come within the time that a user would wait."""
    return await asyncio.wait_for(awaited, LIMIT)


async def all_written(
    database: Database, statement: Statement[Request, Outcome], requests: list[Request]
) -> list[Outcome | BaseException]:
    """Asks for all of it in one step; the outcome of each, or what it failed with."""
    return await within(
        asyncio.gather(*(database.written(statement, request) for request in requests), return_exceptions=True)
    )


def rows(path: Path, query: str) -> list[Any]:
    """What another program reads in the file: the rows, or the values where there is one column."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(query).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


@contextmanager
def write_locked(path: Path) -> Iterator[None]:
    """Another process holds the file's write lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield
    finally:
        process.communicate(timeout=LIMIT)
        assert process.returncode == 0
