"""A notification is handed over when its client has shown that it read it, and is taken back when the connection ends
before: a phone that vanishes without a word costs no reminder. On a server whose heart beats fast."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients import message
from tests.conftest import Enter, StartServer
from tests.packets import Closed, Connection, Kind, Polling, Websocket
from tests.protocol import catching_up
from tests.protocol.catching_up import settle
from tests.server import Server, in_seconds, new_id, wait_until
from tests.wire.raw import event, metric, raw, request, text

HURRIED: Final = Path(__file__).parent.parent / "wire" / "hurried.py"
KINDS: Final = pytest.mark.parametrize("kind", [Websocket, Polling])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(HURRIED)])
        server = Server(tmp_path)
        server.start()
        yield server
        server.close()


def bind(connection: Connection, user_id: int, **more: Any) -> list[int]:
    """Bind, and give the ids of the notifications that came since the last time."""
    before = len(connection.named("notification:new"))
    assert connection.call("bind_user", {"user_id": user_id, **more})["success"]
    settle(connection)
    return [one["id"] for one in connection.named("notification:new")[before:]]


def reads_on(connection: Connection, count: int = 1) -> list[int]:
    """Read, and answer pings, until so many notifications have come in all; give their ids."""
    while len(connection.named("notification:new")) < count:
        settle(connection)
    settle(connection)
    return [one["id"] for one in connection.named("notification:new")]


def remind(server: Server, user_id: int) -> int:
    """Have one more notification and give its id."""
    before = {one["id"] for one in server.notifications(user_id)}
    server.make_reminder(user_id, in_seconds(-1))
    (new,) = wait_until(lambda: {one["id"] for one in server.notifications(user_id)} - before, "the notification")
    assert isinstance(new, int)
    return new


def told(server: Server, notification_id: int) -> list[str]:
    """What the notification's history tells of its pushes."""
    items = server.http("GET", f"/api/notifications/{notification_id}/history").body["items"]
    return [one["what"] for one in items if one["what"] in ("pushed", "taken_back")]


def is_told(server: Server, notification_id: int, *expected: str) -> None:
    wait_until(lambda: told(server, notification_id) == list(expected), f"{expected} in the history")


def packet(connection: Connection, name: str) -> dict[str, Any]:
    """Read up to an event of that name, and answer nothing."""
    while not (found := connection.receive()).startswith(f'42["{name}"'):
        pass
    connection.events.append([name, found])
    return {}


@KINDS
def test_what_was_handed_to_a_phone_that_vanished_comes_again(server: Server, enter: Enter, kind: Kind) -> None:
    user_id = new_id()
    phone = enter(kind, server)
    bind(phone, user_id)
    notification = remind(server, user_id)
    is_told(server, notification, "pushed", "taken_back")
    back = enter(kind, server)
    assert bind(back, user_id) == [notification]
    is_told(server, notification, "pushed", "taken_back", "pushed")
    assert bind(enter(kind, server), user_id) == []


def test_a_poll_that_was_answered_is_read_when_the_next_one_comes(server: Server, enter: Enter) -> None:
    user_id = new_id()
    phone = enter(Polling, server)
    bind(phone, user_id)
    first = remind(server, user_id)
    packet(phone, "notification:new")  # the answer has come here, as it may not have in a dead network
    is_told(server, first, "pushed", "taken_back")
    again = enter(Polling, server)
    assert bind(again, user_id) == [first]
    settle(again)
    is_told(server, first, "pushed", "taken_back", "pushed")


@KINDS
def test_who_reads_on_has_read(server: Server, enter: Enter, kind: Kind) -> None:
    user_id = new_id()
    phone = enter(kind, server)
    bind(phone, user_id)
    notification = remind(server, user_id)
    assert reads_on(phone) == [notification]
    is_told(server, notification, "pushed")
    phone.close()
    assert bind(enter(kind, server), user_id) == []
    assert told(server, notification) == ["pushed"]


def test_what_else_a_client_says_shows_nothing(server: Server, enter: Enter) -> None:
    user_id = new_id()
    phone = enter(Websocket, server)
    bind(phone, user_id)
    notification = remind(server, user_id)
    with suppress(Closed):
        while True:  # it talks and reads, and answers no ping
            phone.send('42["leave_question",{"question_id":5}]')
            while not phone.receive().startswith('42["left_question"'):
                pass
    is_told(server, notification, "pushed", "taken_back")
    assert bind(enter(Websocket, server), user_id) == [notification]


def test_an_answer_shows_no_more_than_was_sent_before_the_question(server: Server, enter: Enter) -> None:
    user_id = new_id()
    phone = enter(Websocket, server)
    bind(phone, user_id)
    first = remind(server, user_id)
    while phone.receive() != "2":
        pass
    second = remind(server, user_id)
    phone.send("3")
    is_told(server, first, "pushed")
    is_told(server, second, "pushed", "taken_back")
    assert bind(enter(Websocket, server), user_id) == [second]
    assert told(server, first) == ["pushed"]


def test_an_answer_that_nobody_asked_for_shows_nothing(server: Server, enter: Enter) -> None:
    user_id = new_id()
    phone = enter(Websocket, server)
    phone.send("3", "3", "3")
    bind(phone, user_id)
    notification = remind(server, user_id)
    phone.close()
    is_told(server, notification, "pushed", "taken_back")


