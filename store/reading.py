"""Connections that read, in lanes, so that a read of one lane never waits for the reads of another."""

import asyncio
import sqlite3
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson
from peewee import BaseQuery
from playhouse.pwasyncio import AsyncSqliteDatabase

from store.file import PRAGMAS, StoreFault

Row = dict[str, Any]
Found = TypeVar("Found")

# A page ends before the row with which its JSON would be longer; its first row is on it whatever its length.
PAGE_BYTES = 1_000_000


class Page(NamedTuple):
    rows: list[Row]
    has_more: bool  # in the query's direction, whether rows or bytes ended the page
    beside: list[list[Row]]  # the rows of the other queries, from the same snapshot


class Lane:
    """Some connections that read. A read that finds all of them busy waits for its turn."""

    def __init__(self, path: Path, connections: int) -> None:
        self._pool = AsyncSqliteDatabase(str(path), pragmas={**PRAGMAS, "query_only": 1}, pool_size=connections)
        self._reading: set[asyncio.Task[Any]] = set()
        self._closing = False

    async def close(self) -> None:
        """Wait for the reads under way, then close the connections. Reads that wait for their turn are refused."""
        self._closing = True
        if self._reading:
            await asyncio.wait(self._reading)
        await self._pool.close_pool()

    async def read(self, *queries: BaseQuery) -> list[list[Row]]:
        """Return the rows of each query, all from one snapshot of the database."""
        return await self._to_its_end(self._read(queries))

    async def page(self, query: BaseQuery, limit: int, most_bytes: int, beside: tuple[BaseQuery, ...]) -> Page:
        """Return the first rows of the query, at most `limit`, and no more than fit into `most_bytes` of JSON.

        The rows are taken one by one, so that a row beyond the page is not held in memory.
        """
        return await self._to_its_end(self._page(query, limit, most_bytes, beside))

    async def at_once(self, *queries: BaseQuery) -> list[list[Row]]:
        """Return the rows of each query, all from one snapshot, in one turn of the connection's thread.

        A loop that is busy would have to be waited for at each turn more.
        """
        return await self._to_its_end(self._at_once(queries))

    async def _to_its_end(self, read: Coroutine[Any, Any, Found]) -> Found:
        if self._closing:
            read.close()  # the pool would open its connections again for it
        self._refuse_if_closing()
        # In a task of its own: a read that is cancelled half-way would leave its connection in a transaction.
        reading = asyncio.create_task(read)
        self._reading.add(reading)
        reading.add_done_callback(self._read_done)
        return await asyncio.shield(reading)

    def _read_done(self, reading: asyncio.Task[Any]) -> None:
        self._reading.discard(reading)
        if not reading.cancelled():
            reading.exception()  # where the caller is gone nothing else takes it

    async def _read(self, queries: tuple[BaseQuery, ...]) -> list[list[Row]]:
        async with self._pool:
            self._refuse_if_closing()
            try:
                if len(queries) == 1:
                    return [await self._pool.list(queries[0].dicts().bind(self._pool))]
                async with self._pool.atomic():
                    return [await self._pool.list(query.dicts().bind(self._pool)) for query in queries]
            except Exception:
                # A row that cannot be read leaves its statement half-way: for that connection the file would stay as
                # it is now. It is closed, and another takes its place.
                await (await self._pool.aconnect()).close()
                raise

    async def _at_once(self, queries: tuple[BaseQuery, ...]) -> list[list[Row]]:
        async with self._pool:
            self._refuse_if_closing()
            connection = (await self._pool.aconnect()).conn
            found: list[list[Row]] = await connection._execute(_rows_of, connection._conn, queries)
            return found

    async def _page(self, query: BaseQuery, limit: int, most_bytes: int, beside: tuple[BaseQuery, ...]) -> Page:
        async with self._pool:
            self._refuse_if_closing()
            connection = (await self._pool.aconnect()).conn
            # aiosqlite's way to run a function on its thread: one hop for all rows.
            page: Page = await connection._execute(_page_of, connection._conn, query, limit, most_bytes, beside)
            return page

    def _refuse_if_closing(self) -> None:
        if self._closing:
            raise StoreFault("the database is closing")


def _page_of(
    connection: sqlite3.Connection, query: BaseQuery, limit: int, most_bytes: int, beside: tuple[BaseQuery, ...]
) -> Page:
    """Read a page on the connection's thread."""
    connection.execute("BEGIN")
    try:
        others = [_rows(connection, other) for other in beside]
        with closing(connection.execute(*query.sql())) as cursor:
            return Page(*_first(cursor, limit, most_bytes), others)
    finally:
        connection.execute("ROLLBACK")


def _rows_of(connection: sqlite3.Connection, queries: tuple[BaseQuery, ...]) -> list[list[Row]]:
    """Read all rows of some queries on the connection's thread."""
    connection.execute("BEGIN")
    try:
        return [_rows(connection, query) for query in queries]
    finally:
        connection.execute("ROLLBACK")


def _first(cursor: sqlite3.Cursor, limit: int, most_bytes: int) -> tuple[list[Row], bool]:
    """Take the rows that belong to a page; whether there are more."""
    rows: list[Row] = []
    left = most_bytes
    for values in cursor:
        row = _row(cursor, values)
        left -= len(orjson.dumps(row))
        if len(rows) == limit or (rows and left < 0):
            return rows, True
        rows.append(row)
    return rows, False


def _rows(connection: sqlite3.Connection, query: BaseQuery) -> list[Row]:
    with closing(connection.execute(*query.sql())) as cursor:
        return [_row(cursor, values) for values in cursor]


def _row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
