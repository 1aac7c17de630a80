"""Reminders that repeat, as a clinic meets them: made, looked ahead in, changed, paused, missed, and told of."""

from __future__ import annotations

import struct
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tzlocal.windows_tz import win_tz

from consult.contract import fields
from consult.contract.rule_parts import part_text
from tests.clients import Clients
from tests.conftest import StartServer
from tests.json_text import encode
from tests.protocol.answers import NOT_FOUND, check_fault
from tests.server import Server, in_seconds, new_id, wait_until

PLAIN: Final = [
    *("id", "user_id", "biz_type", "biz_id", "channel", "title", "content", "remind_at", "status", "created_at"),
]
ADDED: Final = ["rrule", "exdates", "timezone", "missed", "paused", "next_at"]
NOT_PENDING: Final = "提醒任务已触发或已取消，无法修改"


def change_to_due(server: Server, task: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Change a task that may be changed so that it may fire before anybody looks, and give the answer."""
    answer = server.http("PATCH", f"/api/reminders/{task['id']}", json=changes)
    assert answer.status == 200, answer
    changed: dict[str, Any] = answer.body
    return changed


def change(server: Server, task: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Change a task that may be changed, and give it as it then is."""
    changed = change_to_due(server, task, **changes)
    assert server.http("GET", f"/api/reminders/{task['id']}").body == changed
    return changed


def coming(server: Server, task: dict[str, Any], limit: int = 3) -> list[str]:
    """Give when a task is due next."""
    answer = server.http("GET", f"/api/reminders/{task['id']}/occurrences?limit={limit}")
    assert answer.status == 200, answer
    return [item["planned_at"] for item in answer.body["items"]]


def happened(server: Server, task: dict[str, Any]) -> list[str]:
    """Give what a task's history tells."""
    return [entry["what"] for entry in server.http("GET", f"/api/reminders/{task['id']}/history").body["items"]]


def test_what_asks_for_nothing_new_is_answered_as_before(server: Server) -> None:
    task = server.make_reminder(new_id(), in_seconds(3600))
    assert list(task) == PLAIN
    assert list(change(server, task, title="新的", content="内容", remind_at="2031-01-01 10:00:00")) == PLAIN
    assert list(change(server, task, paused=True)) == PLAIN + ADDED
    assert list(server.make_reminder(new_id(), in_seconds(3600), timezone="UTC")) == PLAIN + ADDED
    assert list(server.make_reminder(new_id(), in_seconds(3600), rrule=None, exdates=None, missed=None)) == PLAIN


def test_a_rule_is_expanded_by_the_clocks_of_its_zone(server: Server) -> None:
    """The clinic is in Shanghai, the patient in Berlin, where the clocks change on the 28th of March 2027."""
    given = {"rrule": "FREQ=DAILY;COUNT=4", "timezone": "Europe/Berlin", "exdates": ["2027-03-29T02:30:00+02:00"]}
    task = server.make_reminder(new_id(), "2027-03-27T02:30:00+01:00", **given)
    assert [task[key] for key in ADDED] == [
        *("FREQ=DAILY;COUNT=4", ["2027-03-29 08:30:00"], "Europe/Berlin", "latest", False, "2027-03-27 09:30:00"),
    ]
    assert task["remind_at"] == "2027-03-27 09:30:00"
    # The 28th has no half past two; the 29th is left out.
    assert coming(server, task) == ["2027-03-27 09:30:00", "2027-03-28 09:00:00", "2027-03-30 08:30:00"]


def test_the_wall_of_the_clinic_itself(start_server: StartServer) -> None:
    server = start_server("--timezone", "America/New_York")
    task = server.make_reminder(new_id(), "2027-03-14 02:30:00", rrule="FREQ=DAILY;COUNT=2")
    assert task["timezone"] == "America/New_York"
    assert coming(server, task) == ["2027-03-14 03:00:00", "2027-03-15 02:30:00"]


def test_what_is_coming(server: Server) -> None:
    task = server.make_reminder(new_id(), "2030-01-01 08:00:00", rrule="FREQ=DAILY;COUNT=3")
    path = f"/api/reminders/{task['id']}/occurrences"
    assert server.http("GET", f"{path}?limit=2").body == {
        "items": [{"planned_at": "2030-01-01 08:00:00"}, {"planned_at": "2030-01-02 08:00:00"}],
        "has_more": True,
    }
    assert server.http("GET", path).body["has_more"] is False
    once = server.make_reminder(new_id(), "2030-01-01 08:00:00")
    assert coming(server, once) == ["2030-01-01 08:00:00"]
    server.http("DELETE", f"/api/reminders/{once['id']}")
    assert coming(server, once) == []
    for path in ("/api/reminders/999999/occurrences", "/api/reminders/999999/history"):
        assert (server.http("GET", path).status, server.http("GET", path).body) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"rrule": "DAILY"}, "rrule 必须为 RFC 5545 的重复规则（不超过 500 个字符）"),
        ({"rrule": "FREQ=SOMETIMES"}, part_text("FREQ")),
        ({"rrule": "FREQ=DAILY;INTERVAL=x"}, part_text("INTERVAL")),
        ({"rrule": "FREQ=WEEKLY;INTERVAL=999999999;BYDAY=FR;BYHOUR=9;BYMINUTE=12,13"}, part_text("INTERVAL")),
        ({"rrule": "FREQ=DAILY;BYYEARDAY=1"}, part_text("BYYEARDAY")),
        ({"rrule": "DTSTART:20310101T080000\nRRULE:FREQ=DAILY"}, "rrule 的 DTSTART 必须为与 remind_at 相同的时间"),
        ({"rrule": "DTSTART;TZID=Europe/Berlin:20300101T080000\nFREQ=DAILY"}, part_text("DTSTART")),
        ({"rrule": "RRULE:FREQ=DAILY\nEXDATE:20310101T080000"}, "rrule 不支持 EXDATE"),
        ({"rrule": "FREQ=DAILY;RSCALE=CHINESE"}, "rrule 不支持 RSCALE"),
        ({"rrule": "FREQ=DAILY;INTERVAL=2;BYDAY=MO;COUNT=100000"}, "rrule 必须为不超过 200000 步即可算出的规则"),
        ({"rrule": "FREQ=DAILY", "exdates": ["2030-02-30"]}, "exdates[0] 必须为有效时间"),
        ({"rrule": "FREQ=DAILY", "timezone": "China Standard"}, "timezone 必须为 IANA 时区，例如 Asia/Shanghai"),
        ({"rrule": "FREQ=SECONDLY"}, "rrule 必须为每分钟至多一次的规则"),
        ({"rrule": "FREQ=MINUTELY;BYSECOND=0,30"}, "rrule 必须为每分钟至多一次的规则"),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rrule 必须为至少会触发一次的规则"),
        ({"rrule": "FREQ=DAILY;UNTIL=20200101"}, "rrule 必须为至少会触发一次的规则"),
        ({"rrule": "FREQ=DAILY;COUNT=1", "exdates": ["2030-01-01 08:00"]}, "rrule 必须为至少会触发一次的规则"),
        ({"rrule": "FREQ=DAILY", "exdates": ["2030-01-01 08:00", "nie"]}, "exdates[1] 必须为有效时间"),
        ({"rrule": "FREQ=DAILY", "timezone": "Europa/Berlin"}, "timezone 必须为 IANA 时区，例如 Asia/Shanghai"),
        ({"exdates": ["2030-01-01 08:00"]}, "exdates 必须与 rrule 一起使用"),
        ({"rrule": "FREQ=DAILY", "missed": "never"}, "missed 必须为 latest、all 或 skip"),
    ],
)
def test_what_is_refused(server: Server, given: dict[str, Any], text: str) -> None:
    user_id = new_id()
    body = {"user_id": user_id, "biz_type": "A", "biz_id": 1, "channel": "IN_APP", "title": "药", **given}
    check_fault(server.http("POST", "/api/reminders", json={**body, "remind_at": "2030-01-01 08:00:00"}), 400, text)
    assert server.http("GET", f"/api/reminders?user_id={user_id}").body["items"] == []
    task = server.make_reminder(user_id, "2030-01-01 08:00:00")
    check_fault(server.http("PATCH", f"/api/reminders/{task['id']}", json=given), 400, text)
    assert server.http("GET", f"/api/reminders/{task['id']}").body == task


