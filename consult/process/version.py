"""The program's version, its build, and the versions of its libraries."""

import importlib.metadata
import sqlite3
import ssl
import sys
from pathlib import Path

VERSION = "0.1.0"

# Every library that the program imports, its own and those that they bring along.
LIBRARIES = (
    *("sanic", "sanic-routing", "httptools", "multidict", "aiofiles", "tracerite", "html5tagger", "ujson"),
    *("python-socketio", "python-engineio", "bidict", "websockets", "uvloop", "peewee", "aiosqlite", "greenlet"),
    *("pysqlite3", "python-multipart", "schedule", "orjson", "msgspec", "PyJWT", "tzlocal", "tzdata"),
    *("prometheus-client", "urllib3", "typing-extensions"),
)

# In the packaged binary alone: the commit that it was made of, and the licence texts of its parts.
BUILT = Path(__file__).with_name("built")
NOTICES = Path(__file__).with_name("THIRD-PARTY-NOTICES.txt")


def in_words() -> str:
    """Return what `careline version` prints: version, build, Python, SQLite, OpenSSL, libraries."""
    build = BUILT.read_text() if BUILT.exists() else "none, this is the source"
    pins = ", ".join(f"{name} {version}" for name in LIBRARIES if (version := _installed(name)))
    openssl = ssl.OPENSSL_VERSION.split()[1]
    python = f"python {sys.version.split()[0]}, sqlite {sqlite3.sqlite_version}, openssl {openssl}"
    return f"careline {VERSION}\nbuild: {build}\n{python}\n{pins}\n"


def _installed(library: str) -> str | None:
    """Return the version of a library; None where it is not installed, as pysqlite3 is not on every machine."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def notices() -> str:
    """Return what `careline notices` prints: the licence texts of all that the binary contains."""
    if not NOTICES.exists():
        return "This is the source. Each library that it runs on is installed with its licence text.\n"
    return NOTICES.read_text()
