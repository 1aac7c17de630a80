"""Careline, broken, with a clock that is set by hand: a rung is heard, and committed a moment later."""

import asyncio
import runpy
import sqlite3
import time
from pathlib import Path
from typing import Any

from reminders import due
from store import rungs
from store.clock import Clock
from store.database import Database
from store.occurrences import Due

MOMENT = 0.5  # seconds
hand_on_from: list[tuple[asyncio.AbstractEventLoop, due.HandOn]] = []
build, dispatch_due = due.Dispatch.__init__, rungs.dispatch_due


def build_and_note(self: due.Dispatch, database: Database, clock: Clock, work: Any, hand_on: due.HandOn) -> None:
    hand_on_from.append((asyncio.get_running_loop(), hand_on))
    build(self, database, clock, work, hand_on)


def hand_on_first(connection: sqlite3.Connection, asked: Due) -> list[Any]:
    told = dispatch_due(connection, asked)
    loop, hand_on = hand_on_from[0]
    loop.call_soon_threadsafe(hand_on, told)
    time.sleep(MOMENT)
    return []


due.Dispatch.__init__ = build_and_note  # type: ignore[method-assign]
rungs.dispatch_due = hand_on_first  # type: ignore[assignment]
runpy.run_path(str(Path(__file__).with_name("clock_from_file.py")), run_name="__main__")
