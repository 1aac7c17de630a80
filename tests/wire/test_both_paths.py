"""The websocket's driver and long-polling tell two clients the same, packet by packet, whatever the two ask."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from consult.contract.tables import CLIENT_EVENTS
from tests.clients import message
from tests.conftest import Enter
from tests.json_text import encode
from tests.packets import Connection, Kind, Polling, Websocket
from tests.server import Server, in_seconds, reminder

NOBODYS: Final = 2**53 - 1
TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?")
USER: Final = 456
WHO: Final = {"user_id": USER, "user_type": "STAFF"}
ONCE: Final = {"client_msg_id": "once"}
WRONG: Final[tuple[Any, ...]] = ({}, [], None, {"id": "x", "question_id": "x"})
# Of a new server: the question is number 1, and so is the notification.
BEFORE_REMINDER: Final[list[tuple[str, Any]]] = [
    ("join_question", {"question_id": 1, **WHO}),
    ("send_message", message(1, "您好")),
    ("send_message", message(1, "一次", **ONCE)),
    ("send_message", message(1, "一次", **ONCE)),
    ("send_message", message(1, "二次", **ONCE)),
    ("send_message", message(1, "内部", is_visible_to_patient=False)),
    ("join_question", {"question_id": 1, "after_id": 0, **WHO}),
    ("join_question", {"question_id": NOBODYS, **WHO}),
    ("leave_question", {"question_id": 1}),
    ("send_message", message(NOBODYS)),
    ("bind_user", {"user_id": USER}),
    ("no_event", {}),
    *((event.name, payload) for event in CLIENT_EVENTS for payload in WRONG),
]
AFTER_REMINDER: Final[list[tuple[str, Any]]] = [
    ("bind_user", {"user_id": USER, "after_id": 0}),
    ("notification:read", {"id": 1}),
    ("notification:confirm", {"id": 1}),
    ("notification:confirm", {"id": NOBODYS}),
    ("notification:snooze", {"id": 1, "until": in_seconds(3600)}),
    ("notification:snooze", {"id": 1, "until": "昨天"}),
]


class Told:
    """Asks as one of two clients, and keeps what both are sent."""

    def __init__(self, server: Server, one: Connection, other: Connection) -> None:
        self.packets: list[tuple[str, list[str]]] = []
        self._server = server
        self._both = (one, other)

    def ask_all(self, asked: list[tuple[str, Any]]) -> None:
        """Each without an acknowledgement, then with one."""
        for number, (name, payload) in enumerate(asked):
            self._ask(name, payload, "")
            self._ask(name, payload, str(number))

    def _ask(self, name: str, payload: Any, ack_id: str) -> None:
        asked = f"42{ack_id}{encode([name, payload]).decode()}"
        self._both[0].send(asked)
        for connection in self._both:
            connection.send(f'42999["leave_question",{{"question_id":{NOBODYS}}}]')
            self._keep(asked, connection, "43999[")

    def remind(self) -> None:
        answer = self._server.http("POST", "/api/reminders", json=reminder(USER, in_seconds(-1)))
        assert answer.status == 201
        self._keep("a reminder", self._both[0], '42["notification:new"')

    def _keep(self, asked: str, connection: Connection, last: str) -> None:
        packets: list[str] = []
        while not packets or not packets[-1].startswith(last):
            packet = connection.receive()
            if packet == "2":
                connection.send("3")
            else:
                packets.append(TIME.sub("time", packet))
        self.packets.append((TIME.sub("time", asked), packets))


def told(folder: Path, enter: Enter, kind: Kind) -> list[tuple[str, list[str]]]:
    folder.mkdir()
    with closing(Server(folder)) as server:
        server.start()
        server.open_question()
        one, other = enter(kind, server), enter(kind, server)
        for connection in (one, other):
            connection.call("join_question", {"question_id": 1, **WHO})
        clients = Told(server, one, other)
        clients.ask_all(BEFORE_REMINDER)
        clients.remind()
        clients.ask_all(AFTER_REMINDER)
        return clients.packets


def test_both_paths_tell_the_same(tmp_path: Path, enter: Enter) -> None:
    names = {name for name, _ in (*BEFORE_REMINDER, *AFTER_REMINDER)}
    assert names == {event.name for event in CLIENT_EVENTS} | {"no_event"}
    over_websocket = told(tmp_path / "websocket", enter, Websocket)
    assert over_websocket == told(tmp_path / "polling", enter, Polling)
    events = set(re.findall(r'42\["([^"]+)"', str(over_websocket)))
    assert events >= {"new_message", "notification:new", "notification:updated", "send_message:ack", "error"}
