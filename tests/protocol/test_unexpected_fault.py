"""A fault that nobody expected, which must be the same over every transport: it is told, and nothing is lost by it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.clients import message
from tests.conftest import Enter, StartServer
from tests.json_text import encode
from tests.packets import Closed, Kind, Polling, Websocket
from tests.server import Server
from tests.torture.patches import patched
from tests.wire.raw import metric

FAULT = {"code": "INTERNAL_ERROR", "message": "服务器内部错误"}


@pytest.fixture
def server(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that stumbles over a join, and over a packet with `unreadable` in it."""
    monkeypatch.setattr("tests.server.COMMAND", patched("quoting"))
    server = start_server()
    server.allow_tracebacks = True
    return server


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_over_an_event_is_its_answer(server: Server, enter: Enter, kind: Kind) -> None:
    connection = enter(kind, server)
    joining = {"question_id": server.open_question(), "user_id": 1, "user_type": "ELDER"}
    assert connection.call("join_question", joining) == FAULT
    assert connection.call("leave_question", {"question_id": 5}) == {"question_id": 5}


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_over_a_packet_ends_its_connection(server: Server, enter: Enter, kind: Kind) -> None:
    """What has become of that packet nobody knows: the client comes back and sends again what was not answered."""
    question_id = server.open_question()
    other, connection = enter(kind, server), enter(kind, server)
    sends = [["send_message", message(question_id, text, client_msg_id=text)] for text in ("前", "后")]
    first, second = (f"42{number}{encode(call).decode()}" for number, call in enumerate(sends))
    with suppress(Closed):
        connection.send(first, '42["unreadable"]', second)
    with pytest.raises(Closed):
        connection.read_to_the_end()
    assert metric(server, 'careline_cuts_total{reason="internal error"}') == 1
    assert other.call("leave_question", {"question_id": 5}) == {"question_id": 5}
    answers = enter(kind, server).call_all(sends)
    assert server.messages(question_id) == [
        {name: value for name, value in answer["data"].items() if name != "client_msg_id"} for answer in answers
    ]
