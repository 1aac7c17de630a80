"""A client that shows its pid is bound and in its rooms again, and is sent what it has missed; others get nothing."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.packets import Closed, Connection, Kind, Polling, Websocket
from tests.protocol.catching_up import bind, join, remind, say, settle
from tests.server import LIMIT, Server, new_id, wait_until
from tests.tokens import key_file, token
from tests.torture.patches import patched

KINDS = pytest.mark.parametrize("kind", [Websocket, Polling])


class Coming:
    """Opens connections, which are closed at the end of the test."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []

    def new(self, kind: Kind, server: Server, token: str | None = None) -> Connection:
        """Open one for a client that comes for the first time."""
        connection = kind(server)
        self.connections.append(connection)
        assert not connection.enter(token)
        return connection

    def back(
        self, connection: Connection, server: Server, token: str | None = None, kind: Kind | None = None
    ) -> Connection:
        """Close the connection and open another that shows its pid; it is known again."""
        again, is_known = self.perhaps(connection, server, token, kind)
        assert is_known
        return again

    def perhaps(
        self, connection: Connection, server: Server, token: str | None = None, kind: Kind | None = None
    ) -> tuple[Connection, bool]:
        """Do the same; tell whether it is known again."""
        connection.close()
        again = (kind or (Polling if isinstance(connection, Polling) else Websocket))(server)
        self.connections.append(again)
        return again, again.enter(token, connection.pid)


@pytest.fixture
def coming() -> Iterator[Coming]:
    coming = Coming()
    yield coming
    for connection in coming.connections:
        connection.close()


def enter_rooms(connection: Connection, question_id: int, user_id: int, user_type: str = "ELDER") -> None:
    assert connection.call("bind_user", {"user_id": user_id})["success"]
    asked = {"question_id": question_id, "user_id": user_id, "user_type": user_type}
    assert connection.call("join_question", asked) == {"question_id": question_id}


def heard(connection: Connection) -> list[str]:
    """What it has been told by now, in order."""
    settle(connection)
    told = {"new_message": "content_text", "notification:new": "title"}
    return [payload[told[name]] for name, payload in connection.events if name in told]


def rows(server: Server, query: str) -> list[Any]:
    with closing(sqlite3.connect(server.database)) as connection:
        return connection.execute(query).fetchall()


def recoveries(server: Server) -> float:
    match = re.search(
        r'^careline_recoveries_total\{result="brought back"\} (\S+)', server.http("GET", "/metrics").body, re.M
    )
    return float(match[1]) if match else 0.0


def is_read(server: Server, connection: Connection, question_id: int) -> None:
    """Answer the server's questions until the file knows that the client has read the last message."""
    last = server.messages(question_id)[-1]["id"]

    def known() -> bool:
        settle(connection)
        return any(read >= last for (read,) in rows(server, "SELECT message_id FROM session"))

    wait_until(known, "that it has read")


@KINDS
def test_it_is_bound_and_in_its_rooms_and_hears_what_it_missed(server: Server, coming: Coming, kind: Kind) -> None:
    question_id, user_id = server.open_question(), new_id()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, user_id)
    say(coming.new(Websocket, server), question_id, ["一", "二"])
    assert heard(client) == ["一", "二"]
    is_read(server, client, question_id)
    client.close()
    sender = coming.new(Websocket, server)
    say(sender, question_id, ["三", "四"])
    remind(server, user_id, ["吃药"])
    wait_until(lambda: server.notifications(user_id), "the notification")
    again = coming.back(client, server)
    say(sender, question_id, ["五"])
    remind(server, user_id, ["散步"])
    wait_until(lambda: len(heard(again)) == 5, "all of it")
    told = heard(again)
    assert [one for one in told if one in ("吃药", "散步")] == ["吃药", "散步"]
    assert [one for one in told if one not in ("吃药", "散步")] == ["三", "四", "五"]


@KINDS
def test_who_connects_again_on_its_connection_has_its_pid_already(server: Server, coming: Coming, kind: Kind) -> None:
    question_id, user_id = server.open_question(), new_id()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, user_id)
    for packet in ("40", '40{"pid":"another"}'):
        client.send(packet)
        assert re.fullmatch(r'40\{"sid":"[^"]+"\}', client.receive())
    client.close()
    say(coming.new(Websocket, server), question_id, ["一"])
    again = coming.back(client, server)
    wait_until(lambda: heard(again) == ["一"], "what it missed")


