"""`client_msg_id`: a message that is sent again is stored once, told once, and acknowledged as the first."""

from __future__ import annotations

import threading
from typing import Any, Final

import pytest

from tests.clients import Clients, message
from tests.conftest import Enter, StartServer
from tests.json_text import Literal
from tests.packets import Polling, Websocket
from tests.protocol.catching_up import settle
from tests.server import Server
from tests.torture.patches import patched

OTHER_CONTENT: Final = {"success": False, "message": "发送失败：client_msg_id 已用于其他内容"}
PICTURE: Final = {"url": "https://example.com/1.png", "thumbnail_url": None, "duration": None, "size": 1024}


def test_sent_again(server: Server, clients: Clients, transport: str) -> None:
    question_id = server.open_question()
    sender, listener = clients.connect_all([transport, "websocket"])
    for member in sender, listener:
        member.join(question_id)
    sent = message(question_id, client_msg_id="甲-1")
    first = sender.call("send_message", sent)
    assert first["success"]
    assert first["data"]["client_msg_id"] == "甲-1"
    for _ in range(3):
        assert sender.call("send_message", sent) == first
    assert [sender.expect("send_message:ack") for _ in range(4)] == [first] * 4
    stored = {name: value for name, value in first["data"].items() if name != "client_msg_id"}
    for member in sender, listener:
        assert member.expect("new_message") == stored
        member.nothing("new_message", "send_message:ack", "error")
    assert server.messages(question_id) == [stored]


@pytest.mark.parametrize("changes", [{}, {"client_msg_id": None}])
def test_without_one_all_is_as_before(server: Server, clients: Clients, changes: dict[str, Any]) -> None:
    question_id = server.open_question()
    client = clients.connect()
    answers = [client.call("send_message", message(question_id, **changes)) for _ in range(2)]
    assert [one["data"] for one in answers] == server.messages(question_id)
    assert "client_msg_id" not in answers[0]["data"]


def test_the_sender_may_go_by_another_name(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    sent = message(question_id, client_msg_id="甲-1", role_display_name="医生王五")
    first = client.call("send_message", sent)
    for name in "王医生", None:
        assert client.call("send_message", {**sent, "role_display_name": name}) == first
    assert len(server.messages(question_id)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"content_text": "别的"},
        {"content_text": "您好 "},
        {"content_text": None},
        {"content_type": "IMAGE"},
        {"attachments": []},
        {"attachments": [PICTURE, PICTURE]},
        {"attachments": [{**PICTURE, "size": 1025}]},
        {"attachments": [{**PICTURE, "thumbnail_url": ""}]},
        {"is_visible_to_patient": False},
    ],
)
def test_other_content_is_refused(server: Server, clients: Clients, transport: str, changes: dict[str, Any]) -> None:
    question_id = server.open_question()
    sender, listener = clients.connect_all([transport, "websocket"])
    sent = message(question_id, client_msg_id="甲-1", attachments=[PICTURE])
    first = sender.call("send_message", sent)
    listener.join(question_id, "STAFF")
    assert sender.call("send_message", {**sent, **changes}) == OTHER_CONTENT
    assert sender.call("send_message", sent) == first
    listener.nothing("new_message")
    sender.nothing("error")
    assert len(server.messages(question_id, "user_type=STAFF")) == 1


def test_what_comes_out_the_same_is_the_same(server: Server, clients: Clients) -> None:
    """Null and missing, and fields that nobody knows, make no difference."""
    question_id = server.open_question()
    client = clients.connect()
    sent = message(question_id, client_msg_id="甲-1", attachments=[{"url": PICTURE["url"]}])
    first = client.call("send_message", sent)
    for changes in (
        {"attachments": [{**PICTURE, "size": None, "name": "一"}], "is_visible_to_patient": None},
        {"is_visible_to_patient": True, "mood": "好"},
    ):
        assert client.call("send_message", {**sent, **changes}) == first
    assert len(server.messages(question_id)) == 1


def test_it_belongs_to_question_and_sender(server: Server, clients: Clients) -> None:
    here, there = server.open_question(), server.open_question()
    client = clients.connect()
    messages = [
        message(here, client_msg_id="1"),
        message(there, client_msg_id="1"),
        message(here, client_msg_id="1", sender_id=457),
        message(here, client_msg_id="1", sender_type="ELDER"),
        message(here, client_msg_id="1 "),
        message(here, client_msg_id="１"),
    ]
    first = [client.call("send_message", one)["data"] for one in messages]
    assert len({one["id"] for one in first}) == len(messages)
    assert [client.call("send_message", one)["data"] for one in messages] == first
    assert len(server.messages(here)) == 5


@pytest.mark.parametrize("value", ["", "文" * 65, "a\x00b", 1, 1.5, True, [], {}])
def test_what_is_none(server: Server, clients: Clients, value: Any) -> None:
    question_id = server.open_question()
    client = clients.connect()
    fault = {"success": False, "message": "发送失败：client_msg_id 必须为 1 到 64 个字符的文本"}
    assert client.call("send_message", message(question_id, client_msg_id=value)) == fault
    assert server.messages(question_id) == []


@pytest.mark.parametrize("value", ["1", "文" * 64, "e058e1ed-1b54-4a09-9cf7-5ba7a3b8ac5f", "a'\"\\;--", "😀" * 64])
def test_what_is_one(server: Server, clients: Clients, value: str) -> None:
    question_id = server.open_question()
    client = clients.connect()
    sent = message(question_id, client_msg_id=value)
    first = client.call("send_message", sent)
    assert first["data"]["client_msg_id"] == value
    assert client.call("send_message", sent) == first


