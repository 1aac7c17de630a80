"""With tokens on a history says whose token it was."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from tests.packets import Websocket
from tests.server import Server, in_seconds, new_id, reminder, wait_until
from tests.tokens import token


def test_by_whom(server: Server) -> None:
    elder_id, staff_id = new_id(), new_id()
    elder, staff = token(elder_id, "ELDER"), token(staff_id, "STAFF")

    def ask(method: str, path: str, **more: Any) -> Any:
        answer = server.http(method, path, headers={"Authorization": f"Bearer {staff}"}, **more)
        assert answer.status in (200, 201), answer
        return answer.body

    ask("POST", "/api/reminders", json=reminder(elder_id, in_seconds(-1)))
    path = f"/api/users/{elder_id}/notifications"
    (notification,) = wait_until(lambda: ask("GET", path)["items"], "the notification")
    with closing(Websocket(server)) as connection:
        connection.enter(elder)
        assert connection.call("bind_user", {"user_id": elder_id})["success"]
        assert connection.call("notification:confirm", {"id": notification["id"]})["success"]
    told = f"/api/notifications/{notification['id']}/history"
    by = {entry["what"]: entry["by"] for entry in ask("GET", told)["items"]}
    assert by["created"] == f"STAFF:{staff_id}"
    assert by["read"] == by["confirmed"] == f"ELDER:{elder_id}"


def test_an_answer_for_another(server: Server) -> None:
    """Staff may snooze for an elder, and it is told who did."""
    elder_id, staff = new_id(), token(new_id(), "STAFF")
    sent = {"Authorization": f"Bearer {staff}"}
    server.http("POST", "/api/reminders", json=reminder(elder_id, in_seconds(-1)), headers=sent)
    path = f"/api/users/{elder_id}/notifications"
    (notification,) = wait_until(lambda: server.http("GET", path, headers=sent).body["items"], "the notification")
    about = f"/api/notifications/{notification['id']}"
    answer = server.http("POST", f"{about}/snooze", json={"until": in_seconds(3600)}, headers=sent)
    assert answer.status == 200
    last = server.http("GET", f"{about}/history", headers=sent).body["items"][-1]
    assert (last["what"], last["by"].partition(":")[0]) == ("snoozed", "STAFF")
