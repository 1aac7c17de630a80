"""Who is let in at the handshake and over HTTP, who is refused and with which words, and when a token is over."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from pathlib import Path
from typing import Any, Final

import jwt
import pytest

from consult.entry import guard
from tests.clients import Clients
from tests.conftest import StartServer
from tests.entry.counting import VERIFIED
from tests.json_text import decode, encode
from tests.packets import Closed, Connection, Kind, Polling, Websocket
from tests.server import LIMIT, Server, new_id, run, wait_until
from tests.tokens import KEY, key_file, token
from tests.wire.raw import metric

TEXTS: Final = {
    "missing": "缺少令牌（missing）",
    "bad": "令牌无效（bad）",
    "expired": "令牌已过期（expired）",
    "revoked": "令牌已吊销（revoked）",
}


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    """Put a token together by hand."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims))
    return ".".join([*parts, signature])


def altered(good: str, **claims: Any) -> str:
    """Give a good token with other claims under its signature."""
    header, payload, signature = good.split(".")
    known = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return unsigned(json.loads(base64.urlsafe_b64decode(header + "==")), {**known, **claims}, signature)


BASE64: Final = "Qk9NR3cp+uMg8ySQiVJFJNYJxjAnaW38tDug5a7HXRs="
OTHER_KEY: Final = "b3f1c5a7902d4e68f7a9c3d1e5b70824966fd1c03ab85e27d4c90b8f6a1e3725"
GOOD: Final = token(7, "ELDER")
LATER: Final = int(time.time()) + 3600
BAD: Final[dict[str, Any]] = {
    "no token at all": "x",
    "three parts of nothing": "..",
    "altered": altered(GOOD, type="STAFF"),
    "alg none": unsigned({"alg": "none", "typ": "JWT"}, {"sub": "7", "type": "STAFF", "exp": LATER}),
    "alg None": unsigned({"alg": "None"}, {"sub": "7", "type": "STAFF", "exp": LATER}, GOOD.split(".")[2]),
    "another key": token(7, "ELDER", key=OTHER_KEY),
    "another algorithm": token(7, "ELDER", algorithm="HS512"),
    "without its signature": GOOD.rpartition(".")[0] + ".",
    "without exp": token(7, "ELDER", exp=None),
    "without sub": token(7, "ELDER", sub=None),
    "without type": token(7, "ELDER", type=None),
    "sub 0": token(0, "ELDER"),
    "sub true": token(7, "ELDER", sub=True),
    "sub a name": token(7, "ELDER", sub="zhang"),
    "sub too large": token(2**63, "ELDER"),
    "a type in lower case": token(7, "staff"),
    "a name that is a number": token(7, "ELDER", name=5),
    "a name too long": token(7, "ELDER", name="王" * 65),
    "questions that are none": token(7, "FAMILY", questions=["x"]),
    "not yet": token(7, "ELDER", nbf=LATER),
    "for others": token(7, "ELDER", aud="another program"),
    "too long": token(7, "ELDER", more="x" * 4000),
    "a number": 12345,
    "a list": [GOOD],
}


def answered(connection: Connection, packet: str) -> Any:
    """Send a CONNECT and give what it is answered with."""
    connection.send(packet)
    answer = connection.receive()
    match = re.fullmatch(r"4([04])(\{.*\})", answer)
    assert match, answer
    return decode(match[2])


def leave_and_return(connection: Connection, shown: str) -> None:
    connection.send("41", "40" + encode({"token": shown}).decode())
    connection.read_to_the_end()


def refusal(why: str) -> dict[str, Any]:
    return {"message": TEXTS[why], "data": {"code": "UNAUTHENTICATED", "reason": why}}


@pytest.mark.parametrize("kind", [Websocket, Polling])
class TestSockets:
    def test_without_a_token(self, server: Server, kind: Kind) -> None:
        connection = kind(server)
        for packet in ("40", "40{}", '40{"token":null}', '40{"token":""}', '40{"user":"x"}', "40[]", '40"x"'):
            assert answered(connection, packet) == refusal("missing"), packet
        assert "sid" in answered(connection, "40" + encode({"token": GOOD}).decode()), "it may try again"
        connection.close()

    def test_bad_tokens(self, server: Server, kind: Kind) -> None:
        connection = kind(server)
        for name, bad in BAD.items():
            assert answered(connection, "40" + encode({"token": bad}).decode()) == refusal("bad"), name
        connection.close()

    def test_an_expired_token(self, server: Server, kind: Kind) -> None:
        connection = kind(server)
        for ttl in (0, -1, -86_400 * 365):
            packet = "40" + encode({"token": token(7, "ELDER", ttl=ttl)}).decode()
            assert answered(connection, packet) == refusal("expired")
        connection.close()

    def test_nothing_before_the_token(self, server: Server, kind: Kind) -> None:
        connection = kind(server)
        with pytest.raises(Closed):
            connection.call_all([["leave_question", {"question_id": 1}]] * 2)
        connection.close()

    def test_who_left_cannot_come_back_as_another(self, server: Server, kind: Kind) -> None:
        connection = kind(server)
        connection.enter(GOOD)
        with pytest.raises(Closed):
            leave_and_return(connection, token(8, "STAFF"))
        connection.close()

    def test_a_second_connect_changes_nothing(self, server: Server, kind: Kind) -> None:
        connection = kind(server)
        connection.enter(GOOD)
        connection.send(f'40{{"token":"{token(8, "STAFF")}"}}')
        assert re.fullmatch(r'40\{"sid":"[^"]+"\}', connection.receive())
        assert connection.call("bind_user", {"user_id": 8})["code"] == "FORBIDDEN"
        assert connection.call("bind_user", {"user_id": 7})["success"]
        connection.close()


