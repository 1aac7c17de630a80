"""Fairness between HTTP clients: how many requests are taken up in one turn of the loop, and whose are next.

A request that comes alone is taken up at once. When a turn has no time left for HTTP, and for what is pipelined behind
another request, requests wait: one of them is taken up in each turn. It is of the client that has taken the least time:
who asks seldom waits for a turn or two, however many others ask all the time. Every other turn it is of the client that
has waited longest, so that no client waits for ever while new ones come. The loop rests between them, for half of its
time.
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
# While requests wait, those that are served take as long as this in all, and the loop rests as long: the thread that
# writes needs the interpreter dozens of times for one message, and would wait for the loop each time.
REST = 0.004  # seconds
MOST_KNOWN = 1000  # clients, until those that have no more than their share are forgotten


class RequestTurns(LoopTurns):
    """Says when a request is taken up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # by client, in the order in which they came
        # Processor seconds that each client has had since a client began to wait. Who comes later begins a turn's
        # seconds below the last one that was served by it.
        self._had: dict[str, float] = {}
        self._begin_at = 0.0
        self._most_known = MOST_KNOWN
        self._by_time = False  # the last turn went by what clients have had
        self._unrested = 0.0  # seconds that requests have taken since the last rest

    def __len__(self) -> int:
        """Return how many clients have requests that wait."""
        return len(self._waiting)

    def spend_for(self, client: str, seconds: float) -> None:
        """Count time that was spent on a request of the client in the present turn."""
        self._had[client] = self._had_by(client) + seconds
        self._unrested += seconds
        if len(self._had) > self._most_known:
            self._had = {one: had for one, had in self._had.items() if had > self._begin_at or one in self._waiting}
            self._most_known = max(MOST_KNOWN, 2 * len(self._had))
        self.spend(seconds)

    async def come(self, client: str, *, is_behind: bool) -> None:
        """Return when a request of the client may be taken up. One that is behind another on its connection waits for a
        later turn."""
        if not is_behind and self._used <= HTTP_SECONDS and client not in self._waiting:
            return
        turn = self._loop.create_future()
        self._had[client] = self._had_by(client)
        self._waiting.setdefault(client, deque()).append(turn)
        self._expect_next()
        await turn

    def _had_by(self, client: str) -> float:
        return max(self._had.get(client, 0.0), self._begin_at)

    def _serve(self) -> bool:
        if self._waiting and self._unrested >= REST:
            self._rest(self._unrested)
            self._unrested = 0.0
        if self._waiting and self._wait_for_rest():
            return False
        self._by_time = not self._by_time
        while self._waiting:
            client = min(self._waiting, key=self._had.__getitem__) if self._by_time else next(iter(self._waiting))
            turns = self._waiting.pop(client)
            turn = turns.popleft()
            if turns:
                self._waiting[client] = turns  # behind those that have had as much
            if not turn.done():  # else its connection has gone
                if self._by_time:
                    self._begin_at = self._had[client] - HTTP_SECONDS
                turn.set_result(None)
                return True
        self._had.clear()
        self._begin_at = 0.0
        return False


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
