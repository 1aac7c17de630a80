"""What makes a request for a websocket, and what is said to one that is none."""

import http.client
from collections.abc import Sequence

import pytest

from consult.wire.handshake import Refused, accepted, read, refusal

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
WELL_FORMED = ["Host: a", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", KEY]


def head(headers: Sequence[str], line: str = "GET /socket.io/?EIO=4 HTTP/1.1") -> bytes:
    return "\r\n".join([line, *headers]).encode("latin-1")


def without(name: str) -> list[str]:
    return [line for line in WELL_FORMED if not line.startswith(name)]


def test_the_answer_is_the_one_that_the_standard_gives_as_its_example() -> None:
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in accepted(read(head(WELL_FORMED)))


def test_headers_are_found_by_name_whatever_their_case_and_spaces() -> None:
    asked = read(head([*WELL_FORMED, "X-Forwarded-For:  10.0.0.1 \t", "x-forwarded-for:10.0.0.2"]))
    assert asked.get_all("x-forwarded-for") == ["10.0.0.1", "10.0.0.2"]
    assert asked.one("x-forwarded-for") is None
    assert asked.one("host") == "a"
    assert asked.get_all("origin") == []
    assert asked.query == "EIO=4"


def test_an_upgrade_among_other_options_is_one() -> None:
    accepted(read(head([*without("Connection"), "Connection: keep-alive, Upgrade"])))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (head(WELL_FORMED, "POST /socket.io/ HTTP/1.1"), 400),
        (head(WELL_FORMED, "GET /socket.io/ HTTP/1.0"), 400),
        (head(WELL_FORMED, "GET /socket.io/ HTTP/1.1 more"), 400),
        (head([*WELL_FORMED, "no colon"]), 400),
        (head([*WELL_FORMED, " folded: x"]), 400),
        (head([*WELL_FORMED, "spaced : x"]), 400),
        (head([*WELL_FORMED, "nul: \0"]), 400),
        (head([*WELL_FORMED, "bare: a\nb: c"]), 400),
        (head([*WELL_FORMED, "bare: a\rb"]), 400),
        (head(without("Connection")), 400),
        (head([*without("Connection"), "Connection: close"]), 400),
        (head(without("Sec-WebSocket-Key")), 400),
        (head([*WELL_FORMED, KEY]), 400),
        (head([*without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: c2hvcnQ="]), 400),
        (head([*without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: \xe4\xe4\xe4"]), 400),
        (head([*without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: !"]), 400),
        (head(without("Sec-WebSocket-Version")), 426),
        (head([*without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 8"]), 426),
        (head([*WELL_FORMED, *(f"X-{number}: x" for number in range(200))]), 431),
        (head([*WELL_FORMED, "Cookie: " + "x" * 17_500]), 431),
    ],
)
def test_what_is_no_request_for_a_websocket_is_refused(asked: bytes, status: int) -> None:
    with pytest.raises(Refused) as refused:
        accepted(read(asked))
    assert refused.value.status == status


@pytest.mark.parametrize("status", [400, 403, 426, 429, 431])
def test_a_refusal_is_a_whole_answer(status: int) -> None:
    first, _, body = refusal(Refused(status, "因为")).partition(b"\r\n\r\n")
    line, *headers = first.decode().split("\r\n")
    assert line == f"HTTP/1.1 {status} {http.client.responses[status]}"
    assert f"Content-Length: {len(body)}" in headers
    assert "Connection: close" in headers
    assert ("Sec-WebSocket-Version: 13" in headers) == (status == 426)
    assert body.decode() == "因为"
