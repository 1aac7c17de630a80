"""The periods of a rule: which days they fall on by FREQ and INTERVAL, and at what times of those days.

All of it is arithmetic: neither a long life nor a long interval makes a period more expensive to find.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import MAXYEAR, date, datetime
from itertools import product
from math import gcd
from typing import Final, Protocol

from reminders.budget import Budget
from reminders.days import LAST_DAY, first_week, month_length, year_start
from reminders.rule import HOURLY, MINUTELY, MONTHLY, SECONDLY, WEEKLY, YEARLY, Rule

DAY: Final = 86_400  # seconds
_UNITS: Final = {HOURLY: 3600, MINUTELY: 60, SECONDLY: 1}  # seconds


class Periods(Protocol):
    """The periods of a rule, day by day."""

    def at_or_after(self, day: int) -> int:
        """Return the first day of a period that is not before `day`; it may be after the calendar's end."""

    def at_or_before(self, day: int) -> int:
        """Return the last day of a period that is not after `day`; it may be before the rule's start."""

    def bounds(self, day: int) -> tuple[int, int]:
        """Return the first and the last day of the period that `day` is in."""

    def times(self, day: int) -> Sequence[int]:
        """Return the times of a day that is in a period, rising, in seconds."""


def periods_of(rule: Rule, start: datetime, budget: Budget) -> Periods:
    """Return the periods of a rule that was completed from its start."""
    day = start.toordinal()
    if rule.freq >= HOURLY:
        return _within_days(rule, start, budget)
    times = [
        hour * 3600 + minute * 60 + second for hour, minute, second in product(rule.hours, rule.minutes, rule.seconds)
    ]
    budget.spend(len(times))
    if rule.freq == YEARLY:
        return Years(rule, day, times)
    if rule.freq == MONTHLY:
        return Months(rule, start, times)
    if rule.freq == WEEKLY:
        return Spans(day - (start.weekday() - rule.week_start) % 7, 7, rule.interval, times)
    return Spans(day, 1, rule.interval, picked(times, rule.positions))


def picked(times: list[int], positions: Iterable[int]) -> list[int]:
    """Return what BYSETPOS leaves of one period's times; all of them without a BYSETPOS."""
    count = len(times)
    places = {place - 1 if place > 0 else count + place for place in positions if abs(place) <= count}
    return [times[place] for place in sorted(places)] if positions else times


class Spans:
    """Periods of some days each: WEEKLY and DAILY."""

    def __init__(self, first: int, length: int, interval: int, times: Sequence[int]) -> None:
        self._first = first
        self._length = length
        self._interval = interval
        self._times = times

    def at_or_after(self, day: int) -> int:
        if not self._times:
            return LAST_DAY + 1
        passed = (day - self._first) // self._length
        rest = passed % self._interval
        return day if rest == 0 else self._first + (passed - rest + self._interval) * self._length

    def at_or_before(self, day: int) -> int:
        if not self._times:
            return 0
        passed = (day - self._first) // self._length
        rest = passed % self._interval
        return day if rest == 0 else self._first + (passed - rest + 1) * self._length - 1

    def bounds(self, day: int) -> tuple[int, int]:
        first = day - (day - self._first) % self._length
        return first, first + self._length - 1

    def times(self, _: int) -> Sequence[int]:
        return self._times


class Months:
    """The months of MONTHLY."""

    def __init__(self, rule: Rule, start: datetime, times: Sequence[int]) -> None:
        self._first = start.year * 12 + start.month - 1
        self._interval = rule.interval
        self._times = times

    def at_or_after(self, day: int) -> int:
        month = self._month(day)
        rest = (month - self._first) % self._interval
        return day if rest == 0 else self._begin(month - rest + self._interval)

    def at_or_before(self, day: int) -> int:
        month = self._month(day)
        rest = (month - self._first) % self._interval
        return day if rest == 0 else self._begin(month - rest + 1) - 1

    def bounds(self, day: int) -> tuple[int, int]:
        one = date.fromordinal(day)
        first = day - one.day + 1
        return first, first + month_length(one.year, one.month) - 1

    def times(self, _: int) -> Sequence[int]:
        return self._times

    @staticmethod
    def _month(day: int) -> int:
        one = date.fromordinal(day)
        return one.year * 12 + one.month - 1

    @staticmethod
    def _begin(month: int) -> int:
        year, of_year = divmod(month, 12)
        if year > MAXYEAR:
            return LAST_DAY + 1
        return 0 if year < 1 else date(year, of_year + 1, 1).toordinal()


