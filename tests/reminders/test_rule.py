"""What is a recurrence rule, and what is refused before it can surprise anybody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consult.contract.rule_parts import PARTS
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


@pytest.mark.parametrize(
    ("text", "part"),
    [
        *(("FREQ=X", "FREQ"), ("INTERVAL=2", "FREQ"), ("FREQ=DAILY;FREQ=DAILY", "FREQ"), ("FREQ=DAILY;FREQ=", "FREQ")),
        *(("FREQ=DAILY;INTERVAL=0", "INTERVAL"), ("FREQ=YEARLY;INTERVAL=8030", "INTERVAL")),
        *(("FREQ=HOURLY;INTERVAL=999999999", "INTERVAL"), ("FREQ=DAILY;COUNT=100001", "COUNT")),
        *(("FREQ=DAILY;COUNT=2;UNTIL=20250101", "UNTIL"), ("FREQ=DAILY;UNTIL=20250230", "UNTIL")),
        *(("FREQ=DAILY;WKST=1MO", "WKST"), ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY"), ("FREQ=DAILY;BYMONTH=13", "BYMONTH")),
        *(("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO"), ("FREQ=DAILY;BYYEARDAY=1", "BYYEARDAY")),
        *(("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"), ("FREQ=DAILY;BYHOUR=24", "BYHOUR")),
        *(("FREQ=DAILY;BYMINUTE=", "BYMINUTE"), ("FREQ=DAILY;BYSECOND=60", "BYSECOND")),
        *(("FREQ=SECONDLY;INTERVAL=61;BYHOUR=8", "BYSECOND"), ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS")),
        *(("DTSTART:20250101\nDTSTART:20250101\nFREQ=DAILY", "DTSTART"), ("DTSTART:X\nFREQ=DAILY", "DTSTART")),
        *(("RRULE:FREQ=DAILY\nEXDATE:20250101", "EXDATE"), ("FREQ=DAILY;X-OWN=1", "X-OWN")),
        *(("FREQ=DAILY;;", None), ("DTSTART:20250101", None), ("FREQ=DAILY\nRRULE:FREQ=DAILY", None)),
    ],
)
def test_what_is_wrong_is_named(text: str, part: str | None) -> None:
    with pytest.raises(NotARule) as refused:
        rule.read(text)
    assert refused.value.part == part


def test_every_part_has_a_text() -> None:
    assert {*rule.PARTS, "DTSTART"} == PARTS.keys()


def test_a_rule_is_kept_by_itself() -> None:
    for text in ("RRULE:freq=daily;byhour=8;", "DTSTART:20250101T080000Z\nRRULE:FREQ=DAILY;BYHOUR=8"):
        assert rule.read(text).text == "FREQ=DAILY;BYHOUR=8"
    assert rule.read(rule.read("FREQ=DAILY;").text) == rule.read("FREQ=DAILY")


def test_what_a_start_above_the_rule_may_be() -> None:
    wall, moment = datetime(2030, 1, 1, 8), datetime(2030, 1, 1, tzinfo=UTC)
    for start, agrees in (
        *(("20300101T080000", True), ("20300101T080000Z", True), ("20300101T000000Z", True), ("20300101", True)),
        *(("20300101T000000", False), ("20300101T080001Z", False), ("20291231", False)),
    ):
        assert rule.read(f"DTSTART:{start}\nRRULE:FREQ=DAILY").starts_at(wall, moment) == agrees, start
