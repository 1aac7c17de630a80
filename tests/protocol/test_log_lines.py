"""What is logged: a line for each event, as text on a terminal and as JSON otherwise, and never what anybody said."""

from __future__ import annotations

import json
import os
import pty
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from tests.clients import message
from tests.conftest import Enter
from tests.packets import Closed, Polling, Websocket
from tests.server import Server, in_seconds, new_id, wait_until
from tests.torture.patches import patched

NAMES: Final = ["Zhang San", "张三丰"]
SAID: Final = ["my heart stumbles", "心跳不齐", "brady\ncardia", "\x1b[31msyncope"]
UNSAID: Final = ["Zhang", "张三丰", "stumbles", "心跳", "brady", "cardia", "syncope"]
LINE: Final = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d) (?P<level>[a-z]+) "
    r"(?P<logger>[\w.]+): (?P<message>.+)"
)
LEVELS: Final = {"debug", "info", "warning", "error", "critical"}
# How a send can fail in that broken build, and what is logged of it.
WAYS: Final = {
    "raised": "an event or a request failed",
    "statement": "an event or a request failed",
    "published": "what became of a write could not be told",
    "callback": "Exception in callback",
    "task": "Task exception was never retrieved",
    "thread": "uncaught exception",
    "unraisable": "uncaught exception",
    "warning": "UserWarning",
}


@pytest.fixture(params=[os.pipe, pty.openpty], ids=["pipe", "terminal"])
def server(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that quotes what it stumbles over, with its log going through a pipe or onto a terminal."""
    monkeypatch.setattr("tests.server.COMMAND", patched("quoting"))
    server = Server(tmp_path, "--log-level", "debug", errors=request.param)
    server.start()
    yield server
    if server._process is not None:
        server.kill()


def told(line: str) -> dict[str, str]:
    """Read one line in either form, and hold it to that."""
    if line.startswith("{"):
        fields: dict[str, str] = json.loads(line)
        assert list(fields)[:4] == ["time", "level", "logger", "message"]
        assert set(fields) <= {"time", "level", "logger", "message", "traceback"}
        assert all(isinstance(value, str) for value in fields.values())
        if "traceback" in fields:
            assert fields["traceback"].startswith("Traceback (most recent call last):\n")
    else:
        assert line.isprintable(), ascii(line)
        found = LINE.fullmatch(line)
        assert found, line
        fields = found.groupdict()
    assert datetime.fromisoformat(fields["time"]).utcoffset() is not None
    assert fields["level"] in LEVELS
    return fields


def lines(server: Server) -> list[dict[str, str]]:
    return [told(line) for line in server.stderr().splitlines()]


def logged(server: Server, what: str) -> Callable[[], bool]:
    return lambda: what in server.stderr()


def test_nothing_that_was_said_is_logged(server: Server, enter: Enter) -> None:
    said = [f"{way} {text}" for way in WAYS for text in SAID]
    question_id = server.open_question(" ".join(SAID))
    client = enter(Websocket, server)
    for text in said:
        sent = message(question_id, text, role_display_name=NAMES[0])
        assert "success" in client.call("send_message", sent)
        client.call("leave_question", {"question_id": 5, "unknown": text})
    joining = {"question_id": question_id, "user_id": 1, "user_type": "ELDER", "role_display_name": NAMES[1]}
    assert client.call("join_question", joining)["code"] == "INTERNAL_ERROR"
    server.make_reminder(new_id(), in_seconds(-1), title=SAID[0], content=SAID[1])
    for packet in f"42[{SAID[0]}", f'42["unreadable","{NAMES[0]}"]', f"9{NAMES[1]}":
        for kind in Websocket, Polling:
            with suppress(Closed):
                enter(kind, server).send(packet)
    answer = server.http("POST", "/api/questions", json={"title": f"unreadable {SAID[0]}", "elder_id": 1})
    assert answer.status == 500
    for path in f"/api/questions?status={SAID[0]}", f"/static/..%2F{NAMES[0]}", f"/socket.io/?EIO=4&sid={NAMES[0]}":
        assert server.http("GET", path.replace(" ", "+")).status in (400, 404)
    refused = {"Origin": "https://elsewhere.example"}
    assert server.http("GET", "/health", headers=refused).status == 403
    for what in (*WAYS.values(), "allowed-origins", "a websocket failed", "no Engine.IO packet"):
        wait_until(logged(server, what), what)
    health = str(server.http("GET", "/health").body)
    assert [word for word in UNSAID if word in health] == [], health
    found = lines(server)
    assert any("quote" in fields.get("traceback", fields["message"]) for fields in found), "a traceback says where"
    for fields in found:
        assert [word for word in UNSAID if word in " ".join(fields.values())] == [], fields


def test_what_is_logged_is_a_line_each(server: Server, enter: Enter) -> None:
    """From its start to its end, and each of a number of faults once."""
    for number in range(3):
        assert server.http("GET", "/health", headers={"Host": f"evil{number}.example"}).status == 403
        with suppress(Closed):
            broken = enter(Websocket, server)
            broken.send("9")
            broken.read_to_the_end()
    client = enter(Websocket, server)
    joining = {"question_id": 1, "user_id": 1, "user_type": "ELDER"}
    assert client.call("join_question", joining)["code"] == "INTERNAL_ERROR"
    server.allow_tracebacks = True
    server.stop()
    found = [(fields["level"], fields["logger"], fields["message"].partition(" | ")[0]) for fields in lines(server)]
    assert [one for one in found if one[1] == "careline.access"] == [
        (
            "warning",
            "careline.access",
            f"refused a request of 127.0.0.1 for host 'evil{number}.example'; "
            "--allowed-hosts names the hosts that are answered",
        )
        for number in range(3)
    ]
    wire = [one for one in found if one[1] == "careline.wire"]
    assert len(wire) == 3
    assert all(re.fullmatch(r"connection \S+ ended: no Engine\.IO packet", text) for _, _, text in wire)
    assert [one for one in found if one[1] == "careline.faults"] == [
        ("error", "careline.faults", "an event or a request failed")
    ]
    assert found[0][2].startswith("times are shown in the zone ")
    assert found[-1][2] == "stopping"
