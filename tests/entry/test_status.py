"""`careline status` shows a token that can do little, for seconds, and over TLS to none but the configured server."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt
import pytest

from consult.process.status import TOKEN_TTL
from tests.certificates import Pair, authority, pair
from tests.conftest import StartServer
from tests.entry.test_handshake import answered
from tests.json_text import encode
from tests.packets import Websocket
from tests.server import run
from tests.tokens import KEY, key_file


@contextmanager
def imposter(answer: bytes, tls: Pair | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """Sit on a port as another user of the machine could; give the port and what comes in."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listening.accept()
                    connection.settimeout(5)
                    if tls is not None:
                        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                        context.load_cert_chain(tls.certificate, tls.key)
                        connection = context.wrap_socket(connection, server_side=True)
                    with connection:
                        heard.append(connection.recv(65_536))
                        connection.sendall(answer)
                except OSError:
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        over.set()
        thread.join()


def test_over_http_the_token_is_good_for_little(start_server: StartServer, tmp_path: Path) -> None:
    """What an imposter gets reads /health and /metrics for ten seconds, and nothing that patients said."""
    keys = ("--auth-secret-file", str(key_file(tmp_path)))
    server = start_server(*keys)
    with imposter(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n") as (port, heard):
        done = run("status", "--port", str(port), *keys, folder=tmp_path)
    assert done.returncode == 1
    match = re.search(rb"Bearer (\S+)", b"".join(heard))
    assert match
    shown = match[1].decode()
    claims = jwt.decode(shown, KEY, ["HS256"])
    assert claims["type"] == "MONITOR"
    assert claims["exp"] - claims["iat"] == TOKEN_TTL <= 10
    header = {"Authorization": f"Bearer {shown}"}
    assert server.http("GET", "/metrics", headers=header).status == 200
    for path in ("/api/questions", "/api/reminders", "/api/users/1/notifications", "/api/questions/1/messages"):
        assert server.http("GET", path, headers=header).status == 403
    connection = Websocket(server)
    answered(connection, "40" + encode({"token": shown}).decode())
    assert connection.call("bind_user", {"user_id": 1})["code"] == "FORBIDDEN"
    assert connection.call("leave_question", {"question_id": 1})["code"] == "FORBIDDEN"
    connection.close()


@pytest.mark.parametrize("signed", ["by the same authority", "self-made"])
def test_over_tls_an_imposter_is_shown_none(tmp_path: Path, signed: str) -> None:
    """Its certificate is another one, whoever has signed it."""
    keys = ("--auth-secret-file", str(key_file(tmp_path)))
    other = authority().sign("imposter", "EC" if signed == "self-made" else "RSA")
    with imposter(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", other) as (port, heard):
        done = run("status", "--port", str(port), *keys, env=pair().settings(), folder=tmp_path)
    assert done.returncode == 1
    assert "was shown no token: its certificate is not the one in" in done.stderr
    assert b"Bearer" not in b"".join(heard)


def test_over_tls_the_configured_server_is_shown_one(start_server: StartServer, tmp_path: Path) -> None:
    keys = ("--auth-secret-file", str(key_file(tmp_path)))
    server = start_server(*keys, env=pair().settings(), nginx=False)
    done = run("status", "--port", str(server.port), *keys, env=pair().settings(), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_an_imposter_says_commands_no_terminal(tmp_path: Path) -> None:
    answer = b'{"status":"ok","version":"\\u001b[2J","database":"ok","reminders":"ok"}'
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer)
    with imposter(head + answer) as (port, _):
        done = run("status", "--port", str(port), folder=tmp_path)
    assert "\x1b" not in done.stdout + done.stderr
