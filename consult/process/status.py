"""`careline status`: asks the running server how it is, and says so in a short table."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from consult.contract.permissions import Role
from consult.entry.access import socket_file
from consult.entry.key_file import KeyFault, read_keys
from consult.entry.tokens import Tokens, Wanted
from consult.process.settings import Settings
from consult.process.standard_streams import fail, printable, tell
from store.clock import system_clock

# Seconds. Over plain HTTP another user of this machine may sit on the port and receive the token: it is good for
# /health and /metrics alone, and only for so long.
TOKEN_TTL = 10
LONGEST_ANSWER = 10_000_000  # bytes
PATIENCE = 10.0  # seconds, of a server whose database is locked

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # how to reach a server bound to all interfaces
_REMEDIES = {401: "; --auth-secret-file names its key", 403: "; --allowed-hosts names its host"}


class _NoAnswer(Exception):
    """There is no Careline there, or none that answers; the text says why, in one line."""


def show(settings: Settings) -> int:
    """Prints the table; the exit status: 0 when all is well, 1 when it is not or there is no answer."""
    file = socket_file(settings.host)
    if not settings.port and file is None:
        return fail("--port 0 (CARELINE_PORT) names no server")
    url, connection = _connection(settings) if file is None else (settings.host, _ByFile(file))
    # The server answers to the hosts that it is told, wherever it listens.
    headers = {"Host": settings.allowed_hosts[0]} if settings.allowed_hosts else {}
    keys = settings.auth_secret_file
    try:
        health = json.loads(_ask(connection, "/health", headers | _shown(keys)))
        rows = list(_rows(health, Samples(_ask(connection, "/metrics", headers | _shown(keys)))))
        text = f"careline {health['version']} at {url}: {health['status']}"
    except KeyFault as fault:
        return fail(f"--auth-secret-file (CARELINE_AUTH_SECRET_FILE): {keys} {fault}")
    except _NoAnswer as fault:
        return fail(f"{url} {fault}")
    except OSError as fault:
        return fail(f"{url} cannot be reached: {fault.strerror or fault}")
    except (http.client.HTTPException, ValueError, KeyError, TypeError):
        return fail(f"{url} answers, but not as a Careline of this version")
    finally:
        connection.close()
    width = max(len(name) for name, _ in rows)
    tell(printable(text) + "\n\n" + "".join(f"{printable(f'{name:{width}}  {value}')}\n" for name, value in rows))
    if health["status"] == "ok":
        return 0
    ails = [health[part] for part in ("database", "reminders") if health[part] != "ok"]
    return fail(printable(f"{url} is failing: {'; '.join(ails)}"))


def _shown(keys: Path | None) -> dict[str, str]:
    """Return the header that shows a new token, where the server asks for one. KeyFault when none can be made."""
    if keys is None:
        return {}
    asker = Wanted(user_id=1, user_type=Role.MONITOR.value, name=None, questions=None, ttl=TOKEN_TTL)
    return {"Authorization": f"Bearer {Tokens(read_keys(keys), system_clock).make(asker)}"}


class _Verified(http.client.HTTPSConnection):
    """A connection that opens only to a server that has the configured certificate and its key."""

    def __init__(self, host: str, port: int, certificate: Path) -> None:
        # The certificate names the clinic's host, and this goes to the address that the server listens on, so the
        # library's own checks cannot pass: `connect` compares the certificate itself.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().__init__(host, port, timeout=PATIENCE, context=context)
        self._certificate = certificate

    def connect(self) -> None:
        try:
            configured = ssl.PEM_cert_to_DER_cert(_first_certificate(self._certificate.read_text("ascii", "replace")))
        except OSError as fault:
            raise _NoAnswer(f"was shown no token: cannot read {self._certificate}: {fault.strerror}") from None
        except ValueError:
            raise _NoAnswer(f"was shown no token: {self._certificate} holds no certificate in PEM") from None
        super().connect()
        assert isinstance(self.sock, ssl.SSLSocket)
        if self.sock.getpeercert(binary_form=True) != configured:
            self.close()
            raise _NoAnswer(f"was shown no token: its certificate is not the one in {self._certificate}")


class _ByFile(http.client.HTTPConnection):
    """A connection to a server that listens on a socket file."""

    def __init__(self, file: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._file = file

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._file))


def _connection(settings: Settings) -> tuple[str, http.client.HTTPConnection]:
    """Return the server's address, and a connection to it."""
    host, port = _EVERYWHERE.get(settings.host, settings.host), settings.port
    scheme = "https" if settings.tls_certificate else "http"
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    if settings.tls_certificate is None:
        return url, http.client.HTTPConnection(host, port, timeout=PATIENCE)
    return url, _Verified(host, port, settings.tls_certificate)


