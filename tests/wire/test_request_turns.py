"""HTTP requests are taken up one in a turn of the loop when there are many, the clients round robin."""

from __future__ import annotations

import asyncio

import pytest

from consult.wire.request_turns import HTTP_SECONDS, Measured, RequestTurns


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
