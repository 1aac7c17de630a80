"""Every fault that an HTTP call answers, whatever the call."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.protocol.answers import NOT_FOUND, check_fault
from tests.server import Server, in_seconds, new_id

CALLS: Final = [
    ("POST", "/api/questions"),
    ("GET", "/api/questions"),
    ("GET", "/api/questions/1"),
    ("PATCH", "/api/questions/1"),
    ("GET", "/api/questions/1/messages"),
    ("POST", "/api/questions/1/messages"),
    ("POST", "/api/reminders"),
    ("GET", "/api/reminders"),
    ("GET", "/api/reminders/1"),
    ("PATCH", "/api/reminders/1"),
    ("GET", "/api/reminders/1/occurrences"),
    ("GET", "/api/reminders/1/history"),
    ("DELETE", "/api/reminders/1"),
    ("GET", "/api/users/1/notifications"),
    ("PUT", "/api/users/1/quiet-hours"),
    ("GET", "/api/users/1/quiet-hours"),
    ("DELETE", "/api/users/1/quiet-hours"),
    ("POST", "/api/notifications/1/read"),
    ("POST", "/api/notifications/1/confirm"),
    ("POST", "/api/notifications/1/snooze"),
    ("GET", "/api/notifications/1/history"),
    ("GET", "/health"),
    ("GET", "/metrics"),
    ("GET", "/"),
]

LISTS: Final = [
    "/api/questions",
    "/api/questions/{question_id}/messages",
    "/api/reminders",
    "/api/reminders/{task_id}/history",
    "/api/users/1/notifications",
]

# A character that nginx refuses in any path.
ZERO: Final = pytest.param("%00", marks=pytest.mark.direct)


@pytest.mark.parametrize("path", [*LISTS, "/api/reminders/{task_id}/occurrences"])
def test_limits(server: Server, path: str) -> None:
    task_id = server.make_reminder(new_id(), in_seconds(3600))["id"]
    path = path.format(question_id=server.open_question(), task_id=task_id)
    for limit in "0", "-1", "201", "a", "1.5", "1e1", "9" * 30, "null":
        check_fault(server.http("GET", f"{path}?limit={limit}"), 400, "limit 必须为 1 到 200 的整数")
    for limit in "1", "200":
        assert server.http("GET", f"{path}?limit={limit}").status == 200


@pytest.mark.parametrize("path", LISTS)
def test_before_id(server: Server, path: str) -> None:
    task_id = server.make_reminder(new_id(), in_seconds(3600))["id"]
    path = path.format(question_id=server.open_question(), task_id=task_id)
    for before_id in "0", "-1", "a", "1.5", str(2**63), "null":
        check_fault(server.http("GET", f"{path}?before_id={before_id}"), 400, "before_id 必须为正整数")


@pytest.mark.parametrize("path", ["/api/questions/{question_id}/messages", "/api/users/1/notifications"])
def test_after_id(server: Server, path: str) -> None:
    path = path.format(question_id=server.open_question())
    for after_id in "-1", "a", "1.5", str(2**63), "null":
        check_fault(server.http("GET", f"{path}?after_id={after_id}"), 400, "after_id 必须为不小于 0 的整数")
    both = server.http("GET", f"{path}?after_id=1&before_id=5")
    check_fault(both, 400, "after_id 与 before_id 不能同时使用")


@pytest.mark.parametrize("wrong", ["0", "-1", "abc", "1.5", "01x", str(2**63), ZERO, "%F0%9F%98%80"])
def test_ids_in_paths(server: Server, wrong: str) -> None:
    for method, path in CALLS:
        if "/1" in path:
            body = b'{"status": "OPEN"}' if method == "PATCH" else None
            answer = server.http(method, path.replace("/1", f"/{wrong}"), body=body)
            assert answer.status == 400, (method, path)
            assert set(answer.body) == {"code", "message"}
            assert answer.body["code"] == "INVALID_PAYLOAD"
            assert answer.body["message"].endswith("必须为正整数")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/nothing", "/api/questions/1/x"])
def test_unknown_paths(server: Server, path: str) -> None:
    for method in "GET", "POST":
        answer = server.http(method, path)
        assert (answer.status, answer.body) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    "name",
    [
        *("", "nothing.js", "style", "kit/dom.js/x", "../main.py", "..%2Fmain.py", "/etc/passwd", "%2Fetc%2Fpasswd"),
        *(ZERO, "%FF", "x" * 300, "%E6%96%87"),
    ],
)
def test_what_is_no_file_of_the_page(server: Server, name: str) -> None:
    answer = server.http("GET", f"/static/{name}")
    assert (answer.status, answer.body) == (404, NOT_FOUND)


def test_wrong_methods(server: Server) -> None:
    known: dict[str, set[str]] = {}
    for method, path in CALLS:
        known.setdefault(path, set()).add(method)
    for path, methods in known.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = server.http(method, path)
            check_fault(answer, 405, "不支持的请求方法")
            allowed = {name.strip() for name in answer.headers["allow"].split(",")}
            assert methods <= allowed
            assert method not in allowed


def test_the_head_alone(server: Server) -> None:
    """HEAD is GET without the body, wherever there is a GET; of long-polling it would take what waits."""
    question_id = server.open_question()
    task_id = server.make_reminder(1, "2030-01-01 20:00:00")["id"]
    paths = [path.replace("reminders/1", f"reminders/{task_id}") for method, path in CALLS if method == "GET"]
    for path in [path.replace("questions/1", f"questions/{question_id}") for path in paths] + ["/static/kit/dom.js"]:
        whole, head = server.http("GET", path), server.http("HEAD", path)
        assert (head.status, head.body) == (whole.status, ""), path
        length = whole.headers["content-length"]
        if path not in ("/health", "/metrics"):  # they tell of the moment
            assert head.headers["content-length"] == length, path
        assert head.headers.keys() == whole.headers.keys()
    for path in "/nothing", "/static/nothing.js":
        assert server.http("HEAD", path).status == 404
    assert server.http("HEAD", "/api/questions?limit=0").status == 400
    assert server.http("HEAD", "/api/notifications/1/read").status == 405
    assert server.http("HEAD", "/socket.io/?EIO=4&transport=polling").status == 405
    for path, methods in (f"/api/questions/{question_id}", "GET HEAD PATCH"), ("/api/questions", "GET HEAD POST"):
        assert sorted(server.http("PUT", path).headers["allow"].split(", ")) == methods.split()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"title=x",
        b"{'title': 1}",
        b'{"title": NaN}',
        b"\xff\xfe",
        b'{"title": "\xff"}',
        b"{} {}",
        b"\x00",
    ],
)
def test_a_body_that_is_not_json(server: Server, body: bytes) -> None:
    for method, path in ("POST", "/api/questions"), ("POST", "/api/reminders"), ("PATCH", "/api/questions/1"):
        check_fault(server.http(method, path, body=body), 415, "请求体必须为 JSON")


@pytest.mark.parametrize("body", [None, [], "文本", 5, 1.5, True, [{"title": "标题", "elder_id": 1}]])
def test_a_body_that_is_no_object(server: Server, body: Any) -> None:
    question_id = server.open_question()
    for method, path in (
        ("POST", "/api/questions"),
        ("POST", "/api/reminders"),
        ("PATCH", f"/api/questions/{question_id}"),
    ):
        check_fault(server.http(method, path, json=body), 400, "请求数据必须为对象")


def test_the_longest_body(server: Server) -> None:
    body = b'{"title": "x", "elder_id": 1}'
    assert server.http("POST", "/api/questions", body=body.ljust(1_000_000)).status == 201
    fitting = b'{"title": "x", "elder_id": 1, "unknown": "%s"}'
    filled = fitting % (b"x" * (1_000_000 - len(fitting) + 2))
    assert len(filled) == 1_000_000
    assert server.http("POST", "/api/questions", body=filled).status == 201


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [1_000_001, 5_000_000])
def test_a_longer_body(server: Server, size: int, chunked: bool) -> None:
    body = b'{"title": "x", "elder_id": 1}'.ljust(size)
    head = "POST /api/questions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    head += "Content-Type: application/json\r\n"
    if chunked:
        pieces = [body[start : start + 50_000] for start in range(0, size, 50_000)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        head += "Transfer-Encoding: chunked\r\n\r\n"
    else:
        head += f"Content-Length: {size}\r\n\r\n"
    answer = b""
    with server.connect() as connection:
        connection.sendall(head.encode() + body)
        while piece := connection.recv(65536):
            answer += piece
    top, _, text = answer.decode().partition("\r\n\r\n")
    assert top.split()[1] == "413", top
    assert "请求体不得超过 1000000 字节" in text
    assert '"INVALID_PAYLOAD"' in text
    assert server.http("GET", "/health").status == 200


@pytest.mark.direct
def test_too_long_a_head(server: Server) -> None:
    text = "请求行与请求头不得超过 18432 字节"
    long, short = "x" * 19_000, "x" * 16_384
    for path, headers in ("/health", {"X": long}), (f"/api/questions?x={long}", {}), (f"/{long}", {}):
        check_fault(server.http("GET", path, headers=headers), 431, text)
    # A host with many cookies.
    assert server.http("GET", "/health", headers={"Cookie": short}).status == 200
    assert server.http("GET", f"/socket.io/?EIO=4&transport=polling&x={short}").status == 200


@pytest.mark.direct
@pytest.mark.parametrize(
    "head",
    [
        *("GET health HTTP/1.1", "GET x HTTP/1.1\r\nno header", "GET http://[ HTTP/1.1", "GET \x00 HTTP/1.1"),
        *(
            "GET  / HTTP/1.1",
            "GET /",
            "",
            "GET / HTTP/9.9",
            "GET /\xe9 HTTP/1.1",
            "POST / HTTP/1.1\r\nContent-Length: x",
        ),
    ],
)
def test_what_is_no_request(server: Server, head: str) -> None:
    with server.connect() as connection:
        connection.sendall(f"{head}\r\n\r\n".encode("latin-1"))
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert b'"INVALID_PAYLOAD"' in answer
    server.check_log()
