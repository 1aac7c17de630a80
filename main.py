"""The front door: each subcommand's way through the house, and how the house is put together."""

# Before anything else can import another SQLite.
from store import sqlite  # isort: split

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import uvloop
from peewee import DatabaseError
from sanic import Sanic

from consult.answering import Answering
from consult.away import Away
from consult.contract.limits import HEAD_SECONDS, MAX_BYTES, REQUEST_SECONDS
from consult.contract.sandbox import SANDBOX_CALLS
from consult.contract.tables import CALLS_AND_PAGES
from consult.documents.formats import FORMATS, documents
from consult.entry.access import EVERYWHERE, Access, is_loopback, socket_file
from consult.entry.confirm_links import ConfirmLinks
from consult.entry.guard import Guard
from consult.entry.limits import Limits
from consult.entry.proxies import Proxies
from consult.entry.refused_origins import RefusedOrigins
from consult.events import join_question
from consult.events.table import handlers
from consult.file_addresses import FileAddresses
from consult.hooks.hooks import Hooks
from consult.http import admission, answers, calls, entry
from consult.http.answers import Writing
from consult.http.confirm_links import ConfirmPages
from consult.http.files import Files
from consult.http.notifications import Notifications
from consult.http.occurrences import Occurrences
from consult.http.operations import Counts, Operations
from consult.http.pages import Pages
from consult.http.participants import Participants
from consult.http.questions import Questions
from consult.http.quiet_hours import QuietHoursOfUsers
from consult.http.reads import DOWNLOADS, UPLOADS, Reads
from consult.http.reminders import Reminders
from consult.http.request import Request
from consult.http.sandbox import SandboxCalls
from consult.loop_lag import LoopLag
from consult.process import command_line, entry_commands, hooks_commands, install, log_lines, status
from consult.process.installed import configuration_of, with_settings_of
from consult.process.settings import Settings, SettingsFault, unknown_variables
from consult.process.settings import read as read_settings
from consult.process.standard_streams import fail, fail_for_settings, tell
from consult.process.start import Start
from consult.process.systemd import Systemd
from consult.process.version import in_words, notices
from consult.recovery import Recovery
from consult.replica_watch import ReplicaWatch
from consult.rooms import Rooms
from consult.sandbox import samples
from consult.sandbox.clock import SandboxClock
from consult.sandbox.faults import Parts
from consult.sandbox.place import own_folder
from consult.sandbox.sandbox import Sandbox
from consult.sending import Sending
from consult.wire.carriers import Carriers
from consult.wire.door import Doors, close_http, close_idle
from consult.wire.listening import ListenFault, accept, bind, url
from consult.wire.memory import bound_allocator, give_back_memory
from consult.wire.polling import Polling
from consult.wire.share import Allowed
from consult.wire.tls import Tls
from reminders.clock_watch import SOUND, ClockWatch, steady_clock
from reminders.housekeeping import Housekeeping
from reminders.jobs import jobs
from reminders.loop import ReminderLoop
from reminders.work import RuleWork
from store import backup, clock_faults, drill, file_copies, files, messages, notifications, restore, schema, sequences
from store.clock import ClinicTime, Clock, WireTime, machine_zone, system_clock
from store.database import Database
from store.file import StoreFault
from store.file_store import FileStore
from store.questions import Lookup

STATIC = Path(__file__).parent / "static"
SANIC = {
    "ACCESS_LOG": False,
    "FALLBACK_ERROR_FORMAT": "json",
    "KEEP_ALIVE_TIMEOUT": 60,  # seconds, as are the next two
    "REQUEST_TIMEOUT": HEAD_SECONDS,
    "RESPONSE_TIMEOUT": REQUEST_SECONDS,
    "REQUEST_MAX_SIZE": MAX_BYTES,
    "MOTD": False,
    "TOUCHUP": False,
}

FIRST_LOOK = 1.0  # seconds at most that clients wait for the first look at what is due
LAST_WRITES = 0.7  # seconds of a stop; with those of the sockets (carriers.py, door.py) well below two

log = logging.getLogger("careline")


