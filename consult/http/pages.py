"""The pages, their files, and the protocol as the data that they are made of."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sanic import Sanic
from sanic.response import HTTPResponse

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.operations import ASYNCAPI, CONSOLE, DOCS, OPENAPI, PROTOCOL
from consult.contract.rows import JsonObject
from consult.contract.sandbox import SANDBOX_CALLS
from consult.documents.asyncapi import asyncapi
from consult.documents.openapi import openapi
from consult.documents.protocol import protocol
from consult.http import static_files
from consult.http.answers import json_answer
from consult.http.calls import Handlers
from consult.http.request import Asked, Request
from consult.json_text import dumps
from consult.process.version import VERSION
from store.clock import WireTime


class Pages:
    def __init__(self, static: Path, time: WireTime, tokens: bool, sandbox: bool) -> None:
        self._files = static_files.read(static)
        # With tokens on the version is for those who run the server, in /health: it tells strangers which holes to try.
        self._tells_version = not tokens
        shown = {} if tokens else {"version": VERSION}
        told = {**shown, "timezone": str(time.zone), "tokens": tokens, "sandbox": sandbox}
        self._made: dict[Callable[[], JsonObject], bytes] = {}
        self._protocol = dumps({**told, **protocol(SANDBOX_CALLS if sandbox else ())})

    def add_files(self, app: Sanic[Any, Any]) -> None:
        """Make the route of the files, which are everybody's."""

        @app.route("/static/<name:path>", methods=["GET", "HEAD"], ctx_row=None)
        async def file_of_page(request: Request, name: str) -> HTTPResponse:
            if name not in self._files:
                raise Fault(faults.NOT_FOUND)
            return self._files[name].answer(request)

    def handlers(self) -> Handlers:
        """By their rows."""
        return {
            CONSOLE: self.console,
            DOCS: self.docs,
            PROTOCOL: self.protocol,
            OPENAPI: self.openapi,
            ASYNCAPI: self.asyncapi,
        }

    async def console(self, asked: Asked[None, None]) -> HTTPResponse:
        return self._files["index.html"].answer(asked.request)

    async def docs(self, asked: Asked[None, None]) -> HTTPResponse:
        return self._files["docs.html"].answer(asked.request)

    async def protocol(self, _: Asked[None, None]) -> HTTPResponse:
        return json_answer(self._protocol)

    async def openapi(self, _: Asked[None, None]) -> HTTPResponse:
        return json_answer(await self._made_by(_openapi_of_here))

    async def asyncapi(self, _: Asked[None, None]) -> HTTPResponse:
        return json_answer(await self._made_by(asyncapi))

    async def _made_by(self, make: Callable[[], JsonObject]) -> bytes:
        """Return the document as bytes, made by the first who asks: that takes a fifth of a second, which no start
        should."""
        if make not in self._made:
            content = dumps(await asyncio.to_thread(make))
            shown = VERSION if self._tells_version else ""
            self._made[make] = content.replace(dumps(VERSION), dumps(shown))
        return self._made[make]


def _openapi_of_here() -> JsonObject:
    """Return the document with the address that it was read from as the server's, also behind a proxy."""
    return openapi() | {"servers": [{"url": "."}]}
