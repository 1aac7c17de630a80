"""Times on the wire: what is written is read back, and what a clock on the clinic's wall shows twice or never."""

from __future__ import annotations

import time
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store.clock import WireTime, system_clock
from tests.store.samples import NOW

ZONES: Final = [
    *("Asia/Shanghai", "UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Asia/Kolkata"),
    *("Pacific/Apia", "Africa/Monrovia", "America/St_Johns", "Asia/Kathmandu"),
]
# Where clocks were set forward or back: by an hour, half an hour, 44:30 minutes, a day.
TURNS: Final = [
    *(("Europe/Berlin", "2025-03-30"), ("Europe/Berlin", "2025-10-26")),
    *(("America/New_York", "2025-03-09"), ("America/New_York", "2025-11-02")),
    *(("Australia/Lord_Howe", "2025-10-05"), ("Australia/Lord_Howe", "2025-04-06")),
    *(("Asia/Pyongyang", "2015-08-15"), ("Asia/Pyongyang", "2018-05-05")),
    *(("Africa/Monrovia", "1972-01-07"), ("Pacific/Apia", "2011-12-30"), ("Pacific/Kwajalein", "1993-08-21")),
]
LAST: Final = 4_102_444_800_000  # 2100-01-01


def moment(zone: str, text: str) -> int:
    return WireTime(ZoneInfo(zone)).moment(text)


