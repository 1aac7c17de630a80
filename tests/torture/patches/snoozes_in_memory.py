"""Careline, broken: it forgets with its end what is snoozed, as timers would."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import main
from store import schema

migrate = schema.migrate


def migrate_and_forget(path: Path, going: Callable[[str], bool] = lambda _: True) -> list[str]:
    applied = migrate(path, going)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE user_notification SET snoozed_until = NULL")
    return applied


schema.migrate = migrate_and_forget
sys.exit(main.main(sys.argv[1:]))