@KINDS
def test_its_first_event_waits_until_it_is_back(server: Server, coming: Coming, kind: Kind) -> None:
    question_id = server.open_question()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, new_id())
    client.close()
    say(coming.new(Websocket, server), question_id, [str(number) for number in range(200)])
    again = kind(server)
    coming.connections.append(again)
    again.send(f'40{{"pid":"{client.pid}"}}', f'421["leave_question",{{"question_id":{question_id}}}]')
    assert client.pid in again.receive()
    assert again.next_packet().startswith("431")
    names = [name for name, _ in again.events]
    assert names == ["new_message"] * 200 + ["left_question"]


def test_all_of_it_outlives_a_kill_at_once(start_server: StartServer, coming: Coming) -> None:
    server = start_server()
    question_id, user_id = server.open_question(), new_id()
    client = coming.new(Websocket, server)
    enter_rooms(client, question_id, user_id)
    server.kill()
    server.start()
    say(coming.new(Websocket, server), question_id, ["之后"])
    assert heard(coming.back(client, server)) == ["之后"]


def test_a_restart_changes_nothing(start_server: StartServer, coming: Coming) -> None:
    server = start_server()
    question_id = server.open_question()
    client = coming.new(Websocket, server)
    enter_rooms(client, question_id, new_id())
    server.restart()
    say(coming.new(Websocket, server), question_id, ["之后"])
    assert heard(coming.back(client, server)) == ["之后"]


@KINDS
def test_what_it_has_not_shown_to_have_read_comes_again(server: Server, coming: Coming, kind: Kind) -> None:
    question_id, user_id = server.open_question(), new_id()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, user_id)
    say(coming.new(Websocket, server), question_id, ["未读"])
    assert heard(coming.back(client, server)) == ["未读"]


def test_a_poll_of_the_newer_connection_says_nothing_of_what_the_older_one_was_sent(
    server: Server, coming: Coming
) -> None:
    question_id = server.open_question()
    client, newer = Polling(server), Polling(server)
    coming.connections += [client, newer]
    client.enter()
    enter_rooms(client, question_id, new_id())
    say(coming.new(Websocket, server), question_id, ["未读"])
    client.poll()
    before = recoveries(server)
    newer.send(f'40{{"pid":"{client.pid}"}}')
    wait_until(lambda: recoveries(server) > before, "that it is back")
    newer.poll()
    assert heard(coming.back(client, server)) == ["未读"]


@KINDS
def test_what_it_has_read_does_not(server: Server, coming: Coming, kind: Kind) -> None:
    question_id = server.open_question()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, new_id())
    say(coming.new(Websocket, server), question_id, ["已读"])
    is_read(server, client, question_id)
    assert heard(coming.back(client, server)) == []


def test_it_may_come_back_by_the_other_transport(server: Server, coming: Coming) -> None:
    question_id = server.open_question()
    client = coming.new(Websocket, server)
    enter_rooms(client, question_id, new_id())
    polling = coming.back(client, server, kind=Polling)
    websocket = coming.back(polling, server, kind=Websocket)
    say(coming.new(Websocket, server), question_id, ["听到"])
    assert heard(websocket) == ["听到"]


@KINDS
def test_what_was_entered_with_a_cursor_is_the_clients_own_business(server: Server, coming: Coming, kind: Kind) -> None:
    question_id, other_id, user_id = server.open_question(), server.open_question(), new_id()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, user_id)
    join(client, question_id, 0)
    join(client, other_id, 0)
    bind(client, user_id, 0)
    client.close()
    sender = coming.new(Websocket, server)
    say(sender, question_id, ["一"])
    say(sender, other_id, ["二"])
    remind(server, user_id, ["吃药"])
    wait_until(lambda: server.notifications(user_id), "the notification")
    again = coming.back(client, server)
    assert heard(again) == []
    join(again, question_id, 0)
    bind(again, user_id, 0)
    assert heard(again) == ["一", "吃药"]


@KINDS
def test_a_room_that_it_left_stays_left(server: Server, coming: Coming, kind: Kind) -> None:
    question_id, user_id, other_id = server.open_question(), new_id(), new_id()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, user_id)
    client.call("leave_question", {"question_id": question_id})
    client.call("bind_user", {"user_id": other_id})
    client.close()
    say(coming.new(Websocket, server), question_id, ["不再听"])
    remind(server, user_id, ["前一个"])
    remind(server, other_id, ["后一个"])
    wait_until(lambda: server.notifications(user_id) and server.notifications(other_id), "the notifications")
    assert heard(coming.back(client, server)) == ["后一个"]


