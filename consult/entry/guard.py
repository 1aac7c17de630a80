"""Admits clients by their token, and ends their connections when it expires, is revoked, or its key is removed.

Without a key file there is no guard.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from consult.contract.faults import OF_TOKENS, Fault
from consult.entry.audit import Audit
from consult.entry.failed_logins import FailedLogins
from consult.entry.key_file import KeyFault, read_keys
from consult.entry.tokens import BAD, EXPIRED, REVOKED, Identity, Refused, Tokens
from store import revocations
from store.clock import Clock
from store.database import Database

log = logging.getLogger("careline.guard")

WATCH = 0.5  # seconds between two looks at who is in
LATE = 5.0  # seconds that a read of the revocations may take before it counts as failing


class Guard:
    def __init__(self, key_file: Path, database: Database, clock: Clock) -> None:
        """KeyFault when the key file cannot be used."""
        self.audit = Audit(database, clock)
        self.checks: Counter[tuple[str, str]] = Counter()  # of tokens, by where they were shown and the outcome
        self._key_file = key_file
        self._tokens = Tokens(read_keys(key_file), clock)
        self._failed_logins = FailedLogins(self.audit, clock)
        self._database = database
        self._clock = clock
        self._revoked: dict[bytes, int] = {}  # with the moment from which on they have run out anyway
        self._revoked_users: dict[tuple[int, str], int] = {}  # until when their tokens were issued
        self._last_read = self._last_user_read = 0
        self._failing = False
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        """Read what was revoked so far, before the first client is admitted."""
        await self._read()

    def start(self, look: Callable[[], None]) -> None:
        """Has `look` called twice a second, which sends away whose token is `over` by then."""
        self._task = asyncio.create_task(self._watch(look))

    async def close(self) -> None:
        """Write down what is left, after the last client is gone."""
        self._stop.set()
        if self._task is not None:
            await self._task
        self._failed_logins.flush(everything=True)
        await self.audit.close()

    def reload_keys(self) -> None:
        """Read the key file again. Connections whose key is gone end with the next look; a file that cannot be used
        changes nothing."""
        try:
            keys = read_keys(self._key_file)
        except KeyFault as fault:
            log.error("the signing keys stay as they were: %s %s", self._key_file, fault)
            return
        self._tokens.replace_keys(keys)
        log.info("the signing keys were read again from %s", self._key_file)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The signing keys, the one that signs first."""
        return self._tokens.keys

    def admit(self, token: object, where: str, address: str) -> Identity:
        """Return who shows the token; Refused when it is not a good one. `where` is socket or http."""
        try:
            identity = self._tokens.identity(token)
            if self._is_revoked(identity):
                raise Refused(REVOKED)
        except Refused as refused:
            self.checks[where, refused.why] += 1
            self._failed_logins.note(where, address, refused)
            raise
        self.checks[where, "ok"] += 1
        return identity

    def link_refused(self, address: str) -> None:
        """Note that a client has shown a confirm link which is not ours."""
        self._failed_logins.note("link", address, Refused(BAD))

    def over(self, identity: Identity, now: int) -> str | None:
        """Return the reason to end this client's connection, or None."""
        if identity.expires_at <= now:
            return EXPIRED
        if not self._tokens.has_key(identity.key):
            return BAD
        return REVOKED if self._is_revoked(identity) else None

    def _is_revoked(self, identity: Identity) -> bool:
        if identity.token in self._revoked:
            return True
        if not self._revoked_users:
            return False
        for user_type in (identity.user_type, ""):
            until = self._revoked_users.get((identity.user_id, user_type))
            # A token that does not say when it was issued may be as old as any.
            if until is not None and (identity.issued_at is None or identity.issued_at <= until):
                return True
        return False

    def now(self) -> int:
        return self._clock()

    async def _watch(self, look: Callable[[], None]) -> None:
        reading: asyncio.Task[None] | None = None
        since = 0.0
        while not self._stop.is_set():
            if reading is None:
                reading, since = asyncio.create_task(self._read()), self._loop.time()
            # A slow read goes on: one that is given up and begun again would never come to its end.
            await asyncio.wait([reading], timeout=WATCH)
            if reading.done():
                self._tell_if_failing(reading.exception())
                reading = None
            elif self._loop.time() - since > LATE:
                self._tell_if_failing(TimeoutError("the database does not answer"))
            look()  # whatever the file's trouble, those whose token expires have to leave
            self._failed_logins.flush()
            self.audit.flush()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), WATCH)
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])

    def _tell_if_failing(self, fault: BaseException | None) -> None:
        if fault is not None and not self._failing:
            log.error("revoked tokens cannot be read: %r", fault)
        self._failing = fault is not None

    async def _read(self) -> None:
        tokens, users = await revocations.above(self._database, self._last_read, self._last_user_read)
        for revocation in tokens:
            self._last_read = revocation.id
            self._revoked[revocation.token] = revocation.expires_at
        for user in users:
            self._last_user_read = user.id
            self._revoked_users[user.user_id, user.user_type] = user.issued_until
        if tokens:
            now = self._clock()
            self._revoked = {token: until for token, until in self._revoked.items() if until > now}


def token_fault(refused: Refused) -> Fault:
    """Return the error for a client whose token is refused."""
    return Fault(OF_TOKENS[refused.why])


def shown(auth: Any) -> object:
    """The token in what a Socket.IO client gives as `auth`."""
    return auth.get("token") if isinstance(auth, dict) else None
