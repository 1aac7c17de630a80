"""A packet that is broken, binary or too large ends its own connection with one log line, and no other connection."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import pytest

from tests.json_text import encode
from tests.packets import SEPARATOR, Closed, Connection, Kind, Polling, Websocket
from tests.server import Server, wait_until

LARGEST: Final = 1_000_000
BROKEN: Final = [
    *("", "x", "9", "8abc", "4", "47", "48[]", "4abc", "42", "42x", '42"join_question"', '42{"a":1}', "42[", "42[]"),
    *('42["join_question"', '42["join_question",]', '42["join_question",NaN]', "42['a']", '42["a"]]', "\x00", "事件"),
    *('42/,["a"', '421x["a"]', '42["a",{"b":}]'),
]
BINARY: Final = ['451-["send_message",{"_placeholder":true,"num":0}]', '461-1[{"_placeholder":true,"num":0}]', "bAAEC"]


@pytest.fixture(scope="module")
def server_arguments() -> Sequence[str]:
    """Only warnings and worse are logged, so that what a broken packet logs is all there is."""
    return ("--log-level", "warning")


def check_ended(server: Server, connection: Connection, *packets: str | bytes) -> None:
    """Send packets that end the connection, with one log line, while another connection lives on."""
    before = len(server.stderr().splitlines())
    other = Websocket(server)
    other.enter()
    with suppress(Closed):
        connection.send(*packets)
    with pytest.raises(Closed):
        connection.read_to_the_end()
    connection.close()
    assert other.call("leave_question", {"question_id": 5}) == {"question_id": 5}
    other.close()
    wait_until(lambda: len(server.stderr().splitlines()) > before, "the log line")
    server.http("GET", "/health")
    new = server.stderr().splitlines()[before:]
    assert len(new) == 1, new


@pytest.mark.parametrize("packet", [*BROKEN, *BINARY[:2], b"\x00\x01", b"", b'42["leave_question",{"question_id":5}]'])
def test_over_websocket(server: Server, packet: str | bytes) -> None:
    connection = Websocket(server)
    connection.enter()
    check_ended(server, connection, packet)


@pytest.mark.parametrize("packet", [*BROKEN, *BINARY, b"\xff\xfe"])
def test_over_polling(server: Server, packet: str | bytes) -> None:
    connection = Polling(server)
    connection.enter()
    check_ended(server, connection, packet)


def test_text_that_is_not_utf_8(server: Server) -> None:
    connection = Websocket(server)
    connection.enter()
    before = len(server.stderr().splitlines())
    connection.send_text_frame(b'42["leave_question",{"question_id":5,"x":"\xff"}]')
    with pytest.raises(Closed):
        connection.read_to_the_end()
    connection.close()
    wait_until(lambda: len(server.stderr().splitlines()) == before + 1, "the log line")


def test_events_before_the_broken_packet_are_answered(server: Server) -> None:
    """What came whole is handled, also when the next packet ends the connection."""
    question_id = server.open_question()
    connection = Websocket(server)
    connection.enter()
    event = encode(
        [
            "send_message",
            {
                "question_id": question_id,
                "sender_type": "ELDER",
                "sender_id": 1,
                "content_type": "TEXT",
                "content_text": "之前",
            },
        ]
    ).decode()
    check_ended(server, connection, f"421{event}", "42[")
    wait_until(lambda: len(server.messages(question_id)) == 1, "the message")


def leave(size: int, filler: str = "x") -> str:
    """Give a `leave_question` packet of that many bytes, with acknowledgement id 1."""
    head, tail = '421["leave_question",{"question_id":5,"unknown":"', '"}]'
    room = size - len(head) - len(tail)
    width = len(filler.encode())
    return head + filler * (room // width) + "x" * (room % width) + tail


@pytest.mark.parametrize("filler", ["x", "文", "😀"])
@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_the_largest_packet(server: Server, kind: Kind, filler: str) -> None:
    connection = kind(server)
    connection.enter()
    packet = leave(LARGEST, filler)
    assert len(packet.encode()) == LARGEST
    connection.send(packet)
    assert connection.next_packet() == '431[{"question_id":5}]'
    connection.close()


@pytest.mark.parametrize("filler", ["x", "文"])
@pytest.mark.parametrize("size", [LARGEST + 2, 3 * LARGEST])
@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_a_larger_packet(server: Server, kind: Kind, size: int, filler: str) -> None:
    connection = kind(server)
    connection.enter()
    check_ended(server, connection, leave(size, filler))


def test_a_larger_packet_in_fragments(server: Server) -> None:
    connection = Websocket(server)
    connection.enter()
    packet = leave(3 * LARGEST)
    before = len(server.stderr().splitlines())
    with suppress(Closed):
        connection.send_fragments(packet[start : start + 10_000] for start in range(0, len(packet), 10_000))
    with pytest.raises(Closed):
        connection.read_to_the_end()
    connection.close()
    wait_until(lambda: len(server.stderr().splitlines()) == before + 1, "the log line")


def test_a_packet_in_fragments(server: Server) -> None:
    connection = Websocket(server)
    connection.enter()
    packet = leave(LARGEST, "文")
    connection.send_fragments(packet[start : start + 997] for start in range(0, len(packet), 997))
    assert connection.next_packet() == '431[{"question_id":5}]'
    connection.close()


def test_the_rest_of_a_polling_body_after_a_broken_packet(server: Server) -> None:
    question_id = server.open_question()
    connection = Polling(server)
    connection.enter()
    check_ended(server, connection, f"42[{SEPARATOR}42[")
    assert server.messages(question_id) == []
