"""Fairness between HTTP clients: how many requests are taken up in one turn of the loop, and whose are next.

A request that comes alone is taken up at once. When a turn has no time left for HTTP, and for what is pipelined behind
another request, requests wait: one of them is taken up in each turn, the clients round robin.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from time import thread_time
from typing import Any

from consult.wire.loop_turns import LoopTurns

# All requests together, in one turn. What frames and payloads may take (share.py) is counted apart: a flood of either
# leaves the other its time.
HTTP_SECONDS = 0.005


class RequestTurns(LoopTurns):
    """Says when a request is taken up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # by client, the next one first

    def __len__(self) -> int:
        """Return how many clients have requests that wait."""
        return len(self._waiting)

    async def come(self, client: str, *, is_behind: bool) -> None:
        """Return when a request of the client may be taken up. One that is behind another on its connection waits for a
        later turn."""
        if not is_behind and self._used <= HTTP_SECONDS and client not in self._waiting:
            return
        turn = self._loop.create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        self._expect_next()
        await turn

    def _serve(self) -> bool:
        while self._waiting:
            client = next(iter(self._waiting))
            turns = self._waiting.pop(client)
            turn = turns.popleft()
            if turns:
                self._waiting[client] = turns  # behind the others
            if not turn.done():  # else its connection has gone
                turn.set_result(None)
                break
        return bool(self._waiting)


class Measured(Awaitable[None]):
    """Work that tells how much processor time each step of it took."""

    def __init__(self, work: Awaitable[None], spend: Callable[[float], None]) -> None:
        self._work = work
        self._spend = spend

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._work.__await__()
        step: Callable[[], Any] = partial(next, steps)
        while True:
            began = thread_time()
            try:
                awaited = step()
            except StopIteration:
                return
            finally:
                self._spend(thread_time() - began)
            try:
                yield awaited
            except BaseException as fault:  # the task is cancelled
                step = partial(steps.throw, fault)
            else:
                step = partial(next, steps)
