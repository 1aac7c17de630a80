"""`read_question` and `question:read`: who takes part, up to where each has read, and who learns of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Client, Clients, message
from tests.conftest import StartServer
from tests.protocol.test_question_updated import join
from tests.server import Server, new_id
from tests.tokens import key_file, token


def read(client: Client, question_id: int, up_to_id: int) -> dict[str, Any]:
    """Read a question, and give the answer."""
    answer: dict[str, Any] = client.call("read_question", {"question_id": question_id, "up_to_id": up_to_id})
    return answer


def done(question_id: int, up_to_id: int, unread: int) -> dict[str, Any]:
    return {"success": True, "question_id": question_id, "up_to_id": up_to_id, "unread": unread}


def cursors(server: Server, question_id: int, user_type: str = "STAFF") -> dict[tuple[int, str], int]:
    """Give the participants of a question, each with its cursor."""
    answer = server.http("GET", f"/api/questions/{question_id}/participants?user_type={user_type}")
    assert answer.status == 200, answer
    return {(one["user_id"], one["user_type"]): one["up_to_id"] for one in answer.body["items"]}


def test_reading_moves_the_cursor_and_tells_the_room(server: Server, clients: Clients, transport: str) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = server.open_question(elder_id=elder_id)
    elder, nurse, older = clients.connect_all([transport] * 3)
    join(elder, question_id, user_id=elder_id)
    join(nurse, question_id, "STAFF", user_id=nurse_id)
    older.join(question_id)
    sent = [nurse.send(question_id, text, sender_id=nurse_id)["id"] for text in ("一", "二", "三")]
    assert cursors(server, question_id) == {(elder_id, "ELDER"): 0, (nurse_id, "STAFF"): 0}
    assert read(elder, question_id, sent[1]) == done(question_id, sent[1], 1)
    told = {"question_id": question_id, "user_id": elder_id, "user_type": "ELDER", "up_to_id": sent[1]}
    assert nurse.expect("question:read") == elder.expect("question:read") == told
    assert read(elder, question_id, sent[0]) == done(question_id, sent[1], 1)
    assert read(elder, question_id, sent[1]) == done(question_id, sent[1], 1)
    assert read(elder, question_id, 2**53 - 1) == done(question_id, sent[2], 0)
    assert nurse.expect("question:read")["up_to_id"] == elder.expect("question:read")["up_to_id"] == sent[2]
    assert read(nurse, question_id, sent[0]) == done(question_id, sent[0], 0), "one's own are not unread"
    assert cursors(server, question_id) == {(elder_id, "ELDER"): sent[2], (nurse_id, "STAFF"): sent[0]}
    older.nothing("question:read", "read_question:ack", "error")


def test_patients_learn_nothing_of_staff_only_messages(server: Server, clients: Clients, transport: str) -> None:
    elder_id, nurse_id, doctor_id = new_id(), new_id(), new_id()
    question_id = server.open_question(elder_id=elder_id)
    elder, nurse, doctor = clients.connect_all([transport] * 3)
    join(elder, question_id, user_id=elder_id)
    join(nurse, question_id, "STAFF", user_id=nurse_id)
    join(doctor, question_id, "STAFF", user_id=doctor_id)
    hidden = nurse.send(question_id, "仅供内部", sender_id=nurse_id, is_visible_to_patient=False)["id"]
    assert read(doctor, question_id, hidden) == done(question_id, hidden, 0)
    assert nurse.expect("question:read")["up_to_id"] == hidden
    elder.nothing("question:read")
    assert cursors(server, question_id, "ELDER") == {(elder_id, "ELDER"): 0}
    assert read(elder, question_id, hidden) == done(question_id, 0, 0)
    visible = elder.send(question_id, "好的", sender_type="ELDER", sender_id=elder_id)["id"]
    later = nurse.send(question_id, "内部", sender_id=nurse_id, is_visible_to_patient=False)["id"]
    assert read(doctor, question_id, later) == done(question_id, later, 0)
    assert nurse.expect("question:read")["up_to_id"] == later
    assert elder.expect("question:read")["up_to_id"] == visible
    assert read(nurse, question_id, visible) == done(question_id, visible, 0)
    assert elder.expect("question:read")["user_id"] == nurse_id
    assert read(nurse, question_id, later) == done(question_id, later, 0)
    elder.nothing("question:read")
    assert cursors(server, question_id, "ELDER")[nurse_id, "STAFF"] == visible
    assert read(elder, question_id, later) == done(question_id, visible, 0)


def test_who_takes_part(server: Server, clients: Clients) -> None:
    elder_id, son_id, nurse_id = new_id(), new_id(), new_id()
    question_id = server.open_question(elder_id=elder_id)
    path = f"/api/questions/{question_id}/participants"
    client = clients.connect()
    client.send(question_id, sender_type="SYSTEM", sender_id=new_id())
    client.send(question_id, sender_type="SYSTEM", sender_id=None)
    assert cursors(server, question_id) == {(elder_id, "ELDER"): 0}
    sent = client.send(question_id, sender_type="FAMILY", sender_id=son_id)
    named = {"user_id": nurse_id, "user_type": "STAFF"}
    for _ in range(2):
        answer = server.http("POST", path, json=named)
        assert (answer.status, answer.body) == (201, {**named, "up_to_id": 0})
    everybody = {(elder_id, "ELDER"): 0, (son_id, "FAMILY"): 0, (nurse_id, "STAFF"): 0}
    assert cursors(server, question_id) == everybody
    join(client, question_id, "FAMILY", user_id=son_id)
    assert read(client, question_id, sent["id"])["unread"] == 0
    family = {"user_id": son_id, "user_type": "FAMILY"}
    answer = server.http("DELETE", path, json=family)
    assert (answer.status, answer.body) == (200, {**family, "up_to_id": sent["id"]})
    assert server.http("DELETE", path, json=family).body["code"] == "NOT_FOUND"
    assert (son_id, "FAMILY") not in cursors(server, question_id)
    client.send(question_id, sender_type="FAMILY", sender_id=son_id)
    assert cursors(server, question_id)[son_id, "FAMILY"] == sent["id"], "the cursor has stayed"
    answer = server.http("DELETE", path, json={"user_id": elder_id, "user_type": "ELDER"})
    assert (answer.status, answer.body) == (409, {"code": "CONFLICT", "message": "长者始终是参与者"})
    for method in ("POST", "DELETE"):
        answer = server.http(method, "/api/questions/999999/participants", json=named)
        assert (answer.status, answer.body["code"]) == (404, "QUESTION_NOT_FOUND")
    assert server.http("GET", "/api/questions/999999/participants").body["code"] == "QUESTION_NOT_FOUND"


def test_a_user_s_types_are_on_one_page(server: Server) -> None:
    elder_id, other_id, last_id = new_id(), new_id(), new_id()
    question_id = server.open_question(elder_id=elder_id)
    path = f"/api/questions/{question_id}/participants"
    for user_id, user_type in (other_id, "STAFF"), (other_id, "FAMILY"), (other_id, "ELDER"), (last_id, "STAFF"):
        assert server.http("POST", path, json={"user_id": user_id, "user_type": user_type}).status == 201
    pages = [server.http("GET", f"{path}?user_type=STAFF&limit=2&after_id={after}").body for after in (0, other_id)]
    assert [[one["user_id"] for one in page["items"]] for page in pages] == [[elder_id, *[other_id] * 3], [last_id]]
    assert [page["has_more"] for page in pages] == [True, False]


def test_who_has_not_joined_cannot_read(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    refused = {"code": "INVALID_PAYLOAD", "message": "请先以 user_id 加入该咨询问题"}
    assert read(client, question_id, 1) == refused
    for user_id in (None, 0):
        client.call("join_question", {"question_id": question_id, "user_id": user_id})
        assert read(client, question_id, 1) == refused
    client.call("join_question", {"question_id": question_id, "user_id": 7, "after_id": 0})
    assert read(client, question_id, 1) == done(question_id, 0, 0)
    assert (7, "ELDER") not in cursors(server, question_id), "to read is not to take part"
    client.call("leave_question", {"question_id": question_id})
    assert read(client, question_id, 1) == refused


def test_with_tokens_the_token_says_who_reads(start_server: StartServer, clients: Clients, tmp_path: Any) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    server.bearer = token(1, "STAFF")
    question_id = server.open_question(elder_id=7)
    shown = (token(1, "STAFF"), token(7, "ELDER"), token(8, "ELDER"), token(9, "FAMILY", elders=[7]))
    staff, elder, other, son = (clients.connect(to=server, token=one) for one in shown)
    for client in (staff, elder):
        client.call("join_question", {"question_id": question_id, "updates": True})
    sent = staff.call("send_message", message(question_id, sender_id=1))["data"]["id"]
    assert read(elder, question_id, sent) == done(question_id, sent, 0)
    told = {"question_id": question_id, "user_id": 7, "user_type": "ELDER", "up_to_id": sent}
    assert staff.expect("question:read") == told
    assert read(son, question_id, sent) == done(question_id, sent, 0), "who may join may read"
    assert staff.expect("question:read")["user_type"] == "FAMILY"
    assert read(other, question_id, sent)["code"] == "QUESTION_NOT_FOUND"
    assert read(staff, question_id + 1, sent)["code"] == "QUESTION_NOT_FOUND"


@pytest.mark.parametrize("wrong", [-1, "1", 1.5, None, True])
def test_a_wrong_cursor(server: Server, clients: Clients, wrong: Any) -> None:
    client = clients.connect()
    answer = read(client, server.open_question(), wrong)
    assert answer == {"code": "INVALID_PAYLOAD", "message": "up_to_id 必须为不小于 0 的整数"}
