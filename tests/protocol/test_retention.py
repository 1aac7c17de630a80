"""What is deleted for its age is gone for every front end, in one step; all else goes on, and no id comes again.

By a program that looks every second instead of every ten minutes, and is the real one otherwise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest

from tests.clients import TRANSPORTS, Clients
from tests.conftest import StartServer
from tests.protocol.bare_websocket import BareWebsocket
from tests.protocol.test_catch_up_load import LONG, MANY, come_back
from tests.server import Server, in_seconds, new_id, wait_until
from tests.torture.patches import patched

GONE: Final = {"code": "QUESTION_NOT_FOUND", "message": "咨询问题不存在"}


@pytest.fixture
def server(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Keeps what is closed, and what is read, for a day."""
    monkeypatch.setattr("tests.server.COMMAND", patched("tidies_often"))
    return start_server("--closed-question-days", "1", "--read-notification-days", "1")


@pytest.fixture
def slow(server: Server) -> Iterator[BareWebsocket]:
    """A client that reads when it is told to."""
    client = BareWebsocket(server, 65_536)
    yield client
    client.close()


def age(server: Server, table: str, column: str, row_id: int) -> None:
    """A day and a bit pass for that row."""
    with closing(sqlite3.connect(server.database, timeout=10, isolation_level=None)) as connection:
        changed = connection.execute(f"UPDATE {table} SET {column} = {column} - 86460000 WHERE id = ?", (row_id,))
        assert changed.rowcount == 1


def end(server: Server, question_id: int) -> None:
    """Closes the question; the day passes, and it is deleted."""
    server.set_status(question_id, "CLOSED")
    age(server, "question", "closed_at", question_id)
    wait_until(lambda: server.http("GET", f"/api/questions/{question_id}").status == 404, "its end")


def is_done(server: Server, job: str) -> bool:
    """The job has come to its end, and well."""
    result = server.http("GET", "/health").body["jobs"][job]["result"]
    return bool(result == "ok")


def test_a_deleted_question_is_gone_for_everybody(server: Server, clients: Clients) -> None:
    question_id, other = server.open_question(), server.open_question()
    members = clients.connect_all([*TRANSPORTS])
    sender = clients.connect()
    for member in members:
        member.join(question_id)
        member.join(other)
    last = sender.send(question_id)
    for member in members:
        assert member.expect("new_message") == last
    end(server, question_id)

    joining = {"question_id": question_id, "user_id": 456, "user_type": "STAFF"}
    refused = {"success": False, "message": "发送失败：咨询问题不存在"}
    sending = {"question_id": question_id, "sender_type": "STAFF", "sender_id": 1, "content_type": "TEXT"}
    for client in (*members, sender):
        for payload in (joining, {**joining, "after_id": 0}):
            assert client.call("join_question", payload) == GONE
            assert client.expect("error") == GONE
        assert client.call("send_message", {**sending, "content_text": "在吗"}) == refused
        client.expect("send_message:ack")
    for answer in (
        server.http("GET", f"/api/questions/{question_id}/messages"),
        server.http("PATCH", f"/api/questions/{question_id}", json={"status": "OPEN"}),
    ):
        assert (answer.status, answer.body) == (404, GONE)
    assert [one["id"] for one in server.http("GET", "/api/questions").body["items"]] == [other]

    stored = sender.send(other)
    assert stored["id"] == last["id"] + 1
    for member in members:
        assert member.expect("new_message") == stored
        assert member.call("leave_question", {"question_id": question_id}) == {"question_id": question_id}
        member.expect("left_question")
        member.nothing("new_message", "error", "left_question", "joined_question")
    wait_until(lambda: is_done(server, "closed_questions"), "the job's good end")


def test_who_asked_for_its_changes_hears_of_its_close_and_then_nothing(server: Server, clients: Clients) -> None:
    question_id = server.open_question()
    client = clients.connect()
    asked = {"question_id": question_id, "user_id": 456, "user_type": "ELDER", "updates": True}
    client.call("join_question", asked)
    end(server, question_id)
    assert client.expect("question:updated")["status"] == "CLOSED"
    assert server.http("PATCH", f"/api/questions/{question_id}", json={"status": "OPEN"}).status == 404
    client.nothing("question:updated")


def test_no_id_comes_again_after_a_restart(server: Server, clients: Clients) -> None:
    """Not even where the latest of all was deleted."""
    question_id = server.open_question()
    last = clients.connect().send(question_id)
    end(server, question_id)
    server.restart()
    new = server.open_question()
    assert new == question_id + 1
    back = clients.connect()
    back.emit("join_question", {"question_id": new, "user_id": 1, "user_type": "ELDER", "after_id": last["id"]})
    assert back.expect("joined_question") == {"question_id": new, "latest_id": 0, "has_more": False}
    stored = back.send(new)
    assert stored["id"] == last["id"] + 1
    assert back.expect("new_message") == stored


def test_who_is_catching_up_is_not_in_its_room_afterwards(
    server: Server, clients: Clients, slow: BareWebsocket
) -> None:
    """It was answered before the question was deleted, and read what was missed only later."""
    question_id = server.open_question()
    sender = clients.connect()
    for _ in range(30):
        sender.send(question_id, LONG, attachments=MANY)
    come_back(slow, question_id)
    slow.read_until(b"joined_question")
    end(server, question_id)
    slow.emit('42["leave_question",{"question_id":9}]')
    slow.read_until(b"left_question", most=65_536)
    answer = sender.call("join_question", {"question_id": question_id, "user_id": 1, "user_type": "ELDER"})
    assert answer == GONE


def test_deleted_notifications_are_passed_over(server: Server, clients: Clients) -> None:
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    tasks, told = [], []
    for _ in range(3):
        tasks.append(server.make_reminder(user_id, in_seconds(-1)))
        told.append(client.expect("notification:new"))
    for one in told[0], told[2]:
        assert server.http("POST", f"/api/notifications/{one['id']}/read").status == 200
        age(server, "user_notification", "read_at", one["id"])
    wait_until(lambda: server.notifications(user_id) == [told[1]], "their end")
    assert server.http("GET", f"/api/users/{user_id}/notifications").body["unread"] == 1
    assert server.http("POST", f"/api/notifications/{told[0]['id']}/read").status == 404
    statuses = [server.http("GET", f"/api/reminders/{task['id']}").status for task in tasks]
    assert statuses == [404, 200, 404], "a task that is over goes with its last notification"

    server.restart()
    server.make_reminder(user_id, in_seconds(-1))
    wait_until(lambda: len(server.notifications(user_id)) == 2, "the next one")
    (later, _) = server.notifications(user_id)
    assert later["id"] == told[2]["id"] + 1
    for after_id, missed in ((0, [told[1], later]), (told[0]["id"], [told[1], later]), (told[2]["id"], [later])):
        back = clients.connect()
        back.emit("bind_user", {"user_id": user_id, "after_id": after_id})
        assert back.expect("bind_user:ack")["latest_id"] == later["id"]
        assert [back.expect("notification:new") for _ in missed] == missed
        back.nothing("notification:new")
    wait_until(lambda: is_done(server, "read_notifications"), "the job's good end")
