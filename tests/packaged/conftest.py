"""The packaged binary, made of the source as it is; every test here drives that."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from tests.server import ROOT


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The binary, newly made: once for all of pytest-xdist's processes, which share a folder."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    is_made = shared / "binary-is-made"
    with (shared / "binary.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_made.exists():
            # Not with new libraries: the tests go on with those that they have begun with.
            command = ["make", "--old-file", ".venv/binary", "binary"]
            made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            assert made.returncode == 0, made.stdout + made.stderr
            is_made.touch()
    return ROOT / "dist" / "careline"


@pytest.fixture(autouse=True)
def _tested(binary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The binary is what `tests.server` starts, in an environment of nothing but its settings."""
    monkeypatch.setattr("tests.server.GIVEN", [str(binary)])
    monkeypatch.setattr("tests.server.COMMAND", [str(binary)])
