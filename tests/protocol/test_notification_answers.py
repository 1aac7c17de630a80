"""`notification:read`, `notification:confirm` and `notification:snooze`, by event and over HTTP."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.clients import Client, Clients
from tests.conftest import Enter
from tests.packets import Kind, Polling, Websocket
from tests.protocol.answers import NOT_FOUND, check_fault
from tests.protocol.catching_up import bind, remind, settle
from tests.server import Server, in_seconds, new_id, wait_until

ANSWERS: Final = ("read", "confirm", "snooze")
EIGHT: Final = ["id", "biz_type", "biz_id", "title", "content", "status", "created_at", "read_at"]
TIME: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
NOT_AHEAD: Final = "until 必须为一年之内的将来时间"


def payload(what: str, notification_id: Any) -> dict[str, Any]:
    """What the event takes, with a time an hour ahead where it takes one."""
    return {"id": notification_id, **({"until": in_seconds(3600)} if what == "snooze" else {})}


def notified(server: Server, user_id: int, title: str = "服药提醒") -> int:
    """Have one more notification and give its id."""
    before = {one["id"] for one in server.notifications(user_id)}
    server.make_reminder(user_id, in_seconds(-1), title=title)
    new: set[int] = wait_until(lambda: {one["id"] for one in server.notifications(user_id)} - before, "one more")
    return new.pop()


def device(clients: Clients, user_id: int, transport: str = "websocket") -> Client:
    """A front end that knows `notification:updated`, with what it missed behind it."""
    client = clients.connect(transport)
    answer = client.call("bind_user", {"user_id": user_id, "after_id": 0})
    assert answer == client.expect("bind_user:ack")
    return client


def post(server: Server, notification_id: int, what: str, **body: Any) -> Any:
    """Answer it over HTTP and give what that is answered with."""
    asked: dict[str, Any] = {"json": body} if body else {}
    answer = server.http("POST", f"/api/notifications/{notification_id}/{what}", **asked)
    assert answer.status == 200, answer
    return answer.body


@pytest.mark.parametrize("what", ANSWERS)
def test_it_is_acknowledged_and_again_alike(server: Server, clients: Clients, transport: str, what: str) -> None:
    user_id = new_id()
    notification = notified(server, user_id)
    client = clients.connect(transport)
    client.bind(user_id)
    sent, done = payload(what, notification), {"success": True, "id": notification}
    for _ in range(2):
        assert client.call(f"notification:{what}", sent) == done
        assert client.expect(f"notification:{what}:ack") == done
    updated = client.expect("notification:updated")
    assert list(updated) == ["id", "status", "read_at", "confirmed_at", "snoozed_until", "unread"]
    assert client.events[-1].event == f"notification:{what}:ack", "it is told after the first answer, and once"
    client.nothing("notification:updated", "error", f"notification:{what}:ack")
    (stored,) = server.notifications(user_id, "answers=true")
    assert stored == {**{name: stored[name] for name in EIGHT}, **{key: updated[key] for key in list(updated)[:-1]}}
    assert (updated["status"], updated["unread"]) == (("UNREAD", 1) if what == "snooze" else ("READ", 0))
    for name, by in {
        "read_at": ("read", "confirm"),
        "confirmed_at": ("confirm",),
        "snoozed_until": ("snooze",),
    }.items():
        if what in by:
            assert re.fullmatch(TIME, updated[name])
        else:
            assert updated[name] is None


@pytest.mark.parametrize("what", ANSWERS)
def test_over_http_alike(server: Server, clients: Clients, what: str) -> None:
    user_id = new_id()
    notification = notified(server, user_id)
    client = device(clients, user_id)
    body = {} if what != "snooze" else {"until": in_seconds(3600)}
    answer = post(server, notification, what, **body)
    assert list(answer) == EIGHT if what == "read" else [*EIGHT, "confirmed_at", "snoozed_until"]
    assert post(server, notification, what, **body) == answer
    assert {**client.expect("notification:updated"), **answer, "unread": 0} == {
        **({"confirmed_at": None, "snoozed_until": None} | answer),
        "unread": 0,
    }
    client.nothing("notification:updated")
    (listed,) = server.notifications(user_id)
    assert list(listed) == EIGHT
    assert listed == {name: answer[name] for name in EIGHT}


@pytest.mark.parametrize("what", ANSWERS)
def test_under_an_idempotency_key(server: Server, clients: Clients, what: str) -> None:
    user_id = new_id()
    notification = notified(server, user_id)
    client = device(clients, user_id)
    asked: dict[str, Any] = {"headers": {"Idempotency-Key": f"{what} {notification}"}}
    if what == "snooze":
        asked["json"] = {"until": in_seconds(3600)}
    answers = [server.http("POST", f"/api/notifications/{notification}/{what}", **asked) for _ in range(2)]
    assert [(one.status, one.body) for one in answers] == [(200, answers[0].body)] * 2
    assert client.expect("notification:updated")["id"] == notification
    client.nothing("notification:updated")
    asked["headers"] = {"Idempotency-Key": f"{what} of nobody"}
    assert server.http("POST", f"/api/notifications/999999999/{what}", **asked).body == NOT_FOUND


@pytest.mark.parametrize("what", ANSWERS)
def test_another_users_is_not_found(server: Server, clients: Clients, transport: str, what: str) -> None:
    user_id, other = new_id(), new_id()
    notification = notified(server, user_id)
    unbound, stranger, left = clients.connect(transport), clients.connect(), clients.connect()
    stranger.bind(other)
    left.bind(user_id)
    left.expect("notification:new")
    left.bind(other)
    for client, asked in ((unbound, notification), (stranger, notification), (left, notification), (left, 999_999_999)):
        assert client.call(f"notification:{what}", payload(what, asked)) == NOT_FOUND
        assert client.expect("error") == NOT_FOUND
        client.nothing("error", f"notification:{what}:ack", "notification:updated")
    (stored,) = server.notifications(user_id, "answers=true")
    assert (stored["status"], stored["confirmed_at"], stored["snoozed_until"]) == ("UNREAD", None, None)
    body: dict[str, Any] = {"json": {"until": in_seconds(60)}} if what == "snooze" else {}
    answer = server.http("POST", f"/api/notifications/999999999/{what}", **body)
    assert (answer.status, answer.body) == (404, NOT_FOUND)


class TestWhoIsTold:
    def test_those_who_know_of_it_and_no_other(self, server: Server, clients: Clients) -> None:
        """An older front end, even one that joined a question with a cursor, sees what it always saw."""
        user_id = new_id()
        notification, other = notified(server, user_id), notified(server, user_id)
        older, stranger = clients.connect(), device(clients, new_id())
        older.bind(user_id)
        question_id = server.open_question()
        older.emit("join_question", {"question_id": question_id, "user_id": 9, "user_type": "ELDER", "after_id": 0})
        knowing = [device(clients, user_id, "polling"), clients.connect()]
        knowing[1].bind(user_id)
        assert knowing[1].call("notification:read", {"id": other})["success"]
        knowing[0].expect("notification:updated")
        knowing[1].expect("notification:updated")
        assert knowing[1].call("notification:confirm", {"id": notification})["success"]
        told = [client.expect("notification:updated") for client in knowing]
        assert told[0] == told[1]
        assert (told[0]["id"], told[0]["unread"]) == (notification, 0)
        older.nothing("notification:updated", "error")
        stranger.nothing("notification:updated", "error")
        assert [one.event for one in older.events if one.event != "left_question"] == [
            *("bind_user:ack", "notification:new", "notification:new", "joined_question"),
        ]

    def test_who_has_asked_in_vain_knows_of_it(self, server: Server, clients: Clients) -> None:
        user_id = new_id()
        notification = notified(server, user_id)
        client = clients.connect()
        assert client.call("notification:read", {"id": notification}) == NOT_FOUND
        client.bind(user_id)
        post(server, notification, "read")
        assert client.expect("notification:updated")["status"] == "READ"

    def test_who_is_bound_to_another_by_now_is_not(self, server: Server, clients: Clients) -> None:
        user_id = new_id()
        notification = notified(server, user_id)
        client = device(clients, user_id)
        client.bind(new_id())
        post(server, notification, "read")
        client.nothing("notification:updated")

    def test_what_is_unread_is_counted_in_the_order_of_the_commits(self, server: Server, clients: Clients) -> None:
        """Many devices answer at once, while more comes: everyone hears the same, and each count is right."""
        user_id = new_id()
        ids = [notified(server, user_id) for _ in range(12)]
        devices = [device(clients, user_id, transport) for transport in ("websocket", "polling", "websocket")]
        more = 0
        for number, notification in enumerate(ids):
            devices[number % 3].emit(("notification:read", "notification:confirm")[number % 2], {"id": notification})
            if number % 4 == 0:
                server.make_reminder(user_id, in_seconds(-1))
                more += 1
        heard = []
        for client in devices:
            told = [client.expect("notification:updated") for _ in ids]
            assert {one["id"] for one in told} == set(ids)
            for _ in range(len(ids) + more):
                client.expect("notification:new")
            client.nothing("notification:updated", "notification:new")
            names = [one for one in client.events if one.event in ("notification:new", "notification:updated")]
            unread = 0
            for one in names:
                if one.event == "notification:new":
                    unread += one.args[0]["status"] == "UNREAD"
                else:
                    unread -= 1
                    assert one.args[0]["unread"] == unread
            heard.append([one.args[0]["id"] for one in names[len(ids) :]])
        assert heard[0] == heard[1] == heard[2]


def test_who_binds_while_others_answer_misses_nothing(server: Server, enter: Enter) -> None:
    """What it missed comes with its state, and what changes meanwhile follows: in the end all know the same."""
    user_id = new_id()
    remind(server, user_id, [str(number) for number in range(60)])
    wait_until(lambda: len(server.notifications(user_id)) == 60, "the notifications")
    ids = [one["id"] for one in server.notifications(user_id)]
    kinds: tuple[Kind, ...] = (Websocket, Polling)
    with ThreadPoolExecutor(3) as threads:
        answering = [threads.submit(post, server, number, ("read", "confirm")[number % 2]) for number in ids]
        comers = []
        for number in range(20):
            comers.append(enter(kinds[number % 4 == 3], server))
            bind(comers[-1], user_id, 0)
        for answer in answering:
            answer.result()
    stored = server.notifications(user_id, "answers=true&limit=200&after_id=0")
    for client in comers:
        settle(client)
        known: dict[int, dict[str, Any]] = {}
        for name, told in client.events:
            if name == "notification:new":
                assert told["id"] not in known
                known[told["id"]] = told
            elif name == "notification:updated":
                known[told["id"]].update(told)
                unread = told["unread"]
        # What was answered before it came has told it no more than that it is read.
        assert [known[one["id"]]["status"] for one in stored] == ["READ"] * 60
        told_of = [one for one in known.values() if "unread" in one]
        assert not told_of or unread == 0
        assert [one["read_at"] for one in known.values()] == [one["read_at"] for one in stored]


class TestPayloads:
    @pytest.mark.parametrize("what", ANSWERS)
    @pytest.mark.parametrize("wrong", [None, 0, -1, "1", 1.5, True, [1], {}, 2**63])
    def test_what_is_no_id(self, clients: Clients, server: Server, what: str, wrong: Any) -> None:
        client = clients.connect()
        fault = {"code": "INVALID_PAYLOAD", "message": "id 必须为正整数"}
        assert client.call(f"notification:{what}", payload(what, wrong)) == fault
        assert client.expect("error") == fault
        if wrong is not None and not isinstance(wrong, list | dict):
            path = f"/api/notifications/{wrong if wrong != '1' else 'x'}/{what}"
            body: dict[str, Any] = {"json": {"until": in_seconds(60)}} if what == "snooze" else {}
            check_fault(server.http("POST", path, **body), 400, "id 必须为正整数")

    @pytest.mark.parametrize(
        "until",
        [
            *(None, 1, True, [], {}, "", "soon", "10:00", "2030-13-01 10:00:00", "1" * 65),
            *("2025-01-01 10:00:00", "1970-01-01T00:00:00Z", "9999-12-30 00:00:00"),
        ],
    )
    def test_what_is_no_time_ahead(self, server: Server, clients: Clients, until: Any) -> None:
        user_id = new_id()
        notification = notified(server, user_id)
        client = clients.connect()
        client.bind(user_id)
        for asked in (notification, 999_999_999):
            fault = {"code": "INVALID_PAYLOAD", "message": NOT_AHEAD}
            assert client.call("notification:snooze", {"id": asked, "until": until}) == fault
            assert client.expect("error") == fault
            check_fault(
                server.http("POST", f"/api/notifications/{asked}/snooze", json={"until": until}), 400, NOT_AHEAD
            )
        (stored,) = server.notifications(user_id, "answers=true")
        assert stored["snoozed_until"] is None

    def test_more_than_a_year_ahead(self, server: Server, clients: Clients) -> None:
        user_id = new_id()
        notification = notified(server, user_id)
        client = clients.connect()
        client.bind(user_id)
        year = 366 * 86_400
        fault = client.call("notification:snooze", {"id": notification, "until": in_seconds(year + 60)})
        assert fault == {"code": "INVALID_PAYLOAD", "message": NOT_AHEAD}
        assert client.call("notification:snooze", {"id": notification, "until": in_seconds(year - 60)})["success"]

    def test_a_confirmed_one_is_not_snoozed(self, server: Server, clients: Clients) -> None:
        user_id = new_id()
        notification = notified(server, user_id)
        client = clients.connect()
        client.bind(user_id)
        assert client.call("notification:confirm", {"id": notification})["success"]
        fault = {"code": "INVALID_PAYLOAD", "message": "通知已确认，无法推迟"}
        assert client.call("notification:snooze", payload("snooze", notification)) == fault
        assert client.expect("error") == fault
        answer = server.http("POST", f"/api/notifications/{notification}/snooze", json={"until": in_seconds(60)})
        check_fault(answer, 409, "通知已确认，无法推迟")

    @pytest.mark.parametrize("body", [{}, {"json": []}, {"json": {}}, {"body": b"until"}])
    def test_bodies_that_are_none(self, server: Server, body: dict[str, Any]) -> None:
        answer = server.http("POST", "/api/notifications/1/snooze", **body)
        texts = {400: ("请求数据必须为对象", NOT_AHEAD), 415: ("请求体必须为 JSON",)}
        assert answer.body["message"] in texts[answer.status]

    @pytest.mark.parametrize("wanted", ["yes", "1", "TRUE"])
    def test_the_lists_switch(self, server: Server, wanted: str) -> None:
        path = f"/api/users/1/notifications?answers={wanted}"
        check_fault(server.http("GET", path), 400, "answers 必须为 true 或 false")
        assert server.http("GET", "/api/users/1/notifications?answers=false").status == 200
