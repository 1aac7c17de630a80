"""`Idempotency-Key`: the same request again makes nothing new and gets the first result."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.protocol.answers import check_fault, ids
from tests.server import Server, in_seconds, new_id, reminder, wait_until


def bodies() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Give each call that takes a key with a body and another body."""
    user_id = new_id()
    task = reminder(user_id, in_seconds(3600))
    question = {"title": "标题", "elder_id": user_id}
    return [
        ("/api/questions", question, {**question, "title": "别的"}),
        ("/api/reminders", task, {**task, "title": "别的"}),
    ]


def test_the_same_again_makes_nothing_new(server: Server) -> None:
    for path, body, _ in bodies():
        headers = {"Idempotency-Key": f"again-{body.get('user_id', 'question')}"}
        first = server.http("POST", path, json=body, headers=headers)
        assert first.status == 201
        again = server.http("POST", path, json=body, headers=headers)
        assert (again.status, again.body) == (200, first.body)
    listed = server.http("GET", f"/api/reminders?user_id={body['user_id']}").body["items"]
    assert listed == [first.body]


def test_another_body_under_the_same_key(server: Server) -> None:
    for path, body, other in bodies():
        headers = {"Idempotency-Key": f"other-{body.get('user_id', 'question')}"}
        first = server.http("POST", path, json=body, headers=headers)
        check_fault(server.http("POST", path, json=other, headers=headers), 409, "Idempotency-Key 已用于其他内容")
        again = server.http("POST", path, json=body, headers=headers)
        assert (again.status, again.body) == (200, first.body)


def test_another_key_is_another_request(server: Server) -> None:
    for path, body, _ in bodies():
        keys = [f"{which} {path}" for which in ("first", "second")]
        made = [server.http("POST", path, json=body, headers={"Idempotency-Key": key}) for key in keys]
        assert [one.status for one in made] == [201, 201]
        assert made[0].body["id"] != made[1].body["id"]


# The last ones are bytes that are no UTF-8.
@pytest.mark.parametrize("key", ["", "k" * 65, "\xe9", "\xed\xa0\x80", "k\xff"])
def test_refused_keys(server: Server, key: str) -> None:
    for path, body, _ in bodies():
        answer = server.http("POST", path, json=body, headers={"Idempotency-Key": key})
        check_fault(answer, 400, "Idempotency-Key 必须为 1 到 64 个字符")


def test_the_longest_key(server: Server) -> None:
    headers = {"Idempotency-Key": "k" * 64}
    for status in 201, 200:
        assert (
            server.http("POST", "/api/questions", json={"title": "标题", "elder_id": 1}, headers=headers).status
            == status
        )


def test_a_refused_request_leaves_its_key_free(server: Server) -> None:
    for path, body, _ in bodies():
        headers = {"Idempotency-Key": f"free-{body.get('user_id', 'question')}"}
        assert server.http("POST", path, json={**body, "title": ""}, headers=headers).status == 400
        assert server.http("POST", path, json=body, headers=headers).status == 201


def test_reading_a_notification(server: Server) -> None:
    user_id = new_id()
    server.make_reminder(user_id, in_seconds(-1))
    wait_until(lambda: server.notifications(user_id), "the notification")
    path = f"/api/notifications/{server.notifications(user_id)[0]['id']}/read"
    first = server.http("POST", path, headers={"Idempotency-Key": "read"})
    again = server.http("POST", path, headers={"Idempotency-Key": "read"})
    assert (first.status, again.status) == (200, 200)
    assert first.body == again.body
    refused = server.http("POST", path, headers={"Idempotency-Key": "k" * 65})
    check_fault(refused, 400, "Idempotency-Key 必须为 1 到 64 个字符")


def test_many_at_once_make_one(server: Server) -> None:
    elder_id = new_id()
    post = partial(
        server.http,
        "POST",
        "/api/questions",
        json={"title": "标题", "elder_id": elder_id},
        headers={"Idempotency-Key": f"race-{elder_id}"},
    )
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(), range(8)))
    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len(ids(server.http("GET", f"/api/questions?elder_id={elder_id}"))) == 1


def test_a_key_outlives_a_restart(server: Server) -> None:
    body, headers = {"title": "标题", "elder_id": 1}, {"Idempotency-Key": "over-a-restart"}
    first = server.http("POST", "/api/questions", json=body, headers=headers)
    server.restart()
    again = server.http("POST", "/api/questions", json=body, headers=headers)
    assert (again.status, again.body) == (200, first.body)


def test_the_same_request_in_another_spelling(server: Server) -> None:
    """Another order of the keys, other spaces and escapes, and 1.0 for 1 say the same."""
    elder_id = new_id()
    spellings = [
        f'{{"title": "标题", "elder_id": {elder_id}, "unknown": 1}}',
        f'{{ "elder_id":{elder_id}, "unknown": 1.0,\n"title":"\\u6807\\u9898" }}',
    ]
    headers = {"Idempotency-Key": f"spelled-{elder_id}"}
    answers = [server.http("POST", "/api/questions", body=one.encode(), headers=headers) for one in spellings]
    assert [one.status for one in answers] == [201, 200]
    assert answers[0].body == answers[1].body
