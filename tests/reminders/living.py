"""A reminder loop that lives by a machine's clocks, tick by tick."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from reminders.clock_watch import ClockWatch
from reminders.due import HandOn
from reminders.housekeeping import Housekeeping
from reminders.loop import ReminderLoop
from reminders.work import RuleWork
from store import clock_faults
from store.clock_faults import Known
from store.database import Database
from tests.store.file import within
from tests.store.samples import NOW

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
SECOND: Final = 1000  # milliseconds
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR


class Machine:
    """A wall clock that anybody may set, and a steady one."""

    def __init__(self) -> None:
        self.wall = NOW
        self.steady = 5 * HOUR

    def show(self) -> int:
        return self.wall

    def pass_by(self, milliseconds: int) -> None:
        self.wall += milliseconds
        self.steady += milliseconds

    def watch(self, last_proven: int | None = NOW) -> ClockWatch:
        known = None if last_proven is None else Known(last_proven, last_proven)
        return ClockWatch(self.show, lambda: self.steady, known)

    async def watch_from(self, database: Database) -> ClockWatch:
        """As a start does."""
        return ClockWatch(self.show, lambda: self.steady, await clock_faults.last_known(database))


async def running(database: Database, watch: ClockWatch, handed: HandOn, zone: ZoneInfo = SHANGHAI) -> ReminderLoop:
    return ReminderLoop(database, watch, zone, handed, RuleWork(), Housekeeping([], watch), lambda: None)


async def tick(loop: ReminderLoop) -> None:
    await within(loop._tick())
    await within(loop._dispatch.settle())


async def live(loop: ReminderLoop, machine: Machine, until: int, step: int = HOUR) -> None:
    """Ticks until the wall clock shows the time."""
    while machine.wall < until:
        machine.pass_by(min(step, until - machine.wall))
        await tick(loop)
