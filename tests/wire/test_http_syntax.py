"""HTTP/1.1 by the letter (RFC 9112): what two parsers could read in two ways is refused, what is well-formed passes."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Final

import pytest

from tests.server import Server

HOST: Final = "Host: 127.0.0.1"
POST: Final = ["POST /api/questions HTTP/1.1", HOST, "Content-Type: application/json"]
BODY: Final = b'{"title":"a","elder_id":1}'
CHUNKED: Final = [*POST, "Transfer-Encoding: chunked"]
SIZE: Final = f"{len(BODY):x}".encode()

pytestmark = pytest.mark.direct


def head(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def answered(server: Server, sent: bytes) -> bytes:
    """Send bytes, and give all that comes until the server ends the connection, or answers a request that follows."""
    answer = b""
    with server.connect() as connection:
        connection.sendall(sent)
        while b"Careline" not in answer and (piece := connection.recv(65536)):
            answer += piece
    return answer


# A request whose answer shows that the one before has been read to its end and no further.
NEXT: Final = head("GET /docs HTTP/1.1", HOST)
REFUSED: Final = {
    "no host": head("GET /health HTTP/1.1"),
    "space before the colon": head("GET /health HTTP/1.1", HOST, "X : 1"),
    "content length with a space": head(*POST, "Content-Length : 26") + BODY,
    "bare CR in a value": head("GET /health HTTP/1.1", HOST, "X: a\rb"),
    "bare LF": head("GET /health HTTP/1.1", HOST, "X: a\nY: b"),
    "NUL in a value": head("GET /health HTTP/1.1", HOST, "X: a\x00b"),
    "control in a value": head("GET /health HTTP/1.1", HOST, "X: a\x1bb"),
    "an empty name": head("GET /health HTTP/1.1", HOST, ": 1"),
    "a name with a space": head("GET /health HTTP/1.1", HOST, "X Y: 1"),
    "a folded line": head("GET /health HTTP/1.1", HOST, "X: 1", " 2"),
    "no colon": head("GET /health HTTP/1.1", HOST, "X"),
    "a length in other digits": head(*POST, "Content-Length: \xb2") + BODY,
    "a length with a sign": head(*POST, "Content-Length: +26") + BODY,
    "a length in hex": head(*POST, "Content-Length: 0x1a") + BODY,
    "a list of lengths": head(*POST, "Content-Length: 26, 26") + BODY,
    "two lengths": head(*POST, "Content-Length: 26", "Content-Length: 26") + BODY,
    "no length": head(*POST, "Content-Length: ") + BODY,
    "length and chunks": head(*CHUNKED, "Content-Length: 26") + BODY,
    "chunks in HTTP/1.0": head("POST /api/questions HTTP/1.0", HOST, *CHUNKED[2:]) + b"0\r\n\r\n",
    "another coding": head(*POST, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "a coding of its own": head(*POST, "Transfer-Encoding: identity") + BODY,
    "chunked twice": head(*CHUNKED, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "a tab in the request line": head("GET\t/health HTTP/1.1", HOST),
    "another protocol": head("GET /health HTTP/2.0", HOST),
    "a method with a colon": head("GE:T /health HTTP/1.1", HOST),
    **{
        f"chunk size {size!r}": head(*CHUNKED) + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"
        for size in (b"0x1a", b"+1a", b"-1a", b"1_a", b" 1a", b"", b"g", b"\xb2", b"1a 1", b"1a;a\x00", b"1" * 17)
    },
    "junk after a chunk": head(*CHUNKED) + SIZE + b"\r\n" + BODY + b"junk\r\n0\r\n\r\n",
    "a chunk that ends in LF": head(*CHUNKED) + SIZE + b"\n" + BODY + b"\r\n0\r\n\r\n",
    "a trailer that is no field": head(*CHUNKED) + SIZE + b"\r\n" + BODY + b"\r\n0\r\nGET / HTTP/1.1\r\n\r\n",
    "endless trailers": head(*CHUNKED) + SIZE + b"\r\n" + BODY + b"\r\n0\r\n" + b"X: 1\r\n" * 4000 + b"\r\n",
}
TAKEN: Final = {
    "chunked in other letters": head(*POST, "Transfer-Encoding: Chunked") + SIZE + b"\r\n" + BODY + b"\r\n0\r\n\r\n",
    "trailers": head(*CHUNKED, "Trailer: X") + SIZE + b"\r\n" + BODY + b"\r\n0\r\nX: 1\r\nY: 2\r\n\r\n",
    "chunk extensions": head(*CHUNKED) + SIZE + b';a=b;c="d"\r\n' + BODY + b"\r\n0;e\r\n\r\n",
    "a size with zeros": head(*CHUNKED) + b"0001A\r\n" + BODY + b"\r\n000\r\n\r\n",
    "many chunks": head(*CHUNKED) + b"".join(b"1\r\n%c\r\n" % one for one in BODY) + b"0\r\n\r\n",
    "no space after the colon": head(*POST, "Content-Length:26", "X:") + BODY,
    "spaces around a value": head(*POST, "Content-Length: \t 26 ", "X: \xe4") + BODY,
    "names in other letters": head(*POST, "CONTENT-LENGTH: 26") + BODY,
    "an empty line before": b"\r\n" + head(*POST, "Content-Length: 26") + BODY,
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_well_formed_is_refused(server: Server, sent: bytes) -> None:
    """With 400, once; what comes after it is no request any more."""
    answer = answered(server, sent + NEXT)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1
    assert re.search(rb"\r\nconnection: close\r\n", answer, re.IGNORECASE)
    server.check_log()


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN.keys())
@pytest.mark.parametrize("in_pieces", [False, True], ids=["at once", "byte by byte"])
def test_what_is_well_formed_is_read(server: Server, sent: bytes, in_pieces: bool) -> None:
    if not in_pieces:
        answer = answered(server, sent + NEXT)
        assert [status.split()[1] for status in re.findall(rb"HTTP/1.1 [^\r]*", answer)] == [b"201", b"200"], answer[
            :300
        ]
        return
    with server.connect() as connection:
        for place in range(len(sent)):
            connection.sendall(sent[place : place + 1])
        assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")


def test_http_1_0_needs_no_host(server: Server) -> None:
    answer = answered(server, head("GET /health HTTP/1.0"))
    assert answer.split()[1] in (b"200", b"403")  # whose host is let in is another question


@pytest.mark.parametrize("path", ["/health", "/", "/nowhere", "/static/nowhere.js", "/socket.io/?EIO=3"])
def test_every_answer_has_its_date(server: Server, path: str) -> None:
    assert parsedate_to_datetime(server.http("GET", path).headers["date"])


def test_a_refused_websocket_has_date_and_upgrade(server: Server) -> None:
    upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: AA=="]
    answer = answered(server, head("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", HOST, *upgrade))
    assert answer.startswith(b"HTTP/1.1 426 ")
    assert b"\r\nUpgrade: websocket\r\n" in answer
    assert b"\r\nDate: " in answer


@pytest.mark.parametrize("upgrade", ["websocket, foo", "foo, WebSocket", "foo,websocket,bar"])
def test_websocket_among_other_upgrades(server: Server, upgrade: str) -> None:
    lines = [f"Upgrade: {upgrade}", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13"]
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    with server.connect() as connection:
        connection.sendall(head("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", HOST, *lines, key))
        assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("first", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00", b"\x80.\x01", b"\x04\x01"])
def test_tls_on_the_plain_port_ends_at_once(server: Server, first: bytes) -> None:
    """A browser that was given https:// would wait for a head that never comes."""
    answer = answered(server, first)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_two_hosts_are_refused(server: Server) -> None:
    """As a host that is not let in: no proxy and server take it for two different ones."""
    answer = answered(server, head("GET /docs HTTP/1.1", HOST, "Host: evil.example", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 403 ")