# What Google, Outlook, rrule.js and others write for every day at 08:00, from 2030-01-01 in Shanghai.
FROM_CALENDARS: Final = [
    *("FREQ=DAILY;", "RRULE:FREQ=DAILY", "rrule:freq=daily;interval=01", "FREQ=DAILY;INTERVAL=1;WKST=SU;"),
    *("DTSTART:20300101T080000\nRRULE:FREQ=DAILY", "DTSTART:20300101T000000Z\r\nRRULE:FREQ=DAILY\r\n"),
    "DTSTART;TZID=Asia/Shanghai:20300101T080000\nFREQ=DAILY",
    "DTSTART;TZID=China Standard Time:20300101T080000\nRRULE:FREQ=DAILY",
    "DTSTART:20300101T080000Z\nRRULE:FREQ=DAILY",  # rrule.js, for which local times end in Z
    "RRULE:FREQ=DA\r\n ILY;BYHOUR=8;BYMINUTE\n\t=0",
]


@pytest.mark.parametrize("text", FROM_CALENDARS)
def test_what_calendars_write_is_read(server: Server, text: str) -> None:
    given = {"timezone": "China Standard Time", "exdates": ["2030-01-02", "20300104", "20300105T000000Z"]}
    task = server.make_reminder(new_id(), "2030-01-01T00:00:00.123Z", rrule=text, **given)
    assert coming(server, task) == ["2030-01-01 08:00:00", "2030-01-03 08:00:00", "2030-01-06 08:00:00"]
    assert task["timezone"] == "Asia/Shanghai"
    assert task["rrule"].startswith("FREQ=DAILY")
    assert task["exdates"][:2] == ["2030-01-02", "2030-01-04"]
    assert change(server, task, rrule=text)["rrule"] == task["rrule"]


