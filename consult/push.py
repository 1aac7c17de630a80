"""The only place that emits to clients."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from consult.connection import Connection
from consult.contract import replies
from consult.file_addresses import FileAddresses
from consult.hand_overs import HandOvers
from consult.json_text import dumps
from consult.packets import Frame, acknowledgement, connected, event
from consult.rooms import Held, Item, Members, Room, Rooms
from store.answers import Answered
from store.clock import ClinicTime
from store.database import Database
from store.messages import Message, visible_to
from store.notifications import Notification
from store.participants import Seen
from store.questions import Changes
from store.snoozes import CameAgain

_OUTSIDER = visible_to(None)


class Push:
    def __init__(
        self, rooms: Rooms, database: Database, time: ClinicTime, addresses: FileAddresses, outbox_bytes: int
    ) -> None:
        self._rooms = rooms
        self._addresses = addresses
        self._outbox_bytes = outbox_bytes
        self._loop = asyncio.get_running_loop()
        self._time = time
        self._hand_overs = HandOvers(database, time.now, self._send_again)
        # The highest ones that were published: the fence of a catch-up.
        self.last_message_id = 0
        self.last_notification_id = 0
        # For recovery.py: rooms that were sent a message since they were taken up, and rooms whose members are all
        # asked, in the same write as the next message, what they have read.
        self.touched: set[Room] = set()
        self.to_ask: set[Room] = set()
        self.ask: Callable[[Room], None] = lambda _: None
        self.messages = 0
        self.deliveries = 0
        self.notifications = 0
        self.handed = 0  # times that a connection was handed one of them

    def connected(self, connection: Connection, pid: str | None) -> None:
        """The answer to a CONNECT, with the pid by which the client can be brought back."""
        connection.send(connected(connection.sid, pid))

    def answer(self, connection: Connection, name: bytes, payload: bytes, ack_id: bytes | None) -> None:
        """The reply event and, where the client gave a callback, the same object for it. It leaves before what rooms
        are told: its client may wait for it."""
        connection.send(event(name, payload))
        if ack_id is not None:
            connection.send(acknowledgement(ack_id, payload))
        connection.carrier.hurry()

    def new_message(self, message: Message, data: bytes) -> None:
        """`new_message` to all in the question's room who may see it (section 2.3)."""
        self.messages += 1
        self.last_message_id = message.id
        room = self._rooms.question(message.question_id)
        if room.members:
            self._to_room(room.members, event(b"new_message", data), message)
            if room in self.to_ask:
                self.to_ask.discard(room)
                self.ask(room)
            else:
                self.touched.add(room)

    def question_changed(self, changes: Changes) -> None:
        """`question:updated` to those in the question's room that asked for it, each as it may see the question
        (section 2.4), and what became of the notifications of its ladder."""
        for answered in changes.answered:
            self.updated(answered)
        for one in changes.seen:
            members = {
                connection: member
                for connection, member in self._rooms.question(one.question.id).members.items()
                if member.held is not None or member.sees(one)
            }
            if members:
                payload = replies.question(one.question, self._time)
                self._to_room(members, event(b"question:updated", dumps(payload)), one)

    def question_read(self, seen: Sequence[Seen]) -> None:
        """`question:read` to those in the question's room that asked for updates, each as it may see the cursor
        (section 2.5)."""
        for one in seen:
            members = {
                connection: member
                for connection, member in self._rooms.question(one.question_id).members.items()
                if member.held is not None or member.sees(one)
            }
            if members:
                self._to_room(members, event(b"question:read", dumps(replies.question_read(one))), one)

    def published(self, published: Sequence[Notification | CameAgain]) -> None:
        """`notification:new` to every connection of each notification's user (section 4.2). Where one came again, then
        what became of the one before, with a count that has all of these in it."""
        for one in published:
            if isinstance(one, Notification):
                self._new_notification(one)
            elif one.notification is not None:
                self._new_notification(one.notification)
        for one in published:
            if isinstance(one, CameAgain):
                self.updated(one.snoozed)

    def _new_notification(self, notification: Notification) -> None:
        self.notifications += 1
        self.last_notification_id = max(self.last_notification_id, notification.id)
        members = self._rooms.user(notification.user_id).members
        if members:
            self._hand_over(notification, members)

    def updated(self, answered: Answered) -> None:
        """`notification:updated` for each notification that has changed, to those of the user's connections that know
        of it (section 4.3)."""
        for other in answered.others:
            self.updated(other)
        if answered.unread is None:
            return  # nothing has changed
        followers = {
            connection: member
            for connection, member in self._rooms.user(answered.notification.user_id).members.items()
            if connection.follows
        }
        if followers:
            for one in answered.changed:
                payload = replies.notification_updated(one, answered.unread, self._time)
                self._to_room(followers, event(b"notification:updated", dumps(payload)), answered)

    def replay_message(self, connection: Connection, missed: Message) -> int:
        """`new_message` to one connection that comes back; its bytes."""
        frame = event(b"new_message", dumps(replies.message(missed, self._time, self._addresses.handed)))
        connection.send(frame)
        return len(frame.packet)

    def replay_notification(self, connection: Connection, missed: Notification) -> int:
        """`notification:new` to one connection: what it missed, or what no connection was handed
        before. Return its bytes."""
        frame = self._frame(missed)
        connection.send(frame)
        self._handed(connection, missed.id)
        return len(frame.packet)

    def held(self, connection: Connection, held: Iterable[Held]) -> None:
        """Send a connection that goes live what was kept back for it."""
        for item, frame in held:
            if isinstance(item, Notification):
                if connection.was_handed(item.id):
                    continue  # it was taken back from another connection while this one was sent it from the file
                self._handed(connection, item.id)
            connection.send(frame)
        if connection.unproven:
            connection.carrier.ask()

    def known_to(self, connection: Connection, user_id: int) -> set[int]:
        """The user's notifications that the connection need not be sent when it binds without a cursor, although the
        file may say that no connection has read them."""
        return self._hand_overs.known_to(connection, self._rooms.user(user_id).members)

    def read_by(self, connection: Connection) -> None:
        """The client has answered a question: it has read all that it was sent before."""
        self._hand_overs.read_by(connection)

    def ended(self, connection: Connection) -> None:
        """The connection has ended: what it has not shown to have read is sent again."""
        self._hand_overs.ended(connection)

    def _send_again(self, taken_back: list[Notification]) -> None:
        """`notification:new` once more, to those connections of the user that came meanwhile without a cursor."""
        for one in taken_back:
            members = {
                connection: member
                for connection, member in self._rooms.user(one.user_id).members.items()
                if not connection.has_cursor and not connection.was_handed(one.id)
            }
            if members and not self._hand_overs.was_read(one.id):
                self._hand_over(one, members)

    def _frame(self, notification: Notification) -> Frame:
        return event(b"notification:new", dumps(replies.notification(notification, self._time)))

    def _to_room(self, members: Members, frame: Frame, item: Item) -> None:
        # What an outsider may see all may see; the rule need not be asked for each.
        for_all = not isinstance(item, Message) or _OUTSIDER.admits(item)
        self.deliveries += len(members)
        for connection, member in members.items():
            if member.held is not None:
                member.keep(item, frame)
                if member.held_bytes > self._outbox_bytes:
                    # Not from within this loop over the room, which the connection leaves by it.
                    self._loop.call_soon(connection.carrier.cut, "outbox full")
            elif for_all or member.sees(item):
                connection.send(frame)

    def _hand_over(self, notification: Notification, members: Members) -> None:
        """Sends it to all in the room. What is held back for a connection is handed to it later, or never."""
        self._to_room(members, self._frame(notification), notification)
        for connection, member in members.items():
            if member.held is None:
                self._handed(connection, notification.id)
                connection.carrier.ask()

    def _handed(self, connection: Connection, notification_id: int) -> None:
        self.handed += 1
        self._hand_overs.handed(connection, notification_id)
