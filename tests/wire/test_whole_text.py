"""A frame that is read without the library holds what the library finds in it."""

from __future__ import annotations

from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.protocol import SERVER, Protocol

from consult.wire.share import whole_text
from tests.wire.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, text

SIZES: Final = st.one_of(st.integers(0, 140), st.sampled_from([16_384, 65_535, 65_536, 65_537]))
OPCODES: Final = [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG]


def by_library(data: bytes) -> tuple[list[object], bytes]:
    """Return what the library reads, and the bytes that it leaves in its buffer."""
    protocol = Protocol(SERVER, max_size=None)
    protocol.receive_data(data)
    return list(protocol.events_received()), bytes(protocol.reader.buffer)


@given(size=SIZES, fill=st.binary(min_size=1, max_size=9), mask=st.binary(min_size=4, max_size=4))
@example(size=0, fill=b"x", mask=bytes(4))
def test_a_whole_frame_of_text_holds_what_the_library_finds(size: int, fill: bytes, mask: bytes) -> None:
    payload = (fill * (size // len(fill) + 1))[:size]
    data = frame(TEXT, payload, mask=mask)
    (found,), rest = by_library(data)
    assert isinstance(found, Frame)
    assert rest == b""
    assert whole_text(data) == (bytes(found.data) if size < 65_536 else None)


@given(data=st.binary(max_size=300))
def test_of_any_bytes_it_reads_none_otherwise_than_the_library(data: bytes) -> None:
    read = whole_text(b"\x81" + data)
    if read is not None:
        found, rest = by_library(b"\x81" + data)
        assert [one.data for one in found if isinstance(one, Frame)] == [read]
        assert rest == b""


@given(payload=st.binary(max_size=140), cut=st.integers(1, 150))
def test_a_part_or_more_than_one_is_left_to_the_library(payload: bytes, cut: int) -> None:
    whole = text(payload)
    assert whole_text(whole[: -min(cut, len(whole))]) is None
    assert whole_text(whole + whole) is None
    assert whole_text(whole + b"\x81") is None


def test_what_is_no_whole_text_is_left_to_the_library() -> None:
    for opcode in OPCODES:
        for fin in (True, False):
            if (opcode, fin) != (TEXT, True):
                assert whole_text(frame(opcode, b"42[]", fin=fin)) is None
    assert whole_text(bytes((0x81 | 0x40, 0x80)) + bytes(4)) is None  # a bit of an extension
    assert whole_text(b"\x81\x0442[]" + bytes(4)) is None  # not masked
