"""Careline, broken: a catch-up reads what was missed, takes its time, and enters the room only then."""

import asyncio
import sys
from typing import Any

import main
from consult.connection import Connection
from consult.rooms import Held, Rooms
from store import messages
from store.messages import Message

MOMENT = 0.05  # seconds
between = messages.between


async def slowly(*arguments: Any, **named: Any) -> tuple[list[Message], bool]:
    page = await between(*arguments, **named)
    await asyncio.sleep(MOMENT)
    return page


def not_yet(self: Rooms, connection: Connection, question_id: int) -> None:
    pass


def nothing_held(self: Rooms, connection: Connection, question_id: int) -> list[Held]:  # noqa: ARG001
    return []


messages.between = slowly
Rooms.hold_in_question = not_yet  # type: ignore[method-assign]
Rooms.undo_hold_in_question = nothing_held  # type: ignore[method-assign]
sys.exit(main.main(sys.argv[1:]))
