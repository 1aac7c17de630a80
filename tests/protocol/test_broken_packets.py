"""A packet that is broken, binary or too large ends its own connection with one log line, and no other connection."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import pytest

from tests.clients import message
from tests.conftest import Enter
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


def check_ended(server: Server, enter: Enter, connection: Connection, *packets: str | bytes) -> None:
    """Send packets that end the connection, with one log line, while another connection lives on."""
    before = len(server.stderr().splitlines())
    other = enter(Websocket, server)
    with suppress(Closed):
        connection.send(*packets)
    with pytest.raises(Closed):
        connection.read_to_the_end()
    assert other.call("leave_question", {"question_id": 5}) == {"question_id": 5}
    wait_until(lambda: len(server.stderr().splitlines()) > before, "the log line")
    server.http("GET", "/health")
    new = server.stderr().splitlines()[before:]
    assert len(new) == 1, new


@pytest.mark.parametrize("packet", [*BROKEN, *BINARY[:2], b"\x00\x01", b"", b'42["leave_question",{"question_id":5}]'])
def test_over_websocket(server: Server, enter: Enter, packet: str | bytes) -> None:
    connection = enter(Websocket, server)
    check_ended(server, enter, connection, packet)


@pytest.mark.parametrize("packet", [*BROKEN[1:], *BINARY, b"\xff\xfe"])
def test_over_polling(server: Server, enter: Enter, packet: str | bytes) -> None:
    connection = enter(Polling, server)
    check_ended(server, enter, connection, packet)


def test_text_that_is_not_utf_8(server: Server, enter: Enter) -> None:
    connection = enter(Websocket, server)
    before = len(server.stderr().splitlines())
    assert isinstance(connection, Websocket)
    connection.send_text_frame(b'42["leave_question",{"question_id":5,"x":"\xff"}]')
    with pytest.raises(Closed):
        connection.read_to_the_end()
    wait_until(lambda: len(server.stderr().splitlines()) == before + 1, "the log line")


def test_events_before_the_broken_packet_are_answered(server: Server, enter: Enter) -> None:
    """What came whole is handled, also when the next packet ends the connection."""
    question_id = server.open_question()
    connection = enter(Websocket, server)
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
    check_ended(server, enter, connection, f"421{event}", "42[")
    wait_until(lambda: len(server.messages(question_id)) == 1, "the message")


def leave(size: int, filler: str = "x") -> str:
    """Give a `leave_question` packet of that many bytes, with acknowledgement id 1."""
    head, tail = '421["leave_question",{"question_id":5,"unknown":"', '"}]'
    room = size - len(head) - len(tail)
    width = len(filler.encode())
    return head + filler * (room // width) + "x" * (room % width) + tail


@pytest.mark.parametrize("filler", ["x", "文", "😀"])
@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_the_largest_packet(server: Server, enter: Enter, kind: Kind, filler: str) -> None:
    connection = enter(kind, server)
    packet = leave(LARGEST, filler)
    assert len(packet.encode()) == LARGEST
    connection.send(packet)
    assert connection.next_packet() == '431[{"question_id":5}]'


@pytest.mark.parametrize("filler", ["x", "文"])
@pytest.mark.parametrize("size", [LARGEST + 2, 3 * LARGEST])
@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_a_larger_packet(server: Server, enter: Enter, kind: Kind, size: int, filler: str) -> None:
    connection = enter(kind, server)
    check_ended(server, enter, connection, leave(size, filler))


def test_a_larger_packet_in_fragments(server: Server, enter: Enter) -> None:
    connection = enter(Websocket, server)
    packet = leave(3 * LARGEST)
    before = len(server.stderr().splitlines())
    assert isinstance(connection, Websocket)
    with suppress(Closed):
        connection.send_fragments(packet[start : start + 10_000] for start in range(0, len(packet), 10_000))
    with pytest.raises(Closed):
        connection.read_to_the_end()
    wait_until(lambda: len(server.stderr().splitlines()) == before + 1, "the log line")


def test_a_packet_in_fragments(server: Server, enter: Enter) -> None:
    connection = enter(Websocket, server)
    packet = leave(LARGEST, "文")
    assert isinstance(connection, Websocket)
    connection.send_fragments(packet[start : start + 997] for start in range(0, len(packet), 997))
    assert connection.next_packet() == '431[{"question_id":5}]'


def test_the_rest_of_a_polling_body_after_a_broken_packet(server: Server, enter: Enter) -> None:
    question_id = server.open_question()
    connection = enter(Polling, server)
    check_ended(server, enter, connection, f"42[{SEPARATOR}42[")
    assert server.messages(question_id) == []


@pytest.mark.parametrize("asked", [["bind_user", {"user_id": 9, "after_id": 0}], ["send_message", message(1)]])
def test_who_comes_back_over_polling_in_the_middle_of_something(server: Server, enter: Enter, asked: list[Any]) -> None:
    connection = enter(Polling, server)
    check_ended(server, enter, connection, f"42{encode(asked).decode()}", "41", "40")


def test_a_polling_body_whose_session_ends_before_it_is_there(server: Server) -> None:
    connection = Polling(server)
    connection.enter()
    path = f"/socket.io/?EIO=4&transport=polling&sid={connection.sid}"
    with server.connect() as slow:
        slow.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n42".encode())
        assert server.http("POST", path, body=b"9").status == 400
        slow.sendall(b"[]")
        assert slow.recv(65536).startswith(b"HTTP/1.1 400 ")
    connection.close()
