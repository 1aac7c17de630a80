"""Who is where: a connection knows its rooms, a room its connections.

`consultation:question:{id}` holds the connections that joined a question, `user:{id}` those bound to a user.

A connection that enters while its backlog is being read is held: what the room hears meanwhile is kept back for it,
and is handed over, in the step in which it goes live, by `join` or `bind`.
"""

from consult.connection import Connection
from consult.packets import Frame
from store.answers import Answered
from store.messages import Message, Visibility
from store.notifications import Notification

Item = Message | Notification | Answered
Held = tuple[Item, Frame]


class Member:
    """A connection's place in a room."""

    __slots__ = ("held", "held_bytes", "visibility")

    def __init__(self) -> None:
        self.visibility: Visibility | None = None  # in a question's room, once it has joined
        self.held: list[Held] | None = None
        self.held_bytes = 0

    def hold(self) -> None:
        self.held = []
        self.held_bytes = 0

    def keep(self, item: Item, frame: Frame) -> None:
        """Keeps something back."""
        assert self.held is not None
        self.held.append((item, frame))
        self.held_bytes += len(frame.packet)

    def release(self) -> list[Held]:
        """Goes live; what was kept back and may be seen."""
        held, self.held = self.held or [], None
        return [(item, frame) for item, frame in held if self.sees(item)]

    def sees(self, item: Item) -> bool:
        return not isinstance(item, Message) or (self.visibility is not None and self.visibility.admits(item))


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

    def hold_in_question(self, connection: Connection, question_id: int) -> None:
        """Until `join`: what is said in the question's room is kept back."""
        _enter(self._questions, question_id, connection).hold()

    def join(self, connection: Connection, question_id: int, visibility: Visibility) -> list[Held]:
        """Enters the question's room, or goes live in it; who is in it already is from now on there as what the
        visibility says. Returns what was kept back, for the caller to send in the same step."""
        member = _enter(self._questions, question_id, connection)
        member.visibility = visibility
        if connection.question_ids is None:
            connection.question_ids = set()
        connection.question_ids.add(question_id)
        return member.release()

    def undo_hold_in_question(self, connection: Connection, question_id: int) -> list[Held]:
        """The join came to nothing: the connection is where it was. Returns what it would have missed, to be sent."""
        stays = connection.question_ids is not None and question_id in connection.question_ids
        return _undo_hold(self._questions, question_id, connection, stays)

    def is_held(self, connection: Connection, question_id: int) -> bool:
        """Whether the connection still waits in the question's room for its `join`."""
        member = self.question(question_id).get(connection)
        return member is not None and member.held is not None

    def close_question(self, question_id: int) -> None:
        """Nobody is in the question's room any more, not even one that is held."""
        for connection in self._questions.pop(question_id, {}):
            if connection.question_ids:
                connection.question_ids.discard(question_id)

    def leave(self, connection: Connection, question_id: int) -> None:
        """Leaves the question's room; nothing happens when it is not in it."""
        if connection.question_ids and question_id in connection.question_ids:
            connection.question_ids.remove(question_id)
            _remove(self._questions, question_id, connection)

    def hold_in_user(self, connection: Connection, user_id: int) -> None:
        """Until `bind`: what is said in the user's room is kept back. The one it is bound to is not left yet."""
        _enter(self._users, user_id, connection).hold()

    def bind(self, connection: Connection, user_id: int) -> list[Held]:
        """Completes `hold_in_user`: the connection goes live. Returns what was kept back, for the caller to send in the
        same step."""
        connection.user_id = user_id
        return self._users[user_id][connection].release()

    def unbind_from_other(self, connection: Connection, user_id: int) -> None:
        """From the acknowledgement on nothing comes of the user that the connection was bound to before."""
        if connection.user_id is not None and connection.user_id != user_id:
            _remove(self._users, connection.user_id, connection)
            connection.user_id = None

    def undo_hold_in_user(self, connection: Connection, user_id: int) -> list[Held]:
        """The bind came to nothing: the connection is bound to whom it was bound to. Returns what it would have missed,
        to be sent."""
        return _undo_hold(self._users, user_id, connection, stays=connection.user_id == user_id)

    def leave_all(self, connection: Connection) -> None:
        """What an ending connection costs depends on its own rooms alone."""
        for question_id in connection.question_ids or ():
            _remove(self._questions, question_id, connection)
        connection.question_ids = None
        if connection.user_id is not None:
            _remove(self._users, connection.user_id, connection)
            connection.user_id = None


def _enter(rooms: dict[int, Room], key: int, connection: Connection) -> Member:
    return rooms.setdefault(key, {}).setdefault(connection, Member())


def _undo_hold(rooms: dict[int, Room], key: int, connection: Connection, stays: bool) -> list[Held]:
    if stays:
        return rooms[key][connection].release()
    _remove(rooms, key, connection)
    return []


def _remove(rooms: dict[int, Room], key: int, connection: Connection) -> None:
    room = rooms.get(key)
    if room is not None:
        # One that was held when it ended has been removed already.
        room.pop(connection, None)
        if not room:
            del rooms[key]
