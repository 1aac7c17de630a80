"""Attacks over HTTP without an identity: pipelines, slow and lying bodies, hostile paths, answers that stay unread."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Final

from tests.siege.attacks.attacker import Attacker, repeated

PATHS: Final = (
    *("/", "/health", "/metrics", "/docs", "/protocol.json", "/static/console.js", "/nothing", "/api/questions"),
    *("/api/questions/1", "/api/questions/1/messages?limit=200", "/api/reminders?limit=200", "/static/"),
    *(
        "/api/questions?before_id=9223372036854775807",
        "/api/questions?limit=0",
        "/api/reminders/1/occurrences?limit=200",
    ),
)
HOSTILE_PATHS: Final = (
    *(
        "/../../etc/passwd",
        "/static/..%2f..%2fmain.py",
        "/%00",
        "/static/%00",
        "//evil.example/",
        "/api/questions/%F0%9F",
    ),
    *("/api/questions/-1", "/api/questions/99999999999999999999", "/api/questions/1/messages?after_id=1&before_id=2"),
    *(
        "/api/questions?limit=1e9",
        "/api//questions",
        "/api/questions/1/",
        "/socket.io/?EIO=4&transport=polling&sid=%00",
    ),
    *("/socket.io", "/socket.io/?EIO=99", "/socket.io/?transport=polling&EIO=4&EIO=3", "/?" + "a=b&" * 2000),
    *("/static/" + "a/" * 2000, "*", "http://127.0.0.1/health", "/api/users/1/notifications?status=" + "X" * 5000),
)
METHODS: Final = ("GET", "HEAD", "OPTIONS", "DELETE", "PUT", "PATCH", "TRACE", "CONNECT", "POST", "get", "PROPFIND")


def pipelines(attacker: Attacker) -> None:
    """One request after the other on a connection that is kept alive, without waiting for answers."""
    while attacker.goes_on:
        path = attacker.chance.choice(PATHS)
        with ExitStack() as opened:
            each = [opened.enter_context(closing(attacker.connect())) for _ in range(attacker.pick(1, 1, 10))]
            attacker.flood_all(each, repeated(attacker.head("GET", path)))
        attacker.pause(0.01)


def unread_pipelines(attacker: Attacker) -> None:
    """The same, and no answer is read; the connections stay open."""
    while attacker.goes_on:
        path = attacker.chance.choice(PATHS)
        connection = attacker.connect(receive_buffer=4096)
        attacker.keep(connection)
        attacker.send(connection, attacker.head("GET", path) * attacker.pick(20, 400))
        attacker.pause(0.05)


def hostile_paths(attacker: Attacker) -> None:
    """Paths and methods that nothing has."""
    while attacker.goes_on:
        with closing(attacker.connect()) as connection:
            for _ in range(20):
                path = attacker.chance.choice(HOSTILE_PATHS if attacker.chance.random() < 0.7 else PATHS)
                whole = attacker.head(attacker.chance.choice(METHODS), path, f"Range: {_ranges(attacker)}")
                if not (
                    attacker.goes_on and attacker.send(connection, whole) and attacker.read(connection, whole, 0.3)
                ):
                    break


def _ranges(attacker: Attacker) -> str:
    return str(attacker.pick("bytes=0-0", "bytes=" + "0-," * 500, "bytes=9-1", "bytes=-99999999999", "lines=1-2"))


def slow_bodies(attacker: Attacker) -> None:
    """Bodies that never end, or come a byte at a time; the connections stay open."""
    while attacker.goes_on:
        length = attacker.pick(10, 999_999, 1_000_001, 10**9, 10**18)
        connection = attacker.connect()
        attacker.keep(connection)
        path = attacker.pick("/api/questions", "/api/reminders", "/nothing", "/socket.io/?EIO=4&transport=polling")
        attacker.send(
            connection, attacker.head("POST", path, "Content-Type: application/json", f"Content-Length: {length}")
        )
        for _ in range(20):
            if not (attacker.goes_on and attacker.send(connection, b"x")):
                break
            attacker.pause(0.01)


def lying_bodies(attacker: Attacker) -> None:
    """Lengths and chunks that are not what they say."""
    json_body = "Content-Type: application/json"
    chunked = "Transfer-Encoding: chunked"
    kinds = (
        attacker.head("POST", "/api/questions", json_body, chunked) + b"0x10\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n",
        attacker.head("POST", "/api/questions", json_body, chunked) + b"1\r\nx\r\n" * 20_000,
        attacker.head("POST", "/api/questions", json_body, chunked) + b"ffffffffffffffff\r\nx",
        attacker.head("POST", "/api/questions", json_body, chunked) + b"-1\r\nx\r\n",
        attacker.head("POST", "/api/questions", json_body, chunked) + b"1;" + b"x" * 50_000,
        attacker.head("POST", "/api/questions", json_body, chunked) + b"5\r\nx\r\n0\r\nX-Trailer: " + b"x" * 9000,
        attacker.head("POST", "/api/questions", json_body, chunked, "Content-Length: 5") + b"0\r\n\r\n",
        attacker.head("POST", "/api/questions", json_body, "Content-Length: 5", "Content-Length: 6") + b"xxxxxx",
        attacker.head("POST", "/api/questions", json_body, "Content-Length: -5") + b"x",
        attacker.head("POST", "/api/questions", json_body, "Content-Length : 5") + b"xxxxx",
        attacker.head("POST", "/api/questions", json_body, "Content-Length: 5", "X: a\r\n b") + b"xxxxx",
        attacker.head("POST", "/api/questions", json_body, "Content-Length: 1") + b"x" * 100_000,
        attacker.head("POST", "/api/questions", json_body, "Expect: 100-continue", "Content-Length: 10"),
        attacker.head("GET", "/health", "X: \x00\x01", "Content-Length: 0"),
        b"GET /health HTTP/9.9\r\n\r\n",
        b"\r\n" * 1000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500,
        bytes(range(256)) * 10,
    )
    while attacker.goes_on:
        whole = attacker.chance.choice(kinds)
        with closing(attacker.connect()) as connection:
            attacker.send(connection, whole)
            attacker.read(connection, whole, 0.2)


def costly_bodies(attacker: Attacker) -> None:
    """JSON that takes long to read, and bodies at and above the bound."""
    size = 990_000
    content = {
        "deep": b"[" * (size // 2) + b"]" * (size // 2),
        "surrogates": b'{"title":"' + b"\\ud83d" * (size // 6 - 10) + b'"}',
        "keys": b"{" + b",".join(b'"%x":0' % number for number in range(size // 12)) + b"}",
        "number": b'{"elder_id":' + b"9" * (size - 20) + b"}",
        "too large": b'{"title":"' + b"x" * 1_100_000 + b'"}',
        "no UTF-8": b'{"title":"\xff\xfe"}',
        "lists": b'{"title":' + b"[" + b"[]," * (size // 3 - 20) + b"0]}",
    }
    body = content[attacker.chance.choice(sorted(content))]
    while attacker.goes_on:
        with closing(attacker.connect()) as connection:
            whole = attacker.post(attacker.pick("/api/questions", "/api/reminders"), body)
            attacker.send(connection, whole)
            attacker.read(connection, whole)
