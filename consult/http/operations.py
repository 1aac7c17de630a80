"""The calls for operators: health and metrics."""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Literal, TypeVar

from peewee import DatabaseError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sanic.response import HTTPResponse, raw

from consult import replica_watch
from consult.contract import replies
from consult.contract.limits import PARKED_IDS
from consult.contract.operations import (
    HEALTH,
    METRICS,
    Health,
    Hook,
    Jobs,
    OffDisk,
    Parked,
    Queues,
    Replica,
    Status,
)
from consult.gateway import Gateway
from consult.hooks.hooks import Hooks, State
from consult.http.answers import json_answer
from consult.http.calls import Handlers
from consult.http.reads import Reads
from consult.http.request import Asked
from consult.loop_lag import LoopLag
from consult.process.version import VERSION
from consult.push import Push
from consult.wire.carriers import Carriers
from consult.wire.polling import Polling
from reminders.housekeeping import OK, Housekeeping
from reminders.loop import ReminderLoop
from store import files, occurrences, off_disk, parking
from store.backup import Daily
from store.clock import Clock, WireTime
from store.database import Database
from store.file import StoreFault
from store.histogram import Histogram
from store.outbox import Standing

Found = TypeVar("Found")

LONGEST_READ = 2.0  # seconds until the database is taken for silent
LONGEST_LOOK = 0.3  # seconds that an answer waits for what is found out meanwhile
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Counts(Collector):
    """Turns the plain counters of the objects that count into metrics; docs/operations.md lists them."""

    def __init__(
        self,
        gateway: Gateway,
        carriers: Carriers,
        polling: Polling,
        push: Push,
        turns: Mapping[str, Reads],
        database: Database,
        loop: ReminderLoop,
        lag: LoopLag,
        clock: Clock,
        hooks: Hooks | None,
        housekeeping: Housekeeping,
        daily: Daily,
        replica: replica_watch.ReplicaWatch,
    ) -> None:
        self.lag = lag
        self.replica = replica
        self._gateway = gateway
        self._carriers = carriers
        self._polling = polling
        self._push = push
        self._turns = turns
        self._database = database
        self._loop = loop
        self._clock = clock
        self._hooks = hooks
        self._housekeeping = housekeeping
        self._daily = daily
        self.off_disk: off_disk.Standing | None = None  # None without a folder on another disk
        self.standings: dict[str, Standing] | None = None  # of the hooks, by their names
        self.reminders_due: int | None = None
        self.parked: parking.Parked | None = None
        self.disk_free: int | None = None  # bytes that are left where the database is
        self.backed_up_at: int | None = None  # when the newest backup was made
        self.files: tuple[int, int] | None = None  # how many there are, and their bytes
        self._last_look: asyncio.Task[None] | None = None
        self._next_look: asyncio.Task[None] | None = None  # which has not begun

    async def look(self) -> None:
        """Find out what no counter counts; None for what cannot be found out. Under a flood that takes long: what was
        found out last is told then.

        All who ask while a look is under way share the next one: many who ask at once cost two looks.
        """
        if self._next_look is None:
            self._next_look = asyncio.create_task(self._look_after(self._last_look))
        done, _ = await asyncio.wait([self._next_look], timeout=LONGEST_LOOK)
        for look in done:
            look.result()

    async def _look_after(self, last: asyncio.Task[None] | None) -> None:
        if last is not None:
            await asyncio.wait([last])
        self._last_look, self._next_look = self._next_look, None
        found = await asyncio.gather(
            _asked_of_disk(self._disk),
            _read(occurrences.count_due(self._database, self._clock())),
            _read(parking.parked(self._database, PARKED_IDS)),
            _read(self._hooks.standings() if self._hooks is not None else _none()),
            _read(files.total(self._database)),
            _read(off_disk.standing(self._database) if self._daily.folder is not None else _none()),
        )
        disk, self.reminders_due, self.parked, self.standings, self.files, self.off_disk = found
        self.disk_free, self.backed_up_at = disk or (None, None)
        if self.off_disk is not None:
            self.backed_up_at = self.off_disk.copied_at

    def _disk(self) -> tuple[int, int | None]:
        """Return how many bytes are left, and when the newest backup beside the database was made."""
        free = shutil.disk_usage(self._database.path.parent).free
        # A folder on another disk is not asked: that disk may hang. The file tells of it.
        return free, self._daily.latest() if self._daily.folder is None else None

    @property
    def hooks(self) -> list[tuple[State, Standing]] | None:
        """Return how the hooks fare, and what waits for each; None where that is not known."""
        if self._hooks is None:
            return []
        if self.standings is None:
            return None
        return [
            (state, self.standings[state.listener.name])
            for state in self._hooks.states
            if state.listener.name in self.standings
        ]

    @property
    def queues(self) -> Queues:
        """Return how much waits where."""
        return Queues(
            writes=self._database.waiting,
            events=self._gateway.unanswered,
            unread_bytes=self._carriers.unread + self._polling.unread,
        )

    def collect(self) -> Iterator[Metric]:
        queues, database, loop = self.queues, self._database, self._loop
        connections = {"websocket": len(self._carriers.websockets), "polling": len(self._polling)}
        yield _gauge("connections", "Open connections.", "transport", connections)
        yield self._events()
        yield _gauge("events_unanswered", "Events that are not answered yet.", value=queues.events)
        limited = {**self._gateway.limits.refused, **{name: one.refused for name, one in self._turns.items()}}
        yield _counter("rate_limited", "What was asked beyond a limit.", "limit", limited)
        yield _counter("cuts", "Connections that the server ended.", "reason", self._carriers.cuts)
        guard = self._gateway.guard
        checks = CounterMetricFamily("careline_token_checks", "Tokens that were shown.", labels=["where", "result"])
        for labels, count in (guard.checks if guard else {}).items():
            checks.add_metric(labels, count)
        yield checks
        recovery = self._gateway.recovery
        came = {"brought back": recovery.brought_back, "not found": recovery.not_found}
        yield _counter("recoveries", "Clients that showed a pid.", "result", came)
        lost = guard.audit.lost if guard else 0
        yield CounterMetricFamily("careline_audit_lost", "Rows of the audit that were lost.", lost)
        yield _gauge("unread_bytes", "What clients were sent and have not taken.", value=queues.unread_bytes)
        yield CounterMetricFamily("careline_messages", "Messages published.", self._push.messages)
        yield CounterMetricFamily("careline_deliveries", "Broadcasts to one connection each.", self._push.deliveries)
        yield _histogram("commit_writes", "Writes in a transaction.", database.commit_writes)
        yield _histogram("commit_seconds", "From a batch of writes to its commit.", database.commit_seconds)
        yield _gauge("writes_waiting", "Writes that wait for their transaction.", value=queues.writes)
        refused = {"too many waiting": database.refused_at_once, "waited too long": database.refused_late}
        yield _counter("writes_refused", "Writes that were refused.", "reason", refused)
        yield _gauge(
            "reminders_due", "Reminders whose time has come and that have not fired.", value=self.reminders_due
        )
        yield _gauge(
            "reminders_parked",
            "Reminder tasks that are parked.",
            value=None if self.parked is None else self.parked.count,
        )
        yield _histogram(
            "reminder_lateness_seconds", "From the time of the earliest of a tick to its commit.", loop.lateness
        )
        yield CounterMetricFamily("careline_reminders_fired", "Occurrences of reminders that fired.", loop.fired)
        yield CounterMetricFamily("careline_notifications_written", "Notifications written.", self._push.notifications)
        yield CounterMetricFamily(
            "careline_notifications_handed", "Notifications delivered to connections.", self._push.handed
        )
        yield _histogram("loop_lag_seconds", "How late the event loop was, four times a second.", self.lag.seconds)
        yield from self._of_hooks()
        kept: tuple[int | None, int | None] = self.files or (None, None)
        yield _gauge("files", "Files that were uploaded and are kept.", value=kept[0])
        yield _gauge("file_bytes", "Bytes of these files.", value=kept[1])
        standing = self.replica.standing
        behind = None if standing is None else standing.behind // 1000
        yield _gauge("replica_behind_seconds", "For how long a change has waited for the replica.", value=behind)
        yield _gauge("disk_free_bytes", "Room on the disk that the database is on.", value=self.disk_free)

        yield from self._of_copies()

    def _of_copies(self) -> Iterator[Metric]:
        outcomes = self._housekeeping.outcomes.items()
        failing = {name: int(outcome.result != OK) for name, outcome in outcomes if outcome is not None}
        yield _gauge("job_failing", "Whether a job failed the last time, 0 or 1.", "job", failing)
        copied_at = None if self.off_disk is None else self.off_disk.copied_at
        age = None if copied_at is None else max(0, self._clock() - copied_at) // 1000
        yield _gauge("off_disk_copy_age_seconds", "Age of the newest copy on another disk.", value=age)
        drilled = None if self.off_disk is None else self.off_disk.drilled
        is_ok = None if drilled is None else int(drilled.is_ok)
        yield _gauge("drill_ok", "Whether the last drill found nothing wrong, 0 or 1.", value=is_ok)

    def _of_hooks(self) -> Iterator[Metric]:
        hooks = {state.listener.name: (state, standing) for state, standing in self.hooks or ()}
        told = {name: state.delivered for name, (state, _) in hooks.items()}
        yield _counter("hook_deliveries", "Events that hooks were told.", "hook", told)
        failed = {name: state.failed for name, (state, _) in hooks.items()}
        yield _counter("hook_failures", "Attempts to tell a hook that failed.", "hook", failed)
        waiting = {name: standing.waiting for name, (_, standing) in hooks.items()}
        yield _gauge("hook_events_waiting", "Events that wait for a hook.", "hook", waiting)
        now = self._clock()
        age = {
            name: 0 if standing.oldest is None else max(0, now - standing.oldest) // 1000
            for name, (_, standing) in hooks.items()
        }
        yield _gauge("hook_oldest_seconds", "For how long the first of them has waited.", "hook", age)
        dead = {name: standing.dead for name, (_, standing) in hooks.items()}
        yield _gauge("hook_dead_letters", "Events that were given up and are kept.", "hook", dead)

    def _events(self) -> Metric:
        events = CounterMetricFamily("careline_events", "Events answered.", labels=["event", "result"])
        for name, handler in self._gateway.handlers.items():
            events.add_metric([name, "ok"], handler.answered)
            for code, count in handler.faults.items():
                events.add_metric([name, code], count)
        for code, count in self._gateway.unknown.items():
            events.add_metric(["unknown", code], count)
        return events


