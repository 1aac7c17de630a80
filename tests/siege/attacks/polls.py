"""Attacks over long-polling: bodies of many small packets, several polls at once, sessions that nobody enters."""

from __future__ import annotations

import re
from contextlib import closing

from tests.siege.attacks.attacker import Attacker, repeated
from tests.siege.attacks.frames import LARGE, STRANGER_BYTES
from tests.wire.raw import event, request, text

_PATH = "/socket.io/?EIO=4&transport=polling"
_SID = re.compile(r'"sid":"([^"]+)"')


def _body(attacker: Attacker, sid: str, body: bytes, *headers: str) -> bytes:
    return attacker.head("POST", f"{_PATH}&sid={sid}", f"Content-Length: {len(body)}", *headers) + body


def _session(attacker: Attacker) -> str:
    """Open a session, enter where the attacker can, and give its id; empty when the server does not let it."""
    with closing(attacker.connect()) as connection:
        attacker.send(connection, attacker.head("GET", _PATH, "Connection: close"))
        received = b""
        while (more := attacker.read(connection)) and len(received) < 10_000:
            received += more
        found = _SID.search(received.decode(errors="replace"))
        if found is None:
            attacker.pause(0.05)
            return ""
        if attacker.enters:
            with closing(attacker.connect()) as entering:
                attacker.send(entering, _body(attacker, found[1], attacker.entry(), "Connection: close"))
                attacker.read(entering)
    return found[1]


def small_packets(attacker: Attacker) -> None:
    """Bodies of as many packets as fit into them."""
    size = LARGE if attacker.enters else STRANGER_BYTES
    packet = attacker.pick(
        b"3", b"6", b"2", b"40", b'42["x"]', b"", b"43999[]", event("leave_question", {"question_id": 5})
    )
    body = (packet + b"\x1e") * (size // (len(packet) + 1))
    while attacker.goes_on:
        sid = _session(attacker)
        with closing(attacker.connect()) as connection:
            for _ in range(5):
                whole = _body(attacker, sid, body)
                if not (sid and attacker.goes_on and attacker.send(connection, whole)):
                    break
                attacker.read(connection, whole)


def two_polls(attacker: Attacker) -> None:
    """Several polls of one session at once, pipelined or each on a connection of its own; some stay open."""
    while attacker.goes_on:
        sid = _session(attacker)
        poll = attacker.head("GET", f"{_PATH}&sid={sid}")
        for _ in range(attacker.pick(2, 5)):
            connection = attacker.connect()
            attacker.send(connection, poll * attacker.pick(1, 3, 100))
            attacker.keep(connection)


def polls_again_and_again(attacker: Attacker) -> None:
    """A flood of polls of one session, answered or not, pipelined."""
    while attacker.goes_on:
        sid = _session(attacker)
        with closing(attacker.connect()) as connection:
            attacker.flood(
                connection, repeated(attacker.head("GET", f"{_PATH}&sid={sid}")), reads=attacker.pick(True, False)
            )


def sessions(attacker: Attacker) -> None:
    """A flood of sessions that nobody enters."""
    while attacker.goes_on:
        with closing(attacker.connect()) as connection:
            attacker.flood(connection, repeated(attacker.head("GET", _PATH)))


def probes(attacker: Attacker) -> None:
    """Upgrades of a session that are begun and not ended, several at once."""
    while attacker.goes_on:
        sid = _session(attacker)
        for _ in range(attacker.pick(1, 3, 10)):
            connection = attacker.connect()
            attacker.send(connection, request(attacker.port, f"EIO=4&transport=websocket&sid={sid}") + text(b"2probe"))
            attacker.keep(connection)
            if attacker.chance.random() < 0.3:
                attacker.send(connection, text(b"2probe") * 1000)


def unread_events(attacker: Attacker) -> None:
    """Events whose answers wait for a poll that never comes."""
    body = b"\x1e".join([event("leave_question", {"question_id": 5, "unknown": "x" * 100})] * 4000)
    while attacker.goes_on:
        sid = _session(attacker)
        with closing(attacker.connect()) as connection:
            while sid and attacker.goes_on and attacker.send(connection, whole := _body(attacker, sid, body)):
                if b" 200 " not in attacker.read(connection, whole):
                    break
