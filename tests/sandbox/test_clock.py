"""The clock of a sandbox: what is due on the way fires at its time, in order, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from consult.contract.fields import Advance, Until
from consult.contract.payloads import must_be
from tests.clients import Client, Clients
from tests.sandbox.conftest import ZONE, Sandbox
from tests.server import new_id, wait_until
from tests.torture.patches import patched

BERLIN: Final = ZoneInfo(ZONE)
FORM: Final = "%Y-%m-%d %H:%M:%S"


def moment(text: str) -> datetime:
    return datetime.strptime(text, FORM)


def next_day(sandbox: Sandbox) -> datetime:
    """Give the midnight after the sandbox's time."""
    return moment(sandbox.now()).replace(hour=0, minute=0, second=0) + timedelta(days=1)


def heard(client: Client) -> list[dict[str, Any]]:
    """Give every notification that the client was sent, in order."""
    client.round_trip()
    return [one.args[0] for one in client.events if one.event == "notification:new"]


def test_three_days_with_a_ladder_and_what_repeats(sandbox: Sandbox, clients: Clients) -> None:
    elder, daughter = new_id(), new_id()
    begin = next_day(sandbox)
    sandbox.make_reminder(elder, begin.strftime(FORM), rrule="FREQ=DAILY;BYHOUR=8,20", title="药")
    sandbox.make_reminder(
        elder,
        (begin + timedelta(days=1, hours=9)).strftime(FORM),
        title="血压",
        follow_up=[{"after": 600, "user_id": elder}, {"after": 1200, "user_id": daughter}],
        missed_after=3600,
    )
    clients_of = {}
    for user_id in (elder, daughter):
        clients_of[user_id] = clients.connect(to=sandbox)
        clients_of[user_id].bind(user_id)
    end = begin + timedelta(days=3)
    told = sandbox.move_to(end.strftime(FORM))
    assert moment(told["now"]) - end < timedelta(seconds=10)

    measure = begin + timedelta(days=1, hours=9)
    doses = [(begin + timedelta(days=day, hours=hour), "药") for day in range(3) for hour in (8, 20)]
    wanted = sorted([*doses, (measure, "血压"), (measure + timedelta(seconds=600), "血压")])
    for user_id, rings in ((elder, wanted), (daughter, [(measure + timedelta(seconds=1200), "血压")])):
        shown = heard(clients_of[user_id])
        assert [(moment(one["created_at"]), one["title"]) for one in shown] == rings
        assert [one["id"] for one in shown] == [one["id"] for one in sandbox.notifications(user_id, "after_id=0")]
    day = sandbox.http("GET", f"/api/users/{elder}/day?date={measure:%Y-%m-%d}").body
    assert {one["title"]: one["outcome"] for one in day["items"]} == {"药": "PENDING", "血压": "MISSED"}


def test_a_month_with_a_change_of_summer_time(sandbox: Sandbox) -> None:
    """By wall clock: 08:00 stays 08:00, and 02:30 of the night that skips it rings at the end of the gap."""
    year = moment(sandbox.now()).year + 1
    change = next(
        day for day in (datetime(year, 3, 31) - timedelta(days=back) for back in range(7)) if day.weekday() == 6
    )
    begin = datetime(year, 3, 1)
    while moment(sandbox.now()) < begin:
        sandbox.move_to(begin.strftime(FORM))
    user_id = new_id()
    sandbox.make_reminder(user_id, begin.strftime(FORM), rrule="FREQ=DAILY;BYHOUR=2;BYMINUTE=30", title="夜")
    sandbox.make_reminder(user_id, begin.strftime(FORM), rrule="FREQ=DAILY;BYHOUR=8", title="早")
    sandbox.move_to(datetime(year, 4, 1).strftime(FORM))
    rings = sandbox.notifications(user_id, "after_id=0&limit=200")
    wanted = []
    for day in (begin + timedelta(days=number) for number in range(31)):
        night = day.replace(hour=3) if day.date() == change.date() else day.replace(hour=2, minute=30)
        wanted += [(night.strftime(FORM), "夜"), (day.replace(hour=8).strftime(FORM), "早")]
    assert [(one["created_at"], one["title"]) for one in rings] == wanted


def test_a_time_that_comes_twice(start_sandbox: Callable[[], Sandbox]) -> None:
    """In the night in which summer time ends a move to 02:30 goes to the first, and the same move after that to the
    second: so the `to` of an answer can be sent again."""
    sandbox = start_sandbox()
    for one in sandbox.http("GET", "/api/reminders?limit=200").body["items"]:
        assert sandbox.http("DELETE", f"/api/reminders/{one['id']}").status == 200
    now = moment(sandbox.now())
    ends = [
        next(day for day in (datetime(year, 10, 31) - timedelta(days=back) for back in range(7)) if day.weekday() == 6)
        for year in (now.year, now.year + 1)
    ]
    change = next(day for day in ends if day > now)
    half_past = f"{change:%Y-%m-%d} 02:30:00"
    sandbox.ask("clock", {"to": half_past})
    passed = sandbox.ask("clock", {"advance": 1200})
    assert passed["now"][11:16] == "02:50"
    again = sandbox.ask("clock", {"to": half_past})
    assert again["now"][11:16] == "02:30"
    assert sandbox.ask("clock", {"advance": 1800})["now"][11:16] == "03:00"
    assert sandbox.http("POST", "/sandbox/clock", json={"to": half_past}).status == 400


