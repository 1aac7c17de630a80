"""Careline, broken: it does not know again what a client sends a second time, and is slow to acknowledge the first."""

import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import main
from store import messages, schema, transaction, writer

MOMENT = 0.03  # seconds
migrate = schema.migrate
commit = transaction.transact


def migrate_without_key(path: Path, going: Callable[[str], bool] = lambda _: True) -> list[str]:
    applied = migrate(path, going)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP INDEX IF EXISTS message_of_client")
    return applied


def know_nothing(
    connection: sqlite3.Connection,  # noqa: ARG001
    drafts: list[messages.Draft],  # noqa: ARG001
) -> dict[messages.ClientKey, messages.Message]:
    return {}


def transact(connection: transaction.Connection, batch: list[transaction.Write[Any, Any]]) -> tuple[list[Any], bool]:
    outcomes = commit(connection, batch)
    time.sleep(MOMENT)
    return outcomes


schema.migrate = migrate_without_key
messages._first_of = know_nothing
writer.transact = transact  # type: ignore[attr-defined]
sys.exit(main.main(sys.argv[1:]))
