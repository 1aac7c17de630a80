"""Catch-up where it is hard: while others send without pause, with large messages, and for clients that read slowly."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients import message
from tests.conftest import Enter, StartServer
from tests.json_text import encode
from tests.packets import Kind, Polling, Websocket
from tests.protocol.bare_websocket import BareWebsocket
from tests.protocol.catching_up import completed, everything, heard, join, say, settle
from tests.server import Server, wait_until

# As long as a text may be: 30,000 bytes on the wire.
LONG: Final = "您" * 10_000
# As many attachments as there may be, each as long as it may be: with such a text 277,000 bytes.
MANY: Final = [{"url": "图" * 2048, "thumbnail_url": "略" * 2048, "duration": 1, "size": 1}] * 20
MEGABYTE: Final = 1024 * 1024


@contextmanager
def conversation(server: Server, enter: Enter, question_id: int, senders: int = 4) -> Iterator[list[int]]:
    """Let connections send without pause, every third message for staff alone; gives the ids as they are told."""
    over = threading.Event()
    told: list[int] = []

    def talk(connection: Any) -> None:
        for number in itertools.count():
            sent = message(question_id, f"第 {number} 条", is_visible_to_patient=number % 3 != 1)
            told.append(connection.call("send_message", sent)["data"]["id"])
            if over.is_set():
                return

    threads = [threading.Thread(target=talk, args=(enter(Websocket, server),)) for _ in range(senders)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join()


def memory(server: Server, kind: str = "VmRSS") -> int:
    """Give the server's memory in bytes, now (VmRSS) or at its highest (VmHWM)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(rf"^{kind}:\s+(\d+) kB$", status, re.M)
    assert found
    return int(found[1]) * 1024


def cuts(server: Server, reason: str) -> int:
    """Give how many connections the server has cut for that reason."""
    metrics = server.http("GET", "/metrics").body
    found = re.search(rf'^careline_cuts_total\{{reason="{reason}"\}} (\d+)', metrics, re.M)
    return int(found[1]) if found else 0


