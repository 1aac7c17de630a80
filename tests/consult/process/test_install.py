"""The systemd units, by systemd's own word. That it installs is told in tests/packaged/: it takes the binary."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from consult.entry.key_file import KeyFault
from consult.process import install, units
from tests.server import run
from tests.tokens import key_file

# Of 100, by systemd's own reckoning; 20 is where its word for a unit changes.
MOST_EXPOSED: Final = 20


WORDS: Final = {
    "careline.service": (),
    "careline@north.service": ("--cell", "north"),
    "careline-replica.service": ("--replica", "/media/backup/careline"),
}


def printed(name: str, folder: Path) -> Path:
    """The unit as it is printed, but for the program: that need not be there."""
    done = run("install", "--print", *WORDS[name], folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    file = folder / name
    file.write_text(re.sub(r"^ExecStart=/usr/local/bin/\S+ ", "ExecStart=/bin/true ", done.stdout, flags=re.M))
    assert file.read_text() != done.stdout
    return file


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The service's."""
    return printed("careline.service", tmp_path)


@pytest.mark.parametrize("name", WORDS)
def test_systemd_understands_it(name: str, tmp_path: Path) -> None:
    words = ["systemd-analyze", "verify", str(printed(name, tmp_path))]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("name", WORDS)
def test_systemd_finds_it_safe(name: str, tmp_path: Path) -> None:
    words = ["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={MOST_EXPOSED}"]
    result = subprocess.run([*words, str(printed(name, tmp_path))], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "line",
    ["MemoryMax=1G", "TasksMax=128", "LimitCORE=0", "RestartSec=5", "Environment=TMPDIR=/var/cache/careline"],
)
def test_what_bounds_it(unit: Path, line: str) -> None:
    """Memory and tasks have an end, nothing is left in a core file, and the program is not unpacked into /tmp."""
    assert line in unit.read_text().splitlines()
    assert "RestartMaxDelaySec=60" in unit.read_text(), "for a systemd that knows it"
    assert "\nRestartForceExitStatus" not in unit.read_text(), "SIGHUP ends no server any more"


def test_the_key_of_a_service_is_its_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`install --with-tokens` leaves a key file that `serve` takes as the service's user."""
    key, given = tmp_path / "careline" / "north.key", []
    monkeypatch.setattr(shutil, "chown", lambda *words: given.append(words))  # the user is made by the installation
    install.give_key(key, "careline-north")
    made = key.read_text()
    assert (key.stat().st_mode & 0o777, given) == (0o600, [(key, "careline-north", "careline")])
    assert units.USER_TEXT.split()[1] == "careline"
    install.give_key(key, "careline-north")
    assert key.read_text() == made, "a key that is there stays"