@pytest.mark.parametrize("kind", [Websocket, Polling])
@pytest.mark.parametrize(
    "claims",
    [{"sub": 7}, {"sub": "7"}, {"exp": time.time() + 9999.5}, {"aud": ["other", "careline"]}, {"iss": "clinic"}],
)
def test_how_others_write_tokens(server: Server, kind: Kind, claims: dict[str, Any]) -> None:
    connection = kind(server)
    connection.enter(token(7, "ELDER", **claims))
    assert connection.call("bind_user", {"user_id": 7}) == {"success": True, "user_id": 7}
    connection.close()


def test_the_official_client(clients: Clients, transport: str) -> None:
    for bad, why in ((None, "missing"), ("x", "bad"), (token(7, "ELDER", ttl=-5), "expired")):
        client = clients.connecting(transport, token=bad)
        assert client.refused() == TEXTS[why]
        assert client.refusal_data == {"code": "UNAUTHENTICATED", "reason": why}
    client = clients.connect(transport, token=GOOD)
    client.bind(7)


def test_over_http(server: Server) -> None:
    path = "/api/questions"
    cases: list[tuple[str | None, str]] = [(None, "missing"), (token(7, "ELDER", ttl=-5), "expired")]
    cases += [(bad, "bad") for bad in BAD.values() if isinstance(bad, str) and bad.isascii()]
    for shown, why in cases:
        headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
        answer = server.http("GET", path, headers=headers)
        assert (answer.status, answer.body) == (401, {"code": "UNAUTHENTICATED", "message": TEXTS[why]}), shown
        assert answer.headers["www-authenticate"] == "Bearer"
    for shown in (f"Basic {GOOD}", GOOD, "Bearer", "Bearer "):
        assert server.http("GET", path, headers={"Authorization": shown}).status == 401
    for shown in (f"Bearer {GOOD}", f"bearer   {GOOD}"):
        assert server.http("GET", path, headers={"Authorization": shown}).status == 200
    assert server.http("GET", f"{path}?token={GOOD}").status == 401, "an address is written into logs"


def test_a_strangers_body_is_not_waited_for(server: Server) -> None:
    """The answer comes after the head, though the body never does."""
    answer = server.http("POST", "/api/questions", headers={"Content-Length": "900000"})
    assert answer.status == 401


def test_what_is_for_everybody(server: Server) -> None:
    for path in ("/", "/docs", "/protocol.json", "/static/console/main.js", "/health"):
        assert server.http("GET", path).status == 200, path
    for path in ("/metrics", "/api/reminders"):
        assert server.http("GET", path).status == 401, path
    for shown, told in (
        (None, 1),
        (GOOD, 1),
        (token(1, "STAFF"), 15),
        (token(1, "SERVICE"), 15),
        (token(1, "MONITOR"), 15),
    ):
        headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
        health = server.http("GET", "/health", headers=headers).body
        assert (health["status"], len(health)) == ("ok", told), "strangers are told no more than whether it is well"
    assert server.http("GET", "/nowhere").status == 404
    assert server.http("GET", "/api/nowhere").status == 404


