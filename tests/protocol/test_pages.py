"""Pages are bounded in bytes as in rows, and reading on from cursor to cursor brings everything once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

import pytest

from tests.json_text import encode
from tests.server import Server, new_id

# Characters of one byte in the file, and of six in JSON.
LONG: Final = "\x01"
ROWS: Final = 120
MOST: Final = 1_100_000  # bytes of JSON
LATER: Final = 4_000_000_000_000

Fill = Callable[[sqlite3.Connection, int], str]


def _messages(file: sqlite3.Connection, _: int) -> str:
    asked = "INSERT INTO question (title, elder_id, status, created_at) VALUES ('x', 1, 'OPEN', 1)"
    question_id = file.execute(asked).lastrowid
    file.executemany(
        "INSERT INTO message (question_id, sender_type, sender_id, content_type, content_text, attachments,"
        " is_visible_to_patient, sent_at) VALUES (?, 'ELDER', 1, 'TEXT', ?, '[]', 1, 1)",
        [(question_id, LONG * (10_000 if number % 3 else 1)) for number in range(ROWS)],
    )
    return f"/api/questions/{question_id}/messages?"


def _task(file: sqlite3.Connection, user_id: int, exdates: str | None = None) -> int | None:
    return file.execute(
        "INSERT INTO reminder_task (user_id, biz_type, biz_id, channel, title, remind_at, status, created_at, exdates)"
        f" VALUES (?, 'A', 1, 'IN_APP', 'x', {LATER}, 'CANCELLED', 1, ?)",
        (user_id, exdates),
    ).lastrowid


def _notifications(file: sqlite3.Connection, user_id: int) -> str:
    task = _task(file, user_id)
    file.executemany(
        "INSERT INTO user_notification (user_id, biz_type, biz_id, title, content, status, created_at, task_id,"
        " occurrence_at) VALUES (?, 'A', 1, 'x', ?, 'UNREAD', 1, ?, ?)",
        [(user_id, LONG * 2000, task, number) for number in range(ROWS)],
    )
    return f"/api/users/{user_id}/notifications?"


def _reminders(file: sqlite3.Connection, user_id: int) -> str:
    file.executemany(
        "INSERT INTO reminder_task (user_id, biz_type, biz_id, channel, title, content, remind_at, status, created_at)"
        f" VALUES (?, 'A', 1, 'IN_APP', 'x', ?, {LATER}, 'CANCELLED', 1)",
        [(user_id, LONG * 2000) for _ in range(ROWS)],
    )
    return f"/api/reminders?user_id={user_id}&"


def _history(file: sqlite3.Connection, user_id: int) -> str:
    task = _task(file, user_id)
    detail = encode({"content": LONG * 2000}).decode()
    file.executemany(
        "INSERT INTO history (task_id, at, what, \"by\", detail) VALUES (?, ?, 'changed', 'API', ?)",
        [(task, number // 3, detail) for number in range(ROWS - 1)],
    )
    return f"/api/reminders/{task}/history?"


FILLED: Final[dict[str, tuple[Fill, tuple[str, ...]]]] = {
    "messages": (_messages, ("after_id", "before_id")),
    "notifications": (_notifications, ("after_id", "before_id")),
    "reminders": (_reminders, ("before_id",)),
    "history": (_history, ("before_id",)),
}
CASES: Final = [(name, cursor) for name, (_, cursors) in FILLED.items() for cursor in cursors]


def filled(server: Server, name: str) -> str:
    """Fill the file, as if clients had, and give the path of what lists it."""
    with closing(sqlite3.connect(server.database, timeout=10)) as file, file:
        return FILLED[name][0](file, new_id())


def pages(server: Server, path: str, cursor: str, limit: int) -> Iterator[list[dict[str, Any]]]:
    """Read on from page to page for as long as there are more."""
    at: int | None = 0 if cursor == "after_id" else None
    while True:
        given = "" if at is None else f"&{cursor}={at}"
        answer = server.http("GET", f"{path}limit={limit}{given}")
        assert answer.status == 200, answer
        assert len(encode(answer.body)) < MOST
        ids = [item["id"] for item in answer.body["items"]]
        assert ids, "at least one row is on a page"
        yield answer.body["items"]
        if not answer.body["has_more"]:
            return
        at = max(ids) if cursor == "after_id" else min(ids)


@pytest.mark.parametrize(("name", "cursor"), CASES)
def test_everything_comes_once(server: Server, name: str, cursor: str) -> None:
    path = filled(server, name)
    found = [[item["id"] for item in page] for page in pages(server, path, cursor, 200)]
    assert len(found) > 1, "bytes have ended the page"
    ids = [one for page in found for one in page]
    assert len(ids) == len(set(ids)) == ROWS
    by_rows = [item["id"] for page in pages(server, path, cursor, 7) for item in page]
    assert sorted(ids) == sorted(by_rows)


def test_one_row_longer_than_a_page_is_a_page(server: Server) -> None:
    with closing(sqlite3.connect(server.database, timeout=10)) as file, file:
        path = _messages(file, 0)
        file.execute("UPDATE message SET content_text = ? WHERE id % 2", ("x" * 1_500_000,))
    answer = server.http("GET", f"{path}limit=200&after_id=0")
    ids: list[int] = []
    while True:
        assert 1 <= len(answer.body["items"]) <= 2
        ids += [item["id"] for item in answer.body["items"]]
        if not answer.body["has_more"]:
            break
        answer = server.http("GET", f"{path}limit=200&after_id={ids[-1]}")
    assert len(ids) == ROWS
    assert ids == sorted(ids)


def test_a_page_of_usual_rows_is_as_long_as_was_asked_for(server: Server) -> None:
    user_id = new_id()
    with closing(sqlite3.connect(server.database, timeout=10)) as file, file:
        task = _task(file, user_id)
        file.executemany(
            "INSERT INTO user_notification (user_id, biz_type, biz_id, title, content, status, created_at, task_id,"
            " occurrence_at) VALUES (?, 'A', 1, ?, ?, 'UNREAD', 1, ?, ?)",
            [(user_id, "药" * 200, "药" * 1000, task, number) for number in range(201)],
        )
    answer = server.http("GET", f"/api/users/{user_id}/notifications?limit=200")
    assert len(answer.body["items"]) == 200
    assert (answer.body["has_more"], answer.body["unread"]) == (True, 201)
