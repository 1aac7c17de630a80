"""`is_visible_to_patient`: internal messages reach staff and nobody else, live and over HTTP."""

from __future__ import annotations

from typing import Any

from tests.clients import Clients, message
from tests.server import Server


def test_an_internal_message_reaches_staff_alone(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    staff, elder, family, sender = clients.connect_all([transport] * 4)
    staff.join(question_id, "STAFF")
    elder.join(question_id, "ELDER")
    family.join(question_id, "FAMILY")
    answer = sender.call("send_message", message(question_id, "仅供内部", is_visible_to_patient=False))
    stored = answer["data"]
    assert stored["is_visible_to_patient"] is False
    assert staff.expect("new_message") == stored
    for client in elder, family, sender:
        client.nothing("new_message")


def test_other_types_have_no_staff_rights(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    others = clients.connect_all(["websocket"] * 4)
    for client, user_type in zip(others, ("SYSTEM", "DOCTOR", "STAFF_", "ADMIN"), strict=True):
        client.join(question_id, user_type)
    clients.connect().send(question_id, "仅供内部", is_visible_to_patient=False)
    for client in others:
        client.nothing("new_message")


def test_only_staff_send_internal_messages(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    client = clients.connect(transport)
    failure = {"success": False, "message": "发送失败：is_visible_to_patient 必须为 true（仅 STAFF 可发送内部消息）"}
    for sender_type in "ELDER", "FAMILY", "SYSTEM", "NURSE":
        sent = message(question_id, sender_type=sender_type, is_visible_to_patient=False)
        assert client.call("send_message", sent) == failure
    for visible in True, None:
        sent = message(question_id, sender_type="ELDER", is_visible_to_patient=visible)
        assert client.call("send_message", sent)["data"]["is_visible_to_patient"] is True
    assert len(server.messages(question_id, "user_type=STAFF")) == 2


def test_the_latest_join_decides(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client, sender = clients.connect(), clients.connect()
    client.join(question_id, "STAFF")
    client.join(question_id, "ELDER")
    sender.send(question_id, "仅供内部", is_visible_to_patient=False)
    client.nothing("new_message")
    client.join(question_id, "STAFF")
    heard = sender.send(question_id, "又是内部", is_visible_to_patient=False)
    assert client.expect("new_message") == heard
    client.nothing("new_message")


def test_a_failed_rejoin_changes_no_rights(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    elder, staff, sender = clients.connect_all(["websocket"] * 3)
    elder.join(question_id, "ELDER")
    staff.join(question_id, "STAFF")
    for client, user_type in (elder, "STAFF"), (staff, "ELDER"):
        payload = {"question_id": question_id, "user_id": -1, "user_type": user_type}
        assert client.call("join_question", payload)["code"] == "INVALID_PAYLOAD"
    heard = sender.send(question_id, "仅供内部", is_visible_to_patient=False)
    assert staff.expect("new_message") == heard
    elder.nothing("new_message")


def test_rights_are_a_questions_own(server: Server, clients: Clients) -> None:
    as_staff, as_family = server.open_question(), server.open_question()
    client, sender = clients.connect(), clients.connect()
    client.join(as_staff, "STAFF")
    client.join(as_family, "FAMILY")
    sender.send(as_family, "仅供内部", is_visible_to_patient=False)
    heard = sender.send(as_staff, "内部", is_visible_to_patient=False)
    assert client.expect("new_message") == heard
    client.nothing("new_message")


def test_a_sender_that_joined_as_someone_else_gets_the_ack_alone(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    client.join(question_id, "ELDER")
    stored = client.send(question_id, "仅供内部", is_visible_to_patient=False)
    assert stored["is_visible_to_patient"] is False
    client.nothing("new_message")


def mixed(server: Server, clients: Clients) -> tuple[int, list[dict[str, Any]]]:
    """Give a question with six messages of which the second, third and last are internal."""
    question_id = server.open_question()
    sender = clients.connect()
    visible = (True, False, False, True, True, False)
    return question_id, [sender.send(question_id, "文", is_visible_to_patient=one) for one in visible]


def test_http_hides_internal_messages_unless_asked_as_staff(server: Server, clients: Clients) -> None:
    question_id, sent = mixed(server, clients)
    patient = [sent[0], sent[3], sent[4]]
    assert server.messages(question_id) == patient
    assert server.messages(question_id, "user_type=ELDER") == patient
    assert server.messages(question_id, "user_type=STAFF") == sent


def test_pages_count_what_the_reader_may_see(server: Server, clients: Clients) -> None:
    question_id, sent = mixed(server, clients)
    path = f"/api/questions/{question_id}/messages"
    first = server.http("GET", f"{path}?after_id=0&limit=2").body
    assert first == {"items": [sent[0], sent[3]], "has_more": True}
    last = server.http("GET", f"{path}?after_id={sent[3]['id']}&limit=1").body
    assert last == {"items": [sent[4]], "has_more": False}
    before = server.http("GET", f"{path}?before_id={sent[3]['id']}&limit=1").body
    assert before == {"items": [sent[0]], "has_more": False}
    latest = server.http("GET", f"{path}?limit=3").body
    assert latest == {"items": [sent[0], sent[3], sent[4]], "has_more": False}
    as_staff = server.http("GET", f"{path}?user_type=STAFF&before_id={sent[3]['id']}&limit=2").body
    assert as_staff == {"items": [sent[1], sent[2]], "has_more": True}


def test_latest_message_id_honours_visibility(server: Server, clients: Clients) -> None:
    question_id, sent = mixed(server, clients)
    path = f"/api/questions/{question_id}"
    assert server.http("GET", path).body["latest_message_id"] == sent[4]["id"]
    assert server.http("GET", f"{path}?user_type=FAMILY").body["latest_message_id"] == sent[4]["id"]
    assert server.http("GET", f"{path}?user_type=STAFF").body["latest_message_id"] == sent[5]["id"]


def test_a_question_with_internal_messages_alone_looks_empty(server: Server, clients: Clients) -> None:
    empty, internal = server.open_question(), server.open_question()
    sent = clients.connect().send(internal, "仅供内部", is_visible_to_patient=False)
    shown = server.http("GET", f"/api/questions/{internal}").body
    assert shown["latest_message_id"] == server.http("GET", f"/api/questions/{empty}").body["latest_message_id"]
    staff = server.http("GET", f"/api/questions/{internal}?user_type=STAFF").body
    assert staff["latest_message_id"] == sent["id"]
