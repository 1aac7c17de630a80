"""The loop that remembers.

Due times live in the database. The loop sleeps until the next one, until it is woken for an earlier one, or for a
second, whichever comes first, and reads the clock again: a clock that is set back stops nothing.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from reminders.budget import WorkStopped
from reminders.clock_watch import PROVEN, SOUND, ClockWatch
from reminders.derive import derive_all
from reminders.due import Dispatch, HandOn
from reminders.housekeeping import Housekeeping
from reminders.work import RuleWork
from store import clock_faults, clock_runs, quiet_hours
from store.clock_faults import TimedAhead, ToRewind, ToTimeAgain, Unproven
from store.database import Database
from store.histogram import Histogram
from store.next_due import NextDue, has_come
from store.occurrences import MAX_TIME
from store.quiet_hours import Clinic
from store.transaction import WriteRefused, WriteUnknown, each

log = logging.getLogger("careline.reminders")

LONGEST_SLEEP = 1.0  # seconds
# Without a completed tick for this long the loop counts as stopped; a locked database holds one up for a while.
KEEP_TIME = 60_000  # milliseconds between two notes in the file of what the clock shows
STALLED = 15.0  # seconds


class ReminderLoop:
    def __init__(
        self,
        database: Database,
        clock: ClockWatch,
        zone: ZoneInfo,
        hand_on: HandOn,
        work: RuleWork,
        housekeeping: Housekeeping,
        ticked: Callable[[], None],
    ) -> None:
        """`zone` is the clinic's. `ticked` is called after each tick that did not fail, once a second at least."""
        self._database = database
        self.clock = clock
        self._dispatch = Dispatch(database, clock, work, hand_on)
        self._zone = zone
        self.has_looked = asyncio.Event()  # once the first tick is over, also if it failed
        self._has_begun = False
        self._timed_again_at: int | None = None  # after so many jumps of the clock
        self._kept_at = float("-inf")
        self._is_proven_kept = False
        self._is_start_noted = False
        self._housekeeping = housekeeping
        self._woken = asyncio.Event()
        self._expected: NextDue | None = None  # what the last tick waits for, unless something was added since
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._ticked = ticked
        self._loop = asyncio.get_running_loop()
        self._ticked_at = self._loop.time()
        self._up_since: int | None = None  # what was due before came due while the server was down
        self._failing: type[Exception] | None = None  # what the last tick failed with
        # How long after its time the earliest of those that fire together is written, in seconds.
        self.lateness = Histogram(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86_400)

    @property
    def fault(self) -> str | None:
        """Return why reminders do not fire; None while they do."""
        if self._task is None or self._task.done():
            return "the reminder loop is not running"
        if self._loop.time() - self._ticked_at > STALLED:
            return "the reminder loop is stalled"
        return None

    @property
    def fired(self) -> int:
        """Return how many notifications of reminders were written."""
        return self._dispatch.fired

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Something was added that may be due before what the loop waits for."""
        self._woken.set()

    async def stop(self) -> None:
        """Ends after the write that is under way, and breaks off the housekeeping and the work on rules."""
        self._stopping = True
        self._woken.set()
        await self._dispatch.stop()
        await self._housekeeping.stop()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping:
            if self._woken.is_set():
                self._woken.clear()
                self._expected = None
            sleep = LONGEST_SLEEP
            try:
                sleep = await self._tick()
            except WorkStopped:
                return
            except Exception as fault:
                if self._stopping:
                    return  # the database may close before the tick has ended
                self._failed(fault)
            else:
                self._ticked_at = self._loop.time()
                self._succeeded()
                self._ticked()
            self.has_looked.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), sleep)

    async def _tick(self) -> float:
        """Fires what is due; the seconds until it should look again."""
        # Every tick looks at the clock: what it wrote too early comes before what is due.
        self.clock()
        self._housekeeping.run_pending(self.clock.state == SOUND)
        expected, self._expected = self._expected, None
        if self.clock.is_to_rewind:
            expected = None
        await self._watch()
        if not self._has_begun:
            await self._dispatch.begin()
            changed = await derive_all(self._database, self._zone)
            if changed:
                log.info("%d reminder tasks were worked out again from their wall times", changed)
            await self._database.written(each(quiet_hours.start), Clinic(self._zone.key, self.clock()))
            self._has_begun = True
        # What was waited for is not read once more, which takes milliseconds: each write finds out what is still due.
        if expected is None or not has_come(expected.any, self.clock()):
            expected = await self._dispatch.next_due()
        # These first: no task at fault keeps them from coming again.
        # A rung stands for its user's snooze that is due as well.
        next_due = await self._dispatch.fire_rungs(expected, self.clock())
        next_due = await self._dispatch.fire_snoozed(next_due, self.clock())
        now = self.clock()
        # A clock that is set back makes nothing late.
        self._up_since = now if self._up_since is None else min(self._up_since, now)
        if next_due.task is not None and next_due.task <= now:
            if await self._dispatch.fire(next_due, now, self._up_since):
                self.lateness.observe((self.clock() - next_due.task) / 1000)
            next_due = await self._dispatch.next_due()
        self._expected = next_due
        if next_due.any is None:
            return LONGEST_SLEEP
        return min(LONGEST_SLEEP, max(0.0, (next_due.any - self.clock()) / 1000))

    async def _watch(self) -> None:
        """Make good what a clock that was ahead has written, and remember the last time of a proven clock."""
        while self.clock.is_to_rewind:
            done = await self._database.written(each(clock_faults.rewind), ToRewind(self.clock(), self._zone))
            if done.occurrences or done.snoozes:
                log.warning("%d occurrences that came too early come again at their time", done.occurrences)
                self._has_begun = False  # what is due again is worked out from its wall time
            if done.occurrences < clock_faults.CHUNK:
                # A plan made by the time before the jump may still be written: look again until there is none.
                self.clock.is_to_rewind = self._dispatch.is_going_through
                # At first and in the end. At each tick between, a task that takes long would never be written.
                if self._timed_again_at != self.clock.jumps or not self.clock.is_to_rewind:
                    self._timed_again_at = self.clock.jumps
                    await self._time_again(is_last=not self.clock.is_to_rewind)
                break
        await self._note_runs()
        now = self.clock()
        is_proven = self.clock.is_proven
        # A proven time is kept at once: the next start takes its floor from there.
        if abs(now - self._kept_at) >= KEEP_TIME or (is_proven and not self._is_proven_kept):
            if is_proven:
                await self._database.written(each(clock_faults.keep_proven), now)
            else:
                unproven = Unproven(now, self.clock.is_behind, self.clock.waited)
                await self._database.written(each(clock_faults.keep_unproven), unproven)
            self._kept_at, self._is_proven_kept = now, is_proven

    async def _note_runs(self) -> None:
        """Write into the file when the clock began to go on as it does."""
        if not self._is_start_noted:
            await self._database.written(each(clock_runs.start), self.clock())
            self._is_start_noted = True
        while self.clock.unnoted:
            await self._database.written(each(clock_runs.jump), self.clock.unnoted[0])
            del self.clock.unnoted[0]

    async def _time_again(self, *, is_last: bool) -> None:
        """Plan again what was made or changed while the clock was ahead."""
        await self._note_runs()
        now = self.clock()
        earlier, until = 0, MAX_TIME
        for ahead in await clock_runs.found_ahead(self._database):
            earlier += await self._time_each_again(TimedAhead(ahead.since, MAX_TIME), ahead.by)
            until = min(until, ahead.since)
        # What is of a time that is still to come, though no run of the clock tells why.
        earlier += await self._time_each_again(TimedAhead(now + 1, until), None)
        if is_last:
            await self._database.written(each(clock_runs.end), None)
        if earlier:
            log.warning("%d reminder tasks were made or changed while the clock was ahead: planned again", earlier)

    async def _time_each_again(self, asked: TimedAhead, by: int | None) -> int:
        """Plan again what was timed by a clock that was ahead by so much, or since its last proven time; how many."""
        now = self.clock()
        known = await clock_faults.last_known(self._database)
        since = now - PROVEN if known is None or known.proven > now else known.proven
        after_id, earlier = -(2**63), 0
        while timed := await clock_faults.timed_ahead(self._database, after_id, asked):
            tasks = [(task_id, since if by is None else at - by) for task_id, at in timed]
            again = ToTimeAgain(tasks, now, self._zone)
            earlier += await self._database.written(each(clock_faults.time_again), again)
            after_id = timed[-1][0]
        return earlier

    def _failed(self, fault: Exception) -> None:
        """It is tried again every second, and told once."""
        if type(fault) is self._failing:
            return
        self._failing = type(fault)
        if isinstance(fault, WriteRefused | WriteUnknown):
            log.warning("due reminders could not be written, trying again: %s", fault)
        else:
            log.error("a tick of the reminder loop failed, trying again", exc_info=fault)

    def _succeeded(self) -> None:
        if self._failing is not None:
            self._failing = None
            log.warning("the reminder loop goes on as usual")
