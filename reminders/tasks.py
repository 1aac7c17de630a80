"""Work out a reminder task: make it repeat, change it, and look ahead in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from reminders import rule
from reminders.budget import Budget
from reminders.recurrence import SEARCHED, Schedule, last_counted
from store.clock import DAY, first_on_wall, in_milliseconds, on_wall
from store.outcomes import OfDay
from store.reminders import Missed, ReminderTask

LATEST: Final[Missed] = "latest"
ALL: Final[Missed] = "all"
SKIP: Final[Missed] = "skip"
MOST_PAST: Final = 100  # occurrences before a task was made, which `all` would fire at once
_YEAR: Final = 366 * DAY


class NoOccurrence(ValueError):
    """The task would never come due."""


class Unsound(ValueError):
    """A stored task is not as the program stores one."""


class TooManyPast(ValueError):
    """More than MOST_PAST occurrences would fire at once."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a task is due, as it was asked for; what is on a wall is on that of the zone."""

    zone: ZoneInfo
    moment: int  # all that counts for a task that comes once
    starts_on: datetime  # the same on the wall, from which a rule goes on
    rrule: str | None
    exdates: tuple[datetime | date, ...]  # wall-clock times; a date is all of that day
    missed: str

    def columns(self) -> dict[str, Any]:
        """Return what a task's row holds of it."""
        return {
            "rrule": self.rrule,
            "exdates": orjson.dumps([wall.isoformat() for wall in self.exdates]).decode(),
            "timezone": self.zone.key,
            "missed": self.missed,
            "starts_on": self.starts_on.isoformat(),
        }

    def to_the_second(self) -> "Timing":
        """Return the same without fractions of a second, if it repeats: seconds are the grain of a rule."""
        if self.rrule is None:
            return self
        exdates = tuple(one.replace(microsecond=0) if isinstance(one, datetime) else one for one in self.exdates)
        starts_on = self.starts_on.replace(microsecond=0)
        return replace(self, moment=self.moment // 1000 * 1000, starts_on=starts_on, exdates=exdates)

    def moved(self, zone: ZoneInfo) -> "Timing":
        """Return the timing in another zone: a rule keeps its times on the wall, what comes once keeps its moment."""
        starts_on = on_wall(self.moment, zone) if self.rrule is None else self.starts_on
        return replace(self, zone=zone, starts_on=starts_on)


def timing_of(task: ReminderTask, zone: ZoneInfo) -> Timing:
    """The timing of a stored task; `zone` is the clinic's, for one that was made without a zone."""
    if task.timezone is None or task.starts_on is None:
        return Timing(zone, task.remind_at, on_wall(task.remind_at, zone), None, (), LATEST)
    try:
        return _stored_timing(task, task.timezone, task.starts_on)
    except (ValueError, TypeError, KeyError, OSError, AttributeError) as fault:
        raise Unsound("its time zone or its times are not sound") from fault


def _stored_timing(task: ReminderTask, zone: str, starts_on: str) -> Timing:
    return Timing(
        ZoneInfo(zone),
        task.remind_at,
        datetime.fromisoformat(starts_on),
        task.rrule,
        tuple(map(_exdate, orjson.loads(task.exdates or "[]"))),
        task.missed or LATEST,
    )


def _exdate(text: str) -> datetime | date:
    return date.fromisoformat(text) if len(text) == len("2030-01-01") else datetime.fromisoformat(text)


def made(timing: Timing, now: int, budget: Budget) -> dict[str, Any]:
    """The columns of a new task. A start that is past fires at once, as `missed` has it: the latest of a rule's past
    occurrences, all of them, or none.

    Like everything that is worked out here it may raise NotARule, TooFast, NoOccurrence, and what `budget` raises; not
    to be run on the event loop.
    """
    columns, schedule = _columns(timing, budget)
    if schedule is None:
        return columns
    before = columns["remind_at"] - 1
    if timing.missed == ALL:
        past = sum(1 for _ in _until(schedule, before, now, MOST_PAST + 1, budget))
        if past > MOST_PAST:
            raise TooManyPast
        return columns | _next(schedule, before, budget)
    latest = schedule.latest(now, budget) if timing.missed == LATEST else None
    return columns | _next(schedule, max(before, now - 1) if latest is None else latest - 1, budget)


def rescheduled(timing: Timing, now: int, budget: Budget) -> dict[str, Any]:
    """The columns of a task whose timing is another from now on. A rule fires nothing that is past by then."""
    columns, schedule = _columns(timing, budget)
    if schedule is not None:
        columns |= _next(schedule, max(columns["remind_at"] - 1, now), budget)
    return columns


def coming(task: ReminderTask, zone: ZoneInfo, now: int, limit: int, budget: Budget) -> tuple[list[int], bool]:
    """Return when the task is due next, at most `limit` times, and whether there are more within SEARCHED years."""
    if task.status != "PENDING":
        return [], False
    if task.rrule is None:
        return [task.remind_at], False
    assert task.next_at is not None  # of a pending task that repeats there is a next time
    timing = timing_of(task, zone)
    found = list(_until(_schedule(timing, task.ends_on), task.next_at - 1, now + SEARCHED * _YEAR, limit + 1, budget))
    return found[:limit], len(found) > limit


def of_day(pending: list[ReminderTask], begin: int, end: int, most: int, budget: Budget) -> list[OfDay]:
    """The occurrences that pending tasks have with `begin <= planned < end`, at most so many; those of a task that is
    not sound are left out."""
    found: list[OfDay] = []
    for task in pending:
        try:
            moments = _of_day(task, begin, end, most, budget)
        except (ValueError, TypeError, KeyError, OSError, AttributeError):
            continue
        found += [OfDay(task.id, task.title, at, None, "PENDING", None, None, None) for at in moments]
        if len(found) >= most:
            break
    return found


def _of_day(task: ReminderTask, begin: int, end: int, most: int, budget: Budget) -> list[int]:
    if task.rrule is None:
        return [task.remind_at] if begin <= task.remind_at < end else []
    assert task.next_at is not None  # of a pending task that repeats there is a next time
    return list(_until(schedule_of(task), max(begin, task.next_at) - 1, end - 1, most, budget))


def schedule_of(task: ReminderTask) -> Schedule:
    """The schedule of a stored task that repeats."""
    return _schedule(timing_of(task, ZoneInfo("UTC")), task.ends_on)


def _schedule(timing: Timing, ends_on: str | None) -> Schedule:
    assert timing.rrule is not None  # only what repeats has a schedule
    return Schedule(
        rule.read(timing.rrule),
        timing.starts_on,
        None if ends_on is None else datetime.fromisoformat(ends_on),
        timing.zone,
        frozenset(_moment(one, timing.zone) for one in timing.exdates if isinstance(one, datetime)),
        frozenset(one for one in timing.exdates if not isinstance(one, datetime)),
    )


def _columns(timing: Timing, budget: Budget) -> tuple[dict[str, Any], Schedule | None]:
    timing = timing.to_the_second()
    columns = {**timing.columns(), "remind_at": timing.moment, "next_at": timing.moment, "ends_on": None}
    if timing.rrule is None:
        return columns, None
    # Where clocks show a time twice, a rule's start is the first, as are its occurrences.
    columns["remind_at"] = _moment(timing.starts_on, timing.zone)
    schedule = _schedule(timing, None)
    if schedule.rule.count is not None:
        # Worked out once: counting anew for every occurrence would cost more from one to the next.
        ends_on = last_counted(schedule.rule, timing.starts_on, budget)
        schedule = replace(schedule, ends_on=ends_on)
        columns["ends_on"] = None if ends_on is None else ends_on.isoformat()
    return columns, schedule


def _moment(wall: datetime, zone: ZoneInfo) -> int:
    return in_milliseconds(first_on_wall(wall, zone))


def _next(schedule: Schedule, after: int, budget: Budget) -> dict[str, Any]:
    """The columns that hold the first occurrence later than `after`."""
    for at, wall in schedule.planned_after(after, budget):
        return {"next_at": at, "next_on": wall.isoformat()}
    raise NoOccurrence


def _until(schedule: Schedule, after: int, last: int, most: int, budget: Budget) -> Iterator[int]:
    for at in islice(schedule.after(after, budget), most):
        if at > last:
            return
        yield at
