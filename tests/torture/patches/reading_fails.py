"""Careline that cannot read what lies above the ids 50 and 666000, and needs a moment to find out."""

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import main
from store import messages, notifications

MOMENT = 0.3  # seconds

Read = Callable[..., Awaitable[list[Any]]]


def failing(read: Read) -> Read:
    async def between(*arguments: Any, after_id: int, **named: Any) -> list[Any]:
        if after_id in (50, 666_000):
            await asyncio.sleep(MOMENT)
            raise sqlite3.OperationalError("disk I/O error")
        return await read(*arguments, after_id=after_id, **named)

    return between


messages.between = failing(messages.between)  # type: ignore[assignment]
notifications.between = failing(notifications.between)  # type: ignore[assignment]
sys.exit(main.main(sys.argv[1:]))
