"""Files: uploaded into the clinic's own folder, and downloaded by who may see them."""

import asyncio
import logging
import os
from dataclasses import dataclass
from typing import cast

from sanic.exceptions import PayloadTooLarge
from sanic.http import Http
from sanic.response import HTTPResponse

from consult.contract import faults, replies
from consult.contract.faults import Fault
from consult.contract.files import GET_FILE, INLINE, UPLOAD_FILE, FileQuery, StoredFile
from consult.contract.limits import FILE_STILL_SECONDS, LEAST_RATE, MOST_BESIDE_FILE, UPLOAD_SECONDS
from consult.entry.access import Access, is_loopback
from consult.entry.limits import Limits
from consult.entry.rights import viewer
from consult.file_addresses import FileAddresses
from consult.http import ranges
from consult.http.admission import body_bytes, read_no_more
from consult.http.answers import fault_answer
from consult.http.calls import Handlers
from consult.http.file_bodies import Body, body_of, is_multipart
from consult.http.file_types import ending, recognised
from consult.http.ranges import Beyond, Span
from consult.http.reads import Reads
from consult.http.request import Asked, Request
from consult.wire.door import HttpBehindDoor
from consult.wire.file_outlet import FileOutlet
from store import files
from store.database import Database
from store.file_folder import NoRoom
from store.file_store import FileStore
from store.files import Stored

log = logging.getLogger("careline.files")

TAKEN = 131_072  # bytes of an upload that are written at a time
# Bytes of a download that are read at a time: more while few are under way, since each read costs a thread's turn.
GIVEN, GIVEN_TO_FEW, FEW = 65_536, 262_144, 8


