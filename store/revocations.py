"""Tokens that were revoked before their time, for as long as they would be good otherwise.

`careline token --revoke` writes them beside a running server, which reads what is new.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from store import schema
from store.database import Database
from store.file import StoreFault
from store.models import RevokedToken
from store.transaction import run


@dataclass(frozen=True, slots=True)
class Revocation:
    id: int
    token: bytes  # what the token is known by
    expires_at: int  # milliseconds


def revoke(path: Path, token: bytes, expires_at: int, now: int) -> None:
    """Revokes a token, also while a server has the file; again changes nothing. StoreFault says why not."""
    if schema.status(path).pending:
        raise StoreFault(f"{path} is of an older Careline; `serve` brings it up to date")
    try:
        with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            known = RevokedToken.select(RevokedToken.id).where(RevokedToken.token == token)
            if run(connection, known).fetchone() is None:
                run(connection, RevokedToken.insert(token=token, expires_at=expires_at, revoked_at=now))
            connection.execute("COMMIT")
    except sqlite3.Error as fault:
        raise StoreFault(f"cannot write to {path}: {fault}") from fault


async def above(database: Database, last_id: int) -> list[Revocation]:
    """Those that came after the one of that id, in their order."""
    rows = await database.watch(
        RevokedToken.select(RevokedToken.id, RevokedToken.token, RevokedToken.expires_at)
        .where(RevokedToken.id > last_id)
        .order_by(RevokedToken.id)
    )
    return [Revocation(row["id"], bytes(row["token"]), row["expires_at"]) for row in rows]


def forget_expired(connection: sqlite3.Connection, now: int) -> int:
    """Deletes those that have run out by now; how many."""
    return run(connection, RevokedToken.delete().where(RevokedToken.expires_at <= now)).rowcount
