"""Messages over HTTP: the rules, texts and effects of `send_message`, by a POST."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.clients import Clients, message
from tests.protocol.answers import check_fault
from tests.server import Answer, Server, new_id


def said(text: str | None = "您好", /, **changes: Any) -> dict[str, Any]:
    """Give the body of a plain text message, changed."""
    body = message(0, text, **changes)
    del body["question_id"]
    return body


def post(server: Server, question_id: int, body: Any, key: str | None = None) -> Answer:
    """Send a message."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return server.http("POST", f"/api/questions/{question_id}/messages", json=body, headers=headers)


def test_it_is_answered_stored_and_broadcast(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    listener, staff = clients.connect(transport), clients.connect(transport)
    listener.join(question_id)
    staff.join(question_id, "STAFF")
    attachment = {"url": "https://example.com/1.png"}
    answer = post(server, question_id, said(role_display_name="医生王五", attachments=[attachment]))
    assert answer.status == 201
    assert answer.body == {
        "id": answer.body["id"],
        **{"question_id": question_id, "sender_type": "STAFF", "sender_id": 456, "role_display_name": "医生王五"},
        **{"content_type": "TEXT", "content_text": "您好", "sent_at": answer.body["sent_at"], "status": "SENT"},
        "is_visible_to_patient": True,
        "attachments": [{"url": attachment["url"], "thumbnail_url": None, "duration": None, "size": None}],
    }
    assert listener.expect("new_message") == staff.expect("new_message") == answer.body
    assert server.messages(question_id) == [answer.body]
    assert server.http("GET", f"/api/questions/{question_id}").body["latest_message_id"] == answer.body["id"]


def test_staff_alone_hear_what_is_for_staff(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    elder, staff = clients.connect(), clients.connect()
    elder.join(question_id)
    staff.join(question_id, "STAFF")
    internal = post(server, question_id, said("内部", is_visible_to_patient=0))
    assert (internal.status, internal.body["is_visible_to_patient"]) == (201, False)
    open_one = post(server, question_id, said("公开", is_visible_to_patient=1)).body
    assert [staff.expect("new_message") for _ in range(2)] == [internal.body, open_one]
    assert elder.expect("new_message") == open_one
    elder.nothing("new_message")


def test_both_ways_are_one_order(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    listener = clients.connect()
    listener.join(question_id)
    with ThreadPoolExecutor(8) as pool:
        posts = [pool.submit(post, server, question_id, said(f"第 {number} 条")) for number in range(40)]
        for number in range(40):
            listener.call("send_message", message(question_id, f"另 {number} 条"))
        assert {one.result().status for one in posts} == {201}
    heard = [listener.expect("new_message")["id"] for _ in range(80)]
    assert heard == sorted(heard) == [one["id"] for one in server.messages(question_id)]


CONTENT_TYPE = "content_type 必须为 1 到 32 个大写字母、数字或下划线"
# What is wrong, and the text; a socket is told the same behind its prefix.
WRONG: list[tuple[Any, str]] = [
    (said(sender_type=None), "sender_type 必须为 1 到 32 个大写字母、数字或下划线"),
    (said(sender_id=True), "sender_id 必须为正整数"),
    (said(sender_id=None), "sender_id 必须为正整数"),
    (said(" "), "content_text 必须为非空文本（没有附件时）"),
    (
        said(sender_type="ELDER", is_visible_to_patient=False),
        "is_visible_to_patient 必须为 true（仅 STAFF 可发送内部消息）",
    ),
    (said(attachments=[{"size": 1}]), "attachments[0].url 必须为 1 到 2048 个字符的文本"),
    (said(client_msg_id=""), "client_msg_id 必须为 1 到 64 个字符的文本"),
    ([], "请求数据必须为对象"),
]


@pytest.mark.parametrize(("body", "text"), WRONG)
def test_faults_have_the_texts_of_the_event(server: Server, clients: Clients, body: Any, text: str) -> None:
    question_id = server.open_question()
    check_fault(post(server, question_id, body), 400, text)
    payload = {"question_id": question_id, **body} if isinstance(body, dict) else body
    assert clients.connect().call("send_message", payload) == {"success": False, "message": f"发送失败：{text}"}
    assert server.messages(question_id) == []


def test_where_it_can_not_go(server: Server) -> None:
    question_id = server.open_question()
    server.set_status(question_id, "CLOSED")
    check_fault(post(server, question_id, said()), 400, "咨询问题已关闭")
    missing = post(server, 4_000_000, said())
    assert (missing.status, missing.body["code"]) == (404, "QUESTION_NOT_FOUND")
    check_fault(post(server, 4_000_000, {**said(), "content_type": "text"}), 400, CONTENT_TYPE)
    check_fault(post(server, 0, said()), 400, "question_id 必须为正整数")
    assert server.http("POST", f"/api/questions/{question_id}/messages", body=b"x").status == 415


def test_a_question_in_the_body_means_nothing(server: Server) -> None:
    one, another = server.open_question(), server.open_question()
    answer = post(server, one, {**said(), "question_id": another, "id": 5})
    assert (answer.status, answer.body["question_id"]) == (201, one)


def test_a_system_message_needs_no_sender(server: Server) -> None:
    answer = post(server, server.open_question(), said(sender_type="SYSTEM", sender_id=None))
    assert (answer.status, answer.body["sender_id"]) == (201, None)


class TestAgain:
    def test_by_client_msg_id(self, server: Server, clients: Clients) -> None:
        question_id = server.open_question()
        listener = clients.connect()
        listener.join(question_id)
        body = said(client_msg_id="一")
        first = post(server, question_id, body)
        assert first.status == 201
        assert "client_msg_id" not in first.body
        server.set_status(question_id, "CLOSED")
        again = post(server, question_id, {**body, "role_display_name": "又名"})
        assert (again.status, again.body) == (200, first.body)
        check_fault(post(server, question_id, {**body, "content_text": "别的"}), 400, "client_msg_id 已用于其他内容")
        by_event = listener.call("send_message", {"question_id": question_id, **body})
        assert by_event["data"] == {**first.body, "client_msg_id": "一"}, "the same, whichever way it comes again"
        assert listener.expect("new_message") == first.body
        listener.nothing("new_message")
        assert server.messages(question_id) == [first.body]

    def test_of_what_a_socket_has_sent(self, server: Server, clients: Clients) -> None:
        question_id = server.open_question()
        sent = clients.connect().call("send_message", {**message(question_id), "client_msg_id": "二"})["data"]
        answer = post(server, question_id, said(client_msg_id="二"))
        del sent["client_msg_id"]
        assert (answer.status, answer.body) == (200, sent)

    def test_by_idempotency_key(self, server: Server, clients: Clients) -> None:
        question_id = server.open_question()
        listener = clients.connect()
        listener.join(question_id)
        key = f"message {new_id()}"
        first = post(server, question_id, said(), key)
        again = post(server, question_id, said(), key)
        assert (first.status, again.status, again.body) == (201, 200, first.body)
        check_fault(post(server, question_id, said("别的"), key), 409, "Idempotency-Key 已用于其他内容")
        assert listener.expect("new_message") == first.body
        listener.nothing("new_message")

    def test_by_both(self, server: Server) -> None:
        question_id, key = server.open_question(), f"both {new_id()}"
        first = post(server, question_id, said(client_msg_id="三"), key)
        for body, other_key in ((said(client_msg_id="三"), key), (said(client_msg_id="三"), f"{key} 2")):
            again = post(server, question_id, body, other_key)
            assert (again.status, again.body) == (200, first.body)

    def test_a_refused_one_leaves_its_key_free(self, server: Server) -> None:
        question_id, key = server.open_question(), f"free {new_id()}"
        server.set_status(question_id, "CLOSED")
        assert post(server, question_id, said(), key).status == 400
        server.set_status(question_id, "OPEN")
        assert post(server, question_id, said(), key).status == 201

    def test_many_at_once_are_one(self, server: Server) -> None:
        question_id = server.open_question()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: post(server, question_id, said(client_msg_id="四")), range(16)))
        assert sorted(answer.status for answer in answers) == [200] * 15 + [201]
        assert len(server.messages(question_id)) == 1


def test_what_is_answered_outlives_a_kill(start_server: Any) -> None:
    server: Server = start_server()
    question_id = server.open_question()
    sent = [post(server, question_id, said(f"第 {number} 条")).body for number in range(5)]
    server.kill()
    server.start()
    assert server.messages(question_id) == sent
