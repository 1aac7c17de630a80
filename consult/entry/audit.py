"""Collects who did what, and has it written beside the messages' way: some rows at a time, a few times a second.

What a request says and what a token is stays out of it.
"""

import logging
from collections import deque
from itertools import islice

from consult.contract.payloads import Payload
from consult.contract.permissions import PERMISSIONS, Role
from consult.contract.rows import ClientEvent
from consult.entry.tokens import Identity
from store import audit, confirm_links
from store.audit import CHUNK, Entry
from store.clock import Clock
from store.database import Database
from store.transaction import WriteRefused, WriteUnknown, each

log = logging.getLogger("careline.audit")

MOST_WAITING = 50_000  # rows; beyond, while the file cannot be written, the oldest are lost
# Refused before it referred to any object, so there is nothing to audit.
NOT_DONE = frozenset({"INVALID_PAYLOAD", "RATE_LIMITED"})
OK = "ok"
NOBODY = Role.NOBODY.value  # the type in rows of clients without a good token; their user id is 0
STAFF_ONLY_REFUSED = "FORBIDDEN staff-only"  # the result of a send that claims staff's visibility for another type
_ID_FIELDS = {"question": "question_id", "user": "user_id", "notification": "id"}


class Audit:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.lost = 0
        self._database = database
        self._clock = clock
        self._waiting: deque[Entry] = deque()
        self._writing = False
        self._losing = False

    def record(
        self,
        identity: Identity | None,
        address: str,
        action: str,
        of: str = "",
        object_id: int | None = None,
        result: str = OK,
    ) -> None:
        """Write down what a user did or, with a result other than OK, tried to do. None is a client without a good
        token."""
        if result in NOT_DONE:
            return
        user_id, user_type = (0, NOBODY) if identity is None else (identity.user_id, identity.user_type)
        self._add(Entry(self._clock(), user_id, user_type, address, action, of, object_id, result))

    def link(self, user_id: int, address: str, action: str, notification_id: int, result: str = OK) -> None:
        """Write down that a confirm link of a notification was used."""
        self._add(
            Entry(self._clock(), user_id, confirm_links.BY, address, action, "notification", notification_id, result)
        )

    def event(self, identity: Identity, address: str, event: ClientEvent, request: Payload, result: str = OK) -> None:
        """Record an event that a client sent."""
        permission = PERMISSIONS.get(event)
        if permission is not None and permission.of:
            object_id = getattr(request, _ID_FIELDS[permission.of])
            self.record(identity, address, event.name, permission.of, object_id, result)

    def flush(self) -> None:
        """Has written what waits, chunk after chunk. What cannot be written is tried again at the next call."""
        if self._writing or not self._waiting:
            return
        self._writing = True
        chunk = [self._waiting.popleft() for _ in range(min(CHUNK, len(self._waiting)))]

        def done(_: None) -> None:
            self._writing = self._losing = False
            self.flush()

        def failed(fault: Exception) -> None:
            self._writing = False
            # Some may be there twice then, where a commit failed and its outcome is unknown.
            self._waiting.extendleft(reversed(chunk))
            log.warning("the audit could not be written, trying again: %s", fault)

        self._database.write(each(audit.append), chunk, done, failed)

    async def close(self) -> None:
        """Writes what is left."""
        try:
            while self._waiting:
                await self._database.written(each(audit.append), list(islice(self._waiting, CHUNK)))
                for _ in range(min(CHUNK, len(self._waiting))):
                    self._waiting.popleft()
        except (WriteRefused, WriteUnknown) as fault:
            log.error("the end of the audit could not be written: %s", fault)

    def _add(self, entry: Entry) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._lose()
        self._waiting.append(entry)

    def _lose(self) -> None:
        self._waiting.popleft()
        self.lost += 1
        if not self._losing:
            log.error("the audit cannot be written: rows are lost")
        self._losing = True
