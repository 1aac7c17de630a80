"""`GET /api/questions?participant_id=`: what is unread, when the last word was, and who waits since when."""

from __future__ import annotations

from typing import Any

from tests.clients import Clients
from tests.conftest import StartServer
from tests.protocol.test_read_question import read
from tests.server import Server, new_id, wait_until
from tests.tokens import key_file, token


def listed(server: Server, user_id: int, user_type: str, more: str = "") -> list[dict[str, Any]]:
    """Give the questions in which a user takes part, as HTTP lists them."""
    answer = server.http("GET", f"/api/questions?participant_id={user_id}&participant_type={user_type}{more}")
    assert answer.status == 200, answer
    items: list[dict[str, Any]] = answer.body["items"]
    return items


def test_what_is_unread_and_who_waits(server: Server, clients: Clients) -> None:
    elder_id, nurse_id = new_id(), new_id()
    question_id = server.open_question(elder_id=elder_id)
    as_elder = {"sender_type": "ELDER", "sender_id": elder_id}
    client = clients.connect()
    (one,) = listed(server, elder_id, "ELDER")
    plain = server.http("GET", f"/api/questions/{question_id}").body
    assert one == {**plain, "unread": 0, "last_message_at": None, "waiting_since": None}
    first = client.send(question_id, "在吗", **as_elder)
    wait_until(lambda: client.send(question_id, "在吗？", **as_elder)["sent_at"] != first["sent_at"], "another second")
    last = server.messages(question_id)[-1]
    assert listed(server, elder_id, "ELDER")[0] == {
        **plain,
        "latest_message_id": last["id"],
        "unread": 0,
        "last_message_at": last["sent_at"],
        "waiting_since": first["sent_at"],
    }
    assert listed(server, nurse_id, "STAFF") == []
    client.send(question_id, "看一下", sender_id=nurse_id, is_visible_to_patient=False)
    (of_elder,), (of_nurse,) = listed(server, elder_id, "ELDER"), listed(server, nurse_id, "STAFF")
    assert (of_elder["unread"], of_elder["waiting_since"]) == (0, first["sent_at"])
    assert of_nurse["unread"] == len(server.messages(question_id))
    assert of_nurse["waiting_since"] is None
    (hidden,) = listed(server, nurse_id, "STAFF", "&user_type=ELDER")
    assert (hidden["unread"], hidden["waiting_since"]) == (of_nurse["unread"], first["sent_at"])
    answer = client.send(question_id, "多喝水", sender_id=nurse_id)
    client.send(question_id, "系统", sender_type="SYSTEM", sender_id=None)
    (of_elder,) = listed(server, elder_id, "ELDER")
    assert (of_elder["unread"], of_elder["waiting_since"]) == (2, None)
    client.join(question_id, "ELDER", elder_id)
    assert read(client, question_id, answer["id"])["unread"] == 1
    assert listed(server, elder_id, "ELDER")[0]["unread"] == 1


def test_it_is_filtered_and_paged_as_ever(server: Server) -> None:
    elder_id, other_id = new_id(), new_id()
    ids = [server.open_question(elder_id=elder_id) for _ in range(5)]
    server.open_question(elder_id=other_id)
    server.set_status(ids[1], "CLOSED")
    assert [one["id"] for one in listed(server, elder_id, "ELDER")] == ids[::-1]
    assert [one["id"] for one in listed(server, elder_id, "ELDER", "&status=CLOSED")] == [ids[1]]
    assert listed(server, elder_id, "ELDER", f"&elder_id={other_id}") == []
    path = f"/api/questions?participant_id={elder_id}&participant_type=ELDER&limit=2&before_id={ids[3]}"
    page = server.http("GET", path).body
    assert ([one["id"] for one in page["items"]], page["has_more"]) == ([ids[2], ids[1]], True)
    assert listed(server, elder_id, "FAMILY") == []
    family = {"user_id": elder_id, "user_type": "FAMILY"}
    assert server.http("POST", f"/api/questions/{ids[0]}/participants", json=family).status == 201
    assert [one["id"] for one in listed(server, elder_id, "FAMILY")] == [ids[0]]
    assert server.http("DELETE", f"/api/questions/{ids[0]}/participants", json=family).status == 200
    assert listed(server, elder_id, "FAMILY") == []


def test_both_belong_together(server: Server) -> None:
    answer = server.http("GET", "/api/questions?participant_id=1")
    assert (answer.status, answer.body["message"]) == (400, "participant_type 必须为 1 到 32 个大写字母、数字或下划线")
    answer = server.http("GET", "/api/questions?participant_type=STAFF")
    assert (answer.status, answer.body["message"]) == (400, "participant_id 必须为正整数")


def test_with_tokens_one_asks_about_oneself(start_server: StartServer, clients: Clients, tmp_path: Any) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    server.bearer = token(1, "STAFF")
    question_id = server.open_question(elder_id=7)
    staff = clients.connect(to=server, token=token(1, "STAFF"))
    staff.send(question_id, "内部", sender_id=1, is_visible_to_patient=False)
    staff.send(question_id, "您好", sender_id=1)
    assert server.http("POST", f"/api/questions/{question_id}/participants", json={"user_id": 2, "user_type": "STAFF"})
    assert [one["unread"] for one in listed(server, 2, "STAFF")] == [2]
    assert [one["unread"] for one in listed(server, 7, "ELDER")] == [1]
    path = "/api/questions?participant_id={}&participant_type={}"
    asked = {
        (7, "ELDER"): [1],
        (7, "STAFF"): [],
        (1, "STAFF"): None,
        (8, "ELDER"): None,
    }
    server.bearer = token(7, "ELDER")
    for (user_id, user_type), unread in asked.items():
        answer = server.http("GET", path.format(user_id, user_type))
        if unread is None:
            assert (answer.status, answer.body["message"]) == (403, "participant_id 与令牌不符")
        else:
            assert [one["unread"] for one in answer.body["items"]] == unread
    server.bearer = token(9, "FAMILY", questions=[question_id])
    assert server.http("GET", path.format(9, "FAMILY")).body["items"] == [], "it may ask, and takes no part"
    assert server.http("GET", path.format(7, "ELDER")).status == 403
    server.bearer = token(9, "FAMILY", elders=[7])
    assert [one["unread"] for one in server.http("GET", path.format(7, "ELDER")).body["items"]] == [1]
