"""Until somebody has answered: a reminder rings its ladder, and the first answer settles it for everybody on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients import Clients
from tests.conftest import StartServer
from tests.protocol.answers import NOT_FOUND, check_fault
from tests.reminders.living import SHANGHAI
from tests.server import Server, in_seconds, new_id, wait_until
from tests.tokens import key_file, token

PAST: Final = -65  # seconds from now: the first rung of a minute is due


def laddered(server: Server, elder: int, rungs: list[dict[str, int]], at: float = PAST, **more: Any) -> dict[str, Any]:
    task: dict[str, Any] = server.make_reminder(elder, in_seconds(at), follow_up=rungs, **more)
    return task


def of_user(server: Server, user_id: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = server.http(
        "GET", f"/api/users/{user_id}/notifications?answers=true&outcomes=true"
    ).body["items"]
    return items


def rang(server: Server, user_id: int) -> dict[str, Any]:
    return wait_until(lambda: of_user(server, user_id), f"a ring of {user_id}")[0]


def day(server: Server, user_id: int, date: str = "") -> list[dict[str, Any]]:
    """Give what a day has; without a date today, and yesterday as well where it was that an hour ago."""
    now = datetime.now(SHANGHAI)
    dates = [date] if date else sorted({f"{now - timedelta(hours=1):%F}", f"{now:%F}"})
    return [item for one in dates for item in server.http("GET", f"/api/users/{user_id}/day?date={one}").body["items"]]


def test_the_daughter_hears_and_answers_for_him(server: Server, clients: Clients) -> None:
    elder, daughter = new_id(), new_id()
    his, hers = clients.connect(), clients.connect()
    his.bind(elder)
    hers.bind(daughter)
    task = laddered(server, elder, [{"after": 60, "user_id": daughter}], missed_after=600)
    assert task["follow_up"] == [{"after": 60, "user_id": daughter}]
    assert task["missed_after"] == 600
    first, second = his.expect("notification:new"), hers.expect("notification:new")
    assert first["title"] == second["title"]
    assert [one["outcome"] for one in day(server, elder)] == ["PENDING"]
    waiting = server.http("GET", f"/api/reminders/unanswered?after_id={first['id'] - 1}").body["items"]
    assert [(one["id"], one["task_id"], one["user_id"]) for one in waiting] == [(first["id"], task["id"], elder)]
    # His device follows from its first answer on.
    assert his.call("notification:read", {"id": first["id"]})["success"]
    assert his.expect("notification:updated")["status"] == "READ"
    said = {"id": second["id"], "outcome": "SKIPPED", "note": "he is asleep", "at": "2025-01-01 10:00:00"}
    assert hers.call("notification:confirm", said) == {"success": True, "id": second["id"]}
    for one, its in ((his, first), (hers, second)):
        told = one.expect("notification:updated")
        assert (told["id"], told["status"], told["unread"]) == (its["id"], "READ", 0)
        assert (told["outcome"], told["outcome_at"], told["note"]) == ("SKIPPED", "2025-01-01 10:00:00", "he is asleep")
        assert told["outcome_by"] == f"USER:{daughter}"
    (shown,) = day(server, elder)
    assert (shown["outcome"], shown["outcome_by"], shown["note"]) == ("SKIPPED", f"USER:{daughter}", "he is asleep")
    assert server.http("GET", f"/api/reminders/unanswered?after_id={first['id'] - 1}").body["items"] == []
    for user_id, its in ((elder, first), (daughter, second)):
        (listed,) = of_user(server, user_id)
        assert listed["id"] == its["id"]
        told = (listed["outcome"], listed["outcome_at"], listed["outcome_by"], listed["note"])
        assert told == ("SKIPPED", "2025-01-01 10:00:00", f"USER:{daughter}", "he is asleep")
        assert "outcome" not in server.notifications(user_id)[0], "without outcomes=true it is as before"
    # The same again changes nothing; another outcome is a conflict, over both ways.
    assert his.call("notification:confirm", {"id": first["id"], "outcome": "SKIPPED"})["success"]
    assert his.call("notification:confirm", {"id": first["id"]})["code"] == "CONFLICT"
    answer = server.http("POST", f"/api/notifications/{first['id']}/confirm", json={"outcome": "DONE"})
    assert (answer.status, answer.body) == (409, {"code": "CONFLICT", "message": "该次提醒已有其他结果"})


def test_each_notification_of_an_occurrence_is_listed_with_its_outcome(server: Server) -> None:
    user_id = new_id()
    server.make_reminder(user_id, in_seconds(-1))
    first = rang(server, user_id)
    assert "outcome" not in first
    answer = server.http("POST", f"/api/notifications/{first['id']}/snooze", json={"until": in_seconds(0.2)})
    assert answer.status == 200
    wait_until(lambda: len(of_user(server, user_id)) == 2, "the same again")
    again = of_user(server, user_id)[0]
    server.http("POST", f"/api/notifications/{again['id']}/confirm", json={"outcome": "SKIPPED"})
    assert [(one["id"], one["outcome"], one["note"]) for one in of_user(server, user_id)] == [
        (again["id"], "SKIPPED", None),
        (first["id"], "SKIPPED", None),
    ]


def test_an_empty_body_confirms_as_done(server: Server) -> None:
    elder = new_id()
    laddered(server, elder, [{"after": 600}])
    one = rang(server, elder)
    answer = server.http("POST", f"/api/notifications/{one['id']}/confirm")
    assert (answer.status, answer.body["status"]) == (200, "READ")
    assert [(item["outcome"], item["outcome_by"]) for item in day(server, elder)] == [("DONE", "API")]


def test_nothing_new_is_told_where_there_is_no_ladder(server: Server, clients: Clients) -> None:
    """What a front end of the first protocol gets stays as it was, key by key."""
    elder = new_id()
    his = clients.connect()
    his.bind(elder)
    task = server.make_reminder(elder, in_seconds(-1))
    assert not {"follow_up", "missed_after"} & task.keys()
    one = his.expect("notification:new")
    his.call("notification:confirm", {"id": one["id"]})
    told = his.expect("notification:updated")
    assert list(told) == ["id", "status", "read_at", "confirmed_at", "snoozed_until", "unread"]
    assert [(item["outcome"], item["outcome_by"]) for item in day(server, elder)] == [("DONE", f"USER:{elder}")]


def test_withdrawn(server: Server, clients: Clients) -> None:
    elder = new_id()
    his = clients.connect()
    his.bind(elder)
    task = laddered(server, elder, [{"after": 600}], rrule="FREQ=DAILY")
    one = his.expect("notification:new")
    his.call("notification:read", {"id": 999_999_999})  # from now on it follows
    withdraw = f"/api/reminders/{task['id']}/withdraw"
    answer = server.http("POST", withdraw, json={"reason": "stopped by the doctor"})
    assert (answer.status, answer.body["status"], answer.body["next_at"]) == (200, "CANCELLED", None)
    told = his.expect("notification:updated")
    assert (told["id"], told["status"], told["outcome"], told["unread"]) == (one["id"], "READ", "WITHDRAWN", 0)
    assert told["note"] == "stopped by the doctor"
    assert told["withdrawn_at"] == told["read_at"]
    assert server.http("POST", withdraw, json={}).body == answer.body
    assert [item["outcome"] for item in day(server, elder)][:1] == ["WITHDRAWN"]
    history = server.http("GET", f"/api/reminders/{task['id']}/history").body["items"]
    withdrawn = [entry["detail"] for entry in history if entry["what"] == "withdrawn"]
    assert withdrawn == [{"reason": "stopped by the doctor"}]
    missing = server.http("POST", "/api/reminders/999999999/withdraw", json={})
    assert (missing.status, missing.body) == (404, NOT_FOUND)


def test_a_day_has_what_came_and_what_is_to_come(server: Server) -> None:
    elder = new_id()
    rule = "FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0;BYSECOND=0"
    server.make_reminder(elder, "2030-01-02 08:00:00", rrule=rule)
    server.make_reminder(elder, "2030-01-03 12:00:00")
    assert day(server, elder, "2030-01-01") == []
    assert [one["planned_at"] for one in day(server, elder, "2030-01-03")] == [
        *("2030-01-03 08:00:00", "2030-01-03 12:00:00", "2030-01-03 20:00:00")
    ]
    assert server.http("GET", f"/api/users/{new_id()}/day").body["items"] == []
    for wrong in ("2030-02-30", "tomorrow", "2030-1-1", "0001-01-01", "9999-12-29", "9999-12-31"):
        answer = server.http("GET", f"/api/users/{elder}/day?date={wrong}")
        check_fault(answer, 400, "date 必须为日期，例如 2030-01-01")


@pytest.mark.parametrize(
    ("ladder", "text"),
    [
        ({"follow_up": []}, "follow_up 必须为 1 到 20 项的数组"),
        ({"follow_up": [{"after": 60}] * 21}, "follow_up 必须为 1 到 20 项的数组"),
        ({"follow_up": [{"after": 59}]}, "follow_up[0].after 必须为 60 到 604800 的整数"),
        ({"follow_up": [{"after": 604_801}]}, "follow_up[0].after 必须为 60 到 604800 的整数"),
        ({"follow_up": [{}]}, "follow_up[0].after 必须为 60 到 604800 的整数"),
        ({"follow_up": [{"after": 60, "user_id": 0}]}, "follow_up[0].user_id 必须为正整数"),
        ({"follow_up": [60]}, "follow_up[0] 必须为对象"),
        ({"follow_up": [{"after": 120}, {"after": 60}]}, "follow_up 的 after 必须从小到大"),
        ({"follow_up": [{"after": 120}], "missed_after": 120}, "missed_after 必须大于 follow_up 最后的 after"),
        ({"missed_after": 59}, "missed_after 必须为 60 到 1209600 的整数"),
    ],
)
def test_a_ladder_that_is_none_is_refused(server: Server, ladder: dict[str, Any], text: str) -> None:
    body = {"user_id": 1, "biz_type": "T", "biz_id": 1, "title": "药", "remind_at": "2030-01-01 08:00:00", **ladder}
    check_fault(server.http("POST", "/api/reminders", json=body), 400, text)


RUNGS: Final = [{"after": 60, "user_id": 7}, {"after": 600, "user_id": 8}]


@pytest.mark.parametrize(
    ("change", "ladder"),
    [
        ({}, (RUNGS, 4200)),
        ({"title": "新的"}, (RUNGS, 4200)),
        ({"follow_up": [{"after": 120, "user_id": 9}]}, ([{"after": 120, "user_id": 9}], 4200)),
        ({"follow_up": [{"after": 9000, "user_id": 9}]}, ([{"after": 9000, "user_id": 9}], 12_600)),
        ({"missed_after": 601}, (RUNGS, 601)),
        ({"missed_after": None}, (RUNGS, 4200)),
        ({"follow_up": None}, (None, None)),
        ({"follow_up": None, "missed_after": 900}, ([], 900)),
        ({"follow_up": [{"after": 60, "user_id": 9}], "missed_after": 61}, ([{"after": 60, "user_id": 9}], 61)),
        ({"follow_up": [{"after": 60, "user_id": 9}], "missed_after": None}, ([{"after": 60, "user_id": 9}], 3660)),
    ],
)
def test_a_ladder_is_changed(server: Server, change: dict[str, Any], ladder: tuple[Any, Any]) -> None:
    task = server.make_reminder(new_id(), "2099-01-01 08:00:00", follow_up=RUNGS)
    answer = server.http("PATCH", f"/api/reminders/{task['id']}", json=change)
    assert answer.status == 200
    assert (answer.body.get("follow_up"), answer.body.get("missed_after")) == ladder
    assert server.http("GET", f"/api/reminders/{task['id']}").body == answer.body
    history = server.http("GET", f"/api/reminders/{task['id']}/history").body["items"]
    assert [entry["detail"] for entry in history if entry["what"] == "changed"] == ([change] if change else [])


def test_a_ladder_is_added_and_an_own_rung_is_the_user_s(server: Server) -> None:
    elder = new_id()
    task = server.make_reminder(elder, "2099-01-01 08:00:00")
    path = f"/api/reminders/{task['id']}"
    changed = server.http("PATCH", path, json={"follow_up": [{"after": 60}], "critical": True}).body
    assert (changed["follow_up"], changed["missed_after"]) == ([{"after": 60, "user_id": elder}], 3660)
    assert changed["critical"] is True
    assert "rrule" not in changed
    assert "critical" not in server.http("PATCH", path, json={"critical": None}).body
    wrong = server.http("PATCH", path, json={"missed_after": 60})
    check_fault(wrong, 400, "missed_after 必须大于 follow_up 最后的 after")
    wrong = server.http("PATCH", path, json={"follow_up": [{"after": 120}, {"after": 60}]})
    check_fault(wrong, 400, "follow_up 的 after 必须从小到大")


def test_a_change_counts_for_what_comes_due_later(server: Server) -> None:
    """What has come due climbs its own ladder."""
    elder, first, second = new_id(), new_id(), new_id()
    task = laddered(server, elder, [{"after": 60, "user_id": first}], -58, rrule="FREQ=DAILY")
    rang(server, elder)
    path = f"/api/reminders/{task['id']}"
    changed = server.http("PATCH", path, json={"follow_up": [{"after": 60, "user_id": second}]})
    assert changed.status == 200
    rang(server, first)
    assert of_user(server, second) == []


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"outcome": "MISSED"}, "outcome 必须为 DONE 或 SKIPPED"),
        ({"note": "x" * 501}, "note 必须为不超过 500 个字符的文本"),
        ({"at": "2100-01-01 00:00:00"}, "at 必须为有效时间"),
        ({"at": "now"}, "at 必须为有效时间"),
    ],
)
def test_an_answer_that_is_none_is_refused(server: Server, said: dict[str, Any], text: str) -> None:
    elder = new_id()
    server.make_reminder(elder, in_seconds(-1))
    path = f"/api/notifications/{rang(server, elder)['id']}/confirm"
    check_fault(server.http("POST", path, json=said), 400, text)
    assert server.http("POST", path, json={}).body["confirmed_at"]


def test_what_nobody_has_answered_is_missed_and_can_be_answered_late(server: Server) -> None:
    elder = new_id()
    laddered(server, elder, [{"after": 60}], missed_after=61)
    one = rang(server, elder)
    wait_until(lambda: day(server, elder)[0]["outcome"] == "MISSED", "it is missed")
    assert day(server, elder)[0]["outcome_by"] == "SYSTEM"
    assert server.http("POST", f"/api/notifications/{one['id']}/confirm").status == 200
    assert day(server, elder)[0]["outcome"] == "DONE"


def test_with_tokens_one_names_oneself_alone(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    body = {"user_id": 7, "biz_type": "T", "biz_id": 1, "title": "药", "remind_at": "2030-01-01 08:00:00"}
    for role, other, status in (("ELDER", 8, 403), ("ELDER", 7, 201), ("STAFF", 8, 201), ("SERVICE", 8, 201)):
        shown = {"Authorization": f"Bearer {token(7, role)}"}
        asked = {**body, "follow_up": [{"after": 60, "user_id": other}]}
        answer = server.http("POST", "/api/reminders", json=asked, headers=shown)
        assert answer.status == status, (role, other, answer)
        if status == 403:
            assert answer.body == {"code": "FORBIDDEN", "message": "follow_up[0].user_id 与令牌不符"}
        own = server.http("POST", "/api/reminders", json=body, headers=shown)
        change = {"follow_up": asked["follow_up"]}
        answer = server.http("PATCH", f"/api/reminders/{own.body['id']}", json=change, headers=shown)
        assert answer.status == (403 if status == 403 else 200), (role, other, answer)
