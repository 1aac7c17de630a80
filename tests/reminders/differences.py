"""Why implementations that are compared with ours give something else: each known reason, by the rule.

rrule was made from python-dateutil, and shares its reasons. A reason alone excuses
nothing: where one differs the model, which is written out, has to agree with ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from tests.reminders.calendar import month_length
from tests.reminders.random_rules import Case

DATEUTIL, RRULE, ICAL = "python-dateutil", "rrule", "ical.js"
Parts = dict[str, str]  # of the rule, and the day of DTSTART
SHORT: Final = ("HOURLY", "MINUTELY", "SECONDLY")
TIMES: Final = {"BYHOUR", "BYMINUTE", "BYSECOND"}


def _mixes_days(parts: Parts) -> bool:
    days = parts.get("BYDAY", "").split(",")
    return len({len(day) > 2 for day in days}) == 2


def _lacks_day(parts: Parts) -> bool:
    if parts["FREQ"] != "YEARLY" or parts.keys() & {"BYMONTHDAY", "BYDAY", "BYYEARDAY", "BYWEEKNO"}:
        return False
    _, month, day = map(int, parts["DTSTART"].split("-"))
    months = map(int, parts.get("BYMONTH", str(month)).split(","))
    return any(day > month_length(2001, one) for one in months)


def _has_negative(parts: Parts) -> bool:
    return "-" in parts.get("BYMONTHDAY", "")


REASONS: Final[list[tuple[tuple[str, ...], str, Callable[[Parts], bool]]]] = [
    (
        (DATEUTIL, RRULE),
        "BYDAY of both kinds (MO,1TU) means days that are of both, not of either",
        _mixes_days,
    ),
    (
        (DATEUTIL, RRULE),
        "BYWEEKNO without a day means all seven days; by RFC 5545 what is left open is as DTSTART",
        lambda parts: "BYWEEKNO" in parts and not parts.keys() & {"BYDAY", "BYMONTHDAY", "BYYEARDAY"},
    ),
    (
        (DATEUTIL, RRULE),
        "BYWEEKNO with INTERVAL or BYSETPOS goes by the calendar's years, not by the years that the weeks are of",
        lambda parts: "BYWEEKNO" in parts and bool(parts.keys() & {"INTERVAL", "BYSETPOS"}),
    ),
    (
        (DATEUTIL, RRULE),
        "BYWEEKNO leaves out days, or takes others, at a year's ends, where they are of another year's week",
        lambda parts: "BYWEEKNO" in parts,
    ),
    (
        (DATEUTIL, RRULE),
        "BYSETPOS counts from DTSTART in the first week, names one place twice, or counts from a wrong end",
        lambda parts: "BYSETPOS" in parts,
    ),
    (
        (RRULE,),
        "a short frequency with BYHOUR or BYMINUTE leaves out times, or takes others, where it steps over some",
        lambda parts: parts["FREQ"] in SHORT and bool(parts.keys() & TIMES),
    ),
    (
        (ICAL,),
        "YEARLY from a 29th of February, or from a month's 31st, comes on the next day where there is none",
        _lacks_day,
    ),
    (
        (ICAL,),
        "BYSETPOS is applied to MONTHLY alone, and to its days, not to its times",
        lambda parts: "BYSETPOS" in parts,
    ),
    (
        (ICAL,),
        "YEARLY does not expand BYHOUR, BYMINUTE and BYSECOND",
        lambda parts: parts["FREQ"] == "YEARLY" and bool(parts.keys() & TIMES),
    ),
    (
        (ICAL,),
        "YEARLY with BYMONTHDAY stays in DTSTART's month, or takes a day from the month's end for another",
        lambda parts: parts["FREQ"] == "YEARLY" and "BYMONTHDAY" in parts,
    ),
    (
        (ICAL,),
        "YEARLY with BYWEEKNO gives nothing, leaves out years, or takes other days",
        lambda parts: "BYWEEKNO" in parts,
    ),
    (
        (ICAL,),
        "YEARLY with BYDAY or BYYEARDAY takes other days, or leaves out the year's end",
        lambda parts: parts["FREQ"] == "YEARLY" and bool(parts.keys() & {"BYDAY", "BYYEARDAY"}),
    ),
    (
        (ICAL,),
        "BYMONTHDAY from the month's end is not looked at where it limits, or is where it should not",
        _has_negative,
    ),
    (
        (ICAL,),
        "INTERVAL is not kept across months or times that are left out",
        lambda parts: "INTERVAL" in parts and any(name.startswith("BY") for name in parts),
    ),
    (
        (ICAL,),
        "MONTHLY with several times goes on at the first of a month that lacks the day, or lists a month again",
        lambda parts: parts["FREQ"] == "MONTHLY" and bool(parts.keys() & {*TIMES, "BYDAY"}),
    ),
    (
        (ICAL,),
        "MONTHLY with BYMONTH leaves out a month or takes another, and COUNT ends too early",
        lambda parts: parts.keys() >= {"COUNT", "BYMONTH"} or (parts["FREQ"] == "MONTHLY" and "BYMONTH" in parts),
    ),
    (
        (ICAL,),
        "a short frequency takes times out of turn, and COUNT ends too early",
        lambda parts: parts["FREQ"] in SHORT,
    ),
]


def reason(name: str, case: Case, theirs: object) -> str | None:
    """Give the reason for which an implementation may differ, or None."""
    parts = {**case.parts, "DTSTART": f"{case.start:%Y-%m-%d}"}
    if theirs == "too long":
        return "searches for so long that it is given up"
    if isinstance(theirs, str):
        return re.sub(r"^refused: ", "does not take it: ", theirs)
    return next((why for names, why, holds in REASONS if name in names and holds(parts)), None)