@KINDS
def test_a_room_that_it_was_told_to_have_left_stays_left_after_a_kill(
    start_server: StartServer, coming: Coming, kind: Kind
) -> None:
    server = start_server()
    question_id = server.open_question()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, new_id())
    assert client.call("leave_question", {"question_id": question_id}) == {"question_id": question_id}
    server.kill()
    server.start()
    say(coming.new(Websocket, server), question_id, ["不再听"])
    assert heard(coming.back(client, server)) == []


@KINDS
def test_a_disconnect_ends_the_session(start_server: StartServer, coming: Coming, kind: Kind) -> None:
    server = start_server()
    question_id, user_id = server.open_question(), new_id()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, user_id)
    client.send("41")
    again, is_known = coming.perhaps(client, server)
    assert not is_known
    wait_until(lambda: not rows(server, "SELECT 1 FROM session"), "the end of the session")
    say(coming.new(Websocket, server), question_id, ["秘密"])
    assert heard(again) == []
    server.kill()
    server.start()
    after, is_known = coming.perhaps(client, server)
    assert not is_known
    assert heard(after) == []


@KINDS
def test_nor_after_one_that_comes_before_it_is_back(server: Server, coming: Coming, kind: Kind) -> None:
    question_id = server.open_question()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, new_id())
    client.close()
    leaving = kind(server)
    coming.connections.append(leaving)
    leaving.send(f'40{{"pid":"{client.pid}"}}', "41")
    own = f"SELECT 1 FROM session WHERE id = {client.pid[24:]}"
    wait_until(lambda: not rows(server, own), "the end of the session")
    again, is_known = coming.perhaps(client, server)
    assert not is_known
    say(coming.new(Websocket, server), question_id, ["秘密"])
    assert heard(again) == []


def test_nor_on_the_same_connection(server: Server, coming: Coming) -> None:
    question_id = server.open_question()
    client = coming.new(Websocket, server)
    enter_rooms(client, question_id, new_id())
    client.send("41")
    pid = client.pid
    assert not client.enter(pid=pid)
    say(coming.new(Websocket, server), question_id, ["秘密"])
    assert heard(client) == []


@pytest.mark.parametrize("pid", ["", "x", "x" * 64, "x" * 65, "x" * 10_000, "\N{GRINNING FACE}", "0" * 24])
def test_a_pid_that_was_never_given_is_as_none(server: Server, coming: Coming, pid: str) -> None:
    client = Websocket(server)
    coming.connections.append(client)
    assert not client.enter(pid=pid)
    assert client.pid != pid


@pytest.mark.parametrize("auth", ["null", "[]", '"x"', '{"pid":1}', '{"pid":null}', '{"pid":["x"]}', '{"offset":"1"}'])
def test_nor_is_what_is_no_pid(server: Server, coming: Coming, auth: str) -> None:
    client = Websocket(server)
    coming.connections.append(client)
    client.send(f"40{auth}")
    assert '"pid"' in client.receive()


def test_a_pid_cannot_be_guessed_and_is_not_in_the_file(server: Server, coming: Coming) -> None:
    question_id = server.open_question()
    pids = []
    for _ in range(20):
        client = coming.new(Websocket, server)
        enter_rooms(client, question_id, new_id())
        pids.append(client.pid)
    assert len(set(pids)) == 20
    assert all(len(pid) * 6 >= 128 for pid in pids)
    for path in server.folder.glob("careline.db*"):
        content = path.read_bytes()
        assert not [pid for pid in pids if pid.encode() in content]
    assert not [pid for pid in pids if pid in server.stderr()]


@KINDS
def test_the_newer_connection_has_it_and_the_older_one_is_cut(server: Server, coming: Coming, kind: Kind) -> None:
    question_id, user_id = server.open_question(), new_id()
    older = coming.new(kind, server)
    enter_rooms(older, question_id, user_id)
    newer = Websocket(server)
    coming.connections.append(newer)
    assert newer.enter(pid=older.pid)
    with pytest.raises(Closed):
        older.read_to_the_end()
    say(coming.new(Websocket, server), question_id, ["给新的"])
    assert heard(newer) == ["给新的"]
    assert "taken up by another connection" in server.stderr()


