"""HTTP requests are taken up one in a turn of the loop when there are many, of the client that has taken least."""

from __future__ import annotations

import asyncio
from collections import Counter
from time import perf_counter

import pytest

from consult.wire import request_turns
from consult.wire.request_turns import HTTP_SECONDS, REST, Measured, RequestTurns


async def test_a_request_that_comes_alone_is_taken_up_at_once() -> None:
    turns = RequestTurns(asyncio.get_running_loop())
    coming = turns.come("monitor", is_behind=False)
    with pytest.raises(StopIteration):  # it did not wait
        coming.send(None)


async def test_many_of_one_client_keep_another_from_nothing() -> None:
    turns = RequestTurns(asyncio.get_running_loop())
    taken: list[str] = []

    async def request(client: str) -> None:
        await turns.come(client, is_behind=True)
        taken.append(client)

    flood = [asyncio.create_task(request("flood")) for _ in range(100)]
    await asyncio.sleep(0)
    asked = asyncio.create_task(request("monitor"))
    await asked
    assert len(taken) <= 4
    await asyncio.gather(*flood)
    assert len(taken) == 101
    assert len(turns) == 0


async def test_who_asks_seldom_is_next_however_many_ask_all_the_time() -> None:
    turns = RequestTurns(asyncio.get_running_loop())
    taken: list[str] = []

    async def request(client: str) -> None:
        await turns.come(client, is_behind=True)
        turns.spend_for(client, HTTP_SECONDS)
        taken.append(client)

    floods = [asyncio.create_task(request(f"flood {number % 50}")) for number in range(500)]
    for flood in floods[:50]:
        await flood
    began = len(taken)
    await asyncio.create_task(request("monitor"))
    assert len(taken) - began <= 4
    await asyncio.gather(*floods)
    counts = Counter(taken)
    assert set(counts.values()) == {1, 10}
    assert len(turns) == 0


async def test_who_waits_longest_is_not_passed_by_new_clients_for_ever() -> None:
    turns = RequestTurns(asyncio.get_running_loop())
    taken: list[str] = []

    async def request(client: str) -> None:
        await turns.come(client, is_behind=True)
        taken.append(client)

    flood = [asyncio.create_task(request("first")) for _ in range(10)]
    await asyncio.sleep(0)
    turns.spend_for("monitor", REST / 2)
    asked = asyncio.create_task(request("monitor"))
    number = 0
    while not asked.done():
        for _ in range(3):
            number += 1
            flood.append(asyncio.create_task(request(f"new {number}")))
        await asyncio.sleep(0)
        assert len(taken) < 10
    await asyncio.gather(*flood)


async def test_clients_that_have_no_more_than_their_share_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_turns, "MOST_KNOWN", 20)
    turns = RequestTurns(asyncio.get_running_loop())

    async def request(client: str) -> None:
        await turns.come(client, is_behind=True)
        turns.spend_for(client, HTTP_SECONDS / 5)

    flood = [asyncio.create_task(request("flood")) for _ in range(220)]
    for number in range(200):
        await asyncio.create_task(request(f"client {number}"))
        assert len(turns._had) <= 21
    await asyncio.gather(*flood)
    await asyncio.sleep(0)
    assert not turns._had


async def test_while_requests_wait_the_loop_rests_as_long_as_they_took() -> None:
    turns = RequestTurns(asyncio.get_running_loop())
    began = perf_counter()
    for _ in range(10):
        await turns.come("flood", is_behind=True)
        turns.spend_for("flood", REST)
    await turns.come("flood", is_behind=True)
    assert perf_counter() - began > 9 * REST
    turns.spend_for("flood", REST)
    waits = asyncio.create_task(turns.come("flood", is_behind=True))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    coming = turns.come("monitor", is_behind=False)
    with pytest.raises(StopIteration):  # one that comes alone is taken up during a rest as well
        coming.send(None)
    assert not waits.done()
    await waits


async def test_a_turn_without_time_left_takes_up_no_more() -> None:
    turns = RequestTurns(asyncio.get_running_loop())
    turns.spend(HTTP_SECONDS * 2)
    coming = turns.come("monitor", is_behind=False)
    assert coming.send(None) is not None  # it waits
    coming.close()


async def test_a_request_whose_connection_has_gone_takes_no_turn() -> None:
    turns = RequestTurns(asyncio.get_running_loop())
    gone, next_one = (asyncio.create_task(turns.come(client, is_behind=True)) for client in ("gone", "monitor"))
    gone.cancel()
    await next_one
    await asyncio.sleep(0)
    assert len(turns) == 0


async def test_each_step_is_measured_and_a_cancelled_one_ends() -> None:
    spent: list[float] = []

    async def work() -> None:
        await asyncio.sleep(0)
        await asyncio.get_running_loop().create_future()

    async def measured() -> None:
        await Measured(work(), spent.append)

    task = asyncio.create_task(measured())
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(spent) == 3
