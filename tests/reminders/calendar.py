"""When reminders are due, worked out by itself: days counted one by one and clocks read off a table of their changes.

It shares nothing with what it is compared with but the offsets that the time zones have.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

Wall = tuple[int, int, int, int, int]  # year, month, day, hour, minute
MINUTE = 60  # seconds, as all is counted here
HOUR = 3600
DAY = 86_400


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


@cache
def days_since_1970(year: int, month: int, day: int) -> int:
    days = sum(366 if is_leap(one) else 365 for one in range(1970, year))
    return days + sum(month_length(year, one) for one in range(1, month)) + day - 1


def seconds(wall: Wall) -> int:
    """A time on the wall, counted as if the wall stood in Greenwich."""
    year, month, day, hour, minute = wall
    return days_since_1970(year, month, day) * DAY + (hour * 60 + minute) * MINUTE


class Clocks:
    """A zone's clocks: from which moment on they are how far ahead of UTC."""

    def __init__(self, zone: ZoneInfo, first_year: int, last_year: int) -> None:
        self._changes: list[tuple[int, int]] = []
        begin, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (first_year, last_year + 1))

        def ahead(moment: int) -> int:
            offset = datetime.fromtimestamp(moment, zone).utcoffset()
            assert offset is not None
            return int(offset / timedelta(seconds=1))

        # Clocks change on a quarter of an hour, and no two times within six hours.
        self._changes.append((begin, ahead(begin)))
        for later in range(begin + 6 * HOUR, end, 6 * HOUR):
            if ahead(later) == self._changes[-1][1]:
                continue
            moments = range(later - 6 * HOUR, later + 1, 15 * MINUTE)
            changed = next(moment for moment in moments if ahead(moment) != self._changes[-1][1])
            self._changes.append((changed, ahead(later)))
        self._begins = [begins for begins, _ in self._changes]

    def moment(self, wall: int) -> int:
        """The first moment at which the clocks show it or, where they never do, at which they have passed it by."""
        around = bisect_right(self._begins, wall)
        nearby = range(max(0, around - 3), min(len(self._changes), around + 3))
        shown = []
        for place in nearby:
            begins, offset = self._changes[place]
            ends = self._begins[place + 1] if place + 1 < len(self._begins) else None
            moment = wall - offset
            if moment >= begins and (ends is None or moment < ends):
                shown.append(moment)
        if shown:
            return min(shown)
        passed = [begins for begins, offset in (self._changes[place] for place in nearby) if begins + offset > wall]
        return min(passed)


Days = Callable[[int, int, int, int], bool]  # of year, month, day and days since the start: whether it is one


@dataclass(frozen=True)
class Planned:
    """A rule, and the same in words of one's own: which days, at what times."""

    rrule: str
    hour: int  # of the start
    minute: int
    is_day: Days
    times: tuple[tuple[int, int], ...] | None = None  # hours and minutes; None for that of the start
    every: int | None = None  # minutes, in place of days and times
    count: int | None = None

    def walls(self, start: tuple[int, int, int], days: int) -> Iterator[int]:
        """The times on the wall, from a day on and for so many days."""
        first = seconds((*start, self.hour, self.minute))
        given = 0
        for wall in self._all(start, first, days):
            if wall < first:
                continue
            given += 1
            if self.count is not None and given > self.count:
                return
            yield wall

    def _all(self, start: tuple[int, int, int], first: int, days: int) -> Iterator[int]:
        if self.every is not None:
            yield from range(first, first + days * DAY, self.every * MINUTE)
            return
        year, month, day = start
        for gone in range(days):
            if self.is_day(year, month, day, gone):
                for hour, minute in self.times or ((self.hour, self.minute),):
                    yield seconds((year, month, day, hour, minute))
            day += 1
            if day > month_length(year, month):
                year, month, day = (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)


def weekday(year: int, month: int, day: int) -> int:
    """0 for Monday; 1970 began on a Thursday."""
    return (days_since_1970(year, month, day) + 3) % 7


def each_day(*_: int) -> bool:
    return True


def every_third(_year: int, _month: int, _day: int, gone: int) -> bool:
    return gone % 3 == 0


def mondays_and_thursdays_of_every_other_week(year: int, month: int, day: int, gone: int) -> bool:
    # Weeks begin on Monday, also the one that the start is in.
    week = (days_since_1970(year, month, day) + 3) // 7
    first = (days_since_1970(year, month, day) - gone + 3) // 7
    return (week - first) % 2 == 0 and weekday(year, month, day) in (0, 3)


def last_of_month(year: int, month: int, day: int, _: int) -> bool:
    return day == month_length(year, month)


def thirty_first(_year: int, _month: int, day: int, _: int) -> bool:
    return day == 31


def second_tuesday(year: int, month: int, day: int, _: int) -> bool:
    return weekday(year, month, day) == 1 and 8 <= day <= 14


def leap_day(_year: int, month: int, day: int, _: int) -> bool:
    return (month, day) == (2, 29)


PLANNED = (
    Planned("FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0", 7, 0, each_day, times=((8, 0), (20, 0))),
    Planned("FREQ=DAILY", 2, 30, each_day),
    Planned(
        "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,15", 0, 0, each_day, times=tuple((h, m) for h in (1, 2, 3) for m in (0, 15))
    ),
    Planned("FREQ=HOURLY;INTERVAL=7", 0, 10, each_day, every=7 * 60),
    Planned("FREQ=DAILY;INTERVAL=3;COUNT=90", 23, 59, every_third, count=90),
    Planned("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", 12, 0, mondays_and_thursdays_of_every_other_week),
    Planned("FREQ=MONTHLY;BYMONTHDAY=-1", 2, 0, last_of_month),
    Planned("FREQ=MONTHLY;BYMONTHDAY=31", 0, 0, thirty_first),
    Planned("FREQ=MONTHLY;BYDAY=2TU", 3, 0, second_tuesday),
    Planned("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 9, 0, leap_day),
)
