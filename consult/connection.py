"""One client: what carries its packets, where it is, and what it has asked that is not answered yet."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from consult.entry.limits import Account, Usage
from consult.entry.tokens import Identity
from consult.event_order import EventOrder
from consult.packets import Frame
from store.sessions import Joined, Owner, Session


class Carrier(Protocol):
    """A websocket, or a long-polling session."""

    name: str

    def send(self, frame: Frame) -> None:
        """Queues the frame; it leaves in order, with all else that its client is sent by then."""

    def entered(self) -> None:
        """The client has shown who it is: from now on its packets may be as large as any."""

    def hurry(self) -> None:
        """Has all that waits for its client leave before what waits for others."""

    def close(self, reason: str | None = None) -> None:
        """Ends the connection in good order; with a reason it is counted and logged."""

    def cut(self, reason: str) -> None:
        """Ends the connection at once, counted and logged under the reason."""

    async def drained(self) -> None:
        """Returns when the client has read most of what it was sent, or is gone."""

    def pause(self) -> None:
        """Stops reading from the client."""

    def resume(self) -> None:
        """Reads on."""

    def ask(self) -> None:
        """Asks the client for an answer that shows that it has read all that it was sent so far. At most one such
        question is under way: while one is, nothing happens."""


class Place(Protocol):
    """A room that the connection is in, or is held in."""

    def leave(self, connection: "Connection") -> None:
        """Takes the connection out."""


class HandedOver(NamedTuple):
    """A notification that a connection was handed, and has not shown yet to have read."""

    notification_id: int
    at: int  # milliseconds since 1970
    handed_at: float  # seconds, by the loop's clock


class LiveSession:
    """What is remembered of a client, so that it can be brought back (consult/recovery.py)."""

    __slots__ = (
        "asked_message_id",
        "asked_notification_id",
        "changes",
        "connection",
        "ended_at",
        "follows",
        "id",
        "is_forgotten",
        "is_stored",
        "kept",
        "message_id",
        "notification_id",
        "owner",
        "revision",
        "saved_message_id",
        "saved_revision",
        "saves",
        "secret",
        "touched_id",
        "user_id",
    )

    def __init__(
        self, session_id: int, secret: str, owner: Owner | None, message_id: int, notification_id: int
    ) -> None:
        self.id = session_id
        self.secret = secret  # of the client's pid, its SHA-256
        self.owner = owner  # None without tokens
        self.connection: Connection | None = None  # None once that has ended
        self.user_id: int | None = None  # that it is bound to without a cursor
        self.follows = False  # as its connection did, when that ended
        self.ended_at: int | None = None
        self.is_forgotten = False  # its client has left for good
        # It has read all that it was sent up to there. The client was asked when it had been sent up to there; 0 where
        # its answer will show nothing.
        self.message_id = message_id
        self.notification_id = notification_id
        self.asked_message_id = self.asked_notification_id = 0
        self.touched_id = 0  # one of its rooms was sent a message up to there
        # Its session in the file, and the rooms that have changed since (None: the connection left it).
        self.is_stored = False  # perhaps
        self.saved_message_id = message_id
        self.changes: dict[int, Joined | None] | None = None
        self.revision = self.saved_revision = 0  # rises where it binds, joins or leaves
        self.saves = 0
        self.kept: Callable[[], None] | None = None  # to be called when the file has all of this

    def as_stored(self) -> Session:
        """Return it as it is now, with the rooms that have changed."""
        return Session(
            id=self.id,
            secret=self.secret,
            owner=self.owner,
            user_id=self.user_id,
            follows=self.follows if self.connection is None else self.connection.follows,
            message_id=self.message_id,
            notification_id=self.notification_id,
            ended_at=self.ended_at,
            rooms=self.changes.copy() if self.changes else {},
        )

    def saved(self, stored: Session, revision: int) -> None:
        """The file has it as it was then."""
        self.saves += 1
        self.saved_revision, self.saved_message_id = revision, stored.message_id
        if self.revision == revision:
            self.changes = None
        elif self.changes is not None:
            changes, was = self.changes, stored.rooms
            self.changes = {one: changes[one] for one in changes if changes[one] is not was.get(one, self)}


class Connection:
    """A Socket.IO client of the namespace `/`, whatever carries it."""

    __slots__ = (
        "account",
        "address",
        "asked_about",
        "carrier",
        "connected",
        "follows",
        "has_cursor",
        "has_left",
        "holds",
        "identity",
        "order",
        "rooms",
        "send",
        "session",
        "sid",
        "unproven",
        "usage",
        "user_id",
    )

    def __init__(self, sid: str, address: str, carrier: Carrier) -> None:
        self.sid = sid
        self.address = address  # the client's, as the limits know it
        self.usage = Usage()
        self.account: Account | None = None  # what its user may use, where that is limited
        self.connected = False  # between the client's CONNECT and its end
        self.has_left = False  # by a DISCONNECT, the last time
        self.identity: Identity | None = None  # who it is, with tokens on
        self.rooms: set[Place] | None = None
        self.user_id: int | None = None  # the user it is bound to
        self.follows = False  # knows `notification:updated`, by what it has sent (section 4.3)
        self.has_cursor = False  # it has bound with `after_id`, and asks for what it missed by that
        self.unproven: list[HandedOver] | None = None  # oldest first
        self.asked_about = 0  # so many of them, from the first, will be read when the client answers
        self.session: LiveSession | None = None
        self.holds = 0  # not 0: something that its rooms were told is kept back, or will be read for it
        self.order: EventOrder[Any] = EventOrder()  # of its events, which are the gateway's
        self.carried_by(carrier)

    def entered(self, room: Place) -> None:
        """A room has taken the connection in."""
        if self.rooms is None:
            self.rooms = set()
        self.rooms.add(room)

    def left(self, room: Place) -> None:
        """A room has taken the connection out."""
        assert self.rooms is not None
        self.rooms.discard(room)

    def leave_all(self) -> None:
        """Leaves every room. What that costs depends on its own rooms alone."""
        for room in list(self.rooms or ()):
            room.leave(self)
        self.rooms = None
        self.user_id = None

    def was_handed(self, notification_id: int) -> bool:
        """Return whether it was handed the notification, and has not shown yet that it read it."""
        return any(one.notification_id == notification_id for one in self.unproven or ())

    def asked(self) -> None:
        """The client was asked just now to show what it has read."""
        self.asked_about = len(self.unproven or ())

    def carried_by(self, carrier: Carrier) -> None:
        """From now on packets go by this carrier."""
        self.carrier = carrier
        self.send = carrier.send  # bound once: it is called for every delivery
