"""Attacks over websockets: floods of frames, frames that cost more to read than to send, clients that do not read."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Final

from tests.siege.attacks.attacker import Attacker, repeated
from tests.wire.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, event, frame, head, text

_NO_MASK: Final = bytes(4)  # masks nothing, so that large frames are made quickly
STRANGER_BYTES: Final = 16_000  # that a client may send in a packet before it has entered
LARGE: Final = 990_000  # just below the bound of a packet

# What is sent first, and what then comes again and again.
CONTROL_FLOODS: Final[dict[str, tuple[bytes, bytes]]] = {
    "pings": (b"", frame(PING, b"x" * 8)),
    "empty pings": (b"", frame(PING)),
    "large pings": (b"", frame(PING, b"x" * 125)),
    "pongs": (b"", frame(PONG)),
    "empty continuations": (frame(TEXT, b"", fin=False), frame(CONTINUATION, b"", fin=False)),
    "one byte continuations": (frame(TEXT, b"4", fin=False), frame(CONTINUATION, b"2", fin=False)),
    "pings in a message": (frame(TEXT, b"4", fin=False), frame(PING) + frame(CONTINUATION, b"", fin=False)),
    "noops": (b"", text(b"6")),
    "engine pongs": (b"", text(b"3")),
    "engine pings": (b"", text(b"2")),
    "empty texts": (b"", text(b"")),
    "connects": (b"", text(b"40")),
    "connects to another namespace": (b"", text(b"40/admin,")),
    "goodbyes": (b"", frame(CLOSE)),
}
EVENT_FLOODS: Final[dict[str, bytes]] = {
    "unknown events": text(b'42["x"]'),
    "unknown events with an acknowledgement": text(b'421["x"]'),
    "events without a name": text(b"42[]"),
    "acknowledgements": text(b"43999[]"),
    "leaves": text(event("leave_question", {"question_id": 5})),
    "joins that fail": text(event("join_question", {"question_id": 2**62})),
    "sends that fail": text(event("send_message", {"question_id": "x"})),
    "binds that fail": text(event("bind_user", {"user_id": -1})),
    "reserved events": text(b'42["disconnect"]'),
}


def control_frames(attacker: Attacker) -> None:
    """A flood of frames that carry no event, before CONNECT or after it."""
    first, piece = CONTROL_FLOODS[attacker.chance.choice(sorted(CONTROL_FLOODS))]
    flooded, reads = repeated(piece), attacker.chance.random() < 0.7
    while attacker.goes_on:
        with closing(attacker.websocket(enters=attacker.enters and attacker.chance.random() < 0.5)) as connection:
            if attacker.send(connection, first):
                attacker.flood(connection, flooded, reads=reads)
        attacker.pause(0.005)


def events(attacker: Attacker) -> None:
    """A flood of small events, from one connection or from several."""
    flooded = repeated(EVENT_FLOODS[attacker.chance.choice(sorted(EVENT_FLOODS))])
    _flood_several(attacker, flooded, attacker.pick(1, 1, 10), reads=attacker.chance.random() < 0.7)


def floods_at_once(attacker: Attacker) -> None:
    """The smallest event, which costs most for its bytes, as many as go, over twenty connections at a time."""
    _flood_several(attacker, repeated(text(b'42["x"]')), 20)


def _flood_several(attacker: Attacker, flooded: bytes, connections: int, *, reads: bool = True) -> None:
    """Flood over so many connections at a time, and over others when the server has ended them."""
    while attacker.goes_on:
        with ExitStack() as opened:
            each = [opened.enter_context(closing(attacker.websocket())) for _ in range(connections)]
            attacker.flood_all(each, flooded, reads=reads)
        attacker.pause(0.005)


def slow_json(attacker: Attacker) -> None:
    """Events whose JSON takes long to read: escaped surrogates, depth, many keys, long numbers, many small values."""
    size = LARGE if attacker.enters else STRANGER_BYTES
    contents = {
        "surrogate": b'"\\ud83d' + b"a" * (size - 60) + b'"',
        "surrogate and numbers": b'["\\ud83d"' + b",1" * (size // 2 - 40) + b"]",
        "surrogate and keys": b'{"\\ud83d":0,' + b",".join(b'"%x":0' % number for number in range(size // 12)) + b"}",
        "escapes": b'"' + b"\\ud83d" * (size // 6 - 10) + b'"',
        "deep": b"[" * (size // 2 - 40) + b"]" * (size // 2 - 40),
        "keys": b"{" + b",".join(b'"%x":0' % number for number in range(size // 12)) + b"}",
        "number": b"9" * (size - 60),
        "empty lists": b"[" + b"[]," * (size // 3 - 40) + b"0]",
        "broken at its end": b'"' + b"a" * (size - 60),
    }
    packet = b'42["send_message",' + contents[attacker.chance.choice(sorted(contents))] + b"]"
    _flood_several(attacker, frame(TEXT, packet, mask=_NO_MASK), attacker.pick(1, 1, 10))


def large_frames(attacker: Attacker) -> None:
    """Frames of a megabyte, whole, in fragments of one byte, or with a length that is a lie."""
    kind = attacker.pick("whole", "in fragments", "a lie", "noop")
    while attacker.goes_on:
        with closing(attacker.websocket()) as connection:
            match kind:
                case "whole":
                    attacker.flood(connection, frame(TEXT, b'42["x","' + b"x" * LARGE + b'"]', mask=_NO_MASK))
                case "noop":
                    attacker.flood(connection, frame(TEXT, b"6" * LARGE, mask=_NO_MASK))
                case "in fragments":
                    attacker.send(connection, frame(TEXT, b'42["x","', fin=False))
                    attacker.flood(connection, repeated(frame(CONTINUATION, b"x", fin=False)))
                case _:
                    attacker.send(connection, head(TEXT, LARGE))
                    while attacker.goes_on and attacker.send(connection, b"x"):
                        attacker.pause(0.01)
        attacker.pause(0.005)


def broken_frames(attacker: Attacker) -> None:
    """Frames that end their connection: no mask, compression bits, reserved opcodes, binary, lengths beyond bounds."""
    kinds = (
        frame(TEXT, b"40", masked=False),
        bytes([0x80 | 0x40 | TEXT]) + frame(TEXT, b"40")[1:],
        bytes([0x80 | 0x70 | PING]) + frame(PING)[1:],
        frame(3, b"x"),
        frame(BINARY, b"x" * 100),
        frame(PING, b"x" * 125, fin=False),
        head(TEXT, 2**63 - 1),
        head(TEXT, 2**64 - 1),
        frame(TEXT, b"\xff\xfe"),
        frame(CONTINUATION, b"x"),
        text(b"x"),
        text(b"451-[1]"),
        text(b"9" * 1000),
    )
    while attacker.goes_on:
        with closing(attacker.websocket(*([b"2probe"] if attacker.chance.random() < 0.1 else []))) as connection:
            attacker.send(connection, repeated(attacker.chance.choice(kinds), attacker.pick(1, 1, 20_000)))
            if attacker.chance.random() < 0.3:
                attacker.read(connection, seconds=0.05)
        attacker.pause(0.002)


def never_read(attacker: Attacker) -> None:
    """Websockets that ask for as much as they can and read none of it; they stay open."""
    joins = [
        event(
            "join_question", {"question_id": question, "user_id": attacker.user_id, "user_type": "ELDER", "after_id": 0}
        )
        for question in attacker.questions
    ]
    while attacker.goes_on:
        connection = attacker.websocket(receive_buffer=4096)
        attacker.keep(connection)
        attacker.send(connection, text(*joins) if attacker.enters else repeated(frame(PING, b"x" * 125), 60_000))
        attacker.flood(connection, repeated(frame(PING, b"x" * 125)), reads=False)
        attacker.pause(0.05)


def catch_ups(attacker: Attacker) -> None:
    """Joins of many rooms from the first message on, again and again, left and read at once."""
    joins = [
        event(
            "join_question", {"question_id": question, "user_id": attacker.user_id, "user_type": "ELDER", "after_id": 0}
        )
        for question in attacker.questions
    ]
    binds = event("bind_user", {"user_id": attacker.user_id, "after_id": 0})
    leaves = [event("leave_question", {"question_id": question}) for question in attacker.questions]
    flooded = repeated(text(*joins, binds, *leaves))
    while attacker.goes_on:
        with closing(attacker.websocket()) as connection:
            attacker.flood(connection, flooded)
        attacker.pause(0.01)