@KINDS
def test_another_that_has_read_it_counts(server: Server, enter: Enter, kind: Kind) -> None:
    user_id = new_id()
    phone, desk = enter(kind, server), enter(Websocket, server)
    bind(phone, user_id)
    bind(desk, user_id)
    notification = remind(server, user_id)
    assert reads_on(desk) == [notification]
    wait_until(lambda: "taken_back" in told(server, notification), "the phone's end")
    assert bind(enter(kind, server), user_id) == []
    assert desk.named("notification:new") == desk.named("notification:new")[:1]


@KINDS
def test_who_is_back_before_the_end_of_the_dead_one_gets_it_too(server: Server, enter: Enter, kind: Kind) -> None:
    """The phone is bound again by another connection while the server does not know yet that the first is gone."""
    user_id = new_id()
    phone = enter(kind, server)
    bind(phone, user_id)
    notification = remind(server, user_id)
    back, knowing = enter(Websocket, server), enter(Websocket, server)
    bind(knowing, user_id, after_id=notification)
    bind(back, user_id)
    while not back.named("notification:new"):
        settle(back)
        settle(knowing)
    # Both read on: where a heartbeat was under way as it came, a second one asks whether it was read.
    while told(server, notification)[-1] != "pushed":
        settle(back)
        settle(knowing)
    assert told(server, notification) == ["pushed", "taken_back", "pushed"]
    assert knowing.named("notification:new") == [], "who has bound with a cursor has it"
    assert [one["id"] for one in back.named("notification:new")] == [notification], "once"


@KINDS
def test_a_second_bind_on_the_same_connection_repeats_nothing(server: Server, enter: Enter, kind: Kind) -> None:
    user_id = new_id()
    phone = enter(kind, server)
    phone.send(f'42["bind_user",{{"user_id":{user_id}}}]')
    packet(phone, "bind_user:ack")
    remind(server, user_id)
    for _ in range(3):  # it has shown nothing yet, and is as it was
        phone.send(f'42["bind_user",{{"user_id":{user_id}}}]')
    seen: list[str] = []
    while seen.count("bind_user:ack") < 3:
        found = phone.receive()
        if found.startswith("42"):
            seen.append(found.split('"')[1])
    assert seen.count("notification:new") == 1


def test_a_second_bind_brings_what_the_first_had_no_room_for(server: Server, enter: Enter) -> None:
    """Though nobody has shown yet to have read what the first brought."""
    user_id = new_id()
    catching_up.remind(server, user_id, [str(number) for number in range(503)])
    wait_until(lambda: server.http("GET", f"/api/users/{user_id}/notifications").body["unread"] == 503, "all of them")
    phone = enter(Websocket, server)
    phone.send(*[f'42["bind_user",{{"user_id":{user_id}}}]'] * 2)
    came = 0
    while came < 503:
        came += phone.receive().startswith('42["notification:new"')


def lose(connection: Connection) -> None:
    """End the connection from the client's side."""
    connection.close()


def leave(connection: Connection) -> None:
    """Log out, in good order."""
    connection.send("41")


@pytest.mark.parametrize("end", [lose, leave])
def test_however_it_ends(server: Server, enter: Enter, end: Callable[[Connection], None]) -> None:
    user_id = new_id()
    phone = enter(Websocket, server)
    bind(phone, user_id)
    notification = remind(server, user_id)
    end(phone)
    is_told(server, notification, "pushed", "taken_back")
    assert bind(enter(Websocket, server), user_id) == [notification]


@KINDS
def test_what_was_unread_when_the_server_was_killed_comes_again(server: Server, enter: Enter, kind: Kind) -> None:
    user_id, other = new_id(), new_id()
    phone, desk = enter(kind, server), enter(kind, server)
    bind(phone, user_id)
    bind(desk, other)
    unread, read = remind(server, user_id), remind(server, other)
    assert reads_on(desk) == [read]
    is_told(server, read, "pushed")
    server.kill()
    server.start()
    assert bind(enter(kind, server), user_id) == [unread]
    assert bind(enter(kind, server), other) == []


def test_what_was_handed_over_polling_is_read_over_the_websocket_that_follows(server: Server, enter: Enter) -> None:
    user_id = new_id()
    session = Polling(server)
    session.enter()
    bind(session, user_id)
    notification = remind(server, user_id)
    with raw(server) as websocket:
        websocket.send(request(websocket.port, f"EIO=4&transport=websocket&sid={session.sid}"))
        assert websocket.answer()[0] == 101
        websocket.send(text(b"2probe"))
        assert websocket.packet() == b"3probe"
        websocket.send(text(b"5"))
        while (found := websocket.packet()) != b"2":
            assert found.startswith(b'42["notification:new"')
        websocket.send(text(b"3"))
        is_told(server, notification, "pushed")
        assert bind(enter(Websocket, server), user_id) == []
    session.close()


def test_one_that_is_cut_since_its_outbox_is_full(start_server: StartServer, enter: Enter) -> None:
    server = start_server("--connection-bytes", "0")
    user_id, question_id = new_id(), server.open_question()
    with raw(server, 4096) as phone:
        phone.enter()
        phone.send(text(event("bind_user", {"user_id": user_id})))
        assert phone.packet().startswith(b'42["bind_user:ack"')
        join = {"question_id": question_id, "user_id": user_id, "user_type": "ELDER"}
        phone.send(text(event("join_question", join)))
        assert phone.packet().startswith(b'42["joined_question"')
        notification = remind(server, user_id)
        sender = enter(Websocket, server)
        while not metric(server, 'careline_cuts_total{reason="outbox full"}'):
            sender.call_all([["send_message", message(question_id, "x" * 10_000)]] * 50)
        is_told(server, notification, "pushed", "taken_back")
    assert bind(enter(Websocket, server), user_id) == [notification]
