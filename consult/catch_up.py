"""What a client missed, sent page by page, no faster than it reads."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from consult.connection import Connection
from store.messages import Message
from store.notifications import Notification

MOST_REPLAYED = 500  # the client pages over HTTP for more
FIRST_PAGE = 5
MOST_IN_PAGE = 100
PAGE_BYTES = 262_144  # of JSON in a page: a message can be a hundred of them or half a million
MOST_UNREAD = 65_536  # bytes that are sent before the client must have read most of them

Item = TypeVar("Item", Message, Notification)
# Rows above an id, oldest first, at most so many and PAGE_BYTES; whether there are more.
ReadPage = Callable[[int, int], Awaitable[tuple[Sequence[Item], bool]]]
# Sends one of them; how many bytes that took.
Send = Callable[[Connection, Item], int]


async def send_all(
    connection: Connection, first: tuple[Sequence[Item], bool], read: ReadPage[Item], send: Send[Item]
) -> None:
    """Sends the first page, of at most FIRST_PAGE, and reads and sends those after it.

    It returns in the step in which the last item was sent, so that the caller can go live in the same one. The client
    has its answer by now: where reading fails, only a new connection can keep it from missing something unnoticed.
    """
    (page, has_more), left, unread = first, MOST_REPLAYED, 0
    try:
        while connection.connected:
            for item in page:
                if unread > MOST_UNREAD:
                    await connection.carrier.drained()
                    unread = 0
                size = send(connection, item)
                unread += size
                if connection.account is not None:
                    connection.account.reads += size
            left -= len(page)
            if not has_more or not left:
                return
            page, has_more = await read(page[-1].id, min(left, MOST_IN_PAGE))
    except Exception:
        connection.carrier.cut("catch-up failed")
        raise
