"""Limit how many list calls are worked on at once, for each client and in all. More of them wait, and then get 429."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.limits import LIST_WAIT, LISTS_AT_ONCE, MOST_LISTS_WAITING
from consult.entry.access import Access
from consult.http.request import Request

AT_ONCE = 8  # answers that are read and encoded at the same time


class _Client:
    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(LISTS_AT_ONCE)
        self.requests = 0


class Reads:
    """A page may take a megabyte of memory and milliseconds of the processor: a client that asks for hundreds at once
    waits for its own, and the others for at most a few of them."""

    def __init__(self, access: Access) -> None:
        self.refused = 0
        self._access = access
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._clients: dict[int | str, _Client] = {}

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait until it is the client's turn; Fault RATE_LIMITED when it does not get one."""
        name = self.client_of(request)
        client = self._clients.setdefault(name, _Client())
        if client.requests >= LISTS_AT_ONCE + MOST_LISTS_WAITING:
            raise self._refusal()
        client.requests += 1
        try:
            async with AsyncExitStack() as turns:
                try:
                    async with asyncio.timeout(LIST_WAIT):
                        await turns.enter_async_context(client.turns)
                        await turns.enter_async_context(self._turns)
                except TimeoutError:
                    raise self._refusal() from None
                yield
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