def test_of_many_that_come_at_once_one_has_it(server: Server, coming: Coming) -> None:
    question_id = server.open_question()
    client = coming.new(Websocket, server)
    enter_rooms(client, question_id, new_id())
    client.close()
    many = [Websocket(server) for _ in range(10)]
    coming.connections += many
    for one in many:
        one.send(f'40{{"pid":"{client.pid}"}}')
    answered = say(coming.new(Websocket, server), question_id, ["一次"])
    assert answered
    left = []
    for one in many:
        try:
            packet = one.receive()
            assert client.pid in packet
            settle(one)
            left.append(one)
        except Closed:
            pass
    assert len(left) == 1
    say(coming.new(Websocket, server), question_id, ["两次"])
    assert heard(left[0])[-1] == "两次"


@pytest.mark.parametrize(("user_type", "expected"), [("STAFF", ["内部", "公开"]), ("ELDER", ["公开"])])
def test_it_sees_what_it_saw_before(server: Server, coming: Coming, user_type: str, expected: list[str]) -> None:
    question_id = server.open_question()
    client = coming.new(Websocket, server)
    enter_rooms(client, question_id, new_id(), user_type)
    client.close()
    sender = coming.new(Websocket, server)
    say(sender, question_id, ["内部"], is_visible_to_patient=False)
    say(sender, question_id, ["公开"])
    again = coming.back(client, server)
    assert heard(again) == expected
    say(sender, question_id, ["内部"], is_visible_to_patient=False)
    say(sender, question_id, ["公开"])
    assert heard(again) == expected * 2


def test_who_joined_anew_as_another_sees_what_the_other_may(server: Server, coming: Coming) -> None:
    question_id = server.open_question()
    client = coming.new(Websocket, server)
    enter_rooms(client, question_id, new_id(), "STAFF")
    enter_rooms(client, question_id, new_id(), "ELDER")
    client.close()
    say(coming.new(Websocket, server), question_id, ["内部"], is_visible_to_patient=False)
    assert heard(coming.back(client, server)) == []


@KINDS
def test_at_most_five_hundred_of_a_room_come_and_then_what_is_live(server: Server, coming: Coming, kind: Kind) -> None:
    question_id = server.open_question()
    client = coming.new(kind, server)
    enter_rooms(client, question_id, new_id())
    client.close()
    sender = coming.new(Websocket, server)
    say(sender, question_id, [str(number) for number in range(600)])
    again = coming.back(client, server)
    settle(again)
    say(sender, question_id, ["现在"])
    assert heard(again) == [*(str(number) for number in range(500)), "现在"]


def test_a_reminder_that_another_device_has_had_comes_all_the_same(server: Server, coming: Coming) -> None:
    user_id = new_id()
    phone, desk = coming.new(Websocket, server), coming.new(Websocket, server)
    for device in phone, desk:
        assert device.call("bind_user", {"user_id": user_id})["success"]
    phone.close()
    remind(server, user_id, ["吃药"])
    wait_until(lambda: heard(desk), "the notification")
    wait_until(
        lambda: rows(server, f"SELECT 1 FROM user_notification WHERE user_id = {user_id} AND pushed_at"), "its mark"
    )
    assert heard(coming.back(phone, server)) == ["吃药"]


def test_who_follows_is_told_what_changes(server: Server, coming: Coming) -> None:
    user_id = new_id()
    client = coming.new(Websocket, server)
    assert client.call("bind_user", {"user_id": user_id})["success"]
    remind(server, user_id, ["吃药"])
    wait_until(lambda: heard(client), "the notification")
    (one,) = client.named("notification:new")
    assert client.call("notification:read", {"id": one["id"]})["success"]
    again = coming.back(client, server)
    assert server.http("POST", f"/api/notifications/{one['id']}/confirm").status == 200
    settle(again)
    assert [told["id"] for told in again.named("notification:updated")] == [one["id"]]


