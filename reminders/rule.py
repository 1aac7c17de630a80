"""Recurrence rules: the RECUR text of RFC 5545 (section 3.3.10), read strictly.

What the RFC forbids is refused rather than guessed at: a rule that means something else than its author thought would
be noticed only when a reminder does not come.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import product
from typing import Any, Final, Literal

from dateutil import rrule
from dateutil.rrule import DAILY, HOURLY, MINUTELY, MONTHLY, SECONDLY, WEEKLY, YEARLY

LONGEST: Final = 500  # characters
MOST_COUNTED: Final = 100_000  # what COUNT may ask for
FREQUENCIES: Final[dict[str, Literal[0, 1, 2, 3, 4, 5, 6]]] = {
    name: getattr(rrule, name) for name in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
}
PERIODS: Final = {HOURLY: 3600, MINUTELY: 60, SECONDLY: 1}  # seconds
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# Each part's name for dateutil, its least and its greatest number; those with a negative least know no 0.
_LISTS: Final = {
    "BYMONTH": ("bymonth", 1, 12),
    "BYWEEKNO": ("byweekno", -53, 53),
    "BYYEARDAY": ("byyearday", -366, 366),
    "BYMONTHDAY": ("bymonthday", -31, 31),
    "BYHOUR": ("byhour", 0, 23),
    "BYMINUTE": ("byminute", 0, 59),
    "BYSECOND": ("bysecond", 0, 59),
    "BYSETPOS": ("bysetpos", -366, 366),
}
_NOT_WITH: Final = {
    "byweekno": (MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY),
    "byyearday": (MONTHLY, WEEKLY, DAILY),
    "bymonthday": (WEEKLY,),
}
_PART: Final = re.compile(r"([A-Z]+)=([A-Z0-9,+-]+)", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?\d{1,3}", re.ASCII)
_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_COUNT: Final = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_UNTIL: Final = re.compile(r"\d{8}(T\d{6}Z?)?", re.ASCII)


class NotARule(ValueError):
    """The text is no rule of RFC 5545, or one that is beyond what is worked out here."""


class TooFast(ValueError):
    """The rule comes more often than once a minute."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. Its times are those on the wall of the zone that it is expanded in."""

    freq: Literal[0, 1, 2, 3, 4, 5, 6]  # as dateutil numbers them, YEARLY first
    interval: int
    week_start: int  # 0 for Monday
    count: int | None
    until: datetime | None  # inclusive: on the wall, or with UTC as its zone
    by: dict[str, Any]  # dateutil's arguments

    def starting(self, start: datetime) -> dict[str, Any]:
        """dateutil's arguments with all that the rule takes from its start, so that it may be begun anywhere."""
        by = dict(self.by)
        if not by.keys() & {"byweekno", "byyearday", "bymonthday", "byweekday"}:
            if self.freq == YEARLY:
                by.setdefault("bymonth", (start.month,))
            if self.freq in (YEARLY, MONTHLY):
                by["bymonthday"] = (start.day,)
            if self.freq == WEEKLY:
                by["byweekday"] = (start.weekday(),)
        for name, frequency in (("hour", HOURLY), ("minute", MINUTELY), ("second", SECONDLY)):
            if self.freq < frequency:
                by.setdefault(f"by{name}", (getattr(start, name),))
        return by

    def times(self, start: datetime) -> list[time]:
        """The times of day of a rule that repeats by days or longer."""
        by = self.starting(start)
        return [time(*parts) for parts in sorted(product(by["byhour"], by["byminute"], by["bysecond"]))]

    def gives_nothing(self) -> bool:
        """Whether BYSETPOS picks what no period holds; dateutil would look for it in every period there is."""
        if "bysetpos" not in self.by or self.freq < DAILY:
            return False
        finer = {DAILY: ("byhour", "byminute", "bysecond"), HOURLY: ("byminute", "bysecond"), MINUTELY: ("bysecond",)}
        held = 1
        for name in finer.get(self.freq, ()):
            held *= len(self.by.get(name, (0,)))
        return all(abs(position) > held for position in self.by["bysetpos"])


