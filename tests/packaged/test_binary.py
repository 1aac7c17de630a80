"""The binary is the program: every subcommand, the page, the time zones; and its two processes end together."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Final

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from consult.process.command_line import COMMANDS
from consult.process.units import UNIT_TEXT
from consult.process.version import LIBRARIES, VERSION
from tests.clients import Clients
from tests.conftest import StartServer
from tests.server import LIMIT, ROOT, Server, run, wait_until

MOST_BYTES: Final = 20_000_000
# Whoever may not mount may do so in a name space of users.
ALONE: Final = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
TRIED: Final = {
    *(
        "serve",
        "check",
        "status",
        "backup",
        "restore",
        "drill",
        "key",
        "token",
        "audit",
        "hooks",
        "protocol",
        "install",
    ),
    *("help", "version", "notices"),
}
HOOK: Final = """[[hook]]
name = "gateway"
url = "http://127.0.0.1:9/"
secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
events = ["message.created"]
"""


def second(process: int) -> int:
    """Give the process that the binary's first one has started, which is the server."""
    children = Path(f"/proc/{process}/task/{process}/children")
    return int(wait_until(lambda: children.read_text().split(), "the second process")[0])


def is_gone(process: int) -> bool:
    """Tell whether the process has ended, also where nobody has asked for its status yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """Where the binary is unpacked to."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


def test_it_is_small_enough_to_carry(binary: Path) -> None:
    assert binary.stat().st_size <= MOST_BYTES


def test_its_versions(tmp_path: Path) -> None:
    said = run("version", folder=tmp_path).stdout
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    built = re.match(rf"careline {re.escape(VERSION)}\nbuild: ([0-9a-f]+) of \d{{4}}-\d\d-\d\d", said)
    assert built is not None, said
    assert commit.startswith(built[1])
    assert [name for name in LIBRARIES if not re.search(rf"\b{name} \d", said)] == []
    assert re.search(r"\bopenssl \d+\.", said)


def test_the_bill_of_materials_names_every_part(binary: Path, tmp_path: Path) -> None:
    """Beside the binary: what it says that it is made of, and the licence text of each, which is in the binary too."""
    bill = json.loads(binary.with_name("careline.cdx.json").read_text())
    JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill))
    parts = {part["name"].lower(): part for part in bill["components"]}
    assert (bill["bomFormat"], bill["metadata"]["component"]["version"]) == ("CycloneDX", VERSION)
    assert {name.lower() for name in LIBRARIES} | {"python"} <= parts.keys()
    assert {name for name in parts if name.startswith("libsqlite3") or name.startswith("libssl")}, parts.keys()
    assert [part for part in parts.values() if not part.get("version")] == []
    notices = binary.with_name("THIRD-PARTY-NOTICES.txt").read_text()
    assert run("notices", folder=tmp_path).stdout == notices
    for name, part in parts.items():
        _, _, text = notices.lower().partition(f"\n{name} {part['version'].lower()} (")
        assert len(text.split("=" * 100)[1]) > 20, name


def test_every_subcommand_works(start_server: StartServer, tmp_path: Path) -> None:
    assert set(COMMANDS) == TRIED
    server = start_server()
    question_id = server.open_question()
    database = ["--database", str(server.database)]
    key = str(tmp_path / "key")
    hooks = tmp_path / "hooks.toml"
    hooks.write_text(HOOK)
    hooks.chmod(0o600)
    for words, said in (
        (["check", *database], "sound"),
        (["status", "--port", str(server.port)], "ok"),
        (["backup", str(tmp_path / "copy.db"), *database], "was backed up"),
        (["key", key], key),
        (["token", "--auth-secret-file", key, "--user-id", "7", "--user-type", "STAFF"], "."),
        (["audit", *database], ""),
        (["hooks", "list", "--hooks", str(hooks), *database], "gateway"),
        (["protocol"], "咨询问题"),
        (["install", "--print"], UNIT_TEXT),
        (["notices"], "Permission is hereby granted"),
        (["help", "drill"], "--backup-folder"),
        (["version"], "sqlite 3."),
    ):
        result = run(*words, folder=tmp_path)
        assert (result.returncode, result.stderr) == (0, ""), words
        assert said in result.stdout
    tried = run("drill", *database, "--backup-folder", str(tmp_path), folder=tmp_path)
    assert (tried.returncode, "on the same disk" in tried.stderr) == (1, True)
    server.open_question()
    server.stop()
    assert run("restore", str(tmp_path / "copy.db"), *database, folder=tmp_path).returncode == 0
    server.start()
    assert [one["id"] for one in server.http("GET", "/api/questions").body["items"]] == [question_id]


def test_the_page_is_inside(start_server: StartServer) -> None:
    server = start_server()
    for path in (
        "/",
        "/docs",
        "/openapi.json",
        *(f"/static/{file.relative_to(ROOT / 'static')}" for file in ROOT.glob("static/**/*.*")),
    ):
        assert server.http("GET", path).status == 200, path


def test_a_signal_ends_both_and_nothing_is_left(start_server: StartServer, clients: Clients, unpacked: Path) -> None:
    server = start_server(env={"TMPDIR": str(unpacked)})
    client = clients.connect(to=server)
    server_process = second(server.process.pid)
    assert len(list(unpacked.iterdir())) == 1
    assert server.stop() < 2
    client.disconnected()
    assert is_gone(server_process)
    assert list(unpacked.iterdir()) == []


def test_killing_the_first_leaves_no_orphan(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    question_id = server.open_question()
    client = clients.connect(to=server)
    sent = client.send(question_id)
    server_process = second(server.process.pid)
    server.kill()
    client.disconnected()
    wait_until(lambda: is_gone(server_process), "the end of the server")
    server.start()
    assert server.messages(question_id) == [sent]


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1])
def test_killing_the_first_while_it_starts_leaves_no_orphan(binary: Path, tmp_path: Path, moment: float) -> None:
    """From the moment at which the second is more than a fork of the first, and before it can ask for that."""
    words = [str(binary), "serve", "--port", "0", "--database", str(tmp_path / "careline.db")]
    with subprocess.Popen(words, env={}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        server_process = second(process.pid)
        environment = Path(f"/proc/{server_process}/environ")
        wait_until(lambda: b"_PYI_" in environment.read_bytes(), "the start of the second")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
    wait_until(lambda: is_gone(server_process), "the end of the server")


def test_killing_the_second_ends_the_first(start_server: StartServer, unpacked: Path) -> None:
    server = start_server(env={"TMPDIR": str(unpacked)})
    os.kill(second(server.process.pid), signal.SIGKILL)
    assert server.process.wait(LIMIT) == -signal.SIGKILL
    assert list(unpacked.iterdir()) == []
    server.kill()


def test_where_nothing_may_be_run_from_it_can_be_unpacked_elsewhere(binary: Path, unpacked: Path) -> None:
    mounted = [*ALONE, "--mount", "sh", "-c", 'mount -t tmpfs -o noexec tmpfs "$0"; exec "$@"', str(unpacked)]
    for place, status in ((unpacked, 255), (unpacked.parent, 0)):
        words = [*mounted, "env", "-i", f"TMPDIR={place}", str(binary), "version"]
        result = subprocess.run(words, capture_output=True, text=True, check=False)
        assert result.returncode == status
        assert f"'{place}/" in result.stderr or not status


def test_it_may_have_another_name(binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "current"
    link.symlink_to(binary)
    monkeypatch.setattr("tests.server.COMMAND", [str(link)])
    server = Server(tmp_path)
    server.start()
    assert server.http("GET", "/health").status == 200
    server.stop()
