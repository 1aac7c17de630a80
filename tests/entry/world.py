"""A clinic with one of each role, and things that are theirs, another's, or nobody's."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Final

from tests.clients import message
from tests.links import KEYS, link_of
from tests.packets import Websocket
from tests.server import Answer, Server, in_seconds, wait_until
from tests.tokens import token

# RELATIVE is a FAMILY whose token has the elder among its `elders`, and no `questions`: its own things are the elder's.
ROLES: Final = {"STAFF": 11, "ELDER": 12, "FAMILY": 13, "RELATIVE": 16, "SERVICE": 14, "MONITOR": 15}
TYPES: Final = {role: "FAMILY" if role == "RELATIVE" else role for role in ROLES}
# Somebody else, whom none of them has to do with, and an id that nobody and nothing has.
STRANGER: Final = 99
NONE_SUCH: Final = 4_000_000
OWN, FOREIGN, MISSING = "own", "foreign", "missing"
WHOSE: Final = (OWN, FOREIGN, MISSING)
# Notifications of each user: every cell that answers one takes one.
NOTIFICATIONS: Final = 24


class World:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.clinic = token(1, "SERVICE")
        self.questions = {role: self.open_question(user_id) for role, user_id in ROLES.items()}
        # What the family may see is the elder's.
        self.questions["FAMILY"] = self.questions["ELDER"]
        self.foreign_question = self.open_question(STRANGER)
        self.tokens = {role: token(user_id, TYPES[role], name=f"{role} 王") for role, user_id in ROLES.items()}
        listed = [self.questions["FAMILY"]]
        self.tokens["FAMILY"] = token(ROLES["FAMILY"], "FAMILY", name="FAMILY 王", questions=listed)
        elders = [ROLES["ELDER"]]
        self.tokens["RELATIVE"] = token(ROLES["RELATIVE"], "FAMILY", name="RELATIVE 王", elders=elders)
        self.questions["RELATIVE"] = self.open_question(ROLES["ELDER"])  # after the token was made
        with closing(Websocket(server)) as staff:
            staff.enter(self.tokens["STAFF"])
            for question_id in (*self.questions.values(), self.foreign_question):
                assert staff.call("send_message", message(question_id, sender_id=ROLES["STAFF"]))["success"]
        self._notifications = self._make_notifications()

    def ask(self, method: str, path: str, shown: str | None = None, body: Any = None, **headers: str) -> Answer:
        """Ask over HTTP, with a token if one is given."""
        sent = headers if shown is None else {"Authorization": f"Bearer {shown}", **headers}
        if body is None:
            return self.server.http(method, path, headers=sent)
        return self.server.http(method, path, json=body, headers=sent)

    def made(self, method: str, path: str, body: Any) -> int:
        answer = self.ask(method, path, self.clinic, body)
        assert answer.status == 201, answer
        made_id: int = answer.body["id"]
        return made_id

    def open_question(self, elder_id: int) -> int:
        return self.made("POST", "/api/questions", {"title": "头晕两天", "elder_id": elder_id})

    def make_reminder(self, user_id: int, remind_at: str = "2099-01-01 08:00:00") -> int:
        return self.made("POST", "/api/reminders", reminder(user_id, remind_at))

    def question(self, role: str, whose: str) -> int:
        return {OWN: self.questions[role], FOREIGN: self.foreign_question, MISSING: NONE_SUCH}[whose]

    def user(self, role: str, whose: str) -> int:
        own = ROLES["ELDER" if role == "RELATIVE" else role]
        return {OWN: own, FOREIGN: STRANGER, MISSING: NONE_SUCH}[whose]

    def reminder(self, role: str, whose: str) -> int:
        """A new one each time, since some are cancelled."""
        return NONE_SUCH if whose == MISSING else self.make_reminder(self.user(role, whose))

    def notification(self, role: str, whose: str) -> int:
        """Another one each time."""
        return NONE_SUCH if whose == MISSING else self._notifications[self.user(role, whose)].pop()

    def link(self, role: str, whose: str) -> str:
        """The word of a confirm link of another notification each time, or one that this server has not made."""
        if whose == MISSING:
            return f"{'A' * 22}{NONE_SUCH}"
        return link_of(self.server, self.notification(role, whose), KEYS).rpartition("/")[2]

    def _make_notifications(self) -> dict[int, list[int]]:
        users = [*(self.user(role, OWN) for role in ROLES), *[STRANGER] * len(ROLES)]
        for user_id in users:
            for _ in range(NOTIFICATIONS):
                self.make_reminder(user_id, in_seconds(-1))

        def listed(user_id: int) -> list[int]:
            answer = self.ask("GET", f"/api/users/{user_id}/notifications?limit=200", self.clinic)
            return [item["id"] for item in answer.body["items"]]

        def all_fired() -> bool:
            return sum(len(listed(user_id)) for user_id in set(users)) == len(users) * NOTIFICATIONS

        wait_until(all_fired, "the notifications")
        return {user_id: listed(user_id) for user_id in users}


def reminder(user_id: int, remind_at: str = "2099-01-01 08:00:00") -> dict[str, Any]:
    return {
        "user_id": user_id,
        "biz_type": "INTERVENTION_TASK",
        "biz_id": 1,
        "channel": "IN_APP",
        "title": "服药提醒",
        "remind_at": remind_at,
    }


def payload(world: World, event: str, role: str, whose: str, **claims: Any) -> dict[str, Any]:
    """What somebody of that role would send, changed in what it claims."""
    user_id = ROLES[role]
    match event:
        case "join_question":
            given = {"question_id": world.question(role, whose), "user_id": user_id, "user_type": TYPES[role]}
        case "leave_question":
            given = {"question_id": world.question(role, whose)}
        case "read_question":
            given = {"question_id": world.question(role, whose), "up_to_id": 1}
        case "send_message":
            sender_type = "SYSTEM" if role == "SERVICE" else TYPES[role]
            given = message(world.question(role, whose), sender_id=user_id, sender_type=sender_type)
        case "bind_user":
            given = {"user_id": world.user(role, whose)}
        case "notification:read" | "notification:confirm":
            given = {"id": world.notification(role, whose)}
        case "notification:snooze":
            given = {"id": world.notification(role, whose), "until": in_seconds(3600)}
        case _:
            raise AssertionError(f"what does a client send with {event}?")
    return {**given, **claims}
