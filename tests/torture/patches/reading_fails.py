"""Careline that can read neither the message 50 nor what lies above 666000, and needs a moment to find out."""

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import main
from store import messages, notifications

MOMENT = 0.3  # seconds

Read = Callable[..., Awaitable[tuple[list[Any], bool]]]


def failing(read: Read) -> Read:
    async def between(*arguments: Any, after_id: int, **named: Any) -> tuple[list[Any], bool]:
        page = await read(*arguments, after_id=after_id, **named)
        if after_id == 666_000 or any(one.id == 50 for one in page[0]):
            await asyncio.sleep(MOMENT)
            raise sqlite3.OperationalError("disk I/O error")
        return page

    return between


messages.between = failing(messages.between)  # type: ignore[assignment]
notifications.between = failing(notifications.between)  # type: ignore[assignment]
sys.exit(main.main(sys.argv[1:]))