def _gauge(
    name: str, told: str, label: str | None = None, values: Mapping[str, int] | None = None, value: int | None = None
) -> Metric:
    family = GaugeMetricFamily(f"careline_{name}", told, labels=[label] if label else None)
    for key, one in (values or {}).items():
        family.add_metric([key], one)
    if value is not None:
        family.add_metric([], value)
    return family


def _counter(name: str, told: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"careline_{name}", told, labels=[label])
    for key, count in counts.items():
        family.add_metric([key], count)
    return family


def _histogram(name: str, told: str, observed: Histogram) -> Metric:
    buckets, so_far = [], 0
    for bound, count in zip((*map(float, observed.bounds), "+Inf"), observed.counts, strict=True):
        so_far += count
        buckets.append((str(bound), so_far))
    return HistogramMetricFamily(f"careline_{name}", told, buckets, observed.sum)


def _hook(state: State, standing: Standing, time: WireTime) -> Hook:
    is_failing = standing.failing_since is not None
    return Hook(
        name=state.listener.name,
        state="off" if state.is_off else "failing" if is_failing else "ok",
        waiting=standing.waiting,
        oldest=None if standing.oldest is None else time.text(standing.oldest),
        failing_since=None if standing.failing_since is None else time.text(standing.failing_since),
        last_error=standing.last_error,
        dead_letters=standing.dead,
        lost=standing.lost,
    )


