"""Key files, the tokens that are made with them, and files that hold what patients said: for whose eyes they are."""

from __future__ import annotations

import base64
import hmac
import os
import random
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import jwt
import pytest

from consult.entry.key_file import KeyFault, read_keys
from consult.entry.tokens import Refused, Tokens
from consult.process import entry_commands, settings
from store.clock import system_clock
from tests.certificates import Pair, pair
from tests.conftest import StartServer
from tests.server import run
from tests.tokens import KEY, key_file, token


@pytest.fixture
def careless() -> Iterator[None]:
    """Whatever is made meanwhile is for everybody, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("careless")
def test_a_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    made = [tmp_path / "one", tmp_path / "two"]
    for path in made:
        assert run("key", str(path), folder=tmp_path).returncode == 0
        assert mode(path) == 0o600
    keys = {path.read_text().strip() for path in made}
    assert len(keys) == 2
    assert min(map(len, keys)) >= 32


def test_no_key_is_written_over(tmp_path: Path) -> None:
    path = key_file(tmp_path)
    done = run("key", str(path), folder=tmp_path)
    assert (done.returncode, "exists already" in done.stderr) == (1, True)
    assert path.read_text().strip() == KEY


def test_a_key_for_other_eyes_is_refused(tmp_path: Path) -> None:
    path = key_file(tmp_path, mode=0o640)
    for words in (("serve", "--port", "0"), ("check",), ("token", "--user-id", "7", "--user-type", "ELDER")):
        done = run(*words, "--auth-secret-file", str(path), folder=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "--auth-secret-file" in done.stderr
        assert f"chmod 600 {path}" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["keys"], "no database was made"


@pytest.mark.parametrize("permitted", [0o640, 0o620, 0o604, 0o602, 0o644, 0o610])
def test_whatever_the_others_may(tmp_path: Path, permitted: int) -> None:
    with pytest.raises(KeyFault, match="others than its owner"):
        read_keys(key_file(tmp_path, mode=permitted))


SECOND: Final = "b3f1c5a7902d4e68f7a9c3d1e5b70824966fd1c03ab85e27d4c90b8f6a1e3725"
SSH: Final = """-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQy
-----END OPENSSH PRIVATE KEY-----
"""
OTHER_FILES: Final[dict[str, tuple[str | bytes, str]]] = {
    "empty": ("", "holds no key"),
    "an empty line": ("\n", "holds no key"),
    "31 bytes": (KEY[:62], "line 1 is a key of fewer than 32 bytes"),
    "the second is short": (f"{KEY}\nshort\n", "line 2 is neither hex nor base64"),
    "an SSH private key": (SSH, "PEM"),
    "a TLS key": (f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(bytes(48)).decode()}\n", "PEM"),
    "an SSH public key": ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8mN0mPq2 nurse@box\n", "SSH"),
    "JSON": ('{"k": "' + KEY + '"}\n', "JSON"),
    "a comment": (f"# the clinic's key\n{KEY}\n", "line 1 is a comment"),
    "a blank line": (f"{KEY}\n\n{SECOND}\n", "line 2 is blank"),
    "a line of blanks": (f"{KEY}\n  \n", "line 2 is blank"),
    "indented": (f" {KEY}\n", "begins or ends with a blank"),
    "one letter": ("a" * 64, "repeated pattern"),
    "one letter in base64": ("Z" * 44, "repeated pattern"),
    "a repeated pattern": ("0123456789abcdef" * 4, "repeated pattern"),
    "a repeated half": (KEY[:32] * 2, "repeated pattern"),
    "nearly one byte": ("a1" * 31 + "b2", "too few of its bytes differ"),
    "counted up": (bytes(range(32)).hex(), "too few of its bytes differ"),
    "a sentence": ("my dog has fleas and they all have names", "neither hex nor base64"),
    "a sentence in base64": (base64.b64encode(b"correct horse battery staple, and a nurse").decode(), "encoded text"),
    "words": ("CorrectHorseBatteryStapleAndANurseOnTheWard", "made of words"),
    "no hex": ("g" * 63 + "!", "neither hex nor base64"),
    "binary": (bytes(range(1, 200)), "binary"),
    "UTF-8": ("钥匙" * 20, "binary"),
    "a NUL": (KEY.encode() + b"\0\n", "binary"),
    "large": (f"{KEY}\n" * 1100, "larger than"),
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_a_key_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """A guess at the key signs a token for anyone, so only random keys pass, and each other file is told why not."""
    content, why = OTHER_FILES[name]
    path = key_file(tmp_path, content)
    done = run("check", "--auth-secret-file", str(path), folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"careline: --auth-secret-file (CARELINE_AUTH_SECRET_FILE): {path} ")
    assert why in line
    assert line.endswith("`careline key FILE` makes one")
    for secret in (KEY, SECOND, "b3BlbnNzaC1rZXk", "fleas", "ward"):
        assert secret not in line, "the line does not quote the file"


def test_no_random_key_is_refused(tmp_path: Path) -> None:
    """As `openssl rand` and others write them."""
    for seed in range(2_000):
        key = random.Random(seed).randbytes(32 + seed % 33)
        for text in (key.hex(), key.hex().upper(), base64.b64encode(key).decode()):
            assert read_keys(key_file(tmp_path, f"{text}\n"))[0] == text.encode()
        bare = base64.urlsafe_b64encode(key).decode().rstrip("=")
        assert read_keys(key_file(tmp_path, f"{bare}\r\n{KEY}\r\n")) == (bare.encode(), KEY.encode())


@pytest.mark.parametrize("permitted", [0o640, 0o604, 0o620, 0o644])
def test_a_tls_key_for_other_eyes_is_refused(tmp_path: Path, permitted: int) -> None:
    """The same as with the signing key. What systemd keeps for the service alone passes whatever its mode."""
    mine = Pair(tmp_path / "certificate.pem", tmp_path / "key.pem")
    mine.replace(pair())
    mine.key.chmod(permitted)
    done = run("check", env=mine.settings(), folder=tmp_path)
    assert (done.returncode, f"chmod 600 {mine.key}" in done.stderr) == (2, True), done.stderr
    assert "--tls-key (CARELINE_TLS_KEY)" in done.stderr
    kept_by_systemd = {**mine.settings(), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert run("check", env=kept_by_systemd, folder=tmp_path).returncode == 0
    mine.key.chmod(0o600)
    assert run("check", env=mine.settings(), folder=tmp_path).returncode == 0


class TestTokens:
    def test_what_it_says(self, tmp_path: Path) -> None:
        who = ("--user-id", "7", "--user-type", "FAMILY", "--name", "家属张小明", "--questions", "12, 15")
        elders = ("--elders", "1001,1002", "--ttl", "60")
        done = run("token", "--auth-secret-file", str(key_file(tmp_path)), *who, *elders, folder=tmp_path)
        claims = jwt.decode(done.stdout.strip(), KEY, ["HS256"])
        assert (claims["sub"], claims["type"], claims["name"]) == ("7", "FAMILY", "家属张小明")
        assert (claims["questions"], claims["elders"]) == ([12, 15], [1001, 1002])
        assert claims["exp"] - claims["iat"] == 60
        assert abs(claims["iat"] - time.time()) < 30

    @pytest.mark.parametrize(
        ("wrong", "named"),
        [
            ({"user_id": "0"}, "--user-id"),
            ({"user_id": "x"}, "--user-id"),
            ({"user_type": "elder"}, "--user-type"),
            ({"user_type": "NURSE"}, "--user-type"),
            ({"user_type": "SYSTEM"}, "--user-type"),
            ({"user_type": "NOBODY"}, "--user-type"),
            ({"ttl": "0"}, "--ttl"),
            ({"ttl": "9999999999"}, "--ttl"),
            ({"name": "a\tb"}, "--name"),
            ({"questions": "1,x"}, "--questions"),
            ({"elders": "0"}, "--elders"),
            ({"elders": ""}, "--elders"),
        ],
    )
    def test_what_is_wrong_is_named(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: dict[str, str], named: str
    ) -> None:
        given = {"user_id": "7", "user_type": "ELDER", **wrong}
        chosen = settings.read({"auth_secret_file": str(key_file(tmp_path))}, {}, serving=False)
        assert entry_commands.token(given, chosen, system_clock) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"careline: {named}: ")


def test_how_much_of_a_signature_is_right_takes_no_time_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signatures are compared whole by `hmac.compare_digest`, where they differ in the first byte and in the last."""
    compared = []
    compare = hmac.compare_digest

    def recording(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", recording)
    tokens = Tokens((KEY.encode(),), system_clock)
    good = token(7, "ELDER")
    assert tokens.identity(good).user_id == 7
    head, signature = good.rpartition(".")[0], good.rpartition(".")[2]
    for wrong in (("B" if signature[0] == "A" else "A") + signature[1:], signature[:20] + "A" * 20 + signature[40:]):
        with pytest.raises(Refused, match="bad"):
            tokens.identity(f"{head}.{wrong}")
    assert compared == [(32, 32)] * 3


@pytest.mark.usefixtures("careless")
def test_what_patients_said_is_not_for_everybody_on_the_box(start_server: StartServer) -> None:
    """The database, its WAL while it is served, and a backup made beside it."""
    server = start_server()
    server.open_question()
    backup = server.folder / "backup.db"
    done = run("backup", str(backup), "--database", str(server.database), folder=server.folder)
    assert done.returncode == 0, done.stderr
    files = [path for path in server.folder.iterdir() if path.name.startswith((server.database.name, backup.name))]
    assert {f"{server.database.name}{suffix}" for suffix in ("", "-wal", "-shm")} < {path.name for path in files}
    assert {path.name: mode(path) for path in files} == {path.name: 0o640 for path in files}
