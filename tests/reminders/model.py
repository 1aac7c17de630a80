"""What a recurrence rule gives, written out: every day, or every hour, minute or second, is asked for by itself.

It shares nothing with what it is compared with, and is slow: of rules for some years, or for some days of the short
frequencies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from itertools import groupby

from tests.reminders.calendar import days_since_1970, is_leap, month_length, weekday
from tests.reminders.random_rules import DAYS, Case

DAY = timedelta(days=1)
LENGTHS = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}  # seconds


@dataclass(frozen=True)
class Day:
    """A day, as the parts of a rule speak of it."""

    year: int
    month: int
    of_month: tuple[int, int]  # from the month's start, and from its end
    of_year: tuple[int, int]
    weekday: int
    in_month: tuple[int, int]  # which one of its weekday
    in_year: tuple[int, int]


@cache
def described(year: int, month: int, day: int) -> Day:
    length, of_year = month_length(year, month), days_since_1970(year, month, day) - days_since_1970(year, 1, 1)
    days = 366 if is_leap(year) else 365
    return Day(
        year,
        month,
        (day, day - length - 1),
        (of_year + 1, of_year - days),
        weekday(year, month, day),
        ((day + 6) // 7, -((length - day) // 7) - 1),
        (of_year // 7 + 1, -((days - 1 - of_year) // 7) - 1),
    )


@cache
def week(year: int, month: int, day: int, week_start: int) -> tuple[int, int, int]:
    """Give the year that a day's week is of, and the week's number from that year's start and from its end."""
    count = days_since_1970(year, month, day)
    # Four days of a week decide: its year is that of its fourth day.
    monday = count - (weekday(year, month, day) - week_start) % 7
    fourth = datetime(1970, 1, 1) + (monday + 3) * DAY
    first, last = days_since_1970(fourth.year, 1, 1), days_since_1970(fourth.year, 12, 31)
    return fourth.year, (monday + 3 - first) // 7 + 1, -((last - monday - 3) // 7) - 1


def occurrences(case: Case, days: int) -> list[datetime]:
    """Give the occurrences of a rule in so many days from its start, without COUNT and UNTIL."""
    parts, start = case.parts, case.start
    positions = _numbers(parts, "BYSETPOS")
    found = []
    for _, period in groupby(_candidates(parts, start, days), key=lambda one: one[0]):
        times = [time for _, time in period]
        if positions:
            times = [
                time for place, time in enumerate(times) if place + 1 in positions or place - len(times) in positions
            ]
        found += [time for time in times if start <= time < start + days * DAY]
    return found


def _candidates(parts: dict[str, str], start: datetime, days: int) -> Iterator[tuple[int, datetime]]:
    """Give every time that the rule allows, with the number of its period, from before the start to after the end."""
    freq, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    if freq in LENGTHS:
        yield from _short(parts, start, days)
        return
    week_start = DAYS.index(parts.get("WKST", "MO"))
    first = _period(parts, start, week_start)
    times = [
        timedelta(hours=hour, minutes=minute, seconds=second)
        for hour in _numbers(parts, "BYHOUR") or [start.hour]
        for minute in _numbers(parts, "BYMINUTE") or [start.minute]
        for second in _numbers(parts, "BYSECOND") or [start.second]
    ]
    around = 0 if freq == "DAILY" else 375
    midnight = datetime(start.year, start.month, start.day)
    for passed in range(-around, days + around + 1):
        day = midnight + passed * DAY
        period = _period(parts, day, week_start)
        if (period - first) % interval == 0 and _is_day(parts, day, start, week_start):
            yield from ((period, day + time) for time in times)


def steps_of_a_day(parts: dict[str, str]) -> int:
    """Return how many hours, minutes or seconds of a day a rule of a short frequency comes to, about."""
    return 86_400 // (LENGTHS.get(parts["FREQ"], 86_400) * int(parts.get("INTERVAL", "1")))


def _short(parts: dict[str, str], start: datetime, days: int) -> Iterator[tuple[int, datetime]]:
    length = LENGTHS[parts["FREQ"]]
    step = timedelta(seconds=length * int(parts.get("INTERVAL", "1")))
    first = time = start.replace(minute=0 if length > 60 else start.minute, second=0 if length > 1 else start.second)
    while time < start + days * DAY:
        if not _is_day(parts, time, start, 0):
            tomorrow = datetime(time.year, time.month, time.day) + DAY
            time += -((time - tomorrow) // step) * step
            continue
        if (
            time.hour in (_numbers(parts, "BYHOUR") or [time.hour])
            and (length > 60 or time.minute in (_numbers(parts, "BYMINUTE") or [time.minute]))
            and (length > 1 or time.second in (_numbers(parts, "BYSECOND") or [time.second]))
        ):
            for minute in (_numbers(parts, "BYMINUTE") or [start.minute]) if length > 60 else [time.minute]:
                for second in (_numbers(parts, "BYSECOND") or [start.second]) if length > 1 else [time.second]:
                    yield (time - first) // step, time.replace(minute=minute, second=second)
        time += step


def _period(parts: dict[str, str], day: datetime, week_start: int) -> int:
    match parts["FREQ"]:
        case "YEARLY" if "BYWEEKNO" in parts:
            return week(day.year, day.month, day.day, week_start)[0]
        case "YEARLY":
            return day.year
        case "MONTHLY":
            return day.year * 12 + day.month
        case "WEEKLY":
            # 1970 began on a Thursday.
            return (days_since_1970(day.year, day.month, day.day) + 3 - week_start) // 7
    return days_since_1970(day.year, day.month, day.day)


def _is_day(parts: dict[str, str], day: datetime, start: datetime, week_start: int) -> bool:
    is_of = described(day.year, day.month, day.day)
    months, of_month, of_year, weeks = (
        _numbers(parts, name) for name in ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")
    )
    if months and is_of.month not in months:
        return False
    if of_month and not {*is_of.of_month} & {*of_month}:
        return False
    if of_year and not {*is_of.of_year} & {*of_year}:
        return False
    if weeks and not {*week(day.year, day.month, day.day, week_start)[1:]} & {*weeks}:
        return False
    if "BYDAY" in parts:
        within = is_of.in_month if parts["FREQ"] == "MONTHLY" or months else is_of.in_year
        names = {f"{which}{DAYS[is_of.weekday]}" for which in ("", *within)}
        return bool(names & {*parts["BYDAY"].split(",")})
    # What the rule leaves open is as its start is.
    if of_month or of_year:
        return True
    if weeks or parts["FREQ"] == "WEEKLY":
        return is_of.weekday == start.weekday()
    if parts["FREQ"] == "MONTHLY":
        return day.day == start.day
    if parts["FREQ"] == "YEARLY":
        return day.day == start.day and (bool(months) or day.month == start.month)
    return True


@lru_cache(10_000)
def _listed(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def _numbers(parts: dict[str, str], name: str) -> list[int]:
    return _listed(parts[name]) if name in parts else []