def utc(text: str) -> int:
    """The moment of a time in UTC, by the library alone."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@given(st.sampled_from(ZONES), st.integers(0, LAST))
@example("Europe/Berlin", utc("2025-10-26 01:30:00"))
def test_what_is_written_is_read_back(zone: str, at: int) -> None:
    wire = WireTime(ZoneInfo(zone))
    text = wire.text(at)
    read = wire.moment(text)
    assert wire.text(read) == text
    assert read <= at, "of two times with the same text it is the first"
    assert read % 1000 == 0


@given(st.lists(st.integers(0, LAST), max_size=8))
def test_a_text_does_not_depend_on_those_before(moments: list[int]) -> None:
    wire = WireTime(ZoneInfo("Asia/Shanghai"))
    for at in (moment for once in moments for moment in (once, once + 1, once)):
        assert wire.text(at) == WireTime(ZoneInfo("Asia/Shanghai")).text(at)


@given(st.integers(0, LAST), st.integers(-14 * 60, 14 * 60), st.sampled_from("T "))
def test_an_offset_names_one_moment_in_every_zone(at: int, minutes: int, between: str) -> None:
    local = datetime.fromtimestamp(at / 1000, UTC) + timedelta(minutes=minutes)
    sign, (hours, rest) = "+-"[minutes < 0], divmod(abs(minutes), 60)
    text = f"{local:%Y-%m-%d}{between}{local:%H:%M:%S}.{at % 1000:03}{sign}{hours:02}:{rest:02}"
    assert {moment(zone, text) for zone in ZONES} == {at}


@pytest.mark.parametrize(("zone", "day"), TURNS)
def test_every_time_on_the_wall_around_a_turn(zone: str, day: str) -> None:
    """Each is the first moment at which the wall shows it or, where it never does, something later."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=2)
    moments = [start + timedelta(seconds=30 * step) for step in range(4 * 2880)]
    walls = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in moments]
    shown = list(accumulate(walls, max))
    assert len(set(walls)) < len(walls) or walls[-1] - walls[0] != moments[-1] - moments[0], "there is a turn"
    wire = WireTime(ZoneInfo(zone))
    wall = walls[0]
    while wall <= shown[-1]:
        expected = moments[bisect_left(shown, wall)]
        assert wire.moment(str(wall)) == expected.timestamp() * 1000, wall
        wall += timedelta(minutes=5)


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [
        ("Europe/Berlin", "2025-03-30 02:00:00", "2025-03-30 03:00:00"),
        ("Europe/Berlin", "2025-03-30 02:30:00", "2025-03-30 03:00:00"),
        ("Europe/Berlin", "2025-03-30 02:59:59.999", "2025-03-30 03:00:00"),
        ("Australia/Lord_Howe", "2025-10-05 02:15:00", "2025-10-05 02:30:00"),
        ("Pacific/Apia", "2011-12-30 00:00:00", "2011-12-31 00:00:00"),
        ("Pacific/Apia", "2011-12-30 12:00:00", "2011-12-31 00:00:00"),
        ("Pacific/Apia", "2011-12-30 23:59:59", "2011-12-31 00:00:00"),
    ],
)
def test_a_time_that_is_skipped_is_the_end_of_the_gap(zone: str, text: str, expected: str) -> None:
    assert WireTime(ZoneInfo(zone)).text(moment(zone, text)) == expected


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [
        ("Europe/Berlin", "2025-10-26 02:30:00", "2025-10-26 00:30:00"),
        ("Australia/Lord_Howe", "2025-04-06 01:45:00", "2025-04-05 14:45:00"),
    ],
)
def test_a_time_that_comes_twice_is_the_first(zone: str, text: str, expected: str) -> None:
    assert moment(zone, text) == utc(expected)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        *(("2025-01-01 10:00:00", 0), ("2025-01-01T10:00:00", 0), ("2025-01-01 10:00", 0)),
        *(("2025-01-01 10:00:00.5", 500), ("2025-01-01 10:00:00.123456789", 123), ("2025-01-01 10:00:00.000999", 0)),
        *(("2025-01-01 02:00:00Z", 0), ("2025-01-01T02:00Z", 0), ("2025-01-01 10:00:00+08:00", 0)),
        *(("2025-01-01 10:00:00+0800", 0), ("2024-12-31 21:30:00-04:30", 0), ("2025-01-01T10:00:01+08:00", 1000)),
    ],
)
def test_forms_that_are_read(text: str, after: int) -> None:
    assert moment("Asia/Shanghai", text) == NOW + after


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "1735696800", "2025", "2025-01-01", "2025-01-01 10", "10:00:00", "01/02/2025 10:00:00"),
        *("2025-1-1 10:00:00", "2025-01-01 1:00:00", "20250101T100000", "2025-01-01T100000", "2025-W01-3T10:00:00"),
        *("2025-001T10:00:00", " 2025-01-01 10:00:00", "2025-01-01 10:00:00 ", "2025-01-01 10:00:00\n"),
        *("2025-01-01  10:00:00", "2025-01-01t10:00:00", "2025-01-01_10:00:00", "2025-01-01 10:00:00z"),
        *("2025-01-01 10:00:00 +08:00", "2025-01-01 10:00:00+8", "2025-01-01 10:00:00+08", "2025-01-01 10:00:00+08:"),
        *("2025-01-01 10:00:00.", "2025-01-01 10:00:00,5", "2025-01-01 10:00:00.1234567890", "2025-01-01 10:00.5"),
        *("2025-00-01 10:00:00", "2025-13-01 10:00:00", "2025-01-32 10:00:00", "2025-02-29 10:00:00"),
        *("2025-01-01 24:00:00", "2025-01-01 23:60:00", "2025-01-01 23:59:60", "2025-01-01 10:00:00+24:00"),
        *("2025-01-01 10:00:00+08:60", "2025-01-01 10:00:00+99:99", "2025-01-01 10:00:00+08:00:00"),
        *("２０２５-01-01 10:00:00", "٢٠٢٥-01-01 10:00:00", "2025−01−01 10:00:00"),
        *("0000-01-01 00:00:00", "0001-01-01 00:00:00", "1969-12-31 23:59:59Z", "1970-01-01 07:59:59"),
        *("9999-12-31 23:59:59Z", "9999-12-31 23:59:59", "10000-01-01 00:00:00"),
    ],
)
def test_forms_that_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        moment("Asia/Shanghai", text)


@given(st.text(alphabet="0123456789-: T.+Z", max_size=36))
def test_any_text_is_read_or_refused(text: str) -> None:
    for zone in ("Asia/Shanghai", "America/New_York"):
        try:
            at = moment(zone, text)
        except ValueError:
            continue
        assert WireTime(ZoneInfo(zone)).text(at)


def test_the_ends_of_time() -> None:
    assert moment("Asia/Shanghai", "1970-01-01 08:00:00") == 0
    for zone in ZONES:
        for text in ("0001-01-01 00:00:00", "9999-12-31 23:59:59", "9999-12-31 23:59:59-14:00"):
            with pytest.raises(ValueError, match=r"^"):
                moment(zone, text)
        wire = WireTime(ZoneInfo(zone))
        assert wire.text(wire.moment("9999-12-29 00:00:00")) == "9999-12-29 00:00:00"


def test_the_machines_clock_counts_milliseconds() -> None:
    before = time.time()
    assert before * 1000 - 1 <= system_clock() <= time.time() * 1000 + 1