async def serve(
    settings: Settings, time: ClinicTime, listening: socket.socket, start: Start, sandbox: Sandbox | None = None
) -> None:
    """Opens the database, serves, and closes it whatever happens: an open one would keep the process alive."""
    parts = Parts() if sandbox is None else sandbox.parts
    database = parts.database(settings.database)
    try:
        bring_up_to_date(settings.database, start, backed_up=settings.backup_before_migration)
        if start.stopped:
            log.info("stopped while %s: nothing is lost, and the next start goes on from there", start.doing)
            return
        for name in sequences.mend(settings.database):
            log.warning("the count of ids of the table %s was not sound: it goes on from the highest id", name)
        await database.open()
        await serve_from(database, settings, time, listening, start, sandbox)
    except DatabaseError as fault:
        raise StoreFault(f"cannot use {settings.database}: {fault}") from fault
    finally:
        await database.close()


def bring_up_to_date(path: Path, start: Start, *, backed_up: bool) -> None:
    """Migrate the database, after a backup where that is wanted, until it is asked to end."""
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
    settings: Settings,
    time: ClinicTime,
    listening: socket.socket,
    start: Start,
    sandbox: Sandbox | None,
) -> None:
    """Build the house, serve until SIGINT or SIGTERM, or a sandbox's restart, and take the house down."""
    stop = asyncio.Event() if sandbox is None else sandbox.stop
    end = stop.set if sandbox is None else sandbox.end
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    if start.stopped:
        end()
    systemd = start.systemd
    steady = steady_clock if sandbox is None else sandbox.clock.steady
    clock = ClockWatch(time.now, steady, await clock_faults.last_known(database))
    if sandbox is not None and sandbox.is_first_run:
        await samples.add(database, time)
    addresses = FileAddresses(await files.signing_key(database), clock.on_any_thread)  # hooks have threads
    ticked = systemd.alive if sandbox is None else sandbox.ticked.set
    house = House(settings, database, ClinicTime(time.zone, clock), clock, addresses, ticked, sandbox)
    await house.open()
    app = house.web()
    if house.guard is not None:
        await house.guard.open()
    doors = Doors(house.carriers, house.polling, house.access)
    await house.remind()
    servers = await accept(app, listening, doors, house.tls)
    house.start()
    settle_down()
    where = url(settings.host, listening, house.tls)
    if sandbox is None or sandbox.is_first_run:
        print(f"Careline listening on {where}", flush=True)  # noqa: T201
    if settings.host in EVERYWHERE and not settings.allowed_hosts:
        log.info("answered as hosts: loopback names and this machine's own addresses; --allowed-hosts names others")
    systemd.ready(where)

    await stop.wait()
    log.info("stopping")
    systemd.stopping()
    for server in servers:
        server.close()
    if sandbox is not None:
        close_idle(doors.connections)
        sandbox.is_closed.set()
    await house.stop()
    await close_http(doors.connections)
    if house.guard is not None:
        await house.guard.close()
    await servers[0].after_stop()
    Sanic.unregister_app(app)  # a sandbox's next run has one of the same name


