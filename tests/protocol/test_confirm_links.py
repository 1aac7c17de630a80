"""Confirm links: the page confirms by its button alone, once, as the notification's user, until there is an outcome."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from consult.contract.limits import BAD_LINKS, LINK_DAYS, WINDOW
from tests.clients import Clients
from tests.clock import Clock
from tests.conftest import StartServer
from tests.links import KEYS, PUBLIC_URL, link_of, opened, path_of, pressed
from tests.protocol.test_ladder import day, laddered, of_user, rang
from tests.server import Answer, Server, in_seconds, new_id, run, wait_until
from tests.tokens import KEY, key_file, token

BUTTON: Final = '<form method="post">\n<button type="submit">'
THANKS, ANSWERED, OVER, NONE_SUCH = "已确认，谢谢！", "已经答复过了", "这条提醒已经结束", "链接无效或已过期"
PUBLIC: Final = ("--public-url", PUBLIC_URL)


@pytest.fixture(scope="module")
def server_arguments() -> Sequence[str]:
    return PUBLIC


def rung(server: Server, **more: Any) -> tuple[int, int, str]:
    """Have a reminder ring; give its user, its notification and the link."""
    user_id = new_id()
    server.make_reminder(user_id, in_seconds(-1), **more)
    notification_id: int = rang(server, user_id)["id"]
    return user_id, notification_id, link_of(server, notification_id)


def shows(answer: Answer, status: int, text: str) -> None:
    """Hold a page to what it tells, and to what every such page is."""
    assert (answer.status, text in answer.body) == (status, True), answer
    assert (BUTTON in answer.body) is (status == 200 and "确认完成" in answer.body)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.body
    assert len(answer.body) < 1500, "an old phone on a slow line"


def test_the_link_is_short_and_ends_where_it_ends(server: Server) -> None:
    link = rung(server)[2]
    assert link.startswith(f"{PUBLIC_URL}/c/")
    assert len(path_of(link)) < 40
    assert link[-1].isdigit()


def test_the_button_confirms_as_the_user_and_once(server: Server, clients: Clients) -> None:
    elder, daughter = new_id(), new_id()
    his, hers = clients.connect(), clients.connect()
    for client, user_id in ((his, elder), (hers, daughter)):
        client.emit("bind_user", {"user_id": user_id, "after_id": 0})
        assert client.expect("bind_user:ack")["success"]
    task = laddered(server, elder, [{"after": 60, "user_id": daughter}, {"after": 3600, "user_id": daughter}])
    first, second = his.expect("notification:new"), hers.expect("notification:new")
    link = link_of(server, second["id"])
    shows(opened(server, link), 200, BUTTON)
    assert [one["outcome"] for one in day(server, elder)] == ["PENDING"]
    shows(pressed(server, link), 200, THANKS)
    for one, its in ((his, first), (hers, second)):
        told = one.expect("notification:updated")
        assert (told["id"], told["status"], told["unread"]) == (its["id"], "READ", 0)
        assert (told["outcome"], told["outcome_by"]) == ("DONE", f"LINK:{daughter}")
    assert [(one["outcome"], one["outcome_by"]) for one in day(server, elder)] == [("DONE", f"LINK:{daughter}")]
    history = server.http("GET", f"/api/notifications/{second['id']}/history").body["items"]
    assert [entry["by"] for entry in history if entry["what"] == "confirmed"] == [f"LINK:{daughter}"]
    with closing(sqlite3.connect(server.database)) as connection:
        waiting = "SELECT count(*) FROM rung WHERE task_id = ? AND passed_at IS NULL"
        assert connection.execute(waiting, (task["id"],)).fetchone() == (0,), "no further rung rings"
    before = of_user(server, elder), of_user(server, daughter), history
    for used in (link, link_of(server, first["id"])):
        shows(opened(server, used), 200, ANSWERED)
        shows(pressed(server, used), 200, ANSWERED)
    after = server.http("GET", f"/api/notifications/{second['id']}/history").body["items"]
    assert (of_user(server, elder), of_user(server, daughter), after) == before


def test_to_open_it_confirms_nothing(server: Server) -> None:
    user_id, _, link = rung(server)
    before = of_user(server, user_id)
    shows(opened(server, link), 200, BUTTON)
    for headers in ({"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}, {"User-Agent": "WeChat link preview"}):
        shows(opened(server, link, **headers), 200, BUTTON)
    head = server.http("HEAD", path_of(link))
    assert (head.status, head.body) == (200, "")
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X"):
        assert server.http(method, path_of(link)).status == 405
    for override in ({"X-HTTP-Method-Override": "POST"}, {"X-Method-Override": "POST"}):
        opened(server, link, **override)
    server.http("GET", f"{path_of(link)}?_method=POST")
    assert of_user(server, user_id) == before
    shows(pressed(server, link), 200, THANKS)


def test_a_double_click(server: Server) -> None:
    user_id, notification_id, link = rung(server)
    answers: list[Answer] = []
    clicks = [threading.Thread(target=lambda: answers.append(pressed(server, link))) for _ in range(8)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert sorted(THANKS in one.body for one in answers) == [False] * 7 + [True]
    assert {one.status for one in answers} == {200}
    history = server.http("GET", f"/api/notifications/{notification_id}/history").body["items"]
    assert [entry["by"] for entry in history if entry["what"] == "confirmed"] == [f"LINK:{user_id}"]


@pytest.mark.parametrize("outcome", ["DONE", "SKIPPED"])
def test_what_was_answered_elsewhere(server: Server, outcome: str) -> None:
    user_id, notification_id, link = rung(server)
    path = f"/api/notifications/{notification_id}/confirm"
    assert server.http("POST", path, json={"outcome": outcome}).status == 200
    shows(opened(server, link), 200, ANSWERED)
    shows(pressed(server, link), 200, ANSWERED)
    assert [(one["outcome"], one["outcome_by"]) for one in day(server, user_id)] == [(outcome, "API")]


def test_what_was_withdrawn(server: Server) -> None:
    user_id, _, link = rung(server)
    task = server.http("GET", f"/api/reminders?user_id={user_id}").body["items"][0]
    assert server.http("POST", f"/api/reminders/{task['id']}/withdraw", json={}).status == 200
    shows(opened(server, link), 410, OVER)
    shows(pressed(server, link), 410, OVER)
    assert [one["outcome"] for one in day(server, user_id)] == ["WITHDRAWN"]


def test_what_was_missed(server: Server) -> None:
    user_id = new_id()
    laddered(server, user_id, [{"after": 60}], at=-3600, missed_after=120)
    link = link_of(server, rang(server, user_id)["id"])
    wait_until(lambda: [one["outcome"] for one in day(server, user_id)] == ["MISSED"], "MISSED")
    shows(pressed(server, link), 410, OVER)
    assert [one["outcome"] for one in day(server, user_id)] == ["MISSED"]


def test_one_that_came_again_after_a_snooze(server: Server) -> None:
    user_id, notification_id, link = rung(server)
    snooze = {"until": in_seconds(0.2)}
    assert server.http("POST", f"/api/notifications/{notification_id}/snooze", json=snooze).status == 200
    wait_until(lambda: len(of_user(server, user_id)) == 2, "the second ring")
    shows(pressed(server, link_of(server, of_user(server, user_id)[0]["id"])), 200, THANKS)
    assert [one["outcome"] for one in day(server, user_id)] == ["DONE"]
    shows(pressed(server, link), 200, ANSWERED)


def test_it_ends_with_its_time(clocked_server: Server, clock: Clock) -> None:
    server = clocked_server
    server.stop()
    server.set_environment(CARELINE_PUBLIC_URL=PUBLIC_URL)
    server.start()
    user_id, _, link = rung(server)
    clock.set_by(LINK_DAYS * 86_400 - 60)
    server.restart()
    shows(opened(server, link), 200, BUTTON)
    clock.set_by(LINK_DAYS * 86_400 + 60)
    server.restart()
    shows(opened(server, link), 404, NONE_SUCH)
    shows(pressed(server, link), 404, NONE_SUCH)
    assert of_user(server, user_id)[0]["status"] == "UNREAD"


def test_a_notification_that_is_gone(start_server: StartServer) -> None:
    server = start_server(*PUBLIC)
    _, notification_id, link = rung(server)
    server.stop()
    with closing(sqlite3.connect(server.database)) as connection, connection:
        connection.execute("UPDATE occurrence SET notification_id = NULL")
        connection.execute("DELETE FROM user_notification WHERE id = ?", (notification_id,))
    server.start()
    shows(pressed(server, link), 404, NONE_SUCH)


def test_a_reply_has_nothing_to_confirm(server: Server) -> None:
    elder = new_id()
    opening = {"title": "血压偏高", "elder_id": elder, "notify_replies": True}
    question_id = server.http("POST", "/api/questions", json=opening).body["id"]
    said = {"sender_type": "STAFF", "sender_id": new_id(), "content_type": "TEXT", "content_text": "再测一次"}
    assert server.http("POST", f"/api/questions/{question_id}/messages", json=said).status == 201
    link = link_of(server, rang(server, elder)["id"])
    shows(opened(server, link), 404, NONE_SUCH)
    shows(pressed(server, link), 404, NONE_SUCH)


@pytest.mark.direct
def test_links_that_are_none(start_server: StartServer) -> None:
    """All are the same page, whatever is wrong with them, and change nothing."""
    server = start_server(*PUBLIC)
    user_id, notification_id, link = rung(server)
    word = path_of(link).removeprefix("/c/")
    signature, number = word[:22], word[22:]
    other = link_of(server, notification_id, KEYS).rpartition("/")[2]
    changed = ("B" if signature[0] == "A" else "A") + signature[1:]
    wrong = [
        *(other, f"{changed}{number}", f"{signature}{notification_id + 1}", f"{signature}0{number}", signature, number),
        *(f"{signature[:-1]}{number}", f"{word}0", f"{word}.", f"{word}%00", f"{word}%0a", f"%20{word}", f"{word}=="),
        *(
            f"{signature}{'9' * 19}",
            f"{signature}{'9' * 400}",
            f"{signature}-1",
            f"{signature}%EF%BC%91",
            "..",
            "%2e%2e",
        ),
        *(f"{word.swapcase()}", f"{signature}%2b{number}", "x", "%ff%fe", "A" * 22 + "1", f"{word}{'x' * 2000}"),
    ]
    # Base64 has 4 bits in the last character of a signature that stand for nothing: no other spelling will do.
    spellings = [signature[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]
    assert {server.http("GET", f"/c/{one}").status for one in wrong} == {404}
    bodies = set()
    for number_of, one in enumerate([*wrong, *(f"{one}{number}" for one in spellings if one != signature)]):
        with server.reached_from(f"127.8.{number_of // 40}.1"):
            answer = server.http("POST", f"/c/{one}", body=b"")
        shows(answer, 404, NONE_SUCH)
        bodies.add(answer.body)
    assert len(bodies) == 1
    assert of_user(server, user_id)[0]["status"] == "UNREAD"
    for path in ("/c", "/c/", f"/c/{word}/x", f"/c//{word}", f"/C/{word}", f"/x/../c/{word}"):
        assert server.http("POST", path).status == 404, path
    assert of_user(server, user_id)[0]["status"] == "UNREAD"
    shows(pressed(server, link), 200, THANKS)


def test_guessing_is_limited_by_address(start_server: StartServer) -> None:
    server = start_server(*PUBLIC)
    link = rung(server)[2]
    most = BAD_LINKS * WINDOW
    with server.reached_from("127.8.8.8"):
        answers = [pressed(server, f"{PUBLIC_URL}/c/{'A' * 22}{number}") for number in range(1, 2 * most)]
        assert [one.status for one in answers[:most]] == [404] * most
        assert {one.status for one in answers[most:]} == {429}
        assert 1 <= int(answers[-1].headers["retry-after"]) <= WINDOW
        shows(answers[-1], 429, "请稍后再试")
    assert opened(server, f"{PUBLIC_URL}/c/{'A' * 22}1").status == 404, "each address by itself"
    shows(opened(server, link), 200, BUTTON)
    assert 'careline_rate_limited_total{limit="bad_links"}' in server.http("GET", "/metrics").body


def test_from_every_origin_and_under_the_public_name(server: Server) -> None:
    """The link itself is the right: what page or app it was opened from says nothing. No other page reads it."""
    for origin in (
        "null",
        "https://clinic.example",
        "https://mail.example",
        "http://127.0.0.1:1",
        "capacitor://localhost",
    ):
        link = rung(server)[2]
        answer = pressed(server, link, Origin=origin, Host="clinic.example")
        shows(answer, 200, THANKS)
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert pressed(server, link, Host="evil.example").status == 403
    assert server.http("GET", "/health", headers={"Host": "clinic.example"}).status == 403, "the links alone"


def test_a_body_is_bounded_and_means_nothing(server: Server) -> None:
    user_id, _, link = rung(server)
    with server.connect() as line:
        head = f"POST {path_of(link)} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 100000000\r\n\r\n"
        line.sendall(head.encode() + b"x" * 100_000)
        assert line.recv(100).startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 413 "))
    for body in (b"outcome=SKIPPED&note=x", b'{"outcome": "SKIPPED"}', b"\x00\xff" * 1000):
        user_id, _, link = rung(server)
        shows(server.http("POST", path_of(link), body=body), 200, THANKS)
        assert [one["outcome"] for one in day(server, user_id)] == ["DONE"]


def test_it_tells_nothing_of_the_reminder_but_its_time(server: Server) -> None:
    user_id, _, link = rung(server, title="服用二甲双胍", content="饭后两片")
    body = opened(server, link).body
    assert not [text for text in ("二甲双胍", "两片", str(user_id)) if text in body]
    assert f"提醒时间：{of_user(server, user_id)[0]['created_at'][:13]}" in body


@pytest.mark.parametrize(
    ("accepted", "is_english"),
    [
        *((None, False), ("", False), ("zh-CN", False), ("zh-CN,zh;q=0.9,en;q=0.8", False), ("en-US,en;q=0.9", True)),
        *(("en", True), ("EN-gb", True), ("de,en;q=0.5", True), ("de", False), ("*", False), ("en;q=0", False)),
        *(("en;q=0.3, zh-TW;q=0.7", False), ("zh;q=0.1,en;q=0.2", True), ("zh,en", False), ("en,zh", True)),
        *(("en;q=x", False), ("english", False), ("," * 5000, False), ("en;" + "q" * 5000, False)),
    ],
)
def test_the_browsers_language(server: Server, accepted: str | None, is_english: bool) -> None:
    link = f"{PUBLIC_URL}/c/{'A' * 22}1"
    with server.reached_from(f"127.8.9.{1 + hash(accepted) % 200}"):
        answer = opened(server, link, **({} if accepted is None else {"Accept-Language": accepted}))
    assert answer.status == 404
    assert ("This link is not valid" in answer.body, NONE_SUCH in answer.body) == (is_english, not is_english)
    assert answer.headers["content-language"] == ("en" if is_english else "zh-CN")
    assert f'<html lang="{answer.headers["content-language"]}">' in answer.body


def test_links_survive_a_restart(start_server: StartServer) -> None:
    server = start_server(*PUBLIC)
    link = rung(server)[2]
    server.kill()
    server.start()
    shows(pressed(server, link), 200, THANKS)
    server.restart()
    shows(pressed(server, link), 200, ANSWERED)


def test_without_a_public_address_no_link_is_good(start_server: StartServer) -> None:
    server = start_server(*PUBLIC)
    link = rung(server)[2]
    server.stop()
    server.start(["serve", "--port", "0", "--database", str(server.database)])
    shows(opened(server, link), 404, NONE_SUCH)
    shows(pressed(server, link), 404, NONE_SUCH)


def test_while_the_database_cannot_be_written(start_server: StartServer) -> None:
    server = start_server(*PUBLIC)
    link = rung(server)[2]
    with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        shows(pressed(server, link), 503, "暂时无法确认")
        other.execute("ROLLBACK")
    shows(pressed(server, link), 200, THANKS)


class TestWithTokens:
    NEW_KEY: Final = "1b" + KEY[2:]

    def test_the_keys_of_the_file(self, start_server: StartServer, tmp_path: Path) -> None:
        """The first makes links, each of them verifies, also after SIGHUP."""
        file = key_file(tmp_path)
        server = start_server("--auth-secret-file", str(file), *PUBLIC)
        server.bearer = token(1, "STAFF")
        _, notification_id, without = rung(server)
        with_key = link_of(server, notification_id, KEYS)
        assert without != with_key
        server.bearer = ""
        shows(opened(server, without), 404, NONE_SUCH)
        shows(opened(server, with_key), 200, BUTTON)
        for content, status in ((f"{self.NEW_KEY}\n{KEY}\n", 200), (f"{self.NEW_KEY}\n", 404)):
            said = len(server.stderr())
            key_file(tmp_path, content)
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "were read again" in server.stderr()[said:], "the reading of the keys")  # noqa: B023
            assert opened(server, with_key).status == status
        shows(opened(server, link_of(server, notification_id, (self.NEW_KEY.encode(),))), 200, BUTTON)

    def test_who_has_used_which_is_in_the_audit(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server("--auth-secret-file", str(key_file(tmp_path)), *PUBLIC)
        server.bearer = token(1, "STAFF")
        user_id, notification_id, _ = rung(server)
        server.bearer = ""
        link = link_of(server, notification_id, KEYS)
        with server.reached_from("127.8.7.6"):
            shows(pressed(server, link), 200, THANKS)
            shows(pressed(server, link), 200, ANSWERED)
            opened(server, f"{PUBLIC_URL}/c/{'A' * 22}1")
        about = [f"LINK {user_id}", "127.8.7.6", "POST /c/{link}", f"notification {notification_id}"]
        server.stop()
        done = run("audit", "--database", str(server.database), folder=server.folder)
        rows = [line.split("\t")[1:] for line in done.stdout.splitlines()]
        rows = [row for row in rows if "127.8.7.6" in row]
        assert sorted(rows) == sorted(
            [
                ["NOBODY 0", "127.8.7.6", "confirm link", "", "UNAUTHENTICATED bad"],
                [*about, "ok"],
                [*about, "CONFLICT"],
            ]
        )
        assert "a log-in from 127.8.7.6 over link failed: link bad" in server.stderr()
        assert link.rpartition("/")[2] not in server.stderr() + done.stdout
