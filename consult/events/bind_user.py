"""`bind_user` (section 4.1)."""

from consult.connection import Connection
from consult.contract import replies
from consult.contract.payloads import BindUser
from consult.gateway import Answer
from consult.json_text import dumps
from consult.push import Push
from consult.rooms import Rooms
from store import notifications
from store.database import Database

MOST_OWED = 500


async def handle(
    database: Database, rooms: Rooms, push: Push, connection: Connection, request: BindUser, answer: Answer
) -> None:
    user_id = request.user_id
    # While the file is read, what is published for the user is held back: exactly what the reading does not cover.
    rooms.hold_user(connection, user_id)
    covered = push.last_notification_id
    handed = push.handed_not_marked
    bound = False
    try:
        unpushed = await notifications.unpushed(database, user_id, up_to=covered, limit=MOST_OWED)
        bound = connection.connected
    finally:
        if not bound:
            rooms.undo_hold(connection, user_id)
    if bound:
        held = rooms.bind(connection, user_id)
        answer(dumps(replies.bound_user(user_id)))
        push.owed(connection, [notification for notification in unpushed if notification.id not in handed], held)
