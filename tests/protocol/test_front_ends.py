"""docs/client.md and docs/migrating.md: tokens that are renewed, waking up, and what the first back end asks for."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients import node_environment
from tests.conftest import StartServer
from tests.server import LIMIT, ROOT, Server, run
from tests.tokens import key_file, token

CLIENT: Final = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
MIGRATING: Final = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
KINDS: Final = ("浏览器", "微信小程序与 uni-app", "鸿蒙 WebView", "React Native", "Flutter", "Python")

# Shows the tokens that it is given, one for each connection, and wakes up once.
DRIVER: Final = """
import { io } from "socket.io-client";
const [url, tokens] = JSON.parse(process.env.FRONT_END);
const currentToken = async () => tokens.shift();
const tell = (...value) => process.stdout.write(JSON.stringify(value) + "\\n");
%s
let entered = 0;
socket.on("connect_error", ({ data }) => tell("refused", data?.reason ?? null));
socket.on("error", ({ code }) => tell(code));
socket.on("connect", () => {
  tell("connect");
  entered += 1;
  if (entered === 1) wake();
  if (entered === 3) process.exit(0);
});
"""


def test_a_token_is_renewed_and_a_waking_app_comes_back(start_server: StartServer, tmp_path: Path) -> None:
    """The first token has run out, the third ends while it is used."""
    keys = ("--auth-secret-file", str(key_file(tmp_path)))
    server = start_server(*keys)
    (code,) = re.findall(r"^```javascript\n(.*?)^```$", CLIENT, re.MULTILINE | re.DOTALL)
    tokens = [token(7, "ELDER", ttl=ttl, jti=str(number)) for number, ttl in enumerate((-60, 3600, 3600, 3600))]
    told = []
    with subprocess.Popen(
        ["node", "--input-type=module", "--eval", DRIVER % code],
        env=node_environment(FRONT_END=json.dumps([server.url, tokens])),
        cwd=ROOT / "tests",
        stdout=subprocess.PIPE,
        text=True,
    ) as front_end:
        too_late = threading.Timer(6 * LIMIT, front_end.kill)
        too_late.start()
        assert front_end.stdout is not None
        for line in front_end.stdout:
            told.append(json.loads(line))
            if told.count(["connect"]) == 2 and told[-1] == ["connect"]:
                revoked = run(
                    "token", "--revoke", tokens[2], "--database", str(server.database), *keys, folder=tmp_path
                )
                assert revoked.returncode == 0, revoked.stderr
        too_late.cancel()
    assert told == [["refused", "expired"], ["connect"], ["connect"], ["UNAUTHENTICATED"], ["connect"]]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_told_in_ten_lines(kind: str) -> None:
    part = re.search(rf"^### {re.escape(kind)}(?: · [^\n]+)?\n\n(.*?)(?=^###? |\Z)", CLIENT, re.MULTILINE | re.DOTALL)
    assert part
    points = re.findall(r"^- ", part[1], re.MULTILINE)
    assert 4 <= len(points) <= 10
    for word in ("来源", "Origin", "令牌", "oken"):
        assert word in part[1], word


def test_the_origins_that_it_names_can_be_listed(start_server: StartServer) -> None:
    named = set(re.findall(r"`((?:[a-z]+://[a-z.]*|null))`", CLIENT)) - {"ws://", "https://"}
    assert {"null", "file://", "resource://rawfile", "capacitor://localhost", "https://servicewechat.com"} <= named
    server = start_server("--allowed-origins", ",".join(sorted(named)), "--allow-open")
    for origin in named:
        assert server.http("GET", "/api/questions", headers={"Origin": origin}).status == 200, origin


def requests() -> list[tuple[str, str, Any]]:
    """Give the requests of docs/migrating.md."""
    found = re.findall(r"^```http\n(\w+) (\S+)\n\n(.*?)^```$", MIGRATING, re.MULTILINE | re.DOTALL)
    return [(method, path, json.loads(body)) for method, path, body in found]


def test_the_requests_of_the_first_back_end(start_server: StartServer) -> None:
    server: Server = start_server()
    assert len(requests()) == 5
    answers = [server.http(method, path, json=body) for method, path, body in requests()]
    assert [answer.status for answer in answers] == [201, 201, 201, 201, 200]
    question, said, by_system, task, closed = (answer.body for answer in answers)
    assert question["id"] == said["question_id"] == closed["id"] == 1
    assert (said["is_visible_to_patient"], by_system["sender_id"]) == (True, None)
    assert (task["channel"], closed["status"]) == ("IN_APP", "CLOSED")


@pytest.mark.parametrize("document", ["client.md", "migrating.md"])
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([\w.-]+\.md)", text):
        assert (ROOT / "docs" / link).is_file(), link
    assert f"docs/{document}" in (ROOT / "README.md").read_text(encoding="utf-8")
