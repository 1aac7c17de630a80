"""Raw websocket frames, whole and broken: what is whole is answered, what is broken ends its own connection."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tests.fuzz.packets import LARGEST
from tests.fuzz.thrower import Thrower
from tests.fuzz.websocket import ON, Target
from tests.server import Server
from tests.wire.raw import BINARY, CLOSE, CONTINUATION, LEAVE, MASK, PING, PONG, TEXT, frame, head, text

_RESERVED: Final = (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
_CONTROL: Final = (CLOSE, PING, PONG)
_BAD_UTF8: Final = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe5\xa4", b"\x80")
_NO_CODES: Final = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
_MASKS: Final = (MASK, bytes(4), b"\xff" * 4, b"\x00\x01\x02\x03")
_SIZES: Final = (0, 125, 126, 127, 65_535, 65_536)


@dataclass(frozen=True)
class Thrown:
    """Bytes, and what must come of them."""

    content: bytes
    outcomes: tuple[str, ...] = (ON,)
    pongs: tuple[bytes, ...] = ()
    events: int = 0  # that are answered
    goodbye: bytes | None = None  # as the server echoes it


def broken(content: bytes, *codes: int) -> Thrown:
    """Give what ends the connection, by default as a fault of the protocol."""
    return Thrown(content, tuple(f"closed with {code}" for code in codes or (1002,)))


def padded(length: int) -> bytes:
    """Give an event of that length, or as short as there is one."""
    start, end = b'42["leave_question",{"question_id":5,"unknown":"', b'"}]'
    missing = length - len(start) - len(end)
    return start + b"x" * missing + end if missing > 0 else LEAVE


def masked(chance: random.Random, opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Give a frame under one mask or another."""
    return frame(opcode, payload, fin=fin, mask=chance.choice(_MASKS))


def one_event(chance: random.Random) -> Thrown:
    length = chance.choice(_SIZES) if chance.random() < 0.95 else chance.randrange(LARGEST + 1)
    return Thrown(masked(chance, TEXT, padded(length)), events=1)


def many_events(chance: random.Random) -> Thrown:
    count = chance.randrange(2, 30)
    return Thrown(text(*[LEAVE] * count), events=count)


def fragments(chance: random.Random) -> Thrown:
    """An event in any number of frames, with control frames of any size between them."""
    packet = padded(chance.choice(_SIZES))
    bounds = [0, *sorted(chance.randrange(len(packet) + 1) for _ in range(chance.choice((1, 2, 3, 10)))), len(packet)]
    content, pongs = b"", []
    for place, (start, end) in enumerate(pairwise(bounds)):
        content += masked(chance, CONTINUATION if place else TEXT, packet[start:end], fin=place == len(bounds) - 2)
        if chance.random() < 0.3:
            opcode, payload = chance.choice((PING, PONG)), chance.randbytes(chance.randrange(126))
            content += masked(chance, opcode, payload)
            pongs += [payload] * (opcode == PING)
    return Thrown(content, pongs=tuple(pongs), events=1)


def control_frames(chance: random.Random) -> Thrown:
    sent = [
        (chance.choice((PING, PONG)), chance.randbytes(chance.randrange(126))) for _ in range(chance.randrange(1, 9))
    ]
    content = b"".join(masked(chance, opcode, payload) for opcode, payload in sent)
    return Thrown(content, pongs=tuple(payload for opcode, payload in sent if opcode == PING))


def goodbye(chance: random.Random) -> Thrown:
    code = chance.choice((1000, 1001, 1003, 1007, 1011, 3000, 4999))
    payload = struct.pack("!H", code) + ("再见" * chance.randrange(21)).encode()[:123]
    return Thrown(masked(chance, CLOSE, payload), (f"closed with {code}",), goodbye=payload)


def goodbye_without_a_word(chance: random.Random) -> Thrown:
    return Thrown(masked(chance, CLOSE), ("closed with nothing",), goodbye=b"")


def no_goodbye(chance: random.Random) -> Thrown:
    if chance.random() < 0.3:
        return broken(masked(chance, CLOSE, b"\x03\xe8x" + chance.choice(_BAD_UTF8)), 1007)
    payload = chance.choice((b"\x03", *(struct.pack("!H", code) for code in _NO_CODES)))
    return broken(masked(chance, CLOSE, payload))


def no_mask(chance: random.Random) -> Thrown:
    return broken(frame(chance.choice((TEXT, PING, PONG, CLOSE)), b"\x03\xe8", masked=False))


def reserved_bits(chance: random.Random) -> Thrown:
    content = masked(chance, chance.choice((TEXT, CONTINUATION, PING, CLOSE)), b"\x03\xe8")
    return broken(bytes([content[0] | chance.randrange(1, 8) << 4]) + content[1:])


def reserved_opcode(chance: random.Random) -> Thrown:
    return broken(
        masked(chance, chance.choice(_RESERVED), chance.randbytes(chance.randrange(200)), fin=chance.random() < 0.5)
    )


