"""Careline, broken: whatever it stumbles over it quotes, in every way in which a fault can reach the log."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
import warnings
from typing import Any, NoReturn

import main
from consult.contract import faults
from consult.events import join_question, send_message
from consult.gateway import Gateway
from consult.http.answers import Writing
from consult.push import Push
from store.transaction import each

handle = send_message.handle
received = Gateway.received
published = Push.published
post = Writing.post


def quote(*what: Any) -> NoReturn:
    raise ValueError(f"failed for {what}")


def quote_sql(_: sqlite3.Connection, what: Any) -> NoReturn:
    raise sqlite3.OperationalError(f"INSERT INTO message VALUES ('{what}')")


async def quote_later(what: Any) -> None:
    quote(what)


class Unraisable:
    def __init__(self, what: Any) -> None:
        self._what = what

    def __del__(self) -> None:
        quote(self._what)


def fail(way: str, database: Any, answer: Any, what: Any) -> None:
    loop = asyncio.get_running_loop()
    match way:
        case "raised":
            try:
                quote(what)
            except ValueError as fault:
                raise KeyError(what) from fault
        case "statement":
            database.write(each(quote_sql), what, answer, lambda fault: answer.fault(faults.told(fault)))
        case "published":
            database.write(each(lambda _, asked: asked), what, quote, quote)
        case "callback":
            loop.call_soon(quote, what)
        case "task":
            loop.create_task(quote_later(what))  # noqa: RUF006 - nobody keeps it, so nobody asks what became of it
        case "thread":
            threading.Thread(target=quote, args=(what,)).start()
        case "unraisable":
            Unraisable(what)
        case "warning":
            warnings.warn(str(what), UserWarning, stacklevel=1)


def handle_quoting(database: Any, sending: Any, connection: Any, request: Any, answer: Any) -> None:
    way = request.content_text.partition(" ")[0]
    fail(way, database, answer, request)
    if way not in ("raised", "statement"):
        handle(database, sending, connection, request, answer)


def received_quoting(self: Gateway, connection: Any, packet: bytes) -> None:
    if b"unreadable" in packet:
        quote(packet)
    received(self, connection, packet)


def published_quoting(self: Push, notifications: Any) -> None:
    published(self, notifications)
    quote(notifications)


async def post_quoting(self: Writing, asked: Any, *wanted: Any) -> Any:
    if b"unreadable" in asked.request.body:
        quote(asked.request.body, wanted)
    return await post(self, asked, *wanted)


PLACES: tuple[tuple[Any, str, Any], ...] = (
    (send_message, "handle", handle_quoting),
    (join_question, "handle", quote),
    (Gateway, "received", received_quoting),
    (Push, "published", published_quoting),
    (Writing, "post", post_quoting),
)
for owner, name, quoting in PLACES:
    assert hasattr(owner, name)
    setattr(owner, name, quoting)
sys.exit(main.main(sys.argv[1:]))