def _first_certificate(text: str) -> str:
    begin, end = text.find(ssl.PEM_HEADER), text.find(ssl.PEM_FOOTER)
    if not 0 <= begin < end:
        raise ValueError("no certificate")
    return text[begin : end + len(ssl.PEM_FOOTER)]


def _ask(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> str:
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    text = answer.read(LONGEST_ANSWER).decode()
    if answer.status not in (200, 503):
        remedy = _REMEDIES.get(answer.status, "")
        raise _NoAnswer(f"refuses to tell how it is: {answer.status} {printable(answer.reason)}{remedy}")
    return text


class Samples:
    """The values of the metrics."""

    def __init__(self, text: str) -> None:
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def by(self, name: str, label: str) -> dict[str, int]:
        """The values of a metric by a label of it, added up over the others."""
        values: dict[str, int] = {}
        for sample in self._samples:
            if sample.name == name:
                key = sample.labels[label]
                values[key] = values.get(key, 0) + int(sample.value)
        return values

    def value(self, name: str) -> float:
        """Return the value of a metric without labels, or 0 where it is not known."""
        return next((sample.value for sample in self._samples if sample.name == name), 0.0)


def _rows(health: Mapping[str, Any], samples: Samples) -> Iterator[tuple[str, str]]:
    yield "database", health["database"]
    written = samples.value("careline_notifications_written_total")
    due = samples.value("careline_reminders_due")
    yield "reminders", f"{health['reminders']}; {due:,.0f} due, {written:,.0f} notifications written"
    if health["parked"] and health["parked"]["count"]:
        yield "parked", f"{health['parked']['count']:,} reminders: {', '.join(map(str, health['parked']['ids']))}"
    yield "connections", _listed(samples.by("careline_connections", "transport"))
    yield "events", _listed(samples.by("careline_events_total", "result"))
    yield "cut off", _listed(samples.by("careline_cuts_total", "reason"))
    writes, events, unread = (health["queues"][name] for name in ("writes", "events", "unread_bytes"))
    yield "waiting", f"{writes:,} writes, {events:,} events, {unread:,} bytes unread"
    commits, writes = samples.value("careline_commit_writes_count"), samples.value("careline_commit_writes_sum")
    if commits:
        seconds = samples.value("careline_commit_seconds_sum")
        yield "commits", f"{commits:,.0f} of {writes / commits:,.1f} writes and {seconds / commits * 1000:,.1f} ms each"
    yield "loop lag", f"{health['loop_lag_ms']:,} ms at worst in the last minute"
    free = health["disk_free_bytes"]
    yield "disk left", "not known" if free is None else f"{free / 2**30:,.1f} GiB"
    count, size = samples.value("careline_files"), samples.value("careline_file_bytes")
    yield "files", f"{count:,.0f} of {size / 2**20:,.1f} MiB"
    yield "last backup", health["last_backup"] or "none"
    yield "off the disk", _off_disk(health["off_disk"])
    if health["off_disk"] and health["off_disk"]["drill"]:
        copies = health["off_disk"]
        yield "drill", f"{copies['drill']} at {copies['last_drill']}: {copies['drill_result']}"
    replica = health["replica"]
    if replica is not None:
        wrong = "" if replica["since"] is None else f"{replica['state']} since {replica['since']}; "
        yield "replica", f"{wrong}{replica['behind_seconds']:,} s behind"
    for hook in health["hooks"] or ():
        yield f"hook {hook['name']}", _of_hook(hook)
    for name, job in health["jobs"].items():
        yield f"job {name}", f"{job['result']} at {job['last_run']}" if job["last_run"] else "not yet, or off"


def _off_disk(copies: Mapping[str, Any] | None) -> str:
    if copies is None:
        return "nothing; --backup-folder names another disk"
    if copies["last_copy"] is None:
        return "nothing yet"
    return f"a copy of {copies['last_copy']}, {copies['age_seconds'] / 3600:,.1f} hours old"


def _of_hook(hook: Mapping[str, Any]) -> str:
    told = f"{hook['state']}; {hook['waiting']:,} waiting" + (f" since {hook['oldest']}" if hook["oldest"] else "")
    if hook["dead_letters"] or hook["lost"]:
        told += f", {hook['dead_letters']:,} dead letters, {hook['lost']:,} lost"
    return told + (f"; its receiver {hook['last_error']}" if hook["last_error"] else "")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()) if count) or "none"
