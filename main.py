"""The front door: one table of settings, and each subcommand's way through the house."""

import asyncio
import gc
import importlib.metadata
import logging
import os
import signal
import socket
import sqlite3
import sys
import warnings
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzlocal
import uvloop
from sanic import Sanic

from consult.access import Access, is_loopback
from consult.contract.fields import MAX_BYTES
from consult.contract.payloads import BindUser, JoinQuestion, LeaveQuestion, SendMessage
from consult.events import bind_user, join_question, leave_question, send_message
from consult.gateway import Gateway, Handler
from consult.http import answers, notifications, operations, questions
from consult.http import reminders as reminders_over_http
from consult.http.answers import Writing
from consult.push import Push
from consult.rooms import Rooms
from consult.wire.carriers import Carriers
from consult.wire.door import Doors, close_http
from consult.wire.polling import Polling
from reminders.housekeeping import Housekeeping, Job
from reminders.loop import ReminderLoop
from store import idempotency_keys, schema
from store import notifications as stored_notifications
from store.clock import Clock, WireTime, system_clock
from store.database import Database, StoreFault, each

VERSION = "0.1.0"
STATIC = Path(__file__).parent / "static"
BACKLOG = 4096  # connections that may wait to be accepted: a whole clinic comes back at once
OUTBOX_BYTES = 1024 * 1024  # that a client may leave unread before it is cut off
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

log = logging.getLogger("careline")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table of settings. `parse` raises ValueError with what the value must be."""

    option: str
    default: str
    parse: Callable[[str], Any]
    help: str

    @property
    def name(self) -> str:
        return self.option.removeprefix("--").replace("-", "_")

    @property
    def variable(self) -> str:
        return f"CARELINE_{self.name.upper()}"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError("must be an integer from 0 to 65535")
    return int(text)


def _path(text: str) -> Path:
    if not text:
        raise ValueError("must name a file")
    return Path(text)


def _zone(text: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(text) if text else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be an IANA time zone such as Asia/Shanghai") from None


def _level(text: str) -> str:
    if text not in ("debug", "info", "warning", "error"):
        raise ValueError("must be debug, info, warning or error")
    return text.upper()


def _flag(text: str) -> bool:
    if text not in ("1", "0", "true", "false"):
        raise ValueError("must be 1, 0, true or false")
    return text in ("1", "true")


def _host(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("must be an address or a host name")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def _origins(text: str) -> tuple[str, ...]:
    origins = _names(text)
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin or not parts.hostname:
            raise ValueError("must be origins such as https://app.example.com")
    return origins


SETTINGS = (
    Setting("--host", "127.0.0.1", _host, "address to listen on"),
    Setting("--port", "8000", _port, "TCP port; 0 takes a free one"),
    Setting("--database", "careline.db", _path, "path of the SQLite file, made when missing"),
    Setting("--timezone", "", _zone, "IANA time zone of the clinic; the machine's when left out"),
    Setting("--log-level", "info", _level, "debug, info, warning or error"),
    Setting("--allow-open", "false", _flag, "listen on a non-loopback address without tokens"),
    Setting("--allowed-origins", "", _origins, "comma-separated browser origins; the server's own always passes"),
    Setting("--allowed-hosts", "", _names, "comma-separated Host headers that are answered"),
)


class SettingsFault(Exception):
    """Settings that can't be used: one line for each."""


def read_settings(options: Mapping[str, str | None], environment: Mapping[str, str]) -> dict[str, Any]:
    """Every setting by name, options before variables before defaults; SettingsFault with all that is wrong."""
    values: dict[str, Any] = {}
    faults = []
    for setting in SETTINGS:
        text = options.get(setting.name)
        if text is None:
            text = environment.get(setting.variable, setting.default)
        try:
            values[setting.name] = setting.parse(text)
        except ValueError as fault:
            faults.append(f"{setting.option} ({setting.variable}): {fault}, not {text!r}")
    if "host" in values and not is_loopback(values["host"]) and values.get("allow_open") is False:
        faults.append(
            f"--host (CARELINE_HOST): {values['host']} can be reached from other machines, and whoever reaches it can "
            "speak as anyone; --allow-open (CARELINE_ALLOW_OPEN) permits that"
        )
    if faults:
        raise SettingsFault("\n".join(faults))
    return values


async def serve(settings: Mapping[str, Any], zone: ZoneInfo, clock: Clock, listening: socket.socket) -> None:
    """Opens the database, serves, and closes it whatever happens: an open one would keep the process alive."""
    database = Database(settings["database"])
    try:
        for name in schema.migrate(settings["database"]):
            log.info("the database was brought to schema %s", name)
        await database.open()
        await serve_from(database, settings, zone, clock, listening)
    finally:
        await database.close()