def test_many_come_back_while_many_send(server: Server, enter: Enter) -> None:
    question_id = server.open_question()
    before = say(enter(Websocket, server), question_id, (str(number) for number in range(450)))
    with conversation(server, enter, question_id) as told:
        wait_until(lambda: len(told) > 50, "the first messages")
        comers = []
        for number in range(48):
            client = enter((Websocket, Websocket, Polling)[number % 3], server)
            user_type = ("ELDER", "STAFF")[number // 3 % 2]
            after_id = (0, before[300]["id"], told[-1], told[-30])[number % 4]
            comers.append((client, user_type, after_id, join(client, question_id, after_id, user_type)))
        behind = len(told)
        wait_until(lambda: len(told) > behind + 100, "the last messages")
    all_of_them = {kind: everything(server, question_id, user_type=kind) for kind in ("ELDER", "STAFF")}
    assert len(all_of_them["STAFF"]) == len(before) + len(told)
    assert [answer["has_more"] for *_, answer in comers].count(True) > 3
    for client, user_type, after_id, answer in comers:
        settle(client)
        wanted = [one for one in all_of_them[user_type] if one["id"] > after_id]
        assert completed(server, client, answer, user_type) == wanted


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_changing_sides_while_many_send(server: Server, enter: Enter, kind: Kind) -> None:
    """From each answer on the connection hears what its latest join may, above that join's cursor."""
    question_id = server.open_question()
    with conversation(server, enter, question_id) as told:
        wait_until(lambda: len(told) > 20, "the first messages")
        client = enter(kind, server)
        turns = []
        for number in range(16):
            user_type, after_id = ("STAFF", "ELDER")[number % 2], told[-10]
            join(client, question_id, after_id, user_type)
            turns.append((user_type, after_id))
            behind = len(told)
            wait_until(lambda behind=behind: len(told) > behind + 5, "more messages")  # type: ignore[misc]
    settle(client)
    all_of_them = everything(server, question_id, user_type="STAFF")
    places = [place for place, (name, *_) in enumerate(client.events) if name == "joined_question"]
    for (user_type, after_id), start, end in zip(turns, places, [*places[1:], None], strict=True):
        came = [payload for name, payload in client.events[start:end] if name == "new_message"]
        visible = [
            one
            for one in all_of_them
            if one["id"] > after_id and (user_type == "STAFF" or one["is_visible_to_patient"])
        ]
        assert came == visible[: len(came)]
        assert came


@pytest.fixture
def long_question(start_server: StartServer, enter: Enter) -> tuple[Server, int]:
    """A server of its own, with a question of 500 messages as long as they may be."""
    server = start_server()
    question_id = server.open_question()
    say(enter(Websocket, server), question_id, [LONG] * 500)
    return server, question_id


# A page of fifty such messages is read and sent in one step, however many bytes that are.


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_long_messages_come_whole(long_question: tuple[Server, int], enter: Enter, kind: Kind) -> None:
    """15 MB for outboxes of 1 MiB: no faster than the client reads, and it is not cut while it does."""
    server, question_id = long_question
    wanted = everything(server, question_id)
    before = memory(server, "VmHWM")
    for _ in range(3):
        client = enter(kind, server)
        join(client, question_id, 0)
        settle(client)
        assert heard(client, question_id) == wanted
    assert cuts(server, "outbox full") == 0
    assert memory(server, "VmHWM") - before < 30 * MEGABYTE


def come_back(client: BareWebsocket, question_id: int) -> None:
    """Join and ask for everything."""
    asked = {"question_id": question_id, "user_id": 456, "user_type": "ELDER", "after_id": 0}
    client.emit("42" + encode(["join_question", asked]).decode())


@pytest.fixture
def slow() -> Iterator[list[BareWebsocket]]:
    """Slow clients of the test, closed at its end."""
    clients: list[BareWebsocket] = []
    yield clients
    for client in clients:
        client.close()


def test_who_reads_slowly_is_not_cut(start_server: StartServer, enter: Enter, slow: list[BareWebsocket]) -> None:
    """6 MB a second at most, while another room of the same connection is live."""
    server = start_server()
    question_id, other = server.open_question(), server.open_question()
    sender = enter(Websocket, server)
    for _ in range(30):
        say(sender, question_id, [LONG], attachments=MANY)
    client = BareWebsocket(server, 65_536)
    slow.append(client)
    asked = {"question_id": other, "user_id": 456, "user_type": "ELDER"}
    client.emit("42" + encode(["join_question", asked]).decode())
    come_back(client, question_id)
    total, rested, live = 0, 0, 0
    while total < 30 * 277_000:
        came = client.read(65_536)
        assert came, f"cut after {total} bytes and {live} live messages"
        total += len(came)
        if total // 500_000 > live:
            live += 1
            say(sender, other, [f"第 {live} 条"])
        if total - rested >= 65_536:  # through a proxy it comes in smaller pieces
            rested = total
            time.sleep(0.01)
    say(sender, question_id, ["最后一条"])
    client.read_until("最后一条".encode())
    assert cuts(server, "outbox full") == 0


def test_who_does_not_read_is_cut_and_costs_little(
    start_server: StartServer, enter: Enter, slow: list[BareWebsocket]
) -> None:
    server = start_server()
    question_id = server.open_question()
    reader = enter(Websocket, server)
    for _ in range(60):
        say(reader, question_id, [LONG], attachments=MANY)
    before = memory(server)
    for _ in range(20):
        slow.append(BareWebsocket(server, 65_536))
        come_back(slow[-1], question_id)
    for client in slow:
        client.read_until(b"joined_question")
    live = say(reader, question_id, [LONG] * 40)
    wait_until(lambda: cuts(server, "outbox full") == len(slow), "the cuts")
    # What is held back and what waits to be read are bounded; each had asked for 16 MB.
    assert memory(server, "VmHWM") - before < len(slow) * 10 * MEGABYTE
    assert everything(server, question_id, live[0]["id"]) == live[1:]
    join(reader, question_id, live[-2]["id"])
    settle(reader)
    assert heard(reader, question_id) == live[-1:]