def test_nor_does_it_forget_that_where_the_newer_connection_takes_it(server: Server, coming: Coming) -> None:
    user_id = new_id()
    client = coming.new(Websocket, server)
    assert client.call("bind_user", {"user_id": user_id})["success"]
    remind(server, user_id, ["吃药"])
    wait_until(lambda: heard(client), "the notification")
    (one,) = client.named("notification:new")
    assert client.call("notification:read", {"id": one["id"]})["success"]
    newer = Websocket(server)
    coming.connections.append(newer)
    assert newer.enter(pid=client.pid)
    assert server.http("POST", f"/api/notifications/{one['id']}/confirm").status == 200
    settle(newer)
    assert [told["id"] for told in newer.named("notification:updated")] == [one["id"]]


def test_who_asked_for_changes_of_the_question_is_told_them(server: Server, coming: Coming) -> None:
    question_id = server.open_question()
    client = coming.new(Websocket, server)
    assert client.call("join_question", {"question_id": question_id, "updates": True}) == {"question_id": question_id}
    again = coming.back(client, server)
    settle(again)
    server.set_status(question_id, "CLOSED")
    settle(again)
    assert again.named("question:updated")[0]["status"] == "CLOSED"


def test_with_nothing_to_come_back_to_a_client_begins_anew(server: Server, coming: Coming) -> None:
    client = coming.new(Websocket, server)
    _, is_known = coming.perhaps(client, server)
    assert not is_known


def test_off_there_is_no_pid(start_server: StartServer, coming: Coming) -> None:
    server = start_server("--recovery-seconds", "0")
    client = Websocket(server)
    coming.connections.append(client)
    client.send('40{"pid":"xxxxxxxxxxxxxxxxxxxxxxxx"}')
    assert '"pid"' not in client.receive()
    enter_rooms(client, server.open_question(), new_id())
    assert not rows(server, "SELECT * FROM session")