def read(text: str) -> Rule:
    """The rule that the text is; NotARule or TooFast."""
    if len(text) > LONGEST:
        raise NotARule(text)
    parts: dict[str, str] = {}
    for part in text.upper().removeprefix("RRULE:").split(";"):
        found = _PART.fullmatch(part)
        if not found or found[1] in parts:
            raise NotARule(text)
        parts[found[1]] = found[2]
    try:
        rule = _rule(parts)
    except (KeyError, ValueError) as fault:
        raise NotARule(text) from fault
    if _is_too_fast(rule):
        raise TooFast(text)
    return rule


def _rule(parts: dict[str, str]) -> Rule:
    freq = FREQUENCIES[parts.pop("FREQ")]
    count = _counted(parts.pop("COUNT")) if "COUNT" in parts else None
    until = _until(parts.pop("UNTIL")) if "UNTIL" in parts else None
    if count is not None and (until is not None or count > MOST_COUNTED):
        raise ValueError("COUNT")
    interval = _counted(parts.pop("INTERVAL", "1"))
    week_start = _DAYS.index(parts.pop("WKST", "MO"))
    by: dict[str, Any] = {}
    if "BYDAY" in parts:
        by["byweekday"] = _days(freq, parts.pop("BYDAY"), parts)
    for name, text in parts.items():
        argument, least, greatest = _LISTS[name]
        by[argument] = _numbers(text, least, greatest)
        if freq in _NOT_WITH.get(argument, ()):
            raise ValueError(name)
    if by.keys() == {"bysetpos"}:
        raise ValueError("BYSETPOS")
    if freq == SECONDLY and interval % 60 == 0 and "bysecond" not in by:
        freq, interval = MINUTELY, interval // 60
    elif freq == SECONDLY and interval == 1 and len(by.get("bysecond", ())) == 1:
        freq = MINUTELY
    elif freq == SECONDLY and interval >= 60 and by.keys() & {"byhour", "byminute", "bysecond"}:
        # dateutil would go through the seconds of every day that there is.
        raise ValueError("FREQ")
    return Rule(freq, interval, week_start, count, until, by)


def _counted(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _until(text: str) -> datetime:
    if not _UNTIL.fullmatch(text):
        raise ValueError(text)
    if len(text) == 8:
        # UNTIL is inclusive, so a date means the whole of that day.
        return datetime.strptime(text, "%Y%m%d") + timedelta(days=1, seconds=-1)
    wall = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")
    return wall.replace(tzinfo=UTC) if text.endswith("Z") else wall


def _numbers(text: str, least: int, greatest: int) -> tuple[int, ...]:
    numbers = set()
    for part in text.split(","):
        if not _NUMBER.fullmatch(part) or (least >= 0 and not part.isdigit()):
            raise ValueError(text)
        number = int(part)
        if not least <= number <= greatest or (number == 0 and least < 0):
            raise ValueError(text)
        numbers.add(number)
    return tuple(sorted(numbers))


def _days(freq: int, text: str, others: dict[str, str]) -> tuple[Any, ...]:
    # Beyond what a month or a year holds, dateutil reads past the end of its tables.
    most = 53 if freq == YEARLY and "BYMONTH" not in others else 5
    found = [_DAY.fullmatch(part) for part in text.split(",")]
    days: set[tuple[int, int | None]] = set()
    for day in found:
        if day is None:
            raise ValueError(text)
        which = None if day[1] is None else int(day[1])
        if which is not None and (freq not in (YEARLY, MONTHLY) or "BYWEEKNO" in others or not 1 <= abs(which) <= most):
            raise ValueError(text)
        days.add((_DAYS.index(day[2]), which))
    if any(which for _, which in days):
        # dateutil takes a list of both kinds for days that are of both; by the RFC they are of either.
        plain = [day for day, which in days if which is None]
        days = {one for one in days if one[1]} | {(day, which) for day in plain for which in range(1, most + 1)}
    return tuple(rrule.weekday(day, which) for day, which in sorted(days, key=str))


def _is_too_fast(rule: Rule) -> bool:
    if rule.freq == SECONDLY:
        return rule.interval < 60
    return len(rule.by.get("bysecond", ())) > 1
