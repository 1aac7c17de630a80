"""Socket.IO 5 as the protocol's public suite has it, rewritten as tests of behaviour, over both transports.

Exceptions, each for a reason of Careline's own:
- There is the namespace `/` alone, so what the suite does in another one is refused as an unknown one is.
- Nothing is echoed and nobody is sent its own `auth`: events are those of the protocol document.
- Binary packets end the connection: the protocol has none.
"""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from tests.conftest import Enter
from tests.packets import Closed, Connection, Kind, Polling, Websocket
from tests.server import Server

KINDS = pytest.mark.parametrize("kind", [Websocket, Polling])
BINARY = '452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'


def opened(kind: Kind, server: Server) -> Connection:
    return kind(server)


def check_ended(connection: Connection, *packets: str) -> None:
    with suppress(Closed):
        connection.send(*packets)
    with pytest.raises(Closed):
        connection.read_to_the_end()


@KINDS
class TestConnect:
    @pytest.mark.parametrize("auth", ["", '{"token":"123"}', "/,", '/,{"token":"123"}'])
    def test_to_the_main_namespace(self, server: Server, kind: Kind, auth: str) -> None:
        connection = opened(kind, server)
        connection.send(f"40{auth}")
        assert re.fullmatch(r'40\{"sid":"[^"]+","pid":"[^"]+"\}', connection.receive())
        connection.close()

    @pytest.mark.parametrize("asked", ["/random", "/random,", '/random,{"token":"abc"}'])
    def test_to_an_unknown_namespace(self, server: Server, kind: Kind, asked: str) -> None:
        connection = opened(kind, server)
        connection.send(f"40{asked}")
        assert connection.receive() == '44/random,{"message":"Invalid namespace"}'
        connection.enter()
        connection.close()

    @pytest.mark.parametrize("packet", ["4abc", "42", '42["leave_question",{"question_id":5}]'])
    def test_what_is_no_handshake(self, server: Server, kind: Kind, packet: str) -> None:
        connection = opened(kind, server)
        check_ended(connection, packet)
        connection.close()


@KINDS
class TestDisconnect:
    def test_from_the_main_namespace_and_back(self, server: Server, enter: Enter, kind: Kind) -> None:
        connection = enter(kind, server)
        connection.send("41")
        connection.enter()
        assert connection.call("leave_question", {"question_id": 5}) == {"question_id": 5}

    def test_from_a_namespace_that_it_is_not_in(self, server: Server, enter: Enter, kind: Kind) -> None:
        check_ended(enter(kind, server), "41/custom")


@KINDS
class TestMessage:
    def test_a_plain_packet(self, server: Server, enter: Enter, kind: Kind) -> None:
        connection = enter(kind, server)
        connection.send('42["leave_question",{"question_id":5}]')
        assert connection.receive() == '42["left_question",{"question_id":5}]'

    def test_a_plain_packet_with_an_acknowledgement(self, server: Server, enter: Enter, kind: Kind) -> None:
        connection = enter(kind, server)
        connection.send('42456["leave_question",{"question_id":5}]')
        assert [connection.receive(), connection.receive()] == [
            '42["left_question",{"question_id":5}]',
            '43456[{"question_id":5}]',
        ]

    @pytest.mark.parametrize("packet", ["4abc", "42{}", '42abc["leave_question",{}]', "45", "49", BINARY])
    def test_an_invalid_format_ends_the_connection(self, server: Server, enter: Enter, kind: Kind, packet: str) -> None:
        check_ended(enter(kind, server), packet)
