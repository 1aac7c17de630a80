"""What this program is: its version, the build, and the versions of what it is made of."""

import importlib.metadata
import sqlite3
import sys
from pathlib import Path

VERSION = "0.1.0"

LIBRARIES = ("sanic", "python-socketio", "websockets", "uvloop", "peewee", "aiosqlite", "msgspec", "orjson")

BUILT = Path(__file__).with_name("built")  # in the packaged binary alone: the commit that it was made of


def in_words() -> str:
    """What `careline version` prints."""
    build = BUILT.read_text() if BUILT.exists() else "none, this is the source"
    pins = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    python = f"python {sys.version.split()[0]}, sqlite {sqlite3.sqlite_version}"
    return f"careline {VERSION}\nbuild: {build}\n{python}\n{pins}\n"
