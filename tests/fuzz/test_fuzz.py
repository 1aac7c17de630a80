"""The short form of `make fuzz`, and a broken build and memory that it must catch."""

from __future__ import annotations

import os
import random
from typing import Final

import pytest

from tests.clients import Clients
from tests.conftest import StartServer
from tests.fuzz.fuzz import ARGUMENTS, KINDS, fuzz
from tests.fuzz.memory import MEGABYTE, MOST_GROWTH, Memory, growth, memory, quarters
from tests.server import Server
from tests.torture.patches import patched

THINGS: Final = 12_000
ROUNDS: Final = 3
# Enough for each of the broken build's faults to be met.
THINGS_AT_BROKEN: Final = 3_000
KEPT: Final = 10_000  # bytes of each packet


def test_whatever_it_is_sent_it_answers_or_ends(start_server: StartServer, clients: Clients) -> None:
    seed = int(os.environ.get("TEST_FUZZ_SEED") or random.randrange(2**31))
    server = start_server(*ARGUMENTS)
    found = fuzz(server, THINGS, seed, ROUNDS)
    assert not found.faults, f"TEST_FUZZ_SEED={seed}\n" + "\n".join(found.faults)
    for kind, (_, share) in KINDS.items():
        outcomes = found.outcomes[kind]
        assert outcomes.total() >= int(THINGS * share)
        assert len(outcomes) > 1, f"all {kind} came to the same: {outcomes}"
    check_alive(server, clients)


def test_a_broken_build_is_caught(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.server.COMMAND", patched("stumbles"))
    server = start_server(*ARGUMENTS)
    found = fuzz(server, THINGS_AT_BROKEN, 1, 1)
    server.allow_tracebacks = True
    for symptom in "events over a websocket", "send_message", "bind_user", "HTTP requests", "the log":
        assert [fault for fault in found.faults if symptom in fault], found.faults


def test_memory_that_is_kept_is_caught(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """In few things as much as a long run would keep."""
    monkeypatch.setattr("tests.server.COMMAND", patched("keeps"))
    server = start_server(*ARGUMENTS, env={"TEST_KEPT": str(KEPT)})
    found = fuzz(server, THINGS_AT_BROKEN, 1, 8)
    assert not found.faults, found.faults
    before = memory(server)
    assert 20 * MEGABYTE < before.pss <= before.rss < 200 * MEGABYTE
    _, second, _, last = quarters(found.taken)
    assert last - second > THINGS_AT_BROKEN / 2 * KEPT * 0.7, "which is what went through the gateway in between"
    assert growth(found.taken) > MOST_GROWTH


@pytest.mark.parametrize(
    ("taken", "is_flat"),
    [
        ([90] * 101, True),
        ([*range(20, 90, 3), *[90] * 77], True),
        ([90 + number % 7 for number in range(101)], True),
        ([*[90] * 100, 190], True),
        ([*[90] * 10, 190, *[90] * 90], True),
        ([90 + number * 0.05 for number in range(101)], True),
        ([90 + number * 0.2 for number in range(101)], False),
        ([*[90] * 80, *[100] * 21], False),
    ],
    ids=[
        *("level", "warms up", "comes and goes", "a late spike", "an early spike"),
        *("5 bytes a thing", "20 bytes a thing", "a step"),
    ],
)
def test_what_counts_as_flat(taken: list[float], is_flat: bool) -> None:
    """In megabytes, each for a hundredth of a million things."""
    found = [Memory(int(one * MEGABYTE), 0) for one in taken]
    assert (growth(found) <= MOST_GROWTH) is is_flat


def check_alive(server: Server, clients: Clients) -> None:
    """Hold the server to working as ever for a normal client, without a fault in its log."""
    assert server.http("GET", "/health").body["status"] == "ok"
    for transport in "websocket", "polling", "upgrade":
        question_id = server.open_question()
        client = clients.connect(transport, server)
        client.join(question_id)
        stored = client.send(question_id)
        assert client.expect("new_message") == stored
        assert server.messages(question_id) == [stored]
    server.check_log()
