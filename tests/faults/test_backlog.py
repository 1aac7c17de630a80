"""Thousands of reminders are due at once, as after a long time down, while messages are sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from reminders.pace import MOST
from tests.clients import message
from tests.conftest import Enter, StartServer
from tests.packets import Connection, Websocket
from tests.server import Server, in_seconds, new_id, wait_until
from tests.store.file import rows
from tests.store.filled import change

DUE: Final = 10_000
SENDERS: Final = 3
TOGETHER: Final = 5  # messages
# A backlog that takes no heed of messages lets one round of them be written with each of its transactions.
FIRST: Final = 2
TRIES: Final = 3  # senders that a busy machine keeps waiting leave even a patient backlog alone
COPIED: Final = f"""WITH RECURSIVE number (one) AS (SELECT 1 UNION ALL SELECT one + 1 FROM number WHERE one < {DUE})
    INSERT INTO reminder_task (user_id, biz_type, biz_id, channel, title, remind_at, status, created_at, next_at)
    SELECT user_id, biz_type, biz_id, channel, title, %(now)d, status, created_at, %(now)d
    FROM number, (SELECT * FROM reminder_task WHERE id = %(id)d)"""


def send_until(is_over: Callable[[], bool], sender: Connection, question_id: int, rounds: list[None]) -> None:
    while not is_over():
        answers = sender.call_all([["send_message", message(question_id)]] * TOGETHER)
        assert all(answer["success"] for answer in answers)
        rounds.append(None)


def rounds_beside_a_backlog(server: Server, senders: list[Connection]) -> int:
    """Write a backlog beside messages; return the rounds of messages that are acknowledged meanwhile."""
    question_id = server.open_question()
    task = server.make_reminder(new_id(), in_seconds(3600))
    change(server.database, COPIED % {"now": time.time() * 1000, "id": task["id"]})
    left, rounds = [(DUE, 0)], list[None]()
    with ThreadPoolExecutor(SENDERS) as beside:
        sending = [
            beside.submit(send_until, lambda: left[-1][0] == 0, sender, question_id, rounds) for sender in senders
        ]
        try:
            while left[-1][0]:
                left.append((server.http("GET", "/health").body["reminders_due"], len(rounds)))
                time.sleep(0.01)  # of this process, too, most is for those who send
        finally:
            left.append((0, len(rounds)))  # the end of those who send
        for one in sending:
            one.result()
    counts = [count for count, _ in left]
    assert counts == sorted(counts, reverse=True)
    assert set(counts) > {DUE, 0}, "and what is between them"
    return len(rounds) - max(before for count, before in left if count == DUE)


def test_messages_go_first_and_health_says_how_much_is_left(start_server: StartServer, enter: Enter) -> None:
    server = start_server()
    senders = [enter(Websocket, server) for _ in range(SENDERS)]
    enough = FIRST * SENDERS * DUE / MOST
    tries = next((tried for tried in range(1, TRIES + 1) if rounds_beside_a_backlog(server, senders) > enough), 0)
    assert tries, "messages go first"
    query = "SELECT count(*), count(DISTINCT task_id) FROM user_notification"
    wait_until(lambda: rows(server.database, query) == [(DUE * tries, DUE * tries)], "each of them once")


def test_what_came_due_meanwhile_comes_before_the_first_client(start_server: StartServer) -> None:
    server = start_server()
    task = server.make_reminder(new_id(), in_seconds(3600))
    server.kill()
    change(server.database, COPIED % {"now": time.time() * 1000, "id": task["id"]})
    server.start()
    assert server.http("GET", "/health").body["reminders_due"] < DUE
