"""The systemd unit, by systemd's own word. That it installs is told in tests/packaged/: it takes the binary."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.server import run

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
    "words", [("serve", "--yes"), ("version", "--print"), ("install", "--format", "markdown"), ("install", "file")]
)
def test_what_it_does_not_take_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run(*words, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []
