"""Jobs at fixed intervals, kept by `schedule`. A job that fails is told, keeps its place and starves no other."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import schedule

from store.clock import Clock
from store.file import StoreFault
from store.transaction import WriteRefused, WriteUnknown

log = logging.getLogger("careline.housekeeping")

# Wall clock and monotonic clock part by more than this when the clock is set.
CLOCK_SET = 30.0  # seconds
OK = "ok"
# What the disk and the database may do to a job; anything else is a bug.
EXPECTED = (StoreFault, WriteRefused, WriteUnknown, sqlite3.Error, OSError)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done again and again; it raises where it fails."""

    name: str
    every: int  # seconds; 0: never
    run: Callable[[], Awaitable[None]]
    deletes: bool = False  # for its age: not while the clock may be wrong


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a job's last run."""

    at: int  # when it ended
    result: str  # OK, or why it failed


class Housekeeping:
    def __init__(self, jobs: list[Job], clock: Clock) -> None:
        self._jobs = [job for job in jobs if job.every]
        self._clock = clock
        self._running: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        self._is_clock_sound = True
        self._offset = time.time() - time.monotonic()
        self._scheduler = self._timetable()
        # By the job's name, in the jobs' order; None of one that has not run yet, or is off.
        self.outcomes: dict[str, Outcome | None] = {job.name: None for job in jobs}

    def run_pending(self, is_clock_sound: bool = True) -> None:
        """Start what is due by the machine's clock. A job that is still under way is not started again, and one that
        deletes waits until the clock is known to be right."""
        self._is_clock_sound = is_clock_sound
        offset = time.time() - time.monotonic()
        if abs(offset - self._offset) > CLOCK_SET:
            # `schedule` counts on the wall clock: set back by an hour, its jobs would rest for an hour.
            self._scheduler = self._timetable()
        self._offset = offset
        if not self._stopping:
            self._scheduler.run_pending()

    async def run_all(self) -> None:
        """Run each job once, whatever its time, and return when all are over."""
        if not self._stopping:
            self._scheduler.run_all()
        if self._running:
            await asyncio.wait(set(self._running.values()))

    async def stop(self) -> None:
        """Breaks off what is under way; from then on nothing is started."""
        self._stopping = True
        for task in self._running.values():
            task.cancel()
        if self._running:
            await asyncio.wait(self._running.values())

    def _timetable(self) -> schedule.Scheduler:
        scheduler = schedule.Scheduler()
        for job in self._jobs:
            scheduler.every(job.every).seconds.do(partial(self._start, job))
        return scheduler

    def _start(self, job: Job) -> None:
        if job.name not in self._running and (self._is_clock_sound or not job.deletes):
            self._running[job.name] = asyncio.create_task(self._run(job))

    async def _run(self, job: Job) -> None:
        result = OK
        try:
            await job.run()
        except EXPECTED as fault:
            result = str(fault)
            self._tell(job, fault, None)
        except Exception as fault:
            result = f"a fault of Careline's own ({type(fault).__name__}); the log has more"
            self._tell(job, type(fault).__name__, fault)
        else:
            if self._fails(job):
                log.warning("the job %s is done again", job.name)
        finally:
            del self._running[job.name]
        self.outcomes[job.name] = Outcome(self._clock(), result)

    def _tell(self, job: Job, why: object, bug: Exception | None) -> None:
        """Once, when it begins to fail."""
        if not self._fails(job):
            log.error("the job %s failed: %s", job.name, why, exc_info=bug)

    def _fails(self, job: Job) -> bool:
        """Return whether it failed the last time."""
        last = self.outcomes[job.name]
        return last is not None and last.result != OK
