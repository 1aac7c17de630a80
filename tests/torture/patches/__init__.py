"""Servers that are changed on purpose, each started by a script of its own that patches Careline before it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import pytest

_HERE: Final = Path(__file__).resolve().parent


def patched(name: str) -> list[str]:
    """Give the command that starts the server with that patch, to stand in for `tests.server.COMMAND`."""
    if "CARELINE_COMMAND" in os.environ:
        pytest.skip("patches need the source")
    return [sys.executable, str(_HERE / f"{name}.py")]
