"""One run of a sandbox, from a start to the end or to the restart in place."""

import asyncio

from consult.sandbox.clock import SandboxClock, Walk
from consult.sandbox.faults import Faults, failing_parts
from reminders.clock_watch import ClockWatch
from reminders.housekeeping import Housekeeping
from reminders.loop import ReminderLoop
from store.database import Database


class Sandbox:
    """What a sandbox has that no other server has. Build it within the event loop of its run."""

    def __init__(self, clock: SandboxClock, *, is_first_run: bool) -> None:
        self.clock = clock
        self.is_first_run = is_first_run
        self.faults = Faults()
        self.parts = failing_parts(self.faults)
        self.ticked = asyncio.Event()  # the reminder loop has, and nothing has failed
        self.stop = asyncio.Event()  # ends the run
        self.is_closed = asyncio.Event()  # the run takes no request any more
        self.is_to_restart = False  # once the run is over

    def walk(self, watch: ClockWatch, database: Database, loop: ReminderLoop, housekeeping: Housekeeping) -> Walk:
        """Return what moves the clock of the server that has these parts."""
        return Walk(self.clock, watch, database, loop, housekeeping, self.ticked)

    async def restart(self) -> None:
        """End the run, and begin another one on the same database, unless a signal comes. Return once any further
        request is the next run's."""
        if not self.stop.is_set():
            self.is_to_restart = True
            self.stop.set()
        await self.is_closed.wait()

    def end(self) -> None:
        """End for good."""
        self.is_to_restart = False
        self.stop.set()
