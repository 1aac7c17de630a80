"""Find out whether a connection has read the notifications that it was handed.

A notification that a connection was handed may lie unread in a buffer of the network. The connection shows that it has
read when it answers a question that was asked after the hand-over: over a websocket the question is a ping, over
long-polling it is the answer to a poll, and the next poll answers it. Any other packet of the client shows nothing.

The file says that a notification was pushed from then on. Until then this is remembered here alone: when the connection
ends before, or the server is killed, the notification counts as never handed over, and is sent again.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from consult.connection import Connection, HandedOver
from consult.rooms import Members
from store import notifications
from store.clock import Clock
from store.database import Database
from store.notifications import Notification, Pushed, TakenBack
from store.transaction import WriteUnknown, each

log = logging.getLogger("careline.push")

MOST_IN_WRITE = 500  # notifications
# A connection that reads shows it within this time. One that does not may be gone: a phone that has come back by
# another connection does not wait for its end.
SHOWN_WITHIN_S = 5.0
RETRY_AFTER_S = 5.0  # when the file could not be written


class HandOvers:
    def __init__(self, database: Database, clock: Clock, send_again: Callable[[list[Notification]], None]) -> None:
        """`send_again` gets the notifications that were taken back and that no connection has read."""
        self._database = database
        self._clock = clock
        self._send_again = send_again
        self._loop = asyncio.get_running_loop()
        # Notifications that were read, of which the file does not say so yet; those that are being written.
        self._to_mark: dict[int, Pushed] = {}
        self._marking: dict[int, Pushed] = {}
        # Hand-overs that ended unread, of which the file does not say so yet; those that are being written.
        self._to_take_back: list[TakenBack] = []
        self._taking_back: list[TakenBack] = []

    def handed(self, connection: Connection, notification_id: int) -> None:
        """The connection was handed the notification."""
        if connection.unproven is None:
            connection.unproven = []
        connection.unproven.append(HandedOver(notification_id, self._clock(), self._loop.time()))

    def read_by(self, connection: Connection) -> None:
        """The connection has answered: it has read all that it was handed before it was asked."""
        unproven, asked_about = connection.unproven, connection.asked_about
        connection.asked_about = 0
        if not unproven or not asked_about:
            return
        for one in unproven[:asked_about]:
            self._remember(Pushed(one.notification_id, one.at, 1))
        del unproven[:asked_about]
        if unproven:
            connection.carrier.ask()
        self._write_soon()

    def ended(self, connection: Connection) -> None:
        """The connection has ended: takes back what it has not shown to have read."""
        unproven, connection.unproven, connection.asked_about = connection.unproven, None, 0
        if unproven:
            now = self._clock()
            self._to_take_back += [TakenBack(one.notification_id, one.at, now) for one in unproven]
            self._write_soon()

    def known_to(self, connection: Connection, members: Members) -> set[int]:
        """The notifications that a connection which binds need not be sent, although the file may say that they were
        never pushed: it was handed them itself, or another connection of the user has read them, or was handed them a
        moment ago."""
        recently = self._loop.time() - SHOWN_WITHIN_S
        known = {
            one.notification_id
            for member in {*members, connection}
            for one in member.unproven or ()
            if member is connection or one.handed_at >= recently
        }
        return known | self._to_mark.keys() | self._marking.keys()

    def was_read(self, notification_id: int) -> bool:
        """Return whether a connection has read the notification, though the file may not say so yet."""
        return notification_id in self._to_mark or notification_id in self._marking

    def _remember(self, pushed: Pushed) -> None:
        known = self._to_mark.get(pushed.notification_id)
        if known is not None:
            pushed = Pushed(known.notification_id, min(known.at, pushed.at), known.to + pushed.to)
        self._to_mark[pushed.notification_id] = pushed

    def _write_soon(self) -> None:
        # Not at once: what comes in the same step goes into the same commit.
        self._loop.call_soon(self._write)

    def _write(self) -> None:
        """Has the file remember what was read, and what was taken back. After a failure it tries again."""
        self._mark()
        self._take_back()

    def _mark(self) -> None:
        if self._marking or not self._to_mark:
            return
        self._marking = dict(islice(self._to_mark.items(), MOST_IN_WRITE))
        for notification_id in self._marking:
            del self._to_mark[notification_id]

        def done(_: None) -> None:
            self._marking = {}
            self._write_soon()

        def failed(fault: Exception) -> None:
            failing, self._marking = self._marking, {}
            for pushed in failing.values():
                # After an unknown commit the count may be in the file: it is not counted twice.
                self._remember(replace(pushed, to=0) if isinstance(fault, WriteUnknown) else pushed)
            log.warning("notifications that were read by connections could not be marked: %s", fault)
            self._loop.call_later(RETRY_AFTER_S, self._write)

        self._database.write(each(notifications.mark_pushed), list(self._marking.values()), done, failed)

    def _take_back(self) -> None:
        if self._taking_back or not self._to_take_back:
            return
        self._taking_back = self._to_take_back[:MOST_IN_WRITE]
        del self._to_take_back[:MOST_IN_WRITE]

        def done(unread: list[Notification]) -> None:
            self._taking_back = []
            self._send_again(unread)
            self._write_soon()

        def failed(fault: Exception) -> None:
            self._to_take_back[:0], self._taking_back = self._taking_back, []
            log.warning("notifications that were handed to lost connections could not be taken back: %s", fault)
            self._loop.call_later(RETRY_AFTER_S, self._write)

        self._database.write(each(notifications.take_back), self._taking_back, done, failed)
