"""The front door: each subcommand's way through the house, and how the house is put together."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import uvloop
from peewee import DatabaseError
from sanic import Sanic

from consult.answering import Answering
from consult.contract.fields import MAX_BYTES
from consult.documents.formats import FORMATS, documents
from consult.entry.access import EVERYWHERE, Access
from consult.entry.guard import Guard
from consult.entry.limits import Limits
from consult.entry.proxies import Proxies
from consult.events import join_question
from consult.events.table import handlers
from consult.gateway import Gateway
from consult.http import admission, answers, calls, entry
from consult.http.answers import Writing
from consult.http.notifications import Notifications
from consult.http.operations import Counts, Operations
from consult.http.pages import Pages
from consult.http.questions import Questions
from consult.http.reads import Reads
from consult.http.reminders import Reminders
from consult.http.request import Request
from consult.loop_lag import LoopLag
from consult.process import command_line, entry_commands, install, log_lines, status
from consult.process.settings import Settings, SettingsFault
from consult.process.settings import read as read_settings
from consult.process.standard_streams import fail, tell
from consult.process.start import Start
from consult.process.systemd import Systemd
from consult.process.version import in_words, notices
from consult.push import Push
from consult.rooms import Rooms
from consult.wire.carriers import Carriers
from consult.wire.door import Doors, close_http
from consult.wire.listening import ListenFault, accept, bind, url
from consult.wire.memory import bound_allocator
from consult.wire.polling import Polling
from consult.wire.share import Allowed
from consult.wire.tls import Tls
from reminders.clock_watch import ClockWatch, steady_clock
from reminders.housekeeping import Housekeeping
from reminders.jobs import Keep, jobs
from reminders.loop import ReminderLoop
from reminders.work import RuleWork
from store import backup, clock_faults, messages, notifications, restore, schema, sequences
from store.clock import Clock, WireTime, machine_zone, system_clock
from store.database import Database
from store.file import StoreFault
from store.questions import Lookup

STATIC = Path(__file__).parent / "static"
SANIC = {
    "ACCESS_LOG": False,
    "FALLBACK_ERROR_FORMAT": "json",
    "KEEP_ALIVE_TIMEOUT": 60,  # seconds, as are the next two
    "REQUEST_TIMEOUT": 20,
    "RESPONSE_TIMEOUT": 60,  # a long poll waits for up to 45
    "REQUEST_MAX_SIZE": MAX_BYTES,
    "MOTD": False,
    "TOUCHUP": False,
}

LAST_WRITES = 0.7  # seconds of a stop; with those of the sockets (carriers.py, door.py) well below two

log = logging.getLogger("careline")


async def serve(settings: Settings, zone: ZoneInfo, clock: Clock, listening: socket.socket) -> None:
    """Opens the database, serves, and closes it whatever happens: an open one would keep the process alive."""
    database = Database(settings.database)
    try:
        if settings.backup_before_migration:
            backup.before_migration(settings.database)
        for name in schema.migrate(settings.database):
            log.info("the database was brought to schema %s", name)
        for name in sequences.mend(settings.database):
            log.warning("the count of ids of the table %s was not sound: it goes on from the highest id", name)
        await database.open()
        await serve_from(database, settings, zone, clock, listening)
    except DatabaseError as fault:
        raise StoreFault(f"cannot use {settings.database}: {fault}") from fault
    finally:
        await database.close()


def bring_up_to_date(path: Path, start: Start, *, backed_up: bool) -> None:
    """Migrates the database, after a backup where that is wanted, until it is asked to end."""
    if not schema.status(path).applied:
        schema.migrate(path)  # a new one, which takes a moment
        return
    try:
        if backed_up:
            backup.before_migration(
                path, lambda share: start.going("copying the database before its migration", f"{share:.0%}")
            )
        schema.migrate(path, start.going)
    except StoreFault:
        if not start.stopped:
            raise


async def serve_from(
    database: Database, settings: Settings, zone: ZoneInfo, clock: Clock, listening: socket.socket
) -> None:
    """Builds the house from the inside out, serves until SIGINT or SIGTERM, and takes it down in reverse."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if start.stopped:
        stop.set()
    clock = ClockWatch(clock, steady_clock, await clock_faults.last_proven(database))
    time = WireTime(zone)
    systemd = start.systemd

    secret_file = settings.auth_secret_file
    guard = Guard(secret_file, database, clock) if secret_file else None
    rooms, lookup = Rooms(), Lookup(database)
    push = Push(rooms, database, time, clock, settings.outbox_bytes)
    push.last_message_id = await messages.latest_id(database)
    push.last_notification_id = await notifications.latest_id(database)
    daily = backup.Daily(database.path, settings.daily_backups, lambda: time.text(clock())[:10])
    keep = Keep(settings.read_notification_days, settings.closed_question_days, settings.audit_days)
    house_jobs = jobs(database, clock, daily, keep, partial(join_question.deleted, lookup, rooms))
    housekeeping = Housekeeping(house_jobs, clock)
    work = RuleWork()
    loop = ReminderLoop(database, clock, zone, push.published, work, housekeeping, systemd.alive)
    answering = Answering(database, push, time, clock, loop.wake)
    limits = Limits(settings.allowance)
    gateway = Gateway(
        handlers(database, lookup, rooms, push, answering, time, clock),
        rooms,
        push,
        limits,
        guard,
    )
    allowed = Allowed.beyond(settings.connection_events, settings.connection_bytes)
    carriers = Carriers(gateway, settings.outbox_bytes, allowed)
    tls = Tls(settings.tls_certificate, settings.tls_key) if settings.tls_certificate and settings.tls_key else None
    carriers.loop.add_signal_handler(signal.SIGHUP, partial(reload, tls, guard))
    access = Access(
        settings.host,
        settings.allowed_hosts,
        settings.allowed_origins,
        tls is not None,
        Proxies(settings.trusted_proxies),
        guard is not None,
    )
    polling = Polling(carriers, access)

    app = Sanic("careline", configure_logging=False, request_class=Request)  # type: ignore[arg-type]
    app.config.update(SANIC)
    reads, writing = Reads(access), Writing(database, clock)
    answers.install(app, access)
    admission.install(app, limits, access, polling, guard)
    if guard is not None:
        entry.install(app, guard, access)
        await guard.open()
    lag = LoopLag()
    counts = Counts(gateway, carriers, polling, push, reads, database, loop, lag, clock)
    pages = Pages(STATIC, time, guard is not None)
    nouns = (
        Questions(database, writing, time, clock),
        Reminders(database, writing, time, clock, loop, work, limits),
        Notifications(database, writing, time, answering),
        Operations(counts, database, time, loop, housekeeping, daily),
        pages,
    )
    calls.add_routes(app, {row: handler for noun in nouns for row, handler in noun.handlers().items()}, database, reads)
    pages.add_files(app)
    polling.add_route(app)

    doors = Doors(carriers, polling, access)
    server = await accept(app, listening, doors, tls)
    carriers.start()
    loop.start()
    lag.start()
    if guard is not None:
        guard.start(gateway.send_away)
    # What is here now stays, and connections hold no cycles: the collector need not walk them all for every wave, which
    # takes 20 µs each. It still has to come often to what is new, for the cycles that a reading leaves with its rows.
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 50)
    # The writer's thread and the loop take turns within a batch; at Python's 5 ms each turn could cost that much.
    sys.setswitchinterval(0.0005)
    where = url(settings.host, listening, tls)
    print(f"Careline listening on {where}", flush=True)  # noqa: T201
    if settings.host in EVERYWHERE and not settings.allowed_hosts:
        log.info("answered as hosts: loopback names and this machine's own addresses; --allowed-hosts names others")
    systemd.ready(where)

    await stop.wait()
    log.info("stopping")
    systemd.stopping()
    server.close()
    # What is under way is acknowledged before the sockets close; a database that hangs is not waited for.
    last = [asyncio.create_task(coroutine) for coroutine in (loop.stop(), database.settle())]
    await asyncio.wait(last, timeout=LAST_WRITES)
    await polling.close()
    await carriers.close()
    await gateway.close()
    await close_http(server.connections)
    if guard is not None:
        await guard.close()
    await server.after_stop()