def test_every_zone_of_windows_may_be_named() -> None:
    for name, zone in win_tz.items():
        assert msgspec.convert(name, fields.Zone) == name
        assert ZoneInfo(zone).key == zone


def test_seconds_are_the_grain(server: Server) -> None:
    task = server.make_reminder(
        new_id(), "2030-01-01 08:00:00.123", rrule="FREQ=DAILY", exdates=["2030-01-02 08:00:00"]
    )
    assert coming(server, task) == ["2030-01-01 08:00:00", "2030-01-03 08:00:00", "2030-01-04 08:00:00"]
    excluded = change(server, task, remind_at="2030-01-01 08:00:00.999", exdates=["2030-01-03 08:00:00.500"])
    assert coming(server, excluded) == ["2030-01-01 08:00:00", "2030-01-02 08:00:00", "2030-01-04 08:00:00"]


def test_too_many_at_once(server: Server) -> None:
    body = {"user_id": 1, "biz_type": "A", "biz_id": 1, "channel": "IN_APP", "title": "药", "missed": "all"}
    answer = server.http(
        "POST", "/api/reminders", json={**body, "remind_at": "2001-01-01 00:00", "rrule": "FREQ=HOURLY"}
    )
    check_fault(answer, 400, "remind_at 必须为较近的时间（missed 为 all 时，已过去的触发不超过 100 次）")


