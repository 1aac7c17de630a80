"""What this program is: its version and those of what it is made of."""

import importlib.metadata
import sqlite3
import sys

VERSION = "0.1.0"

LIBRARIES = ("sanic", "python-socketio", "websockets", "uvloop", "peewee", "aiosqlite", "msgspec", "orjson")


def in_words() -> str:
    """What `careline version` prints."""
    pins = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    python = f"python {sys.version.split()[0]}, sqlite {sqlite3.sqlite_version}"
    return f"careline {VERSION}\n{python}\n{pins}\n"
