"""Limit how many requests of a kind, such as list calls, are worked on at once, for each client and in all. More wait,
and then get 429."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.limits import (
    DOWNLOADS_AT_ONCE,
    DOWNLOADS_OF_CLIENT,
    FILE_WAIT,
    LIST_WAIT,
    LISTS_AT_ONCE,
    MOST_FILES_WAITING,
    MOST_LISTS_WAITING,
    UPLOADS_AT_ONCE,
    UPLOADS_OF_CLIENT,
)
from consult.entry.access import Access
from consult.http.request import Request

AT_ONCE = 8  # answers that are read and encoded at the same time


@dataclass(frozen=True, slots=True)
class AtOnce:
    """How many may be worked on at the same time."""

    of_client: int
    in_all: int
    most_waiting: int  # of a client
    wait: float  # seconds, after which one that waits is refused


LISTS = AtOnce(LISTS_AT_ONCE, AT_ONCE, MOST_LISTS_WAITING, LIST_WAIT)
UPLOADS = AtOnce(UPLOADS_OF_CLIENT, UPLOADS_AT_ONCE, MOST_FILES_WAITING, FILE_WAIT)
DOWNLOADS = AtOnce(DOWNLOADS_OF_CLIENT, DOWNLOADS_AT_ONCE, MOST_FILES_WAITING, FILE_WAIT)


class _Client:
    def __init__(self, at_once: int) -> None:
        self.turns = asyncio.Semaphore(at_once)
        self.requests = 0


class Reads:
    """A page may take a megabyte of memory and milliseconds of the processor: a client that asks for hundreds at once
    waits for its own, and the others for at most a few of them. Uploads and downloads of files take turns the same
    way, each kind by itself."""

    def __init__(self, access: Access, most: AtOnce = LISTS) -> None:
        self.refused = 0
        self.under_way = 0
        self._access = access
        self._most = most
        self._turns = asyncio.Semaphore(most.in_all)
        self._clients: dict[int | str, _Client] = {}

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait until it is the client's turn; Fault RATE_LIMITED when it does not get one."""
        name = self.client_of(request)
        client = self._clients.setdefault(name, _Client(self._most.of_client))
        if client.requests >= self._most.of_client + self._most.most_waiting:
            raise self._refusal()
        client.requests += 1
        try:
            async with AsyncExitStack() as turns:
                try:
                    async with asyncio.timeout(self._most.wait):
                        await turns.enter_async_context(client.turns)
                        await turns.enter_async_context(self._turns)
                except TimeoutError:
                    raise self._refusal() from None
                self.under_way += 1
                try:
                    yield
                finally:
                    self.under_way -= 1
        finally:
            client.requests -= 1
            if not client.requests:
                del self._clients[name]

    def client_of(self, request: Request) -> int | str:
        """The user whose token the request shows or, without tokens, the address that it comes from."""
        identity = request.ctx.asker.identity
        return self._access.address(request.ip, request.headers) if identity is None else identity.user_id

    def _refusal(self) -> Fault:
        self.refused += 1
        return Fault(faults.RATE_LIMITED, retry_after=1)