@pytest.mark.parametrize(("missed", "fired"), [(None, [2]), ("latest", [2]), ("all", [0, 1, 2]), ("skip", [])])
def test_a_start_that_is_past(server: Server, missed: str | None, fired: list[int]) -> None:
    user_id = new_id()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2, minutes=1)
    given = {"rrule": "FREQ=DAILY", **({"missed": missed} if missed else {})}
    task = server.make_reminder(user_id, start.isoformat(), **given)
    wait_until(lambda: len(server.notifications(user_id)) == len(fired), "the notifications")
    local = start.astimezone(ZoneInfo("Asia/Shanghai"))
    shown = [f"{local + timedelta(days=day):%Y-%m-%d %H:%M:%S}" for day in range(5)]
    assert wait_until(lambda: coming(server, task, 2)[0] == shown[3], "the next")
    entries = server.http("GET", f"/api/reminders/{task['id']}/history").body["items"]
    written = [entry["detail"]["planned_at"] for entry in entries if entry["what"] == "written"]
    assert written == [shown[place] for place in fired]
    assert server.http("GET", f"/api/reminders/{task['id']}").body["status"] == "PENDING"


def test_each_occurrence_reaches_the_user_as_any_notification_does(server: Server, clients: Clients) -> None:
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    start = (datetime.now(UTC) - timedelta(days=2)).replace(microsecond=0)
    task = server.make_reminder(user_id, start.isoformat(), rrule="FREQ=DAILY;COUNT=3", missed="all")
    came = [client.expect("notification:new") for _ in range(3)]
    assert [list(one) for one in came] == [
        ["id", "biz_type", "biz_id", "title", "content", "status", "created_at", "read_at"]
    ] * 3
    client.nothing("notification:new")
    assert wait_until(
        lambda: server.http("GET", f"/api/reminders/{task['id']}").body["status"] == "DISPATCHED", "its end"
    )
    assert coming(server, task) == []
    answer = server.http("PATCH", f"/api/reminders/{task['id']}", json={"title": "晚了"})
    check_fault(answer, 409, NOT_PENDING)


def test_what_came_due_while_the_server_was_down(start_server: StartServer) -> None:
    server = start_server()
    user_id = new_id()
    # In whole seconds, which are the grain of a rule.
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    tasks = {
        missed: server.make_reminder(user_id, start.isoformat(), rrule="FREQ=DAILY", missed=missed, title=missed)
        for missed in ("latest", "all", "skip")
    }
    tasks["once"] = server.make_reminder(user_id, start.isoformat(), missed="skip", title="once")
    server.kill()
    time.sleep(max(0.0, start.timestamp() - time.time() + 0.1))
    server.start()
    for name, task in tasks.items():
        wait_until(lambda task=task: "due" in happened(server, task), "what became of it")  # type: ignore[misc]
        assert happened(server, task) == ["created", "due", "skipped" if name == "skip" else "written"]
    assert sorted(one["title"] for one in server.notifications(user_id)) == ["all", "latest", "once"]
    skipped = server.http("GET", f"/api/reminders/{tasks['skip']['id']}/history").body["items"][-1]
    assert skipped["detail"]["outcome"] == "MISSED"


