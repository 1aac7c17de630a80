"""Every field of every payload, every limit at its edge: what is inside passes, what is outside is refused by name."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.clients import message
from tests.conftest import Enter
from tests.json_text import Literal
from tests.packets import Connection, Websocket
from tests.protocol.values import ID, NO_IDS, NO_TYPES, TYPE, TYPES
from tests.server import Server

NO_NAMES: Final[list[Any]] = [
    "王" * 65,
    "a" * 65,
    "😀" * 65,
    "a\x00",
    "\x00",
    "\ud83d",
    "a\udc00",
    1,
    1.5,
    True,
    [],
    {},
]
NAMES: Final[list[Any]] = [None, "", " ", "王" * 64, "a" * 64, "😀" * 64, "</script>", "王\n五", "\u202e", "ﷺ", "é"]

NAME: Final = "{} 必须为不超过 64 个字符的文本"
TEXT: Final = "content_text 必须为不超过 10000 个字符的文本"
NO_TEXT: Final = "content_text 必须为非空文本（没有附件时）"
ATTACHMENTS: Final = "attachments 必须为不超过 20 项的数组"
NO_OBJECT: Final = "attachments[{}] 必须为对象"
URL: Final = "attachments[{}].url 必须为 1 到 2048 个字符的文本"
THUMBNAIL: Final = "attachments[{}].thumbnail_url 必须为不超过 2048 个字符的文本或 null"
DURATION: Final = "attachments[{}].duration 必须为不小于 0 的数或 null"
SIZE: Final = "attachments[{}].size 必须为不小于 0 的整数或 null"
VISIBLE: Final = "is_visible_to_patient 必须为布尔值"


@pytest.fixture
def raw(server: Server, enter: Enter) -> Connection:
    """A connection that outlives all payloads of a test."""
    return enter(Websocket, server)


@pytest.fixture(scope="module")
def question_id(server: Server) -> int:
    """One open question for the whole module."""
    return server.open_question()


def invalid(text: str) -> dict[str, Any]:
    """Give the fault that goes to `error`."""
    return {"code": "INVALID_PAYLOAD", "message": text}


def failed(text: str) -> dict[str, Any]:
    """Give the answer of a failed send."""
    return {"success": False, "message": f"发送失败：{text}"}


def join(question_id: int, /, **changes: Any) -> list[Any]:
    """Give a join with changes."""
    return ["join_question", {"question_id": question_id, "user_id": 456, "user_type": "ELDER", **changes}]


def send(question_id: int, /, **changes: Any) -> list[Any]:
    """Give a send with changes."""
    return ["send_message", message(question_id, **changes)]


def attached(question_id: int, /, *items: Any, **changes: Any) -> list[Any]:
    """Give a send with these attachments."""
    return send(question_id, attachments=list(items), **changes)


def check(raw: Connection, calls: list[list[Any]], expected: dict[str, Any]) -> None:
    """Make all calls at once and hold every answer to the one that is expected."""
    answers = raw.call_all(calls)
    wrong = [(call, answer) for call, answer in zip(calls, answers, strict=True) if answer != expected]
    assert not wrong, (len(wrong), wrong[0])


def check_sent(server: Server, raw: Connection, calls: list[list[Any]], *fields: str) -> None:
    """Make all calls at once; every message must be stored, and its ack and HTTP give these fields back as sent."""
    answers = raw.call_all(calls)
    for call, answer in zip(calls, answers, strict=True):
        assert answer["success"] is True, (call, answer)
        for field in fields:
            assert answer["data"][field] == call[1][field], call
    stored = [answer["data"] for answer in answers]
    assert server.messages(stored[0]["question_id"], f"after_id={stored[0]['id'] - 1}&limit=200") == stored


def test_ids_of_join_question(raw: Connection, question_id: int) -> None:
    check(raw, [join(value) for value in NO_IDS], invalid(ID.format("question_id")))
    before_a_log_in: list[Any] = [0, None, Literal("-0")]
    wrong = [value for value in NO_IDS if value != 0 or value is False]
    wrong = [value for value in wrong if value is not None and str(value) != "-0"]
    check(raw, [join(question_id, user_id=value) for value in wrong], invalid(ID.format("user_id")))
    check(raw, [join(question_id, user_id=value) for value in before_a_log_in], {"question_id": question_id})
    assert raw.call("leave_question", {"question_id": question_id}) == {"question_id": question_id}


def test_ids_of_the_other_events(raw: Connection, question_id: int) -> None:
    check(raw, [["leave_question", {"question_id": value}] for value in NO_IDS], invalid(ID.format("question_id")))
    check(raw, [["bind_user", {"user_id": value}] for value in NO_IDS], invalid(ID.format("user_id")))
    for field in "question_id", "sender_id":
        check(raw, [send(question_id, **{field: value}) for value in NO_IDS], failed(ID.format(field)))


def test_the_largest_id(server: Server, raw: Connection, question_id: int) -> None:
    largest = 2**63 - 1
    assert raw.call("join_question", join(largest)[1]) == {"code": "QUESTION_NOT_FOUND", "message": "咨询问题不存在"}
    assert raw.call(*join(question_id, user_id=largest)) == {"question_id": question_id}
    assert raw.call("leave_question", {"question_id": largest}) == {"question_id": largest}
    assert raw.call("bind_user", {"user_id": largest}) == {"success": True, "user_id": largest}
    assert raw.call(*send(largest)) == failed("咨询问题不存在")
    check_sent(server, raw, [send(question_id, sender_id=largest), send(question_id, sender_id=1)], "sender_id")
    assert raw.call("leave_question", {"question_id": question_id}) == {"question_id": question_id}


def test_user_type(raw: Connection, question_id: int) -> None:
    wrong = [value for value in NO_TYPES if value is not None]
    check(raw, [join(question_id, user_type=value) for value in wrong], invalid(TYPE.format("user_type")))
    check(raw, [join(question_id, user_type=value) for value in TYPES], {"question_id": question_id})
    assert raw.call("leave_question", {"question_id": question_id}) == {"question_id": question_id}


@pytest.mark.parametrize("field", ["sender_type", "content_type"])
def test_types_of_a_message(server: Server, raw: Connection, question_id: int, field: str) -> None:
    check(raw, [send(question_id, **{field: value}) for value in NO_TYPES], failed(TYPE.format(field)))
    known = ["TEXT", "IMAGE", "AUDIO", "VIDEO", "FILE"]
    check_sent(server, raw, [send(question_id, **{field: value}) for value in [*TYPES, *known]], field)


def test_role_display_name(server: Server, raw: Connection, question_id: int) -> None:
    text = NAME.format("role_display_name")
    check(raw, [join(question_id, role_display_name=value) for value in NO_NAMES], invalid(text))
    check(raw, [join(question_id, role_display_name=value) for value in NAMES], {"question_id": question_id})
    assert raw.call("leave_question", {"question_id": question_id}) == {"question_id": question_id}
    check(raw, [send(question_id, role_display_name=value) for value in NO_NAMES], failed(text))
    check_sent(server, raw, [send(question_id, role_display_name=value) for value in NAMES], "role_display_name")


def test_content_text(server: Server, raw: Connection, question_id: int) -> None:
    wrong = ["文" * 10_001, "a" * 10_001, "a\x00b", "\x00", "\ud83d", "文\udc00字", 1, 1.5, True, False, [], {}]
    check(raw, [send(question_id, content_text=value) for value in wrong], failed(TEXT))
    attachment = {"url": "a"}
    check(raw, [attached(question_id, attachment, content_text=value) for value in wrong], failed(TEXT))
    right = [
        "文",
        " 首尾空格 ",
        "文" * 10_000,
        "😀" * 10_000,
        "a\nb\tc",
        "a\u200d\u202e",
        "'; DROP TABLE message; --",
        "<b>",
    ]
    check_sent(server, raw, [send(question_id, content_text=value) for value in right], "content_text")


def test_blank_content_text_needs_an_attachment(server: Server, raw: Connection, question_id: int) -> None:
    blank = [
        None,
        "",
        " ",
        " \n\t\r ",
        "\u3000",
        "\u00a0\u2003",
        "\u200b",
        "\u2800",
        "\u3164",
        "\ufeff",
        "\u00ad",
        "\u2060",
    ]
    check(raw, [send(question_id, content_text=value) for value in blank], failed(NO_TEXT))
    check(raw, [attached(question_id, content_text=value) for value in blank], failed(NO_TEXT))
    check(raw, [send(question_id, content_text=value, attachments=None) for value in blank], failed(NO_TEXT))
    attachment = {"url": "a"}
    check_sent(server, raw, [attached(question_id, attachment, content_text=value) for value in blank], "content_text")


def test_how_many_attachments(server: Server, raw: Connection, question_id: int) -> None:
    item = {"url": "https://example.com/a", "thumbnail_url": None, "duration": None, "size": None}
    wrong: list[Any] = [[item] * 21, {}, {"0": item}, "", "[]", "\ud83d", 0, 1.5, True, False]
    check(raw, [send(question_id, attachments=value) for value in wrong], failed(ATTACHMENTS))
    check_sent(server, raw, [attached(question_id, *[item] * count) for count in (0, 1, 20)], "attachments")
    assert raw.call(*send(question_id, attachments=None))["data"]["attachments"] == []


def test_the_fields_of_an_attachment(server: Server, raw: Connection, question_id: int) -> None:
    bad_urls: list[Any] = ["", "a" * 2049, "文" * 2049, "a\x00", "\ud83d", 1, True, [], {}, None]
    bad_thumbnails: list[Any] = ["a" * 2049, "\x00", "\udc00", 1, True, [], {}]
    bad_durations: list[Any] = [-1, -0.5, True, False, "1", "\ud83d", Literal("1e400"), [], {}]
    bad_sizes: list[Any] = [-1, 1.5, Literal("1.0"), True, False, "1", "\ud83d", [], {}]
    wrong: list[tuple[str, list[Any]]] = [
        (NO_OBJECT, [None, 1, 1.5, True, "a", [], [{"url": "a"}]]),
        (URL, [{}, {"thumbnail_url": "a"}, *({"url": value} for value in bad_urls)]),
        (THUMBNAIL, [{"url": "a", "thumbnail_url": value} for value in bad_thumbnails]),
        (DURATION, [{"url": "a", "duration": value} for value in bad_durations]),
        (SIZE, [{"url": "a", "size": value} for value in bad_sizes]),
    ]
    for text, items in wrong:
        check(raw, [attached(question_id, item) for item in items], failed(text.format(0)))
        nineteen = [{"url": "a"}] * 19
        check(raw, [attached(question_id, *nineteen, item) for item in items], failed(text.format(19)))

    def whole(**changes: Any) -> dict[str, Any]:
        return {"url": "a", "thumbnail_url": None, "duration": None, "size": None, **changes}

    right = [
        *(whole(url=value) for value in ("a" * 2048, "文" * 2048, " ", "javascript:alert(1)", "data:,", "file:///etc")),
        *(whole(thumbnail_url=value) for value in ("", "a" * 2048, "ftp://example.com")),
        *(whole(duration=value) for value in (0, 0.5, 12, 1e300, 86400.25)),
        *(whole(size=value) for value in (0, 1, 2**31, 2**53)),
    ]
    check_sent(server, raw, [attached(question_id, item) for item in right], "attachments")


def test_is_visible_to_patient(raw: Connection, question_id: int) -> None:
    wrong: list[Any] = ["true", "", "0", "\ud83d", 2, -1, 1.5, Literal("1.0"), [], {}]
    check(raw, [send(question_id, is_visible_to_patient=value) for value in wrong], failed(VISIBLE))
    answers = raw.call_all([send(question_id, is_visible_to_patient=value) for value in (None, True, 1, False, 0)])
    assert [answer["data"]["is_visible_to_patient"] for answer in answers] == [True, True, True, False, False]


def test_unknown_fields_are_ignored_and_never_echoed(server: Server, raw: Connection, question_id: int) -> None:
    extra = {"unknown": {"deep": [1, None, {"\x00": "\x00"}]}, "\ud83d": "\ud83d", "id": 5, "status": "X", "sent_at": 1}
    assert raw.call(*join(question_id, **extra)) == {"question_id": question_id}
    assert raw.call("bind_user", {"user_id": 7, **extra}) == {"success": True, "user_id": 7}
    item = {"url": "a", "thumbnail_url": None, "duration": None, "size": None}
    sent = send(question_id, attachments=[{**item, "unknown": 1, "\ud83d": "\ud83d"}])[1]
    plain = raw.call("send_message", {**sent, "attachments": [item]})["data"]
    stored = raw.call("send_message", {**sent, **extra})["data"]
    assert stored == {**plain, "id": stored["id"], "sent_at": stored["sent_at"]}
    assert stored["status"] == "SENT"
    assert raw.call("leave_question", {"question_id": question_id, **extra}) == {"question_id": question_id}
    assert [one["id"] for one in raw.named("new_message")[-2:]] == [plain["id"], stored["id"]]
    assert raw.named("new_message")[-1] == stored
    body = {"title": "标题", "elder_id": 1, **extra, "created_at": "x", "latest_message_id": 3}
    question = server.http("POST", "/api/questions", json=body)
    assert question.status == 201
    assert question.body["status"] == "OPEN"
    assert "unknown" not in question.body


def test_the_first_fault_in_the_documents_order_is_reported(raw: Connection, question_id: int) -> None:
    wrong_join = {"question_id": 0, "user_id": -1, "user_type": "", "role_display_name": 0}
    wrong_send = {
        "question_id": 0,
        "sender_type": "",
        "sender_id": 0,
        "role_display_name": 0,
        "content_type": "",
        "content_text": 0,
        "attachments": 0,
    }
    right_join = join(question_id, role_display_name="王")[1]
    right_send = send(question_id, role_display_name="王", attachments=[])[1]
    for event, wrong, right in ("join_question", wrong_join, right_join), ("send_message", wrong_send, right_send):
        names = list(wrong)
        for place, name in enumerate(names):
            # Everything before it is right, it and everything after it is wrong, in both orders of the keys.
            payload = {one: (right if names.index(one) < place else wrong)[one] for one in names}
            for ordered in (payload, dict(reversed(payload.items()))):
                answer = raw.call(event, ordered)
                text = answer["message"].removeprefix("发送失败：")
                assert text.startswith(f"{name} 必须为"), (ordered, answer)


def test_the_first_fault_of_the_attachments(raw: Connection, question_id: int) -> None:
    wrong = {"url": 0, "thumbnail_url": 0, "duration": "", "size": ""}
    right = {"url": "a", "thumbnail_url": None, "duration": None, "size": None}
    texts = {"url": URL, "thumbnail_url": THUMBNAIL, "duration": DURATION, "size": SIZE}
    for place, name in enumerate(wrong):
        item = {one: (right if list(wrong).index(one) < place else wrong)[one] for one in reversed(wrong)}
        check(raw, [attached(question_id, right, item, wrong)], failed(texts[name].format(1)))


def test_payload_faults_come_before_existence(raw: Connection) -> None:
    assert raw.call(*join(999_999_999, user_type="")) == invalid(TYPE.format("user_type"))
    assert raw.call(*send(999_999_999, content_text=None)) == failed(NO_TEXT)
    assert raw.call(*send(999_999_999, is_visible_to_patient=2)) == failed(VISIBLE)


def test_payload_faults_come_before_a_closed_question(server: Server, raw: Connection) -> None:
    closed = server.open_question()
    server.set_status(closed, "CLOSED")
    assert raw.call(*send(closed, sender_id=0)) == failed(ID.format("sender_id"))
    assert raw.call(*send(closed)) == failed("咨询问题已关闭")
    assert server.messages(closed) == []


def test_nothing_refused_is_stored(server: Server, enter: Enter, raw: Connection) -> None:
    question_id = server.open_question()
    listener = enter(Websocket, server)
    assert listener.call(*join(question_id, user_type="STAFF")) == {"question_id": question_id}
    calls = [send(question_id, sender_type=value) for value in NO_TYPES]
    calls += [send(question_id, sender_id=value) for value in NO_IDS]
    calls += [send(question_id, content_text=None), send(question_id, attachments=[{}])]
    assert not any(answer["success"] for answer in raw.call_all(calls))
    assert server.messages(question_id, "user_type=STAFF") == []
    assert listener.call("leave_question", {"question_id": question_id}) == {"question_id": question_id}
    assert listener.named("new_message") == []
