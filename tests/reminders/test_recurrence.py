"""When a rule comes: by the wall, whatever the clocks do, the same wherever one begins to look, and soon found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from reminders import rule
from reminders.budget import CREATION_STEPS, FIRING_STEPS, Budget, BudgetExceeded, WorkStopped
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


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        # The set is that of the whole week, month or year; what is before the start is cut afterwards.
        (
            "FREQ=WEEKLY;BYDAY=WE,TH,FR;BYHOUR=18,19;BYMINUTE=0,30;BYSECOND=0;BYSETPOS=1,5,12",
            "2030-08-29 01:00",
            ["2030-08-29 18:00", "2030-08-30 19:30", "2030-09-04 18:00"],
        ),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "2030-03-10 08:00", ["2030-04-01 08:00", "2030-05-01 08:00"]),
        ("FREQ=YEARLY;BYMONTH=1,6,12;BYSETPOS=-1,2", "2030-07-05 08:00", ["2030-12-05 08:00", "2031-06-05 08:00"]),
        ("FREQ=DAILY;BYHOUR=8,12,20;BYMINUTE=0;BYSETPOS=-1", "2030-01-01 13:00", ["2030-01-01 20:00"]),
        ("FREQ=WEEKLY;WKST=SU;BYDAY=SU,SA;BYSETPOS=1", "2030-01-05 08:00", ["2030-01-06 08:00", "2030-01-13 08:00"]),
        # A week is of the year that has four of its days, with both ends of it, and 53 are in few years.
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "2030-06-01 08:00", ["2030-12-30 08:00", "2031-12-29 08:00"]),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU", "2030-06-01 08:00", ["2033-01-02 08:00", "2038-01-03 08:00"]),
        ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU", "2030-06-01 08:00", ["2030-12-29 08:00", "2031-12-28 08:00"]),
        ("FREQ=YEARLY;BYWEEKNO=1;WKST=SU;BYDAY=SA", "2030-06-01 08:00", ["2031-01-04 08:00", "2032-01-10 08:00"]),
        ("FREQ=YEARLY;BYWEEKNO=20", "2030-06-01 08:00", ["2031-05-17 08:00", "2032-05-15 08:00"]),
        ("FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1;BYDAY=TU", "2029-01-02 08:00", ["2029-01-02 08:00", "2030-12-31 08:00"]),
        # Weeks begin where WKST says, which an interval counts by.
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", "1997-08-05 09:00", ["1997-08-05 09:00", "1997-08-10 09:00"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05 09:00", ["1997-08-05 09:00", "1997-08-17 09:00"]),
        # An ordinal is of the month where there is a BYMONTH, else of the year.
        ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19 09:00", ["1997-05-19 09:00", "1998-05-18 09:00"]),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "2030-01-01 08:00", ["2030-03-31 08:00", "2031-03-30 08:00"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02 09:00", ["1998-02-13 09:00", "1998-03-13 09:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2030-01-31 08:00", ["2030-01-31 08:00", "2030-03-31 08:00"]),
        ("FREQ=YEARLY", "2028-02-29 08:00", ["2028-02-29 08:00", "2032-02-29 08:00"]),
        # The start counts where the rule gives it.
        ("FREQ=DAILY;BYHOUR=9;COUNT=1", "2030-01-01 08:00", ["2030-01-01 09:00"]),
        ("FREQ=SECONDLY;INTERVAL=7;BYSECOND=0", "2030-01-01 08:00", ["2030-01-01 08:00", "2030-01-01 08:07"]),
    ],
)
def test_what_a_rule_means(text: str, start: str, expected: list[str]) -> None:
    asked = schedule(text, start, "UTC")
    assert shown(asked, len(expected)) == [f"{one}+00:00" for one in expected]


def test_whole_days_are_excluded_by_the_clocks_of_the_zone() -> None:
    asked = schedule("FREQ=HOURLY;INTERVAL=8;COUNT=7", "2030-01-01 00:30")
    left_out = replace(asked, excluded_days=frozenset({date(2030, 1, 2)}))
    assert [time[:16] for time in shown(left_out, 9)] == [
        *("2030-01-01 00:30", "2030-01-01 08:30", "2030-01-01 16:30", "2030-01-03 00:30"),
    ]
    assert left_out.latest(moment_of("2030-01-02 23:00"), Budget(FIRING_STEPS)) == moment_of("2030-01-01 16:30")


def test_the_latest_occurrence() -> None:
    asked = schedule("FREQ=DAILY;UNTIL=20301231", "2030-01-01 08:00")
    for now, latest in (
        *(("2029-12-31 08:00", None), ("2030-01-01 07:59", None), ("2030-01-01 08:00", "2030-01-01 08:00")),
        *(("2030-06-01 07:59", "2030-05-31 08:00"), ("2090-01-01 00:00", "2030-12-31 08:00")),
    ):
        found = asked.latest(moment_of(now), Budget(FIRING_STEPS))
        assert found == (None if latest is None else moment_of(latest)), now
    # In the hour that comes twice what was shown the first time has been.
    within = in_milliseconds(datetime.fromisoformat("2025-10-26 02:10:00+01:00"))
    found = schedule("FREQ=DAILY", "2025-10-20 02:40").latest(within, Budget(FIRING_STEPS))
    assert found == in_milliseconds(datetime.fromisoformat("2025-10-26 02:40:00+02:00"))


def test_the_calendar_ends() -> None:
    asked = schedule("FREQ=DAILY", "9999-12-28 08:00", "America/New_York")
    assert [time[:10] for time in shown(asked, 9)] == ["9999-12-28", "9999-12-29", "9999-12-30"]


@pytest.mark.parametrize("interval", [1, 2, 7, 399])
@pytest.mark.parametrize(
    "parts",
    [
        "YEARLY;BYDAY=FR;BYSETPOS=2",
        "YEARLY;BYWEEKNO=52;BYDAY=FR;BYSETPOS=1",
        "YEARLY;BYWEEKNO=1;BYDAY=FR;BYSETPOS=1",
        "YEARLY;BYMONTH=12;BYMONTHDAY=30,31;BYSETPOS=-1",
        "YEARLY;BYYEARDAY=-1,-2;BYSETPOS=1",
        "MONTHLY;BYMONTH=12;BYDAY=TH,FR;BYSETPOS=-1",
        "MONTHLY;BYMONTHDAY=30,31;BYSETPOS=2",
        "WEEKLY;BYDAY=TH,FR,SA;BYSETPOS=2",
        "WEEKLY;WKST=TH;BYDAY=TH,FR,SA;BYSETPOS=-1",
        "DAILY;BYDAY=TH,FR",
        "HOURLY;BYDAY=TH,FR",
        "MINUTELY;BYMONTH=12;BYHOUR=23;BYMINUTE=59",
    ],
)
@pytest.mark.parametrize("start", ["9900-01-01 08:00", "9999-12-25 08:00", "9999-12-30 08:00"])
def test_every_search_ends_with_the_calendar(parts: str, interval: int, start: str) -> None:
    read, begins = rule.read(f"FREQ={parts};INTERVAL={interval};COUNT=100000"), datetime.fromisoformat(start)
    last = last_counted(read, begins, Budget(CREATION_STEPS))
    asked = Schedule(read, begins, last, ZoneInfo("UTC"), frozenset())
    moment = in_milliseconds(datetime(9999, 12, 30, 23, 59, tzinfo=UTC))
    latest = asked.latest(moment, Budget(CREATION_STEPS))
    assert latest is None or latest <= moment
    beyond = moment - 86_400_000 if latest is None else latest
    assert list(asked.after(beyond, Budget(CREATION_STEPS))) == []


def moment_of(wall: str) -> int:
    return in_milliseconds(first_on_wall(datetime.fromisoformat(wall), ZoneInfo("Europe/Berlin")))


FEW = 10_000  # steps, of which a server allows 50,000 when a reminder fires
# Rules that were made to be expensive, and the first time that each gives, if any.
EXPENSIVE = [
    (
        "FREQ=MINUTELY;INTERVAL=17;BYMONTH=11;BYMONTHDAY=27;BYDAY=FR;BYYEARDAY=331;BYHOUR=9;BYMINUTE=3",
        "2189-11-27 09:03",
    ),
    ("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=7;COUNT=100000", "2028-02-29 03:07"),
    ("FREQ=MINUTELY;INTERVAL=999999999", "2025-01-01 08:00"),
    ("FREQ=SECONDLY;INTERVAL=999999999", "2025-01-01 08:00"),
    ("FREQ=SECONDLY;INTERVAL=999999999;BYMONTH=2;BYMONTHDAY=29", None),
    ("FREQ=YEARLY;INTERVAL=8029", "2025-01-01 08:00"),
    ("FREQ=YEARLY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=29", "2032-02-29 08:00"),
    ("FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29", None),
    ("FREQ=DAILY;INTERVAL=999999;BYDAY=MO", None),
    ("FREQ=DAILY;INTERVAL=7;BYDAY=SU", None),
    ("FREQ=WEEKLY;INTERVAL=52;BYMONTH=7", "2148-07-31 08:00"),
    ("FREQ=HOURLY;INTERVAL=24;BYHOUR=5", None),
    ("FREQ=HOURLY;INTERVAL=25;BYHOUR=5;BYMONTH=2;BYMONTHDAY=29", "2080-02-29 05:00"),
    ("FREQ=MINUTELY;INTERVAL=1441;BYHOUR=5;BYMINUTE=7", "2028-06-22 05:07"),
    ("FREQ=MINUTELY;INTERVAL=1439;BYMONTH=1;BYDAY=SU;BYHOUR=23;BYMINUTE=59", "2109-01-20 23:59"),
    ("FREQ=SECONDLY;INTERVAL=86399;BYHOUR=3;BYMINUTE=7;BYSECOND=1", "2073-02-17 03:07"),
    ("FREQ=SECONDLY;INTERVAL=61;BYHOUR=3;BYMINUTE=7;BYSECOND=1;BYMONTH=2;BYMONTHDAY=29", "2420-02-29 03:07"),
    ("FREQ=SECONDLY;BYSECOND=3;BYMONTH=2;BYMONTHDAY=30", None),
    *((f"FREQ={freq};BYMONTH=2;BYMONTHDAY=30", None) for freq in ("YEARLY", "MONTHLY", "DAILY", "HOURLY", "MINUTELY")),
    ("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2,4,6,9,11", None),
    ("FREQ=YEARLY;BYYEARDAY=366;BYDAY=MO", "2040-12-31 08:00"),
    ("FREQ=HOURLY;BYYEARDAY=366;BYDAY=MO;BYHOUR=23", "2040-12-31 23:00"),
    ("FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1", None),
    ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTH=12;BYMONTHDAY=28", "2026-12-28 08:00"),
    ("FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", None),
    ("FREQ=YEARLY;BYDAY=53MO;BYYEARDAY=366", "2040-12-31 08:00"),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", None),
    ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3", None),
    ("FREQ=YEARLY;BYDAY=MO;BYSETPOS=54", None),
    ("FREQ=YEARLY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11;BYDAY=MO;BYSETPOS=366", "2025-08-04 05:00"),
    ("FREQ=DAILY;BYHOUR=8;BYSETPOS=2", None),
    ("FREQ=MINUTELY;BYSECOND=0;BYSETPOS=-2", None),
]


@pytest.mark.parametrize(("text", "first"), EXPENSIVE)
@pytest.mark.parametrize("start", ["2025-01-01 08:00", "1900-01-01 08:00", "2000-01-01 08:00"])
def test_a_search_takes_few_steps_wherever_it_begins(text: str, first: str | None, start: str) -> None:
    read = rule.read(text)
    asked = Schedule(read, datetime.fromisoformat(start), None, ZoneInfo("UTC"), frozenset())
    now = in_milliseconds(datetime.fromisoformat("2025-01-01 07:59:59+00:00"))
    forward = Budget(FEW)
    found = next(asked.after(now, forward), None)
    if start == "2025-01-01 08:00":
        assert (found and datetime.fromtimestamp(found / 1000, UTC).isoformat(" ", "minutes")[:16]) == first
    for moment in (now, in_milliseconds(datetime.fromisoformat("2060-01-01 00:00:00+00:00"))):
        back = Budget(FEW)
        latest = asked.latest(moment, back)
        assert latest is None or latest <= moment
        assert back.spent <= FEW
    assert 0 < forward.spent <= FEW


def test_count_is_worked_out_within_the_budget() -> None:
    for text in (
        "FREQ=DAILY",
        "FREQ=MINUTELY",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=7",
        "FREQ=YEARLY",
    ):
        budget = Budget(CREATION_STEPS)
        last_counted(rule.read(f"{text};COUNT=100000"), datetime(2025, 1, 1, 8), budget)
        assert budget.spent <= CREATION_STEPS * 0.7, text


def test_work_can_be_ended() -> None:
    stopped = Event()
    asked = schedule("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", "2025-01-01 08:00")
    stopped.set()
    with pytest.raises(WorkStopped):
        list(asked.after(0, Budget(FIRING_STEPS, stopped)))
    with pytest.raises(BudgetExceeded):
        list(schedule("FREQ=DAILY", "2025-01-01 08:00").after(0, Budget(FIRING_STEPS)))