def test_changes(server: Server) -> None:
    task = server.make_reminder(new_id(), "2030-01-01 08:00:00", rrule="FREQ=DAILY;BYHOUR=8,20")
    assert coming(server, task, 2) == ["2030-01-01 08:00:00", "2030-01-01 20:00:00"]
    changed = change(server, task, title="新的", rrule="FREQ=WEEKLY;COUNT=2", missed="all")
    assert (changed["title"], changed["rrule"], changed["missed"]) == ("新的", "FREQ=WEEKLY;COUNT=2", "all")
    assert coming(server, task) == ["2030-01-01 08:00:00", "2030-01-08 08:00:00"]
    assert change(server, task, remind_at="2031-01-01 09:00:00")["remind_at"] == "2031-01-01 09:00:00"
    assert coming(server, task) == ["2031-01-01 09:00:00", "2031-01-08 09:00:00"]
    # He travels: nine o'clock stays nine o'clock.
    changed = change(server, task, timezone="Europe/Berlin")
    assert (changed["remind_at"], changed["timezone"]) == ("2031-01-01 16:00:00", "Europe/Berlin")
    assert coming(server, task) == ["2031-01-01 16:00:00", "2031-01-08 16:00:00"]
    assert change(server, task, exdates=["2031-01-01 16:00:00"])["exdates"] == ["2031-01-01 16:00:00"]
    assert coming(server, task) == ["2031-01-08 16:00:00"]
    assert change(server, task, exdates=[])["exdates"] == []
    assert change(server, task) == change(server, task, unknown=1)
    assert happened(server, task) == ["created", *["changed"] * 5]
    once = server.make_reminder(new_id(), "2030-01-01 08:00:00")
    assert change(server, once, timezone="Europe/Berlin")["remind_at"] == "2030-01-01 08:00:00"
    assert change(server, once, rrule="FREQ=DAILY")["next_at"] == "2030-01-01 08:00:00"
    server.http("DELETE", f"/api/reminders/{once['id']}")
    check_fault(server.http("PATCH", f"/api/reminders/{once['id']}", json={"title": "晚了"}), 409, NOT_PENDING)
    assert server.http("PATCH", "/api/reminders/999999", json={"title": "无"}).status == 404


def test_a_past_time_given_later_fires_at_once(server: Server) -> None:
    user_id = new_id()
    task = server.make_reminder(user_id, in_seconds(3600))
    change_to_due(server, task, remind_at=in_seconds(-60))
    wait_until(lambda: server.notifications(user_id), "the notification")


def test_a_change_fires_nothing_that_is_past(server: Server) -> None:
    user_id = new_id()
    task = server.make_reminder(user_id, in_seconds(3600), rrule="FREQ=DAILY")
    changed = change(server, task, remind_at=in_seconds(-3 * 86_400 - 60), missed="all")
    assert datetime.fromisoformat(f"{changed['next_at']}+08:00") > datetime.now(UTC)
    assert server.notifications(user_id) == []


def test_a_pause(server: Server) -> None:
    user_id, other = new_id(), new_id()
    task = server.make_reminder(user_id, in_seconds(3600), rrule="FREQ=DAILY")
    once = server.make_reminder(other, in_seconds(3600))
    # Paused with the change that lets them come due: a slow machine cannot let them ring before.
    assert [change(server, one, paused=True, remind_at=in_seconds(2))["paused"] for one in (once, task)] == [True, True]
    assert server.http("GET", f"/api/reminders/{once['id']}").body["next_at"] is None
    wait_until(lambda: "skipped" in happened(server, task), "what became of it")
    assert server.notifications(user_id) == server.notifications(other) == []
    assert happened(server, task) == ["created", "changed", "due", "skipped"]
    change(server, task, paused=False)
    assert server.notifications(user_id) == []
    assert len(coming(server, task)) == 3
    # What comes once is not lost over it.
    change_to_due(server, once, paused=False)
    wait_until(lambda: server.notifications(other), "the notification")


def test_a_cancelled_one(server: Server) -> None:
    user_id = new_id()
    task = server.make_reminder(user_id, "2030-01-01 08:00:00", rrule="FREQ=DAILY")
    answer = server.http("DELETE", f"/api/reminders/{task['id']}")
    assert (answer.status, answer.body["status"], answer.body["next_at"]) == (200, "CANCELLED", None)
    assert server.http("DELETE", f"/api/reminders/{task['id']}").body == answer.body
    (created, cancelled) = server.http("GET", f"/api/reminders/{task['id']}/history").body["items"]
    assert list(cancelled) == ["id", "at", "what", "by", "task_id", "notification_id", "detail"]
    assert (created["what"], created["by"]) == ("created", "API")
    assert (cancelled["what"], cancelled["by"]) == ("cancelled", "API")
    assert cancelled["detail"] == {"planned_at": "2030-01-01 08:00:00"}


