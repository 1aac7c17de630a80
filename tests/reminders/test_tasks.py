"""When a task is due: as it is made, changed, looked ahead in, and planned for when it is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from reminders import due, tasks
from reminders.budget import CREATION_STEPS, FIRING_STEPS, Budget
from reminders.tasks import ALL, LATEST, MOST_PAST, SKIP, NoOccurrence, Timing, TooManyPast
from store.clock import first_on_wall, in_milliseconds, on_wall
from store.reminders import ReminderTask
from tests.store.samples import NOW

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
SECOND: Final = 1000  # milliseconds
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


def timing(
    rrule: str | None = "FREQ=DAILY", start: int = NOW, zone: ZoneInfo = SHANGHAI, missed: str = LATEST
) -> Timing:
    return Timing(zone, start, on_wall(start, zone), rrule, (), missed)


def task(columns: dict[str, Any]) -> ReminderTask:
    """The task as it is stored, without what does not matter here."""
    whole = ReminderTask(1, 1001, "A", 1, "IN_APP", "药", None, columns["remind_at"], "PENDING", NOW)
    return replace(whole, **columns)


def next_at(asked: Timing, now: int) -> int:
    at: int = tasks.made(asked, now, Budget(CREATION_STEPS))["next_at"]
    return at


def test_a_start_that_is_to_come_is_the_first() -> None:
    for missed in (LATEST, ALL, SKIP):
        assert next_at(timing(start=NOW + HOUR, missed=missed), NOW) == NOW + HOUR
        assert next_at(timing("FREQ=DAILY;BYHOUR=8,20", start=NOW, missed=missed), NOW) == NOW + 10 * HOUR
    assert next_at(timing(None, start=NOW - DAY), NOW) == NOW - DAY


@pytest.mark.parametrize(
    ("rrule", "start", "latest", "coming"),
    [
        ("FREQ=DAILY", NOW - 3 * DAY - SECOND, NOW - SECOND, NOW + DAY - SECOND),
        ("FREQ=DAILY", NOW - 3 * DAY, NOW, NOW + DAY),
        ("FREQ=DAILY", NOW - SECOND, NOW - SECOND, NOW + DAY - SECOND),
        ("FREQ=MINUTELY", NOW - 20 * 365 * DAY, NOW, NOW + MINUTE),
        ("FREQ=DAILY;COUNT=2", NOW - 10 * DAY, NOW - 9 * DAY, None),
    ],
)
def test_a_start_that_is_past(rrule: str, start: int, latest: int, coming: int | None) -> None:
    assert next_at(timing(rrule, start), NOW) == latest
    if coming is None:
        with pytest.raises(NoOccurrence):
            tasks.made(timing(rrule, start, missed=SKIP), NOW, Budget(CREATION_STEPS))
    else:
        # What is due right now is not past yet.
        assert next_at(timing(rrule, start, missed=SKIP), NOW) == (NOW if latest == NOW else coming)
        assert tasks.rescheduled(timing(rrule, start), NOW, Budget(CREATION_STEPS))["next_at"] == coming


def test_all_that_is_past_is_not_without_end() -> None:
    start = NOW - (MOST_PAST - 1) * DAY
    assert next_at(timing(start=start, missed=ALL), NOW) == start
    with pytest.raises(TooManyPast):
        tasks.made(timing(start=start - DAY, missed=ALL), NOW, Budget(CREATION_STEPS))


def test_years_of_counting_cost_nothing_later() -> None:
    columns = tasks.made(timing("FREQ=DAILY;COUNT=4000"), NOW, Budget(CREATION_STEPS))
    assert columns["ends_on"] == (on_wall(NOW, SHANGHAI) + timedelta(days=3999)).isoformat()
    last = NOW + 3999 * DAY
    assert list(tasks.schedule_of(task(columns)).after(last - DAY, Budget(FIRING_STEPS))) == [last]


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYYEARDAY=-1;BYMONTH=6",
        "FREQ=HOURLY;BYYEARDAY=60;BYMONTHDAY=5",
    ],
)
def test_days_that_never_are(text: str) -> None:
    with pytest.raises(NoOccurrence):
        tasks.made(timing(text), NOW, Budget(CREATION_STEPS))


def test_another_zone_keeps_what_it_should() -> None:
    """A rule its time on the wall, what comes once its moment."""
    berlin = ZoneInfo("Europe/Berlin")
    assert timing().moved(berlin).starts_on == on_wall(NOW, SHANGHAI)
    assert timing(None).moved(berlin).starts_on == on_wall(NOW, berlin)
    moved = tasks.rescheduled(timing().moved(berlin), NOW - DAY, Budget(CREATION_STEPS))
    assert moved["remind_at"] == in_milliseconds(first_on_wall(on_wall(NOW, SHANGHAI), berlin))
    assert tasks.rescheduled(timing(None).moved(berlin), NOW, Budget(CREATION_STEPS))["remind_at"] == NOW


def test_what_is_stored_is_what_was_asked_for() -> None:
    start = datetime(2025, 3, 30, 2, 30)
    berlin = ZoneInfo("Europe/Berlin")
    moment = in_milliseconds(first_on_wall(start, berlin))
    asked = Timing(berlin, moment, start, "FREQ=DAILY;COUNT=3", (start + timedelta(days=1),), ALL)
    stored = task(tasks.made(asked, moment - DAY, Budget(CREATION_STEPS)))
    assert tasks.timing_of(stored, SHANGHAI) == asked
    assert tasks.coming(stored, SHANGHAI, moment, 5, Budget(CREATION_STEPS)) == (
        [moment, moment + 2 * DAY - 30 * MINUTE],
        False,
    )


def test_looking_ahead() -> None:
    stored = task(tasks.made(timing(), NOW, Budget(CREATION_STEPS)))
    assert tasks.coming(stored, SHANGHAI, NOW, 2, Budget(CREATION_STEPS)) == ([NOW, NOW + DAY], True)
    assert tasks.coming(replace(stored, status="CANCELLED"), SHANGHAI, NOW, 2, Budget(CREATION_STEPS)) == ([], False)
    plain = replace(stored, rrule=None, timezone=None)
    assert tasks.coming(plain, SHANGHAI, NOW, 2, Budget(CREATION_STEPS)) == ([NOW], False)
    seldom = task(tasks.made(timing("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"), NOW, Budget(CREATION_STEPS)))
    found, has_more = tasks.coming(seldom, SHANGHAI, NOW, 200, Budget(CREATION_STEPS))
    assert [on_wall(at, SHANGHAI).year for at in found] == [2044, 2072, 2112]
    assert not has_more, "beyond a hundred years nobody looks"


@pytest.mark.parametrize(
    ("missed", "now", "up_since", "outcomes"),
    [
        (LATEST, NOW, NOW, ["WRITTEN"]),
        (LATEST, NOW + 2 * DAY + 5, NOW, ["MISSED", "MISSED", "WRITTEN"]),
        (ALL, NOW + 2 * DAY + 5, NOW + 2 * DAY, ["WRITTEN"] * 3),
        (SKIP, NOW + 5, NOW - 5, ["WRITTEN"]),
        (SKIP, NOW + 5, NOW + 5, ["MISSED"]),
        (SKIP, NOW + MINUTE, NOW - DAY, ["WRITTEN"]),
        (SKIP, NOW + MINUTE + 1, NOW - DAY, ["MISSED"]),
        (SKIP, NOW + 2 * DAY, NOW + 2 * DAY, ["MISSED", "MISSED", "WRITTEN"]),
    ],
)
def test_what_becomes_of_those_that_are_late(missed: str, now: int, up_since: int, outcomes: list[str]) -> None:
    stored = task(tasks.made(timing(missed=missed), NOW, Budget(CREATION_STEPS)))
    plan = due.plan(stored, now, up_since, 500, Budget(FIRING_STEPS))
    moments = [(NOW + day * DAY, outcome) for day, outcome in enumerate(outcomes)]
    walls = [f"{on_wall(at, SHANGHAI).isoformat()}[Asia/Shanghai]" for at, _ in moments]
    assert plan.outcomes == [(wall, *moment) for wall, moment in zip(walls, moments, strict=True)]
    assert (plan.was_due, plan.next_at) == (NOW, NOW + len(outcomes) * DAY)
    paused = due.plan(replace(stored, paused=True), now, up_since, 500, Budget(FIRING_STEPS))
    assert {outcome for _, _, outcome in paused.outcomes} == {"PAUSED"}


def test_a_plan_has_its_bound() -> None:
    """What is left for later is not the latest yet."""
    stored = task(tasks.made(timing("FREQ=MINUTELY;COUNT=10"), NOW, Budget(CREATION_STEPS)))
    now = NOW + DAY
    first = due.plan(stored, now, NOW, 4, Budget(FIRING_STEPS))
    assert [outcome for _, _, outcome in first.outcomes] == ["MISSED"] * 4
    assert first.next_at == NOW + 4 * MINUTE
    rest = due.plan(replace(stored, next_at=first.next_at, next_on=first.next_on), now, NOW, 500, Budget(FIRING_STEPS))
    assert [outcome for _, _, outcome in rest.outcomes] == [*["MISSED"] * 5, "WRITTEN"]
    assert rest.next_at is None
