"""Who is where: a connection knows its rooms, a room its connections.

`consultation:question:{id}` holds the connections that joined a question, `user:{id}` those bound to a user.
"""

from consult.connection import Connection
from consult.wire.packets import Frame
from store.messages import Visibility

Held = tuple[int, Frame]  # the id of a message or notification, and what is to be sent of it


class Member:
    """A connection's place in a room. While held, what the room hears is kept back for it."""

    __slots__ = ("held", "visibility")

    def __init__(self, visibility: Visibility | None = None) -> None:
        self.visibility = visibility  # in a question's room
        self.held: list[Held] | None = None


Room = dict[Connection, Member]


class Rooms:
    def __init__(self) -> None:
        self._questions: dict[int, Room] = {}
        self._users: dict[int, Room] = {}

    def question(self, question_id: int) -> Room:
        """Who joined the question; empty when nobody did."""
        return self._questions.get(question_id, {})

    def user(self, user_id: int) -> Room:
        """Who is bound to the user; empty when nobody is."""
        return self._users.get(user_id, {})

    def join(self, connection: Connection, question_id: int, visibility: Visibility) -> None:
        """Enters the question's room; who is in it already is from now on there as what the visibility says."""
        self._questions.setdefault(question_id, {})[connection] = Member(visibility)
        if connection.question_ids is None:
            connection.question_ids = set()
        connection.question_ids.add(question_id)

    def leave(self, connection: Connection, question_id: int) -> None:
        """Leaves the question's room; nothing happens when it is not in it."""
        if connection.question_ids and question_id in connection.question_ids:
            connection.question_ids.remove(question_id)
            _remove(self._questions, question_id, connection)

    def hold_user(self, connection: Connection, user_id: int) -> None:
        """Enters the user's room without hearing yet what is said there, and without leaving the one it is bound to."""
        member = self._users.setdefault(user_id, {}).setdefault(connection, Member())
        member.held = []

    def bind(self, connection: Connection, user_id: int) -> list[Held]:
        """Completes what `hold_user` began: the connection leaves the user it was bound to and hears this one.

        Returns what was held back, for the caller to send in the same step.
        """
        if connection.user_id is not None and connection.user_id != user_id:
            _remove(self._users, connection.user_id, connection)
        connection.user_id = user_id
        member = self._users[user_id][connection]
        held, member.held = member.held or [], None
        return held

    def undo_hold(self, connection: Connection, user_id: int) -> None:
        """Takes back `hold_user`: the connection is bound to whom it was bound to, and has missed nothing."""
        member = self._users[user_id][connection]
        if connection.user_id == user_id:
            for _, frame in member.held or ():
                connection.send(frame)
            member.held = None
        else:
            _remove(self._users, user_id, connection)

    def leave_all(self, connection: Connection) -> None:
        """What an ending connection costs depends on its own rooms alone."""
        for question_id in connection.question_ids or ():
            _remove(self._questions, question_id, connection)
        connection.question_ids = None
        if connection.user_id is not None:
            _remove(self._users, connection.user_id, connection)
            connection.user_id = None


def _remove(rooms: dict[int, Room], key: int, connection: Connection) -> None:
    room = rooms[key]
    del room[connection]
    if not room:
        del rooms[key]
