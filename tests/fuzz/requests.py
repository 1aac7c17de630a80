"""HTTP requests, drawn from docs/openapi.json: as it tells them, with something wrong, and what is no request."""

from __future__ import annotations

import json
import random
import select
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote, urlencode

from tests.fuzz import values
from tests.fuzz.http_line import Got, HttpLine
from tests.fuzz.operations import OPERATIONS, Operation, resolved
from tests.fuzz.packets import LARGEST
from tests.fuzz.rules import ZONES, rule
from tests.fuzz.talk import MAX_ID, USERS
from tests.fuzz.thrower import Thrower
from tests.server import Server
from tests.wire.raw import Ended, Raw, request

_MOMENTS: Final = (
    *("2025-01-01 10:00:00", "2025-01-01T10:00", "1970-01-01 00:00:00", "1969-12-31 23:59:59", "9999-12-31 23:59:59"),
    *("2099-01-01T10:00:00+08:00", "2099-01-01T10:00:00Z", "2099-02-30 10:00:00", "0001-01-01 00:00:00+14:00", "x"),
    *("2025-01-01 10:00:00.123456", "2025-01-01 24:00:00", "20250101T100000", "2025-W01-1", "10:00:00", "2025-01-01"),
)
_IDS: Final = (
    *("0", "-1", "01", "+1", "1.0", "1e3", "x", " 1", "１", "%00", str(MAX_ID), str(MAX_ID + 1), "9" * 400, "a/b"),
    "..",
)
_KINDS: Final = (
    *("application/json; charset=utf-8", "application/json;;;", "APPLICATION/JSON", "text/plain", ""),
    *("multipart/form-data", "application/x-www-form-urlencoded", "application/json; charset=utf-7"),
    *("multipart/form-data; boundary=x", "x" * 500),
)
_NO_JSON: Final = (
    *(b"", b"{", b"nul", b"\xff", b"\xef\xbb\xbf{}", b"[" * 5000, b"NaN", b'{"a":1}{"b":2}', b"{'a':1}", b"9" * 5000),
)
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT", "X", "get")
_PATHS: Final = (
    *("/", "/docs", "/static/", "/static/x", "/static/../main.py", "/static/%2e%2e/main.py", "/static/%00"),
    *("/static/%ff", "/static/" + "x" * 300, "/static/console/main.js/x", "/static//etc/passwd"),
    *("/static/console/main.js?x", "/static/console/main.js%2f..", "/static/%e6%96%87"),
    *("/api", "/api/", "/api/x", "//", "/%", "/api/questions/"),
    *("/api/questions/1/", "/api//questions", "/api/questions/1/messages/1", "/API/questions", "/socket.io", "/%00"),
    *("/c", "/c/", "/c/x", "/c/" + "A" * 22 + "1", "/c/" + "A" * 22 + "9" * 400, "/c/%2e%2e", "/c//1", "/c/1/"),
    *("/%FF", "/" + "x" * 5000, "/favicon.ico", "/metrics/", "*", "/?" + "x" * 5000, "/api/users/1/notifications/x"),
)
# As http.client takes them: one character for each byte, which need not be UTF-8.
_BYTES: Final = ("文".encode().decode("latin-1"), "\xe9", "\xed\xa0\x80", "\x80\xff")
_ORIGINS: Final = (
    *("null", "https://example.com", "http://127.0.0.1:5173", "x", "http://[", "http://a:b", "http://\xe9.localhost"),
)
_HOSTS: Final = ("example.com", "localhost", "", "[::1]", "[", "127.0.0.1:x", "a:b:c", "\xe9.localhost")
_HEADERS: Final = (
    *({"Origin": origin} for origin in _ORIGINS),
    *({"Host": host} for host in _HOSTS),
    *({"Origin": "http://localhost:1", "Access-Control-Request-Method": method} for method in ("POST", "X")),
    *({"X-Forwarded-For": "1.2.3.4"}, {"Forwarded": "for=x"}, {"Accept": "text/html"}, {"Accept-Encoding": "gzip"}),
    *({"Range": "bytes=0-1"}, {"If-Modified-Since": "x"}, {"Cookie": "a=b; =; c"}, {"Authorization": "Bearer x"}),
    *({"Expect": "100-continue"}, {"Connection": "close"}, {"Upgrade": "h2c"}, {"X": "x" * 5000}),
)


