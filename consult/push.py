"""The only place that emits to clients."""

import asyncio
import logging
from collections.abc import Iterable

from consult.connection import Connection
from consult.contract import replies
from consult.json_text import dumps
from consult.rooms import Held, Room, Rooms
from consult.wire.packets import Frame, acknowledgement, event
from store import notifications
from store.clock import Clock, WireTime
from store.database import Database
from store.messages import Message, visible_to
from store.notifications import Notification, Pushed
from store.transaction import each

log = logging.getLogger("careline.push")


class Push:
    def __init__(self, rooms: Rooms, database: Database, time: WireTime, clock: Clock, outbox_bytes: int) -> None:
        self._rooms = rooms
        self._outbox_bytes = outbox_bytes
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._time = time
        self._clock = clock
        # Notifications that connections were handed, of which the file does not say so yet.
        self._to_mark: set[int] = set()
        self._marking = False
        # The highest ones that were published: the fence of a catch-up.
        self.last_message_id = 0
        self.last_notification_id = 0
        self.messages = 0
        self.deliveries = 0

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

    def published(self, published: Iterable[Notification]) -> None:
        """`notification:new` to every connection of each notification's user (section 4.2)."""
        for notification in published:
            self.last_notification_id = max(self.last_notification_id, notification.id)
            room = self._rooms.user(notification.user_id)
            if room:
                self._to_room(room, self._frame(notification), notification)
                # What is held back for a connection is handed to it later, or never.
                if any(member.held is None for member in room.values()):
                    self._handed(notification.id)
        self._mark()

    def replay_message(self, connection: Connection, missed: Message) -> int:
        """`new_message` to one connection that comes back; its bytes."""
        frame = event(b"new_message", dumps(replies.message(missed, self._time)))
        connection.send(frame)
        return len(frame.packet)

    def replay_notification(self, connection: Connection, missed: Notification) -> int:
        """`notification:new` to one connection: what it missed, or what nobody was handed before; its bytes."""
        frame = self._frame(missed)
        connection.send(frame)
        self._handed(missed.id)
        self._mark()
        return len(frame.packet)

    def held(self, connection: Connection, held: Iterable[Held]) -> None:
        """What was kept back for a connection that goes live."""
        for item, frame in held:
            connection.send(frame)
            if isinstance(item, Notification):
                self._handed(item.id)
        self._mark()

    @property
    def handed_not_marked(self) -> frozenset[int]:
        """Notifications that some connection was handed, though the file may still say that none was."""
        return frozenset(self._to_mark)

    def _frame(self, notification: Notification) -> Frame:
        return event(b"notification:new", dumps(replies.notification(notification, self._time)))

    def _to_room(self, room: Room, frame: Frame, item: Message | Notification) -> None:
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

    def _handed(self, notification_id: int) -> None:
        self._to_mark.add(notification_id)

    def _mark(self) -> None:
        """Has the file remember what was handed out. After a failure the next push tries again; until then a restart
        would send these once more, which is the lesser evil."""
        if self._marking or not self._to_mark:
            return
        self._marking = True
        ids = sorted(self._to_mark)[:500]

        def done(_: None) -> None:
            self._marking = False
            self._to_mark.difference_update(ids)
            self._mark()

        def failed(fault: Exception) -> None:
            self._marking = False
            log.warning("notifications that were handed out could not be marked: %s", fault)

        self._database.write(each(notifications.mark_pushed), Pushed(ids, self._clock()), done, failed)
