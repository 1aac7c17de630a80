"""Who leaves a question with something unread is told of it, though nothing new comes."""

from __future__ import annotations

from tests.clients import Clients
from tests.conftest import StartServer
from tests.protocol.test_read_question import read
from tests.protocol.test_replies import opened, waiting
from tests.server import Server, new_id, wait_until


def test_who_leaves_or_ends_with_something_unread_is_told(server: Server, clients: Clients, transport: str) -> None:
    elder_id, son_id, reader_id, nurse_id = (new_id() for _ in range(4))
    question_id = opened(server, elder_id)
    path = f"/api/questions/{question_id}/participants"
    for user_id in (son_id, reader_id):
        assert server.http("POST", path, json={"user_id": user_id, "user_type": "FAMILY"}).status == 201
    elder, son, reader, nurse = clients.connect_all([transport] * 4)
    for client, user_type, user_id in (
        (elder, "ELDER", elder_id),
        (son, "FAMILY", son_id),
        (reader, "FAMILY", reader_id),
    ):
        client.join(question_id, user_type, user_id)
    sent = nurse.send(question_id, sender_id=nurse_id)["id"]
    assert read(reader, question_id, sent)["unread"] == 0
    assert [server.notifications(one) for one in (elder_id, son_id, reader_id)] == [[], [], []]
    elder.call("leave_question", {"question_id": question_id})
    son.disconnect()
    reader.call("leave_question", {"question_id": question_id})
    for user_id in (elder_id, son_id):
        (told,) = wait_until(lambda user_id=user_id: waiting(server, user_id), "what it left unread")  # type: ignore[misc]
        assert (told["biz_type"], told["biz_id"]) == ("CONSULTATION_REPLY", question_id)
    assert server.notifications(reader_id) == []
    assert server.notifications(nurse_id) == []
    first = waiting(server, elder_id)[0]["id"]
    assert server.http("POST", f"/api/notifications/{first}/read").status == 200
    elder.join(question_id, "ELDER", elder_id)
    elder.call("leave_question", {"question_id": question_id})
    reader.join(question_id, "FAMILY", reader_id)
    nurse.send(question_id, "内部", sender_id=nurse_id, is_visible_to_patient=False)
    reader.call("leave_question", {"question_id": question_id})
    nurse.send(question_id, sender_id=nurse_id)
    assert len(wait_until(lambda: waiting(server, reader_id), "the next message")) == 1
    assert len(server.notifications(elder_id)) == 2, "one for what it dismissed, one for what came after"


def test_a_question_that_begins_to_tell(server: Server, clients: Clients) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = server.open_question(elder_id=elder_id)
    clients.connect().send(question_id, sender_id=nurse_id)
    assert server.http("PATCH", f"/api/questions/{question_id}", json={"notify_replies": True}).status == 200
    assert len(wait_until(lambda: waiting(server, elder_id), "what it has not read")) == 1


def test_who_begins_to_take_part_away_is_told_of_what_is_unread(server: Server, clients: Clients) -> None:
    elder_id, named_id, sender_id, nurse_id = (new_id() for _ in range(4))
    question_id = opened(server, elder_id)
    client = clients.connect()
    client.send(question_id, sender_id=nurse_id)
    named = {"user_id": named_id, "user_type": "STAFF"}
    assert server.http("POST", f"/api/questions/{question_id}/participants", json=named).status == 201
    client.send(question_id, sender_type="FAMILY", sender_id=sender_id)
    for user_id in (named_id, sender_id):
        assert len(wait_until(lambda user_id=user_id: waiting(server, user_id), "what was said")) == 1  # type: ignore[misc]
    assert len(waiting(server, nurse_id)) == 1
    client.send(question_id, sender_id=nurse_id)
    assert [len(waiting(server, one)) for one in (named_id, sender_id, nurse_id)] == [1, 1, 1]


def test_who_takes_part_as_two_types_has_read_when_each_has(server: Server, clients: Clients) -> None:
    elder_id, both_id, nurse_id = new_id(), new_id(), new_id()
    question_id = opened(server, elder_id)
    path = f"/api/questions/{question_id}/participants"
    for user_type in ("FAMILY", "STAFF"):
        assert server.http("POST", path, json={"user_id": both_id, "user_type": user_type}).status == 201
    family, staff, nurse = clients.connect_all(["websocket"] * 3)
    nurse.send(question_id, "内部", sender_id=nurse_id, is_visible_to_patient=False)
    sent = nurse.send(question_id, sender_id=nurse_id)["id"]
    assert len(waiting(server, both_id)) == 1
    family.join(question_id, "FAMILY", both_id)
    assert read(family, question_id, sent)["unread"] == 0
    assert len(waiting(server, both_id)) == 1, "as staff it has not read"
    staff.join(question_id, "STAFF", both_id)
    assert read(staff, question_id, sent)["unread"] == 0
    assert waiting(server, both_id) == []


def test_who_does_not_come_back_after_a_kill_is_told(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    elder_id, nurse_id = new_id(), new_id()
    question_id = opened(server, elder_id)
    clients.connect(to=server).join(question_id, "ELDER", elder_id)
    clients.connect(to=server).send(question_id, sender_id=nurse_id)
    server.kill()
    server.start()
    assert len(wait_until(lambda: waiting(server, elder_id), "what it has not read", 25.0)) == 1