class Requests(Thrower):
    """Asks over one kept-alive connection, and throws what is no request at connections of its own."""

    def __init__(self, server: Server, chance: random.Random) -> None:
        super().__init__(server, chance)
        self._line = HttpLine(server)

    def throw(self, most: int) -> int:  # noqa: ARG002 - one at a time
        (kind,) = self.chance.choices([self._call, self._no_request, self._astray], weights=[75, 15, 10])
        self.outcomes[kind()] += 1
        return 1

    def close(self) -> None:
        self._line.close()

    def _call(self) -> str:
        """A call that the document tells of, and what it tells of the answer."""
        chance = self.chance
        operation = chance.choice(OPERATIONS)
        target, headers = self._parameters(operation)
        body = None
        if operation.body is not None:
            body = self._body(operation.body)
            if chance.random() < 0.9:
                headers["Content-Type"] = chance.choice(_KINDS) if chance.random() < 0.1 else "application/json"
        elif operation.takes_file:
            body = chance.choice((b"", b"x", chance.randbytes(chance.randrange(300_000)), *_NO_JSON))
            headers["Content-Type"] = chance.choice((*_KINDS, "multipart/form-data; boundary=x", "image/jpeg"))
        got = self._asked(operation.method, target, body, headers)
        try:
            operation.check(got)
        except AssertionError as fault:
            fault.add_note(f"{got} after {operation.method} {target} {headers} {body!r}"[:1500])
            raise
        return f"answered {got.status}"

    def _parameters(self, operation: Operation) -> tuple[str, dict[str, str]]:
        """The path with its query, and the headers."""
        chance = self.chance
        target, query, headers = operation.path, [], {}
        for parameter in operation.parameters:
            name, schema = parameter["name"], parameter["schema"]
            match parameter["in"]:
                case "path":
                    target = target.replace(f"{{{name}}}", quote(self._id(), safe="%"))
                case "query" if chance.random() < 0.3:
                    query.append((name, self._argument(name, schema)))
                case "header" if chance.random() < 0.3:
                    headers[name] = chance.choice(
                        (f"{chance.getrandbits(64):x}", "again", "x" * 64, "x" * 65, "", *_BYTES)
                    )
        if chance.random() < 0.1:
            query += [(values.text(chance), values.text(chance)), *query]
        return target + ("?" + urlencode(query, errors="replace") if query else ""), headers

    def _id(self) -> str:
        return str(self.chance.randrange(1, 1000)) if self.chance.random() < 0.8 else self.chance.choice(_IDS)

    def _argument(self, name: str, schema: Any) -> str:
        chance = self.chance
        if chance.random() < 0.2:
            return str(values.scalar(chance))
        if "examples" in schema:
            return str(chance.choice(schema["examples"]))
        if name == "limit":
            return str(chance.randrange(1, 201))
        return self._id()

    def _body(self, taken: Mapping[str, Any]) -> bytes | list[bytes]:
        """The document's example about somebody else, with more fields or not, spoilt or not; or any bytes."""
        chance = self.chance
        if chance.random() < 0.05:
            return chance.choice(_NO_JSON)
        said = {name: self._localised(name, value) for name, value in taken["example"].items()}
        for name in resolved(taken["schema"])["properties"]:
            if chance.random() < 0.2:
                said[name] = self._localised(name, values.value(chance))
        while chance.random() < 0.3:
            said = values.spoilt(chance, said)
        body = values.written(chance, said)
        if chance.random() < 0.1:
            body = values.mutated(chance, body)
        if chance.random() < 0.001:
            body = b" " * (LARGEST - len(body) + chance.choice((-1, 0, 1, 100_000))) + body
        cut = chance.randrange(len(body) + 1)
        return body if chance.random() < 0.9 else [part for part in (body[:cut], body[cut:]) if part]

    def _localised(self, name: str, example: Any) -> Any:
        match name:
            case "user_id" | "elder_id":
                return self.chance.choice(USERS)
            case "remind_at" | "until":
                return _MOMENTS[0] if self.chance.random() < 0.5 else self.chance.choice(_MOMENTS)
            case "rrule":
                return rule(self.chance)
            case "exdates":
                return self.chance.choices(_MOMENTS, k=self.chance.randrange(4))
            case "timezone":
                return self.chance.choice(ZONES)
            case "missed":
                return self.chance.choice(("latest", "all", "skip", "none"))
            case "paused":
                return self.chance.random() < 0.5
            case "status":
                return "OPEN" if self.chance.random() < 0.8 else example
        return example

    def _astray(self) -> str:
        """Another method, path or header than the document has."""
        chance = self.chance
        method = chance.choice(_METHODS)
        path = chance.choice(_PATHS)
        if chance.random() < 0.5:
            path = chance.choice(OPERATIONS).path.replace("{", "").replace("}", "")
        if chance.random() < 0.3:
            path = quote(values.mutated(chance, path.encode()), safe="/?=&")
        headers = chance.choice(_HEADERS) if chance.random() < 0.5 else {}
        got = self._asked(method, path if path.startswith(("/", "*")) else f"/{path}", None, headers)
        return f"astray, answered {got.status}"

    def _asked(self, method: str, target: str, body: bytes | list[bytes] | None, headers: dict[str, str]) -> Got:
        try:
            got = self._line.ask(method, target, body, headers)
            assert got.status, "no answer"
            if got.status >= 400 and got.kind == "application/json" and got.body:
                fault = json.loads(got.body)
                assert fault.keys() == {"code", "message"}, fault
        except BaseException as fault:
            fault.add_note(f"after {method} {target} {headers} {body!r}"[:1500])
            raise
        return got

    def _no_request(self) -> str:
        """Bytes that may have been a request, of HTTP or for a websocket, before something happened to them."""
        chance = self.chance
        body = values.written(chance, values.value(chance))
        head = (
            f"POST /api/questions HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        whole = chance.choice((head.encode() + body, request(self.server.port), b"GET / HTTP/1.1\r\n\r\n" * 3))
        thrown = values.mutated(chance, whole)
        raw = Raw(self.server)
        try:
            with suppress(Ended):
                raw.send(thrown)
            # Half a request waits for its rest, and a whole one for the next: there is none, after time for an answer.
            select.select([raw.socket], [], [], 0.02)
            with suppress(OSError):
                raw.socket.shutdown(socket.SHUT_WR)
            return f"no request, {self._rest(raw)}"
        except BaseException as fault:
            fault.add_note(f"after {thrown!r}"[:1500])
            raise
        finally:
            raw.close()

    def _rest(self, raw: Raw) -> str:
        """What the server still says before it ends the connection."""
        said = b""
        with suppress(ConnectionResetError):
            while more := raw.socket.recv(1 << 16):
                said += more
        assert not said.startswith(b"HTTP/1.1 5"), said
        return f"answered {said[9:12].decode()}" if said.startswith(b"HTTP/1.1 ") else "ended"
