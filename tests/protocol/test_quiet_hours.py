"""Quiet hours over HTTP: set, shown and ended; what they hold rings once, through kills."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.clients import Clients
from tests.conftest import StartServer
from tests.protocol.answers import check_fault
from tests.server import Server, in_seconds, new_id, quiet_by_now, wait_until
from tests.tokens import key_file, token

NIGHT = {"from": "22:00", "to": "07:00", "timezone": "Europe/Berlin"}


def path_of(user_id: int) -> str:
    return f"/api/users/{user_id}/quiet-hours"


def put(server: Server, user_id: int, hours: dict[str, str]) -> None:
    answer = server.http("PUT", path_of(user_id), json=hours)
    assert (answer.status, answer.body) == (200, {"user_id": user_id, **hours})


def history(server: Server, task_id: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = server.http("GET", f"/api/reminders/{task_id}/history").body["items"]
    return items


def held(server: Server, *tasks: dict[str, Any]) -> None:
    """Wait until a ring of each is held."""
    for task in tasks:
        wait_until(partial(is_held, server, task["id"]), "a ring that is held")


def is_held(server: Server, task_id: int) -> bool:
    return any(entry["what"] == "held" for entry in history(server, task_id))


def test_set_shown_changed_and_ended(server: Server) -> None:
    user_id = new_id()
    none = {"user_id": user_id, "from": None, "to": None, "timezone": None}
    assert server.http("GET", path_of(user_id)).body == none
    put(server, user_id, NIGHT)
    assert server.http("GET", path_of(user_id)).body == {"user_id": user_id, **NIGHT}
    answer = server.http("PUT", path_of(user_id), json={"from": "13:00", "to": "15:00"})
    assert answer.body == {"user_id": user_id, "from": "13:00", "to": "15:00", "timezone": "Asia/Shanghai"}
    assert server.http("GET", path_of(user_id)).body == answer.body
    assert server.http("GET", path_of(new_id())).body["from"] is None
    for _ in range(2):
        answer = server.http("DELETE", path_of(user_id))
        assert (answer.status, answer.body) == (200, none)
    assert server.http("GET", path_of(user_id)).body == none


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"from": "24:00"}, "from 必须为时间，例如 22:00"),
        ({"to": "7:00"}, "to 必须为时间，例如 22:00"),
        ({"to": None}, "to 必须为时间，例如 22:00"),
        ({"from": "07:00"}, "to 不能与 from 相同"),
        ({"timezone": "Mars/Base"}, "timezone 必须为 IANA 时区，例如 Asia/Shanghai"),
    ],
)
def test_hours_that_are_none_are_refused(server: Server, wrong: dict[str, Any], text: str) -> None:
    user_id = new_id()
    check_fault(server.http("PUT", path_of(user_id), json={**NIGHT, **wrong}), 400, text)
    assert server.http("GET", path_of(user_id)).body["from"] is None


@pytest.mark.by_port
def test_a_browser_may_set_them(server: Server) -> None:
    origin = f"http://127.0.0.1:{server.port}"
    asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    answer = server.http("OPTIONS", path_of(1), headers=asked)
    assert "PUT" in answer.headers["access-control-allow-methods"].split(", ")


def test_a_ring_waits_until_they_end(server: Server, clients: Clients) -> None:
    elder, daughter = new_id(), new_id()
    his, hers = clients.connect(), clients.connect()
    his.bind(elder)
    hers.bind(daughter)
    put(server, elder, quiet_by_now())
    rungs = [{"after": 60, "user_id": daughter}]
    task = server.make_reminder(elder, in_seconds(-65), follow_up=rungs, critical=False, missed_after=3600)
    assert task["critical"] is False
    hers.expect("notification:new")
    held(server, task)
    (day,) = server.http("GET", f"/api/users/{elder}/day").body["items"]
    assert day["outcome"] == "PENDING"
    critical = server.make_reminder(elder, in_seconds(-1), title="急", critical=True)
    assert critical["critical"] is True
    assert his.expect("notification:new")["title"] == "急"
    his.nothing("notification:new")
    assert server.http("DELETE", path_of(elder)).status == 200
    ring = his.expect("notification:new")
    assert ring["title"] == task["title"]
    told = {entry["what"]: entry["detail"] for entry in history(server, task["id"]) if entry["what"] != "pushed"}
    assert told["held"]["user_id"] == elder
    assert told["written"] == {"planned_at": task["remind_at"], "reason": "quiet hours over"}
    own = server.http("GET", f"/api/notifications/{ring['id']}/history").body["items"]
    assert [entry["detail"].get("reason") for entry in own if entry["what"] == "written"] == ["quiet hours over"]
    his.nothing("notification:new")
    assert len(server.notifications(elder)) == 2


def test_one_that_waits_can_be_cancelled(server: Server) -> None:
    user_id = new_id()
    put(server, user_id, quiet_by_now())
    task = server.make_reminder(user_id, in_seconds(-1))
    held(server, task)
    path = f"/api/reminders/{task['id']}"
    assert server.http("GET", path).body["status"] == "DISPATCHED"
    assert server.http("DELETE", path).body["status"] == "CANCELLED"
    later = server.make_reminder(user_id, in_seconds(-1), title="later")
    held(server, later)
    assert server.http("DELETE", path_of(user_id)).status == 200
    wait_until(lambda: server.notifications(user_id), "the other one")
    assert [one["title"] for one in server.notifications(user_id)] == ["later"]
    day = server.http("GET", f"/api/users/{user_id}/day").body["items"]
    assert sorted(one["outcome"] for one in day) == ["PENDING", "WITHDRAWN"]


def test_what_becomes_critical_rings_at_once(server: Server) -> None:
    user_id = new_id()
    put(server, user_id, quiet_by_now())
    task = server.make_reminder(user_id, in_seconds(-1), rrule="FREQ=DAILY")
    held(server, task)
    assert server.http("PATCH", f"/api/reminders/{task['id']}", json={"critical": True}).body["critical"] is True
    wait_until(lambda: server.notifications(user_id), "its ring")


def test_nothing_new_is_told_where_nothing_new_was_asked_for(server: Server) -> None:
    assert "critical" not in server.make_reminder(new_id(), in_seconds(3600))


@pytest.mark.parametrize("kills", [1, 3])
def test_what_they_hold_rings_once_through_kills(start_server: StartServer, kills: int) -> None:
    """The server is killed while rings come due, while they are held, and while they ring."""
    server = start_server()
    user_id, other = new_id(), new_id()
    put(server, user_id, quiet_by_now())
    made = [
        server.make_reminder(
            user_id if number % 4 else other,
            in_seconds(number / 50 - 64),
            title=str(number),
            follow_up=[{"after": 60, "user_id": user_id}],
        )
        for number in range(200)
    ]
    for _ in range(kills):
        server.kill()
        server.start()
    held(server, *made)
    assert server.notifications(user_id) == []
    assert server.http("DELETE", path_of(user_id)).status == 200
    for number in range(kills):
        wait_until(partial(has_rung, server, user_id, number + 1), "some rings")
        server.kill()
        server.start()
    wait_until(lambda: len(titles(server, user_id)) >= len(made), "all rings")
    # Each has rung for him once, by its first ring or by its rung; the other's first rings were not held.
    assert sorted(titles(server, user_id), key=int) == [str(number) for number in range(200)]
    assert sorted(titles(server, other), key=int) == [str(number) for number in range(0, 200, 4)]


def has_rung(server: Server, user_id: int, times: int) -> bool:
    return len(server.notifications(user_id)) >= times


def titles(server: Server, user_id: int) -> list[str]:
    found: list[dict[str, Any]] = []
    while page := server.notifications(user_id, f"limit=200&after_id={found[-1]['id'] if found else 0}"):
        found += page
    return [one["title"] for one in found]


def test_with_tokens_another_s_are_neither_seen_nor_changed(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    elder, stranger = 7, 8

    def ask(method: str, user_id: int, role: str, **claims: Any) -> tuple[int, Any]:
        shown = {"Authorization": f"Bearer {token(elder, role, **claims)}"}
        answer = server.http(method, path_of(user_id), json=NIGHT if method == "PUT" else None, headers=shown)
        return answer.status, answer.body

    nurse = {"user_id": stranger, **NIGHT}
    assert ask("PUT", stranger, "STAFF") == (200, nurse)
    for role in "ELDER", "FAMILY":
        for method in "PUT", "GET", "DELETE":
            told = {"code": "FORBIDDEN", "message": "user_id 与令牌不符"}
            assert ask(method, stranger, role) == (403, told)
            assert ask(method, elder, role)[0] == 200
    for method in "DELETE", "GET", "PUT":
        assert ask(method, stranger, "FAMILY", elders=[stranger])[0] == 200
        assert ask(method, stranger, "FAMILY", elders=[elder])[0] == 403
        assert ask(method, stranger, "MONITOR")[0] == 403
    assert ask("GET", stranger, "SERVICE") == (200, nurse)