def reload(tls: Tls | None, guard: Guard | None) -> None:
    """SIGHUP: read the certificate and the signing keys again."""
    if tls is not None:
        tls.reload()
    if guard is not None:
        guard.reload_keys()
    if tls is None and guard is None:
        log.info("SIGHUP is ignored: there is neither a certificate nor a key file to read again")


def run(settings: Settings, clock: Clock = system_clock) -> int:
    """`careline serve`."""
    bound_allocator()
    # While it starts there is nothing to read again yet, and a SIGHUP must not end it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    zone = settings.timezone or machine_zone()
    log.info("times are shown in the zone %s", zone)
    try:
        listening = listen(settings.host, settings.port)
    except OSError as fault:
        return fail(f"cannot listen on {settings.host} port {settings.port}: {fault.strerror}")
    with listening, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, zone, clock, listening))
    return 0


def main(arguments: list[str]) -> int:
    words = command_line.read(arguments)
    command = words.command
    if command == "version":
        return tell(in_words())
    if command == "notices":
        return tell(notices())
    if command == "install":
        return tell(install.UNIT_TEXT) if words.shown else install.install(words.agreed, words.with_tokens)
    if command == "protocol":
        return tell(documents()[FORMATS[words.form]])
    if command == "key":
        return entry_commands.key(words.file)
    try:
        settings = read_settings(words.options, os.environ, command in ("serve", "check"))
    except SettingsFault as faults:
        for line in str(faults).splitlines():
            fail(line)
        return 2
    log_lines.begin(settings.log_level)
    try:
        match command:
            case "serve":
                return run(settings)
            case "status":
                return status.show(settings)
            case "check":
                done = f"settings: ok\ndatabase: {schema.check(settings.database)}"
            case "token":
                return entry_commands.token(words.given, settings, system_clock)
            case "audit":
                return entry_commands.audit_rows(words.given, settings, WireTime(settings.timezone or machine_zone()))
            case "backup":
                done = backup.by_hand(settings.database, words.file)
            case _:
                time = WireTime(settings.timezone or machine_zone())
                done = restore.by_hand(settings.database, words.file, time.text, system_clock(), words.agreed)
    except StoreFault as fault:
        return fail(str(fault))
    return tell(f"{done}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
