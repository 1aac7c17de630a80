"""No start without tokens where other machines can reach the server, by whichever way, unless that is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from consult.process.units import KEY
from tests.certificates import authority
from tests.conftest import StartServer
from tests.server import ROOT, run
from tests.tokens import key_file

BEYOND = {
    "--trusted-proxies": ("127.0.0.1", "10.0.0.0/8", "::1"),
    "--allowed-hosts": ("clinic.example,127.0.0.1,localhost", "192.168.1.5"),
    "--allowed-origins": ("https://clinic.example", "http://localhost:5173,http://app.example"),
    "--host": ("0.0.0.0", "192.168.1.5"),  # noqa: S104
}
CASES = [(option, value) for option, values in BEYOND.items() for value in values]


@pytest.mark.parametrize(("option", "value"), CASES)
@pytest.mark.parametrize("command", ["serve", "check"])
def test_each_way_is_refused(tmp_path: Path, command: str, option: str, value: str) -> None:
    done = run(command, "--port", "0", option, value, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"careline: {option} (CARELINE_{option[2:].upper().replace('-', '_')}): ")
    assert "--auth-secret-file" in line
    assert "--allow-open" in line
    assert "`careline key FILE`" in line
    assert list(tmp_path.iterdir()) == []


def test_all_of_them_at_once(tmp_path: Path) -> None:
    words = [word for option, (value, *_) in BEYOND.items() for word in (option, value)]
    done = run("serve", "--port", "x", *words, folder=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == len(BEYOND) + 1, "and the port"


@pytest.mark.parametrize(("option", "value"), CASES)
def test_with_a_key_or_where_it_is_allowed(tmp_path: Path, option: str, value: str) -> None:
    for words in (("--auth-secret-file", str(key_file(tmp_path))), ("--allow-open", "1")):
        done = run("check", option, value, *words, folder=tmp_path)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--allowed-origins", "http://localhost:5173,http://127.0.0.1:8080,https://[::1]:8443"),
        ("--allowed-hosts", "localhost,127.0.0.1,careline.localhost,[::1]"),
        ("--trusted-proxies", ""),
    ],
)
def test_loopback_names_are_no_way_in(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run("check", *words, folder=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [("backup", "b.db"), ("audit",), ("status",)])
def test_other_commands_are_not_held_up(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A backup opens nothing."""
    done = run(*command, "--trusted-proxies", "127.0.0.1", folder=tmp_path)
    assert done.returncode == 1, done.stderr


def test_what_the_document_says_of_nginx_asks_for_tokens(tmp_path: Path) -> None:
    """The settings of docs/reverse-proxy.md, as they stand there: with the key that they name, and not without."""
    text = (ROOT / "docs" / "reverse-proxy.md").read_text()
    block = re.search(r"```sh\n((?:CARELINE_\w+=.*\n)+)```", text)
    assert block
    env = dict(line.split("=", 1) for line in block[1].splitlines())
    assert str(KEY) in env.values()
    env["CARELINE_AUTH_SECRET_FILE"] = str(key_file(tmp_path))
    assert run("check", env=env, folder=tmp_path).returncode == 0
    del env["CARELINE_AUTH_SECRET_FILE"]
    done = run("check", env=env, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 3)


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ("https://*.example.com", "`*` stands for nothing"),
        ("https://app.example.com,*://x", "`*` stands for nothing"),
        ("http://app.example.com:80", "must leave out the port 80"),
        ("https://app.example.com:443", "must leave out the port 443"),
    ],
)
def test_origins_that_can_never_match(tmp_path: Path, origin: str, why: str) -> None:
    done = run("check", "--allow-open", "1", "--allowed-origins", origin, folder=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("careline: --allowed-origins (CARELINE_ALLOWED_ORIGINS): ")
    assert why in line


@pytest.mark.parametrize("path", ["/health", "/api/questions", "/nowhere", "/socket.io/?EIO=4&transport=polling"])
def test_over_tls_browsers_come_back_by_tls(start_server: StartServer, path: str) -> None:
    secured = start_server(env=authority().sign("hsts").settings(), nginx=False)
    assert secured.http("GET", path).headers["strict-transport-security"] == "max-age=15552000"
    assert "strict-transport-security" not in start_server(nginx=False).http("GET", path).headers


def test_strangers_learn_no_version(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--auth-secret-file", str(key_file(tmp_path)))
    told = server.http("GET", "/protocol.json").body
    assert told["tokens"] is True
    assert "version" not in told
    version = run("version", folder=tmp_path).stdout.split()[1]
    for path in ("/protocol.json", "/openapi.json", "/health", "/", "/docs", "/nowhere", "/metrics"):
        answer = server.http("GET", path)
        assert version not in str(answer.headers)
        assert path == "/protocol.json" or version not in str(answer.body), path
    assert start_server().http("GET", "/protocol.json").body["version"] == version
