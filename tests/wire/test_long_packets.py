"""Packets that take long are read one at a time, with a rest between them, and keep nothing in memory afterwards."""

from __future__ import annotations

import asyncio
import sys
from itertools import pairwise
from typing import Any, Final

import pytest

from consult.contract.faults import Fault
from consult.contract.tables import CLIENT_EVENTS
from consult.gateway import _request
from consult.wire.share import LONG_SECONDS, Turns
from tests.server import LIMIT, Server
from tests.wire.raw import CONTINUATION, TEXT, event, frame, raw

LONG: Final = 2 * LONG_SECONDS


class Reader:
    """Takes as long as it is told for a packet, as the turns are told."""

    def __init__(self, name: str, turns: Turns, served: list[str], seconds: float) -> None:
        self._name = name
        self._turns = turns
        self._served = served
        self._seconds = seconds
        self.is_served = asyncio.Event()

    def serve(self) -> None:
        self._served.append(self._name)
        self.is_served.set()
        self._turns.spend(self._seconds)


async def test_others_have_turns_between_two_long_packets() -> None:
    turns = Turns(asyncio.get_running_loop())
    served: list[str] = []
    for number in range(3):
        turns.wait(Reader(f"long {number}", turns, served, LONG), is_long=True)
    async with asyncio.timeout(LIMIT):
        while "long 2" not in served:
            turns.wait(Reader("short", turns, served, 0.0))
            await asyncio.sleep(0)
    longs = [place for place, name in enumerate(served) if name != "short"]
    assert [served[place] for place in longs] == ["long 0", "long 1", "long 2"]
    assert all(after - before > 1 for before, after in pairwise(longs))


async def test_a_connection_pauses_after_a_long_packet() -> None:
    turns = Turns(asyncio.get_running_loop())
    served: list[str] = []
    reader = Reader("long", turns, served, LONG)
    turns.wait(reader, LONG)
    await asyncio.sleep(0)
    assert not served
    await asyncio.wait_for(reader.is_served.wait(), LIMIT)


@pytest.mark.parametrize("fragments", [False, True])
def test_a_large_packet_is_answered_like_any_other(server: Server, fragments: bool) -> None:
    whole = event("send_message", {"question_id": "x", "content_text": "x" * 600_000}, "7")
    pieces = [whole[place : place + 50_000] for place in range(0, len(whole), 50_000)]
    frames = [
        frame(TEXT if place == 0 else CONTINUATION, piece, fin=place == len(pieces) - 1)
        for place, piece in enumerate(pieces)
    ]
    with raw(server) as connection:
        connection.enter()
        connection.send(b"".join(frames) if fragments else frame(TEXT, whole))
        answer = b"".join(payload for _, payload in (connection.read(), connection.read()))
        assert '"success":false' in answer.decode()
        connection.alive()


@pytest.mark.parametrize("sent", [{f"{number:x}": 0 for number in range(1000)}, {"question_id": [0]}, [[]], "x"])
def test_a_fault_keeps_nothing_of_what_was_sent(sent: Any) -> None:
    """An answer may wait behind others, and what was sent may be a megabyte."""
    handler = type("Handler", (), {"event": next(row for row in CLIENT_EVENTS if row.name == "send_message")})()
    before = sys.getrefcount(sent)
    fault = _request(handler, [sent])
    assert isinstance(fault, Fault)
    assert sys.getrefcount(sent) == before