class TestTheEnd:
    def test_comes_within_a_second(self) -> None:
        """What is over at one look, or was revoked just after it, has left by the end of the next."""
        assert guard.WATCH <= 0.5

    @pytest.mark.parametrize("kind", [Websocket, Polling])
    def test_an_expired_token_ends_its_connections(self, server: Server, kind: Kind) -> None:
        connection, other = kind(server), kind(server)
        expires = int(time.time()) + 2
        connection.enter(token(7, "ELDER", exp=expires))
        other.enter(GOOD)
        with pytest.raises(Closed):
            connection.read_to_the_end()
        assert time.time() >= expires
        told = [{"code": "UNAUTHENTICATED", "message": TEXTS["expired"]}]
        assert connection.named("error") == told or kind is Polling  # which may have had no poll waiting
        assert other.call("bind_user", {"user_id": 7})["success"]
        other.close()
        connection.close()

    @pytest.mark.parametrize("kind", [Websocket, Polling])
    def test_a_revoked_token_ends_its_connections(self, server: Server, kind: Kind, tmp_path: Path) -> None:
        """Whichever way its signature is written, and no other token of the same user."""
        user_id = new_id()
        revoked, kept = token(user_id, "ELDER", jti="a"), token(user_id, "ELDER", jti="b")
        connection, other = kind(server), kind(server)
        connection.enter(revoked)
        other.enter(kept)
        done = self.revoke(server, revoked, tmp_path)
        assert done.returncode == 0, done.stderr
        with pytest.raises(Closed):
            connection.read_to_the_end()
        again = kind(server)
        for shown in (revoked, revoked + "=" * (-len(revoked.split(".")[2]) % 4)):
            assert answered(again, "40" + encode({"token": shown}).decode()) == refusal("revoked")
            answer = server.http("GET", "/api/questions", headers={"Authorization": f"Bearer {shown}"})
            assert (answer.status, answer.body["message"]) == (401, TEXTS["revoked"])
        assert other.call("bind_user", {"user_id": user_id})["success"]
        for one in (connection, other, again):
            one.close()

    def revoke(self, server: Server, shown: str, folder: Path) -> Any:
        arguments = ["--auth-secret-file", str(key_file(folder)), "--database", str(server.database)]
        return run("token", "--revoke", shown, *arguments, folder=folder)

    def test_a_revoked_one_stays_so_over_a_restart(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server("--auth-secret-file", str(key_file(tmp_path)))
        shown = token(7, "STAFF")
        assert self.revoke(server, shown, tmp_path).returncode == 0
        assert self.revoke(server, shown, tmp_path).returncode == 0, "again changes nothing"
        server.restart()
        assert server.http("GET", "/api/questions", headers={"Authorization": f"Bearer {shown}"}).status == 401

    def test_what_cannot_be_revoked(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server("--auth-secret-file", str(key_file(tmp_path)))
        foreign = self.revoke(server, token(7, "STAFF", key="x" * 40), tmp_path)
        assert (foreign.returncode, "no token of this key" in foreign.stderr) == (1, True)
        over = self.revoke(server, token(7, "STAFF", ttl=-5), tmp_path)
        assert (over.returncode, "expired already" in over.stdout) == (0, True)


class TestKeys:
    def test_they_change_while_old_tokens_run_out(self, start_server: StartServer, tmp_path: Path) -> None:
        newer = OTHER_KEY
        path = key_file(tmp_path, f"{newer}\n{KEY}\n")
        server = start_server("--auth-secret-file", str(path))
        made = run("token", "--user-id", "7", "--user-type", "ELDER", "--auth-secret-file", str(path), folder=tmp_path)
        assert jwt.decode(made.stdout.strip(), newer, ["HS256"])["sub"] == "7", "the first key signs"
        for key in (newer, KEY):
            headers = {"Authorization": f"Bearer {token(7, 'ELDER', key=key)}"}
            assert server.http("GET", "/api/questions", headers=headers).status == 200
        headers = {"Authorization": f"Bearer {token(7, 'ELDER', key='5' * 64)}"}
        assert server.http("GET", "/api/questions", headers=headers).status == 401

    @pytest.mark.parametrize(
        ("content", "key"),
        [
            (KEY, KEY),
            (KEY + "\n", KEY),
            (KEY + "\r\n", KEY),
            (KEY + "\n", KEY + "\n"),
            (BASE64 + "\n", BASE64),
            (BASE64, BASE64),
        ],
    )
    def test_however_the_key_was_made(
        self, start_server: StartServer, tmp_path: Path, content: str | bytes, key: str | bytes
    ) -> None:
        server = start_server("--auth-secret-file", str(key_file(tmp_path, content)))
        headers = {"Authorization": f"Bearer {token(7, 'ELDER', key=key)}"}
        assert server.http("GET", "/api/questions", headers=headers).status == 200


def test_a_token_is_verified_once_for_a_connection(
    start_server: StartServer, clients: Clients, transport: str, tmp_path: Path
) -> None:
    """However much goes over it, and whether it moves to a websocket meanwhile; over HTTP once for a request."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "counting.py")])
        server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    server.bearer = token(1, "STAFF")
    question_id = server.open_question()
    assert server.stderr().count(VERIFIED) == 1
    client = clients.connect(transport, server, token(1, "STAFF"))
    client.join(question_id, "STAFF", 1)
    client.bind(1)
    for number in range(50):
        client.send(question_id, str(number), sender_id=1)
    client.round_trip()
    assert server.stderr().count(VERIFIED) == 2
    for _ in range(5):
        server.messages(question_id)
    assert server.stderr().count(VERIFIED) == 7
    assert metric(server, 'careline_token_checks_total{result="ok",where="socket"}') == 1
    assert metric(server, 'careline_token_checks_total{result="ok",where="http"}') == 8, "the metrics ask twice"


def test_the_end_is_counted(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    server.bearer = token(1, "STAFF")
    connection = Websocket(server)
    connection.enter(token(7, "ELDER", ttl=1))
    wait_until(lambda: metric(server, 'careline_cuts_total{reason="token expired"}') == 1, "the count", LIMIT)
    connection.close()