def test_what_was_snoozed_and_what_quiet_hours_hold_back(sandbox: Sandbox) -> None:
    user_id, begin = new_id(), next_day(sandbox)
    quiet = {"from": "22:00", "to": "07:00"}
    assert sandbox.http("PUT", f"/api/users/{user_id}/quiet-hours", json=quiet).status == 200
    sandbox.make_reminder(user_id, (begin + timedelta(hours=6)).strftime(FORM), title="早")
    sandbox.make_reminder(user_id, (begin + timedelta(hours=12)).strftime(FORM), title="午")
    sandbox.move_to((begin + timedelta(hours=12, minutes=1)).strftime(FORM))
    first, second = sandbox.notifications(user_id, "after_id=0")
    assert first["created_at"] == (begin + timedelta(hours=7)).strftime(FORM)
    until = (begin + timedelta(hours=13)).strftime(FORM)
    assert sandbox.http("POST", f"/api/notifications/{second['id']}/snooze", json={"until": until}).status == 200
    sandbox.move_to((begin + timedelta(hours=14)).strftime(FORM))
    assert sandbox.notifications(user_id, "after_id=0")[-1]["created_at"] == until


def test_everything_goes_by_it(sandbox: Sandbox) -> None:
    before = moment(sandbox.now())
    told = sandbox.ask("clock", {"advance": 86_400})
    assert timedelta(days=1) <= moment(told["now"]) - before < timedelta(days=1, seconds=10)
    question_id = sandbox.open_question()
    asked = sandbox.http("GET", f"/api/questions/{question_id}").body
    assert moment(asked["created_at"]) - before >= timedelta(days=1)
    assert sandbox.http("GET", "/health").body["clock"]["state"] == "sound"
    # It goes on from there as real time does.
    later = moment(sandbox.now())
    wait_until(lambda: moment(sandbox.now()) > later, "the next second")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "advance 与 to 必须给出其中一个"),
        ({"advance": 1, "to": "2099-01-01"}, "advance 与 to 必须给出其中一个"),
        ({"advance": -1}, must_be("advance", Advance).message),
        ({"advance": 1.5}, must_be("advance", Advance).message),
        ({"advance": True}, must_be("advance", Advance).message),
        ({"advance": 366 * 86_400 + 1}, must_be("advance", Advance).message),
        ({"to": "tomorrow"}, must_be("to", Until).message),
        ({"to": "2001-01-01 00:00:00"}, must_be("to", Until).message),
        ({"to": "9999-12-29 00:00:00"}, must_be("to", Until).message),
    ],
)
def test_where_it_does_not_go(sandbox: Sandbox, body: dict[str, Any], text: str) -> None:
    before = moment(sandbox.now())
    answer = sandbox.http("POST", "/sandbox/clock", json=body)
    assert (answer.status, answer.body) == (400, {"code": "INVALID_PAYLOAD", "message": text})
    assert timedelta() <= moment(sandbox.now()) - before < timedelta(seconds=10)


def test_a_year_of_much_is_gone_through_in_bounded_steps(
    start_sandbox: Callable[[], Sandbox], clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.server.COMMAND", patched("short_walk"))
    sandbox = start_sandbox()
    user_id, begin = new_id(), next_day(sandbox)
    sandbox.make_reminder(user_id, begin.strftime(FORM), rrule="FREQ=HOURLY")
    started = time.monotonic()
    told = sandbox.ask("clock", {"advance": 365 * 86_400})
    assert time.monotonic() - started < 5
    assert told["reached"] is False
    assert moment(told["now"]) < moment(told["to"])
    # It lives on: clients are answered while it goes on.
    client = clients.connect(to=sandbox)
    client.bind(user_id)
    goal = (begin + timedelta(days=10)).strftime(FORM)
    while moment(sandbox.now()) < begin + timedelta(days=10):
        told = sandbox.ask("clock", {"to": goal})
    rings = [moment(one["created_at"]) for one in every_notification(sandbox, user_id)]
    assert rings == [begin + timedelta(hours=number) for number in range(10 * 24 + 1)]


def every_notification(sandbox: Sandbox, user_id: int) -> list[dict[str, Any]]:
    """Give all of a user's notifications, the oldest first, page by page."""
    found: list[dict[str, Any]] = []
    while page := sandbox.notifications(user_id, f"after_id={found[-1]['id'] if found else 0}&limit=200"):
        found += page
    return found


def test_two_at_once_wait_for_each_other(sandbox: Sandbox) -> None:
    before = moment(sandbox.now())
    with ThreadPoolExecutor(4) as threads:
        moved = list(threads.map(lambda _: sandbox.ask("clock", {"advance": 3600}), range(4)))
    assert all(one["reached"] for one in moved)
    assert timedelta(hours=4) <= moment(sandbox.now()) - before < timedelta(hours=4, seconds=20)


def test_the_start_is_the_real_time(start_sandbox: Callable[[], Sandbox]) -> None:
    sandbox = start_sandbox()
    real = datetime.now(UTC).astimezone(BERLIN).replace(tzinfo=None)
    assert abs(moment(sandbox.now()) - real) < timedelta(seconds=10)