def test_pages_of_a_history(server: Server) -> None:
    task = server.make_reminder(new_id(), "2030-01-01 08:00:00", rrule="FREQ=DAILY")
    for number in range(6):
        change(server, task, title=f"第 {number} 次")
    path = f"/api/reminders/{task['id']}/history"
    latest = server.http("GET", f"{path}?limit=3").body
    assert ([entry["id"] for entry in latest["items"]], latest["has_more"]) == ([5, 6, 7], True)
    assert [entry["detail"] for entry in latest["items"]] == [{"title": f"第 {number} 次"} for number in (3, 4, 5)]
    earlier = server.http("GET", f"{path}?limit=3&before_id=5").body
    assert ([entry["id"] for entry in earlier["items"]], earlier["has_more"]) == ([2, 3, 4], True)
    first = server.http("GET", f"{path}?before_id=2").body
    assert ([entry["what"] for entry in first["items"]], first["has_more"]) == (["created"], False)


def test_a_hostile_rule_delays_no_other_client(server: Server, clients: Clients) -> None:
    """While one is looked into for as long as it takes, others are answered at once."""
    client = clients.connect()
    body = {"user_id": 1, "biz_type": "A", "biz_id": 1, "channel": "IN_APP", "title": "药"}
    hostile = {**body, "remind_at": "2030-01-01 08:00:00", "rrule": "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30"}
    with closing(server.http_line()) as line:
        line.request("POST", "/api/reminders", encode(hostile), {"Content-Type": "application/json"})
        for _ in range(20):
            client.round_trip()
        assert line.getresponse().status == 400


# Each made to take a worker's time: the first of them ended in an overflow, the others took seconds to minutes.
EXPENSIVE: Final = [
    ("FREQ=WEEKLY;INTERVAL=999999999;BYDAY=FR;BYHOUR=9;BYMINUTE=12,13", 400),
    ("FREQ=MINUTELY;INTERVAL=999999999", 201),
    ("FREQ=MINUTELY;INTERVAL=17;BYMONTH=11;BYMONTHDAY=27;BYDAY=FR;BYYEARDAY=331;BYHOUR=9;BYMINUTE=3", 201),
    ("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=7;COUNT=100000", 201),
    ("FREQ=SECONDLY;INTERVAL=86399;BYHOUR=3;BYMINUTE=7;BYSECOND=1", 201),
]


@pytest.mark.parametrize(("text", "status"), EXPENSIVE)
def test_an_expensive_rule_is_answered(server: Server, text: str, status: int) -> None:
    body = {"user_id": 1, "biz_type": "A", "biz_id": 1, "channel": "IN_APP", "title": "药", "rrule": text}
    for start in ("2000-01-01 08:00:00", "2030-01-01 08:00:00"):
        answer = server.http("POST", "/api/reminders", json={**body, "remind_at": start, "missed": "skip"})
        assert answer.status == status, answer


def test_a_set_of_positions_is_the_whole_weeks(server: Server) -> None:
    rrule = "FREQ=WEEKLY;BYDAY=WE,TH,FR;BYHOUR=18,19;BYMINUTE=0,30;BYSECOND=0;BYSETPOS=1,5,12"
    task = server.make_reminder(new_id(), "2030-08-29 18:01:00", rrule=rrule)
    assert coming(server, task, 2) == ["2030-08-30 19:30:00", "2030-09-04 18:00:00"]


