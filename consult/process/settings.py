"""The settings: one table of them, what their values may be, and the reader."""

import ipaddress
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from consult.contract import limits
from consult.entry import key_file
from consult.entry.access import DEFAULT_PORTS, EVERY_ORIGIN, is_loopback, socket_file
from consult.entry.limits import USUAL, Allowance, Budget
from consult.entry.proxies import Network
from consult.hooks import hooks_file
from consult.wire import tls
from reminders.jobs import Keep

PREFIX = "CARELINE_"  # of the environment variables
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table of settings. `parse` raises ValueError with what the value must be."""

    name: str
    default: str
    parse: Callable[[str], Any]
    help: str

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        return f"{PREFIX}{self.name.upper()}"


# A scheme and what follows it, which browsers send without a path. Pages in files have nothing there.
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^\x00-\x20/?#@\\\x7f-\U0010ffff]*)")
# Neither a user nor a query, and nothing that would have to be escaped in a message.
_PUBLIC_URL = re.compile(
    r"(https?)://(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[([0-9a-f:.]+)\])(?::[0-9]{1,5})?(?:/[a-z0-9_~-][a-z0-9._~-]*)*/?",
    re.ASCII | re.IGNORECASE,
)
LONGEST_SOCKET_NAME = 107  # bytes, of Linux
_HOST_AND_PORT = re.compile(r"(?:\[[0-9a-f:.]+\]|[^:\[\]]+)(?::(\d+))?")


def port_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError("must be an integer from 0 to 65535")
    return int(text)


def path(text: str) -> Path:
    if not text:
        raise ValueError("must name a file")
    return Path(text)


def optional_path(text: str) -> Path | None:
    return Path(text) if text else None


def zone(text: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(text) if text else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be an IANA time zone such as Asia/Shanghai") from None


def size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 65_536 <= int(text) <= 2**40):
        raise ValueError("must be a number of bytes, at least 65536")
    return int(text)


def file_size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) > 0):
        raise ValueError("must be a number of bytes, at least 1")
    return int(text)


def count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ValueError("must be an integer of at least 0")
    return int(text)


def optional_count(text: str) -> int | None:
    return count(text) if text else None


def days(text: str) -> int:
    if count(text) > 36_500:
        raise ValueError("must be an integer from 0 to 36500")
    return int(text)


def level(text: str) -> str:
    if text not in ("debug", "info", "warning", "error"):
        raise ValueError("must be debug, info, warning or error")
    return text.upper()


def flag(text: str) -> bool:
    if text not in ("1", "0", "true", "false"):
        raise ValueError("must be 1, 0, true or false")
    return text in ("1", "true")


def host_name(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("must be an address or a host name")
    file = socket_file(text)
    if file is not None and not (file.is_absolute() and file.name and len(os.fsencode(file)) <= LONGEST_SOCKET_NAME):
        raise ValueError(f"must be unix: and a whole path of at most {LONGEST_SOCKET_NAME} bytes")
    return text


def names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def origins(text: str) -> tuple[str, ...]:
    listed = names(text)
    for origin in listed:
        if origin not in (EVERY_ORIGIN, "null"):
            _refuse_unlike_an_origin(origin)
    return listed


def _refuse_unlike_an_origin(origin: str) -> None:
    """Refuse an origin in a spelling that no browser or app sends: it would never match."""
    if "*" in origin:
        raise ValueError("must be whole origins such as https://app.example.com: `*` stands for nothing here")
    parts = _ORIGIN.fullmatch(origin)
    if parts is None:
        raise ValueError("must be origins such as https://app.example.com, null or capacitor://localhost")
    scheme, place = parts.groups()
    if scheme not in DEFAULT_PORTS:
        return
    if place.endswith(f":{DEFAULT_PORTS[scheme]}"):
        raise ValueError(f"must leave out the port {DEFAULT_PORTS[scheme]}, as browsers do for {scheme}")
    host, port = _HOST_AND_PORT.fullmatch(place), _port_of(origin)
    if host is None or (port is not None and host[1] != str(port)):
        raise ValueError("must be origins such as https://app.example.com or https://app.example.com:8443")


def _port_of(origin: str) -> int | None:
    try:
        return urlsplit(origin).port
    except ValueError:  # neither a host nor a port
        return -1


def public_address(text: str) -> str | None:
    """The address without a slash at its end: https, or http on loopback."""
    if not text:
        return None
    parts = _PUBLIC_URL.fullmatch(text)
    if parts is None or _port_of(text) in (0, -1) or not (parts[2] is None or _is_ipv6(parts[2])):
        raise ValueError("must be an address such as https://clinic.example or https://clinic.example/careline")
    if parts[1].lower() == "http" and not is_loopback(urlsplit(text).hostname or ""):
        raise ValueError("must begin with https:// (http:// is for loopback): a link on its way can be read and used")
    return text.rstrip("/")


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(name) for name in names(text))
    except ValueError:
        raise ValueError("must be addresses or networks such as 127.0.0.1,10.0.0.0/8") from None


def _setting(default: str | int, parse: Callable[[str], T], help_text: str) -> T:
    """Declare a field of Settings, and with it a row of SETTINGS."""
    declared: T = field(metadata={"default": f"{default}", "parse": parse, "help": help_text})
    return declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of all settings. A field's name is the option's, its help the option's help."""

    host: str = _setting("127.0.0.1", host_name, "address to listen on, or unix:PATH for a proxy's socket file")
    port: int = _setting("8000", port_number, "TCP port; 0 takes a free one")
    database: Path = _setting("careline.db", path, "path of the SQLite file, made when missing")
    timezone: ZoneInfo | None = _setting("", zone, "IANA time zone of the clinic; the machine's when left out")
    log_level: str = _setting("info", level, "debug, info, warning or error")
    auth_secret_file: Path | None = _setting("", optional_path, "the signing keys; every client needs a token")
    allow_open: bool = _setting("false", flag, "listen on a non-loopback address without tokens")
    allowed_origins: tuple[str, ...] = _setting("", origins, "comma-separated browser origins that are let in")
    allowed_hosts: tuple[str, ...] = _setting("", names, "comma-separated Host headers that are answered")
    public_url: str | None = _setting("", public_address, "where clients reach the server, for links in messages")
    trusted_proxies: tuple[Network, ...] = _setting("", networks, "addresses of proxies that tell the clients' own")
    tls_certificate: Path | None = _setting("", optional_path, "PEM file of the certificate and its chain")
    tls_key: Path | None = _setting("", optional_path, "PEM file of its key; both are read again on SIGHUP")
    recovery_seconds: int = _setting(limits.RECOVERY_SECONDS, count, "clients are brought back for so long; 0: never")
    notify_replies: bool = _setting("false", flag, "new questions notify participants who are away")
    outbox_bytes: int = _setting(limits.OUTBOX_BYTES, size, "what a client may leave unread before it is cut off")
    connection_events: int = _setting(
        f"{limits.EVENTS_PER_SECOND}", count, "events a second from one connection; 0: no limit"
    )
    connection_bytes: int = _setting(limits.BYTES_PER_SECOND, count, "bytes a second of them; 0: no limit")
    address_events: int = _setting("0", count, "events a second from one address; 0: no limit")
    address_connections: int = _setting("0", count, "connections from one address; 0: no limit")
    user_events: int | None = _setting("", optional_count, "events and requests a second of one user; 0: any")
    user_bytes: int | None = _setting("", optional_count, "bytes a second that one user sends; 0: any")
    user_reads: int | None = _setting("", optional_count, "bytes a second that one user reads; 0: any")
    user_rows: int | None = _setting("", optional_count, "messages and changes a day of one user; 0: any")
    user_changes: int | None = _setting("", optional_count, "changes of reminders a day of one user; 0: any")
    user_reminders: int | None = _setting("", optional_count, "pending reminders for one user; 0: any")
    user_files: int | None = _setting("", optional_count, "files that one user uploads in a day; 0: any")
    user_file_bytes: int | None = _setting("", optional_count, "bytes of them; 0: any")
    file_bytes: int = _setting(limits.FILE_BYTES, file_size, "bytes of a file that may be uploaded")
    disk_reserve: int = _setting(limits.DISK_RESERVE, count, "bytes that uploads leave free on the disk")
    stranger_requests: int = _setting(
        f"{limits.STRANGER_REQUESTS}", count, "requests a second without token, by address"
    )
    stranger_tokens: int = _setting(limits.STRANGER_TOKENS, count, "bad tokens a second of one address; 0: any")
    stranger_connections: int = _setting(
        f"{limits.STRANGER_CONNECTIONS}", count, "connections, no token, of one address; 0: any"
    )
    hooks: Path | None = _setting("", optional_path, "file of receivers that are told what happens")
    backup_before_migration: bool = _setting("true", flag, "keep the database as it was before one")
    daily_backups: int = _setting("7", count, "how many are kept; 0: none is made")
    backup_folder: Path | None = _setting(
        "", optional_path, "where, on another disk; beside the database when left out"
    )
    read_notification_days: int = _setting("0", days, "read ones are deleted after so many; 0: never")
    closed_question_days: int = _setting("0", days, "deleted after so many, with messages; 0: never")
    audit_days: int = _setting("365", days, "who did what is kept for so many; 0: for ever")
    sandbox: bool = _setting("false", flag, "for developers: sample data, gone at the end; a clock to move")

    @property
    def keep(self) -> Keep:
        """Return for how long things are kept."""
        return Keep(
            self.read_notification_days, self.closed_question_days, self.audit_days, sessions=self.recovery_seconds
        )

    @property
    def allowance(self) -> Allowance:
        """Return the limits.

        Without tokens a whole machine is one address: then a user's limits are those that are set, and there are no
        strangers.
        """
        has_tokens = self.auth_secret_file is not None
        usual = USUAL if has_tokens else Budget()
        return Allowance(
            connection_events=self.connection_events,
            connection_bytes=self.connection_bytes,
            address_events=self.address_events,
            address_connections=self.address_connections,
            user=Budget(
                events=usual.events if self.user_events is None else self.user_events,
                bytes=usual.bytes if self.user_bytes is None else self.user_bytes,
                reads=usual.reads if self.user_reads is None else self.user_reads,
                rows=usual.rows if self.user_rows is None else self.user_rows,
                changes=usual.changes if self.user_changes is None else self.user_changes,
                reminders=usual.reminders if self.user_reminders is None else self.user_reminders,
                files=usual.files if self.user_files is None else self.user_files,
                file_bytes=usual.file_bytes if self.user_file_bytes is None else self.user_file_bytes,
            ),
            stranger_requests=self.stranger_requests if has_tokens else 0,
            stranger_tokens=self.stranger_tokens if has_tokens else 0,
            stranger_connections=self.stranger_connections if has_tokens else 0,
        )


