"""Times in requests and answers, in a clinic's zone that has daylight saving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.clients import Clients
from tests.conftest import StartServer
from tests.server import Server, in_seconds, new_id, reminder, wait_until
from tests.store.file import rows

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def server_arguments() -> Sequence[str]:
    return ("--timezone", "Europe/Berlin")


def accepted(server: Server, remind_at: str) -> str:
    """Give the time that a reminder made for `remind_at` shows."""
    shown = server.make_reminder(new_id(), remind_at)["remind_at"]
    assert isinstance(shown, str)
    return shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2030-01-01 10:00:00", "2030-01-01 10:00:00"),
        ("2030-01-01T10:00:00", "2030-01-01 10:00:00"),
        ("2030-07-01 10:00:00", "2030-07-01 10:00:00"),
        ("2030-01-01 10:00:00.25", "2030-01-01 10:00:00"),
        ("2030-01-01T10:00:00.250", "2030-01-01 10:00:00"),
        ("2030-01-01T10:00:00.123456", "2030-01-01 10:00:00"),
        ("2030-01-01T10:00:00Z", "2030-01-01 11:00:00"),
        ("2030-07-01T10:00:00Z", "2030-07-01 12:00:00"),
        ("2030-01-01T10:00:00.5Z", "2030-01-01 11:00:00"),
        ("2030-01-01T10:00:00+00:00", "2030-01-01 11:00:00"),
        ("2030-01-01T10:00:00+08:00", "2030-01-01 03:00:00"),
        ("2030-01-01T10:00:00-03:30", "2030-01-01 14:30:00"),
        ("2029-12-31T23:30:00Z", "2030-01-01 00:30:00"),
        ("2032-02-29 12:00:00", "2032-02-29 12:00:00"),
    ],
)
def test_formats(server: Server, given: str, shown: str) -> None:
    assert accepted(server, given) == shown


@pytest.mark.parametrize(
    "given",
    [
        *("2030-01-01", "10:00:00", "2030-01-01 10", "2030-02-29 10:00:00", "2030-01-32 10:00:00", "2030-1-1 10:00:00"),
        *("2030-01-01 24:00:01", "2030-01-01 10:60:00", "2030-01-01 10:00:61", "2030/01/01 10:00:00", "now", "1e9"),
        *("2030-01-01 10:00:00 Europe/Berlin", "2030-01-01T10:00:00+99:00", "0000-01-01 00:00:00", "+2030-01-01"),
        *("2030-W01-1T10:00:00", "20300101T100000", "2030-01-01\t10:00:00", "2030-01-01_10:00:00"),
    ],
)
def test_what_is_no_time(server: Server, given: str) -> None:
    answer = server.http("POST", "/api/reminders", json=reminder(new_id(), given))
    assert answer.status == 400
    assert answer.body == {"code": "INVALID_PAYLOAD", "message": "remind_at 必须为有效时间"}


@pytest.mark.parametrize(
    "given",
    [
        *("0001-01-01 00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31 23:59:59", "9999-12-31T23:59:59-12:00"),
        *("1969-12-31 23:59:59", "2262-04-12 00:00:00"),
    ],
)
def test_the_ends_of_time_are_no_fault_of_the_server(server: Server, given: str) -> None:
    answer = server.http("POST", "/api/reminders", json=reminder(new_id(), given))
    assert answer.status in (201, 400), answer
    if answer.status == 400:
        assert answer.body == {"code": "INVALID_PAYLOAD", "message": "remind_at 必须为有效时间"}


@pytest.mark.parametrize("local", ["02:00:00", "02:30:00", "02:59:59.999"])
def test_a_skipped_local_time_means_the_end_of_the_gap(server: Server, local: str) -> None:
    assert accepted(server, f"2030-03-31 {local}") == "2030-03-31 03:00:00"


def test_the_edges_of_the_gap(server: Server) -> None:
    assert accepted(server, "2030-03-31 01:59:59") == "2030-03-31 01:59:59"
    assert accepted(server, "2030-03-31 03:00:00") == "2030-03-31 03:00:00"
    assert accepted(server, "2030-03-31T01:30:00Z") == "2030-03-31 03:30:00"


def test_a_local_time_that_comes_twice_means_the_first(start_server: StartServer) -> None:
    """Both are shown alike in the clinic's zone; the file tells them apart."""
    server = start_server(env={"CARELINE_TIMEZONE": "Europe/Berlin"})
    local = server.make_reminder(new_id(), "2030-10-27 02:30:00")
    first = server.make_reminder(new_id(), "2030-10-27T02:30:00+02:00")
    second = server.make_reminder(new_id(), "2030-10-27T02:30:00+01:00")
    gap = server.make_reminder(new_id(), "2030-03-31 02:30:00")
    assert {task["remind_at"] for task in (local, first, second)} == {"2030-10-27 02:30:00"}
    instants = dict(rows(server.database, "SELECT id, datetime(remind_at / 1000, 'unixepoch') FROM reminder_task"))
    assert instants[local["id"]] == instants[first["id"]] == "2030-10-27 00:30:00"
    assert instants[second["id"]] == "2030-10-27 01:30:00"
    assert instants[gap["id"]] == "2030-03-31 01:00:00"


def near_now(shown: str) -> bool:
    """Tell whether a time as answered, in the zone of this module's server, is now to within 20 s."""
    moment = datetime.strptime(shown, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BERLIN)
    return abs((moment.astimezone(UTC) - datetime.now(UTC)).total_seconds()) < 20


def test_every_time_given_is_in_the_clinics_zone(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    question = server.http("GET", f"/api/questions/{question_id}").body
    message = clients.connect().send(question_id)
    user_id = new_id()
    task = server.make_reminder(user_id, in_seconds(-1))
    wait_until(lambda: server.notifications(user_id), "the notification")
    notification = server.notifications(user_id)[0]
    read = server.http("POST", f"/api/notifications/{notification['id']}/read").body
    for shown in (
        question["created_at"],
        message["sent_at"],
        task["created_at"],
        task["remind_at"],
        notification["created_at"],
        read["read_at"],
    ):
        assert near_now(shown), shown


def test_the_zone_is_logged_at_start(server: Server) -> None:
    assert "Europe/Berlin" in server.stderr()
