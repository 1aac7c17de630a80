"""Servers that are changed on purpose, each started by a script of its own that patches Careline before it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tests.server import GIVEN, ROOT

_HERE: Final = Path(__file__).resolve().parent


def patched(name: str) -> list[str]:
    """Give the command that starts the server with that patch, to stand in for `tests.server.COMMAND`."""
    changed = [sys.executable, str(ROOT / "tests" / "torture" / "changed.py")]
    if GIVEN:
        # Of the same parts, with room for a patch.
        changed = [f"{GIVEN[0]}-changed"]
        assert Path(changed[0]).exists(), f"`make binary-changed` makes {changed[0]}"
    return [*changed, str(_HERE / f"{name}.py")]
