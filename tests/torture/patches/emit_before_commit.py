"""Careline, broken: what is written is acknowledged and broadcast, and committed a moment later."""

import asyncio
import sqlite3
import sys
import time
from itertools import groupby
from typing import Any

import main
from store import database, writer
from store.transaction import Write

MOMENT = 0.03  # seconds
loops: list[asyncio.AbstractEventLoop] = []
open_database = database.Database.open


async def open_and_note_loop(self: database.Database) -> None:
    loops.append(asyncio.get_running_loop())
    await open_database(self)


def publish(writes: list[Write[Any, Any]], outcomes: list[Any]) -> None:
    for write, outcome in zip(writes, outcomes, strict=True):
        write.published(outcome)
        write.published = lambda _: None


def transact(connection: sqlite3.Connection, batch: list[Write[Any, Any]]) -> tuple[list[Any], bool]:
    connection.execute("BEGIN IMMEDIATE")
    outcomes: list[Any] = []
    for statement, run_of in groupby(batch, key=lambda write: write.statement):
        outcomes += statement(connection, [write.request for write in run_of])
    loops[0].call_soon_threadsafe(publish, batch, outcomes)
    time.sleep(MOMENT)
    connection.execute("COMMIT")
    return outcomes, True


database.Database.open = open_and_note_loop  # type: ignore[method-assign]
writer.transact = transact  # type: ignore[attr-defined]
sys.exit(main.main(sys.argv[1:]))