class Years:
    """The years of YEARLY: those of the calendar or, with BYWEEKNO, those that its weeks belong to."""

    def __init__(self, rule: Rule, start: int, times: Sequence[int]) -> None:
        self._week_start = rule.week_start if rule.week_numbers else None
        self._interval = rule.interval
        self._times = times
        self._first = self._year(start)

    def at_or_after(self, day: int) -> int:
        year = self._year(day)
        rest = (year - self._first) % self._interval
        return day if rest == 0 else self._begin(year - rest + self._interval)

    def at_or_before(self, day: int) -> int:
        year = self._year(day)
        rest = (year - self._first) % self._interval
        return day if rest == 0 else self._begin(year - rest + 1) - 1

    def bounds(self, day: int) -> tuple[int, int]:
        year = self._year(day)
        return self._begin(year), self._begin(year + 1) - 1

    def times(self, _: int) -> Sequence[int]:
        return self._times

    def _begin(self, year: int) -> int:
        return year_start(year) if self._week_start is None else first_week(year, self._week_start)

    def _year(self, day: int) -> int:
        year = date.fromordinal(day).year
        return year + (day >= self._begin(year + 1)) - (day < self._begin(year))


def _within_days(rule: Rule, start: datetime, budget: Budget) -> Periods:
    """Return the periods of HOURLY, MINUTELY or SECONDLY, of which only those that BYHOUR and its like allow."""
    unit = _UNITS[rule.freq]
    of_day = DAY // unit
    begin = start.toordinal() * of_day + (start.hour * 3600 + start.minute * 60 + start.second) // unit
    minutes = rule.minutes if rule.freq == HOURLY else (0,)
    seconds = rule.seconds if rule.freq <= MINUTELY else (0,)
    # Of each period, what the finer parts and BYSETPOS give.
    finer = picked([minute * 60 + second for minute, second in product(minutes, seconds)], rule.positions)
    if not (rule.hours or (rule.freq >= MINUTELY and rule.minutes) or (rule.freq == SECONDLY and rule.seconds)):
        return Steps(unit, begin, rule.interval, finer)
    # One second is left at most: a rule of more is refused (rule.py), and one by whole minutes keeps to its second.
    aligned = gcd(rule.interval, 60)
    limits = (
        rule.hours or range(24),
        (rule.minutes or range(60)) if rule.freq >= MINUTELY else (0,),
        [one for one in rule.seconds or range(60) if (one - begin) % aligned == 0] if rule.freq == SECONDLY else (0,),
    )
    places = [(hour * 3600 + minute * 60 + second) // unit for hour, minute, second in product(*limits)]
    budget.spend(len(places))
    return Listed(unit, begin, rule.interval, places, finer)


class Listed:
    """Periods within days of which BYHOUR and its like allow some: worked out for each of these.

    By `begin + n * interval` a period that is at one place of the day comes back to it after `cycle` days, so its days
    are those that leave the same rest when they are divided by that.
    """

    def __init__(self, unit: int, begin: int, interval: int, places: Iterable[int], finer: Sequence[int]) -> None:
        of_day = DAY // unit
        common = gcd(interval, of_day)
        self._cycle = interval // common
        inverse = pow(of_day // common, -1, self._cycle)
        self._times: dict[int, list[int]] = {}
        for place in places:
            passed, rest = divmod(begin - place, common)
            if rest == 0 and finer:
                of_rest = self._times.setdefault(passed * inverse % self._cycle, [])
                of_rest += [place * unit + one for one in finer]
        self._rests = sorted(self._times)
        for times in self._times.values():
            times.sort()

    def at_or_after(self, day: int) -> int:
        if not self._rests:
            return LAST_DAY + 1
        rest = day % self._cycle
        place = bisect_left(self._rests, rest)
        return day - rest + (self._rests[place] if place < len(self._rests) else self._cycle + self._rests[0])

    def at_or_before(self, day: int) -> int:
        if not self._rests:
            return 0
        rest = day % self._cycle
        place = bisect_right(self._rests, rest)
        return day - rest + (self._rests[place - 1] if place else self._rests[-1] - self._cycle)

    def bounds(self, day: int) -> tuple[int, int]:
        return day, day

    def times(self, day: int) -> Sequence[int]:
        return self._times[day % self._cycle]


class Steps:
    """Periods within days, one interval after the other."""

    def __init__(self, unit: int, begin: int, interval: int, finer: list[int]) -> None:
        self._unit = unit
        self._of_day = DAY // unit
        self._begin = begin
        self._interval = interval
        self._finer = finer

    def at_or_after(self, day: int) -> int:
        if not self._finer:
            return LAST_DAY + 1
        first = day * self._of_day
        return (first + (self._begin - first) % self._interval) // self._of_day

    def at_or_before(self, day: int) -> int:
        if not self._finer:
            return 0
        last = (day + 1) * self._of_day - 1
        return (last - (last - self._begin) % self._interval) // self._of_day

    def bounds(self, day: int) -> tuple[int, int]:
        return day, day

    def times(self, day: int) -> Sequence[int]:
        begin = (self._begin - day * self._of_day) % self._interval * self._unit
        if len(self._finer) == 1:
            return range(begin + self._finer[0], DAY, self._interval * self._unit)
        return [one + finer for one in range(begin, DAY, self._interval * self._unit) for finer in self._finer]
