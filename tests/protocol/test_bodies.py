"""Every field of every HTTP body, every limit at its edge: as for the payloads of events."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.protocol.answers import check_fault
from tests.protocol.values import ID, NO_IDS, NO_TYPES, TYPE, TYPES
from tests.server import Server, in_seconds, new_id, reminder

NO_TITLES: Final[list[Any]] = ["", " ", "\u3000\n", "题" * 201, "a\x00", "\ud83d", 1, 1.5, True, [], {}, None]
TITLES: Final = ["题", "题" * 200, "😀" * 200, " 首尾空格 ", "<script>"]
TITLE: Final = "title 必须为 1 到 200 个字符的文本"


def check_post(server: Server, path: str, right: dict[str, Any], field: str, values: list[Any], text: str) -> None:
    """Hold every wrong value of a field, and its absence where null is among them, to the text of the field."""
    bodies = [{**right, field: value} for value in values]
    if None in values:
        bodies.append({name: value for name, value in right.items() if name != field})
    for body in bodies:
        answer = server.http("POST", path, json=body)
        check_fault(answer, 400, text)


@pytest.mark.parametrize(
    ("field", "values", "text"), [("title", NO_TITLES, TITLE), ("elder_id", NO_IDS, ID.format("elder_id"))]
)
def test_refused_questions(server: Server, field: str, values: list[Any], text: str) -> None:
    check_post(server, "/api/questions", {"title": "标题", "elder_id": 1}, field, values, text)


def test_accepted_questions(server: Server) -> None:
    for title in TITLES:
        for elder_id in 1, 2**63 - 1:
            answer = server.http("POST", "/api/questions", json={"title": title, "elder_id": elder_id})
            assert answer.status == 201
            assert (answer.body["title"], answer.body["elder_id"]) == (title, elder_id)


NO_TIMES: Final[list[Any]] = [
    *("", "明天", "2030-02-30 10:00:00", "2030-01-01", "10:00:00", "2030-01-01 25:00:00", "2030-13-01 10:00:00"),
    *("2030-01-01 10:00:00 ", " 2030-01-01 10:00:00", "2030-01-01 10:00:00\n", "2030-01-01 10:00:00\x00", "\ud83d"),
    *("２０３０-01-01 10:00:00", "20300101100000", "2030-01-01T10:00:00+25:00", 1_893_456_000, 1.5, True, [], {}, None),
]


@pytest.mark.parametrize(
    ("field", "values", "text"),
    [
        ("user_id", NO_IDS, ID.format("user_id")),
        ("biz_type", NO_TYPES, TYPE.format("biz_type")),
        ("biz_id", NO_IDS, ID.format("biz_id")),
        ("channel", ["", "SMS", "in_app", "IN_APP ", 1, True, [], {}], "channel 必须为 IN_APP 或 SYSTEM_MESSAGE"),
        ("title", NO_TITLES, TITLE),
        ("content", ["文" * 2001, "a\x00", "\ud83d", 1, 1.5, True, [], {}], "content 必须为不超过 2000 个字符的文本"),
        ("remind_at", NO_TIMES, "remind_at 必须为有效时间"),
    ],
)
def test_refused_reminders(server: Server, field: str, values: list[Any], text: str) -> None:
    user_id = new_id()
    check_post(server, "/api/reminders", reminder(user_id, in_seconds(3600)), field, values, text)
    assert server.http("GET", f"/api/reminders?user_id={user_id}").body == {"items": [], "has_more": False}


def test_accepted_reminders(server: Server) -> None:
    later = in_seconds(3600)
    accepted: list[tuple[str, list[Any]]] = [
        ("user_id", [1, 2**63 - 1]),
        ("biz_type", TYPES),
        ("biz_id", [1, 2**63 - 1]),
        ("channel", ["IN_APP", "SYSTEM_MESSAGE"]),
        ("title", TITLES),
        ("content", ["", " ", "文" * 2000, "😀" * 2000, None]),
    ]
    for changes in ({field: value} for field, values in accepted for value in values):
        answer = server.http("POST", "/api/reminders", json=reminder(5, later, **changes))
        assert answer.status == 201, changes
        assert {name: answer.body[name] for name in changes} == changes


def test_the_first_fault_of_a_body(server: Server) -> None:
    wrong_question = {"title": 0, "elder_id": 0}
    right_question = {"title": "标题", "elder_id": 1}
    right_reminder = reminder(1, in_seconds(3600))
    wrong_reminder = dict.fromkeys(right_reminder, 0)
    for path, wrong, right in (
        ("/api/questions", wrong_question, right_question),
        ("/api/reminders", wrong_reminder, right_reminder),
    ):
        names = list(wrong)
        for place, name in enumerate(names):
            body = {one: (right if names.index(one) < place else wrong)[one] for one in reversed(names)}
            answer = server.http("POST", path, json=body)
            assert answer.status == 400
            assert answer.body["message"].startswith(f"{name} 必须为"), body


def test_a_reminder_without_a_channel_is_in_app(server: Server) -> None:
    for body in (reminder(5, in_seconds(3600), channel=None), reminder(5, in_seconds(3600))):
        body.pop("channel", None)
        answer = server.http("POST", "/api/reminders", json=body)
        assert (answer.status, answer.body["channel"]) == (201, "IN_APP")


@pytest.mark.parametrize("charset", ["gbk", "gb18030", "big5", "utf-16", "latin-1", "utf-7", "x-none", '"gbk"'])
@pytest.mark.parametrize("written", ["gbk", "utf-8"])
def test_a_body_in_another_charset_is_refused(server: Server, charset: str, written: str) -> None:
    """It would be stored as other words than were written: bytes of one charset may be other words in another."""
    elder_id = new_id()
    body = f'{{"title": "头晕两天", "elder_id": {elder_id}}}'.encode(written)
    headers = {"Content-Type": f"application/json; charset={charset}"}
    check_fault(server.http("POST", "/api/questions", body=body, headers=headers), 415, "请求体必须为 JSON")
    assert server.http("GET", f"/api/questions?elder_id={elder_id}").body["items"] == []


@pytest.mark.parametrize("kind", ["; charset=utf-8", ";charset=UTF-8", '; charset="utf-8"', "; charset=us-ascii", ""])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_body_in_utf_8_is_read(server: Server, kind: str, mark: bytes) -> None:
    body = mark + '{"title": "头晕两天", "elder_id": 1}'.encode()
    answer = server.http("POST", "/api/questions", body=body, headers={"Content-Type": f"Application/JSON{kind}"})
    assert (answer.status, answer.body["title"]) == (201, "头晕两天")