def test_null_clears_what_can_be_cleared(server: Server) -> None:
    given = {"rrule": "FREQ=DAILY", "exdates": ["2030-01-02 08:00"], "timezone": "Europe/Berlin", "missed": "all"}
    task = server.make_reminder(new_id(), "2030-01-01 08:00:00", **given)
    assert change(server, task, exdates=None)["exdates"] == []
    assert change(server, task, missed=None)["missed"] == "latest"
    assert change(server, task, timezone=None)["timezone"] == "Asia/Shanghai"
    assert change(server, task, content=None)["content"] is None
    single = change(server, task, rrule=None)
    assert (single["rrule"], single["next_at"]) == (None, single["remind_at"])
    assert coming(server, task) == [single["remind_at"]]


@pytest.mark.parametrize("field", ["title", "remind_at", "paused"])
def test_null_elsewhere_is_refused(server: Server, field: str) -> None:
    task = server.make_reminder(new_id(), "2030-01-01 08:00:00")
    answer = server.http("PATCH", f"/api/reminders/{task['id']}", json={field: None})
    assert answer.status == 400
    assert answer.body["message"].startswith(f"{field} 必须为")
    assert server.http("GET", f"/api/reminders/{task['id']}").body == task


def test_new_zone_data_keeps_the_times_on_the_wall(start_server: StartServer, tmp_path: Path) -> None:
    """A government changes its clocks: what was meant for eight in the morning comes at eight by the new ones."""
    zones = tmp_path / "zones"
    zones.mkdir(mode=0o755)
    # A made-up town, which has an hour more than UTC and then, by the next data, three.
    (zones / "Town").write_bytes(zone_data(hours=1))
    server = start_server(env={"CARELINE_TIMEZONE": "UTC", "PYTHONTZPATH": str(zones)})
    daily = server.make_reminder(new_id(), "2030-01-01T08:00:00+01:00", rrule="FREQ=DAILY", timezone="Town")
    assert coming(server, daily, 2) == ["2030-01-01 07:00:00", "2030-01-02 07:00:00"]
    (zones / "Town").write_bytes(zone_data(hours=3))
    server.restart()
    eight = ["2030-01-01 05:00:00", "2030-01-02 05:00:00"]
    wait_until(lambda: coming(server, daily, 2) == eight, "the start works them out again")


def zone_data(hours: int) -> bytes:
    """Return a zone that never changes its clocks, as RFC 8536 has it."""
    counts = struct.pack(">6L", 0, 0, 0, 0, 1, 4)
    block = struct.pack(">lbB", hours * 3600, 0, 0) + b"TWN\0"
    footer = f"\n<+{hours:02}>-{hours}\n".encode()
    return b"TZif2" + bytes(15) + counts + block + b"TZif2" + bytes(15) + counts + block + footer


def test_another_zone_of_the_clinic_keeps_the_times_on_the_wall(start_server: StartServer) -> None:
    """What names no zone goes by the clinic's, also after a restart in another one; what names one, and a moment with
    an offset, stay."""
    server = start_server(env={"CARELINE_TIMEZONE": "Asia/Shanghai"})
    daily = server.make_reminder(new_id(), "2030-01-01 08:00:00", rrule="FREQ=DAILY")
    once = server.make_reminder(new_id(), "2030-01-01 08:00:00")
    named = server.make_reminder(new_id(), "2030-01-01 08:00:00", rrule="FREQ=DAILY", timezone="Asia/Shanghai")
    moment = server.make_reminder(new_id(), "2030-01-01T08:00:00+08:00")
    server.set_environment(CARELINE_TIMEZONE="America/New_York")
    server.restart()
    wait_until(lambda: coming(server, daily, 1) == ["2030-01-01 08:00:00"], "the start works them out again")
    assert coming(server, once) == ["2030-01-01 08:00:00"]
    assert coming(server, named, 2) == ["2029-12-31 19:00:00", "2030-01-01 19:00:00"]
    assert coming(server, moment) == ["2029-12-31 19:00:00"]
    assert server.http("GET", f"/api/reminders/{daily['id']}").body["timezone"] == "America/New_York"
