"""What a client missed, sent page by page, no faster than it reads."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from consult.connection import Connection
from store.messages import Message
from store.notifications import Notification

MOST_REPLAYED = 500  # the client pages over HTTP for more
PAGE = 50

Item = TypeVar("Item", Message, Notification)
# Rows above an id, oldest first, at most so many.
ReadPage = Callable[[int, int], Awaitable[Sequence[Item]]]
Send = Callable[[Connection, Sequence[Item]], None]


async def send_rest(connection: Connection, first: Sequence[Item], read: ReadPage[Item], send: Send[Item]) -> None:
    """Reads and sends what comes after the first page, which is sent already.

    It returns in the step in which the last page was sent, so that the caller can go live in the same one. The client
    has its answer by now: where reading fails, only a new connection can keep it from missing something unnoticed.
    """
    page, left = first, MOST_REPLAYED - len(first)
    try:
        while len(page) == PAGE and left and connection.connected:
            await connection.carrier.drained()
            page = await read(page[-1].id, min(PAGE, left))
            if connection.connected:
                send(connection, page)
            left -= len(page)
    except Exception:
        connection.carrier.cut("catch-up failed")
        raise
