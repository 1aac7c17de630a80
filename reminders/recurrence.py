"""When a task that repeats is due: its rule expanded by wall clock in its zone.

python-dateutil expands; what is added here is that neither a long life nor a hostile rule costs much. dateutil counts
from a rule's start and searches up to the year 9999 before it gives up, so a rule is begun anew in the period that is
asked for, and moved by whole cycles of the calendar to where that last year is near.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule

from reminders.budget import Budget
from reminders.rule import PERIODS, Rule
from store.clock import first_on_wall, in_milliseconds, on_wall

# The calendar repeats after 400 years to the weekday.
_CYCLE_YEARS: Final = 400
_CYCLE: Final = timedelta(days=146_097)
# A rule that gives nothing for so long counts as ended.
SEARCHED: Final = 100  # years


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule with its start, in its zone."""

    rule: Rule
    starts_on: datetime  # on the wall, fractions of a second included
    ends_on: datetime | None  # the last time on the wall that COUNT leaves; None without a COUNT
    zone: ZoneInfo
    excluded: frozenset[int]  # moments

    def after(self, moment: int, budget: Budget) -> Iterator[int]:
        """The moments of the occurrences later than `moment`, each once, rising. What it takes to find one is bounded,
        but may be a second for a rule that gives next to nothing: not to be run on the event loop."""
        fraction = self.starts_on.microsecond // 1000
        # Whatever stands on the wall by then has been: no later moment shows an earlier time for the first time.
        beyond = on_wall(moment - fraction, self.zone)
        until = self.rule.until
        latest = self.ends_on if until is None or until.tzinfo else until
        last = moment
        for wall in walls(self.rule, self.starts_on, beyond, budget):
            if latest is not None and wall > latest:
                return
            at = in_milliseconds(first_on_wall(wall, self.zone)) + fraction
            if until is not None and until.tzinfo and at > in_milliseconds(until) + fraction:
                return
            # Times that daylight saving skips all mean the end of the gap.
            if at > last:
                last = at
                if at not in self.excluded:
                    yield at


def has_a_day(rule: Rule) -> bool:
    """Whether there is any day that the rule's days allow, such as no 30th of February: a year at a time, which is soon
    known, where `walls` goes day by day."""
    of_days = {name: rule.by[name] for name in ("bymonth", "bymonthday", "byyearday", "byweekday") if name in rule.by}
    if rule.freq < DAILY or not of_days:
        return True
    last_cycle = datetime(MAXYEAR - _CYCLE_YEARS, 1, 1)
    return next(iter(rrule(YEARLY, dtstart=last_cycle, **{"bymonthday": range(1, 32), **of_days})), None) is not None


def last_counted(rule: Rule, starts_on: datetime, budget: Budget) -> datetime | None:
    """The last time on the wall that COUNT leaves; None without a COUNT, or when the calendar ends before it."""
    if rule.count is None:
        return None
    before = starts_on.replace(microsecond=0) - timedelta(seconds=1)
    return next(islice(walls(rule, starts_on, before, budget), rule.count - 1, None), None)


def walls(rule: Rule, starts_on: datetime, beyond: datetime, budget: Budget) -> Iterator[datetime]:
    """The times that the rule gives, on the wall, later than `beyond` and not before the start; without COUNT and
    UNTIL."""
    start = starts_on.replace(microsecond=0)
    if rule.gives_nothing():
        return
    while True:
        found = None
        for wall in _near(rule, start, beyond):
            budget.spend()
            if wall > beyond and wall >= start:
                found = wall
                yield wall
        if found is None:
            return
        beyond = found


def _near(rule: Rule, start: datetime, beyond: datetime) -> Iterator[datetime]:
    """What the rule gives from the period that `beyond` is in, for SEARCHED years at least."""
    first = _period(rule, start, beyond)
    cycles = max(0, (MAXYEAR - SEARCHED - first.year) // _CYCLE_YEARS)
    moved = cycles * _CYCLE
    arguments = rule.starting(start)
    try:
        if rule.freq > DAILY or "bysetpos" in arguments:
            given = rrule(rule.freq, dtstart=first + moved, interval=rule.interval, wkst=rule.week_start, **arguments)
            for wall in given:
                yield wall - moved
            return
        # A day's times are the same every day: they need no expanding, and there may be 1,440 of them.
        times = rule.times(start)
        arguments.update(byhour=0, byminute=0, bysecond=0)
        midnight = first.replace(hour=0, minute=0, second=0)
        days = rrule(rule.freq, dtstart=midnight + moved, interval=rule.interval, wkst=rule.week_start, **arguments)
        for day in days:
            wall = day - moved
            if wall.date() >= beyond.date():
                for time in times:
                    yield datetime.combine(wall, time)
    except (ValueError, OverflowError):
        # dateutil's word for a rule that gives nothing, and the end of the calendar.
        return


def _period(rule: Rule, start: datetime, beyond: datetime) -> datetime:
    """Where the rule may begin to give the same from `beyond` on as from its start: the beginning of the rule's latest
    period that is not after `beyond`."""
    if beyond <= start:
        return start
    begins = datetime(start.year, 1, 1)
    if rule.freq == YEARLY:
        periods = (beyond.year - start.year) // rule.interval
        period = begins.replace(year=start.year + periods * rule.interval)
    elif rule.freq == MONTHLY:
        months = (beyond.year - start.year) * 12 + beyond.month - start.month
        periods = months // rule.interval
        year, month = divmod(start.year * 12 + start.month - 1 + periods * rule.interval, 12)
        period = begins.replace(year=year, month=month + 1)
    else:
        begins = start.replace(hour=0, minute=0, second=0)
        length = timedelta(days=1)
        if rule.freq == WEEKLY:
            begins -= timedelta(days=(start.weekday() - rule.week_start) % 7)
            length = timedelta(days=7)
        elif rule.freq > DAILY:
            length = timedelta(seconds=PERIODS[rule.freq])
            begins = start.replace(
                second=0 if length.seconds > 1 else start.second, minute=0 if length.seconds > 60 else start.minute
            )
        periods = (beyond - begins) // (length * rule.interval)
        period = begins + periods * rule.interval * length
    return period if periods else start
