"""The calls of a sandbox (section 16)."""

import asyncio
import math
from dataclasses import dataclass
from typing import Any, cast

from sanic import Sanic
from sanic.http import Http
from sanic.response import BaseHTTPResponse

from consult.contract import faults, fields
from consult.contract.faults import Fault
from consult.contract.payloads import must_be
from consult.contract.sandbox import (
    CUT,
    DELAY,
    LOSE_ACKS,
    MOVE_CLOCK,
    REFUSE_WRITES,
    RESTART,
    SHOW,
    AcksToLose,
    AnswerDelay,
    ClockMove,
    ConnectionCut,
    CutConnections,
    MovedClock,
    SandboxFaults,
    SandboxState,
    WriteRefusal,
)
from consult.gateway import Gateway
from consult.http.calls import Handlers
from consult.http.request import Asked, Request
from consult.push import Push
from consult.sandbox.clock import Walk
from consult.sandbox.sandbox import Sandbox
from store.clock import DAY, ClinicTime

_HOUR = DAY // 24
_YEAR = 366 * DAY
_LATEST = 253_370_764_800_000  # the year 9999: times are written with four digits
_WHY = "cut by a call to the sandbox"


@dataclass(frozen=True, slots=True)
class SandboxCalls:
    sandbox: Sandbox
    walk: Walk
    gateway: Gateway
    push: Push
    time: ClinicTime

    def handlers(self) -> Handlers:
        """By their rows."""
        return {
            SHOW: self.show,
            MOVE_CLOCK: self.move_clock,
            CUT: self.cut,
            LOSE_ACKS: self.lose_acks,
            DELAY: self.delay,
            REFUSE_WRITES: self.refuse_writes,
            RESTART: self.restart,
        }

    def add_middleware(self, app: Sanic[Any, Any]) -> None:
        """Have calls wait, as events do, before they are worked on, and leave no connection open after one: a client
        that keeps some could send what follows a restart on one that the restart has ended."""

        async def end(request: Request, _: BaseHTTPResponse) -> None:
            if not request.path.startswith("/socket.io/"):
                cast(Http, request.stream).keep_alive = False

        app.register_middleware(end, "response")

        @app.on_request
        async def wait(request: Request) -> None:
            if request.path.startswith("/api/"):
                await self.sandbox.faults.delayed(asyncio.get_running_loop().time())

    async def show(self, _: Asked[None, None]) -> SandboxState:
        now, connections = self.time.text(self.time.now()), len(self.gateway.connections)
        return SandboxState(now=now, connections=connections, faults=self._faults())

    async def move_clock(self, asked: Asked[None, ClockMove]) -> MovedClock:
        before = 0

        def goal_from(now: int) -> int:
            nonlocal before
            before = self.push.notifications  # those of a move that this one has waited for are not its own
            return self._goal(asked.body, now)

        goal, is_reached = await self.walk.move(goal_from)
        return MovedClock(
            now=self.time.text(self.time.now()),
            to=self.time.text(goal),
            reached=is_reached,
            notifications=self.push.notifications - before,
        )

    def _goal(self, body: ClockMove, now: int) -> int:
        refused = must_be("advance", fields.Advance) if body.to is None else must_be("to", fields.Until)
        try:
            goal = now + (body.advance or 0) * 1000 if body.to is None else self.time.moment(body.to)
        except ValueError:
            raise refused from None
        if goal < now // 1000 * 1000 and body.to is not None and self.time.is_local(body.to):
            # In the night in which summer time ends the clocks may show it once more.
            goal += _HOUR if self.time.text(goal + _HOUR) == self.time.text(goal) else 0
        if not now // 1000 * 1000 <= goal <= min(now + _YEAR, _LATEST):
            raise refused
        return goal

    async def cut(self, asked: Asked[None, ConnectionCut]) -> CutConnections:
        sid = asked.body.sid
        chosen = [one for one in self.gateway.connections if sid in (None, one.sid)]
        if sid is not None and not chosen:
            raise Fault(faults.NOT_FOUND)
        for connection in chosen:
            if asked.body.close_frame:
                connection.carrier.close(_WHY)
            else:
                connection.carrier.cut(_WHY)
        return CutConnections(cut=len(chosen))

    async def lose_acks(self, asked: Asked[None, AcksToLose]) -> SandboxFaults:
        self.sandbox.faults.acks_to_lose = asked.body.count
        return self._faults()

    async def delay(self, asked: Asked[None, AnswerDelay]) -> SandboxFaults:
        self.sandbox.faults.set_delay(asked.body.ms / 1000)
        return self._faults()

    async def refuse_writes(self, asked: Asked[None, WriteRefusal]) -> SandboxFaults:
        self.sandbox.faults.refused_until = asyncio.get_running_loop().time() + asked.body.seconds
        return self._faults()

    async def restart(self, _: Asked[None, None]) -> SandboxFaults:
        await self.sandbox.restart()
        return SandboxFaults(lose_acks=0, delay_ms=0, refuse_writes_seconds=0)

    def _faults(self) -> SandboxFaults:
        now = self.sandbox.faults
        left = now.refused_until - asyncio.get_running_loop().time()
        return SandboxFaults(
            lose_acks=now.acks_to_lose,
            delay_ms=round(now.delay * 1000),
            refuse_writes_seconds=max(0, math.ceil(round(left, 3))),  # a sum of floats may be off by a little
        )