def _off_disk(known: off_disk.Standing, now: int, time: WireTime) -> OffDisk:
    copied_at, drilled = known.copied_at, known.drilled
    return OffDisk(
        last_copy=None if copied_at is None else time.text(copied_at),
        age_seconds=None if copied_at is None else max(0, now - copied_at) // 1000,
        last_drill=None if drilled is None else time.text(drilled.at),
        drill=None if drilled is None else "ok" if drilled.is_ok else "failing",
        drill_result=None if drilled is None else drilled.text,
    )


def _replica(standing: replica_watch.Standing | None, time: WireTime) -> Replica | None:
    if standing is None:
        return None
    since = None if standing.since is None else time.text(standing.since)
    return Replica(state=standing.state, behind_seconds=round(standing.behind / 1000, 1), since=since)


async def _none() -> None:
    """What there is to read where there are no hooks, or no folder on another disk."""


async def _read(reading: Awaitable[Found]) -> Found | None:
    """Return what is read; None where the database cannot say it in time."""
    with suppress(DatabaseError, sqlite3.Error, StoreFault, TimeoutError):
        async with asyncio.timeout(LONGEST_READ):
            return await reading
    return None


async def _asked_of_disk(ask: Callable[[], Found]) -> Found | None:
    # In a thread: a disk that hangs holds up the answer that asks for it, and nothing else.
    try:
        return await asyncio.to_thread(ask)
    except OSError:
        return None