class House:
    """All parts of the server, joined from the inside out."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        time: ClinicTime,
        clock: ClockWatch,
        addresses: FileAddresses,
        ticked: Callable[[], None],
        sandbox: Sandbox | None,
    ) -> None:
        parts = Parts() if sandbox is None else sandbox.parts
        self.sandbox = sandbox
        self.database = database
        self.time = time
        self.clock = clock
        self.notify_replies = settings.notify_replies
        self.guard = Guard(settings.auth_secret_file, database, clock) if settings.auth_secret_file else None
        self.links = ConfirmLinks(settings.public_url, self.keys) if settings.public_url else None
        self.addresses = addresses
        self.hooks = None if settings.hooks is None else self._hooks_of(settings.hooks)
        rooms, lookup = Rooms(), Lookup(database)
        self.push = parts.push(rooms, database, time, addresses, settings.outbox_bytes)
        self.files = FileStore(database, clock, settings.disk_reserve)
        self.most_file_bytes = settings.file_bytes

        self.daily = backup.Daily(database.path, settings.daily_backups, time.today, settings.backup_folder)
        deleted = partial(join_question.deleted, lookup, rooms)
        house_jobs = jobs(database, clock, self.daily, self.files, settings.keep, deleted)
        self.housekeeping = Housekeeping(house_jobs, clock)
        self.work = RuleWork()
        self.loop = ReminderLoop(
            database,
            clock,
            time.zone,
            hand_on=self.push.published,
            work=self.work,
            housekeeping=self.housekeeping,
            ticked=ticked,
        )

        self.answering = Answering(database, self.push, time, self.loop.wake)
        self.recovery = Recovery(database, lookup, rooms, self.push, clock, settings.recovery_seconds)
        self.away = Away(database, rooms, self.push, clock)
        self.sending = Sending(self.push, rooms, time, addresses)
        events = handlers(database, lookup, rooms, self.push, self.recovery, self.answering, self.sending)
        self.limits = Limits(settings.allowance)
        self.gateway = parts.gateway(events, self.push, self.recovery, self.limits, self.guard)

        certificate, key = settings.tls_certificate, settings.tls_key
        self.tls = Tls(certificate, key) if certificate and key else None
        self.access = _access(settings, is_tls=self.tls is not None)
        allowed = Allowed.beyond(settings.connection_events, settings.connection_bytes)
        self.carriers = Carriers(self.gateway, settings.outbox_bytes, allowed)
        self.carriers.each_second.append(self.recovery.beat)
        self.polling = Polling(self.carriers, self.access)
        self.lag = LoopLag()
        self.replica = ReplicaWatch(database.path, clock)

    def _hooks_of(self, file: Path) -> Hooks:
        clock, link = self.clock, None if self.links is None else self.links.url
        is_sound, handed = lambda: clock.state == SOUND, self.addresses.handed
        return Hooks(file, self.database, clock.on_any_thread, is_sound, self.time, link, handed)

    def served(self) -> set[str]:
        """Return the channels that hooks serve."""
        return set() if self.hooks is None else self.hooks.channels

    def keys(self) -> Sequence[bytes]:
        """Return the signing keys; without tokens a single empty one."""
        return (b"",) if self.guard is None else self.guard.keys

    def web(self) -> Sanic[Any, Any]:
        """Return the application that answers HTTP."""
        app = Sanic("careline", configure_logging=False, request_class=Request)  # type: ignore[arg-type]
        app.config.update(SANIC)
        database, time = self.database, self.time
        reads, writing = Reads(self.access), Writing(database, self.clock)
        answers.install(app, self.access)
        admission.install(app, self.limits, self.access, self.polling, self.guard)
        if self.guard is not None:
            entry.install(app, self.guard, self.access)
        uploads, downloads = Reads(self.access, UPLOADS), Reads(self.access, DOWNLOADS)
        counts = Counts(
            gateway=self.gateway,
            carriers=self.carriers,
            polling=self.polling,
            push=self.push,
            turns={"reads": reads, "uploads": uploads, "downloads": downloads},
            database=database,
            loop=self.loop,
            lag=self.lag,
            clock=self.clock,
            hooks=self.hooks,
            housekeeping=self.housekeeping,
            daily=self.daily,
            replica=self.replica,
        )
        pages = Pages(STATIC, time, tokens=self.guard is not None, sandbox=self.sandbox is not None)
        nouns = (
            Questions(database, writing, time, self.sending, self.push, self.away, self.notify_replies),
            Files(
                database,
                self.files,
                self.addresses,
                self.access,
                self.limits,
                uploads,
                downloads,
                self.most_file_bytes,
            ),
            Participants(database, writing, time, self.push, self.away),
            Reminders(database, writing, time, loop=self.loop, work=self.work, reads=reads, limits=self.limits),
            Notifications(database, writing, time, self.answering),
            Occurrences(database, writing, time, self.work, reads, self.answering),
            ConfirmPages(database, time, self.answering, self.links, self.limits, self.access, self.guard),
            QuietHoursOfUsers(database, time, self.loop),
            Operations(counts, database, time, self.loop, self.housekeeping, self.daily),
            pages,
        )
        rows = CALLS_AND_PAGES
        handlers_by_row = {row: handler for noun in nouns for row, handler in noun.handlers().items()}
        if self.sandbox is not None:
            walk = self.sandbox.walk(self.clock, database, self.loop, self.housekeeping)
            sandbox_calls = SandboxCalls(self.sandbox, walk, self.gateway, self.push, time)
            sandbox_calls.add_middleware(app)
            handlers_by_row |= sandbox_calls.handlers()
            rows += SANDBOX_CALLS
        calls.add_routes(app, rows, handlers_by_row, database, reads, self.carriers.turns, self.served)
        pages.add_files(app)
        self.polling.add_route(app)
        return app

    async def open(self) -> None:
        """Read from the database what it goes on with."""
        self.push.last_message_id = await messages.latest_id(self.database)
        self.push.last_notification_id = await notifications.latest_id(self.database)
        if self.links is not None:
            await self.links.open(self.database)
        await self.recovery.open()
        await self.away.open()
        if self.hooks is not None:
            await self.hooks.open()
        await self.files.open()

    async def remind(self) -> None:
        """Begin with reminders. What came due meanwhile comes before any client can flood the loop."""
        self.loop.start()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.loop.has_looked.wait(), FIRST_LOOK)

    def start(self) -> None:
        """Begin with all else that goes on by itself, once clients can come."""
        self.carriers.loop.add_signal_handler(signal.SIGHUP, self.reload)
        if self.daily.wanted and self.daily.folder is None:
            log.warning(
                "the daily backups are on the database's disk and are lost with it; --backup-folder names another"
            )
        self.carriers.start()
        self.lag.start()
        self.replica.start()
        if self.hooks is not None:
            self.hooks.start()
        if self.guard is not None:
            self.guard.start(self.gateway.send_away)

    async def stop(self) -> None:
        """Acknowledge what is under way, and close the sockets. A database that hangs is not waited for."""
        ends = [self.loop.stop(), self.database.settle()]
        if self.hooks is not None:
            ends.append(self.hooks.stop())
        last = [asyncio.create_task(coroutine) for coroutine in ends]
        await asyncio.wait(last, timeout=LAST_WRITES)
        await self.polling.close()
        await self.carriers.close()
        await self.gateway.close()
        self.replica.stop()
        self.recovery.close()
        self.away.close()
        self.files.close()

    def reload(self) -> None:
        """SIGHUP: read the certificate, the signing keys and the hooks again."""
        if self.tls is not None:
            self.tls.reload()
        if self.guard is not None:
            self.guard.reload_keys()
        if self.hooks is not None:
            self.hooks.reload()
        if self.tls is None and self.guard is None and self.hooks is None:
            log.info("SIGHUP is ignored: there is neither a certificate nor a file of keys or hooks to read again")


def _access(settings: Settings, *, is_tls: bool) -> Access:
    """Return who may knock. To be called within the event loop."""
    return Access(
        host=settings.host,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
        public_host=urlsplit(settings.public_url).hostname if settings.public_url else None,
        tls=is_tls,
        proxies=Proxies(settings.trusted_proxies, socket_file(settings.host) is not None),
        tokens=settings.auth_secret_file is not None,
        refused_origins=RefusedOrigins(asyncio.get_running_loop().time),
    )


def settle_down() -> None:
    """Set the interpreter up for long service."""
    # What is here now stays, and connections hold no cycles: the collector need not walk them all for every wave, which
    # takes 20 µs each. It still has to come often to what is new, for the cycles that a reading leaves with its rows.
    gc.collect()
    gc.freeze()
    give_back_memory()
    gc.set_threshold(2_000, 10, 50)
    # The writer's thread and the loop take turns within a batch; at Python's 5 ms each turn could cost that much.
    sys.setswitchinterval(0.0005)


def run(settings: Settings, clock: Clock = system_clock) -> int:
    """`careline serve`."""
    bound_allocator()
    os.environ["SANIC_IGNORE_PRODUCTION_WARNING"] = "1"  # else it warns on a terminal, of a mode that is the right one
    # While it starts there is nothing to read again yet, and a SIGHUP must not end it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    zone = settings.timezone or machine_zone()
    log.info("times are shown in the zone %s", zone)
    if sqlite.IS_PYTHONS:
        log.warning("there is no pysqlite3 for this machine: its Python's own SQLite is used, %s", sqlite.in_words())
    start = Start(Systemd(os.environ))
    if settings.sandbox:
        return run_sandbox(settings, zone, start)
    with bind(settings.host, settings.port) as listening, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, ClinicTime(zone, clock), listening, start))
    return 0


def run_sandbox(settings: Settings, zone: ZoneInfo, start: Start) -> int:
    """`careline serve --sandbox`: serve until the end, with a new event loop after each restart in place."""
    log.warning("this is a sandbox: its data is gone at the end, and any program of this machine may do anything to it")
    with own_folder() as folder, bind(settings.host, settings.port) as listening:
        address = listening.getsockname()[0]
        if not is_loopback(address):
            raise ListenFault(f"cannot listen on {settings.host}: it is {address}, which other machines can reach")
        its_own = replace(settings, database=folder / "careline.db", daily_backups=0)
        clock, is_first_run, goes_on = SandboxClock(), True, True
        while goes_on:
            with listening.dup() as of_run, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                goes_on = runner.run(run_once(its_own, zone, clock, of_run, start, is_first_run=is_first_run))
            is_first_run = False
            gc.unfreeze()  # what is left of the run
    return 0


async def run_once(
    settings: Settings,
    zone: ZoneInfo,
    clock: SandboxClock,
    listening: socket.socket,
    start: Start,
    *,
    is_first_run: bool,
) -> bool:
    """Serve until the end, or until a sandbox is to restart: then return True."""
    sandbox = Sandbox(clock, is_first_run=is_first_run)
    await serve(settings, ClinicTime(zone, clock.now), listening, start, sandbox)
    if not sandbox.is_to_restart:
        return False
    # From here until the next run serves, a signal is noted.
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().remove_signal_handler(number)
    start.note_signals()
    return not start.stopped


def checked(settings: Settings, configuration: Path | None) -> str:
    """Return what `careline check` prints, of settings that are sound; StoreFault for a database that is not."""
    read_from = "" if configuration is None else f", those of {configuration}"
    database = "a new one at each start" if settings.sandbox else schema.check(settings.database)
    done = f"settings: ok{read_from}\nsqlite: {sqlite.in_words()}\ndatabase: {database}"
    return done if settings.sandbox else f"{done}\nfiles: {file_copies.check(settings.database)}"


def main(arguments: list[str]) -> int:
    words = command_line.read(arguments)
    command = words.command
    if command == "version":
        return tell(in_words())
    if command == "notices":
        return tell(notices())
    if command == "install":
        return install.show(words.wanted) if words.shown else install.install(words.wanted, words.agreed)
    if command == "protocol":
        return tell(documents()[FORMATS[words.form]])
    if command == "key":
        return entry_commands.key(words.file)
    strange: list[str] = []
    try:
        configuration = configuration_of(words.wanted.cell) if command_line.COMMANDS[command].asks_service else None
        environment = os.environ if configuration is None else with_settings_of(configuration, os.environ)
        strange = unknown_variables(environment)
        settings = read_settings(words.options, environment, command in ("serve", "check"))
    except SettingsFault as faults:
        return fail_for_settings(*str(faults).splitlines(), *strange)
    log_lines.begin(settings.log_level)
    try:
        match command:
            case "serve":
                for line in strange:
                    log.warning("%s", line)
                return run(settings)
            case "status":
                return status.show(settings)
            case "check" if strange:
                return fail_for_settings(*strange)
            case "check":
                done = checked(settings, configuration)
            case "token":
                return entry_commands.token(words.given, settings, system_clock)
            case "audit":
                return entry_commands.audit_rows(words.given, settings, WireTime(settings.timezone or machine_zone()))
            case "hooks":
                time = WireTime(settings.timezone or machine_zone())
                return hooks_commands.hooks(words.words, settings, system_clock, time)
            case "drill":
                if settings.backup_folder is None:
                    fail("--backup-folder (CARELINE_BACKUP_FOLDER): `drill` tries the newest copy there; name it")
                    return 2
                today = ClinicTime(settings.timezone or machine_zone(), system_clock).today
                daily = backup.Daily(settings.database, settings.daily_backups, today, settings.backup_folder)
                done = drill.by_hand(settings.database, daily, system_clock)
            case "backup":
                done = backup.by_hand(settings.database, words.file)
            case _:
                time = WireTime(settings.timezone or machine_zone())
                done = restore.by_hand(settings.database, words.file, time.text, system_clock(), words.agreed)
    except (StoreFault, ListenFault) as fault:
        return fail(str(fault))
    return tell(f"{done}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
