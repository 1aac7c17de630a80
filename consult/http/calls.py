"""The routes: one for each row of the tables of calls and pages. Each request passes, in this order:

1. its host and origin (answers.py), and the budget of its caller (admission.py);
2. its token, and whether that may make this call at all (entry.py), still before its body is read;
3. its path, query and body, by the types that its row has, where a large body waits for its turn (share.py);
4. whose it is that it is about;
5. the row's handler, whose reply is encoded. A call that takes turns waits for its own before that (reads.py).
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import nullcontext
from time import thread_time
from typing import Any

from msgspec import Struct
from sanic import Sanic
from sanic.response import HTTPResponse

from consult.contract.rows import Call, Page
from consult.http import entry, request
from consult.http.answers import json_answer
from consult.http.reads import Reads
from consult.http.request import Asked, Request, Served
from consult.rows import attached
from consult.wire.share import BYTES, Turns
from store.database import Database

# A handler returns the answer's content or, where that has another status or is no JSON, the whole answer; None where
# it has sent the answer itself.
Handler = Callable[[Asked[Any, Any]], Awaitable[Struct | HTTPResponse | None]]
Handlers = dict[Call | Page, Handler]


def add_routes(
    app: Sanic[Any, Any],
    rows: Iterable[Call | Page],
    handlers: Handlers,
    database: Database,
    reads: Reads,
    turns: Turns,
    served: Served,
) -> None:
    """Make the routes of the rows. LookupError where a row has no handler, or a handler no row."""
    for row, handler in attached(rows, handlers).items():
        app.route(
            row.path.replace("{", "<").replace("}", ">"),
            methods=[row.method],
            name=row.name,
            ignore_body=row.method == "GET" or isinstance(row, Page),
            stream=row.takes_file,
            ctx_row=row,
        )(_answering(row, handler, database, reads, turns, served))


def _answering(
    row: Call | Page, handler: Handler, database: Database, reads: Reads, turns: Turns, served: Served
) -> Callable[..., Coroutine[Any, Any, HTTPResponse | None]]:
    async def answer(made: Request, **in_path: str) -> HTTPResponse | None:
        asked = await _read(made, row, in_path, turns, served)
        if in_path:
            await entry.hold_to_own(database, row, asked.asker, asked.id)
        async with reads.turn(made) if row.takes_turns else nullcontext():
            reply = await handler(asked)
            return json_answer(reply, row.status) if isinstance(reply, Struct) else reply

    return answer


async def _read(
    made: Request, row: Call | Page, in_path: dict[str, str], turns: Turns, served: Served
) -> Asked[Any, Any]:
    if len(made.body) <= BYTES:
        return request.read(made, row, in_path, served)
    await turns.come(is_long=True)
    began = thread_time()
    try:
        return request.read(made, row, in_path, served)
    finally:
        turns.spend(thread_time() - began)
