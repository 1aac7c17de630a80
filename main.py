"""The front door: one table of settings, and each subcommand's way through the house."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import uvloop
from peewee import DatabaseError
from sanic import Sanic

from consult.answering import Answering
from consult.contract.fields import MAX_BYTES
from consult.documents.formats import FORMATS, documents
from consult.entry.access import EVERYWHERE, Access
from consult.entry.guard import Guard
from consult.entry.limits import Allowance, Limits
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
from consult.process import command_line, entry_commands, install, log_lines, settings, status
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

COMMANDS = (
    "serve",
    "check",
    "status",
    "backup",
    "restore",
    "key",
    "token",
    "audit",
    "protocol",
    "install",
    "version",
    "notices",
)
SETTINGS = (
    settings.Setting("--host", "127.0.0.1", settings.host, "address to listen on"),
    settings.Setting("--port", "8000", settings.port, "TCP port; 0 takes a free one"),
    settings.Setting("--database", "careline.db", settings.path, "path of the SQLite file, made when missing"),
    settings.Setting("--timezone", "", settings.zone, "IANA time zone of the clinic; the machine's when left out"),
    settings.Setting("--log-level", "info", settings.level, "debug, info, warning or error"),
    settings.Setting("--auth-secret-file", "", settings.optional_path, "the signing keys; every client needs a token"),
    settings.Setting("--allow-open", "false", settings.flag, "listen on a non-loopback address without tokens"),
    settings.Setting("--allowed-origins", "", settings.origins, "comma-separated browser origins that are let in"),
    settings.Setting("--allowed-hosts", "", settings.names, "comma-separated Host headers that are answered"),
    settings.Setting("--trusted-proxies", "", settings.networks, "addresses of proxies that tell the clients' own"),
    settings.Setting("--tls-certificate", "", settings.optional_path, "PEM file of the certificate and its chain"),
    settings.Setting("--tls-key", "", settings.optional_path, "PEM file of its key; both are read again on SIGHUP"),
    settings.Setting("--outbox-bytes", "1048576", settings.size, "what a client may leave unread before it is cut off"),
    settings.Setting("--connection-events", "5000", settings.count, "events a second from one connection; 0: no limit"),
    settings.Setting("--connection-bytes", "8000000", settings.count, "bytes a second of them; 0: no limit"),
    settings.Setting("--address-events", "0", settings.count, "events a second from one address; 0: no limit"),
    settings.Setting("--address-connections", "0", settings.count, "connections from one address; 0: no limit"),
    settings.Setting("--user-events", "", settings.optional_count, "events and requests a second of one user; 0: any"),
    settings.Setting("--user-bytes", "", settings.optional_count, "bytes a second that one user sends; 0: any"),
    settings.Setting("--user-reads", "", settings.optional_count, "bytes a second that one user reads; 0: any"),
    settings.Setting("--user-rows", "", settings.optional_count, "messages and changes a day of one user; 0: any"),
    settings.Setting("--user-changes", "", settings.optional_count, "changes of reminders a day of one user; 0: any"),
    settings.Setting("--user-reminders", "", settings.optional_count, "pending reminders for one user; 0: any"),
    settings.Setting("--stranger-requests", "1000", settings.count, "requests a second without token, by address"),
    settings.Setting("--stranger-tokens", "100", settings.count, "bad tokens a second of one address; 0: any"),
    settings.Setting("--stranger-connections", "2000", settings.count, "connections, no token, of one address; 0: any"),
    settings.Setting("--backup-before-migration", "true", settings.flag, "keep the database as it was before one"),
    settings.Setting("--daily-backups", "7", settings.count, "how many are kept beside the database; 0: none is made"),
    settings.Setting("--read-notification-days", "0", settings.days, "read ones are deleted after so many; 0: never"),
    settings.Setting("--closed-question-days", "0", settings.days, "deleted after so many, with messages; 0: never"),
    settings.Setting("--audit-days", "365", settings.days, "who did what is kept for so many; 0: for ever"),
)


async def serve(
    chosen: Mapping[str, Any], zone: ZoneInfo, clock: Clock, listening: socket.socket, start: Start
) -> None:
    """Opens the database, serves, and closes it whatever happens: an open one would keep the process alive."""
    database = Database(chosen["database"])
    try:
        bring_up_to_date(chosen["database"], start, backed_up=chosen["backup_before_migration"])
        if start.stopped:
            log.info("stopped while %s: nothing is lost, and the next start goes on from there", start.doing)
            return
        for name in sequences.mend(chosen["database"]):
            log.warning("the count of ids of the table %s was not sound: it goes on from the highest id", name)
        await database.open()
        await serve_from(database, chosen, zone, clock, listening, start)
    except DatabaseError as fault:
        raise StoreFault(f"cannot use {chosen['database']}: {fault}") from fault
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
    database: Database,
    chosen: Mapping[str, Any],
    zone: ZoneInfo,
    clock: Clock,
    listening: socket.socket,
    start: Start,
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

    secret_file = chosen["auth_secret_file"]
    guard = Guard(secret_file, database, clock) if secret_file else None
    rooms, lookup = Rooms(), Lookup(database)
    push = Push(rooms, database, time, clock, chosen["outbox_bytes"])
    push.last_message_id = await messages.latest_id(database)
    push.last_notification_id = await notifications.latest_id(database)
    daily = backup.Daily(database.path, chosen["daily_backups"], lambda: time.text(clock())[:10])
    keep = Keep(chosen["read_notification_days"], chosen["closed_question_days"], chosen["audit_days"])
    house_jobs = jobs(database, clock, daily, keep, partial(join_question.deleted, lookup, rooms))
    housekeeping = Housekeeping(house_jobs, clock)
    work = RuleWork()
    loop = ReminderLoop(database, clock, zone, push.published, work, housekeeping, systemd.alive)
    answering = Answering(database, push, time, clock, loop.wake)
    limits = Limits(Allowance.chosen(chosen, guard is not None))
    gateway = Gateway(
        handlers(database, lookup, rooms, push, answering, time, clock),
        rooms,
        push,
        limits,
        guard,
    )
    allowed = Allowed.beyond(chosen["connection_events"], chosen["connection_bytes"])
    carriers = Carriers(gateway, chosen["outbox_bytes"], allowed)
    tls = Tls(chosen["tls_certificate"], chosen["tls_key"]) if chosen["tls_certificate"] else None
    carriers.loop.add_signal_handler(signal.SIGHUP, partial(reload, tls, guard))
    access = Access(
        chosen["host"],
        chosen["allowed_hosts"],
        chosen["allowed_origins"],
        tls is not None,
        Proxies(chosen["trusted_proxies"]),
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
    where = url(chosen["host"], listening, tls)
    print(f"Careline listening on {where}", flush=True)  # noqa: T201
    if chosen["host"] in EVERYWHERE and not chosen["allowed_hosts"]:
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


def run(chosen: Mapping[str, Any], clock: Clock = system_clock) -> int:
    """`careline serve`."""
    bound_allocator()
    # While it starts there is nothing to read again yet, and a SIGHUP must not end it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    zone = chosen["timezone"] or machine_zone()
    log.info("times are shown in the zone %s", zone)
    start = Start(Systemd(os.environ))
    with (
        bind(chosen["host"], chosen["port"]) as listening,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(serve(chosen, zone, clock, listening, start))
    return 0


def main(arguments: list[str]) -> int:
    words = command_line.read(arguments, COMMANDS, SETTINGS)
    command = words.command
    if command == "version":
        return tell(in_words())
    if command == "notices":
        return tell(notices())
    if command == "install":
        return tell(install.UNIT_TEXT) if words.shown else install.install(SETTINGS, words.agreed, words.with_tokens)
    if command == "protocol":
        return tell(documents()[FORMATS[words.form]])
    if command == "key":
        return entry_commands.key(words.file)
    try:
        chosen = settings.read(SETTINGS, words.options, os.environ, command in ("serve", "check"))
    except settings.SettingsFault as faults:
        for line in str(faults).splitlines():
            fail(line)
        return 2
    log_lines.begin(chosen["log_level"])
    try:
        match command:
            case "serve":
                return run(chosen)
            case "status":
                return status.show(chosen)
            case "check":
                done = f"settings: ok\ndatabase: {schema.check(chosen['database'])}"
            case "token":
                return entry_commands.token(words.given, chosen, system_clock)
            case "audit":
                return entry_commands.audit_rows(words.given, chosen, WireTime(chosen["timezone"] or machine_zone()))
            case "backup":
                done = backup.by_hand(chosen["database"], words.file)
            case _:
                time = WireTime(chosen["timezone"] or machine_zone())
                done = restore.by_hand(chosen["database"], words.file, time.text, system_clock(), words.agreed)
    except (StoreFault, ListenFault) as fault:
        return fail(str(fault))
    return tell(f"{done}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
