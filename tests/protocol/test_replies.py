"""`notify_replies`: who is away learns of messages by one notification, until the question is read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Client, Clients, message
from tests.conftest import Enter, StartServer
from tests.packets import Kind, Polling, Websocket
from tests.protocol.test_read_question import read
from tests.server import Server, in_seconds, new_id, wait_until


def opened(server: Server, elder_id: int, **more: Any) -> int:
    """Open a question that tells of replies."""
    body = {"title": "血压偏高", "elder_id": elder_id, "notify_replies": True, **more}
    answer = server.http("POST", "/api/questions", json=body)
    assert answer.status == 201, answer
    question_id: int = answer.body["id"]
    return question_id


def waiting(server: Server, user_id: int) -> list[dict[str, Any]]:
    """Give what the user has not read."""
    return server.notifications(user_id, "status=UNREAD")


def bound(client: Client, user_id: int) -> Client:
    """Bind a device that knows of `notification:updated`."""
    assert client.call("bind_user", {"user_id": user_id, "after_id": 0})["success"]
    return client


def test_one_for_all_that_comes_until_it_is_read(server: Server, clients: Clients, transport: str) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id)
    phone, tablet, old, nurse = clients.connect_all([transport] * 4)
    bound(phone, elder_id)
    bound(tablet, elder_id)
    old.bind(elder_id)
    sent = [nurse.send(question_id, text, sender_id=nurse_id)["id"] for text in ("一", "二", "三")]
    told = phone.expect("notification:new")
    assert told == tablet.expect("notification:new") == old.expect("notification:new")
    assert (told["biz_type"], told["biz_id"], told["status"]) == ("CONSULTATION_REPLY", question_id, "UNREAD")
    assert (told["title"], told["content"]) == ("咨询有新的回复", "血压偏高")
    assert waiting(server, elder_id) == [told]
    assert server.notifications(nurse_id) == [], "one's own bring none"
    phone.join(question_id, "ELDER", elder_id)
    assert read(phone, question_id, sent[1])["unread"] == 1
    assert waiting(server, elder_id) == [told], "not all is read"
    assert read(phone, question_id, sent[2])["unread"] == 0
    for device in (phone, tablet):
        updated = device.expect("notification:updated")
        assert (updated["id"], updated["status"], updated["unread"]) == (told["id"], "READ", 0)
    assert waiting(server, elder_id) == []
    nurse.send(question_id, "您在", sender_id=nurse_id)
    assert phone.expect("new_message")["content_text"] == "您在"
    phone.call("leave_question", {"question_id": question_id})
    nurse.send(question_id, "您不在", sender_id=nurse_id)
    assert phone.expect("notification:new")["id"] > told["id"]
    for device in (phone, tablet, old):
        device.nothing("notification:updated", "error")


def test_without_it_there_is_none(server: Server, clients: Clients, start_server: StartServer) -> None:
    elder_id, nurse_id = new_id(), new_id()
    nurse = clients.connect()
    question_id = server.open_question(elder_id=elder_id)
    nurse.send(question_id, sender_id=nurse_id)
    assert server.notifications(elder_id) == []
    assert server.http("PATCH", f"/api/questions/{question_id}", json={"notify_replies": True}).status == 200
    nurse.send(question_id, sender_id=nurse_id)
    assert len(server.notifications(elder_id)) == 1
    by_default = start_server("--notify-replies", "true")
    for given, count in ({}, 1), ({"notify_replies": False}, 0), ({"notify_replies": None}, 1):
        other_id = new_id()
        body = {"title": "血压", "elder_id": other_id, **given}
        made = by_default.http("POST", "/api/questions", json=body).body
        assert ("notify_replies" in made) == (given.get("notify_replies") is not None)
        clients.connect(to=by_default).send(made["id"], sender_id=nurse_id)
        assert len(by_default.notifications(other_id)) == count


def test_staff_only_messages_reach_staff_alone(server: Server, clients: Clients) -> None:
    elder_id, son_id, nurse_id, doctor_id = (new_id() for _ in range(4))
    question_id = opened(server, elder_id)
    client = clients.connect()
    for user_id, user_type in (son_id, "FAMILY"), (nurse_id, "STAFF"), (doctor_id, "STAFF"):
        named = {"user_id": user_id, "user_type": user_type}
        assert server.http("POST", f"/api/questions/{question_id}/participants", json=named).status == 201
    client.send(question_id, "仅供内部", sender_id=nurse_id, is_visible_to_patient=False)
    assert [len(server.notifications(one)) for one in (elder_id, son_id, nurse_id, doctor_id)] == [0, 0, 0, 1]
    client.send(question_id, "您好", sender_type="FAMILY", sender_id=son_id)
    assert [len(server.notifications(one)) for one in (elder_id, son_id, nurse_id, doctor_id)] == [1, 0, 1, 1]
    named = {"user_id": doctor_id, "user_type": "STAFF"}
    assert server.http("DELETE", f"/api/questions/{question_id}/participants", json=named).status == 200
    assert waiting(server, doctor_id) == [], "who takes part no more has nothing that waits"


@pytest.mark.parametrize("after_id", [None, 0])
def test_who_is_in_the_room_is_not_away(server: Server, clients: Clients, after_id: int | None) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id)
    one, two, nurse = clients.connect_all(["websocket"] * 3)
    asked = {"question_id": question_id, "user_id": elder_id, "user_type": "ELDER", "after_id": after_id}
    for client in (one, two, one):
        client.call("join_question", asked)
    one.call("leave_question", {"question_id": question_id})
    nurse.send(question_id, sender_id=nurse_id)
    assert server.notifications(elder_id) == []
    two.call("join_question", {**asked, "user_id": elder_id + 500_000})
    nurse.send(question_id, sender_id=nurse_id)
    assert len(server.notifications(elder_id)) == 1, "it is there as another"
    two.call("join_question", asked)
    assert read(two, question_id, 2**53 - 1)["unread"] == 0
    two.disconnect()
    two.disconnected()
    wait_until(
        lambda: nurse.send(question_id, sender_id=nurse_id) and waiting(server, elder_id), "the end of the other"
    )


def test_what_the_user_has_read_or_snoozed_itself(server: Server, clients: Clients) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id)
    phone, nurse = clients.connect_all(["websocket"] * 2)
    bound(phone, elder_id)
    nurse.send(question_id, sender_id=nurse_id)
    first = phone.expect("notification:new")["id"]
    assert phone.call("notification:read", {"id": first})["success"]
    nurse.send(question_id, sender_id=nurse_id)
    second = phone.expect("notification:new")["id"]
    assert phone.call("notification:snooze", {"id": second, "until": in_seconds(1.5)})["success"]
    assert phone.call("notification:read", {"id": second})["success"]
    nurse.send(question_id, sender_id=nurse_id)
    again = phone.expect("notification:new")["id"]
    assert [one["id"] for one in waiting(server, elder_id)] == [again], "it comes again, and no other has come"
    assert phone.call("notification:snooze", {"id": again, "until": in_seconds(3600)})["success"]
    phone.join(question_id, "ELDER", elder_id)
    assert read(phone, question_id, 2**53 - 1)["unread"] == 0
    listed = server.notifications(elder_id, "answers=true")
    assert [(one["status"], one["snoozed_until"]) for one in listed] == [("READ", None)] * 3
    assert server.http("POST", f"/api/notifications/{again}/confirm").status == 200
    history = server.http("GET", f"/api/notifications/{again}/history").body["items"]
    assert [one["what"] for one in history][-2:] == ["read", "confirmed"]


def test_over_http_and_by_a_key(server: Server) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id)
    said = {"sender_type": "STAFF", "sender_id": nurse_id, "content_type": "TEXT", "content_text": "您好"}
    path = f"/api/questions/{question_id}/messages"
    answers = [server.http("POST", path, json=said, headers={"Idempotency-Key": str(elder_id)}) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 200]
    assert answers[0].body == answers[1].body == server.messages(question_id)[0]
    assert len(server.notifications(elder_id)) == 1


def test_it_waits_through_a_kill(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id)
    clients.connect(to=server).send(question_id, sender_id=nurse_id)
    server.kill()
    server.start()
    clients.connect(to=server).send(question_id, sender_id=nurse_id)
    phone = clients.connect(to=server)
    phone.bind(elder_id)
    assert phone.expect("notification:new")["biz_id"] == question_id
    phone.nothing("notification:new")
    assert len(server.notifications(elder_id)) == 1


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_who_begins_to_take_part_hears_of_it_once(server: Server, enter: Enter, kind: Kind) -> None:
    """Also of what was said before, where it is away, and also where all of it is stored at once."""
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id)
    as_elder = {"sender_type": "ELDER", "sender_id": elder_id}
    said = [message(question_id, "在吗", **as_elder), message(question_id, "在", sender_id=nurse_id)]
    connection = enter(kind, server)
    connection.call_all([["send_message", one] for one in said])
    assert len(server.notifications(nurse_id)) == 1
    connection.call_all([["send_message", one] for one in (*said, message(question_id, "好", **as_elder))])
    assert [len(server.notifications(one)) for one in (elder_id, nurse_id)] == [1, 1]