SETTINGS = tuple(Setting(one.name, **one.metadata) for one in fields(Settings))


def nearest(word: str, known: Collection[str], prefix: str = "") -> str:
    """Ask whether the most similar of the known words was meant, with this before it; empty where none is similar."""
    similar = get_close_matches(word, known, n=1, cutoff=0.75)
    return f" (did you mean {prefix}{similar[0]}?)" if similar else ""


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return a line for each variable that begins like those of the settings and is none of them."""
    known = [setting.name.upper() for setting in SETTINGS]
    lines = []
    for variable in sorted(environment):
        name = variable.removeprefix(PREFIX)
        if variable.startswith(PREFIX) and name not in known:
            lines.append(f"{variable}: there is no such setting{nearest(name, known, PREFIX)}")
    return lines


_MAKE_TOKENS = (
    ", and any client that reaches it can speak as anyone. Make a key with `careline key FILE`, name it with "
    "--auth-secret-file (CARELINE_AUTH_SECRET_FILE), and give every client a token, as `careline token` makes them"
)
_SANDBOX = ", and a sandbox is for this machine alone"
_WITHOUT_TOKENS = f"{_MAKE_TOKENS}. --allow-open (CARELINE_ALLOW_OPEN) permits it without tokens"


class SettingsFault(Exception):
    """Settings that can't be used: one line for each."""


