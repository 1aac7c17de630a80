"""Work on rules runs in a few threads of its own, within a budget of steps, and can be ended.

One thread is for what is due, one for what is due and takes long, one for what requests ask: none waits for another,
and asyncio's own threads, which `/health` and `/metrics` use, never wait for a rule.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Final, TypeVar

from reminders.budget import CREATION_STEPS, FIRING_STEPS, Budget, WorkStopped

T = TypeVar("T")

# Requests that wait for the thread, in all and of one client; one more is refused.
MOST_REQUESTS: Final = 256
MOST_OF_CLIENT: Final = 32


class TooManyRequests(Exception):
    """Too many requests wait for work on their rules: one more is refused."""


class _Client:
    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.requests = 0


class RuleWork:
    """Runs work on rules in threads. Build it within the event loop that uses it."""

    def __init__(self) -> None:
        self._quick = ThreadPoolExecutor(1, "rules-quick")
        self._slow = ThreadPoolExecutor(1, "rules-slow")
        self._asking = ThreadPoolExecutor(1, "rules-asked")
        self._under_way: set[Event] = set()
        self._stopping = False
        self.requests = 0  # that wait or are under way
        self._clients: dict[int | str, _Client] = {}

    async def quick(self, work: Callable[[Event], T]) -> T:
        """Run work for tasks that are due. It makes a budget for each task, ended by the event."""
        return await self._run(self._quick, work)

    async def slow(self, work: Callable[[Budget], T]) -> T:
        """Run work for a task that is due and takes long."""
        return await self._run(self._slow, lambda stopped: work(Budget(FIRING_STEPS, stopped)))

    async def asked(self, work: Callable[[Budget], T], name: int | str) -> T:
        """Run work for a request; TooManyRequests, BudgetExceeded. A cancelled caller ends it.

        Each client, by its name, has one request before the thread: the others take turns with it.
        """
        client = self._clients.get(name) or _Client()
        if self.requests >= MOST_REQUESTS or client.requests >= MOST_OF_CLIENT:
            raise TooManyRequests
        self._clients[name] = client
        self.requests += 1
        client.requests += 1
        try:
            async with client.turn:
                return await self._run(self._asking, lambda stopped: work(Budget(CREATION_STEPS, stopped)))
        finally:
            self.requests -= 1
            client.requests -= 1
            if not client.requests:
                del self._clients[name]

    def stop(self) -> None:
        """End all work within a step: it raises WorkStopped."""
        self._stopping = True
        for stopped in self._under_way:
            stopped.set()
        for threads in (self._quick, self._slow, self._asking):
            threads.shutdown(wait=False)

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[Event], T]) -> T:
        if self._stopping:
            raise WorkStopped
        stopped = Event()
        self._under_way.add(stopped)
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, work, stopped)
        finally:
            # Of a caller that was cancelled, the work is still under way.
            stopped.set()
            self._under_way.discard(stopped)
