"""What settings are and what their values may be; the table of them is in `main.py`."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from consult.entry import key_file
from consult.entry.access import DEFAULT_PORTS, is_loopback
from consult.entry.proxies import Network
from consult.wire import tls


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


def port(text: str) -> int:
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


def host(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("must be an address or a host name")
    return text


def names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def origins(text: str) -> tuple[str, ...]:
    listed = names(text)
    for origin in listed:
        if "*" in origin:
            raise ValueError("must be whole origins such as https://app.example.com: `*` stands for nothing here")
        _refuse_usual_port(origin)
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin or not parts.hostname:
            raise ValueError("must be origins such as https://app.example.com")
    return listed


def _refuse_usual_port(origin: str) -> None:
    """A browser leaves out the port that is its scheme's own, so an origin with it would never match."""
    for scheme, usual in DEFAULT_PORTS.items():
        if origin.startswith(f"{scheme}://") and origin.endswith(f":{usual}"):
            raise ValueError(f"must leave out the port {usual}, as browsers do for {scheme}")


def networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(name) for name in names(text))
    except ValueError:
        raise ValueError("must be addresses or networks such as 127.0.0.1,10.0.0.0/8") from None


_WITHOUT_TOKENS = (
    ", and any client that reaches it can speak as anyone. Make a key with `careline key FILE`, name it with "
    "--auth-secret-file (CARELINE_AUTH_SECRET_FILE), and give every client a token, as `careline token` makes them. "
    "--allow-open (CARELINE_ALLOW_OPEN) permits it without tokens"
)


class SettingsFault(Exception):
    """Settings that can't be used: one line for each."""


def read(
    table: Sequence[Setting], options: Mapping[str, str | None], environment: Mapping[str, str], serving: bool
) -> dict[str, Any]:
    """Every setting by name, options before variables before defaults; SettingsFault with all that is wrong. The files
    that they name are looked at only for `serving`: a backup can be made by someone who may not read the key."""
    values: dict[str, Any] = {}
    faults = []
    for setting in table:
        text = options.get(setting.name)
        if text is None:
            text = environment.get(setting.variable, setting.default)
        try:
            values[setting.name] = setting.parse(text)
        except ValueError as fault:
            faults.append(f"{setting.option} ({setting.variable}): {fault}, not {text!r}")
    secret_file = values["auth_secret_file"]
    if serving:
        if secret_file is None and values.get("allow_open") is False:
            faults += _open_faults(values)
        faults += tls.faults(values["tls_certificate"], values["tls_key"])
        faults += key_file.faults(secret_file)
    if faults:
        raise SettingsFault("\n".join(faults))
    return values


def _open_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """Each setting by which other machines reach a server that asks for no token."""
    host = values.get("host")
    if host is not None and not is_loopback(host):
        yield f"--host (CARELINE_HOST): {host} can be reached from other machines{_WITHOUT_TOKENS}"
    if values.get("trusted_proxies"):
        yield (
            "--trusted-proxies (CARELINE_TRUSTED_PROXIES): a proxy lets other machines reach the server"
            f"{_WITHOUT_TOKENS}"
        )
    beyond = [name for name in values.get("allowed_hosts", ()) if not is_loopback(name.strip("[]"))]
    if beyond:
        yield f"--allowed-hosts (CARELINE_ALLOWED_HOSTS): {beyond[0]} is a name for other machines{_WITHOUT_TOKENS}"
    beyond = [origin for origin in values.get("allowed_origins", ()) if _is_beyond(origin)]
    if beyond:
        yield (
            f"--allowed-origins (CARELINE_ALLOWED_ORIGINS): {beyond[0]} is a page of another machine{_WITHOUT_TOKENS}"
        )


def _is_beyond(origin: str) -> bool:
    """Whether a listed origin is that of a page from another machine. An app's own scheme names no machine."""
    parts = urlsplit(origin)
    return parts.scheme in DEFAULT_PORTS and not is_loopback(parts.hostname or "")
