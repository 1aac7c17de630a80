"""Websocket frames as they come and as they must not come, and what each client is told when it is ended."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Final

import pytest

from tests.clients import message
from tests.server import Server, wait_until
from tests.wire.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    LEAVE,
    LEFT,
    PING,
    PONG,
    TEXT,
    Ended,
    Raw,
    event,
    frame,
    head,
    metric,
    raw,
    text,
)

LARGEST: Final = 1_000_000
WEBSOCKETS: Final = 'careline_connections{transport="websocket"}'


@pytest.fixture
def entered(server: Server) -> Iterator[Raw]:
    """A connection that has entered the namespace."""
    with raw(server) as connection:
        connection.enter()
        yield connection


def in_fragments(packet: bytes, cuts: list[int], between: bytes = b"") -> bytes:
    """A packet in frames that are cut at these places, with other frames between them."""
    bounds = [0, *cuts, len(packet)]
    pieces = [packet[start:end] for start, end in pairwise(bounds)]
    frames = [
        frame(CONTINUATION if number else TEXT, piece, fin=number == len(pieces) - 1)
        for number, piece in enumerate(pieces)
    ]
    return between.join(frames)


def send_message(question_id: int, content: str) -> bytes:
    return event("send_message", message(question_id, content), ack_id="1")


class TestFragments:
    def test_cut_anywhere(self, entered: Raw) -> None:
        for cut in range(len(LEAVE) + 1):
            entered.send(in_fragments(LEAVE, [cut]))
            assert entered.packet() == LEFT

    def test_byte_for_byte_with_empty_ones(self, entered: Raw) -> None:
        entered.send(in_fragments(LEAVE, sorted([*range(len(LEAVE)), *range(0, len(LEAVE), 3)])))
        assert entered.packet() == LEFT

    def test_a_character_cut_in_two(self, entered: Raw, server: Server) -> None:
        question_id = server.open_question()
        content = "头晕😀"
        payload = f'{{"question_id":{question_id},"sender_type":"ELDER","sender_id":1,"content_type":"TEXT",'
        packet = f'421["send_message",{payload}"content_text":"{content}"}}]'.encode()
        entered.send(in_fragments(packet, list(range(1, len(packet)))))
        assert entered.packet().startswith(b'42["send_message:ack",{"success":true')
        assert [one["content_text"] for one in server.messages(question_id)] == [content]

    def test_a_ping_between_them_is_answered_at_once(self, entered: Raw) -> None:
        whole = in_fragments(LEAVE, [9], between=frame(PING, b"are you there"))
        first = len(frame(TEXT, LEAVE[:9])) + len(frame(PING, b"are you there"))
        entered.send(whole[:first])
        assert entered.read() == (PONG, b"are you there")
        entered.send(whole[first:])
        assert entered.packet() == LEFT

    def test_pings_and_pongs_between_all_of_them(self, entered: Raw) -> None:
        cuts = [5, 10, 15, 20, 25]
        entered.send(in_fragments(LEAVE, cuts, between=frame(PING, b"x") + frame(PONG, b"y")))
        assert sorted(entered.read() for _ in range(6)) == sorted([(TEXT, LEFT), *[(PONG, b"x")] * 5])

    def test_the_largest_packet(self, entered: Raw) -> None:
        tail = b'"}]'
        packet = b'42["leave_question",{"question_id":5,"unknown":"'
        packet += b"x" * (LARGEST - len(packet) - len(tail)) + tail
        entered.send(in_fragments(packet, [1, 400_000, 999_999]))
        assert entered.packet() == LEFT

    def test_after_a_whole_one_the_count_begins_anew(self, entered: Raw) -> None:
        packet = b'42["leave_question",{"question_id":5,"unknown":"' + b"x" * 600_000 + b'"}]'
        for _ in range(3):
            entered.send(in_fragments(packet, [300_000]))
            assert entered.packet() == LEFT


# Each with the code that the close frame gives.
BROKEN: Final = {
    "bad UTF-8 in an event": (text(b'42["leave_question",{"question_id":5,"x":"\xff"}]'), 1007),
    "bad UTF-8 in a CONNECT": (text(b'40{"x":"\xff"}'), 1007),
    "half a character": (text(b'42["leave_question",{"question_id":5,"x":"\xe5\xa4"}]'), 1007),
    "a surrogate in UTF-8": (text(b'42["leave_question",{"question_id":5,"x":"\xed\xa0\x80"}]'), 1007),
    "bad UTF-8 over fragments": (in_fragments(b'42["leave_question",{"x":"\xe5\xff"}]', [26]), 1007),
    "no mask": (frame(TEXT, LEAVE, masked=False), 1002),
    "no mask on a ping": (frame(PING, b"x", masked=False), 1002),
    "binary": (frame(BINARY, LEAVE), 1002),
    "binary in fragments": (frame(BINARY, LEAVE[:9], fin=False) + frame(CONTINUATION, LEAVE[9:]), 1002),
    "a broken packet, then a broken frame": (text(b"x") + frame(3, b"x"), 1002),
    "no packet": (text(b"x"), 1002),
    "an empty packet": (text(b""), 1002),
    "a frame too large": (head(TEXT, LARGEST + 1), 1009),
    "a frame beyond all bounds": (head(TEXT, 2**62), 1009),
    "fragments too large": (frame(TEXT, b"4" * LARGEST, fin=False) + head(CONTINUATION, 1), 1009),
    "fragments too large with a ping between": (
        frame(TEXT, b"4" * 500_000, fin=False) + frame(PING) + head(CONTINUATION, 500_001, fin=False),
        1009,
    ),
    "a continuation of nothing": (frame(CONTINUATION, LEAVE), 1002),
    "text within fragments": (frame(TEXT, LEAVE[:9], fin=False) + frame(TEXT, LEAVE), 1002),
    "a ping in fragments": (frame(PING, b"x", fin=False), 1002),
    "a long ping": (frame(PING, b"x" * 126), 1002),
    "a reserved opcode": (frame(3, b"x"), 1002),
    "reserved bits": (b"\xc1\x80\x00\x00\x00\x00", 1002),
    "a close code of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close code that nobody may send": (frame(CLOSE, struct.pack("!H", 1005)), 1002),
    "bad UTF-8 in a close reason": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
}


@pytest.mark.parametrize(("sent", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_told_and_ended(server: Server, entered: Raw, sent: bytes, code: int) -> None:
    """What came whole before it is answered, what comes after it is not, and nobody else notices."""
    before = len(server.stderr().splitlines())
    with raw(server) as other:
        other.enter()
        entered.send(text(LEAVE))
        assert entered.packet() == LEFT
        entered.send(sent if sent.startswith(head(TEXT, 2**62)) or code == 1009 else sent + text(LEAVE))
        read = entered.read()
        while read[0] == PONG:
            read = entered.read()
        opcode, payload = read
        assert opcode == CLOSE, (opcode, payload)
        assert payload[:2] == struct.pack("!H", code), payload
        entered.ended()
        other.alive()
    assert len(server.stderr().splitlines()) == before + 1, "one line says it"


def test_events_before_the_broken_frame_are_done(server: Server, entered: Raw) -> None:
    question_id = server.open_question()
    entered.send(text(send_message(question_id, "先")) + frame(3, b"x") + text(send_message(question_id, "后")))
    assert entered.close_code() == 1002
    wait_until(lambda: server.messages(question_id), "the message")
    assert [one["content_text"] for one in server.messages(question_id)] == ["先"]


class TestControlFrames:
    @pytest.mark.parametrize("payload", [b"", b"x", bytes(range(125)), b"\xff" * 125])
    def test_a_ping_is_answered_with_its_payload(self, entered: Raw, payload: bytes) -> None:
        entered.send(frame(PING, payload))
        assert entered.read() == (PONG, payload)
        entered.alive()

    def test_pings_are_answered_in_order(self, entered: Raw) -> None:
        entered.send(b"".join(frame(PING, bytes([number])) for number in range(100)))
        assert [entered.read() for _ in range(100)] == [(PONG, bytes([number])) for number in range(100)]

    def test_a_pong_that_nobody_asked_for_means_nothing(self, entered: Raw) -> None:
        entered.send(frame(PONG, b"x") * 10)
        entered.alive()

    @pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe8bye", b"\x0f\xa0" + "再见".encode()])
    def test_a_close_is_echoed(self, server: Server, entered: Raw, payload: bytes) -> None:
        before = server.stderr()
        entered.send(frame(CLOSE, payload) + text(LEAVE))
        assert entered.read() == (CLOSE, payload)
        entered.ended()
        wait_until(lambda: metric(server, WEBSOCKETS) == 0, "the end of the connection")
        assert server.stderr() == before, "a goodbye is no fault"

    def test_the_answers_under_way_come_before_the_close(self, entered: Raw) -> None:
        entered.send(text(*[LEAVE] * 20) + frame(CLOSE, b"\x03\xe8"))
        assert [entered.read() for _ in range(21)] == [*[(TEXT, LEFT)] * 20, (CLOSE, b"\x03\xe8")]
        entered.ended()

    def test_the_engines_close_packet(self, entered: Raw) -> None:
        entered.send(text(b"1"))
        assert entered.read() == (CLOSE, struct.pack("!H", 1001))
        entered.send(frame(CLOSE, struct.pack("!H", 1001)))
        entered.ended()


class TestSegments:
    """TCP knows no frames: they come in pieces, and many at a time."""

    def test_byte_by_byte(self, entered: Raw) -> None:
        entered.send_bytes_one_by_one(text(LEAVE) + frame(PING, b"x") + text(LEAVE))
        assert sorted(entered.read() for _ in range(3)) == [(TEXT, LEFT), (TEXT, LEFT), (PONG, b"x")]

    def test_many_packets_in_one(self, entered: Raw) -> None:
        sent = [b'42%d["leave_question",{"question_id":%d}]' % (number, number) for number in range(1, 301)]
        entered.send(text(*sent))
        for number in range(1, 301):
            assert entered.packet() == b'42["left_question",{"question_id":%d}]' % number
            assert entered.packet() == b'43%d[{"question_id":%d}]' % (number, number)

    def test_cut_at_random_places(self, entered: Raw) -> None:
        order = random.Random(1)
        whole = text(*[LEAVE] * 30) + in_fragments(LEAVE, [7, 20], between=frame(PING))
        for _ in range(20):
            cuts = sorted(order.randrange(len(whole)) for _ in range(6))
            for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
                entered.send(whole[start:end])
            frames = [entered.read() for _ in range(33)]
            assert frames.count((TEXT, LEFT)) == 31
            assert frames.count((PONG, b"")) == 2


class TestAcknowledgementIds:
    @pytest.mark.parametrize("ack_id", ["0", "1", "007", "9" * 19, str(2**62)])
    def test_come_back_as_they_were_sent(self, entered: Raw, ack_id: str) -> None:
        entered.send(text(event("leave_question", {"question_id": 5}, ack_id)))
        assert entered.packet() == LEFT
        assert entered.packet() == b'43%s[{"question_id":5}]' % ack_id.encode()

    def test_a_fault_comes_back_too(self, entered: Raw) -> None:
        entered.send(text(event("leave_question", {"question_id": 0}, "12")))
        packets = [entered.packet() for _ in range(2)]
        assert packets[0].startswith(b'42["error",{"code":"INVALID_PAYLOAD"')
        assert packets[1] == b"4312[" + packets[0][len(b'42["error",') :]

    @pytest.mark.parametrize("ack_id", ["9" * 20, "1" * 1000, "-1", "1.5", "1e3"])
    def test_others_end_the_connection(self, entered: Raw, ack_id: str) -> None:
        entered.send(text(event("leave_question", {"question_id": 5}, ack_id)))
        assert entered.close_code() == 1002


class TestGoingAway:
    def test_half_closed(self, server: Server, entered: Raw) -> None:
        """A client that sends no more is gone, but what it sent is done."""
        question_id = server.open_question()
        entered.join(question_id)
        entered.send(text(send_message(question_id, "最后")))
        entered.socket.shutdown(1)
        entered.rest()
        wait_until(lambda: [one["content_text"] for one in server.messages(question_id)] == ["最后"], "the message")
        wait_until(lambda: metric(server, WEBSOCKETS) == 0, "the end of the connection")

    @pytest.mark.parametrize("packets", [[b"41"], [b"1"], [b"41", b"1"]])
    def test_after_its_goodbye_it_hears_nothing(self, server: Server, entered: Raw, packets: list[bytes]) -> None:
        question_id = server.open_question()
        entered.join(question_id)
        entered.send(text(*packets))
        with raw(server) as other:
            other.enter()
            other.send(text(send_message(question_id, "您好")))
            assert other.packet().startswith(b'42["send_message:ack",{"success":true')
        entered.send(frame(CLOSE))
        while (read := entered.read())[0] != CLOSE:
            assert read[0] == TEXT
            assert not read[1].startswith(b'42["new_message"')

    @pytest.mark.parametrize("name", ["bind_user", "join_question", "send_message"])
    def test_who_comes_back_in_the_middle_of_something_is_ended(self, server: Server, entered: Raw, name: str) -> None:
        """Or it would get the answer, and the room, of who was there before."""
        question_id = server.open_question()
        asked = {
            "bind_user": event("bind_user", {"user_id": 9, "after_id": 0}),
            "join_question": event(
                "join_question", {"question_id": question_id, "user_id": 9, "user_type": "ELDER", "after_id": 0}
            ),
            "send_message": send_message(question_id, "最后"),
        }
        entered.send(text(asked[name], b"41", b"40"))
        assert entered.close_code() == 1002
        sent = ["最后"] if name == "send_message" else []
        wait_until(lambda: [one["content_text"] for one in server.messages(question_id)] == sent, "the message")

    def test_who_comes_back_after_its_answers_begins_anew(self, server: Server, entered: Raw) -> None:
        question_id = server.open_question()
        entered.join(question_id)
        entered.send(text(LEAVE, b"41", b"40"))
        assert entered.packet() == LEFT
        entered.entered()
        with raw(server) as other:
            other.enter()
            other.send(text(send_message(question_id, "您好")))
            assert other.packet().startswith(b'42["send_message:ack",{"success":true')
        entered.alive()

    def test_a_reset_in_the_middle_of_a_frame(self, server: Server, entered: Raw) -> None:
        before = server.stderr()
        entered.send(text(LEAVE)[:20])
        entered.reset()
        wait_until(lambda: metric(server, WEBSOCKETS) == 0, "the end of the connection")
        assert server.stderr() == before


@pytest.mark.parametrize("chop", [1, 3, 1000], ids=["byte by byte", "in threes", "at once"])
def test_a_pong_comes_before_what_follows_its_ping(entered: Raw, chop: int) -> None:
    """Autobahn's cases 5.6, 5.7, 5.19 and 5.20: pings between the fragments of a message."""
    sent = (
        frame(TEXT, LEAVE[:5], fin=False)
        + frame(PING, b"one")
        + frame(CONTINUATION, LEAVE[5:9], fin=False)
        + frame(CONTINUATION, LEAVE[9:20], fin=False)
        + frame(PING, b"two")
        + frame(CONTINUATION, LEAVE[20:])
        + frame(PING, b"three")
    )
    for start in range(0, len(sent), chop):
        entered.send(sent[start : start + chop])
    assert [entered.read() for _ in range(4)] == [(PONG, b"one"), (PONG, b"two"), (TEXT, LEFT), (PONG, b"three")]


@pytest.mark.parametrize("chop", [1, 1000], ids=["byte by byte", "at once"])
def test_a_close_within_a_message_is_a_close(server: Server, entered: Raw, chop: int) -> None:
    """Autobahn's case 7.1.5: the message never ends, and its sender is no offender."""
    before = server.stderr()
    code = struct.pack("!H", 1000)
    sent = frame(TEXT, LEAVE[:5], fin=False) + frame(CLOSE, code) + frame(CONTINUATION, LEAVE[5:])
    for start in range(0, len(sent), chop):
        with suppress(Ended):
            entered.send(sent[start : start + chop])
    assert entered.rest() == [(CLOSE, code)]
    assert server.stderr() == before
