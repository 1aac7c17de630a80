"""Every HTTP call: what it answers, key sets included."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from tests.clients import Clients, message
from tests.protocol.answers import NOT_FOUND, check_fault, ids
from tests.server import Server, in_seconds, new_id, reminder, wait_until

TIME: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
NO_QUESTION: Final = {"code": "QUESTION_NOT_FOUND", "message": "咨询问题不存在"}


class TestQuestions:
    def test_opening(self, server: Server) -> None:
        answer = server.http("POST", "/api/questions", json={"title": "头晕两天", "elder_id": 77})
        assert answer.status == 201
        assert answer.headers["content-type"].startswith("application/json")
        question = answer.body
        assert set(question) == {"id", "title", "elder_id", "status", "created_at", "latest_message_id"}
        assert (question["title"], question["elder_id"], question["status"]) == ("头晕两天", 77, "OPEN")
        assert re.fullmatch(TIME, question["created_at"])
        assert not question["latest_message_id"]
        again = server.http("GET", f"/api/questions/{question['id']}")
        assert (again.status, again.body) == (200, question)

    def test_the_latest_message(self, server: Server, clients: Clients) -> None:
        question_id = server.open_question()
        sender = clients.connect()
        for _ in range(2):
            stored = sender.send(question_id)
            answer = server.http("GET", f"/api/questions/{question_id}")
            assert answer.body["latest_message_id"] == stored["id"]

    def test_closing_and_reopening(self, server: Server) -> None:
        question_id = server.open_question()
        before = server.http("GET", f"/api/questions/{question_id}").body
        for status in "CLOSED", "CLOSED", "OPEN", "OPEN":
            answer = server.http("PATCH", f"/api/questions/{question_id}", json={"status": status})
            assert (answer.status, answer.body) == (200, {**before, "status": status})
            assert server.http("GET", f"/api/questions/{question_id}").body == answer.body

    @pytest.mark.parametrize("body", [{}, {"status": None}, {"status": "closed"}, {"status": "PENDING"}, {"status": 1}])
    def test_refused_changes(self, server: Server, body: dict[str, Any]) -> None:
        question_id = server.open_question()
        answer = server.http("PATCH", f"/api/questions/{question_id}", json=body)
        check_fault(answer, 400, "status 必须为 OPEN 或 CLOSED")
        assert server.http("GET", f"/api/questions/{question_id}").body["status"] == "OPEN"

    def test_listing_newest_first_by_pages(self, server: Server) -> None:
        elder_id = new_id()
        made = [server.open_question(elder_id=elder_id) for _ in range(5)]
        path = f"/api/questions?elder_id={elder_id}"
        assert ids(server.http("GET", path)) == made[::-1]
        first = server.http("GET", f"{path}&limit=2")
        assert (ids(first), first.body["has_more"]) == ([made[4], made[3]], True)
        second = server.http("GET", f"{path}&limit=2&before_id={made[3]}")
        assert (ids(second), second.body["has_more"]) == ([made[2], made[1]], True)
        last = server.http("GET", f"{path}&limit=2&before_id={made[1]}")
        assert (ids(last), last.body["has_more"]) == ([made[0]], False)
        exact = server.http("GET", f"{path}&limit=5")
        assert (ids(exact), exact.body["has_more"]) == (made[::-1], False)
        none = server.http("GET", f"{path}&before_id={made[0]}")
        assert (none.status, none.body) == (200, {"items": [], "has_more": False})
        assert exact.body["items"][0] == server.http("GET", f"/api/questions/{made[4]}").body

    def test_filters(self, server: Server) -> None:
        elder_id = new_id()
        opened, closed = server.open_question(elder_id=elder_id), server.open_question(elder_id=elder_id)
        server.set_status(closed, "CLOSED")
        assert ids(server.http("GET", f"/api/questions?elder_id={elder_id}&status=OPEN")) == [opened]
        assert ids(server.http("GET", f"/api/questions?elder_id={elder_id}&status=CLOSED")) == [closed]
        assert closed in ids(server.http("GET", "/api/questions?status=CLOSED&limit=200"))
        check_fault(server.http("GET", "/api/questions?status=DONE"), 400, "status 必须为 OPEN 或 CLOSED")
        check_fault(server.http("GET", "/api/questions?elder_id=0"), 400, "elder_id 必须为正整数")
        check_fault(server.http("GET", "/api/questions?elder_id=a"), 400, "elder_id 必须为正整数")


class TestMessages:
    def test_pages_both_ways(self, server: Server, clients: Clients) -> None:
        question_id = server.open_question()
        sender = clients.connect()
        sent = [sender.send(question_id, f"第 {number} 条") for number in range(5)]
        known = [one["id"] for one in sent]
        path = f"/api/questions/{question_id}/messages"

        def page(query: str) -> dict[str, Any]:
            answer = server.http("GET", f"{path}?{query}")
            assert answer.status == 200
            body: dict[str, Any] = answer.body
            return body

        assert server.http("GET", path).body == {"items": sent, "has_more": False}
        assert page("after_id=0") == {"items": sent, "has_more": False}
        assert page("after_id=0&limit=2") == {"items": sent[:2], "has_more": True}
        assert page(f"after_id={known[1]}&limit=2") == {"items": sent[2:4], "has_more": True}
        assert page(f"after_id={known[3]}&limit=2") == {"items": sent[4:], "has_more": False}
        assert page(f"after_id={known[2]}&limit=2") == {"items": sent[3:], "has_more": False}
        assert page(f"after_id={known[4]}") == {"items": [], "has_more": False}
        assert page(f"after_id={2**63 - 1}") == {"items": [], "has_more": False}
        assert page("limit=2") == {"items": sent[3:], "has_more": True}
        assert page(f"before_id={known[3]}&limit=2") == {"items": sent[1:3], "has_more": True}
        assert page(f"before_id={known[2]}&limit=2") == {"items": sent[:2], "has_more": False}
        assert page(f"before_id={known[0]}") == {"items": [], "has_more": False}
        assert page(f"before_id={2**63 - 1}") == {"items": sent, "has_more": False}

    def test_fifty_when_no_limit_is_given(self, server: Server, clients: Clients) -> None:
        question_id = server.open_question()
        sender = clients.connect()
        for number in range(201):
            sender.emit("send_message", message(question_id, str(number)))
        for _ in range(201):
            assert sender.expect("send_message:ack")["success"] is True
        path = f"/api/questions/{question_id}/messages"
        texts = [item["content_text"] for item in server.http("GET", path).body["items"]]
        assert texts == [str(number) for number in range(151, 201)]
        forward = server.http("GET", f"{path}?after_id=0").body
        assert (len(forward["items"]), forward["has_more"]) == (50, True)
        longest = server.http("GET", f"{path}?limit=200").body
        assert (len(longest["items"]), longest["has_more"]) == (200, True)

    def test_an_unknown_question(self, server: Server) -> None:
        for path in "/api/questions/999999999", f"/api/questions/{2**63 - 1}", "/api/questions/999999999/messages":
            answer = server.http("GET", path)
            assert (answer.status, answer.body) == (404, NO_QUESTION)
        answer = server.http("PATCH", "/api/questions/999999999", json={"status": "OPEN"})
        assert (answer.status, answer.body) == (404, NO_QUESTION)


class TestReminders:
    def test_making(self, server: Server) -> None:
        body = reminder(new_id(), "2030-01-01 20:00:00")
        answer = server.http("POST", "/api/reminders", json=body)
        assert answer.status == 201
        task = answer.body
        assert task == {**body, "id": task["id"], "status": "PENDING", "created_at": task["created_at"]}
        assert re.fullmatch(TIME, task["created_at"])
        again = server.http("GET", f"/api/reminders/{task['id']}")
        assert (again.status, again.body) == (200, task)

    def test_content_may_be_left_out(self, server: Server) -> None:
        body = reminder(new_id(), "2030-01-01 20:00:00")
        del body["content"]
        answer = server.http("POST", "/api/reminders", json=body)
        assert (answer.status, answer.body["content"]) == (201, None)

    def test_cancelling(self, server: Server) -> None:
        task = server.make_reminder(new_id(), in_seconds(3600))
        for _ in range(2):
            answer = server.http("DELETE", f"/api/reminders/{task['id']}")
            assert (answer.status, answer.body) == (200, {**task, "status": "CANCELLED"})
        assert server.http("GET", f"/api/reminders/{task['id']}").body["status"] == "CANCELLED"

    def test_cancelling_what_was_dispatched(self, server: Server) -> None:
        user_id = new_id()
        task = server.make_reminder(user_id, in_seconds(-60))
        path = f"/api/reminders/{task['id']}"
        wait_until(lambda: server.http("GET", path).body["status"] == "DISPATCHED", "the dispatch")
        check_fault(server.http("DELETE", path), 409, "提醒任务已触发，无法取消")
        assert server.http("GET", path).body == {**task, "status": "DISPATCHED"}
        assert len(server.notifications(user_id)) == 1

    def test_listing(self, server: Server) -> None:
        user_id = new_id()
        tasks = [server.make_reminder(user_id, in_seconds(3600)) for _ in range(4)]
        cancelled = server.http("DELETE", f"/api/reminders/{tasks[1]['id']}").body
        tasks[1] = cancelled
        path = f"/api/reminders?user_id={user_id}"
        assert server.http("GET", path).body == {"items": tasks[::-1], "has_more": False}
        assert server.http("GET", f"{path}&limit=3").body == {"items": tasks[:0:-1], "has_more": True}
        older = server.http("GET", f"{path}&limit=3&before_id={tasks[1]['id']}").body
        assert older == {"items": [tasks[0]], "has_more": False}
        assert server.http("GET", f"{path}&status=CANCELLED").body == {"items": [cancelled], "has_more": False}
        pending = [tasks[3], tasks[2], tasks[0]]
        assert server.http("GET", f"{path}&status=PENDING").body == {"items": pending, "has_more": False}
        assert server.http("GET", f"{path}&status=DISPATCHED").body == {"items": [], "has_more": False}
        assert tasks[3]["id"] in ids(server.http("GET", "/api/reminders?limit=200"))
        wrong = server.http("GET", "/api/reminders?status=OPEN")
        check_fault(wrong, 400, "status 必须为 PENDING、DISPATCHED 或 CANCELLED")
        check_fault(server.http("GET", "/api/reminders?user_id=-1"), 400, "user_id 必须为正整数")

    def test_an_unknown_task(self, server: Server) -> None:
        for method in "GET", "DELETE":
            answer = server.http(method, "/api/reminders/999999999")
            assert (answer.status, answer.body) == (404, NOT_FOUND)


class TestNotifications:
    def notified(self, server: Server, count: int) -> tuple[int, list[dict[str, Any]]]:
        """Give a user with that many notifications, and these, newest first."""
        user_id = new_id()
        for number in range(count):
            server.make_reminder(user_id, in_seconds(-1), title=f"第 {number} 条")
        wait_until(lambda: len(server.notifications(user_id)) == count, "the notifications")
        return user_id, server.notifications(user_id)

    def test_listing(self, server: Server) -> None:
        user_id, newest = self.notified(server, 5)
        path = f"/api/users/{user_id}/notifications"
        known = [one["id"] for one in newest]
        assert known == sorted(known, reverse=True)
        keys = {"id", "biz_type", "biz_id", "title", "content", "status", "created_at", "read_at"}
        assert all(set(one) == keys for one in newest)

        def page(query: str) -> dict[str, Any]:
            body = server.http("GET", f"{path}?{query}").body
            assert set(body) == {"items", "has_more", "unread"}
            assert body["unread"] == 5, "a page does not change how many are unread"
            return {name: body[name] for name in ("items", "has_more")}

        oldest = newest[::-1]
        assert page("") == {"items": newest, "has_more": False}
        assert page("limit=2") == {"items": newest[:2], "has_more": True}
        assert page(f"limit=2&before_id={known[1]}") == {"items": newest[2:4], "has_more": True}
        assert page(f"limit=2&before_id={known[3]}") == {"items": newest[4:], "has_more": False}
        assert page("after_id=0") == {"items": oldest, "has_more": False}
        assert page("after_id=0&limit=2") == {"items": oldest[:2], "has_more": True}
        assert page(f"after_id={known[2]}&limit=2") == {"items": oldest[3:], "has_more": False}
        assert page(f"after_id={known[0]}") == {"items": [], "has_more": False}

    def test_reading(self, server: Server) -> None:
        user_id, (second, first) = self.notified(server, 2)
        answer = server.http("POST", f"/api/notifications/{first['id']}/read")
        assert answer.status == 200
        read = answer.body
        assert read == {**first, "status": "READ", "read_at": read["read_at"]}
        assert re.fullmatch(TIME, read["read_at"])
        path = f"/api/users/{user_id}/notifications"
        assert server.http("GET", path).body == {"items": [second, read], "has_more": False, "unread": 1}
        assert server.http("GET", f"{path}?status=UNREAD").body["items"] == [second]
        assert server.http("GET", f"{path}?status=READ").body["items"] == [read]
        wrong = server.http("GET", f"{path}?status=PENDING")
        check_fault(wrong, 400, "status 必须为 UNREAD 或 READ")

    def test_reading_again_changes_nothing(self, server: Server) -> None:
        _, (one,) = self.notified(server, 1)
        first = server.http("POST", f"/api/notifications/{one['id']}/read").body
        wait_until(lambda: server.make_reminder(1, in_seconds(3600))["created_at"] > first["read_at"], "another second")
        again = server.http("POST", f"/api/notifications/{one['id']}/read")
        assert (again.status, again.body) == (200, first)

    def test_a_user_without_any(self, server: Server) -> None:
        answer = server.http("GET", f"/api/users/{new_id()}/notifications")
        assert (answer.status, answer.body) == (200, {"items": [], "has_more": False, "unread": 0})

    def test_an_unknown_notification(self, server: Server) -> None:
        answer = server.http("POST", "/api/notifications/999999999/read")
        assert (answer.status, answer.body) == (404, NOT_FOUND)


class TestOperations:
    def test_health(self, server: Server) -> None:
        answer = server.http("GET", "/health")
        assert answer.status == 200
        assert answer.body["status"] == "ok"

    def test_metrics(self, server: Server) -> None:
        answer = server.http("GET", "/metrics")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.body.endswith("\n")
        lines = [line for line in answer.body.splitlines() if line and not line.startswith("#")]
        assert lines
        sample = r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="[^"]*",?)+\})? ([-+0-9.eE]+|NaN)'
        assert [line for line in lines if not re.fullmatch(sample, line)] == []

    @pytest.mark.parametrize(
        "path",
        ["/", "/static/kit/dom.js", "/protocol.json", "/metrics", "/nowhere", "/socket.io/?EIO=4&transport=polling"],
    )
    def test_headers(self, server: Server, path: str) -> None:
        """What keeps a browser to this server's own scripts, on every answer; and no header that says nothing."""
        headers = server.http("GET", path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "alt-svc" not in headers
        assert all(headers.values()), headers

    def test_the_page(self, server: Server) -> None:
        answer = server.http("GET", "/")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("user_type", ["56", "0", "1_000", "X" * 32, "-"])
def test_digits_where_text_is_meant_are_text(server: Server, user_type: str) -> None:
    question_id = server.open_question()
    wanted = 400 if user_type == "-" else 200
    for path in (f"/api/questions/{question_id}", f"/api/questions/{question_id}/messages", "/api/questions"):
        assert server.http("GET", f"{path}?user_type={user_type}").status == wanted, path


def test_the_documents_are_served_and_linked(server: Server) -> None:
    """To import them by their address; calls then go to where the document came from, also below a path."""
    openapi = server.http("GET", "/openapi.json").body
    assert openapi["servers"] == [{"url": "."}]
    assert openapi["openapi"].startswith("3.1")
    assert "/api/questions" in openapi["paths"]
    asyncapi = server.http("GET", "/asyncapi.json").body
    assert asyncapi["asyncapi"].startswith("3.")
    page = server.http("GET", "/docs").body
    assert 'href="openapi.json"' in page
    assert 'href="asyncapi.json"' in page
