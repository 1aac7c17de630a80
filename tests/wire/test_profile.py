"""What a message costs, counted and not timed: a broadcast is encoded once, a connection written to once a tick, a
batch committed once, and no task is made for any of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.clients import message
from tests.packets import Closed, Polling
from tests.server import Server, wait_until
from tests.wire.raw import CLOSE, Raw, event, frame, metric, raw, resident_memory, text

MEMBERS: Final = 30
ROUNDS: Final = 10
AT_ONCE: Final = 20
WAVES: Final = 7
IN_A_WAVE: Final = 150
MOST_GROWTH: Final = 10_000_000  # bytes, of which a wave that is kept takes 3,000,000; the first few do find room
# What Python does for one message in a room of two. With zeros here, `pytest tests/wire/test_profile.py -k
# work_of_a_message` says the new figures.
COST: Final = {"calls": 104.0, "objects": 213.0}
PAIR_ROUNDS: Final = 8
IN_PAIR_ROUND: Final = 50
WEBSOCKETS: Final = 'careline_connections{transport="websocket"}'
# What makes tasks of its own, whatever messages come: the reminder loop, the HTTP that asks for the
# counts, and what both of them read.
BESIDE_IT: Final = ("ReminderLoop", "HttpProtocol.connection_task", "Counts._look_after", "Lane._read", "Lane._at_once")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tls_settings: dict[str, str]) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "counting.py")])
        server = Server(tmp_path_factory.mktemp("counting"), env=tls_settings)
        server.start()
    yield server
    server.close()


Counted = dict[str, float]


def counted(server: Server) -> Counted:
    """All counters by now."""
    body = server.http("GET", "/metrics").body
    return {
        name: float(count)
        for name, count in re.findall(r"^(\w+_(?:total|sum|count)(?:\{.*\})?) (\S+)$", body, re.MULTILINE)
    }


def since(before: Counted, after: Counted) -> Counted:
    return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}


def tasks(made: Counted) -> Counted:
    """The tasks among them that messages or connections could have caused."""
    return {
        name: count
        for name, count in made.items()
        if name.startswith("counted_tasks") and not any(beside in name for beside in BESIDE_IT)
    }


def entered(server: Server, stack: ExitStack, question_id: int) -> Raw:
    connection = stack.enter_context(raw(server))
    connection.enter()
    connection.join(question_id)
    return connection


def test_what_a_message_costs(server: Server) -> None:
    """In each round the sender sends some messages in one segment; the room hears them all before the next."""
    question_id = server.open_question()
    with ExitStack() as stack:
        sender, *members = [stack.enter_context(raw(server)) for _ in range(1 + MEMBERS)]
        for connection in (sender, *members):
            connection.enter()
            connection.join_with_cursor(question_id)  # else the server asks what it has read, and writes it
        before = counted(server)
        for number in range(ROUNDS):
            sends = [event("send_message", message(question_id, f"{number}-{one}")) for one in range(AT_ONCE)]
            sender.send(text(*sends))
            for _ in range(2 * AT_ONCE):
                sender.packet()
            for member in members:
                for _ in range(AT_ONCE):
                    assert member.packet().startswith(b'42["new_message"')
        cost = since(before, counted(server))
    total = ROUNDS * AT_ONCE
    assert cost["careline_messages_total"] == total
    assert cost["careline_deliveries_total"] == total * (1 + MEMBERS)
    assert cost['counted_messages_total{of="message"}'] == total, "written as JSON once for ack and room"
    frames = {name: count for name, count in cost.items() if name.startswith("counted_frames")}
    assert frames == {
        'counted_frames_total{of="42[\\"send_message:ack\\""}': total,
        'counted_frames_total{of="42[\\"new_message\\""}': total,
    }, "one frame however many members"
    assert cost["careline_commit_writes_sum"] == total
    assert cost["careline_commit_writes_count"] == ROUNDS
    writes = [count for name, count in cost.items() if name.startswith("counted_writes")]
    assert writes == [ROUNDS] * (1 + MEMBERS), "all of a tick in one write, the acks and the broadcasts alike"
    assert tasks(cost) == {}


def test_what_a_connection_costs(server: Server) -> None:
    """To come, enter, join a room that others are in, leave and go takes no task."""
    question_id = server.open_question()
    with ExitStack() as stack:
        entered(server, stack, question_id)
        connected = metric(server, WEBSOCKETS)
        before = counted(server)
        with ExitStack() as others:
            for _ in range(MEMBERS):
                connection = entered(server, others, question_id)
                connection.alive()
        wait_until(lambda: metric(server, WEBSOCKETS) == connected, "the end of the others")
        cost = since(before, counted(server))
    assert tasks(cost) == {}


@pytest.mark.parametrize("goodbye", ["close frame", "close", "reset"])
def test_what_a_connection_leaves(server: Server, goodbye: str) -> None:
    """Nothing, at once: the collector of rings comes seldom, and with TLS much would wait for it."""

    def left() -> list[float]:
        return [metric(server, f'alive{{of="{part}"}}') for part in ("carrier", "protocol")]

    with ExitStack() as stack:
        question_id = server.open_question()
        entered(server, stack, question_id)
        before = left()
        for _ in range(20):
            connection = entered(server, stack, question_id)
            if goodbye == "close frame":
                connection.send(frame(CLOSE))
                connection.rest()
            elif goodbye == "close":
                connection.close()
            else:
                connection.reset()
        wait_until(lambda: left() == before, "the end of them all")


@pytest.mark.parametrize("goodbye", ["close", "broken payload"])
def test_what_a_long_polling_session_leaves(server: Server, goodbye: str) -> None:
    """Nothing either."""
    for _ in range(20):
        with closing(Polling(server)) as connection:
            connection.enter()
            assert metric(server, 'alive{of="session"}') == 1
            with suppress(Closed):
                connection.send("1" if goodbye == "close" else "9")
        wait_until(lambda: metric(server, 'alive{of="session"}') == 0, "its end")


@pytest.mark.parametrize("tls_settings", ["tls"], indirect=True)
def test_what_waves_of_clients_leave(server: Server) -> None:
    """Their memory is there for the next wave, however often all come back."""
    taken = []
    for _ in range(WAVES):
        with ExitStack() as stack:
            question_id = server.open_question()
            for _ in range(IN_A_WAVE):
                entered(server, stack, question_id)
        wait_until(lambda: metric(server, WEBSOCKETS) == 0, "the end of them all")
        taken.append(resident_memory(server))
    assert taken[-1] - taken[0] < MOST_GROWTH, taken


def test_the_counters_count(server: Server) -> None:
    """What does make a task is seen: a question that nobody is in has to be looked up."""
    question_id = server.open_question()
    with ExitStack() as stack:
        before = counted(server)
        entered(server, stack, question_id)
        cost = since(before, counted(server))
    assert any("the loop" in name for name in tasks(cost)), cost


def compiled(folder: Path) -> Path:
    """The library that counts allocations."""
    library = folder / "allocations.so"
    source = Path(__file__).parent / "allocations.c"
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return library


@pytest.mark.parametrize("what", COST)
def test_the_work_of_a_message_in_a_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Python's calls and objects for one message between two, each on its own in a transaction, as COST has them.
    The smallest of some rounds: what the clock brings beside it comes seldom."""
    counter = tmp_path / "counted"
    counter.write_bytes(bytes(8))
    env = {"COUNTED_INTO": str(counter)}
    if what == "objects":
        env["COUNTED_BY"] = str(compiled(tmp_path))
    monkeypatch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "counting_calls.py")])
    rounds = []
    with closing(Server(tmp_path, env=env)) as server, ExitStack() as stack:
        server.start()
        question_id = server.open_question()
        pair = [stack.enter_context(raw(server)) for _ in range(2)]
        for connection in pair:
            connection.enter()
            connection.join_with_cursor(question_id)
        for _ in range(1 + PAIR_ROUNDS):
            before = int.from_bytes(counter.read_bytes(), sys.byteorder)
            for number in range(IN_PAIR_ROUND):
                pair[0].send(text(event("send_message", message(question_id, f"{number:04}"))))
                assert pair[0].packet().startswith(b'42["send_message:ack"')
                for connection in pair:
                    assert connection.packet().startswith(b'42["new_message"')
            rounds.append((int.from_bytes(counter.read_bytes(), sys.byteorder) - before) / IN_PAIR_ROUND)
    cost = min(rounds)
    assert cost < COST[what] * 1.1, f"{cost:.1f}: more than a tenth above {COST[what]}, which was written down"
    assert cost > COST[what] * 0.9, f"a tenth below {COST[what]}: write down {cost:.1f} in COST"
