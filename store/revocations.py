"""Revoked tokens, one by one or all of a user up to a moment.

`careline token --revoke` and `--revoke-user` write them beside a running server, which reads what is new.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from store.beside import writing_beside
from store.database import Database
from store.models import RevokedToken, RevokedUser
from store.transaction import run


@dataclass(frozen=True, slots=True)
class Revocation:
    id: int
    token: bytes  # what the token is known by
    expires_at: int  # milliseconds


@dataclass(frozen=True, slots=True)
class UserRevocation:
    id: int
    user_id: int
    user_type: str  # "" for every type
    issued_until: int  # milliseconds


def revoke(path: Path, token: bytes, expires_at: int, now: int) -> None:
    """Revoke a token, also while a server has the file; again changes nothing. StoreFault says why not."""
    with writing_beside(path) as connection:
        known = RevokedToken.select(RevokedToken.id).where(RevokedToken.token == token)
        if run(connection, known).fetchone() is None:
            run(connection, RevokedToken.insert(token=token, expires_at=expires_at, revoked_at=now))


def revoke_user(path: Path, user_id: int, user_type: str, issued_until: int, now: int) -> None:
    """Revoke all tokens of a user that were issued until a moment, also while a server has the file. An empty
    `user_type` stands for every type. StoreFault says why not."""
    with writing_beside(path) as connection:
        put_user(connection, user_id, user_type, issued_until, now)


def put_user(connection: sqlite3.Connection, user_id: int, user_type: str, issued_until: int, now: int) -> None:
    """Write a user's revocation in the open transaction, under a new id so that a server reads it. A later moment
    stays."""
    known = (RevokedUser.user_id == user_id) & (RevokedUser.user_type == user_type)
    row = run(connection, RevokedUser.select(RevokedUser.issued_until).where(known)).fetchone()
    if row is not None and row[0] >= issued_until:
        return
    run(connection, RevokedUser.delete().where(known))
    new = RevokedUser.insert(user_id=user_id, user_type=user_type, issued_until=issued_until, revoked_at=now)
    run(connection, new)


async def above(
    database: Database, last_token_id: int, last_user_id: int
) -> tuple[list[Revocation], list[UserRevocation]]:
    """Return the revoked tokens and the revoked users above these ids, in their order."""
    tokens, users = await database.watch(
        RevokedToken.select(RevokedToken.id, RevokedToken.token, RevokedToken.expires_at)
        .where(RevokedToken.id > last_token_id)
        .order_by(RevokedToken.id),
        RevokedUser.select(RevokedUser.id, RevokedUser.user_id, RevokedUser.user_type, RevokedUser.issued_until)
        .where(RevokedUser.id > last_user_id)
        .order_by(RevokedUser.id),
    )
    return [Revocation(row["id"], bytes(row["token"]), row["expires_at"]) for row in tokens], [
        UserRevocation(row["id"], row["user_id"], row["user_type"], row["issued_until"]) for row in users
    ]


def forget_expired(connection: sqlite3.Connection, now: int) -> int:
    """Delete the revoked tokens that have expired by now; return how many. A user's revocation stays: how long the
    tokens before it are good is for their signer to say."""
    return run(connection, RevokedToken.delete().where(RevokedToken.expires_at <= now)).rowcount
