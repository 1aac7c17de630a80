"""`answer_within`: a message that staff does not answer climbs its question's ladder, until a word of staff."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.clients import Client, Clients
from tests.clock import Clock
from tests.server import Server, new_id, wait_until

MINUTE: Final = 60  # the shortest of a ladder


@pytest.fixture
def server(clocked_server: Server) -> Server:
    return clocked_server


def opened(server: Server, elder_id: int, **given: Any) -> int:
    body = {"title": "血压偏高", "elder_id": elder_id, "answer_within": MINUTE, **given}
    answer = server.http("POST", "/api/questions", json=body)
    assert answer.status == 201, answer
    question_id: int = answer.body["id"]
    return question_id


def ask(client: Client, question_id: int, elder_id: int, **more: Any) -> None:
    client.send(question_id, "头晕", sender_type="ELDER", sender_id=elder_id, **more)


def rings(server: Server, user_id: int, count: int = 1) -> dict[str, Any]:
    """Wait for a user's rings, and give the latest."""
    found = wait_until(lambda: server.notifications(user_id)[count - 1 :], f"ring {count} of {user_id}")
    assert len(server.notifications(user_id)) == count
    return server.notifications(user_id)[0] if found else {}


def tasks(server: Server, user_id: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = server.http("GET", f"/api/reminders?user_id={user_id}").body["items"]
    return items


def test_it_climbs_until_staff_answers(server: Server, clients: Clients, clock: Clock) -> None:
    elder_id, nurse_id, head_id = new_id(), new_id(), new_id()
    question_id = opened(
        server, elder_id, assignee_id=nurse_id, follow_up=[{"after": MINUTE, "user_id": head_id}, {"after": 120}]
    )
    client, nurse = clients.connect_all(["websocket"] * 2, to=server)
    assert nurse.call("bind_user", {"user_id": nurse_id, "after_id": 0})["success"]
    for _ in range(3):
        ask(client, question_id, elder_id)
    assert [task["status"] for task in tasks(server, nurse_id)] == ["PENDING"]
    clock.set_by(61)
    first = nurse.expect("notification:new")
    assert (first["biz_type"], first["biz_id"]) == ("CONSULTATION_WAITING", question_id)
    assert (first["title"], first["content"]) == ("咨询等待答复", "血压偏高")
    clock.set_by(122)
    assert rings(server, head_id)["biz_id"] == question_id
    client.send(question_id, "先问一下", sender_id=head_id, is_visible_to_patient=False)
    assert server.notifications(head_id)[0]["status"] == "UNREAD", "an internal note is no answer"
    client.send(question_id, "好", sender_type="SYSTEM", sender_id=None)
    client.send(question_id, "先坐下", sender_id=head_id)
    told = nurse.expect("notification:updated")
    assert (told["id"], told["status"], told["outcome"], told["outcome_by"]) == (
        *(first["id"], "READ", "DONE"),
        f"STAFF:{head_id}",
    )
    assert [one["status"] for one in server.notifications(head_id)] == ["READ"]
    clock.set_by(250)
    ask(client, question_id, elder_id)
    clock.set_by(320)
    second = nurse.expect("notification:new")
    assert second["id"] > first["id"], "the next word waits anew"
    assert len(server.notifications(head_id)) == 1


def test_an_answer_in_time_rings_nobody(server: Server, clients: Clients, clock: Clock) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id, assignee_id=nurse_id)
    client = clients.connect(to=server)
    ask(client, question_id, elder_id)
    client.send(question_id, "多喝水", sender_id=nurse_id)
    client.send(question_id, "再见", sender_id=nurse_id)
    assert [task["status"] for task in tasks(server, nurse_id)] == ["CANCELLED"]
    ask(client, question_id, elder_id)
    server.set_status(question_id, "CLOSED")
    assert [task["status"] for task in tasks(server, nurse_id)] == ["CANCELLED"] * 2
    clock.set_by(90)
    server.set_status(question_id, "OPEN")
    ask(client, question_id, elder_id)
    clock.set_by(151)
    rings(server, nurse_id)


