"""Websockets at the pace of the fuzz: opened in one breath, and a fence behind whatever is thrown at them."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from tests.packets import Closed, Connection
from tests.server import Server
from tests.wire.raw import CLOSE, LEFT, PONG, TEXT, Ended, Raw, frame, request, text

FENCE: Final = b'42987654["leave_question",{"question_id":5}]'
PAST: Final = b'43987654[{"question_id":5}]'
# With which the server may say goodbye: its own, to the engine's goodbye, and its words for three kinds of faults.
CODES: Final = (1001, 1002, 1007, 1009)
ON: Final = "goes on"


class Websocket(Connection):
    """A connection that carries events."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._raw = Raw(server)
        self._raw.send(request(server.port))
        self._raw.opened()

    def send(self, *packets: str | bytes) -> None:
        self._raw.send(text(*(packet.encode() if isinstance(packet, str) else packet for packet in packets)))

    def receive(self) -> str:
        try:
            opcode, payload = self._raw.read()
        except Ended as ended:
            raise Closed(str(ended)) from None
        assert opcode == TEXT, (opcode, payload)
        return payload.decode()

    def close(self) -> None:
        self._raw.close()


class Target:
    """A websocket at which things are thrown until the server ends it."""

    def __init__(self, server: Server, *, enters: bool = True) -> None:
        self._raw = Raw(server)
        # It goes with what is thrown first, as from a client in a hurry.
        self._opening = request(server.port) + (text(b"40") if enters else b"")
        self._enters = enters
        # What the last throw brought.
        self.pongs: list[bytes] = []
        self.left = 0
        self.said_goodbye: bytes | None = None

    def throw(self, pieces: Sequence[bytes], pongs: int = 0) -> str:
        """Send, each piece by itself; give what comes of it: that it goes on, with so many pongs, or how the server
        ended it."""
        self.pongs, self.left, self.said_goodbye = [], 0, None
        opening = bool(self._opening)
        with suppress(Ended):  # by an earlier piece; what the server has said of it is there to be read
            self._send([*pieces[:-1], pieces[-1] + text(FENCE)])
        try:
            if opening:
                self._opened()
            return self._read(pongs)
        except Ended:
            return "cut off"

    def leave(self, pieces: Sequence[bytes], *, reset: bool) -> None:
        """Send, then send no more, or go away without a word; in the first case the server must end it."""
        opening = bool(self._opening)
        with suppress(Ended):
            self._send(pieces)
            if not reset:
                with suppress(OSError):  # the server may have ended it already
                    self._raw.socket.shutdown(socket.SHUT_WR)
                if opening:
                    self._opened()
                self._raw.rest()
        if reset:
            self._raw.reset()
        self.close()

    def close(self) -> None:
        """End it."""
        self._raw.close()

    def _send(self, pieces: Sequence[bytes]) -> None:
        for piece in pieces:
            opening, self._opening = self._opening, b""
            self._raw.send(opening + piece)

    def _opened(self) -> None:
        self._raw.opened()
        if self._enters:
            self._raw.entered()

    def _read(self, pongs: int) -> str:
        past = False
        # The library's pongs leave at the end of a segment, after the answers to what was in it.
        while not past or len(self.pongs) < pongs:
            opcode, payload = self._raw.read()
            if opcode == PONG:
                self.pongs.append(payload)
            elif opcode == CLOSE:
                self.said_goodbye = payload
                return f"closed with {struct.unpack('!H', payload[:2])[0] if payload else 'nothing'}"
            elif payload == PAST:
                past = True
            elif payload == b"2":
                self._raw.send(frame(TEXT, b"3"))
            else:
                assert opcode == TEXT, (opcode, payload)
                assert b"INTERNAL_ERROR" not in payload, payload
                assert "服务器".encode() not in payload, payload
                self.left += payload == LEFT
        return ON