@dataclass(frozen=True, slots=True)
class Files:
    database: Database
    store: FileStore
    addresses: FileAddresses
    access: Access
    limits: Limits
    uploads: Reads
    downloads: Reads
    most: int  # bytes of a file

    def handlers(self) -> Handlers:
        """By their rows."""
        return {UPLOAD_FILE: self.upload_file, GET_FILE: self.get_file}

    async def upload_file(self, asked: Asked[None, None]) -> StoredFile:
        request, connection = asked.request, _connection(asked.request)
        http = cast(Http, request.stream)
        http.request_max_size = connection.request_max_size  # until it is taken
        kind = request.headers.get("content-type", "")
        most = self.most + (MOST_BESIDE_FILE if is_multipart(kind) else 0)
        announced = body_bytes(request)
        if announced > most:
            raise Fault(faults.FILE_TOO_LARGE)
        if request.ctx.account is not None:
            self.limits.spend_file(request.ctx.account, announced)
        identity = asked.asker.identity
        by = None if identity is None else (identity.user_id, identity.user_type)
        try:
            async with self.uploads.turn(request), self.store.receiving() as incoming:
                await self.store.run(incoming.look_for_room, announced)
                http.request_max_size = most
                connection.takes_file = True
                body = body_of(kind, incoming, self.most)
                await self._receive(request, connection, body, is_counted=bool(announced))
                upload = await self.store.keep(incoming, recognised(incoming.head), by)
        except NoRoom:
            raise Fault(faults.NO_ROOM) from None
        except OSError as fault:
            log.error("a file cannot be stored: %s", fault.strerror)
            raise Fault(faults.NO_FOLDER) from None
        return replies.stored_file(upload)

    async def _receive(self, request: Request, connection: HttpBehindDoor, body: Body, *, is_counted: bool) -> None:
        """Read the request's body to its end, no faster than the disk takes it."""
        http, pending, has_more = cast(Http, request.stream), bytearray(), True
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                while has_more:
                    async with asyncio.timeout(FILE_STILL_SECONDS):
                        data = await http.read() if http.request_body else None
                    pending += data or b""
                    has_more = data is not None
                    if len(pending) >= TAKEN or not has_more:
                        if request.ctx.account is not None and not is_counted:
                            self.limits.spend_file(request.ctx.account, len(pending))
                        await self.store.write(body.write, bytes(pending))
                        pending.clear()
                        await connection.take_piece()
                await self.store.write(body.end)
        except PayloadTooLarge:
            raise Fault(faults.FILE_TOO_LARGE) from None
        except TimeoutError:
            read_no_more(request)
            raise Fault(faults.UPLOAD_TOO_SLOW) from None

    async def get_file(self, asked: Asked[FileQuery, None]) -> HTTPResponse | None:
        request = asked.request
        file = await self._found(asked)
        tag = f'"{asked.file}"'
        headers = {
            "accept-ranges": "bytes",
            "access-control-expose-headers": "retry-after, accept-ranges, content-length, content-range, etag",
            # Whoever may not see it any more gets nothing from a cache either.
            "cache-control": "private, no-cache",
            "content-disposition": _disposition(asked.file, file.content_type),
            "content-security-policy": "sandbox; default-src 'none'",
            "cross-origin-resource-policy": self._resource_policy,
            "etag": tag,
        }
        if _knows(request, tag):
            return HTTPResponse(status=304, headers=headers)
        is_head = cast(Http, request.stream).head_only
        try:
            span = None if is_head else ranges.read(_range(request, tag), file.size)
        except Beyond:
            answer = fault_answer(Fault(faults.BEYOND_FILE))
            answer.headers.update({"content-range": f"bytes */{file.size}", "accept-ranges": "bytes"})
            return answer
        if span is not None:
            headers["content-range"] = f"bytes {span.first}-{span.last}/{file.size}"
        span, status = span or Span(0, file.size - 1), 200 if span is None else 206
        headers["content-length"] = str(span.length)
        if is_head:
            return HTTPResponse(status=status, headers=headers, content_type=file.content_type)
        async with self.downloads.turn(request):
            await self._send(request, asked.file, file, span, HTTPResponse(None, status, headers, file.content_type))
        return None

    async def _found(self, asked: Asked[FileQuery, None]) -> Stored:
        """Return the file, where the request shows that it may be seen; Fault otherwise."""
        query, identity = asked.query, asked.asker.identity
        is_signed = query.signature is not None or query.expires is not None
        if is_signed and self.addresses.is_good(asked.file, query.expires or 0, query.signature or ""):
            found = await files.get(self.database, asked.file)
        elif identity is None and is_signed:
            raise Fault(faults.ADDRESS_ENDED)
        elif identity is None and self.access.tokens:
            raise Fault(faults.OF_TOKENS["missing"])
        else:
            found = await files.find(self.database, asked.file, viewer(identity, query.user_type))
        if found is None:
            raise Fault(faults.NOT_FOUND)
        return found

    async def _send(self, request: Request, name: str, file: Stored, span: Span, answer: HTTPResponse) -> None:
        """Send a part of the file, no faster than the client takes it."""
        connection = _connection(request)
        try:
            descriptor = await self.store.opened(name)
        except OSError as fault:
            log.error("the file %s cannot be read: %s", name, fault.strerror)
            raise Fault(faults.NO_FOLDER) from None
        transport = connection.transport
        outlet = (
            None
            if connection.has_tls or transport is None
            else FileOutlet(transport.get_extra_info("socket"), descriptor)
        )
        try:
            if (await self.store.run(os.fstat, descriptor)).st_size != file.size:
                log.error("the file %s is damaged: its size is not what it was", name)
                raise Fault(faults.NO_FOLDER)
            async with asyncio.timeout(UPLOAD_SECONDS + span.length / LEAST_RATE):
                await request.respond(answer)
                if outlet is not None:
                    await connection.give_file(answer, outlet, span.first, span.length, self.store.run)
                else:
                    await self._send_pieces(connection, descriptor, span, answer)
        except (OSError, EOFError, TimeoutError) as fault:
            # The head is on its way: all that is left to say is that there is not the whole file.
            log.info("a download of the file %s was broken off: %s", name, type(fault).__name__)
            if connection.transport is not None:
                connection.transport.abort()
        finally:
            if outlet is None:
                self.store.later(os.close, descriptor)
            else:
                self.store.later(outlet.close)

    async def _send_pieces(self, connection: HttpBehindDoor, descriptor: int, span: Span, answer: HTTPResponse) -> None:
        """Send a part of the file over TLS, which this program has to encrypt."""
        connection.gives_file, place = True, span.first
        while place <= span.last:
            size = GIVEN_TO_FEW if self.downloads.under_way <= FEW else GIVEN
            data = await self.store.run(os.pread, descriptor, min(size, span.last + 1 - place), place)
            if not data:
                raise EOFError("the file ends too early")
            await connection.give_piece(answer, data)
            place += len(data)

    @property
    def _resource_policy(self) -> str:
        """Return which pages may show a file: also those of other origins, where any is let in."""
        is_open = not self.access.tokens and is_loopback(self.access.host)
        return "cross-origin" if self.access.allowed_origins or is_open else "same-origin"


def _connection(request: Request) -> HttpBehindDoor:
    return cast(HttpBehindDoor, cast(Http, request.stream).protocol)


def _disposition(name: str, kind: str) -> str:
    """Return whether browsers show a file, and as what they save it."""
    return f'{"inline" if kind in INLINE else "attachment"}; filename="{name[:16]}.{ending(kind)}"'


def _knows(request: Request, tag: str) -> bool:
    """Return whether the client has the file already."""
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    return bool(known & {tag, "*"})


def _range(request: Request, tag: str) -> str | None:
    """Return the `Range` header, where it is about the file as it is."""
    condition = request.headers.get("if-range")
    return request.headers.get("range") if condition is None or condition.strip() == tag else None
