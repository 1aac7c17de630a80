"""The operator's file of hooks: where events are sent to, and which. Nothing that a client sends ever names an address.

A TOML file with a `[[hook]]` for each receiver (docs/hooks.md). All that is not known, or could not work, is refused:
a hook that silently tells nothing is found out by the person who was not called.
"""

import base64
import binascii
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from consult.contract.hooks import EVENTS
from consult.entry.access import is_loopback
from consult.entry.private_file import PrivateFileFault, read_private
from store.reminders import Channel
from store.transaction import Tellable

CHANNELS: Final[tuple[str, ...]] = get_args(Channel)
MOST_HOOKS: Final = 32  # each has a thread
LARGEST_FILE: Final = 262_144  # bytes
LONGEST_URL: Final = 2_048  # characters
SECRET_BYTES: Final = range(24, 65)  # as Standard Webhooks has it

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_URL = re.compile(r"https?://[\x21-\x7e]+")
_PREFIX = "whsec_"
_MAKES_ONE = "`echo whsec_$(openssl rand -base64 32)` makes one"


class HooksFault(Tellable):
    """The file of hooks can't be used; the text says where and why, in one line, and quotes no secret."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One receiver, as the operator's file names it."""

    name: str
    url: str
    secret: bytes  # the signing key, decoded
    events: tuple[str, ...]
    channels: tuple[str, ...]  # those whose notifications it gets
    content: bool  # false: it is told ids and kinds alone
    confirm_links: bool  # it is told a link that confirms a notification

    def __repr__(self) -> str:
        # The secret is in no log line and no traceback.
        return f"Hook({self.name!r})"


def read_hooks(path: Path) -> tuple[Hook, ...]:
    """Return the hooks of a file, in its order. HooksFault says where and why the file is refused."""
    try:
        content = read_private(path, LARGEST_FILE)
    except PrivateFileFault as fault:
        raise HooksFault(str(fault)) from None
    if len(content) > LARGEST_FILE:
        raise HooksFault(f"is larger than {LARGEST_FILE:,} bytes")
    try:
        tables = tomllib.loads(content.decode())
    except UnicodeDecodeError:
        raise HooksFault("is no UTF-8 text") from None
    except tomllib.TOMLDecodeError as fault:
        # The place alone: the rest of the text may quote the line.
        place = re.search(r"\(at (.*)\)$", str(fault))
        raise HooksFault(f"is no TOML: {place[1] if place else 'at its end'}") from None
    except RecursionError:
        raise HooksFault("is no TOML: it is nested too deeply") from None
    unknown = sorted(tables.keys() - {"hook"})
    if unknown:
        raise HooksFault(f"has an unknown key {unknown[0]!r}; hooks begin with [[hook]]")
    listed = tables.get("hook", [])
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise HooksFault("names no hook; each begins with [[hook]]")
    if len(listed) > MOST_HOOKS:
        raise HooksFault(f"has more than {MOST_HOOKS} hooks")
    hooks: dict[str, Hook] = {}
    for number, table in enumerate(listed, 1):
        hook = _hook(number, table)
        if hook.name in hooks:
            raise HooksFault(f"hook {number}: name: {hook.name!r} is another hook's name already")
        hooks[hook.name] = hook
    return tuple(hooks.values())


def refuse_links(hooks: Sequence[Hook]) -> None:
    """Raise HooksFault where a hook is to be told confirm links, on a server that can make none."""
    for number, hook in enumerate(hooks, 1):
        if hook.confirm_links:
            raise HooksFault(f"hook {number} ({hook.name}): confirm_links needs --public-url (CARELINE_PUBLIC_URL)")


def faults(path: Path | None, public_url: str | None) -> list[str]:
    """Return what is wrong with the file of hooks, if one is named."""
    try:
        if path is not None:
            hooks = read_hooks(path)
            if public_url is None:
                refuse_links(hooks)
    except HooksFault as fault:
        return [f"--hooks (CARELINE_HOOKS): {path} {fault}"]
    return []


def _hook(number: int, table: Mapping[str, Any]) -> Hook:
    place = f"hook {number}"
    if isinstance(table.get("name"), str) and _NAME.fullmatch(table["name"]):
        place += f" ({table['name']})"
    unknown = sorted(table.keys() - _KEYS.keys())
    if unknown:
        raise HooksFault(f"{place}: unknown key {unknown[0]!r}; known are {', '.join(_KEYS)}")
    values = {}
    for key, (parse, default) in _KEYS.items():
        if key not in table and default is None:
            raise HooksFault(f"{place}: {key} is missing")
        try:
            values[key] = parse(table.get(key, default))
        except ValueError as fault:
            raise HooksFault(f"{place}: {key}: {fault}") from None
    return Hook(**values)


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("must be of 1 to 32 letters, digits, - and _, such as sms-gateway")
    return value


def _url(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_URL or not _URL.fullmatch(value):
        raise ValueError("must be an address such as https://hooks.example.com/careline")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("names no host and port that could be reached") from None
    if not host or port == 0:
        raise ValueError("names no host and port that could be reached")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user name and password: the signature shows who sends")
    if parts.fragment or value.endswith("#"):
        raise ValueError("must have no part behind #, which is never sent")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("must begin with https, except for a receiver on this machine")
    return value


def _secret(value: object) -> bytes:
    if not isinstance(value, str) or not value.startswith(_PREFIX):
        raise ValueError(f"must begin with whsec_; {_MAKES_ONE}")
    try:
        secret = base64.b64decode(value.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be base64 behind whsec_; {_MAKES_ONE}") from None
    if len(secret) not in SECRET_BYTES:
        raise ValueError(f"must be of {SECRET_BYTES.start} to {SECRET_BYTES.stop - 1} bytes, decoded")
    if len(set(secret)) < len(secret) // 4:
        raise ValueError(f"is not random: too few of its bytes differ; {_MAKES_ONE}")
    return secret


def _some_of(known: tuple[str, ...]) -> Callable[[object], tuple[str, ...]]:
    def parse(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            raise ValueError(f"must be a list of one or more of {', '.join(known)}")
        for one in value:
            if one not in known:
                raise ValueError(f"{one!r} is none of {', '.join(known)}")
        if len(set(value)) < len(value):
            raise ValueError("names one of them twice")
        return tuple(value)

    return parse


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


# How each key of a [[hook]] is read, and what counts where it is left out; None: it may not be.
_KEYS: Final[Mapping[str, tuple[Callable[[object], Any], object]]] = {
    "name": (_name, None),
    "url": (_url, None),
    "secret": (_secret, None),
    "events": (_some_of(EVENTS), None),
    "channels": (_some_of(CHANNELS), ["IN_APP", "SYSTEM_MESSAGE"]),
    "content": (_flag, False),
    "confirm_links": (_flag, False),
}
