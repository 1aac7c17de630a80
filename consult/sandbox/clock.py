"""The clock of a sandbox, and how it moves forward through all that is due on the way (section 16)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from consult.contract.limits import WALK_SECONDS
from reminders.clock_watch import ClockWatch, steady_clock
from reminders.housekeeping import Housekeeping
from reminders.jobs import TIDY_EVERY
from reminders.loop import ReminderLoop
from store.clock import system_clock
from store.database import Database
from store.next_due import next_due
from store.transaction import WriteRefused

PATIENCE = 2.0  # seconds for a tick of the reminder loop, until the database is asked whether it can be written


class SandboxClock:
    """Milliseconds since 1970, ahead of the real time by as much as it was moved. It never goes back.

    The steady clock moves along, so the server sees time that has passed, and no jump.
    """

    def __init__(self, wall: Callable[[], int] = system_clock, steady: Callable[[], int] = steady_clock) -> None:
        self._real = steady
        self._since_1970 = wall() - steady()  # of the steady clock's zero
        self._ahead = 0
        self._stands_at: int | None = None  # by the steady clock, while it moves through what is due

    def now(self) -> int:
        return self.steady() + self._since_1970

    def steady(self) -> int:
        return self._real() + self._ahead if self._stands_at is None else self._stands_at

    def stand(self, moment: int = 0) -> None:
        """Stand still at the moment, or at once where that is past."""
        self._stands_at = max(self.steady(), moment - self._since_1970)

    def go_on(self) -> None:
        """Count on from where it stands."""
        self._ahead, self._stands_at = self.steady() - self._real(), None


class Walk:
    """Moves the clock of a running server. Build it within its event loop."""

    def __init__(
        self,
        clock: SandboxClock,
        watch: ClockWatch,
        database: Database,
        loop: ReminderLoop,
        housekeeping: Housekeeping,
        ticked: asyncio.Event,
    ) -> None:
        """`watch` gives the server's time, which it reads off `clock`. `ticked` is set after each tick of the reminder
        loop that did not fail."""
        self._clock = clock
        self._watch = watch
        self._database = database
        self._loop = loop
        self._housekeeping = housekeeping
        self._ticked = ticked
        self._turn = asyncio.Lock()
        self._tidied_at = watch()

    async def move(self, goal_from: Callable[[int], int]) -> tuple[int, bool]:
        """Move to the goal, which is worked out from the time now; return it, and whether it is reached.

        The clock stands still at each moment at which something is due until all of that has fired: every occurrence
        and rung is written at its own second, in order. After WALK_SECONDS of real time the clock goes on from where
        it has got. Jobs such as retention run in the end. WriteRefused where what is due cannot be written.
        """
        async with self._turn:
            began = self._watch()
            goal = goal_from(began)
            self._clock.stand()
            try:
                is_reached = await self._reach(goal)
            finally:
                self._clock.go_on()
            if self._watch() - self._tidied_at >= TIDY_EVERY * 1000:
                self._tidied_at = self._watch()
                await self._housekeeping.run_all()
            return goal, is_reached

    async def _reach(self, goal: int) -> bool:
        until = asyncio.get_running_loop().time() + WALK_SECONDS
        while True:
            await self._tick()
            due = (await next_due(self._database)).any
            is_more_due = due is not None and due <= goal
            if not is_more_due and self._watch() >= goal:
                return True
            # It breaks off after a tick: what is due at the next moment would be written a little after that.
            if asyncio.get_running_loop().time() >= until:
                return False
            self._stand(due if due is not None and is_more_due else goal)

    def _stand(self, moment: int) -> None:
        self._clock.stand(moment)
        # The watch reads two clocks, one after the other: a millisecond may have passed in between.
        self._clock.stand(moment + max(0, moment - self._watch()))

    async def _tick(self) -> None:
        """Return after a tick of the reminder loop. One that began before may be the one: then more is due, and this is
        called again."""
        self._ticked.clear()
        self._loop.wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._ticked.wait()
            return
        if self._database.fault is not None:
            raise WriteRefused(self._database.fault)