def test_sent_at_once_over_several_connections(server: Server, enter: Enter) -> None:
    """A front end that reconnects may have two connections for a while, and both may send what it kept."""
    question_id = server.open_question()
    listener = enter(Websocket, server)
    listener.call("join_question", {"question_id": question_id, "user_id": 1, "user_type": "ELDER"})
    connections = [enter(kind, server) for kind in (Websocket, Websocket, Polling, Polling)]
    calls = [
        ["send_message", message(question_id, f"第 {number} 条", client_msg_id=str(number))] for number in range(50)
    ]
    answers: list[list[Any]] = []
    begin = threading.Barrier(len(connections))

    def send(connection: Any) -> None:
        begin.wait()
        # Each message twice in a row, so that one batch of the writer holds repeats of its own.
        answers.append(connection.call_all([call for call in calls for _ in range(2)]))

    threads = [threading.Thread(target=send, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(connections)
    stored = {one["content_text"]: one for one in server.messages(question_id)}
    assert len(stored) == len(server.messages(question_id)) == len(calls)
    for of_connection in answers:
        assert all(answer["success"] for answer in of_connection)
        for place, answer in enumerate(of_connection):
            number = place // 2
            assert answer["data"] == {**stored[f"第 {number} 条"], "client_msg_id": str(number)}
    settle(listener)
    heard = listener.named("new_message")
    assert heard == server.messages(question_id)


def test_other_content_at_the_same_time(server: Server, enter: Enter) -> None:
    """Whichever comes first stands, within one batch too."""
    question_id = server.open_question()
    client = enter(Websocket, server)
    texts = ["一", "二", "一", "三"]
    sent = [["send_message", message(question_id, text, client_msg_id="甲")] for text in texts]
    first, *others = client.call_all(sent)
    assert first["data"]["content_text"] == "一"
    assert others == [OTHER_CONTENT, first, OTHER_CONTENT]
    assert len(server.messages(question_id)) == 1


def test_after_the_question_was_closed(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    sent = message(question_id, client_msg_id="甲-1")
    first = client.call("send_message", sent)
    server.set_status(question_id, "CLOSED")
    assert client.call("send_message", sent) == first
    assert client.call("send_message", {**sent, "content_text": "别的"}) == OTHER_CONTENT
    closed = {"success": False, "message": "发送失败：咨询问题已关闭"}
    assert client.call("send_message", {**sent, "client_msg_id": "甲-2"}) == closed


def test_a_send_that_failed_has_not_used_it(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    sent = message(question_id, client_msg_id="甲-1")
    server.set_status(question_id, "CLOSED")
    assert not client.call("send_message", sent)["success"]
    server.set_status(question_id, "OPEN")
    assert not client.call("send_message", {**sent, "content_text": None})["success"]
    answer = client.call("send_message", {**sent, "content_text": "别的"})
    assert answer["success"]
    assert [one["id"] for one in server.messages(question_id)] == [answer["data"]["id"]]


def test_after_a_restart(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    question_id = server.open_question()
    sent = message(question_id, client_msg_id="甲-1")
    first = clients.connect(to=server).call("send_message", sent)
    for stop in server.stop, server.kill:
        stop()
        server.start()
        client = clients.connect(to=server)
        client.join(question_id)
        assert client.call("send_message", sent) == first
        assert client.call("send_message", {**sent, "content_text": "别的"}) == OTHER_CONTENT
        client.nothing("new_message")
    assert len(server.messages(question_id)) == 1


def test_after_a_kill_between_commit_and_acknowledgement(
    start_server: StartServer, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client can't know whether its message is stored. It sends it again, and it is stored once."""
    with monkeypatch.context() as patch:
        patch.setattr("tests.server.COMMAND", patched("killed_after_commit"))
        server = start_server()
    question_id = server.open_question()
    client, listener = clients.connect_all(["websocket", "websocket"], server)
    listener.join(question_id)
    client.send(question_id, "前一条", client_msg_id="甲-1")
    sent = message(question_id, "最后一条", client_msg_id="甲-2")
    client.emit("send_message", sent)
    client.disconnected()
    listener.disconnected()
    assert [one.args[0]["content_text"] for one in listener.events if one.event == "new_message"] == ["前一条"]
    server.kill()
    server.start()
    client, listener = clients.connect_all(["websocket", "websocket"], server)
    listener.join(question_id)
    answer = client.call("send_message", sent)
    assert answer["success"]
    assert [one["content_text"] for one in server.messages(question_id)] == ["前一条", "最后一条"]
    assert answer["data"] == {**server.messages(question_id)[1], "client_msg_id": "甲-2"}
    listener.nothing("new_message")


def test_a_number_that_is_spelled_in_another_way_is_the_same(server: Server, enter: Enter) -> None:
    question_id = server.open_question()
    client = enter(Websocket, server)
    spelled: list[Any] = [1, Literal("1.0"), Literal("1e0"), Literal("10e-1")]
    answers = [
        client.call(
            "send_message", message(question_id, client_msg_id="1", attachments=[{"url": "a", "duration": one}])
        )
        for one in spelled
    ]
    assert answers[0]["success"] is True
    assert answers == [answers[0]] * len(spelled)
    for other in (Literal("1.0000001"), 2, None):
        sent = message(question_id, client_msg_id="1", attachments=[{"url": "a", "duration": other}])
        assert client.call("send_message", sent)["success"] is False
