"""What long-polling clients post: payloads of any packets, no payloads at all, and upgrades that come to nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from tests.fuzz import values
from tests.fuzz.http_line import Got, HttpLine
from tests.fuzz.packets import LARGEST, drawn
from tests.fuzz.talk import Talk
from tests.fuzz.thrower import Thrower
from tests.fuzz.websocket import FENCE, PAST
from tests.packets import SEPARATOR
from tests.server import Server
from tests.wire.raw import CLOSE, TEXT, Ended, Raw, request, text

_BETWEEN: Final = SEPARATOR.encode()
_KINDS: Final = (
    *("text/plain;charset=UTF-8", "text/plain", "application/octet-stream", "application/json", "", "\t", "x" * 200),
)
_QUERIES: Final = (
    *("", "EIO=4", "transport=polling", "EIO=3&transport=polling", "EIO=2&transport=polling"),
    *("EIO=4&transport=websocket", "EIO=4&transport=polling&sid=", "EIO=4&transport=polling&sid=x"),
    *("EIO=&transport=", "EIO=4&transport=polling&sid=%00", "EIO=4&transport=polling&sid=%FF"),
    *("EIO=4&EIO=3&transport=polling&sid=x&sid=y", "EIO=4&transport=polling&j=0&sid=x", "EIO=x&transport=polling"),
    *("EIO=4&transport=carrier-pigeon", "EIO=4&transport=polling&b64=1&sid=x", "&&&", "%", "EIO=%"),
)
_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "X")
_PROBES: Final = (b"2probe", b"2probe", b"5", b"5", b"3", b"6", b"1", b"40", b"2", b"2probex", b"", b'42["x"]', b"\xff")


class Bodies(Thrower):
    """Posts to one session until that is ended, then to another."""

    def __init__(self, server: Server, chance: random.Random) -> None:
        super().__init__(server, chance)
        self._talk = Talk(chance)
        self._line = HttpLine(server)
        self._target = ""  # of the session, where there is one

    def about(self, questions: Sequence[int]) -> None:
        self._talk.questions = tuple(questions)

    def throw(self, most: int) -> int:  # noqa: ARG002 - one at a time
        if not self._target:
            self._open()
        (kind,) = self.chance.choices(
            [self._payload, self._probe, self._no_session, self._leave], weights=[80, 8, 8, 4]
        )
        self.outcomes[kind()] += 1
        return 1

    def close(self) -> None:
        self._line.close()
        self._target = ""

    def _open(self) -> None:
        target = "/socket.io/?EIO=4&transport=polling"
        opened = self._line.ask("GET", target)
        assert opened.status == 200, opened
        self._target = f"{target}&sid={json.loads(opened.body[1:])['sid']}"
        if self.chance.random() < 0.95:
            assert self._line.ask("POST", self._target, b"40").status == 200
            assert self._line.ask("GET", self._target).body.startswith(b"40{")

    def _payload(self) -> str:
        """Packets of any kind in one body, or a body of any kind."""
        chance = self.chance
        packets = [drawn(chance, self._talk) for _ in range(chance.choice((1, 1, 1, 2, 3, 10, 100)))]
        body = _BETWEEN.join(packets)
        if chance.random() < 0.2:
            body = values.mutated(chance, body)
        if chance.random() < 0.002:
            body = b"4" * (LARGEST + chance.choice((-1, 0, 1, 100_000)))
        headers = {} if chance.random() < 0.5 else {"Content-Type": chance.choice(_KINDS)}
        cut = chance.randrange(len(body) + 1)
        parts = body if chance.random() < 0.8 else [part for part in (body[:cut], body[cut:]) if part]
        try:
            got = self._line.ask("POST", self._target, parts, headers)
            return self._goes_on(got)
        except BaseException as fault:
            fault.add_note(f"after {headers} {body[:500]!r}")
            raise

    def _goes_on(self, got: Got) -> str:
        """Post the fence, and poll until it is answered or the session is known to be no more."""
        last = got
        if got.status == 200:
            last = self._line.ask("POST", self._target, FENCE)
        while last.status == 200:
            last = self._line.ask("GET", self._target)
            packets = last.body.split(_BETWEEN)
            assert b"INTERNAL_ERROR" not in last.body, last
            if PAST in packets:
                return "goes on"
            if b"2" in packets:
                self._line.ask("POST", self._target, b"3")
        # It ended at once, or in the middle: whatever is asked of it now is refused.
        assert last.status in (0, 400), last
        ended = self._line.ask("GET", self._target)
        assert ended.status == 400, ended
        self._target = ""
        return f"answered {got.status}, ended"

    def _no_session(self) -> str:
        """Requests that belong to no session."""
        chance = self.chance
        query = chance.choice(_QUERIES)
        if chance.random() < 0.5:
            query = quote(values.mutated(chance, b"EIO=4&transport=polling&sid=x"), safe="=&")
        method = chance.choice(_METHODS)
        got = self._line.ask(method, f"/socket.io/?{query}", chance.randbytes(3) if method == "POST" else None)
        assert got.status, "no answer"
        if got.status == 200 and got.body.startswith(b"0{"):
            self._say_goodbye(f"/socket.io/?EIO=4&transport=polling&sid={json.loads(got.body[1:])['sid']}")
        return f"answered {got.status}, without a session"

    def _leave(self) -> str:
        """Go away, with a poll under way or not, and with or without a goodbye."""
        if self.chance.random() < 0.5:
            raw = Raw(self.server)
            raw.send(f"GET {self._target} HTTP/1.1\r\nHost: 127.0.0.1:{raw.port}\r\n\r\n".encode())
            raw.reset()
        # Few do without a goodbye: the server keeps such a session for the length of a heartbeat.
        if self.chance.random() < 0.95:
            self._say_goodbye(self._target)
        self._target = ""
        return "left"

    def _say_goodbye(self, target: str) -> None:
        got = self._line.ask("POST", target, b"1")
        assert got.status in (200, 400), got

    def _probe(self) -> str:
        """A websocket that wants to take over."""
        packets = self.chance.choices(_PROBES, k=self.chance.randrange(1, 4))
        raw = Raw(self.server)
        try:
            raw.send(request(raw.port, self._target.partition("?")[2].replace("polling", "websocket")) + text(*packets))
            status, _ = raw.answer()
            assert status == 101, status
            moves = b"5" in packets and set(packets[: packets.index(b"5")]) <= {b"2probe"}
            if not moves:
                raw.reset()
                return self._goes_on(self._line.ask("POST", self._target, b"3"))
            self._target = ""
            raw.send(text(FENCE))
            while (read := raw.read()) != (TEXT, PAST):
                if read[0] == CLOSE:
                    return "moved, ended"
            return "moved, goes on"
        except Ended:
            return "moved, ended"
        except BaseException as fault:
            fault.add_note(f"after {packets}")
            raise
        finally:
            raw.close()