def test_root_s_key_is_given_to_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that `careline key` has made as root, and one for too many eyes."""
    monkeypatch.setattr(shutil, "chown", lambda *_: None)
    key = key_file(tmp_path, mode=0o644)
    install.give_key(key, "careline")
    assert key.stat().st_mode & 0o777 == 0o600
    key.write_text("a" * 64)
    with pytest.raises(KeyFault, match="repeated pattern"):
        install.give_key(key, "careline")


def test_a_setting_is_changed_in_place_of_an_earlier_one(tmp_path: Path) -> None:
    file = tmp_path / "careline.conf"
    text = install.configuration_text(units.CONFIGURATION)
    file.write_text(text)
    for key in "/root/key", "/etc/careline.key":
        install.change_setting(file, "CARELINE_AUTH_SECRET_FILE", key)
    lines = file.read_text().splitlines()
    assert lines == [*text.splitlines(), "CARELINE_AUTH_SECRET_FILE=/etc/careline.key"]


def test_a_cell_shares_nothing_but_the_group_of_sockets(tmp_path: Path) -> None:
    lines = printed("careline@north.service", tmp_path).read_text().splitlines()
    assert {"User=careline-%i", "StateDirectory=careline/%i", "StateDirectoryMode=0700", "UMask=0077"} <= set(lines)
    assert {"EnvironmentFile=-/etc/careline/%i.conf", "CacheDirectory=careline-%i"} <= set(lines)
    assert "CapabilityBoundingSet=" in lines, "it needs no port below 1024"


@pytest.mark.parametrize(
    "name", ["", "North", "1st", "north-", "no_rth", "a" * 23, "careline", "../etc", "n%i", "诊所"]
)
def test_what_is_no_name_of_a_cell(name: str, tmp_path: Path) -> None:
    done = run("install", "--print", "--cell", name, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("careline: --cell must be 1 to 22 of a-z, 0-9 and -")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--port", "9000"), "--port is for --cell"),
        (("--cell", "north", "--port", "80"), "--port of a cell must be an integer from 1024 to 65535"),
        (("--cell", "north", "--port", "70000"), "--port of a cell must be an integer from 1024 to 65535"),
        (("--replica", "/media/backup", "--cell", "north"), "it takes neither --cell nor --with-tokens"),
        (("--replica", "backup"), "--replica must be a whole path"),
        (("--replica", "/media/my disk"), "--replica must be a whole path"),
        (("--replica", "/var/lib/careline/replica"), "is in /var/lib/careline, and would be lost with it"),
    ],
)
def test_words_that_make_no_sense(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = run("install", "--print", *words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr


def _starts(unit: str, state: Path, replica: Path) -> tuple[bool, str]:
    """Whether systemd goes on to start the replica, and what it writes into the journal."""
    command = unit.partition("ExecStartPre=")[2].partition("\nExecStart=")[0].replace("\\\n", "").replace("$$", "$")
    command = command.replace("/var/lib/careline", str(state)).replace("/media/backup/careline", str(replica))
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("cell", ["", "north/"])
def test_an_empty_database_does_not_follow_a_lost_one(cell: str, tmp_path: Path) -> None:
    unit = printed("careline-replica.service", tmp_path).read_text()
    state, replica = tmp_path / "state", tmp_path / "replica"
    database, copy = state / f"{cell}careline.db", replica / f"{cell}careline.db"
    for folder in database.parent, copy.parent:
        folder.mkdir(parents=True)
    assert _starts(unit, state, replica) == (True, ""), "the first time"
    (copy / "ltx").mkdir(parents=True)
    (database.parent / ".careline.db-litestream").mkdir()
    assert _starts(unit, state, replica) == (True, ""), "the database that it is the replica of"
    shutil.rmtree(state)
    told = f"{copy} is the replica of a database that is not here: docs/replica.md has the way back\n"
    assert _starts(unit, state, replica) == (False, told)
    database.parent.mkdir(parents=True)
    database.touch()
    assert _starts(unit, state, replica) == (False, told), "one that began anew"
    copy.rename(f"{copy}-lost")
    assert _starts(unit, state, replica) == (True, "")


@pytest.mark.parametrize("told", ["0.5.17", "v0.5.17", "0.6.0", "1.0.0"])
def test_a_litestream_that_is_new_enough(told: str, tmp_path: Path) -> None:
    assert install.found_litestream(_litestream(told, tmp_path)) == tmp_path / "litestream"


@pytest.mark.parametrize("told", ["v0.3.13", "0.5.16", "(development build)", ""])
def test_a_litestream_that_is_too_old(told: str, tmp_path: Path) -> None:
    with pytest.raises(install.InstallFault, match=r"no Litestream 0\.5\.17 or later is on this machine \(/") as fault:
        install.found_litestream(_litestream(told, tmp_path))
    assert "\n" not in str(fault.value)


def test_without_litestream_it_says_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(install.InstallFault, match="is on this machine: it is among the releases"):
        install.found_litestream(str(tmp_path))


def _litestream(told: str, folder: Path) -> str:
    """A program of that name that says it is of that version; the place to look for it."""
    program = folder / "litestream"
    program.write_text(f"#!/bin/sh\necho '{told}'\n")
    program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    "words",
    [
        ("serve", "--yes"),
        ("version", "--print"),
        ("install", "--format", "markdown"),
        ("install", "file"),
        ("serve", "--with-tokens"),
        ("serve", "--cell", "north"),
    ],
)
def test_what_it_does_not_take_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run(*words, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []
