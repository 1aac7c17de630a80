"""One attempt to tell a receiver: a signed POST, and what came of it.

TLS is verified, redirects are not followed, no proxy and no cookie is used, and no more than 64 KB of the answer are
read. The connection is kept for the next event.
"""

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError, SSLError

from consult.process.version import VERSION
from store.clock import Clock

PATIENCE: Final = 10.0  # seconds for the whole of an attempt
MOST_READ: Final = 65_536  # bytes of an answer
_CHUNK: Final = 8_192
IDLE: Final = 30.0  # seconds after which a kept connection is not used again: many receivers have closed it by then
GONE: Final = 410

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
        parts = urlsplit(url)
        assert parts.hostname is not None  # hooks_file has looked
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if parts.scheme == "https":
            self._connection: HTTPConnection = HTTPSConnection(
                parts.hostname, parts.port or 443, timeout=PATIENCE, ssl_context=ssl.create_default_context()
            )
        else:
            self._connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=PATIENCE)
        self._used_at = 0.0
        self._began_at: float | None = None  # while an attempt is under way
        self._is_cut = False

    def post(self, body: bytes, headers: dict[str, str]) -> Answer:
        """Tell the receiver. It has taken an event that it answers with a status from 200 to 299."""
        self._began_at, self._is_cut = time.monotonic(), False
        # One that the receiver has closed meanwhile would cost the event an attempt.
        if self._began_at - self._used_at > IDLE or not self._connection.is_connected:
            self._connection.close()
        try:
            answer = self._post(body, headers)
        except (HTTPError, OSError, ValueError) as fault:
            answer = Answer(_in_words(fault))
        finally:
            began_at, self._began_at = self._began_at, None
        if answer.fault is not None or time.monotonic() - began_at > PATIENCE:
            self._connection.close()
        if self._is_cut:
            return Answer(f"did not answer within {PATIENCE:.0f} s")
        self._used_at = time.monotonic()
        return answer

    def _post(self, body: bytes, headers: dict[str, str]) -> Answer:
        # With what went wrong on an idle connection the event may have been taken: it is sent again as any other.
        self._connection.request("POST", self._target, body, {**_HEADERS, **headers}, preload_content=False)
        response = self._connection.getresponse()
        read = 0
        while read <= MOST_READ and (chunk := response.read(_CHUNK, decode_content=False)):
            read += len(chunk)
        if read > MOST_READ:
            self._connection.close()  # the rest is not read
        if 200 <= response.status < 300:
            return Answer(None, response.status)
        what = "redirects, which is not followed" if 300 <= response.status < 400 else "answers"
        return Answer(
            f"{what} with {response.status}", response.status, self._seconds(response.headers.get("Retry-After"))
        )

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
        self._connection.close()

    def is_overdue(self) -> bool:
        """Return whether an attempt takes longer than it may. For any thread."""
        began_at = self._began_at
        return began_at is not None and time.monotonic() - began_at > PATIENCE

    def cut(self) -> None:
        """End the attempt that is under way. For any thread."""
        self._is_cut = True
        link = getattr(self._connection, "sock", None)
        if isinstance(link, socket.socket):
            # Not the TLS layer's own, which may be in use: what waits for the receiver wakes at the end of the stream.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(link, socket.SHUT_RDWR)


def _in_words(fault: Exception) -> str:
    """Return why an attempt failed. The receiver's own words are not in it."""
    if isinstance(fault, NameResolutionError):
        return "its name is not found"
    cause = fault if isinstance(fault, ssl.SSLError) else fault.__cause__
    if isinstance(fault, SSLError | ssl.SSLError) or isinstance(cause, ssl.SSLError):
        reason = getattr(cause, "verify_message", "") or getattr(cause, "reason", None) or "no TLS"
        return f"cannot be trusted: {reason}"
    if isinstance(fault, TimeoutError) or "Timeout" in type(fault).__name__:
        return f"did not answer within {PATIENCE:.0f} s"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror.lower()
    return "broke off the connection"
