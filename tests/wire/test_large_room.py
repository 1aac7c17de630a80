"""A large room is written to in turns, between which the server sees what has come."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.clients import message
from tests.json_text import decode
from tests.server import Server
from tests.wire.raw import Raw, event, raw, text

MEMBERS: Final = 200  # whom a message takes a fifth of a second to reach
ROUNDS: Final = 5


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "slow_network.py")])
    server = Server(tmp_path)
    server.start()
    yield server
    server.close()


def contents(packets: list[bytes]) -> list[str]:
    return [decode(packet[2:].decode())[1]["content_text"] for packet in packets if b"new_message" in packet]


def hear(member: Raw, count: int) -> list[str]:
    """Give the next messages; a heartbeat between them asks what was read."""
    heard: list[str] = []
    while len(heard) < count:
        heard += contents([member.packet()])
    return heard


def send(sender: Raw, question_id: int, content: str) -> list[bytes]:
    """Say something; give what came to its acknowledgement."""
    sender.send(text(event("send_message", message(question_id, content))))
    packets = [sender.packet()]
    while b"send_message:ack" not in packets[-1]:
        packets.append(sender.packet())
    return packets


def join_all(stack: ExitStack, server: Server, question_id: int) -> list[Raw]:
    """Give the sender and the members, all of them in the question's room."""
    connections = [stack.enter_context(raw(server)) for _ in range(1 + MEMBERS)]
    for connection in connections:
        connection.enter()
        connection.join(question_id)
    return connections


def has_heard(member: Raw) -> bool:
    """Whether a message is there by now."""
    while select.select([member.socket], [], [], 0)[0]:
        member.receive_more()
    return b"new_message" in member.received


def test_an_acknowledgement_does_not_wait_for_the_room(server: Server) -> None:
    """The second message is acknowledged before the last member of the room has got the first one."""
    question_id = server.open_question()
    came_first = []
    with ExitStack() as stack:
        sender, *members = join_all(stack, server, question_id)
        for number in range(ROUNDS):
            said = [f"{number}-first", f"{number}-second"]
            for one in said:
                send(sender, question_id, one)
            came_first.append(not has_heard(members[-1]))
            for member in members:
                assert hear(member, len(said)) == said
    assert any(came_first)  # this test itself may come too late to see it


def test_who_goes_on_writing_need_not_wait_for_the_whole_room(server: Server) -> None:
    """The next message is stored while the room still gets the one before; who has not got that one gets both at
    once."""
    question_id = server.open_question()
    said = [f"{number}-{place}" for number in range(ROUNDS) for place in ("first", "second")]
    came_at_once = []
    with ExitStack() as stack:
        sender, *members = join_all(stack, server, question_id)
        own = []
        for first, second in zip(said[::2], said[1::2], strict=True):
            own += [*send(sender, question_id, first), *send(sender, question_id, second)]
            members[-1].receive_more()
            came_at_once.append(members[-1].received.count(b"new_message"))
            for member in members:
                assert hear(member, 2) == [first, second]
        while len(contents(own)) < len(said):
            own.append(sender.packet())
    assert contents(own) == said
    assert 2 in came_at_once, came_at_once
