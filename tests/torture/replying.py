"""People send, read, leave and are gone, questions are assigned anew, while the server is killed.

In the end everybody is away. Then each unread count is that of the file, each participant with something unread has one
notification of replies that waits and who has read all has none, and no patient has heard of a staff-only message.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from websockets.exceptions import WebSocketException

from tests.clients import message
from tests.packets import Closed, Connection, Polling, Websocket
from tests.server import LIMIT, wait_until
from tests.torture.doomed import Doomed
from tests.torture.reckoning import Faults

PEOPLE: Final = {7101: "ELDER", 7102: "FAMILY", 7103: "STAFF", 7104: "STAFF"}
# They take part and are never there.
ABSENT: Final = {7105: "FAMILY", 7106: "STAFF"}
QUESTIONS: Final = 2
LONGEST_STAY: Final = 6  # things that somebody does before it leaves or is gone
LONGEST_LIFE: Final = 0.7  # seconds between two kills
SETTLED: Final = 30.0  # seconds within which the server has told everybody who is away


@dataclass
class Replied(Faults):
    """Counts, and in words all that should not be."""

    kills: int = 0
    messages: int = 0
    reads: int = 0
    told: int = 0  # notifications of replies
    is_last_life: bool = False  # the server is not killed any more


class Person:
    """Comes with one connection after the other."""

    def __init__(self, server: Doomed, user_id: int, questions: Sequence[int], seed: int, found: Replied) -> None:
        self._server = server
        self._user_id = user_id
        self._user_type = PEOPLE[user_id]
        self._questions = questions
        self._chance = random.Random(seed * 10_000 + user_id)
        self._found = found
        self._heard: set[int] = set()  # messages, by their ids
        self.seen: dict[int, str] = {}  # the cursors that a patient has seen, each with where
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def _live(self) -> None:
        while not self._over.is_set():
            # The server was killed just now.
            with suppress(Closed, OSError, HTTPException, TimeoutError, WebSocketException):
                self._come()
            time.sleep(self._chance.uniform(0, 0.1))

    def _come(self) -> None:
        question_id = self._chance.choice(self._questions)
        with closing(self._chance.choice((Websocket, Polling))(self._server)) as connection:
            connection.enter()
            joined = {"question_id": question_id, "user_id": self._user_id, "user_type": self._user_type}
            connection.call("join_question", {**joined, "updates": True, "after_id": max(self._heard, default=0)})
            for _ in range(self._chance.randrange(1, LONGEST_STAY)):
                if self._chance.random() < 0.5:
                    self._say(connection, question_id)
                else:
                    self._read(connection, question_id)
                self._listen(connection)
            # Of one that only stops to poll the server would know when its heartbeat is missing.
            is_noticed = isinstance(connection, Websocket) or not self._found.is_last_life
            if self._chance.random() < 0.5 or not is_noticed:
                connection.call("leave_question", {"question_id": question_id})

    def _say(self, connection: Connection, question_id: int) -> None:
        is_visible = self._user_type != "STAFF" or self._chance.random() < 0.6
        said = message(question_id, sender_id=self._user_id, sender_type=self._user_type)
        answer = connection.call("send_message", {**said, "is_visible_to_patient": is_visible})
        self._found.messages += bool(answer["success"])

    def _read(self, connection: Connection, question_id: int) -> None:
        up_to = max(self._heard, default=0) + self._chance.choice((0, 0, 5))
        answer = connection.call("read_question", {"question_id": question_id, "up_to_id": up_to})
        self._found.expect(answer.get("success") is True, f"a reading was answered with {answer}")
        self._found.reads += 1
        self._see(answer.get("up_to_id", 0), "an answer")

    def _listen(self, connection: Connection) -> None:
        """Go through what has come."""
        for name, payload in connection.events:
            if name == "new_message":
                self._heard.add(payload["id"])
                is_meant = payload["is_visible_to_patient"] or self._user_type == "STAFF"
                self._found.expect(is_meant, f"a patient heard the staff-only message {payload['id']}")
            elif name == "question:read":
                self._see(payload["up_to_id"], "question:read")
        connection.events.clear()

    def _see(self, message_id: int, where: str) -> None:
        if message_id and self._user_type != "STAFF":
            self.seen[message_id] = where

    def finish(self) -> None:
        """Come no more."""
        self._over.set()
        self._thread.join(3 * LIMIT)


def reply(folder: Path, kills: int, seed: int, command: Sequence[str], settled: float = SETTLED) -> Replied:
    """Kill so many times, then look at what is left, after so many seconds at most."""
    found = Replied(is_last_life=not kills)
    chance = random.Random(seed)
    server = Doomed(folder, command)
    server.begin()
    server.listens()
    people: list[Person] = []
    try:
        questions = [_open(server) for _ in range(QUESTIONS)]
        people += [Person(server, user_id, questions, seed, found) for user_id in PEOPLE]
        for _ in range(kills):
            time.sleep(chance.uniform(0.1, LONGEST_LIFE))
            assigned = {"assignee_id": chance.choice([*PEOPLE]), "priority": chance.choice(("NORMAL", "URGENT"))}
            path = f"/api/questions/{chance.choice(questions)}"
            answer = server.http("PATCH", path, json=assigned)
            found.expect(answer.status == 200, f"an assignment was answered with {answer}")
            server.kill()
            found.kills += 1
            found.is_last_life = found.kills == kills
            server.begin()
            server.listens()
        time.sleep(LONGEST_LIFE)
        for person in people:
            person.finish()
        with suppress(AssertionError):  # what is wrong then is told below
            wait_until(lambda: not _wrong(server), "that everybody knows", settled)
        found.faults += _wrong(server)
        for person in people:
            _check_seen(server, person, found)
        found.told = len(_rows(server, "SELECT id FROM user_notification WHERE biz_type = 'CONSULTATION_REPLY'"))
        return found
    finally:
        for person in people:
            person.finish()
        server.close()


def _open(server: Doomed) -> int:
    body = {"title": "头晕两天", "elder_id": next(iter(PEOPLE)), "notify_replies": True}
    question_id: int = server.http("POST", "/api/questions", json=body).body["id"]
    for user_id, user_type in {**PEOPLE, **ABSENT}.items():
        named = {"user_id": user_id, "user_type": user_type}
        assert server.http("POST", f"/api/questions/{question_id}/participants", json=named).status == 201
    return question_id


def _wrong(server: Doomed) -> list[str]:
    """Give in words where counts and notifications are not those of a recount."""
    faults = []
    said: dict[int, list[tuple[Any, ...]]] = {}
    for question_id, *one in _rows(
        server, "SELECT question_id, id, sender_type, sender_id, is_visible_to_patient FROM message"
    ):
        said.setdefault(question_id, []).append(tuple(one))
    for question_id, user_id, user_type, read_up_to in _rows(
        server, "SELECT question_id, user_id, user_type, read_up_to FROM participant WHERE takes_part = 1"
    ):
        visible = [one for one in said.get(question_id, []) if one[3] or user_type == "STAFF"]
        unread = sum(one[0] > read_up_to and one[1:3] != (user_type, user_id) for one in visible)
        who = f"{user_type} {user_id} in question {question_id}"
        told = server.http("GET", f"/api/questions?participant_id={user_id}&participant_type={user_type}").body["items"]
        counted = next((one["unread"] for one in told if one["id"] == question_id), None)
        if counted != unread:
            faults.append(f"{who} has {unread} unread, and is told {counted}")
        if read_up_to and read_up_to not in [one[0] for one in visible]:
            faults.append(f"the cursor of {who} is no message that it may see")
        open_ones = _rows(
            server,
            "SELECT id FROM user_notification WHERE biz_type = 'CONSULTATION_REPLY' AND status = 'UNREAD'"
            f" AND biz_id = {question_id} AND user_id = {user_id}",
        )
        if len(open_ones) != bool(unread):
            waiting = (
                "more than one notification waits" if len(open_ones) > 1 else f"{len(open_ones)} notifications wait"
            )
            faults.append(f"{who} has {unread} unread, and {waiting}")
    return faults


def _check_seen(server: Doomed, person: Person, found: Replied) -> None:
    hidden = {one for (one,) in _rows(server, "SELECT id FROM message WHERE NOT is_visible_to_patient")}
    for message_id, where in person.seen.items():
        found.expect(message_id not in hidden, f"a patient saw the staff-only message {message_id} in {where}")


def _rows(server: Doomed, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(server.database, timeout=LIMIT)) as connection:
        return connection.execute(sql).fetchall()