class Operations:
    def __init__(
        self,
        counts: Counts,
        database: Database,
        time: WireTime,
        loop: ReminderLoop,
        housekeeping: Housekeeping,
        daily: Daily,
    ) -> None:
        self._counts = counts
        self._database = database
        self._time = time
        self._loop = loop
        self._housekeeping = housekeeping
        self._daily = daily
        self._registry = CollectorRegistry()
        self._registry.register(counts)

    def handlers(self) -> Handlers:
        """By their rows."""
        return {HEALTH: self.health, METRICS: self.metrics}

    async def health(self, asked: Asked[None, None]) -> HTTPResponse:
        counts, time = self._counts, self._time
        # At once: under a flood each goes through many turns of the loop.
        looked = asyncio.create_task(counts.look()) if asked.asker.is_operator else None
        database_fault, loop_fault = await self._database.probe(), self._loop.fault
        status: Literal["ok", "failing"] = "ok" if database_fault is None and loop_fault is None else "failing"
        http_status = HEALTH.status if status == "ok" else 503
        if looked is None:
            return json_answer(Status(status=status), http_status)
        await looked
        parked = counts.parked
        copies = counts.off_disk
        health = Health(
            status=status,
            version=VERSION,
            database=database_fault or "ok",
            reminders=loop_fault or "ok",
            reminders_due=counts.reminders_due,
            parked=None if parked is None else Parked(count=parked.count, ids=parked.ids),
            clock=replies.clock(self._loop.clock, time),
            loop_lag_ms=round(counts.lag.worst * 1000, 1),
            queues=counts.queues,
            disk_free_bytes=counts.disk_free,
            last_backup=None if counts.backed_up_at is None else time.text(counts.backed_up_at),
            off_disk=None if copies is None else _off_disk(copies, self._loop.clock(), time),
            replica=_replica(counts.replica.standing, time),
            hooks=None if counts.hooks is None else [_hook(*one, time) for one in counts.hooks],
            jobs=Jobs(**{name: replies.job(outcome, time) for name, outcome in self._housekeeping.outcomes.items()}),
        )
        return json_answer(health, http_status)

    async def metrics(self, _: Asked[None, None]) -> HTTPResponse:
        await self._counts.look()
        return raw(generate_latest(self._registry), content_type=METRICS_TYPE)
