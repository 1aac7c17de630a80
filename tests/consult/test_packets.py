"""Packets: every kind is read, everything else is malformed, and a frame is encoded once for all its readers."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consult import packets
from consult.packets import Acknowledgement, Connect, Disconnect, Event, Frame, Malformed, read
from tests.json_text import decode, encode

NAMES = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (b"0", Connect("/", None)),
        (b'0{"token":"t"}', Connect("/", {"token": "t"})),
        (b"0/admin", Connect("/admin", None)),
        (b"0/admin,", Connect("/admin", None)),
        (b'0/admin,{"token":"t"}', Connect("/admin", {"token": "t"})),
        (b"0/admin?a=1,", Connect("/admin", None)),
        (b"1", Disconnect()),
        (b'2["a"]', Event("a", [], None)),
        (b'2["a",{"b":[1]},null]', Event("a", [{"b": [1]}, None], None)),
        (b'212["a"]', Event("a", [], b"12")),
        (b'20["a"]', Event("a", [], b"0")),
        (b'29999999999999999999["a"]', Event("a", [], b"9" * 19)),
        ('2["咨询","😀"]'.encode(), Event("咨询", ["😀"], None)),
        (b'2/,["a"]', Event("a", [], None)),
        (b'2/,12["a"]', Event("a", [], b"12")),
        (b'2 ["a"]', Event("a", [], None)),
        (b'2[ "a" , 1 ]', Event("a", [1], None)),
        (b"3[]", Acknowledgement()),
        (b"312[1]", Acknowledgement()),
    ],
)
def test_each_kind_is_read(packet: bytes, expected: packets.Packet) -> None:
    assert read(packet) == expected


@pytest.mark.parametrize(
    "packet",
    [
        *(b"", b"x", b"7", b"9", b"-", b"\x00", b"4", b"5", b"6", b" 2", b"\xff", "事".encode()),
        *(b"2", b"2x", b"21", b'2"a"', b'2{"a":1}', b"2[", b"2[]", b'2["a"', b'2["a",]', b'2["a"]]', b'2["a"]x'),
        *(b"2[1]", b"2[null]", b'2[["a"]]', b'2[{"a":1}]', b"2[true]", b'2["a",NaN]', b'2["a",Infinity]', b"2['a']"),
        *(b'2-1["a"]', b'2 1["a"]', b'2+1["a"]', b'21.5["a"]', b'2x1["a"]', b'299999999999999999999["a"]'),
        *(b'2/admin,["a"]', b"1/admin,", b"3/admin,1[]", b'2/["a"]'),
        *(b'4{"message":"x"}', b"4", b'51-["a",{"_placeholder":true,"num":0}]', b"61-1[]", b'51-["a"]', b"50-[]"),
        *(b'2["a","\xff"]', b"0\xff", b'0{"a":}', b"0{", b'2["' + b"[" * 3, b'2["a",' + b"[" * 100_000),
        *(b'2["a",' + b"[" * 5000 + b"]" * 5000 + b"]" * 2, b"2" * 10_000, b"2" + b"1" * 200 + b'["a"]'),
    ],
)
def test_everything_else_is_malformed(packet: bytes) -> None:
    with pytest.raises(Malformed):
        read(packet)


@given(NAMES, st.lists(JSON, max_size=3), st.none() | st.integers(0, 10**19 - 1))
@example("a", [float(2**63)], None)
def test_any_event_comes_through(name: str, arguments: list[Any], ack_id: int | None) -> None:
    given_id = "" if ack_id is None else str(ack_id)
    packet = b"2" + given_id.encode() + encode([name, *arguments])
    event = read(packet)
    assert isinstance(event, Event)
    assert (event.name, event.ack_id) == (name, given_id.encode() or None)
    assert encode(event.arguments) == encode(arguments)


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode) | st.from_regex(rb"[0-6][0-9]{0,3}.{0,20}"))
def test_any_bytes_are_read_or_malformed(packet: bytes) -> None:
    try:
        found = read(packet)
    except Malformed:
        return
    assert isinstance(found, packets.Packet)
    if isinstance(found, Event):
        assert isinstance(found.name, str)
        assert found.ack_id is None or found.ack_id.isdigit()


class TestFrame:
    @pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 70_000, 1_000_000])
    def test_each_form_of_its_length(self, length: int) -> None:
        payload = b"x" * length
        if length < 126:
            head = struct.pack("!BB", 0x81, length)
        elif length < 65536:
            head = struct.pack("!BBH", 0x81, 126, length)
        else:
            head = struct.pack("!BBQ", 0x81, 127, length)
        assert Frame(payload).as_websocket() == head + payload

    def test_is_encoded_once_however_many_read_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        encoded: list[bytes] = []
        framed = packets.framed

        def counted(packet: bytes) -> bytes:
            encoded.append(packet)
            return framed(packet)

        monkeypatch.setattr(packets, "framed", counted)
        frame = Frame(b'42["new_message",{}]')
        assert encoded == [], "for long-polling alone it need not be"
        assert len({id(frame.websocket or frame.as_websocket()) for _ in range(100)}) == 1
        assert encoded == [b'42["new_message",{}]']


def test_what_is_written() -> None:
    assert packets.event(b"left_question", b'{"question_id":5}').packet == b'42["left_question",{"question_id":5}]'
    assert packets.acknowledgement(b"007", b'{"a":1}').packet == b'43007[{"a":1}]'
    assert packets.connected("s", None).packet == b'40{"sid":"s"}'
    assert packets.connected("s", "p").packet == b'40{"sid":"s","pid":"p"}'
    assert packets.refused("/", "no").packet == b'44{"message":"no"}'
    assert packets.refused("/admin", "不").packet == '44/admin,{"message":"不"}'.encode()
    opened = packets.opened("s", 25, 20, 1_000_000).packet
    assert opened[:1] == b"0"
    assert decode(opened[1:].decode()) == {
        "sid": "s",
        "upgrades": [],
        "pingInterval": 25000,
        "pingTimeout": 20000,
        "maxPayload": 1_000_000,
    }
