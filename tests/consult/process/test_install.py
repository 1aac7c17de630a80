"""The systemd unit, by systemd's own word. That it installs is told in tests/packaged/: it takes the binary."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from consult.entry.key_file import KeyFault
from consult.process import install
from tests.server import run
from tests.tokens import key_file

# Of 100, by systemd's own reckoning; 20 is where its word for a unit changes.
MOST_EXPOSED: Final = 20


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as it is printed, but for the program: that need not be there."""
    printed = run("install", "--print", folder=tmp_path)
    assert (printed.returncode, printed.stderr) == (0, "")
    file = tmp_path / "careline.service"
    file.write_text(printed.stdout.replace("ExecStart=/usr/local/bin/careline ", "ExecStart=/bin/true "))
    assert file.read_text() != printed.stdout
    return file


def test_systemd_understands_it(unit: Path) -> None:
    result = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_systemd_finds_it_safe(unit: Path) -> None:
    words = ["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit)]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
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
    """`install --with-tokens` leaves a key file that `serve` takes as the service's user, and settings that name it."""
    configuration, key, given = tmp_path / "careline.conf", tmp_path / "careline.key", []
    configuration.write_text(install.configuration())
    monkeypatch.setattr(install, "CONFIGURATION", configuration)
    monkeypatch.setattr(install, "KEY", key)
    monkeypatch.setattr(shutil, "chown", lambda *words: given.append(words))  # the user is made by the installation
    install._ask_for_tokens()
    made = key.read_text()
    assert (key.stat().st_mode & 0o777, given) == (0o600, [(key, "careline", "careline")])
    assert install.USER_TEXT.split()[1] == "careline"
    install._ask_for_tokens()
    assert key.read_text() == made, "a key that is there stays"
    lines = configuration.read_text().splitlines()
    assert lines.count(install.KEY_SETTING) == 1
    assert len(lines) == len(install.configuration().splitlines()) + 1
    changed = install.asking_for_tokens("CARELINE_PORT=9000\nCARELINE_AUTH_SECRET_FILE=/root/key\n")
    assert changed == f"CARELINE_PORT=9000\n{install.KEY_SETTING}\n"


def test_root_s_key_is_given_to_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that `careline key` has made as root, and one for too many eyes."""
    monkeypatch.setattr(install, "CONFIGURATION", tmp_path / "careline.conf")
    monkeypatch.setattr(install, "KEY", key_file(tmp_path, mode=0o644))
    monkeypatch.setattr(shutil, "chown", lambda *_: None)
    (tmp_path / "careline.conf").write_text("")
    install._ask_for_tokens()
    assert install.KEY.stat().st_mode & 0o777 == 0o600
    install.KEY.write_text("a" * 64)
    with pytest.raises(KeyFault, match="repeated pattern"):
        install._ask_for_tokens()


@pytest.mark.parametrize(
    "words",
    [
        ("serve", "--yes"),
        ("version", "--print"),
        ("install", "--format", "markdown"),
        ("install", "file"),
        ("serve", "--with-tokens"),
    ],
)
def test_what_it_does_not_take_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run(*words, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []
