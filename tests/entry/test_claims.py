"""Tokens signed with the right key whose claims are anything at all: each is good, or refused in one of four words."""

from __future__ import annotations

import base64
import hmac
import json
import math
import random
import time
from contextlib import closing
from typing import Any, Final

import jwt
import pytest

from tests.entry.test_failed_logins import from_another_address
from tests.entry.test_handshake import answered, refusal
from tests.json_text import encode
from tests.packets import Kind, Polling, Websocket
from tests.server import Server, new_id
from tests.tokens import KEY, token


def signed(payload: bytes, headers: dict[str, Any] | None = None) -> str:
    """Sign a payload as it is."""
    return jwt.PyJWS().encode(payload, KEY, "HS256", headers=headers)


LATER: Final = int(time.time()) + 3600
GOOD: Final = {"sub": "7", "type": "ELDER", "exp": LATER}
NOT_JSON: Final = (b"", b"x", b"{", b"{}x", b"\xff\xfe", b"\0", b'"text"', b"7", b"null", b"[]", b"[" * 2900, b"NaN")
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    0,
    1.5,
    10**30,
    -(10**30),
    2**63,
    1e308,
    "",
    "x",
    "nan",
    "NaN",
    "inf",
    "-Infinity",
    "1e999",
    "\ud83d",
    "令牌",
    [],
    ["careline"],
    [[[]]],
    {},
    {"sub": 7},
    "x" * 500,
)


def hostile_payloads() -> list[bytes]:
    """Every claim with every value, literals that JSON does not have, and mixtures of them from a fixed seed."""
    found = [*NOT_JSON]
    names = ("sub", "type", "exp", "name", "questions", "nbf", "iat", "aud", "elders")
    found += [json.dumps({**GOOD, name: value}).encode() for name in names for value in VALUES]
    for name in ("exp", "nbf", "iat", "sub"):
        for literal in ("NaN", "Infinity", "-Infinity", "1e400", "9" * 400, "-0", "1E5", "0x10"):
            found.append(json.dumps({**GOOD, name: "?"}).replace('"?"', literal).encode())
    found.append(b'{"sub":"7","type":"ELDER","exp":%d,"deep":%s}' % (LATER, b"[" * 1300 + b"]" * 1300))
    draw = random.Random(14)
    for _ in range(150):
        found.append(json.dumps({name: draw.choice(VALUES) for name in draw.sample(names, 5)}).encode())
    return found


def test_whatever_is_signed_is_answered(server: Server) -> None:
    """Over HTTP, where an unexpected fault would be a 500 and a traceback in the log."""
    payloads = hostile_payloads()
    assert len(payloads) > 350
    seen = set()
    line = server.http_line()
    with closing(line):
        for payload in payloads:
            line.request("GET", "/api/questions", headers={"Authorization": f"Bearer {signed(payload)}"})
            answer = line.getresponse()
            text = answer.read().decode()
            seen.add(answer.status)
            assert answer.status in (200, 401, 403), (payload, answer.status, text)
            if answer.status == 401:
                assert any(f"（{why}）" in text for why in ("bad", "expired")), (payload, text)
    assert seen == {200, 401}
    server.check_log()


def test_headers_of_any_kind(server: Server) -> None:
    for headers in (
        {"kid": 5},
        {"kid": ["x"]},
        {"crit": ["exp"]},
        {"crit": 5},
        {"b64": False},
        {"typ": 5},
        {"jwk": {"kty": "oct"}},
        {"x5c": [1, None]},
    ):
        head = {"alg": "HS256", **headers}
        shown = forged_head(head)
        answer = server.http("GET", "/api/questions", headers={"Authorization": f"Bearer {shown}"})
        assert answer.status in (200, 401), (headers, answer)
    server.check_log()


def forged_head(head: dict[str, Any]) -> str:
    """Sign good claims under a header that the library would not write."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    text = f"{part(head)}.{part(GOOD)}"
    signature = hmac.digest(KEY.encode(), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize("kind", [Websocket, Polling])
@pytest.mark.parametrize("payload", [*NOT_JSON, b'{"sub":"7","type":"ELDER","exp":"nan"}', b'{"exp":1e400}'])
def test_over_a_socket_too(server: Server, kind: Kind, payload: bytes) -> None:
    with closing(kind(server)) as connection:
        shown = signed(payload)
        assert answered(connection, "40" + encode({"token": shown}).decode()) == refusal("bad")
    server.check_log()


@pytest.mark.parametrize("kind", [Websocket, Polling])
@pytest.mark.parametrize("user_type", ["NURSE", "SYSTEM", "VISITOR", "NOBODY", "ADMIN", "STAFF_", "ELDERS"])
def test_a_type_without_a_column_is_refused(server: Server, kind: Kind, user_type: str) -> None:
    """NURSE 7 is not elder 7: a type that nothing is written about has no rights."""
    user_id = new_id()
    server.bearer = token(1, "STAFF")
    question_id = server.open_question(elder_id=user_id)
    server.bearer = ""
    shown = token(user_id, user_type)
    with closing(kind(server)) as connection:
        assert answered(connection, "40" + encode({"token": shown}).decode()) == refusal("bad")
    for path in (f"/api/questions/{question_id}/messages", "/api/questions", f"/api/users/{user_id}/notifications"):
        answer = server.http("GET", path, headers={"Authorization": f"Bearer {shown}"})
        assert (answer.status, answer.body["code"]) == (401, "UNAUTHENTICATED")
        elder = server.http("GET", path, headers={"Authorization": f"Bearer {token(user_id, 'ELDER')}"})
        assert elder.status == 200


@pytest.mark.parametrize("kind", [Websocket, Polling])
@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_clock_that_is_some_seconds_ahead(server: Server, kind: Kind, claim: str) -> None:
    near: dict[str, Any] = {claim: time.time() + 5}
    with closing(kind(server)) as connection:
        connection.enter(token(7, "ELDER", **near))
    with closing(kind(server)) as connection:
        later: dict[str, Any] = {claim: math.ceil(time.time()) + 60}
        far = token(7, "ELDER", **later)
        assert answered(connection, "40" + encode({"token": far}).decode()) == refusal("bad")


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        ({"nbf": LATER}, "its nbf is in the future"),
        ({"iat": LATER}, "its iat is in the future"),
        ({"aud": "another"}, "its aud is not careline"),
        ({"type": "NURSE"}, "its type has no row in the table of permissions"),
        ({"sub": "x"}, "its sub is not valid"),
        ({"questions": "x"}, "its questions is not valid"),
        ({"exp": None}, "it has no exp"),
        ({"exp": "nan"}, "its exp is not valid"),
    ],
)
def test_the_log_says_which_claim(server: Server, claims: dict[str, Any], named: str) -> None:
    """The client is told `bad`; who runs the server is told what is wrong."""
    given = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}
    with from_another_address(server) as address:
        answer = server.http(
            "GET", "/api/questions", headers={"Authorization": f"Bearer {signed(json.dumps(given).encode())}"}
        )
    assert answer.body == {"code": "UNAUTHENTICATED", "message": "令牌无效（bad）"}
    lines = [line for line in server.stderr().splitlines() if address in line]
    assert len(lines) == 1
    assert f"token bad, {named}" in lines[0]
