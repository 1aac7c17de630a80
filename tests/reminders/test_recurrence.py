"""When a rule comes: by the wall, whatever the clocks do, the same wherever one begins to look, and soon found."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from reminders import rule
from reminders.budget import CREATION_STEPS, FIRING_STEPS, Budget
from reminders.recurrence import Schedule, last_counted
from store.clock import first_on_wall, in_milliseconds


def schedule(text: str, starts_on: str, zone: str = "Europe/Berlin") -> Schedule:
    read, start = rule.read(text), datetime.fromisoformat(starts_on)
    return Schedule(read, start, last_counted(read, start, Budget(CREATION_STEPS)), ZoneInfo(zone), frozenset())


def shown(asked: Schedule, most: int, after: str | None = None) -> list[str]:
    """What a clock of the zone shows, with its offset, at the first occurrences."""
    beyond = in_milliseconds(first_on_wall(datetime.fromisoformat(after) if after else asked.starts_on, asked.zone))
    found = islice(asked.after(beyond if after else beyond - 1, Budget(FIRING_STEPS)), most)
    return [datetime.fromtimestamp(at / 1000, asked.zone).isoformat(" ", "minutes") for at in found]


def test_a_time_that_is_skipped_fires_at_the_end_of_the_gap() -> None:
    assert shown(schedule("FREQ=DAILY", "2025-03-29 02:30"), 3) == [
        *("2025-03-29 02:30+01:00", "2025-03-30 03:00+02:00", "2025-03-31 02:30+02:00"),
    ]
    # Its start, too: the rule keeps to the wall.
    assert shown(schedule("FREQ=DAILY", "2025-03-30 02:30"), 2) == ["2025-03-30 03:00+02:00", "2025-03-31 02:30+02:00"]
    # Half an hour, on an island.
    assert shown(schedule("FREQ=DAILY;COUNT=2", "2025-10-04 02:15", "Australia/Lord_Howe"), 3) == [
        *("2025-10-04 02:15+10:30", "2025-10-05 02:30+11:00"),
    ]
    # A whole day.
    assert shown(schedule("FREQ=DAILY", "2011-12-29 08:00", "Pacific/Apia"), 3) == [
        *("2011-12-29 08:00-10:00", "2011-12-31 00:00+14:00", "2011-12-31 08:00+14:00"),
    ]


def test_a_time_that_comes_twice_fires_once() -> None:
    assert shown(schedule("FREQ=DAILY", "2025-10-25 02:30"), 3) == [
        *("2025-10-25 02:30+02:00", "2025-10-26 02:30+02:00", "2025-10-27 02:30+01:00"),
    ]
    assert shown(schedule("FREQ=HOURLY", "2025-10-26 01:30"), 3) == [
        *("2025-10-26 01:30+02:00", "2025-10-26 02:30+02:00", "2025-10-26 03:30+01:00"),
    ]
    # Looked for from within the second time.
    within = in_milliseconds(datetime.fromisoformat("2025-10-26 02:40:00+01:00"))
    assert next(schedule("FREQ=DAILY", "2025-10-25 02:50").after(within, Budget(FIRING_STEPS))) == in_milliseconds(
        datetime.fromisoformat("2025-10-27 02:50:00+01:00")
    )


def test_what_falls_on_one_moment_fires_once() -> None:
    assert shown(schedule("FREQ=MINUTELY", "2025-03-30 01:58"), 4) == [
        *("2025-03-30 01:58+01:00", "2025-03-30 01:59+01:00", "2025-03-30 03:00+02:00", "2025-03-30 03:01+02:00"),
    ]


def test_the_bounds_of_a_rule() -> None:
    for text in (
        *("COUNT=3", "UNTIL=20250103", "UNTIL=20250103T080000", "UNTIL=20250103T070000Z", "COUNT=3;BYHOUR=8"),
        "UNTIL=20250104T065959Z",
    ):
        found = shown(schedule(f"FREQ=DAILY;{text}", "2025-01-01 08:00"), 10)
        assert found == [f"2025-01-0{day} 08:00+01:00" for day in (1, 2, 3)], text
    assert shown(schedule("FREQ=DAILY;UNTIL=20250103T065959Z", "2025-01-01 08:00"), 10)[-1:] == [
        "2025-01-02 08:00+01:00"
    ]
    assert shown(schedule("FREQ=DAILY;COUNT=3", "2025-01-01 08:00"), 10, "2025-01-02 09:00") == [
        "2025-01-03 08:00+01:00"
    ]
    assert shown(schedule("FREQ=DAILY;COUNT=3", "2025-01-01 08:00"), 10, "2025-01-03 08:00") == []


def test_fractions_of_a_second_are_cut() -> None:
    found = list(schedule("FREQ=DAILY;COUNT=2", "2025-01-01 08:00:00.250").after(0, Budget(FIRING_STEPS)))
    assert found[0] == in_milliseconds(datetime.fromisoformat("2025-01-01 08:00:00+01:00"))
    assert found[1] - found[0] == 86_400_000


def test_what_is_excluded_counts() -> None:
    asked = schedule("FREQ=DAILY;COUNT=3", "2025-03-29 02:30")
    gap = in_milliseconds(datetime.fromisoformat("2025-03-30 01:00:00+00:00"))
    left_out = Schedule(asked.rule, asked.starts_on, asked.ends_on, asked.zone, frozenset({gap}))
    assert shown(left_out, 9) == ["2025-03-29 02:30+01:00", "2025-03-31 02:30+02:00"]


NEVER = [
    *("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
    *("FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"),
    *("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=7;BYDAY=SU"),
    *("FREQ=SECONDLY;INTERVAL=90;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=7"),
    *("FREQ=HOURLY;INTERVAL=24;BYHOUR=5", "FREQ=MINUTELY;INTERVAL=120;BYHOUR=5"),
    *("FREQ=MINUTELY;BYSECOND=0;BYSETPOS=2", "FREQ=DAILY;BYHOUR=8;BYSETPOS=-2", "FREQ=DAILY;UNTIL=20241231"),
    *("FREQ=DAILY;UNTIL=20250101T065959Z", "FREQ=HOURLY;BYMINUTE=0;BYSETPOS=2", "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2"),
]


@pytest.mark.parametrize("text", NEVER)
def test_a_rule_that_never_comes_is_known_soon(text: str) -> None:
    assert shown(schedule(text, "2025-01-01 08:00"), 1) == []


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2044-02-29 08:00+01:00", "2072-02-29 08:00+01:00"),
        ("FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2112-02-29 08:00+01:00", "2196-02-29 08:00+01:00"),
        ("FREQ=YEARLY;BYDAY=53TH", "2026-12-31 08:00+01:00", "2032-12-30 08:00+01:00"),
    ],
)
def test_a_rule_that_comes_once_in_a_lifetime(text: str, first: str, second: str) -> None:
    assert shown(schedule(text, "2025-01-01 08:00"), 2) == [first, second]