async def serve_from(
    database: Database, settings: Mapping[str, Any], zone: ZoneInfo, clock: Clock, listening: socket.socket
) -> None:
    """Builds the house from the inside out, serves until SIGINT or SIGTERM, and takes it down in reverse."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    time = WireTime(zone)

    rooms = Rooms()
    push = Push(rooms, database, time, clock)
    push.last_notification_id = await stored_notifications.latest_id(database)
    gateway = Gateway(
        {
            "join_question": Handler(JoinQuestion, partial(join_question.handle, database, rooms), b"joined_question"),
            "leave_question": Handler(LeaveQuestion, partial(leave_question.handle, rooms), b"left_question"),
            "send_message": Handler(
                SendMessage,
                partial(send_message.handle, database, push, time, clock),
                b"send_message:ack",
                is_send=True,
            ),
            "bind_user": Handler(BindUser, partial(bind_user.handle, database, rooms, push), b"bind_user:ack"),
        },
        rooms,
        push,
    )
    carriers = Carriers(gateway, OUTBOX_BYTES)
    polling = Polling(carriers)
    access = Access(settings["host"], settings["allowed_hosts"], settings["allowed_origins"])

    loop = ReminderLoop(database, clock, push.published, Housekeeping(jobs(database, clock)))

    app = Sanic("careline", configure_logging=False)
    app.config.update(SANIC)
    writing = Writing(database, clock)
    answers.install(app, access)
    questions.add_routes(app, database, writing, time, clock)
    reminders_over_http.add_routes(app, database, writing, time, clock, loop)
    notifications.add_routes(app, database, writing, time, clock)
    counts = operations.Counts(gateway, carriers, polling, push, database, loop)
    operations.add_routes(app, STATIC, VERSION, str(zone), database, loop, counts)
    polling.add_route(app)

    doors = Doors(carriers, polling, access)
    server = await app.create_server(sock=listening, protocol=doors, backlog=BACKLOG)  # type: ignore[arg-type]
    assert server is not None
    await server.startup()
    await server.before_start()
    carriers.start()
    loop.start()
    # What is here now stays: the collector need not walk it again for every wave of clients.
    gc.collect()
    gc.freeze()
    print(f"Careline listening on {_url(settings['host'], listening)}", flush=True)  # noqa: T201

    await stop.wait()
    log.info("stopping")
    server.close()
    await loop.stop()
    await database.settle()  # so that what is under way is acknowledged before the sockets close
    await polling.close()
    await carriers.close()
    await gateway.close()
    await close_http(server.connections)
    await server.after_stop()


def jobs(database: Database, clock: Clock) -> list[Job]:
    """The housekeeping."""

    def forget_old_keys() -> None:
        oldest = clock() - idempotency_keys.KEPT_FOR
        database.write(each(idempotency_keys.forget_older_than), oldest, lambda _: None, _log_failure)

    def _log_failure(fault: Exception) -> None:
        log.warning("old idempotency keys could not be deleted: %s", fault)

    return [Job("forget old idempotency keys", 3600, forget_old_keys)]


def run(settings: Mapping[str, Any], clock: Clock = system_clock) -> int:
    """`careline serve`."""
    zone = settings["timezone"] or machine_zone()
    log.info("times are shown in the zone %s", zone)
    try:
        listening = _listen(settings["host"], settings["port"])
    except OSError as fault:
        return fail(f"cannot listen on {settings['host']} port {settings['port']}: {fault.strerror}")
    with listening, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(serve(settings, zone, clock, listening))
        except StoreFault as fault:
            return fail(str(fault))
    return 0


def check(settings: Mapping[str, Any]) -> int:
    """`careline check`: the settings are right by now; looks at the database without changing it."""
    path: Path = settings["database"]
    if not path.exists() and path.absolute().parent.is_dir():
        print(f"settings: ok\ndatabase: {path} does not exist yet; `serve` makes it")  # noqa: T201
        return 0
    try:
        print(f"settings: ok\ndatabase: {schema.check(path)}")  # noqa: T201
    except StoreFault as fault:
        return fail(str(fault))
    return 0


def version() -> int:
    """`careline version`."""
    libraries = ("sanic", "python-socketio", "websockets", "uvloop", "peewee", "aiosqlite", "msgspec", "orjson")
    print(f"careline {VERSION}")  # noqa: T201
    print(f"python {sys.version.split()[0]}, sqlite {sqlite3.sqlite_version}")  # noqa: T201
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in libraries))  # noqa: T201
    return 0


def machine_zone() -> ZoneInfo:
    """The machine's time zone, UTC with a warning where it is not known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            name = tzlocal.get_localzone_name()
        if name:
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, UserWarning):
        pass
    log.warning("the machine's time zone is not known: times are in UTC; --timezone (CARELINE_TIMEZONE) names the zone")
    return ZoneInfo("UTC")


def fail(text: str) -> int:
    """One clear line on standard error; the exit status of a failure to start."""
    print(f"careline: {text}", file=sys.stderr)  # noqa: T201
    return 1


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def _url(host: str, listening: socket.socket) -> str:
    port = listening.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(
        prog="careline",
        description="A real-time consultation and reminder server for elder-care clinics.",
        epilog="Every option has an environment variable, --log-level for one CARELINE_LOG_LEVEL; the option wins.",
    )
    parser.add_argument("command", nargs="?", default="serve", choices=("serve", "check", "version"))
    for setting in SETTINGS:
        optional: dict[str, Any] = {"nargs": "?", "const": "true"} if setting.parse is _flag else {}
        parser.add_argument(setting.option, help=f"{setting.help} (default: {setting.default or 'none'})", **optional)
    options = vars(parser.parse_args(arguments))
    command = options.pop("command")
    if command == "version":
        return version()
    try:
        settings = read_settings(options, os.environ)
    except SettingsFault as faults:
        for line in str(faults).splitlines():
            fail(line)
        return 2
    # The libraries' own details would carry what patients write into the log.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    log.setLevel(settings["log_level"])
    return check(settings) if command == "check" else run(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
