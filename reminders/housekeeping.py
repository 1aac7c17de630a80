"""Jobs at fixed intervals, kept by `schedule`. A job that fails is logged and keeps its place."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import schedule

log = logging.getLogger("careline.housekeeping")

# Wall clock and monotonic clock part by more than this when somebody sets the clock.
CLOCK_SET = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done without waiting for it: a write is asked for, not awaited."""

    name: str
    every: int  # seconds
    run: Callable[[], None]


class Housekeeping:
    def __init__(self, jobs: list[Job]) -> None:
        self._jobs = jobs
        self._offset = time.time() - time.monotonic()
        self._scheduler = self._timetable()

    def run_pending(self) -> None:
        """Runs what is due by the machine's clock."""
        offset = time.time() - time.monotonic()
        if abs(offset - self._offset) > CLOCK_SET:
            # `schedule` counts on the wall clock: set back by an hour, its jobs would rest for an hour.
            self._scheduler = self._timetable()
        self._offset = offset
        self._scheduler.run_pending()

    def _timetable(self) -> schedule.Scheduler:
        scheduler = schedule.Scheduler()
        for job in self._jobs:
            scheduler.every(job.every).seconds.do(_run, job)
        return scheduler


def _run(job: Job) -> None:
    try:
        job.run()
    except Exception:
        log.exception("the job %s failed", job.name)
