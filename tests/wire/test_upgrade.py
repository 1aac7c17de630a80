"""The upgrade from long-polling: the client probes the way, and moves over in one step. Nothing is lost, twice, or
turned round, and a probe that comes to nothing leaves the session as it was."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.clients import message
from tests.json_text import decode
from tests.packets import SEPARATOR, Closed, Polling
from tests.server import LIMIT, Server, wait_until
from tests.store.file import write_locked
from tests.wire.raw import (
    CLOSE,
    LEAVE,
    LEFT,
    PING,
    PONG,
    TEXT,
    Ended,
    Raw,
    event,
    frame,
    metric,
    raw,
    request,
    text,
)

POLLING = 'careline_connections{transport="polling"}'
UNANSWERED = "careline_events_unanswered"
WEBSOCKETS = 'careline_connections{transport="websocket"}'


class Poller:
    """Polls one session, one poll after the other, as a client does; counts them and keeps what they bring."""

    def __init__(self, session: Polling) -> None:
        self.polls = 0
        self.packets: list[str] = []
        self._session = session
        self._pausing = threading.Event()
        self._thread = threading.Thread(target=self._poll)
        self._thread.start()

    def _poll(self) -> None:
        with suppress(Closed):
            while not self._pausing.is_set():
                answer = self._session._ask("GET")
                self.polls += 1
                self.packets += answer.split(SEPARATOR)

    def pause_soon(self) -> None:
        """The poll that waits is the last."""
        self._pausing.set()

    def pause(self) -> None:
        """Polls no more; one that waits is waited for."""
        self._pausing.set()
        self._thread.join(LIMIT)
        assert not self._thread.is_alive(), "the poll that waited was not answered"

    def messages(self) -> list[Any]:
        return [content(packet.encode()) for packet in self.packets if packet.startswith('42["new_message"')]


def content(packet: bytes) -> Any:
    """The text of a `new_message`."""
    name, payload = decode(packet[2:].decode())
    assert name == "new_message", packet
    return payload["content_text"]


@pytest.fixture
def session(server: Server) -> Iterator[Polling]:
    """A long-polling session that has entered the namespace."""
    polling = Polling(server)
    polling.enter()
    yield polling
    polling.close()


@pytest.fixture
def question_id(server: Server, session: Polling) -> int:
    """A question that the session has joined."""
    question_id = server.open_question()
    session.call("join_question", {"question_id": question_id, "user_id": 9, "user_type": "ELDER"})
    return question_id


@pytest.fixture
def sender(server: Server) -> Iterator[Raw]:
    with raw(server) as connection:
        connection.enter()
        yield connection


def say(sender: Raw, question_id: int, content: str) -> None:
    """Sends a message, which is stored and broadcast when this returns."""
    sender.send(text(event("send_message", message(question_id, content))))
    assert sender.packet().startswith(b'42["send_message:ack",{"success":true')


def post(server: Server, session: Polling, *packets: bytes) -> None:
    """Sends packets while a poll may wait."""
    path = f"/socket.io/?EIO=4&transport=polling&sid={session.sid}"
    answer = server.http(
        "POST", path, body=SEPARATOR.encode().join(packets), headers={"Content-Type": "text/plain;charset=UTF-8"}
    )
    assert (answer.status, answer.body) == (200, "ok")


def probed(websocket: Raw, session: Polling) -> None:
    """The websocket is open, and the way is free."""
    websocket.send(request(websocket.port, f"EIO=4&transport=websocket&sid={session.sid}"))
    assert websocket.answer()[0] == 101
    websocket.send(text(b"2probe"))
    assert websocket.packet() == b"3probe"


def test_a_session_moves_over(server: Server, session: Polling) -> None:
    before = metric(server, WEBSOCKETS), metric(server, POLLING)
    poller = Poller(session)
    poller.pause_soon()
    with raw(server) as websocket:
        probed(websocket, session)
        poller.pause()
        assert poller.packets == ["6"], "the poll that waited is answered, so that the client can go"
        websocket.send(text(b"5", LEAVE))
        assert websocket.packet() == LEFT
        assert (metric(server, WEBSOCKETS), metric(server, POLLING)) == (before[0] + 1, before[1] - 1)
        with pytest.raises(Closed, match="400"):
            session.send("2")
        websocket.alive()


@pytest.mark.parametrize("goodbye", ["reset", "close", "close frame", "engine close", "half-close"])
def test_a_probe_that_is_dropped_changes_nothing(
    server: Server, session: Polling, question_id: int, sender: Raw, goodbye: str
) -> None:
    """Polls go on waiting for something to come: none is answered with nothing, again and again."""
    before = metric(server, WEBSOCKETS)
    with raw(server) as websocket:
        probed(websocket, session)
        if goodbye == "reset":
            websocket.reset()
        elif goodbye == "close":
            websocket.close()
        elif goodbye == "half-close":
            websocket.socket.shutdown(1)
        else:
            websocket.send(frame(CLOSE) if goodbye == "close frame" else text(b"1"))
        wait_until(lambda: metric(server, WEBSOCKETS) == before, "the end of the websocket")
        poller = Poller(session)
        for number in range(20):
            say(sender, question_id, str(number))
        wait_until(lambda: len(poller.messages()) == 20, "the messages")
        post(server, session, LEAVE)
        wait_until(lambda: LEFT.decode() in poller.packets, "the answer")
        post(server, session, b"1")
        poller.pause()
    assert poller.messages() == [str(number) for number in range(20)]
    assert poller.packets.count("6") <= 2, "the poll that the probe released, and the one at the goodbye"
    assert poller.polls <= 25


def test_a_poll_that_begins_while_the_way_is_probed_is_answered(server: Server, session: Polling) -> None:
    """The answers to poll and probe come by two connections. Where the poll's is the faster one, the client polls again
    before it knows that it may go, and goes only when that poll is answered, too."""
    poller = Poller(session)
    with raw(server) as websocket:
        probed(websocket, session)
        try:
            wait_until(lambda: len(poller.packets) >= 2, "an answer to the second poll", limit=2)
        finally:
            websocket.send(text(b"5"))
            poller.pause()
        assert set(poller.packets) == {"6"}


def test_it_can_try_again_after_a_dropped_probe(server: Server, session: Polling) -> None:
    for _ in range(3):
        with raw(server) as websocket:
            probed(websocket, session)
    with raw(server) as websocket:
        probed(websocket, session)
        websocket.send(text(b"5", LEAVE))
        assert websocket.packet() == LEFT


@pytest.mark.parametrize("waits", [True, False], ids=["paused polling", "polling on"])
def test_what_is_broadcast_meanwhile_comes_once_and_in_order(
    server: Server, session: Polling, question_id: int, sender: Raw, waits: bool
) -> None:
    """Before the probe, while it is under way, and after it; also to a client that does not stop polling."""
    poller = Poller(session)
    with raw(server) as websocket:
        for number in range(0, 5):
            say(sender, question_id, str(number))
        wait_until(lambda: len(poller.messages()) == 5, "the first messages")
        if waits:
            poller.pause_soon()
        probed(websocket, session)
        if waits:
            poller.pause()
        for number in range(5, 10):
            say(sender, question_id, str(number))
        websocket.send(text(b"5"))
        for number in range(10, 15):
            say(sender, question_id, str(number))
        websocket.send(text(LEAVE))
        poller.pause()
        over_websocket = []
        while (packet := websocket.packet()) != LEFT:
            if packet == b"2":  # a burst is followed by a heartbeat where the machine is slow
                websocket.send(text(b"3"))
            else:
                over_websocket.append(content(packet))
    assert poller.messages() + over_websocket == [str(number) for number in range(15)]
    assert over_websocket[-5:] == [str(number) for number in range(10, 15)]


def test_nothing_but_the_probes_answer_comes_before_the_upgrade(
    server: Server, session: Polling, question_id: int, sender: Raw
) -> None:
    """A client takes anything else for a failed probe."""
    with raw(server) as websocket:
        probed(websocket, session)
        say(sender, question_id, "wait")
        websocket.send(frame(PING, b"x"))
        assert websocket.read() == (PONG, b"x")
        websocket.send(text(b"5"))
        assert content(websocket.packet()) == "wait"


def test_events_before_and_after_are_answered_in_order(server: Server, session: Polling) -> None:
    def leave(number: int) -> bytes:
        return b'42%d["leave_question",{"question_id":%d}]' % (number, number)

    session.send(*(leave(number) for number in range(1, 21)))
    with raw(server) as websocket:
        probed(websocket, session)
        websocket.send(text(b"5", *(leave(number) for number in range(21, 41))))
        packets = [websocket.packet() for _ in range(80)]
    assert [packet for packet in packets if packet.startswith(b"43")] == [
        b'43%d[{"question_id":%d}]' % (number, number) for number in range(1, 41)
    ]


def test_a_session_moves_once(server: Server, session: Polling) -> None:
    with raw(server) as first, raw(server) as second, raw(server) as third:
        probed(first, session)
        probed(second, session)
        first.send(text(b"5", LEAVE))
        assert first.packet() == LEFT
        second.send(text(b"5", LEAVE))
        with pytest.raises(Ended):
            second.read()
        third.send(request(server.port, f"EIO=4&transport=websocket&sid={session.sid}"))
        assert third.answer()[0] == 400
        first.alive()


@pytest.mark.parametrize("packet", [b"40", LEAVE, b"3probe", b"2", b"2probes", b"6", b"", b"\xff"])
def test_what_is_no_probe(server: Server, session: Polling, packet: bytes) -> None:
    """It ends the websocket, and nothing but the websocket."""
    with raw(server) as websocket:
        websocket.send(request(server.port, f"EIO=4&transport=websocket&sid={session.sid}"))
        assert websocket.answer()[0] == 101
        websocket.send(text(packet))
        assert websocket.close_code() in (1002, 1007)
    assert session.call("leave_question", {"question_id": 5}) == {"question_id": 5}


def test_a_session_that_ends_takes_the_probe_along(server: Server, session: Polling) -> None:
    with raw(server) as websocket:
        probed(websocket, session)
        session.send("1")
        websocket.send(text(b"5", LEAVE))
        assert (TEXT, LEFT) not in websocket.rest()


@pytest.fixture
def busy(server: Server, session: Polling) -> Iterator[bytes]:
    """The session has asked for more than may be unanswered, in one POST; the file is locked, so nothing is answered
    while the test begins. Gives a packet that sends a message."""
    question_id = server.open_question()
    send = event("send_message", message(question_id, "x" * 500))
    body = SEPARATOR.encode().join([send] * 200)
    with raw(server) as poster, write_locked(server.database):
        poster.send(
            f"POST /socket.io/?EIO=4&transport=polling&sid={session.sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        wait_until(lambda: metric(server, UNANSWERED) >= 128, "what may be unanswered")
        yield send


def test_reading_stays_paused_over_the_upgrade(server: Server, session: Polling, busy: bytes) -> None:
    """What is not answered yet is bounded, also for a client that moves over while it has asked too much."""
    with raw(server) as websocket:
        moved = metric(server, WEBSOCKETS) + 1
        probed(websocket, session)
        websocket.send(text(b"5"))
        wait_until(lambda: metric(server, WEBSOCKETS) == moved, "the upgrade")
        websocket.send(text(*[busy] * 100) + frame(PING, b"read?"))
        readable, _, _ = select.select([websocket.socket], [], [], 0.3)
        assert not readable, ("more was read than may be unanswered", websocket.read())


def test_a_post_under_way_is_done_to_its_end(server: Server, session: Polling, busy: bytes) -> None:
    """Every event in it is answered, over the websocket by now, though the client did not wait for it."""
    assert busy
    with raw(server) as websocket:
        websocket.socket.settimeout(4)
        probed(websocket, session)
        websocket.send(text(b"5"))
        for _ in range(200):
            assert websocket.packet().startswith(b'42["send_message:ack"')
