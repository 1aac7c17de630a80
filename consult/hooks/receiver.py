"""One attempt to tell a receiver: a signed POST, and what came of it.

TLS is verified, redirects are not followed, no proxy and no cookie is used, and no more than 64 KB of the answer are
read. The connection is kept for the next event.
"""

import contextlib
import logging
import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError, SSLError
from urllib3.response import BaseHTTPResponse

from consult.process.version import VERSION
from store.clock import Clock

PATIENCE: Final = 10.0  # seconds for the whole of an attempt
MOST_READ: Final = 65_536  # bytes of an answer
_CHUNK: Final = 8_192
IDLE: Final = 30.0  # seconds after which a kept connection is not used again: many receivers have closed it by then
GONE: Final = 410

_LATE: Final = f"did not answer within {PATIENCE:.0f} s"
_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8", "User-Agent": f"Careline/{VERSION}"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt."""

    fault: str | None  # why it failed; None where the receiver has taken the event
    status: int | None = None
    retry_after: float | None = None  # seconds that the receiver asks for

    @property
    def is_gone(self) -> bool:
        """Return whether the receiver wants no more events."""
        return self.status == GONE


class Receiver:
    """The way to one address. Used by one thread, but for `cut` and `is_overdue`."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._clock = clock
        self._parts = urlsplit(url)
        self._connection: HTTPConnection | None = None  # until the first attempt
        self._socket: socket.socket | None = None  # of the attempt under way, also where the connection gives it up
        self._used_at = 0.0
        self._began_at: float | None = None  # while an attempt is under way
        self._is_cut = False

    def _new_connection(self) -> HTTPConnection:
        # Not at the start: it takes 20 ms to read the machine's authorities, which is not for the loop.
        # urllib3 logs what a receiver has sent, with the receiver's address, which may hold a key.
        logging.getLogger("urllib3.connection").disabled = True
        parts = self._parts
        assert parts.hostname is not None  # hooks_file has looked
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return HTTPSConnection(parts.hostname, parts.port or 443, timeout=PATIENCE, ssl_context=context)
        return HTTPConnection(parts.hostname, parts.port or 80, timeout=PATIENCE)

    def post(self, body: bytes, headers: dict[str, str]) -> Answer:
        """Tell the receiver. It has taken an event that it answers with a status from 200 to 299."""
        connection = self._connection = self._connection or self._new_connection()
        self._began_at, self._is_cut = time.monotonic(), False
        # One that the receiver has closed meanwhile would cost the event an attempt.
        if self._began_at - self._used_at > IDLE or not connection.is_connected:
            connection.close()
        is_kept = False
        try:
            answer, is_kept = self._post(connection, body, headers)
        except (HTTPError, HTTPException, OSError, ValueError) as fault:
            answer = Answer(_LATE if self._is_cut else _in_words(fault))
        finally:
            self._began_at = self._socket = None
            if not is_kept:
                connection.close()
        self._used_at = time.monotonic()
        return answer

    def _post(self, connection: HTTPConnection, body: bytes, headers: dict[str, str]) -> tuple[Answer, bool]:
        """Return what came of it, and whether the connection can be used again."""
        # With what went wrong on an idle connection the event may have been taken: it is sent again as any other.
        path = self._parts.path or "/"
        target = f"{path}?{self._parts.query}" if self._parts.query else path
        connection.request("POST", target, body, {**_HEADERS, **headers}, preload_content=False)
        self._socket = connection.sock
        response = connection.getresponse()
        if self._is_cut:
            raise TimeoutError  # its head ends with the connection, and is not whole
        is_kept = _is_read(response)
        if 200 <= response.status < 300:
            return Answer(None, response.status), is_kept
        what = "redirects, which is not followed" if 300 <= response.status < 400 else "answers"
        retry_after = self._seconds(response.headers.get("Retry-After"))
        return Answer(f"{what} with {response.status}", response.status, retry_after), False

    def _seconds(self, text: str | None) -> float | None:
        """Return what a Retry-After asks for; None where there is none that can be read."""
        if text is None:
            return None
        text = text.strip()
        if text.isascii() and text.isdigit() and len(text) <= 9:
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - self._clock() / 1000)
        except (ValueError, TypeError, OverflowError, OSError):
            return None

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    def is_overdue(self) -> bool:
        """Return whether an attempt takes longer than it may. For any thread."""
        began_at = self._began_at
        return began_at is not None and time.monotonic() - began_at > PATIENCE

    def cut(self) -> None:
        """End the attempt that is under way. For any thread."""
        self._is_cut = True
        # Until the request is sent the connection alone knows its socket.
        link = self._socket or getattr(self._connection, "sock", None)
        if isinstance(link, socket.socket):
            # Not the TLS layer's own, which may be in use: what waits for the receiver wakes at the end of the stream.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(link, socket.SHUT_RDWR)


def _is_read(response: BaseHTTPResponse) -> bool:
    """Read an answer's body. Return whether it came to its end: after any other the connection is no good. What the
    answer says stands in its status."""
    read = 0
    try:
        while chunk := response.read(_CHUNK, decode_content=False):
            read += len(chunk)
            if read > MOST_READ:
                return False
    except (HTTPError, HTTPException, OSError):
        return False
    return True


def _in_words(fault: Exception) -> str:
    """Return why an attempt failed. The receiver's own words are not in it."""
    if isinstance(fault, NameResolutionError):
        return "its name is not found"
    cause = fault if isinstance(fault, ssl.SSLError) else fault.__cause__
    if isinstance(fault, SSLError | ssl.SSLError) or isinstance(cause, ssl.SSLError):
        reason = getattr(cause, "verify_message", "") or getattr(cause, "reason", None) or "no TLS"
        return f"cannot be trusted: {reason}"
    if isinstance(fault, TimeoutError) or "Timeout" in type(fault).__name__:
        return _LATE
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror.lower()
    return "broke off the connection"
