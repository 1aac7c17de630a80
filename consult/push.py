"""The only place that emits to clients."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from consult.connection import Connection
from consult.contract import replies
from consult.json_text import dumps
from consult.rooms import Held, Item, Room, Rooms
from consult.wire.packets import Frame, acknowledgement, event
from store import notifications
from store.answers import Answered
from store.clock import Clock, WireTime
from store.database import Database
from store.messages import Message, visible_to
from store.notifications import Notification, Pushed
from store.snoozes import CameAgain
from store.transaction import WriteUnknown, each

log = logging.getLogger("careline.push")

MOST_MARKED = 500  # notifications, in one write


class Push:
    def __init__(self, rooms: Rooms, database: Database, time: WireTime, clock: Clock, outbox_bytes: int) -> None:
        self._rooms = rooms
        self._outbox_bytes = outbox_bytes
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._time = time
        self._clock = clock
        # Notifications that connections were handed, of which the file does not say so yet; those of which it is just
        # being told apart.
        self._to_mark: dict[int, Pushed] = {}
        self._marking: dict[int, Pushed] = {}
        # The highest ones that were published: the fence of a catch-up.
        self.last_message_id = 0
        self.last_notification_id = 0
        self.messages = 0
        self.deliveries = 0
        self.notifications = 0
        self.handed = 0  # times that a connection was handed one of them

    def answer(self, connection: Connection, name: bytes, payload: bytes, ack_id: bytes | None) -> None:
        """The reply event and, where the client gave a callback, the same object for it."""
        connection.send(event(name, payload))
        if ack_id is not None:
            connection.send(acknowledgement(ack_id, payload))

    def new_message(self, message: Message, data: bytes) -> None:
        """`new_message` to all in the question's room who may see it (section 2.3)."""
        self.messages += 1
        self.last_message_id = message.id
        self._to_room(self._rooms.question(message.question_id), event(b"new_message", data), message)

    def published(self, published: Sequence[Notification | CameAgain]) -> None:
        """`notification:new` to every connection of each notification's user (section 4.2). Where one came again, then
        what became of the one before, with a count that has all of these in it."""
        for one in published:
            if isinstance(one, Notification):
                self._new_notification(one)
            elif one.notification is not None:
                self._new_notification(one.notification)
        self._mark_soon()
        for one in published:
            if isinstance(one, CameAgain):
                self.updated(one.snoozed)

    def _new_notification(self, notification: Notification) -> None:
        self.notifications += 1
        self.last_notification_id = max(self.last_notification_id, notification.id)
        room = self._rooms.user(notification.user_id)
        if room:
            self._to_room(room, self._frame(notification), notification)
            # What is held back for a connection is handed to it later, or never.
            self._handed(notification.id, sum(member.held is None for member in room.values()))

    def updated(self, answered: Answered) -> None:
        """`notification:updated` for each notification that has changed, to those of the user's connections that know
        of it (section 4.3)."""
        if answered.unread is None:
            return  # nothing has changed
        followers = {
            connection: member
            for connection, member in self._rooms.user(answered.notification.user_id).items()
            if connection.follows
        }
        if followers:
            for one in answered.changed:
                payload = replies.notification_updated(one, answered.unread, self._time)
                self._to_room(followers, event(b"notification:updated", dumps(payload)), answered)

    def replay_message(self, connection: Connection, missed: Message) -> int:
        """`new_message` to one connection that comes back; its bytes."""
        frame = event(b"new_message", dumps(replies.message(missed, self._time)))
        connection.send(frame)
        return len(frame.packet)

    def replay_notification(self, connection: Connection, missed: Notification) -> int:
        """`notification:new` to one connection: what it missed, or what nobody was handed before; its bytes."""
        frame = self._frame(missed)
        connection.send(frame)
        self._handed(missed.id, 1)
        self._mark_soon()
        return len(frame.packet)

    def held(self, connection: Connection, held: Iterable[Held]) -> None:
        """What was kept back for a connection that goes live."""
        for item, frame in held:
            connection.send(frame)
            if isinstance(item, Notification):
                self._handed(item.id, 1)
        self._mark_soon()

    @property
    def handed_not_marked(self) -> frozenset[int]:
        """Notifications that some connection was handed, though the file may still say that none was."""
        return frozenset(self._to_mark) | frozenset(self._marking)

    def _frame(self, notification: Notification) -> Frame:
        return event(b"notification:new", dumps(replies.notification(notification, self._time)))

    def _to_room(self, room: Room, frame: Frame, item: Item) -> None:
        # What an outsider may see all may see; the rule need not be asked for each.
        for_all = not isinstance(item, Message) or visible_to(None).admits(item)
        self.deliveries += len(room)
        for connection, member in room.items():
            if member.held is not None:
                member.keep(item, frame)
                if member.held_bytes > self._outbox_bytes:
                    # Not from within this loop over the room, which the connection leaves by it.
                    self._loop.call_soon(connection.carrier.cut, "outbox full")
            elif for_all or member.sees(item):
                connection.send(frame)

    def _handed(self, notification_id: int, to: int) -> None:
        if to:
            self.handed += to
            self._remember(Pushed(notification_id, self._clock(), to))

    def _remember(self, pushed: Pushed) -> None:
        known = self._to_mark.get(pushed.notification_id)
        if known is not None:
            pushed = Pushed(known.notification_id, min(known.at, pushed.at), known.to + pushed.to)
        self._to_mark[pushed.notification_id] = pushed

    def _mark_soon(self) -> None:
        # Not at once: what is due next is asked for in a moment, and one commit will do for both.
        self._loop.call_soon(self._mark)

    def _mark(self) -> None:
        """Has the file remember what was handed out. After a failure the next push tries again; until then a restart
        would send these once more, which is the lesser evil."""
        if self._marking or not self._to_mark:
            return
        self._marking = dict(islice(self._to_mark.items(), MOST_MARKED))
        for notification_id in self._marking:
            del self._to_mark[notification_id]

        def done(_: None) -> None:
            self._marking = {}
            self._mark_soon()

        def failed(fault: Exception) -> None:
            failing, self._marking = self._marking, {}
            for pushed in failing.values():
                # Where nobody knows whether it was counted, it is not counted again.
                self._remember(replace(pushed, to=0) if isinstance(fault, WriteUnknown) else pushed)
            log.warning("notifications that were handed out could not be marked: %s", fault)

        self._database.write(each(notifications.mark_pushed), list(self._marking.values()), done, failed)
