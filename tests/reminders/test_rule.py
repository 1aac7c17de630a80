"""What is a recurrence rule, and what is refused before it can surprise anybody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reminders import rule
from reminders.rule import WEEKLY, NotARule, TooFast

NO_RULES = [
    *("X", "DAILY", "FREQ", "FREQ=", "=DAILY", "FREQ=DAILYX", ";FREQ=DAILY", "FREQ=DAILY;;"),
    *("INTERVAL=2", "FREQ=DAILY;FREQ=DAILY", "FREQ=每天", "FREQ=DAILY;X-OWN=1", "FREQ=DAILY;BYEASTER=0"),
    *("FREQ=DAILY;RSCALE=GREGORIAN", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=-1", "FREQ=DAILY;COUNT=1.5"),
    *("FREQ=DAILY;COUNT=100001", "FREQ=DAILY;COUNT=１", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1"),
    *("FREQ=DAILY;INTERVAL=9999999999", "FREQ=DAILY;COUNT=2;UNTIL=20250101", "FREQ=DAILY;UNTIL="),
    *("FREQ=DAILY;UNTIL=2025-01-01", "FREQ=DAILY;UNTIL=20250230", "FREQ=DAILY;UNTIL=20250101T250000"),
    *("FREQ=DAILY;UNTIL=20250101T080000+0800", "FREQ=DAILY;BYHOUR=24", "FREQ=DAILY;BYHOUR=-1", "FREQ=DAILY;BYHOUR="),
    *("FREQ=DAILY;BYHOUR=8,", "FREQ=DAILY;BYHOUR=+8", "FREQ=DAILY;BYMINUTE=60", "FREQ=DAILY;BYSECOND=60"),
    *("FREQ=YEARLY;BYMONTH=13", "FREQ=YEARLY;BYMONTH=0", "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYMONTHDAY=32"),
    *("FREQ=YEARLY;BYYEARDAY=367", "FREQ=YEARLY;BYWEEKNO=54", "FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=DAILY;BYYEARDAY=1"),
    *("FREQ=MONTHLY;BYWEEKNO=1", "FREQ=DAILY;WKST=1", "FREQ=DAILY;WKST=1MO", "FREQ=WEEKLY;BYDAY=1MO"),
    *("FREQ=MONTHLY;BYDAY=0MO", "FREQ=MONTHLY;BYDAY=6MO", "FREQ=YEARLY;BYDAY=54MO", "FREQ=MONTHLY;BYDAY=M"),
    *("FREQ=YEARLY;BYMONTH=12;BYDAY=53MO", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "FREQ=DAILY;BYSETPOS=1"),
    *("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0"),
]


@pytest.mark.parametrize(
    "text",
    [
        *NO_RULES,
        *("", " ", "FREQ=DAILY COUNT=2", "FREQ=DAILY\nRRULE:FREQ=DAILY"),
        "FREQ=DAILY;BYMONTH=" + ",".join(["1"] * 300),
    ],
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(NotARule):
        rule.read(text)


@pytest.mark.parametrize(
    "text",
    [
        *("FREQ=SECONDLY", "FREQ=SECONDLY;INTERVAL=59", "FREQ=SECONDLY;BYMINUTE=0", "FREQ=SECONDLY;BYSECOND=0,1"),
        *("FREQ=MINUTELY;BYSECOND=0,30", "FREQ=DAILY;BYHOUR=8;BYMINUTE=0;BYSECOND=0,59", "FREQ=YEARLY;BYSECOND=1,2"),
    ],
)
def test_faster_than_once_a_minute(text: str) -> None:
    with pytest.raises(TooFast):
        rule.read(text)


def test_the_parts_of_a_rule() -> None:
    read = rule.read("rrule:freq=weekly;Interval=2;byday=MO,th;WKST=SU;COUNT=10;BYHOUR=20,8,8")
    assert (read.freq, read.interval, read.week_start, read.count, read.until) == (WEEKLY, 2, 6, 10, None)
    assert read.hours == (8, 20)
    assert read.weekdays == ((0, 0), (0, 3))


def test_an_until_is_inclusive() -> None:
    assert rule.read("FREQ=DAILY;UNTIL=20250103").until == datetime(2025, 1, 3, 23, 59, 59)
    assert rule.read("FREQ=DAILY;UNTIL=20250103T080000").until == datetime(2025, 1, 3, 8)
    assert rule.read("FREQ=DAILY;UNTIL=20250103T080000Z").until == datetime(2025, 1, 3, 8, tzinfo=UTC)


def test_days_of_both_kinds_are_of_either() -> None:
    assert rule.read("FREQ=MONTHLY;BYDAY=MO,1FR,-1FR").weekdays == ((-1, 4), (0, 0), (1, 4))
