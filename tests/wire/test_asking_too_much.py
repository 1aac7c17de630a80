"""A client that asks faster than it can be answered is not read any further, until it is."""

from __future__ import annotations

import select

from tests.clients import message
from tests.server import Server, wait_until
from tests.store.file import write_locked
from tests.wire.raw import PING, PONG, TEXT, event, frame, metric, raw, text

UNANSWERED = "careline_events_unanswered"
MOST_UNANSWERED = 128
SEGMENT = 262_144  # bytes that may come in at once, and be in hand when reading pauses


def test_reading_pauses_until_it_is_answered(server: Server) -> None:
    question_id = server.open_question()
    send = event("send_message", message(question_id, "x" * 2000), ack_id="1")
    with raw(server) as greedy, raw(server) as other:
        greedy.enter()
        other.enter()
        with write_locked(server.database):
            greedy.send(text(*[send] * 1000))
            wait_until(lambda: metric(server, UNANSWERED) >= MOST_UNANSWERED, "what may be unanswered")
            greedy.send(frame(PING, b"read?"))
            readable, _, _ = select.select([greedy.socket], [], [], 0.3)
            assert not readable, "it is read on, though nothing is answered"
            assert metric(server, UNANSWERED) < MOST_UNANSWERED + SEGMENT / len(send) + 1
            other.alive()
        frames = [greedy.read() for _ in range(2001)]
    assert frames.count((PONG, b"read?")) == 1
    assert sum(payload.startswith(b'42["send_message:ack"') for opcode, payload in frames if opcode == TEXT) == 1000
    assert len(server.messages(question_id, "limit=200")) == 200
