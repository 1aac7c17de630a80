"""The opening handshake of a websocket (RFC 6455, section 4.2), up to the first frame.

Read here and not by the library, whose general reader of HTTP took a third of what a client costs that comes back.
"""

import base64
import binascii
import http
import re
from email.utils import formatdate

from websockets.utils import accept_key

from consult.security_headers import HEADERS, HSTS

_TOKEN = rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+"
_HEAD = re.compile(rb"GET ([!-~]+) HTTP/1\.1((?:\r\n" + _TOKEN + rb":[\t\x20-\x7e\x80-\xff]*)*)")
_KEY_BYTES = 16
_MOST_HEADERS = 128
_LONGEST_HEADER = 17_000  # bytes


class Refused(Exception):
    """The client does not get its websocket: the HTTP status that it is answered with, and why."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text


class Handshake:
    """A well-formed request: what it asks for, and its headers."""

    __slots__ = ("_headers", "query")

    def __init__(self, query: str, headers: dict[str, list[str]]) -> None:
        self.query = query
        self._headers = headers

    def get_all(self, name: str) -> list[str]:
        """Every header of that name, in lower case, in order."""
        return self._headers.get(name, [])

    def one(self, name: str) -> str | None:
        """The header of that name; None where there is none, or more than one."""
        values = self.get_all(name)
        return values[0] if len(values) == 1 else None


def read(head: bytes) -> Handshake:
    """A request's head without the empty line at its end; Refused where it is no request for a websocket."""
    match = _HEAD.fullmatch(head)
    if match is None:
        raise Refused(400, "No well-formed request")
    headers: dict[str, list[str]] = {}
    lines = match[2].decode("latin-1").split("\r\n")[1:]
    if len(lines) > _MOST_HEADERS or max(map(len, lines), default=0) > _LONGEST_HEADER:
        raise Refused(431, "Too many headers, or too long a one")
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.strip(" \t"))
    handshake = Handshake(match[1].decode("ascii").partition("?")[2], headers)
    options = ",".join(handshake.get_all("connection")).lower().split(",")
    if "upgrade" not in (option.strip() for option in options):
        raise Refused(400, "No request for an upgrade")
    if handshake.one("sec-websocket-version") != "13":
        raise Refused(426, "Unsupported websocket version")
    return handshake


def accepted(handshake: Handshake) -> bytes:
    """Return the answer that opens the websocket. Refused when Sec-WebSocket-Key is not a valid key."""
    key = handshake.one("sec-websocket-key")
    try:
        if key is None or len(base64.b64decode(key, validate=True)) != _KEY_BYTES:
            raise Refused(400, "No websocket key")
    except (binascii.Error, ValueError):
        raise Refused(400, "No websocket key") from None
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
    ).encode()


def refusal(refused: Refused, tls: bool = False) -> bytes:
    """The answer to one who is refused; the connection is to be closed after it."""
    security = "".join(f"{name}: {value}\r\n" for name, value in {**HEADERS, **(HSTS if tls else {})}.items())
    body = refused.text.encode()
    is_version = refused.status == http.HTTPStatus.UPGRADE_REQUIRED
    version = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" if is_version else ""
    return (
        f"HTTP/1.1 {refused.status} {http.HTTPStatus(refused.status).phrase}\r\n{version}{security}"
        f"Date: {formatdate(usegmt=True)}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    ).encode() + body
