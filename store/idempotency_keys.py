"""A POST that is sent again under its `Idempotency-Key` is answered with the first result and does nothing."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from store.clock import DAY
from store.models import IdempotencyKey
from store.retention import CHUNK
from store.transaction import run

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")

KEPT_FOR = 7 * DAY


@dataclass(frozen=True, slots=True)
class Keyed(Generic[Request]):
    """A request under a key. The fingerprint tells whether it is the same request."""

    key: str
    fingerprint: str
    at: int
    request: Request
    as_sent: str = ""  # the fingerprint of the bytes, as versions before 0.2 kept it


@dataclass(frozen=True, slots=True)
class Done(Generic[Outcome]):
    """The statement was applied just now. Where `text` is None nothing was done, and the key is free for another
    try."""

    text: str | None  # JSON
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Repeated:
    """The answer to the first request with the key."""

    text: str


class OtherRequest:
    """The key was used for another request."""


def once(
    one: Callable[[sqlite3.Connection, Request], Outcome], render: Callable[[Outcome], str | None]
) -> Callable[[sqlite3.Connection, Keyed[Request]], Done[Outcome] | Repeated | OtherRequest]:
    """The statement `one`, done at most once a key; what it gave is kept as `render` writes it, None where nothing was
    done."""

    def apply(connection: sqlite3.Connection, keyed: Keyed[Request]) -> Done[Outcome] | Repeated | OtherRequest:
        found = run(
            connection,
            IdempotencyKey.select(IdempotencyKey.fingerprint, IdempotencyKey.answer).where(
                IdempotencyKey.key == keyed.key
            ),
        ).fetchone()
        if found:
            return Repeated(found[1]) if found[0] in (keyed.fingerprint, keyed.as_sent) else OtherRequest()
        outcome = one(connection, keyed.request)
        text = render(outcome)
        if text is not None:
            run(
                connection,
                IdempotencyKey.insert(key=keyed.key, fingerprint=keyed.fingerprint, answer=text, created_at=keyed.at),
            )
        return Done(text, outcome)

    return apply


def forget_older_than(connection: sqlite3.Connection, moment: int) -> int:
    """Deletes a chunk of what was kept before `moment`; how many."""
    old = IdempotencyKey.select(IdempotencyKey.key).where(IdempotencyKey.created_at < moment).limit(CHUNK)
    return run(connection, IdempotencyKey.delete().where(IdempotencyKey.key.in_(old))).rowcount
