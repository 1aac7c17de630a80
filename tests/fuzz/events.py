"""Events by the hundred thousand: each well-formed one is answered once, in its turn, as the contract says."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.fuzz import values
from tests.fuzz.packets import LARGEST
from tests.fuzz.talk import PUSHED, Talk, verdict
from tests.fuzz.thrower import Thrower
from tests.packets import SEPARATOR, Connection
from tests.server import Server

# What is sent without waiting for answers, and what one connection lives through.
_BATCH: Final = 40
_LIFE: Final = 1500
_PUSHED: Final = tuple(f'42["{name}",' for name in PUSHED)
_ACKNOWLEDGEMENT: Final = re.compile(r"43(\d+)\[")
_REPLY: Final = re.compile(r'42\["([^"]+)",')


class Events(Thrower):
    """Throws events over one connection after the other."""

    def __init__(self, server: Server, chance: random.Random, kind: Callable[[Server], Connection]) -> None:
        super().__init__(server, chance)
        self._talk = Talk(chance)
        self._kind = kind
        self._connection: Connection | None = None
        self._sent = 0  # over this connection

    def about(self, questions: Sequence[int]) -> None:
        self._talk.questions = tuple(questions)

    def throw(self, most: int) -> int:
        if self._sent >= _LIFE:
            self.close()
        if self._connection is None:
            self._connection = self._kind(self.server)
            self._connection.enter()
            self._sent = 0
        drawn = [self._talk.call() for _ in range(min(most, _BATCH))]
        calls: list[list[Any]] = []
        packets: list[bytes] = []
        room = LARGEST
        for call, said in zip(drawn, [values.written(self.chance, call) for call in drawn], strict=True):
            packet = b"42%d%b" % (self._sent + len(calls), said)
            # A body, or a packet, that is larger ends its connection, as it should.
            if len(packet) + len(SEPARATOR) <= room:
                room -= len(packet) + len(SEPARATOR)
                calls.append(call)
                packets.append(packet)
        if not calls:
            return 0
        self._connection.send(*(packet.decode() for packet in packets))
        for number, (call, packet) in enumerate(zip(calls, packets, strict=True), self._sent):
            try:
                name, answer = self._answered(self._connection, number)
                outcome = verdict(call[0], name, answer)
                assert outcome is not None, f"answered with {name} {answer}"
            except BaseException as fault:
                fault.add_note(f"after {packet!r}")
                raise
            self.outcomes[outcome] += 1
        self._sent += len(calls)
        return len(calls)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _answered(self, connection: Connection, number: int) -> tuple[str, Any]:
        """Give what the next event was answered with, which comes as a reply and to the acknowledgement alike."""
        reply = ""
        while True:
            packet = connection.receive()
            if packet.startswith(_PUSHED):
                continue
            if packet == "2":
                connection.send("3")
            elif found := _ACKNOWLEDGEMENT.match(packet):
                assert int(found[1]) == number, f"{number} was to be answered, not {packet}"
                name = _REPLY.match(reply)
                assert name, f"acknowledged without a reply: {packet}"
                assert reply[name.end() :] == packet[found.end() :], f"two answers: {reply} and {packet}"
                return name[1], json.loads(reply[name.end() : -1])
            else:
                assert not reply, f"{reply} without an acknowledgement, then {packet}"
                reply = packet
