"""A client that stops reading is cut off at the outbox's bound: others lose nothing, and the process does not grow."""

from __future__ import annotations

import selectors
import threading
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.clients import message
from tests.json_text import decode
from tests.packets import Closed, Polling
from tests.server import LIMIT, Server, wait_until
from tests.wire.raw import Raw, event, metric, raw, resident_memory, text

OUTBOX: Final = 1024 * 1024
MOST_GROWTH: Final = 16 * 1024 * 1024
CUTS: Final = 'careline_cuts_total{reason="outbox full"}'
WEBSOCKETS: Final = 'careline_connections{transport="websocket"}'


class Readers:
    """Connections that read all they are sent, at once; of each its bytes are counted and summed up."""

    def __init__(self, connections: list[Raw]) -> None:
        self.counts = dict.fromkeys(connections, 0)
        self.sums = dict.fromkeys(connections, 0)
        self._selector = selectors.DefaultSelector()
        for connection in connections:
            connection.socket.setblocking(False)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select(0.1):
                connection: Raw = key.data
                came = connection.socket.recv(1 << 18)
                if not came:
                    self._selector.unregister(connection.socket)
                self.counts[connection] += len(came)
                self.sums[connection] = zlib.crc32(came, self.sums[connection])

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(LIMIT)


@pytest.fixture
def room(server: Server) -> Iterator[tuple[int, ExitStack]]:
    with ExitStack() as stack:
        yield server.open_question(), stack


def test_is_cut_while_the_others_lose_nothing(server: Server, room: tuple[int, ExitStack]) -> None:
    question_id, stack = room

    def member(receive_buffer: int | None = None) -> Raw:
        connection = stack.enter_context(raw(server, receive_buffer))
        connection.enter()
        connection.join_with_cursor(question_id)
        return connection

    slow = member(receive_buffer=4096)
    others = [member() for _ in range(98)]
    # The sender is in the room, too: between its acks it reads each message, and knows what the others must get.
    sender = member()
    connected = metric(server, WEBSOCKETS)
    readers = Readers(others)
    told = expected = sent = 0
    ids: list[int] = []

    def say() -> None:
        nonlocal told, expected, sent
        sent += 1
        sender.send(text(event("send_message", message(question_id, f"{sent} ".ljust(10_000, "x")))))
        assert sender.packet().startswith(b'42["send_message:ack",{"success":true')
        opcode, payload = sender.read()
        frame = bytes([0x80 | opcode, 126]) + len(payload).to_bytes(2) + payload
        told, expected = told + len(frame), zlib.crc32(frame, expected)
        ids.append(decode(payload[2:].decode())[1]["id"])

    for _ in range(10):
        say()
    wait_until(lambda: set(readers.counts.values()) == {told}, "the first messages")
    before = resident_memory(server)
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # the most that it took is counted anew
    while metric(server, CUTS) == 0:
        assert told < 32 * OUTBOX, "it is never cut"
        for _ in range(20):
            say()
    for _ in range(10):
        say()

    wait_until(lambda: set(readers.counts.values()) == {told}, "the last messages")
    readers.stop()
    assert set(readers.sums.values()) == {expected}
    assert ids == sorted(set(ids))
    assert len(ids) == sent
    assert metric(server, CUTS) == 1
    assert metric(server, WEBSOCKETS) == connected - 1
    assert told > OUTBOX
    assert len(slow.rest()) < sent
    growth = resident_memory(server, "VmHWM") - before
    assert growth < MOST_GROWTH, f"{growth / 1024 / 1024:.1f} MiB"
    assert server.stderr().count("outbox full") == 1


def test_one_that_polls_no_more(server: Server, room: tuple[int, ExitStack]) -> None:
    question_id, stack = room
    before = metric(server, CUTS)
    session = Polling(server)
    session.enter()
    session.call("join_question", {"question_id": question_id, "user_id": 9, "user_type": "ELDER"})
    sender = stack.enter_context(raw(server))
    sender.enter()
    for number in range(OUTBOX // 10_000 + 2):
        assert metric(server, CUTS) == before or number >= OUTBOX // 10_500
        sender.send(text(event("send_message", message(question_id, "x" * 10_000))))
        assert sender.packet().startswith(b'42["send_message:ack",{"success":true')
    wait_until(lambda: metric(server, CUTS) == before + 1, "the cut")
    with pytest.raises(Closed):
        session.read_to_the_end()
    session.close()
