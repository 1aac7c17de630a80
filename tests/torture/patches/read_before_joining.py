"""Careline, broken: a catch-up reads what was missed, takes its time, and enters the room only then."""

import asyncio
import sys
from typing import Any

import main
from consult.connection import Connection
from consult.rooms import Held, Room
from store import messages
from store.messages import Message

MOMENT = 0.05  # seconds
between = messages.between


async def slowly(*arguments: Any, **named: Any) -> tuple[list[Message], bool]:
    page = await between(*arguments, **named)
    await asyncio.sleep(MOMENT)
    return page


def not_yet(self: Room, connection: Connection) -> None:
    pass


def still(self: Room, connection: Connection) -> bool:  # noqa: ARG001
    return connection.connected


def nothing_held(self: Room, connection: Connection) -> list[Held]:  # noqa: ARG001
    return []


messages.between = slowly
Room.hold = not_yet  # type: ignore[method-assign]
Room.holds = still  # type: ignore[method-assign]
Room.undo = nothing_held  # type: ignore[method-assign]
sys.exit(main.main(sys.argv[1:]))
