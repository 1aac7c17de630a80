"""Raw Engine.IO packets over websockets: one that is none ends at most its own connection."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from tests.fuzz import values
from tests.fuzz.talk import Talk
from tests.fuzz.thrower import Thrower
from tests.fuzz.websocket import CODES, ON, Target
from tests.server import Server
from tests.wire.raw import BINARY, TEXT, frame

_DEEP: Final = b"[" * 5_000
_LONG: Final = b"9" * 5_000
LARGEST: Final = 1_000_000
# Of every kind that the engine and Socket.IO know, whole and broken.
_SHORT: Final = [
    *(b"40", b"40{}", b'40{"token":"x"}', b"40[]", b"40x", b"41", b"42", b"43", b"44", b"45", b"46", b"4", b"40/x,"),
    *(b"41/x,", b"0", b"1", b"2", b"2probe", b"3", b"3probe", b"5", b"6", b"7", b"b", b"bAAAA", b"", b"\x00"),
    *(b"\x1e", b"42\x1e42", b'42["connect"]', b'42["disconnect"]', b"42[1]", b"42[null,{}]", b"42[{}]", b"42[]"),
    *(b"42{}", b'42"x"', b"42null", b'42/a,["x"]', b'42/,["x"]', b'42/?a=b,["x"]', b'431["x"]', b"430[]", b"43[]"),
    *(b'43-1["x"]', b'44{"message":"x"}', b'4299999999999999999999["x"]', b'420["x"]', b'4200["x"]', b'42-1["x"]'),
    *(b'421.5["x"]', '42１["x"]'.encode(), b'451-["x",{"_placeholder":true,"num":0}]', b"45999-[]", b"45-1-[]"),
    *(b'450-["x"]', b'461-1["x"]', b"45-[]", b"42" + _LONG, b'42["x",' + _LONG + b"]", b"42" + _LONG + b'["x"]'),
    *(b"42" + _DEEP, b"40" + _DEEP, b'42["x",' + _DEEP + _DEEP.replace(b"[", b"]") + b"]"),
]


def drawn(chance: random.Random, talk: Talk) -> bytes:
    """Give what may or may not be a packet."""
    match chance.randrange(100):
        case roll if roll < 30:
            return chance.choice(_SHORT)
        case roll if roll < 65:
            number = chance.choice((b"", b"7"))
            return values.mutated(chance, b"42" + number + values.written(chance, talk.call()))
        case roll if roll < 75:
            return b"42" + values.written(chance, talk.call())
        case roll if roll < 80:
            return values.mutated(chance, chance.choice(_SHORT))
        case roll if roll < 88:
            return b"4" + bytes(chance.choices(b'0123456789-/,"[]{}:abe. ', k=chance.randrange(20)))
        case roll if roll < 93:
            return b"40" + chance.choice((b"", b"/,", b"/x,")) + values.written(chance, values.value(chance))
        case 99 if chance.random() < 0.1:
            return b'42["x","' + b"x" * (LARGEST - 10 + chance.choice((-1, 0, 1, 2, 1000))) + b'"]'
    return chance.randbytes(chance.randrange(20))


class Packets(Thrower):
    """Throws them one by one over a websocket, and opens another when that was the end of it."""

    def __init__(self, server: Server, chance: random.Random) -> None:
        super().__init__(server, chance)
        self._talk = Talk(chance)
        self._target: Target | None = None

    def about(self, questions: Sequence[int]) -> None:
        self._talk.questions = tuple(questions)

    def throw(self, most: int) -> int:  # noqa: ARG002 - one at a time
        enters = self._target is not None or self.chance.random() < 0.9
        target = self._target = self._target or Target(self.server, enters=enters)
        packet = drawn(self.chance, self._talk)
        opcode = BINARY if self.chance.random() < 0.02 else TEXT
        try:
            outcome = target.throw([frame(opcode, packet)])
            assert outcome == ON or outcome in {f"closed with {code}" for code in CODES}, outcome
        except BaseException as fault:
            fault.add_note(f"after {packet[:500]!r}")
            raise
        self.outcomes[outcome] += 1
        if outcome != ON:
            self.close()
        return 1

    def close(self) -> None:
        if self._target is not None:
            self._target.close()
        self._target = None