def binary(chance: random.Random) -> Thrown:
    return broken(masked(chance, BINARY, chance.randbytes(chance.choice(_SIZES)), fin=chance.random() < 0.9))


def long_control_frame(chance: random.Random) -> Thrown:
    return broken(masked(chance, chance.choice(_CONTROL), b"x" * chance.choice((126, 200, 65_535, 65_536, 100_000))))


def control_frame_in_fragments(chance: random.Random) -> Thrown:
    return broken(masked(chance, chance.choice(_CONTROL), b"\x03\xe8", fin=False))


def fragments_out_of_order(chance: random.Random) -> Thrown:
    content = chance.choice(
        (
            masked(chance, CONTINUATION, LEAVE, fin=chance.random() < 0.5),
            masked(chance, TEXT, LEAVE[:9], fin=False) + masked(chance, TEXT, LEAVE),
            masked(chance, TEXT, b"", fin=False) + masked(chance, BINARY, LEAVE),
        )
    )
    return broken(content)


def bad_utf8(chance: random.Random) -> Thrown:
    packet = b'42["leave_question",{"question_id":5,"unknown":"' + chance.choice(_BAD_UTF8) + b'"}]'
    if chance.random() < 0.5:
        return broken(masked(chance, TEXT, packet), 1007)
    cut = chance.randrange(len(packet))
    return broken(masked(chance, TEXT, packet[:cut], fin=False) + masked(chance, CONTINUATION, packet[cut:]), 1007)


def too_large(chance: random.Random) -> Thrown:
    length = chance.choice((LARGEST + 1, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1))
    if chance.random() < 0.02:
        return broken(masked(chance, TEXT, b"4" * LARGEST, fin=False) + head(CONTINUATION, 1), 1009)
    return broken(head(TEXT, length), *((1009,) if length < 2**63 else (1002, 1009)))


def length_in_too_many_bytes(chance: random.Random) -> Thrown:
    """No peer should write it so; whoever can read it may."""
    payload = LEAVE if chance.random() < 0.5 else b""
    length = (
        struct.pack("!BH", 0x80 | 126, len(payload))
        if chance.random() < 0.5
        else struct.pack("!BQ", 0x80 | 127, len(payload))
    )
    return Thrown(bytes([0x80 | TEXT]) + length + bytes(4) + payload, (ON, "closed with 1002"))


WHOLE: Final = (one_event, many_events, fragments, control_frames, goodbye, goodbye_without_a_word)
BROKEN: Final = (
    *(no_goodbye, no_mask, reserved_bits, reserved_opcode, binary, long_control_frame, control_frame_in_fragments),
    *(fragments_out_of_order, bad_utf8, too_large, length_in_too_many_bytes),
)


class Frames(Thrower):
    """Throws them at one websocket after the other: whole, in pieces, and in the middle of which it goes away."""

    def __init__(self, server: Server, chance: random.Random) -> None:
        super().__init__(server, chance)
        self._target: Target | None = None

    def throw(self, most: int) -> int:  # noqa: ARG002 - one at a time
        target = self._target = self._target or Target(self.server)
        kind: Callable[[random.Random], Thrown] = self.chance.choice(WHOLE if self.chance.random() < 0.6 else BROKEN)
        thrown = kind(self.chance)
        try:
            if self.chance.random() < 0.1:
                self._leave(target, thrown)
            else:
                self._hit(target, thrown)
        except BaseException as fault:
            fault.add_note(f"after {kind.__name__}: {thrown.content[:500]!r}")
            raise
        return 1

    def _hit(self, target: Target, thrown: Thrown) -> None:
        outcome = target.throw(self._in_pieces(thrown.content), len(thrown.pongs))
        assert outcome in thrown.outcomes, outcome
        if outcome == ON:
            if thrown.outcomes == (ON,):
                assert target.pongs == [*thrown.pongs], target.pongs
                assert target.left == thrown.events + 1, f"{target.left} answers, that to the fence among them"
        else:
            assert thrown.goodbye in (None, target.said_goodbye), target.said_goodbye
            self.close()
        self.outcomes[outcome] += 1

    def _leave(self, target: Target, thrown: Thrown) -> None:
        """Go away in the middle, of this or of any bytes at all."""
        content = thrown.content if self.chance.random() < 0.7 else self.chance.randbytes(self.chance.randrange(1, 200))
        reset = self.chance.random() < 0.5
        target.leave(self._in_pieces(content[: self.chance.randrange(len(content) + 1)]), reset=reset)
        self._target = None
        self.outcomes["reset by the client" if reset else "half-closed, then ended"] += 1

    def _in_pieces(self, content: bytes) -> list[bytes]:
        """Cut as a network may."""
        if self.chance.random() < 0.7 or not content:
            return [content]
        cuts = sorted(self.chance.randrange(len(content) + 1) for _ in range(self.chance.choice((1, 1, 2, 5))))
        return [content[start:end] for start, end in pairwise([0, *cuts, len(content)])]

    def close(self) -> None:
        if self._target is not None:
            self._target.close()
        self._target = None