def read(options: Mapping[str, str | None], environment: Mapping[str, str], serving: bool) -> Settings:
    """Read the settings: options before variables before defaults. SettingsFault with all that is wrong.

    The files that they name are looked at only for `serving`: a backup can be made by someone who may not read the key.
    """
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
    secret_file, is_sandbox = values["auth_secret_file"], values.get("sandbox") is True
    if serving:
        if secret_file is None and EVERY_ORIGIN in values.get("allowed_origins", ()):
            remedy = _SANDBOX if is_sandbox else _MAKE_TOKENS
            faults.append(f"--allowed-origins (CARELINE_ALLOWED_ORIGINS): `*` lets in every page{remedy}")
        if is_sandbox:
            faults += _sandbox_faults(values, {name for name, text in options.items() if text is not None}, environment)
        elif secret_file is None and values.get("allow_open") is False:
            faults += _open_faults(values, _WITHOUT_TOKENS)
        if values["backup_folder"] is not None and values.get("daily_backups") == 0 and not is_sandbox:
            faults.append("--backup-folder (CARELINE_BACKUP_FOLDER): with --daily-backups 0 there are no copies for it")
        if values["tls_certificate"] is not None and socket_file(values.get("host") or "") is not None:
            faults.append(
                "--tls-certificate (CARELINE_TLS_CERTIFICATE): by a socket file (--host unix:PATH) nothing leaves the "
                "machine, and the proxy before it speaks TLS; leave it out"
            )
        faults += tls.faults(values["tls_certificate"], values["tls_key"])
        faults += key_file.faults(secret_file)
        faults += hooks_file.faults(values["hooks"], values.get("public_url"))
    if faults:
        raise SettingsFault("\n".join(faults))
    return Settings(**values)


