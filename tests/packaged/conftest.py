"""The packaged binary, made of the source as it is; every test here drives that."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.server import ROOT


@pytest.fixture(scope="session")
def binary() -> Path:
    """The binary, newly made."""
    # Not with new libraries: the tests go on with those that they have begun with.
    made = subprocess.run(
        ["make", "--old-file", ".venv/binary", "binary"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / "dist" / "careline"


@pytest.fixture(autouse=True)
def _tested(binary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The binary is what `tests.server` starts, in an environment of nothing but its settings."""
    monkeypatch.setattr("tests.server.GIVEN", [str(binary)])
    monkeypatch.setattr("tests.server.COMMAND", [str(binary)])
