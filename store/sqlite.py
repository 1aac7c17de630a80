"""The SQLite of this process: the one that `pysqlite3` carries, under the name by which everything asks for `sqlite3`.

Import this before anything that imports `sqlite3`, as main.py and tests/__init__.py do. Two SQLite libraries that open
one file in one process damage it: a file's POSIX locks are the process's, and each takes the other's away.
"""

import importlib
import sys
from typing import Final

# Older ones have the WAL-reset bug: what is committed while another connection moves the WAL into the file may be lost.
WITHOUT_RESET_BUG: Final = (3, 51, 3)

try:
    _ours = importlib.import_module("pysqlite3")
except ImportError:  # no wheel of it fits this machine
    _ours = importlib.import_module("sqlite3")
else:
    if sys.modules.setdefault("sqlite3", _ours) is not _ours:
        raise ImportError("sqlite3 was imported before store.sqlite: this process would have two SQLite libraries")
    sys.modules["sqlite3.dbapi2"] = importlib.import_module("pysqlite3.dbapi2")

IS_PYTHONS: Final = _ours.__name__ == "sqlite3"  # and not pysqlite3's
VERSION: Final[str] = _ours.sqlite_version


def in_words() -> str:
    """Return the version, and what is wrong with it where it is an old one."""
    if _ours.sqlite_version_info >= WITHOUT_RESET_BUG:
        return VERSION
    good = ".".join(map(str, WITHOUT_RESET_BUG))
    return f"{VERSION} is older than {good}, which mends a bug by which a WAL can lose commits (sqlite.org/wal.html)"
