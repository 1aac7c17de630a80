"""Recurrence rules: the RECUR text of RFC 5545 (section 3.3.10), read strictly.

What the RFC forbids is refused with the name of the part that is wrong: a rule that means something else than its
author thought would be noticed only when a reminder does not come.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Final

LONGEST: Final = 500  # characters
MOST_COUNTED: Final = 100_000  # the largest COUNT


class Frequency(IntEnum):
    """The periods that a rule may have, the longest first."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY = Frequency
# The largest INTERVAL: a longer one does not come again between the years 1970 and 9999.
LARGEST_INTERVAL: Final = {
    YEARLY: 8_029,
    MONTHLY: 8_029 * 12,
    WEEKLY: 8_029 * 52,
    DAILY: 8_029 * 365,
    HOURLY: 8_029 * 365 * 24,
    MINUTELY: 8_029 * 365 * 24 * 60,
    SECONDLY: 8_029 * 365 * 24 * 60 * 60,
}
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# Each list's field in Rule, its least and its greatest number; 0 is not allowed where the least is negative.
_LISTS: Final = {
    "BYMONTH": ("months", 1, 12),
    "BYWEEKNO": ("week_numbers", -53, 53),
    "BYYEARDAY": ("year_days", -366, 366),
    "BYMONTHDAY": ("month_days", -31, 31),
    "BYHOUR": ("hours", 0, 23),
    "BYMINUTE": ("minutes", 0, 59),
    "BYSECOND": ("seconds", 0, 59),
    "BYSETPOS": ("positions", -366, 366),
}
PARTS: Final = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_LISTS)
_NOT_WITH: Final = {
    "BYWEEKNO": {MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY},
    "BYYEARDAY": {MONTHLY, WEEKLY, DAILY},
    "BYMONTHDAY": {WEEKLY},
}
_LINE: Final = re.compile(r"([A-Za-z-]+)((?:;[^:\n]*)?):(.*)", re.ASCII)
_ZONE: Final = re.compile(r";TZID=([^;:]+)", re.ASCII | re.IGNORECASE)
_PART: Final = re.compile(r"([A-Z][A-Z0-9-]{0,29})=([^;=]*)", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?\d{1,3}", re.ASCII)
_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_POSITIVE: Final = re.compile(r"\d{1,12}", re.ASCII)
_TIME: Final = re.compile(r"\d{8}(T\d{6}Z?)?", re.ASCII)


class NotARule(ValueError):
    """The text is not a rule of RFC 5545, or it is one that is not supported. `part` names what is wrong with it."""

    def __init__(self, part: str | None = None) -> None:
        super().__init__(part or "the whole text")
        self.part = part  # one of PARTS, another name that the text has, or None for the text as a whole


class TooFast(ValueError):
    """The rule comes more often than once a minute."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. Its times are wall-clock times of the zone that it is expanded in. A list that is not given is empty."""

    text: str  # the rule by itself, in capitals
    freq: Frequency
    interval: int = 1
    week_start: int = 0  # 0 for Monday
    count: int | None = None
    until: datetime | None = None  # inclusive: wall-clock time, or with UTC as its zone
    months: tuple[int, ...] = ()
    week_numbers: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()  # which one (0: each), and the day (0 for Monday)
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    dtstart: str | None = None  # the value of a DTSTART line above the rule
    dtstart_zone: str | None = None  # its TZID

    def completed(self, start: datetime) -> "Rule":
        """Return the rule with everything that it takes from its start written out."""
        months, month_days, weekdays = self.months, self.month_days, self.weekdays
        if not (self.week_numbers or self.year_days or month_days or weekdays):
            if self.freq == YEARLY:
                months = months or (start.month,)
            if self.freq in (YEARLY, MONTHLY):
                month_days = (start.day,)
            if self.freq == WEEKLY:
                weekdays = ((0, start.weekday()),)
        elif self.week_numbers and not (self.year_days or month_days or weekdays):
            weekdays = ((0, start.weekday()),)
        return replace(
            self,
            months=months,
            month_days=month_days,
            weekdays=weekdays,
            hours=self.hours or ((start.hour,) if self.freq < HOURLY else ()),
            minutes=self.minutes or ((start.minute,) if self.freq < MINUTELY else ()),
            seconds=self.seconds or ((start.second,) if self.freq < SECONDLY else ()),
        )

    def starts_at(self, wall: datetime, moment: datetime) -> bool:
        """Return whether the DTSTART line, if there is one, names this start: as wall-clock time or as a moment.

        rrule.js writes wall-clock time with a Z, so a time with a Z may be either.
        """
        if self.dtstart is None:
            return True
        value = self.dtstart.removesuffix("Z")
        form = "%Y%m%dT%H%M%S" if "T" in value else "%Y%m%d"
        return value in (wall.strftime(form), moment.astimezone(UTC).strftime(form) if self.dtstart[-1] == "Z" else "")


def read(text: str) -> Rule:
    """Return the rule that the text is. Raise NotARule or TooFast."""
    if len(text) > LONGEST:
        raise NotARule
    dtstart, zone, line = _lines(text)
    parts: dict[str, str] = {}
    for part in line.removesuffix(";").split(";"):
        found = _PART.fullmatch(part)
        if not found:
            raise NotARule
        if found[1] in parts or found[1] not in PARTS:
            raise NotARule(found[1])
        parts[found[1]] = found[2]
    rule = replace(_rule(parts), text=line.removesuffix(";"), dtstart=dtstart, dtstart_zone=zone)
    if _is_too_fast(rule):
        raise TooFast(text)
    return rule


def _lines(text: str) -> tuple[str | None, str | None, str]:
    """Return the value and the zone of a DTSTART line, if any, and the rule by itself in capitals."""
    # A long line is folded: its next part begins with a space or a tab (RFC 5545, section 3.1).
    unfolded = re.sub(r"\r?\n[ \t]", "", text.strip())
    dtstart = zone = rule = None
    for line in unfolded.split("\n"):
        # A rule has no colon, so a line with one has a name.
        found = _LINE.fullmatch(line.rstrip("\r"))
        name, parameters, value = found.groups() if found else ("RRULE", "", line.rstrip("\r"))
        name, value = name.upper(), value.upper()
        if name == "DTSTART" and dtstart is None and _TIME.fullmatch(value):
            dtstart = value
            named = _ZONE.search(parameters)
            zone = named[1] if named else None
        elif name == "RRULE" and rule is None and not parameters:
            rule = value
        else:
            raise NotARule(name if found and name != "RRULE" and len(name) <= 30 else None)
    if rule is None:
        raise NotARule
    return dtstart, zone, rule


def _rule(parts: dict[str, str]) -> Rule:
    if parts.get("FREQ") not in Frequency.__members__:
        raise NotARule("FREQ")
    freq = Frequency[parts["FREQ"]]
    interval = _positive("INTERVAL", parts.get("INTERVAL", "1"), LARGEST_INTERVAL[freq])
    count = _positive("COUNT", parts["COUNT"], MOST_COUNTED) if "COUNT" in parts else None
    until = _until(parts["UNTIL"]) if "UNTIL" in parts else None
    if count is not None and until is not None:
        raise NotARule("UNTIL")
    if parts.get("WKST", "MO") not in _DAYS:
        raise NotARule("WKST")
    lists: dict[str, Any] = {}
    for name, (field, least, greatest) in _LISTS.items():
        if name in parts:
            if freq in _NOT_WITH.get(name, ()):
                raise NotARule(name)
            lists[field] = _numbers(name, parts[name], least, greatest)
    by_time = {"hours", "minutes", "seconds"} & lists.keys()
    if freq == SECONDLY and interval > 60 and interval % 60 and by_time and len(lists.get("seconds", ())) != 1:
        # More than one second of a minute would be some 86,400 times of a day to look at.
        raise NotARule("BYSECOND")
    if lists.keys() == {"positions"} and "BYDAY" not in parts:
        # The RFC asks for another BY part beside it.
        raise NotARule("BYSETPOS")
    rule = Rule(
        text="",
        freq=freq,
        interval=interval,
        week_start=_DAYS.index(parts.get("WKST", "MO")),
        count=count,
        until=until,
        weekdays=_days(freq, parts) if "BYDAY" in parts else (),
    )
    return replace(rule, **lists)


def _positive(name: str, text: str, most: int) -> int:
    if not _POSITIVE.fullmatch(text) or not 1 <= int(text) <= most:
        raise NotARule(name)
    return int(text)


def _until(text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise NotARule("UNTIL")
    try:
        if len(text) == 8:
            # UNTIL is inclusive, so a date means the whole of that day.
            return datetime.strptime(text, "%Y%m%d") + timedelta(hours=23, minutes=59, seconds=59)
        wall = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")
    except ValueError:
        raise NotARule("UNTIL") from None
    return wall.replace(tzinfo=UTC) if text.endswith("Z") else wall


def _numbers(name: str, text: str, least: int, greatest: int) -> tuple[int, ...]:
    numbers = set()
    for part in text.split(","):
        if not _NUMBER.fullmatch(part) or (least >= 0 and not part.isdigit()):
            raise NotARule(name)
        number = int(part)
        if not least <= number <= greatest or (number == 0 and least < 0):
            raise NotARule(name)
        numbers.add(number)
    return tuple(sorted(numbers))


def _days(freq: Frequency, parts: dict[str, str]) -> tuple[tuple[int, int], ...]:
    most = 53 if freq == YEARLY and "BYMONTH" not in parts else 5
    days: set[tuple[int, int]] = set()
    for part in parts["BYDAY"].split(","):
        day = _DAY.fullmatch(part)
        if day is None:
            raise NotARule("BYDAY")
        which = 0
        if day[1] is not None:
            which = int(day[1])
            if freq not in (YEARLY, MONTHLY) or "BYWEEKNO" in parts or not 1 <= abs(which) <= most:
                raise NotARule("BYDAY")
        days.add((which, _DAYS.index(day[2])))
    return tuple(sorted(days))


def _is_too_fast(rule: Rule) -> bool:
    if rule.freq == SECONDLY:
        return rule.interval < 60 and len(rule.seconds) != 1
    return len(rule.seconds) > 1
