"""Who is where: a connection knows its rooms, a room its connections.

`consultation:question:{id}` holds the connections that joined a question, `user:{id}` those bound to a user.

A connection that enters while its backlog is being read is held: what the room hears meanwhile is kept back for it, and
is handed over in the step in which it goes live. The end of the connection takes it out of every room, held or not, and
so does the end of the room. A connection that is not held any more must not go live, whichever room it is.
"""

from collections.abc import Callable, Mapping

from consult.connection import Connection
from consult.packets import Frame
from store.answers import Answered
from store.messages import Message, Visibility
from store.notifications import Notification
from store.participants import Reader, Seen
from store.questions import Changed

Item = Message | Notification | Answered | Changed | Seen
Held = tuple[Item, Frame]


class Member:
    """A connection's place in a room."""

    __slots__ = ("has_entered", "held", "held_bytes", "since", "updates", "visibility", "who")

    def __init__(self) -> None:
        self.has_entered = False  # it was live once, and falls back to that where a hold comes to nothing
        self.visibility: Visibility | None = None  # in a question's room, once it has entered
        self.updates = False  # it has asked for changes of the question
        self.who: Reader | None = None  # in a question's room, where it has said so
        # In a question's room that was entered without a cursor: the last message before. None where the client itself
        # knows what it has seen.
        self.since: int | None = None
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
        if isinstance(item, Changed | Seen):
            return self.updates and self.visibility == item.visibility
        return not isinstance(item, Message) or (self.visibility is not None and self.visibility.admits(item))


Members = Mapping[Connection, Member]


class Room:
    """A question's room, or a user's. It is kept while a connection is in it."""

    __slots__ = ("_gone", "_id", "_kept", "members", "present")

    def __init__(self, kept: dict[int, "Room"], room_id: int, gone: Callable[[int], None]) -> None:
        """`gone` is called when the last connection of a user has left a question's room."""
        self._kept = kept
        self._gone = gone
        self._id = room_id
        self.members: dict[Connection, Member] = {}
        # How many connections each user has in a question's room. The writer's thread looks into it, too.
        self.present: dict[int, int] = {}

    def hold(self, connection: Connection) -> None:
        """Enter the connection, and keep back for it what the room hears, until `go_live` or `undo`."""
        self._enter(connection).hold()

    def holds(self, connection: Connection) -> bool:
        """True from `hold` until `go_live` or `undo`, or the end of the connection or the room."""
        member = self.members.get(connection)
        return member is not None and member.held is not None

    def go_live(
        self,
        connection: Connection,
        visibility: Visibility | None,
        updates: bool = False,
        since: int | None = None,
        who: Reader | None = None,
    ) -> list[Held]:
        """Enter the connection, or complete its `hold`: from now on it is there as `who`, sees what the visibility says
        and, where it asks for updates, changes of the question, also if it has been in the room before. Return what was
        kept back, for the caller to send in the same step."""
        member = self._enter(connection)
        member.has_entered = True
        member.since = since
        member.visibility = visibility
        member.updates = updates
        self._is_there(member, who)
        return member.release()

    def undo(self, connection: Connection) -> list[Held]:
        """Undo `hold`: the connection is where it was before. Return what it would have missed there, for the caller to
        send in the same step."""
        member = self.members.get(connection)
        if member is not None and member.has_entered:
            return member.release()
        self.leave(connection)
        return []

    def leave(self, connection: Connection) -> None:
        """Take the connection out; nothing happens when it is not in the room."""
        member = self.members.pop(connection, None)
        if member is not None:
            self._is_there(member, None)
            connection.left(self)
            if not self.members:
                del self._kept[self._id]

    def close(self) -> None:
        """Take all connections out, the held ones too."""
        for connection in list(self.members):
            self.leave(connection)

    def _is_there(self, member: Member, who: Reader | None) -> None:
        """Count the connections of each user anew, of which one is there as `who` from now on."""
        if who is not None:
            self._count(who.user_id, 1)  # first: in no moment it is gone that was there and stays
        if member.who is not None:
            self._count(member.who.user_id, -1)
        member.who = who

    def _count(self, user_id: int, more: int) -> None:
        connections = self.present.get(user_id, 0) + more
        if connections:
            self.present[user_id] = connections
        else:
            del self.present[user_id]
            self._gone(self._id)

    def _enter(self, connection: Connection) -> Member:
        member = self.members.get(connection)
        if member is None:
            # A room is entered in the step in which it was asked for: there is no other of the same id by now.
            self._kept[self._id] = self
            member = self.members[connection] = Member()
            connection.entered(self)
        return member


class Rooms:
    """The rooms that connections are in. Asked for another it returns an empty one, which is kept once it is
    entered."""

    def __init__(self) -> None:
        self.gone: Callable[[int], None] = lambda _: None
        self._questions: dict[int, Room] = {}
        self._users: dict[int, Room] = {}

    def question(self, question_id: int) -> Room:
        """Return the room of the connections that joined the question."""
        return self._questions.get(question_id) or Room(self._questions, question_id, self.gone)

    def user(self, user_id: int) -> Room:
        """Return the room of the connections that are bound to the user."""
        return self._users.get(user_id) or Room(self._users, user_id, self.gone)
