"""Bodies of HTTP requests that do not come to their end hold little memory, and cost others nothing."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import Final

import pytest

from tests.server import Server, wait_until
from tests.wire.raw import Ended, metric, raw

CUTS: Final = 'careline_cuts_total{reason="too many bodies at once"}'
HELD: Final = 900_000  # bytes of a body, before its last one

pytestmark = pytest.mark.direct


def test_they_are_bounded_in_bytes(server: Server) -> None:
    before = metric(server, CUTS)
    with ExitStack() as stack:
        for _ in range(40):
            connection = stack.enter_context(raw(server))
            head = f"POST /api/questions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {HELD + 1}\r\n\r\n"
            with suppress(Ended, ConnectionError):
                connection.send(head.encode() + b" " * HELD)
        wait_until(lambda: metric(server, CUTS) >= before + 40 - 16_777_216 // HELD, "the cuts")
        with server.reached_from("127.0.0.9"):
            body = b'{"title": "\xe5\xa4\xb4", "elder_id": 1}' + b" " * 500_000
            assert server.http("POST", "/api/questions", body=body).status == 201, "another client has room"
    server.check_log()
