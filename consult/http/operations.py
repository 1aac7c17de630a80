"""The pages, the protocol as data, and what those who run the server ask of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sanic import Request, Sanic
from sanic.response import HTTPResponse, file, raw

from consult.contract import replies
from consult.contract.document import protocol
from consult.contract.faults import Fault
from consult.gateway import Gateway
from consult.http.answers import json_answer
from consult.json_text import dumps
from consult.push import Push
from consult.wire.carriers import Carriers
from consult.wire.polling import Polling
from reminders.housekeeping import Housekeeping
from reminders.loop import ReminderLoop
from store.clock import WireTime
from store.database import Database

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Counts(Collector):
    """Turns the plain counters of the objects that count into metrics."""

    def __init__(
        self,
        gateway: Gateway,
        carriers: Carriers,
        polling: Polling,
        push: Push,
        database: Database,
        loop: ReminderLoop,
    ) -> None:
        self._gateway = gateway
        self._carriers = carriers
        self._polling = polling
        self._push = push
        self._database = database
        self._loop = loop

    def collect(self) -> Iterator[Metric]:
        connections = GaugeMetricFamily("careline_connections", "Open connections.", labels=["transport"])
        connections.add_metric(["websocket"], len(self._carriers.websockets))
        connections.add_metric(["polling"], len(self._polling))
        yield connections
        events = CounterMetricFamily("careline_events", "Events received.", labels=["event", "result"])
        for (name, result), count in self._gateway.events.items():
            events.add_metric([name, result], count)
        yield events
        cuts = CounterMetricFamily("careline_cuts", "Connections that the server ended.", labels=["reason"])
        for reason, count in self._carriers.cuts.items():
            cuts.add_metric([reason], count)
        yield cuts
        checks = CounterMetricFamily("careline_token_checks", "Tokens that were shown.", labels=["where", "result"])
        for labels, count in (self._gateway.guard.checks if self._gateway.guard else {}).items():
            checks.add_metric(labels, count)
        yield checks
        yield CounterMetricFamily("careline_messages", "Messages published.", self._push.messages)
        yield CounterMetricFamily("careline_deliveries", "Broadcasts to one connection each.", self._push.deliveries)
        yield CounterMetricFamily("careline_reminders_fired", "Reminders that became notifications.", self._loop.fired)
        yield CounterMetricFamily("careline_commits", "Transactions committed.", self._database.commits)
        yield CounterMetricFamily("careline_writes", "Writes committed.", self._database.writes)
        yield CounterMetricFamily("careline_writes_refused", "Writes refused.", self._database.refused)
        yield GaugeMetricFamily("careline_writes_waiting", "Writes waiting for their commit.", self._database.waiting)


def add_routes(
    app: Sanic[Any, Any],
    static: Path,
    version: str,
    time: WireTime,
    database: Database,
    loop: ReminderLoop,
    housekeeping: Housekeeping,
    counts: Counts,
) -> None:
    registry = CollectorRegistry()
    registry.register(counts)
    # By name, since Sanic's own way fails over names that no file can have.
    files = {path.relative_to(static).as_posix(): path for path in static.rglob("*") if path.is_file()}
    protocol_json = dumps({"version": version, "timezone": str(time.zone), **protocol()})

    @app.route("/static/<name:path>", methods=["GET", "HEAD"])
    async def file_of_page(request: Request, name: str) -> HTTPResponse:
        if name not in files:
            raise Fault("NOT_FOUND")
        return await file(files[name], request_headers=request.headers)

    @app.get("/")
    async def console(_: Request) -> HTTPResponse:
        return await file(static / "index.html", headers={"cache-control": "no-cache"})

    @app.get("/docs")
    async def docs(_: Request) -> HTTPResponse:
        return await file(static / "docs.html", headers={"cache-control": "no-cache"})

    @app.get("/protocol.json")
    async def protocol_data(_: Request) -> HTTPResponse:
        return json_answer(protocol_json)

    @app.get("/health")
    async def health(_: Request) -> HTTPResponse:
        database_fault, loop_fault = await database.probe(), loop.fault
        failing = database_fault is not None or loop_fault is not None
        body = {
            "status": "failing" if failing else "ok",
            "version": version,
            "database": database_fault or "ok",
            "reminders": loop_fault or "ok",
            "jobs": {name: replies.job(outcome, time) for name, outcome in housekeeping.outcomes.items()},
        }
        return json_answer(body, 503 if failing else 200)

    @app.get("/metrics")
    async def metrics(_: Request) -> HTTPResponse:
        return raw(generate_latest(registry), content_type=METRICS_TYPE)
