"""One kept-alive HTTP connection that asks whatever it is told to, and is opened anew when the server closed it."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from tests.server import LIMIT, Server


@dataclass(frozen=True)
class Got:
    """An answer as it came; status 0 where the server closed the connection instead."""

    status: int
    kind: str  # its media type
    body: bytes


class HttpLine:
    """Asks one request after the other."""

    def __init__(self, server: Server) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
        self._kept_alive = False

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | list[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Got:
        """Ask; a body in several parts is sent chunked. An answer of a server in trouble is an AssertionError."""
        was_kept_alive = self._kept_alive
        with suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough, and may have said so
            self._line.request(method, target, body, dict(headers or {}))
        try:
            response = self._line.getresponse()
            got = Got(response.status, response.headers.get_content_type(), response.read())
        except (ConnectionError, http.client.HTTPException):
            self.close()
            # The server may have closed it before it was asked.
            return self.ask(method, target, body, headers) if was_kept_alive else Got(0, "", b"")
        self._kept_alive = not response.will_close
        assert got.status < 500, got
        return got

    def close(self) -> None:
        """End the connection."""
        self._line.close()
        self._kept_alive = False
