"""How many answers that list are worked on at once, for each client and in all. What is beyond waits, and then 429."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import wraps
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from consult.contract.faults import Fault
from consult.entry.access import Access
from consult.http.answers import asker_of

AT_ONCE = 8  # answers that are read and encoded at the same time
AT_ONCE_FOR_CLIENT = 4
MOST_WAITING = 256  # requests of one client; one more is refused
LONGEST_WAIT = 10.0  # seconds

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse]]


class _Client:
    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(AT_ONCE_FOR_CLIENT)
        self.requests = 0


class Reads:
    """A page may take a megabyte of memory and milliseconds of the processor: a client that asks for hundreds at once
    waits for its own, and the others for at most a few of them."""

    def __init__(self, access: Access) -> None:
        self.refused = 0
        self._access = access
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._clients: dict[int | str, _Client] = {}

    def bounded(self, handler: Handler) -> Handler:
        """Have a handler answer when its client has a turn; Fault RATE_LIMITED when it does not get one."""

        @wraps(handler)
        async def answer(request: Request, **in_path: str) -> HTTPResponse:
            async with self._turn(self._client_of(request)):
                return await handler(request, **in_path)

        return answer

    def _client_of(self, request: Request) -> int | str:
        """The user whose token the request shows or, without tokens, the address that it comes from."""
        identity = asker_of(request).identity
        return self._access.address(request.ip, request.headers) if identity is None else identity.user_id

    @asynccontextmanager
    async def _turn(self, name: int | str) -> AsyncIterator[None]:
        client = self._clients.setdefault(name, _Client())
        if client.requests >= AT_ONCE_FOR_CLIENT + MOST_WAITING:
            raise self._refusal()
        client.requests += 1
        try:
            async with AsyncExitStack() as turns:
                try:
                    async with asyncio.timeout(LONGEST_WAIT):
                        await turns.enter_async_context(client.turns)
                        await turns.enter_async_context(self._turns)
                except TimeoutError:
                    raise self._refusal() from None
                yield
        finally:
            client.requests -= 1
            if not client.requests:
                del self._clients[name]

    def _refusal(self) -> Fault:
        self.refused += 1
        return Fault("RATE_LIMITED", retry_after=1)