@pytest.mark.parametrize(("seconds", "is_good"), [(580, True), (610, False)])
def test_it_ends_with_the_time(start_server: StartServer, coming: Coming, seconds: int, is_good: bool) -> None:
    server = start_server("--recovery-seconds", "600")
    client = coming.new(Websocket, server)
    enter_rooms(client, server.open_question(), new_id())
    server.kill()
    with closing(sqlite3.connect(server.database, isolation_level=None)) as connection:
        connection.execute("UPDATE session SET ended_at = ?", (time.time_ns() // 1_000_000 - seconds * 1000,))
    server.start()
    assert coming.perhaps(client, server)[1] is is_good


def test_joins_go_on_while_the_file_cannot_be_written(server: Server, coming: Coming) -> None:
    question_id = server.open_question()
    client = coming.new(Websocket, server)
    with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        enter_rooms(client, question_id, new_id())
        other.execute("ROLLBACK")
    wait_until(lambda: rows(server, "SELECT 1 FROM session_room"), "the session")
    say(coming.new(Websocket, server), question_id, ["听到"])
    assert heard(coming.back(client, server)) == ["听到"]


def test_who_is_gone_before_its_bind_is_written_is_in_no_room(server: Server, coming: Coming) -> None:
    user_id = new_id()
    client = coming.new(Websocket, server)
    with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        client.send(f'42["bind_user",{{"user_id":{user_id}}}]')
        client.close()
        alone = 'careline_connections{transport="websocket"} 0.0'
        wait_until(lambda: alone in server.http("GET", "/metrics").body, "its end")
        other.execute("ROLLBACK")
    remind(server, user_id, ["吃药"])
    wait_until(lambda: server.notifications(user_id), "the notification")
    later = coming.new(Websocket, server)
    assert later.call("bind_user", {"user_id": user_id})["success"]
    assert heard(later) == ["吃药"]


def test_who_leaves_before_it_could_be_written_is_not_in_the_way(start_server: StartServer, coming: Coming) -> None:
    """There is nothing to delete, so that a flood of them leaves nothing in memory while the file cannot be written."""
    server = start_server()
    question_id = server.open_question()
    stays, leaves = coming.new(Websocket, server), coming.new(Websocket, server)

    def refusals() -> int:
        return server.stderr().count("the sessions of clients could not be written")

    with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for client in stays, leaves:
            enter_rooms(client, question_id, new_id())
        wait_until(refusals, "a write that is refused", 3 * LIMIT)
        leaves.send("41")
        wait_until(lambda: refusals() > 1, "the next one", 3 * LIMIT)
        other.execute("ROLLBACK")
    wait_until(lambda: rows(server, "SELECT 1 FROM session"), "the session of the one that stays", 3 * LIMIT)
    assert "could not be deleted" not in server.stderr()
    assert len(rows(server, "SELECT 1 FROM session")) == 1


@pytest.mark.direct
def test_of_too_many_those_go_that_ended_first(
    start_server: StartServer, coming: Coming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.server.COMMAND", patched("few_sessions"))
    server = start_server()
    came = []
    for _ in range(130):
        client = coming.new(Websocket, server)
        assert client.call("bind_user", {"user_id": new_id()})["success"]
        client.close()
        came.append(client)
    wait_until(lambda: rows(server, "SELECT count(*) FROM session") == [(60,)], "the end of the others")
    assert coming.perhaps(came[-1], server)[1]
    assert not coming.perhaps(came[0], server)[1]


class TestTokens:
    """With tokens the one who shows the pid must be the one that it was given to."""

    @pytest.fixture
    def guarded(self, start_server: StartServer, tmp_path: Path) -> Server:
        server = start_server("--auth-secret-file", str(key_file(tmp_path)))
        server.bearer = token(1, "SERVICE")
        return server

    @KINDS
    def test_the_same_user_with_a_new_token_is_back(self, guarded: Server, coming: Coming, kind: Kind) -> None:
        question_id = guarded.open_question(elder_id=12)
        client = coming.new(kind, guarded, token(12, "ELDER"))
        enter_rooms(client, question_id, 12)
        client.close()
        staff = coming.new(Websocket, guarded, token(11, "STAFF"))
        say(staff, question_id, ["您好"], sender_id=11)
        assert heard(coming.back(client, guarded, token(12, "ELDER"))) == ["您好"]

    @pytest.mark.parametrize(("user_id", "user_type"), [(13, "ELDER"), (12, "STAFF"), (12, "FAMILY"), (1, "SERVICE")])
    def test_another_gets_nothing_of_it_and_ends_nothing(
        self, guarded: Server, coming: Coming, user_id: int, user_type: str
    ) -> None:
        question_id = guarded.open_question(elder_id=12)
        client = coming.new(Websocket, guarded, token(12, "ELDER"))
        enter_rooms(client, question_id, 12)
        thief = Websocket(guarded)
        coming.connections.append(thief)
        assert not thief.enter(token(user_id, user_type), client.pid)
        staff = coming.new(Websocket, guarded, token(11, "STAFF"))
        say(staff, question_id, ["您好"], sender_id=11)
        settle(client)
        assert client.named("new_message")
        client.close()
        say(staff, question_id, ["还在"], sender_id=11)
        later = Websocket(guarded)
        coming.connections.append(later)
        assert not later.enter(token(user_id, user_type), client.pid)
        assert later.events == thief.events == []
        assert heard(coming.back(client, guarded, token(12, "ELDER")))[-1] == "还在"

    def test_a_bad_token_is_refused_as_ever(self, guarded: Server, coming: Coming) -> None:
        client = coming.new(Websocket, guarded, token(12, "ELDER"))
        other = Websocket(guarded)
        coming.connections.append(other)
        other.send(f'40{{"pid":"{client.pid}"}}')
        assert other.receive().startswith("44")

    def test_what_the_new_token_does_not_allow_is_dropped(self, guarded: Server, coming: Coming) -> None:
        first, second = guarded.open_question(elder_id=12), guarded.open_question(elder_id=12)
        family = token(13, "FAMILY", questions=[first, second])
        client = coming.new(Websocket, guarded, family)
        for question_id in first, second:
            assert client.call("join_question", {"question_id": question_id}) == {"question_id": question_id}
        client.close()
        staff = coming.new(Websocket, guarded, token(11, "STAFF"))
        say(staff, first, ["一"], sender_id=11)
        say(staff, second, ["二"], sender_id=11)
        again = coming.back(client, guarded, token(13, "FAMILY", questions=[second]))
        assert heard(again) == ["二"]
        wait_until(lambda: len(rows(guarded, "SELECT 1 FROM session_room")) == 1, "the end of the other")

    def test_the_audit_has_it(self, guarded: Server, coming: Coming) -> None:
        question_id = guarded.open_question(elder_id=12)
        client = coming.new(Websocket, guarded, token(12, "ELDER"))
        enter_rooms(client, question_id, 12)
        coming.back(client, guarded, token(12, "ELDER"))
        wait_until(lambda: rows(guarded, "SELECT 1 FROM audit WHERE action = 'recover' AND user_id = 12"), "the row")
