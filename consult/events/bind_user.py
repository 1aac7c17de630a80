"""`bind_user` (section 4.1), with `after_id` as catch-up: the user's notifications above the cursor, then live."""

from dataclasses import dataclass

from consult.catch_up import PAGE_BYTES, follow
from consult.connection import Connection
from consult.contract.limits import MOST_REPLAYED
from consult.contract.notifications import BindUser, BoundUser
from consult.gateway import Answer
from consult.push import Push
from consult.rooms import Rooms
from store import notifications
from store.backlog import Backlog
from store.database import Database
from store.notifications import Notification


async def handle(
    database: Database, rooms: Rooms, push: Push, connection: Connection, request: BindUser, answer: Answer
) -> None:
    user_id, after_id = request.user_id, request.after_id
    if after_id is not None:
        connection.follows = True
        stream = _Notifications(database, push, user_id)
    else:
        stream = _Unpushed(database, push, user_id, push.known_to(connection, user_id))
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


@dataclass(frozen=True, slots=True)
class _Notifications:
    """A user's notifications."""

    database: Database
    push: Push
    user_id: int
    visibility = None
    updates = False

    @property
    def reply(self) -> BoundUser:
        return BoundUser(success=True, user_id=self.user_id)

    @property
    def last_id(self) -> int:
        return self.push.last_notification_id

    async def backlog(self, after_id: int, up_to: int) -> Backlog:
        return await notifications.backlog(
            self.database, self.user_id, after_id=after_id, up_to=up_to, most=MOST_REPLAYED
        )

    async def read(self, above: int, up_to: int, limit: int) -> tuple[list[Notification], bool]:
        return await notifications.between(
            self.database, self.user_id, after_id=above, up_to=up_to, limit=limit, most_bytes=PAGE_BYTES
        )

    def replay(self, connection: Connection, item: Notification) -> int:
        return self.push.replay_notification(connection, item)


@dataclass(frozen=True, slots=True)
class _Unpushed(_Notifications):
    """The notifications of a user that no connection has read yet, for a connection without a cursor."""

    known: set[int]  # that it need not be sent, although the file may say that none has read them

    async def read(self, above: int, up_to: int, limit: int) -> tuple[list[Notification], bool]:
        return await notifications.unpushed(
            self.database,
            self.user_id,
            known=self.known,
            after_id=above,
            up_to=up_to,
            limit=limit,
            most_bytes=PAGE_BYTES,
        )
