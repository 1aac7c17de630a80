"""Recurrence rules drawn by chance: every part with every frequency that the RFC allows it with."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
NOT_WITH = {
    "BYWEEKNO": FREQUENCIES[1:],
    "BYYEARDAY": ("MONTHLY", "WEEKLY", "DAILY"),
    "BYMONTHDAY": ("WEEKLY",),
}
# Days on which calendars are at their strangest.
EDGES = ((1, 1), (1, 31), (2, 28), (2, 29), (3, 1), (12, 28), (12, 29), (12, 30), (12, 31))


@dataclass(frozen=True)
class Case:
    """A rule and its start, a wall-clock time."""

    text: str
    start: datetime

    @property
    def parts(self) -> dict[str, str]:
        """Give the rule's parts by name."""
        return dict(part.split("=") for part in self.text.split(";"))


def case(chance: random.Random) -> Case:
    """Draw a rule and a start."""
    freq = chance.choice(FREQUENCIES)
    parts = {"FREQ": freq}
    allowed = [name for name in _DRAWN if freq not in NOT_WITH.get(name, ())]
    for name in chance.sample(allowed, chance.choice((0, 1, 1, 2, 2, 3, 4))):
        parts[name] = _DRAWN[name](chance, parts)
    if "BYDAY" in parts:
        parts["BYDAY"] = _days(chance, parts)  # once all the others are known
    if chance.random() < 0.25 and any(name.startswith("BY") for name in parts):
        parts["BYSETPOS"] = _numbers(chance, 1, chance.choice((3, 8, 31, 366)), signed=True)
    if freq == "SECONDLY":
        _make_slower(chance, parts)
    ends = chance.random()
    if ends < 0.1:
        parts["COUNT"] = str(chance.randint(1, 6))
    return Case(";".join(f"{name}={value}" for name, value in parts.items()), _start(chance))


def _start(chance: random.Random) -> datetime:
    year = chance.randint(1972, 2060)  # the model's calendar begins in 1970, and it looks a year back
    day = datetime(year, 1, 1) + timedelta(days=chance.randrange(365))
    if chance.random() < 0.3:
        month, of_month = chance.choice(EDGES)
        while (month, of_month) == (2, 29) and (year % 4 or year == 2100):
            year += 1
        day = datetime(year, month, of_month)
    return day + timedelta(seconds=chance.choice((0, 8 * 3600, chance.randrange(86_400))))


def _make_slower(chance: random.Random, parts: dict[str, str]) -> None:
    """Make a rule by seconds one that is not too fast, and takes no more than one second of a minute."""
    if "BYSECOND" not in parts or chance.random() < 0.5:
        if {"BYHOUR", "BYMINUTE", "BYSECOND"} & parts.keys():
            parts["INTERVAL"] = str(60 * chance.randint(1, 2000))
        elif int(parts.get("INTERVAL", "1")) < 60:
            parts["INTERVAL"] = str(chance.randint(60, 100_000))
    else:
        parts["BYSECOND"] = str(chance.randrange(60))


def _interval(chance: random.Random, parts: dict[str, str]) -> str:
    if parts["FREQ"] in FREQUENCIES[4:]:
        return str(chance.choice((2, 7, 24, chance.randint(2, 60), chance.randint(60, 5000))))
    return str(chance.choice((1, 2, 2, 3, 4, 5, chance.randint(6, 60))))


def _numbers(chance: random.Random, least: int, greatest: int, *, signed: bool = False, most: int = 3) -> str:
    numbers = {chance.randint(least, greatest) for _ in range(chance.randint(1, most))}
    if chance.random() < 0.3:
        numbers |= {chance.choice((least, greatest, greatest - 1))}
    if signed:
        numbers = {one * chance.choice((1, 1, -1)) for one in numbers}
    return ",".join(map(str, sorted(numbers)))


def _days(chance: random.Random, parts: dict[str, str]) -> str:
    ordinal = parts["FREQ"] in ("YEARLY", "MONTHLY") and "BYWEEKNO" not in parts and chance.random() < 0.5
    most = 53 if parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts else 5
    days = set()
    for _ in range(chance.choice((1, 1, 2, 3, 5, 7))):
        which = chance.choice(("", 1, -1, 2, chance.randint(1, most), -chance.randint(1, most))) if ordinal else ""
        days.add(f"{which}{chance.choice(DAYS)}")
    return ",".join(sorted(days))


_DRAWN: dict[str, Callable[[random.Random, dict[str, str]], str]] = {
    "INTERVAL": _interval,
    "WKST": lambda chance, _: chance.choice(DAYS),
    "BYMONTH": lambda chance, _: _numbers(chance, 1, 12),
    "BYWEEKNO": lambda chance, _: _numbers(chance, 1, 53, signed=True),
    "BYYEARDAY": lambda chance, _: _numbers(chance, 1, 366, signed=True, most=5),
    "BYMONTHDAY": lambda chance, _: _numbers(chance, 1, 31, signed=True, most=4),
    "BYDAY": lambda chance, _: chance.choice(DAYS),
    "BYHOUR": lambda chance, _: _numbers(chance, 0, 23),
    "BYMINUTE": lambda chance, _: _numbers(chance, 0, 59),
    "BYSECOND": lambda chance, parts: (
        _numbers(chance, 0, 59) if parts["FREQ"] == "SECONDLY" else str(chance.randrange(60))
    ),
}
