"""The days that the BY parts of a rule allow, whatever its periods are.

Years that begin on the same weekday and are of the same length have the same days, so a rule's days are worked out for
some twenty kinds of years at most, and finding the next day costs one step for each year that has none.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import MAXYEAR, date
from typing import Final

from reminders.budget import Budget
from reminders.rule import MONTHLY, Rule

# Days are counted as `date.toordinal` does. The calendar's last day is left out: in some zones it ends in year 10000.
LAST_DAY: Final = date(MAXYEAR, 12, 30).toordinal()
_CYCLE: Final = 400  # years, after which the calendar repeats to the weekday


def is_leap(year: int) -> bool:
    """Return whether the year has a 29th of February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def year_start(year: int) -> int:
    """Return the 1st of January, also of a year that `date` does not reach."""
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + 1


def first_week(year: int, week_start: int) -> int:
    """Return the first day of the year's week 1: the first week with four days or more in the year."""
    begins = year_start(year)
    rest = (week_start - weekday(begins)) % 7  # days before the first whole week
    return begins + rest - (7 if rest >= 4 else 0)


def weekday(day: int) -> int:
    """Return the weekday, 0 for Monday."""
    return (day - 1) % 7


def month_length(year: int, month: int) -> int:
    """Return how many days the month has."""
    return 29 if month == 2 and is_leap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


class Days:
    """The allowed days of a rule that was completed from its start."""

    def __init__(self, rule: Rule, budget: Budget) -> None:
        self._rule = rule
        self._budget = budget
        self._are_all = not (rule.months or rule.week_numbers or rule.year_days or rule.month_days or rule.weekdays)
        self._weekdays = frozenset(day for _, day in rule.weekdays)
        self._every = frozenset(day for which, day in rule.weekdays if which == 0)
        self._within_month = rule.freq == MONTHLY or bool(rule.months)
        self._kinds: dict[tuple[bool | int, ...], list[int]] = {}

    def at_or_after(self, day: int) -> int | None:
        """Return the first allowed day that is not before `day`, or None."""
        if self._are_all:
            return day
        # By its weeks a year may end some days after the calendar's, or begin before it.
        first = date.fromordinal(day).year - bool(self._rule.week_numbers)
        for year in range(first, min(first + _CYCLE, MAXYEAR) + 1):
            begins, days = self._of_year(year)
            place = bisect_left(days, day - begins)
            if place < len(days):
                return begins + days[place]
            self._budget.spend()
        return None

    def at_or_before(self, day: int) -> int | None:
        """Return the last allowed day that is not after `day`, or None."""
        if self._are_all:
            return day
        last = date.fromordinal(day).year + bool(self._rule.week_numbers)
        for year in range(min(last, MAXYEAR), max(last - _CYCLE, 1), -1):
            begins, days = self._of_year(year)
            place = bisect_right(days, day - begins)
            if place:
                return begins + days[place - 1]
            self._budget.spend()
        return None

    def between(self, first: int, last: int) -> list[int]:
        """Return the allowed days from `first` to `last`, both included and within the calendar."""
        found = []
        day = self.at_or_after(first)
        while day is not None and day <= last:
            begins, days = self._of_year(self._year_with(day))
            within = days[bisect_left(days, day - begins) : bisect_right(days, last - begins)]
            found += [begins + one for one in within]
            day = self.at_or_after(found[-1] + 1) if found[-1] < last else None
        return found

    def _year_with(self, day: int) -> int:
        """Return the year that the allowed day is counted to."""
        year = date.fromordinal(day).year
        if self._rule.week_numbers:
            year += day >= first_week(year + 1, self._rule.week_start)
            year -= day < first_week(year, self._rule.week_start)
        return year

    def _of_year(self, year: int) -> tuple[int, list[int]]:
        """Return the year's first day, and its allowed days counted from that."""
        begins = year_start(year)
        kind: tuple[bool | int, ...] = (weekday(begins), is_leap(year))
        if self._rule.week_numbers:
            kind += (is_leap(year - 1), is_leap(year + 1))
        days = self._kinds.get(kind)
        if days is None:
            candidates = list(self._candidates(year, begins))
            self._budget.spend(len(candidates))
            days = sorted({day - begins for day in candidates if self._fits(day)})
            if year < MAXYEAR:
                self._kinds[kind] = days
        return begins, days

    def _candidates(self, year: int, begins: int) -> Iterable[int]:
        """Return the days of the year that one of the BY parts allows."""
        rule = self._rule
        length = 365 + is_leap(year)
        if rule.week_numbers:
            first, after = (first_week(one, rule.week_start) for one in (year, year + 1))
            for number in rule.week_numbers:
                week = first + (number - 1) * 7 if number > 0 else after + number * 7
                if first <= week < after:
                    yield from range(week, week + 7)
        elif rule.year_days:
            yield from (begins + (one - 1 if one > 0 else length + one) for one in rule.year_days if abs(one) <= length)
        elif rule.month_days or rule.months:
            for month in rule.months or range(1, 13):
                month_begins = date(year, month, 1).toordinal()
                most = month_length(year, month)
                for one in rule.month_days or range(1, most + 1):
                    if abs(one) <= most:
                        yield month_begins + (one - 1 if one > 0 else most + one)
        else:
            for one in self._weekdays:
                yield from range(begins + (one - weekday(begins)) % 7, begins + length, 7)

    def _fits(self, day: int) -> bool:
        """Return whether all BY parts allow the day."""
        if not 1 <= day <= LAST_DAY:
            return False
        rule = self._rule
        one = date.fromordinal(day)
        if rule.months and one.month not in rule.months:
            return False
        if rule.month_days and not {one.day, one.day - month_length(one.year, one.month) - 1} & {*rule.month_days}:
            return False
        if rule.year_days:
            passed = day - year_start(one.year)
            if not {passed + 1, passed - 365 - is_leap(one.year)} & {*rule.year_days}:
                return False
        return not rule.weekdays or self._fits_weekday(day, one)

    def _fits_weekday(self, day: int, one: date) -> bool:
        of_week = weekday(day)
        if of_week in self._every or of_week not in self._weekdays:
            return of_week in self._every
        if self._within_month:
            passed, length = one.day - 1, month_length(one.year, one.month)
        else:
            passed, length = day - year_start(one.year), 365 + is_leap(one.year)
        from_start, from_end = passed // 7 + 1, -((length - 1 - passed) // 7 + 1)
        return (from_start, of_week) in self._rule.weekdays or (from_end, of_week) in self._rule.weekdays
