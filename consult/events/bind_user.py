"""`bind_user` (section 4.1), with `after_id` as catch-up: the user's notifications above the cursor, then live."""

from consult.catch_up import follow
from consult.connection import Connection
from consult.contract.notifications import BindUser
from consult.gateway import Answer
from consult.push import Push
from consult.recovery import Recovery
from consult.rooms import Rooms
from consult.streams import Notifications, Unpushed
from store.database import Database


async def handle(
    database: Database,
    rooms: Rooms,
    push: Push,
    recovery: Recovery,
    connection: Connection,
    request: BindUser,
    answer: Answer,
) -> None:
    user_id, after_id = request.user_id, request.after_id
    before = recovery.binds(connection, user_id if after_id is None else None)
    await recovery.kept(connection)
    if after_id is not None:
        connection.follows = True
        stream = Notifications(database, push, user_id)
    else:
        stream = Unpushed(database, push, user_id, push.known_to(connection, user_id))
    had_cursor, connection.has_cursor = connection.has_cursor, after_id is not None

    def answer_and_unbind(reply: bytes) -> None:
        """From the answer on nothing comes of the user that the connection was bound to before."""
        answer(reply)
        if connection.user_id not in (None, user_id):
            rooms.user(connection.user_id).leave(connection)
            connection.user_id = None

    is_bound = False
    try:
        is_bound = await follow(push, connection, rooms.user(user_id), stream, after_id, answer_and_unbind)
    finally:
        if is_bound:
            connection.user_id = user_id
        else:
            connection.has_cursor = had_cursor
            recovery.binds_again(connection, before)
