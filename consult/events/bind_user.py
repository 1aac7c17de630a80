"""`bind_user` (section 4.1), with `after_id` as catch-up: the user's notifications above the cursor, then live."""

from consult.catch_up import FIRST_PAGE, MOST_REPLAYED, PAGE_BYTES, send_all
from consult.connection import Connection
from consult.contract import replies
from consult.contract.notifications import BindUser
from consult.gateway import Answer
from consult.json_text import dumps
from consult.push import Push
from consult.rooms import Rooms
from store import notifications
from store.database import Database
from store.notifications import Notification


async def handle(
    database: Database, rooms: Rooms, push: Push, connection: Connection, request: BindUser, answer: Answer
) -> None:
    """The fence is the last notification published when the connection enters: up to it the file is read, beyond it
    the room is heard, and the two meet without a gap or a repeat.

    Without a cursor the file is asked for what no connection has read yet.
    """
    user_id, after_id = request.user_id, request.after_id
    if after_id is not None:
        connection.follows = True
    rooms.hold_in_user(connection, user_id)
    fence = push.last_notification_id
    known = push.known_to(connection, user_id)
    had_cursor, connection.has_cursor = connection.has_cursor, after_id is not None

    async def read(above: int, limit: int) -> tuple[list[Notification], bool]:
        if after_id is None:
            return await notifications.unpushed(
                database, user_id, known=known, after_id=above, up_to=fence, limit=limit, most_bytes=PAGE_BYTES
            )
        return await notifications.between(
            database, user_id, after_id=above, up_to=fence, limit=limit, most_bytes=PAGE_BYTES
        )

    bound = False
    try:
        reply = replies.bound_user(user_id)
        if after_id is not None:
            backlog = await notifications.backlog(database, user_id, after_id=after_id, up_to=fence, most=MOST_REPLAYED)
            reply = replies.caught_up(reply, backlog.latest_id, backlog.has_more)
        page = await read(after_id or 0, FIRST_PAGE)
        answer(dumps(reply))
        rooms.unbind_from_other(connection, user_id)
        await send_all(connection, page, read, push.replay_notification)
        if connection.connected:
            push.held(connection, rooms.bind(connection, user_id))
            bound = True
    finally:
        if not bound:
            connection.has_cursor = had_cursor
            push.held(connection, rooms.undo_hold_in_user(connection, user_id))
