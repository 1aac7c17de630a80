"""Careline with counters at its costly places: the program as it is, which tells in /metrics what it has done."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import weakref
from collections import Counter
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import uvloop
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

import main
from consult import json_text, packets
from consult.contract.messages import Message
from consult.http.operations import Counts
from consult.wire import carriers, door, polling, sending, websocket
from consult.wire.carriers import Carriers
from consult.wire.polling import Polling, PollingSession
from consult.wire.websocket import Websocket

tasks: Counter[tuple[str, str]] = Counter()  # by who made them, and what they run
frames: Counter[str] = Counter()  # encoded for websockets, by the event in them
messages: Counter[str] = Counter()  # written as JSON
writes: Counter[str] = Counter()  # to the socket or its transport, by connection
alive: Counter[str] = Counter()  # what connections are made of

_numbers = itertools.count()
_new_event_loop = uvloop.new_event_loop
_framed = packets.framed
_encode = json_text._encode
_collect = Counts.collect
_send = sending.send


def new_event_loop() -> asyncio.AbstractEventLoop:
    loop = _new_event_loop()

    def factory(
        loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **given: Any
    ) -> asyncio.Task[Any]:
        maker = asyncio.current_task(loop)
        made_by = maker.get_coro().__qualname__ if maker else "the loop"  # type: ignore[union-attr]
        tasks[made_by, getattr(coroutine, "__qualname__", "?")] += 1
        return asyncio.Task(coroutine, loop=loop, **given)

    loop.set_task_factory(factory)  # type: ignore[arg-type]
    return loop


def framed(packet: bytes) -> bytes:
    frames[packet.partition(b",")[0].decode()] += 1
    return _framed(packet)


def encode(value: Any) -> bytes:
    if isinstance(value, Message):
        messages["message"] += 1
    return _encode(value)


class Transport:
    """A transport whose writes are counted."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._name = str(next(_numbers))

    def write(self, data: bytes) -> None:
        writes[self._name] += 1
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def send(descriptor: int, data: bytes) -> int:
    writes[f"descriptor {descriptor}"] += 1
    return _send(descriptor, data)


class CountedWebsocket(Websocket):
    __slots__ = ("__weakref__",)

    def __init__(
        self, carriers: Carriers, transport: Any, protocol: Any, address: str, upgrade_of: PollingSession | None
    ) -> None:
        super().__init__(carriers, Transport(transport), protocol, address, upgrade_of)  # type: ignore[arg-type]
        alive["carrier"] += 1
        alive["protocol"] += 1
        weakref.finalize(self, alive.subtract, ["carrier"])
        weakref.finalize(protocol, alive.subtract, ["protocol"])


class CountedSession(PollingSession):
    def __init__(self, polling: Polling, sid: str, address: str) -> None:
        super().__init__(polling, sid, address)
        alive["session"] += 1
        weakref.finalize(self, alive.subtract, ["session"])


def collect(self: Counts) -> Iterator[Metric]:
    yield from _collect(self)
    made = CounterMetricFamily("counted_tasks", "Tasks.", labels=["by", "runs"])
    for labels, count in tasks.items():
        made.add_metric(labels, count)
    yield made
    for name, counter in (("frames", frames), ("messages", messages), ("writes", writes)):
        family = CounterMetricFamily(f"counted_{name}", name, labels=["of"])
        for label, count in counter.items():
            family.add_metric([label], count)
        yield family
    lying = GaugeMetricFamily("alive", "What connections are made of.", labels=["of"])
    for label, count in alive.items():
        lying.add_metric([label], count)
    yield lying


carriers.GIVE_BACK_AFTER = 50  # so that a small wave is enough

PLACES: tuple[tuple[Any, str, Any], ...] = (
    (uvloop, "new_event_loop", new_event_loop),
    (packets, "framed", framed),
    (json_text, "_encode", encode),
    (Counts, "collect", collect),
    (door, "Websocket", CountedWebsocket),
    (polling, "PollingSession", CountedSession),
    (websocket, "send", send),
)
for owner, name, counted in PLACES:
    assert hasattr(owner, name)
    setattr(owner, name, counted)

# What only the collector would find stays where it is, and is seen.
gc.disable()

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
