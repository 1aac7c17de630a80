"""Attacks before and at the door: handshakes that never end, connections without CONNECT, tokens that are not good."""

from __future__ import annotations

import json
from contextlib import closing

from tests.siege.attacks.attacker import Attacker, repeated
from tests.tokens import token
from tests.wire.raw import request, text


def half_open(attacker: Attacker) -> None:
    """Connections with nothing, or with half of a head; they stay open."""
    whole = request(attacker.port)
    while attacker.goes_on:
        connection = attacker.connect()
        attacker.keep(connection)
        attacker.send(connection, whole[: attacker.chance.randrange(len(whole))])
        attacker.pause(0.01)


def byte_by_byte(attacker: Attacker) -> None:
    """Handshakes and HTTP requests of which each byte is a packet of the network."""
    while attacker.goes_on:
        whole = attacker.pick(request(attacker.port) + text(b"40"), attacker.head("GET", "/health"))
        with closing(attacker.connect()) as connection:
            for place in range(len(whole)):
                if not (attacker.goes_on and attacker.send(connection, whole[place : place + 1])):
                    break
            attacker.read(connection, whole, 0.1)


def long_heads(attacker: Attacker) -> None:
    """Heads that are too large, or have no end, for the door and for HTTP."""
    lines = "".join(f"X-{number}: {'x' * 100}\r\n" for number in range(attacker.pick(20, 150, 2000)))
    starts = (
        request(attacker.port)[:-2].decode(),
        attacker.head("GET", "/health")[:-2].decode(),
        attacker.head("GET", "/" + "x" * attacker.pick(5000, 20_000))[:-2].decode(),
        f"GET /socket.io/?EIO=4&transport=websocket&x={'x' * 15_000} HTTP/1.1\r\n",
    )
    while attacker.goes_on:
        with closing(attacker.connect()) as connection:
            whole = (attacker.chance.choice(starts) + lines).encode()
            attacker.send(connection, whole + attacker.pick(b"\r\n", b""))
            attacker.read(connection, whole, 0.2)


def no_connect(attacker: Attacker) -> None:
    """Websockets that are opened and left, at once or without ever entering."""
    while attacker.goes_on:
        connection = attacker.websocket(enters=False)
        if attacker.chance.random() < 0.5:
            attacker.keep(connection)
        else:
            connection.close()
        attacker.pause(0.001)


def bad_tokens(attacker: Attacker) -> None:
    """Tokens that are not good, over websockets, long-polling and HTTP, as fast as they are refused."""
    shown = attacker.pick(
        "x",
        "x" * 8000,
        "a.b.c",
        token(attacker.user_id, "STAFF", key="another key that is as long as a key has to be"),
        token(attacker.user_id, "ELDER", ttl=-100),
        token(attacker.user_id, "NURSE"),
        token(2**70, "STAFF"),
        token(attacker.user_id, "STAFF", sub="0"),
    )
    entry = b"40" + json.dumps({"token": shown}).encode()
    calls = attacker.head("GET", "/api/questions", f"Authorization: Bearer {shown}", shows=False)
    while attacker.goes_on:
        if attacker.chance.random() < 0.5:
            with closing(attacker.websocket(entry, enters=False)) as connection:
                attacker.read(connection, seconds=0.1)
                if attacker.chance.random() < 0.2:
                    attacker.flood(connection, repeated(text(entry)))
        else:
            with closing(attacker.connect()) as connection:
                attacker.send(connection, calls * attacker.pick(1, 50))
                attacker.read(connection, calls, 0.3)


def requests_refused(attacker: Attacker) -> None:
    """Websocket requests that are refused for what they say: versions, origins, hosts, keys, sessions."""
    kinds = (
        request(attacker.port, "EIO=3&transport=websocket"),
        request(attacker.port, "EIO=4&transport=websocket&sid=" + "x" * 3000),
        request(attacker.port, "EIO=4&transport=flashsocket"),
        request(attacker.port, headers=["Origin: https://evil.example"]),
        request(attacker.port).replace(b"127.0.0.1", b"evil.example"),
        request(attacker.port).replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"),
        request(attacker.port).replace(b"Version: 13", b"Version: 99"),
        request(attacker.port).replace(b"GET", b"POST"),
    )
    while attacker.goes_on:
        whole = attacker.chance.choice(kinds)
        with closing(attacker.connect()) as connection:
            attacker.send(connection, whole)
            attacker.read(connection, whole, 0.2)
