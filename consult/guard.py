"""Lets in who shows a good token, and out whose token has run out or was revoked. Without keys there is no guard."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from consult.audit import Audit
from consult.contract.faults import TOKEN_TEXTS, Fault
from consult.tokens import EXPIRED, REVOKED, Identity, Refused, Tokens
from store import revocations
from store.clock import Clock
from store.database import Database

log = logging.getLogger("careline.guard")

WATCH = 0.5  # seconds between two looks at who is in


class Guard:
    def __init__(self, tokens: Tokens, database: Database, clock: Clock) -> None:
        self.audit = Audit(database, clock)
        self.checks: Counter[tuple[str, str]] = Counter()  # of tokens, by where they were shown and the outcome
        self._tokens = tokens
        self._database = database
        self._clock = clock
        self._revoked: dict[bytes, int] = {}  # with the moment from which on they have run out anyway
        self._last_read = 0
        self._failing = False
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def open(self) -> None:
        """Reads what was revoked so far; before anybody is let in."""
        await self._read()

    def start(self, look: Callable[[], None]) -> None:
        """Has `look` called twice a second, which sends away whose token is `over` by then."""
        self._task = asyncio.create_task(self._watch(look))

    async def close(self) -> None:
        """Once nobody is here any more."""
        self._stop.set()
        if self._task is not None:
            await self._task
        await self.audit.close()

    def admit(self, token: object, where: str) -> Identity:
        """Who shows the token; Refused when it is no good one. `where` is socket or http, for the counts."""
        try:
            identity = self._tokens.identity(token)
            if identity.token in self._revoked:
                raise Refused(REVOKED)
        except Refused as refused:
            self.checks[where, refused.why] += 1
            raise
        self.checks[where, "ok"] += 1
        return identity

    def over(self, identity: Identity, now: int) -> str | None:
        """Why somebody who is in may not stay; None when it may."""
        if identity.expires_at <= now:
            return EXPIRED
        return REVOKED if identity.token in self._revoked else None

    def now(self) -> int:
        return self._clock()

    async def _watch(self, look: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                await asyncio.wait_for(self._read(), WATCH)
                self._failing = False
            except Exception as fault:  # whatever the file's trouble, those that run out have to leave
                if not self._failing:
                    log.error("revoked tokens cannot be read: %r", fault)
                self._failing = True
            look()
            self.audit.flush()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), WATCH)

    async def _read(self) -> None:
        news = await revocations.above(self._database, self._last_read)
        for revocation in news:
            self._last_read = revocation.id
            self._revoked[revocation.token] = revocation.expires_at
        if news:
            now = self._clock()
            self._revoked = {token: until for token, until in self._revoked.items() if until > now}


def told(refused: Refused) -> Fault:
    """What a client is told whose token is no good."""
    return Fault("UNAUTHENTICATED", TOKEN_TEXTS[refused.why])


def shown(auth: Any) -> object:
    """The token in what a Socket.IO client gives as `auth`."""
    return auth.get("token") if isinstance(auth, dict) else None
