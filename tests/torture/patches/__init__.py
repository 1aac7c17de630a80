"""Servers that are changed on purpose, each started by a script of its own that patches Careline before it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from tests.server import GIVEN

_HERE: Final = Path(__file__).resolve().parent


def needs_the_source() -> None:
    """Pass over a test where another build is tested: only the source can be changed on purpose."""
    if GIVEN:
        pytest.skip("patches need the source")


def patched(name: str) -> list[str]:
    """Give the command that starts the server with that patch, to stand in for `tests.server.COMMAND`."""
    needs_the_source()
    return [sys.executable, str(_HERE / f"{name}.py")]