def _sandbox_faults(values: Mapping[str, Any], options: set[str], environment: Mapping[str, str]) -> Iterator[str]:
    """Each setting that a sandbox does not take."""
    if "database" in options or "CARELINE_DATABASE" in environment:
        yield (
            "--database (CARELINE_DATABASE): a sandbox has a database of its own, which is gone at the end, and opens "
            "no other; leave it out"
        )
    if values["auth_secret_file"] is not None:
        yield "--auth-secret-file (CARELINE_AUTH_SECRET_FILE): a sandbox asks for no tokens; leave it out"
    if values.get("hooks") is not None:
        yield "--hooks (CARELINE_HOOKS): a sandbox tells no receiver what its moved clock makes happen; leave it out"
    if values.get("allow_open"):
        yield "--allow-open (CARELINE_ALLOW_OPEN): a sandbox listens on loopback alone; leave it out"
    yield from _open_faults(values, _SANDBOX)


def _open_faults(values: Mapping[str, Any], remedy: str) -> Iterator[str]:
    """Each setting by which other machines reach a server that asks for no token, and what is to be done."""
    host = values.get("host")
    if host is not None and socket_file(host) is not None:
        yield f"--host (CARELINE_HOST): {host} is for a proxy, which lets other machines reach the server{remedy}"
    elif host is not None and not is_loopback(host):
        yield f"--host (CARELINE_HOST): {host} can be reached from other machines{remedy}"
    if values.get("trusted_proxies"):
        yield f"--trusted-proxies (CARELINE_TRUSTED_PROXIES): a proxy lets other machines reach the server{remedy}"
    beyond = [name for name in values.get("allowed_hosts", ()) if not is_loopback(name.strip("[]"))]
    if beyond:
        yield f"--allowed-hosts (CARELINE_ALLOWED_HOSTS): {beyond[0]} is a name for other machines{remedy}"
    beyond = [origin for origin in values.get("allowed_origins", ()) if _is_beyond(origin)]
    if beyond:
        yield f"--allowed-origins (CARELINE_ALLOWED_ORIGINS): {beyond[0]} is a page of another machine{remedy}"


def _is_beyond(origin: str) -> bool:
    """Return whether a listed origin can be that of a page from another machine: any site can make a page whose origin
    is null. An app's own scheme names no machine."""
    if origin.partition("://")[0] not in DEFAULT_PORTS:
        return origin == "null"
    return not is_loopback(urlsplit(origin).hostname or "")
