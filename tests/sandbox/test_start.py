"""A sandbox takes no address but loopback and no database but its own, which is gone at the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from consult.contract.sandbox import SANDBOX_CALLS
from consult.entry.access import EVERYWHERE
from tests.conftest import StartServer
from tests.sandbox.conftest import Sandbox
from tests.server import Server, run
from tests.tokens import key_file
from tests.torture.patches import patched


@pytest.mark.parametrize(
    ("arguments", "settings", "reason"),
    [
        (("--host", EVERYWHERE[0]), {}, "--host (CARELINE_HOST): 0.0.0.0 can be reached from other machines"),
        ((), {"CARELINE_HOST": "10.0.0.1"}, "--host (CARELINE_HOST): 10.0.0.1 can be reached from other machines"),
        (("--database", "clinic.db"), {}, "--database (CARELINE_DATABASE): a sandbox has a database of its own"),
        (
            (),
            {"CARELINE_DATABASE": "careline.db"},
            "--database (CARELINE_DATABASE): a sandbox has a database of its own",
        ),
        ((), {"CARELINE_HOOKS": "hooks.toml"}, "--hooks (CARELINE_HOOKS): a sandbox tells no receiver"),
        (("--allow-open",), {}, "--allow-open (CARELINE_ALLOW_OPEN): a sandbox listens on loopback alone"),
        (("--host", EVERYWHERE[0], "--allow-open"), {}, "--host (CARELINE_HOST): 0.0.0.0 can be reached from other"),
        (("--trusted-proxies", "127.0.0.1"), {}, "--trusted-proxies (CARELINE_TRUSTED_PROXIES): a proxy lets other"),
        (("--allowed-hosts", "a.example"), {}, "--allowed-hosts (CARELINE_ALLOWED_HOSTS): a.example is a name for"),
        (
            ("--allowed-origins", "https://a.example"),
            {},
            "--allowed-origins (CARELINE_ALLOWED_ORIGINS): https://a.exam",
        ),
        (("--allowed-origins", "*"), {}, "--allowed-origins (CARELINE_ALLOWED_ORIGINS): `*` lets in every page"),
    ],
)
def test_what_it_refuses(tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], reason: str) -> None:
    (tmp_path / "clinic.db").write_text("not to be touched")
    ended = run("serve", "--sandbox", "--port", "0", *arguments, env=settings, folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert reason in ended.stderr
    assert "careline key" not in ended.stderr, "a key would not help"
    assert [path.name for path in tmp_path.iterdir()] == ["clinic.db"]
    assert (tmp_path / "clinic.db").read_text() == "not to be touched"


def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.server.COMMAND", patched("localhost_elsewhere"))
    ended = run("serve", "--sandbox", "--host", "localhost", "--port", "0", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "cannot listen on localhost: it is 0.0.0.0, which other machines can reach" in ended.stderr


def test_a_key_file_is_refused(tmp_path: Path) -> None:
    keys = key_file(tmp_path)
    ended = run("serve", "--sandbox", "--auth-secret-file", str(keys), folder=tmp_path)
    assert ended.returncode == 2
    assert "--auth-secret-file (CARELINE_AUTH_SECRET_FILE): a sandbox asks for no tokens" in ended.stderr


def test_check_looks_at_its_settings_and_at_no_database(tmp_path: Path) -> None:
    ended = run("check", "--sandbox", folder=tmp_path)
    sqlite = f"sqlite: {sqlite3.sqlite_version}\n"
    assert (ended.returncode, ended.stdout) == (0, f"settings: ok\n{sqlite}database: a new one at each start\n")
    assert run("check", "--sandbox", "--host", EVERYWHERE[0], folder=tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_usual_server_has_none_of_its_calls(start_server: StartServer) -> None:
    server = start_server(nginx=False)
    for call in SANDBOX_CALLS:
        for method in ("GET", "POST"):
            assert server.http(method, call.path, json={}).status == 404, call.path
    told = server.http("GET", "/protocol.json").body
    assert told["sandbox"] is False
    assert not [call for call in told["calls"] if "sandbox" in call["path"]]


def test_it_tells_the_page_of_its_calls(sandbox: Sandbox) -> None:
    told = sandbox.http("GET", "/protocol.json").body
    assert told["sandbox"] is True
    names = [f"{call['method']} {call['path']}" for call in told["calls"]]
    assert names[-len(SANDBOX_CALLS) :] == [call.name for call in SANDBOX_CALLS]


def test_other_pages_may_not_move_it(sandbox: Sandbox) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
        assert sandbox.http("POST", "/sandbox/clock", json={"advance": 1}, headers=headers).status == 403
    of_dev_server = {"Origin": "http://localhost:5173"}
    assert sandbox.http("POST", "/sandbox/clock", json={"advance": 0}, headers=of_dev_server).status == 200


def test_samples(sandbox: Sandbox) -> None:
    listed = sandbox.http("GET", "/api/questions").body["items"]
    assert {one["status"] for one in listed} == {"OPEN", "CLOSED"}
    for one in listed:
        texts = sandbox.messages(one["id"])
        assert len(texts) >= 2
        # Only staff sees all of the first.
        staff_sees = sandbox.messages(one["id"], "user_type=STAFF")
        assert (len(staff_sees) > len(texts)) is (one["status"] == "OPEN")
    reminders = sandbox.http("GET", "/api/reminders?limit=200").body["items"]
    assert len(reminders) >= 3
    assert all(one["rrule"] for one in reminders)
    assert any(one.get("follow_up") for one in reminders)


def test_its_database_is_gone_at_the_end(start_sandbox: Callable[[], Sandbox]) -> None:
    sandbox = start_sandbox()
    [folder] = sandbox.left_behind()
    assert (folder / "careline.db").exists()
    assert folder.stat().st_mode & 0o777 == 0o700
    question_id = sandbox.open_question()
    sandbox.stop()
    assert sandbox.left_behind() == []
    sandbox.start()
    assert sandbox.http("GET", f"/api/questions/{question_id}").status == 404
    assert not sandbox.database.exists()


def test_after_a_kill_the_next_one_clears_it_away(start_sandbox: Callable[[], Sandbox]) -> None:
    first, second = start_sandbox(), start_sandbox()
    assert len(first.left_behind()) == 2
    foreign = first.temporary / "careline-sandbox-link"
    clinic = first.folder / "clinic"
    clinic.mkdir()
    (clinic / "careline.db").write_text("not to be touched")
    foreign.symlink_to(clinic)
    first.kill()
    third = start_sandbox()
    assert len([path for path in third.left_behind() if path != foreign]) == 2, "that of the killed one is gone"
    assert second.now(), "the other one runs on"
    assert second.open_question()
    assert (clinic / "careline.db").read_text() == "not to be touched"


def test_a_port_in_use_is_told_and_nothing_is_left(sandbox: Sandbox, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    ended = run("serve", "--sandbox", "--port", str(sandbox.port), env={"TMPDIR": str(temporary)}, folder=tmp_path)
    assert ended.returncode == 1
    assert "cannot listen on" in ended.stderr
    assert list(temporary.iterdir()) == []


def test_the_log_says_what_it_is(sandbox: Server) -> None:
    assert "this is a sandbox" in sandbox.stderr()