def test_another_assignee_is_rung_instead(server: Server, clients: Clients, clock: Clock) -> None:
    elder_id, nurse_id, other_id = new_id(), new_id(), new_id()
    question_id = opened(server, elder_id, assignee_id=nurse_id, follow_up=[{"after": MINUTE}])
    client = clients.connect(to=server)
    ask(client, question_id, elder_id)
    path = f"/api/questions/{question_id}"
    assert server.http("PATCH", path, json={"assignee_id": other_id}).status == 200
    clock.set_by(61)
    rings(server, other_id)
    clock.set_by(122)
    rings(server, other_id, 2)
    assert server.notifications(nurse_id) == []
    assert server.http("PATCH", path, json={"assignee_id": nurse_id}).status == 200
    assert server.notifications(nurse_id) == [], "what has rung goes on as it was"
    client.send(question_id, "来了", sender_id=other_id)
    assert {one["status"] for one in server.notifications(other_id)} == {"READ"}


def test_without_an_assignee_the_ladder_s_first_is_rung(server: Server, clients: Clients, clock: Clock) -> None:
    elder_id, head_id = new_id(), new_id()
    client = clients.connect(to=server)
    nobody = opened(server, elder_id, follow_up=[{"after": MINUTE}])
    ask(client, nobody, elder_id)
    question_id = opened(server, elder_id, follow_up=[{"after": MINUTE}, {"after": 90, "user_id": head_id}])
    ask(client, question_id, elder_id)
    clock.set_by(61)
    assert rings(server, head_id)["biz_id"] == question_id
    clock.set_by(152)
    rings(server, head_id, 2)
    client.send(nobody, "好的", sender_id=head_id)
    assert server.http("GET", f"/api/questions/{nobody}").status == 200


@pytest.mark.parametrize("given", [{"assignee_id": None, "answer_within": MINUTE}, {"answer_within": None}])
def test_what_is_given_later_counts_for_what_was_said(
    server: Server, clients: Clients, clock: Clock, given: dict[str, Any]
) -> None:
    elder_id, nurse_id = new_id(), new_id()
    first = {name: value for name, value in {"assignee_id": nurse_id, **given}.items() if value is not None}
    question_id = opened(server, elder_id, **{"answer_within": None, **first})
    client = clients.connect(to=server)
    ask(client, question_id, elder_id)
    clock.set_by(30)
    ask(client, question_id, elder_id)
    later = {"assignee_id": nurse_id, "answer_within": MINUTE}
    assert server.http("PATCH", f"/api/questions/{question_id}", json=later).status == 200
    clock.set_by(61)
    rings(server, nurse_id)


def test_reopened_it_waits_for_what_was_not_answered(server: Server, clients: Clients, clock: Clock) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id, assignee_id=nurse_id)
    client = clients.connect(to=server)
    ask(client, question_id, elder_id)
    server.set_status(question_id, "CLOSED")
    server.set_status(question_id, "OPEN")
    clock.set_by(61)
    rings(server, nurse_id)


def test_after_an_answer_by_hand_the_next_word_waits_anew(server: Server, clients: Clients, clock: Clock) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id, assignee_id=nurse_id)
    client = clients.connect(to=server)
    ask(client, question_id, elder_id)
    clock.set_by(61)
    first = rings(server, nurse_id)["id"]
    ask(client, question_id, elder_id)
    assert len(tasks(server, nurse_id)) == 1
    assert server.http("POST", f"/api/notifications/{first}/confirm").status == 200
    ask(client, question_id, elder_id)
    clock.set_by(122)
    rings(server, nurse_id, 2)


def test_after_its_reminder_was_cancelled_the_next_word_waits_anew(
    server: Server, clients: Clients, clock: Clock
) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id, assignee_id=nurse_id)
    client = clients.connect(to=server)
    ask(client, question_id, elder_id)
    (task,) = tasks(server, nurse_id)
    assert server.http("DELETE", f"/api/reminders/{task['id']}").status == 200
    clock.set_by(30)
    ask(client, question_id, elder_id)
    clock.set_by(91)
    rings(server, nurse_id)
