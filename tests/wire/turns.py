"""Careline that counts what one connection is served between two turns of all the others, and tells it in /metrics."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from prometheus_client.core import GaugeMetricFamily, Metric
from websockets.protocol import Protocol as WebsocketProtocol

import main
from consult.gateway import Gateway
from consult.http.operations import Counts
from consult.wire import http_syntax
from consult.wire.door import Door

_receive, _received, _collect = WebsocketProtocol.recv_frame, Gateway.received, Counts.collect
_read_chunk_size, _connection_made = http_syntax.read_chunk_size, Door.connection_made

in_turn: Counter[tuple[str, int]] = Counter()  # by what is counted, and by connection, in the present turn
most: Counter[str] = Counter()  # that one connection had in one turn
in_all: Counter[str] = Counter()


def count(what: str, connection: object | None) -> None:
    if not in_turn:
        asyncio.get_running_loop().call_soon(in_turn.clear)
    in_turn[what, id(connection)] += 1
    in_all[what] += 1
    most[what] = max(most[what], in_turn[what, id(connection)])


def receive(self: WebsocketProtocol, frame: Any) -> None:
    count("frames", self)
    _receive(self, frame)


def received(self: Gateway, connection: Any, packet: bytes) -> None:
    count("packets", connection)
    _received(self, connection, packet)


def connection_made(self: Door, transport: asyncio.BaseTransport) -> None:
    count("connections", None)  # all of them
    _connection_made(self, transport)


def read_chunk_size(line: bytes) -> int:
    count("chunks", None)  # of all connections
    return _read_chunk_size(line)


def collect(self: Counts) -> Iterator[Metric]:
    yield from _collect(self)
    for name, counter in (("most_in_a_turn", most), ("parsed", in_all)):
        family = GaugeMetricFamily(name, name, labels=["of"])
        for label, number in counter.items():
            family.add_metric([label], number)
        yield family


for owner, name, counted in (
    (WebsocketProtocol, "recv_frame", receive),
    (Gateway, "received", received),
    (Counts, "collect", collect),
    (http_syntax, "read_chunk_size", read_chunk_size),
    (Door, "connection_made", connection_made),
):
    assert hasattr(owner, name)
    setattr(owner, name, counted)

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
