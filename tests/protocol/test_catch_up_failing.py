"""A catch-up that cannot be read: before its answer nothing has changed and nothing is missed; after it, a new try."""

from __future__ import annotations

from typing import Final

import pytest

from tests.conftest import Enter, StartServer
from tests.json_text import encode
from tests.packets import Closed, Kind, Polling, Websocket
from tests.protocol.catching_up import bind, heard, join, remind, say, settle
from tests.server import Server, new_id, wait_until
from tests.torture.patches import patched

# Above it the server cannot read, and of the messages not this one.
UNREADABLE: Final = 666_000
UNREADABLE_MESSAGE: Final = 50
FAULT: Final = {"code": "INTERNAL_ERROR", "message": "服务器内部错误"}


@pytest.fixture
def server(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr("tests.server.COMMAND", patched("reading_fails"))
    server = start_server()
    server.allow_tracebacks = True  # such a fault is one that nobody expects
    return server


@pytest.mark.parametrize(("kind", "user_type"), [(Websocket, "ELDER"), (Polling, "STAFF")])
def test_a_member_stays_what_it_was_and_misses_nothing(
    server: Server, enter: Enter, kind: Kind, user_type: str
) -> None:
    question_id = server.open_question()
    client, sender = enter(kind, server), enter(Websocket, server)
    join(client, question_id, 0, user_type)
    other = "ELDER" if user_type == "STAFF" else "STAFF"
    asked = {"question_id": question_id, "user_id": 456, "user_type": other, "after_id": UNREADABLE}
    client.send("42" + encode(["join_question", asked]).decode())
    # Until it has failed, what is said is kept back.
    said = say(sender, question_id, ["公开 1"])
    said += say(sender, question_id, ["内部"], is_visible_to_patient=False)
    said += say(sender, question_id, ["公开 2"])
    settle(client)
    said += say(sender, question_id, ["公开 3"])
    settle(client)
    assert client.named("error") == [FAULT]
    wanted = [one for one in said if user_type == "STAFF" or one["is_visible_to_patient"]]
    assert heard(client, question_id) == wanted


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_who_was_not_in_the_room_is_not(server: Server, enter: Enter, kind: Kind) -> None:
    question_id = server.open_question()
    client, sender = enter(kind, server), enter(Websocket, server)
    asked = {"question_id": question_id, "user_id": 456, "user_type": "STAFF", "after_id": UNREADABLE}
    assert client.call("join_question", asked) == FAULT
    say(sender, question_id, ["一"])
    settle(client)
    assert client.named("new_message") == []


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_half_way_the_connection_ends_and_the_client_comes_back(server: Server, enter: Enter, kind: Kind) -> None:
    """It has its answer already: only a new connection keeps it from missing something unnoticed."""
    question_id = server.open_question()
    said = say(enter(Websocket, server), question_id, (str(number) for number in range(120)))
    client = enter(kind, server)
    join(client, question_id, 0)
    with pytest.raises(Closed):
        client.read_to_the_end()
    came = heard(client, question_id)
    assert came == said[: len(came)]
    assert 0 < len(came) < UNREADABLE_MESSAGE
    again = enter(kind, server)
    join(again, question_id, UNREADABLE_MESSAGE)
    settle(again)
    assert heard(again, question_id) == said[UNREADABLE_MESSAGE:]


def test_a_failed_bind_keeps_the_user_and_misses_nothing(server: Server, enter: Enter) -> None:
    user_id, other = new_id(), new_id()
    client = enter(Websocket, server)
    bind(client, user_id, 0)
    for asked in other, user_id:
        client.send("42" + encode(["bind_user", {"user_id": asked, "after_id": UNREADABLE}]).decode())
    remind(server, user_id, ["自己的"])
    wait_until(lambda: server.notifications(user_id), "the notification")
    settle(client)
    remind(server, other, ["别人的"])
    wait_until(lambda: server.notifications(other), "the notification")
    settle(client)
    assert client.named("error") == [FAULT, FAULT]
    assert [one["title"] for one in client.named("notification:new")] == ["自己的"]
