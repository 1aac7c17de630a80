"""The door before the HTTP server: it reads a request's first bytes and answers Socket.IO's websocket requests itself.

Everything else is Sanic's, which gets the connection whole, with the bytes read so far. A websocket request that comes
later on a kept-alive connection (some proxies do that) is handed back to the door.
"""

import asyncio
import contextlib
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from functools import lru_cache
from time import monotonic
from typing import Any, cast
from urllib.parse import parse_qs

from sanic import Request
from sanic.exceptions import BadRequest, PayloadTooLarge, RequestCancelled
from sanic.http import Http, Stage
from sanic.http.http1 import HTTP_CONTINUE
from sanic.response import HTTPResponse
from sanic.server.protocols.http_protocol import HttpProtocol
from websockets.protocol import SERVER
from websockets.protocol import Protocol as WebsocketProtocol

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.limits import MOST_HEAD, STILL_SECONDS, STRANGER_BYTES
from consult.entry.access import Access
from consult.entry.limits import Account
from consult.wire import handshake, http_syntax
from consult.wire.carriers import CLOSE_TIMEOUT, Carriers
from consult.wire.file_outlet import FileOutlet
from consult.wire.handshake import Handshake, Refused
from consult.wire.polling import Polling, PollingSession
from consult.wire.request_turns import Measured, RequestTurns
from consult.wire.unfinished_bodies import UnfinishedBodies
from consult.wire.unread_answers import TakenAnswers, UnreadAnswers
from consult.wire.websocket import Websocket

MOST_LINE = 1024  # bytes of a line between chunks
MOST_TRAILERS = 8192  # bytes
CHUNKS = 64  # of a body, that are read in one turn of the loop
HEAD_TIMEOUT = 10.0  # seconds that a client has to send it
HEAD_TICK = 0.002  # seconds between two looks whether the network has taken an answer's head
HTTP_CLOSE_TRIES = 15  # at 20 ms each
MOST_REFUSED = 33_554_432  # bytes of a refused body, which may be a file, that are read away
REFUSED_TIMEOUT = 10.0  # seconds that a client has to send it

Run = Callable[[Callable[[int, int], int], int, int], Awaitable[int]]

_SOCKET_IO = b"GET /socket.io"
_PATH = re.compile(rb"GET /socket\.io/?[ ?]")
_UPGRADE = re.compile(rb"\r\nupgrade:(?:[^\r\n]*,)?[ \t]*websocket[ \t]*(?:,[^\r\n]*)?\r\n", re.IGNORECASE)

_log = logging.getLogger("websockets")


class Doors:
    """Makes a door for each connection that comes in."""

    def __init__(self, carriers: Carriers, polling: Polling, access: Access) -> None:
        self.carriers = carriers
        self.polling = polling
        self.access = access
        self.unread_answers = UnreadAnswers(carriers, access)
        self.unfinished_bodies = UnfinishedBodies(carriers)
        self.request_turns = RequestTurns(carriers.loop)
        self.last_descriptor = 0  # that a connection may have
        self.connections: set[HttpProtocol] = set()  # that are Sanic's

    def __call__(self, **sanic: Any) -> "Door":
        """Make the protocol of a connection, as `create_server` calls it, with what Sanic's own protocol wants to
        know."""
        return Door(self, {**sanic, "connections": self.connections})


class _Http(Http):
    """Sanic's reader of HTTP/1.1, held to the letter of RFC 9112."""

    HEADER_MAX_SIZE = 2 * MOST_HEAD  # of the spelling for Sanic, which may be longer; what comes is measured below

    async def http1_request_header(self) -> None:
        """Read a request's head, once it is well-formed. Fault when it is too large."""
        buffer = self.recv_buffer
        while (end := buffer.find(b"\r\n\r\n")) < 0 and len(buffer) <= MOST_HEAD:
            await self._receive_more()
        if not 0 <= end <= MOST_HEAD:
            raise Fault(faults.HEAD_TOO_LARGE)
        with self._bad_request():
            # An empty line before a request is left by old clients after a body.
            buffer[:end] = http_syntax.read_head(bytes(buffer[:end]).removeprefix(b"\r\n"))
        await super().http1_request_header()  # type: ignore[no-untyped-call]

    async def read(self) -> bytes | None:
        """Return more of the request's body, None at its end. Trailers are read away."""
        if self.request_body == "chunked" and self.request_bytes_left == 0:  # type: ignore[comparison-overlap]
            if self.expecting_continue:
                self.expecting_continue = False
                await self._send(HTTP_CONTINUE)
            with self._bad_request():
                if await self._line() != b"":
                    raise http_syntax.NotWellFormed("data beyond a chunk")
                size = http_syntax.read_chunk_size(await self._line())
                if size == 0:
                    await self._read_trailers()
                    self.request_body = None
                    return None
            self.request_bytes_left = size
            self.request_bytes = (self.request_bytes or 0) + size
            await cast(HttpBehindDoor, self.protocol).take_chunk()
        data = await super().read()
        connection = cast(HttpBehindDoor, self.protocol)
        if data and self.stage is Stage.HANDLER and not connection.takes_file:  # else it is read away, or to the disk
            connection.unfinished_bodies.add(connection, len(data))
        return data

    @contextlib.contextmanager
    def _bad_request(self) -> Iterator[None]:
        """Raise Sanic's BadRequest where a request is not well-formed. What follows it cannot be read."""
        try:
            yield
        except http_syntax.NotWellFormed as fault:
            self.keep_alive = False
            self.request_body = None
            raise BadRequest(f"Bad Request: {fault}") from None

    async def _read_trailers(self) -> None:
        read = 0
        while line := await self._line():
            http_syntax.check_trailer(line)
            read += len(line)
            if read > MOST_TRAILERS:
                raise http_syntax.NotWellFormed("trailers")

    async def _line(self) -> bytes:
        """Return the next line of a chunked body, without its end."""
        buffer = self.recv_buffer
        while (end := buffer.find(b"\r\n")) < 0:
            if len(buffer) > MOST_LINE:
                raise http_syntax.NotWellFormed("too long a line")
            await self._receive_more()
        line = bytes(buffer[:end])
        del buffer[: end + 2]
        return line

    def create_empty_request(self) -> None:
        """Used when the bytes were not a valid request. Sanic would put the URL into the
        response, and fail where that is the error."""
        self.url = ""
        super().create_empty_request()

    async def http1(self) -> None:
        await Measured(super().http1(), cast(HttpBehindDoor, self.protocol).spend)  # type: ignore[no-untyped-call]
        transport = self.protocol.transport
        if self.request_body and transport is not None and not transport.is_closing():
            # It was refused while it is still being sent. To close now would take the answer away from a client that
            # reads it afterwards, as browsers and nginx do.
            self.request_max_size = MOST_REFUSED
            with contextlib.suppress(TimeoutError, BadRequest, PayloadTooLarge):
                async with asyncio.timeout(REFUSED_TIMEOUT):
                    async for _ in self:
                        pass


class HttpBehindDoor(TakenAnswers):
    """Sanic's HTTP protocol, but for websocket requests that come on a kept-alive connection, and for the turns that
    its requests take."""

    HTTP_CLASS = _Http

    __slots__ = (
        *("_chunks", "_client", "_doors", "_sanic", "_stranger", "account", "request_turns", "takes_file"),
        "unfinished_bodies",
    )

    def __init__(self, doors: Doors, sanic: dict[str, Any]) -> None:
        super().__init__(doors.unread_answers, **sanic)
        self._http = None  # until Sanic's task has begun, which more bytes may come before
        self._doors = doors
        self._sanic = sanic
        self.request_turns = doors.request_turns
        self._chunks = 0  # of all bodies on the connection
        self._client = ""  # whose request was taken up last, a user or an address
        self.unfinished_bodies = doors.unfinished_bodies
        self._stranger: str | None = None  # the address that the connection is counted for, without a good token
        self.account: Account | None = None  # of whose request is being answered
        self.takes_file = False  # the body that comes is not held, but written to the disk
        self.request_handler = self._handle

    async def _handle(self, request: Request) -> None:
        """Handles a request."""
        try:
            await self.app.handle_request(request)
        finally:
            self.unfinished_bodies.done(self)
            self.takes_file = self.gives_file = False
        http = self._http
        if http is not None and http.request_body and http.stage is Stage.IDLE:
            http.request_max_size = min(http.request_max_size, self.request_max_size)
            # A body that the call does not take: Sanic would log an error for it.
            with contextlib.suppress(BadRequest, PayloadTooLarge):
                async for _ in http:
                    pass

    async def take_piece(self) -> None:
        """Return when the next piece of a file that the client sends or gets may be taken up: others had a turn."""
        self._time = monotonic()  # it goes on: the time for a whole request is for those that are held
        await self.request_turns.come(self._client, is_behind=True)

    async def give_piece(self, answer: HTTPResponse, data: bytes) -> None:
        """Send a piece of a long answer, and return when the next one may be made: the client has taken most of what
        it was sent, and others had a turn."""
        await answer.send(data)
        await self.take_piece()

    @property
    def has_tls(self) -> bool:
        """Whether what is sent has to be encrypted first."""
        return self.transport is None or self.transport.get_extra_info("sslcontext") is not None

    @property
    def tcp_socket(self) -> socket.socket:
        """The connection's socket, which is the transport's."""
        assert self.transport is not None
        found: socket.socket = self.transport.get_extra_info("socket")
        return found

    async def give_file(self, answer: HTTPResponse, outlet: FileOutlet, place: int, length: int, run: Run) -> None:
        """Send the head of an answer, and as its body a part of a file, no faster than the client takes it.
        TimeoutError where the client takes nothing for a while. `run` runs something on a thread."""
        http = cast(Http, self._http)
        await answer.send(b"", end_stream=False)
        await asyncio.sleep(0)  # in which it is written
        async with asyncio.timeout(STILL_SECONDS):
            while self.left:  # noqa: ASYNC110 - the transport tells of nothing below its own mark
                await asyncio.sleep(HEAD_TICK)
        while length:
            sent = await run(outlet.send, place, length)
            place, length = place + sent, length - sent
            if self.account is not None:
                self.account.reads += sent
            if not sent:
                await outlet.writable(STILL_SECONDS)
            self._time = monotonic()
        # As Sanic leaves it when it has sent the last of a body itself.
        http.response_bytes_left = 0
        http.response_func = None  # type: ignore[assignment]
        http.stage = Stage.IDLE

    async def take_chunk(self) -> None:
        """Count a chunk of a body. After many of them the client waits for its next turn."""
        self._chunks += 1
        if self._chunks % CHUNKS == 0:
            await self.request_turns.come(self._client, is_behind=True)

    async def turn(self, client: str) -> None:
        """Return when the request that has come may be taken up: the client has taken its last answer, and where others
        of the connection wait behind it, all other connections have had a turn."""
        self._client = client
        await self._can_write.wait()
        http = self._http
        body = 0 if http is None else http.request_bytes_left or 0
        await self.request_turns.come(client, is_behind=len(self.recv_buffer) > body)

    def spend(self, seconds: float) -> None:
        """Counts processor time that the connection's requests took."""
        self.request_turns.spend_for(self._client, seconds)

    async def send(self, data: bytes) -> None:
        """Counts what the user has read, as it goes out. A client that has gone is answered no more."""
        if self.transport is None:
            raise RequestCancelled
        if self.account is not None:
            self.account.reads += len(data)
        await super().send(data)  # type: ignore[no-untyped-call]

    def is_stranger_of(self, address: str) -> None:
        """Counts the connection for an address, from its first request without a good token on."""
        if self._stranger is None:
            self._stranger = address
            self._doors.carriers.gateway.limits.stranger_came(address, self, self._cut)

    def is_no_stranger(self) -> None:
        """The connection has shown a good token, or is gone."""
        if self._stranger is not None:
            self._doors.carriers.gateway.limits.stranger_left(self._stranger, self)
            self._stranger = None

    def _cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_no_stranger()
        super().connection_lost(exc)  # type: ignore[no-untyped-call]

    def data_received(self, data: bytes) -> None:
        http, began = self._http, self._time
        # The rest of a body that was refused, too: whatever it looks like it is no request.
        goes_on = http is not None and (http.stage is not Stage.IDLE or http.request_body)
        if http is not None and not goes_on and not self.recv_buffer and _is_for_door(data):
            transport, task = self.transport, self._task
            assert transport is not None
            assert task is not None
            self.forget_answer()
            # Without a transport Sanic's task ends in silence and leaves the connection alone.
            self.transport = None
            self.connections.discard(self)
            task.cancel()
            self.is_no_stranger()
            door = self._doors(**self._sanic)
            transport.set_protocol(door)
            door.connection_made(transport)
            door.data_received(data)
        else:
            super().data_received(data)
            if goes_on:
                self._time = began  # what comes byte by byte has no more time than what comes whole

    def check_timeouts(self) -> None:
        """Sanic's own, again and again, until it gives up on a request; what still comes of that is not waited for."""
        looking = self._callback_check_timeouts
        super().check_timeouts()  # type: ignore[no-untyped-call]
        if self._callback_check_timeouts is looking and self.transport is not None:
            self.loop.call_later(CLOSE_TIMEOUT, self.transport.abort)


def close_idle(connections: Collection[HttpProtocol]) -> None:
    """Ends those of Sanic's connections that wait for a request."""
    for connection in list(connections):
        connection.close_if_idle()


async def close_http(connections: Collection[HttpProtocol]) -> None:
    """Ends Sanic's connections: those that wait for a request at once, the others when they have had their answer, or
    by force."""
    for _ in range(HTTP_CLOSE_TRIES):
        close_idle(connections)
        if not connections:
            return
        await asyncio.sleep(0.02)
    for connection in list(connections):
        if connection._http is not None and connection._http.request is None and connection.transport is not None:
            connection.transport.abort()  # it is in the middle of a head; Sanic would tell of its request, without one
            continue
        connection.abort()
        if connection._task is not None:
            connection._task.cancel()


class Door(asyncio.Protocol):
    """Stands before a new connection until its first request's head is read."""

    __slots__ = ("_deadline", "_doors", "_head", "_sanic", "_transport")

    def __init__(self, doors: Doors, sanic: dict[str, Any]) -> None:
        self._doors = doors
        self._sanic = sanic
        self._head = b""
        self._deadline = doors.carriers.loop.time() + HEAD_TIMEOUT

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._doors.carriers.doors.add(self)
        # They are given out from the lowest on, so this tells how many are taken.
        if transport.get_extra_info("socket").fileno() > self._doors.last_descriptor:
            self._doors.carriers.cuts["no descriptor left"] += 1
            self.abort()

    def data_received(self, data: bytes) -> None:
        self._head += data
        if not http_syntax.may_begin_request(self._head):
            self._transport.write(handshake.refusal(Refused(400, "This port speaks HTTP without TLS")))
            self._transport.close()
        elif not _is_for_door(self._head):
            self._hand_to_http()
        elif b"\r\n\r\n" in self._head:
            self._answer()
        elif len(self._head) > MOST_HEAD:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._doors.carriers.doors.discard(self)

    def beat(self, now: float) -> None:
        """Once a second: a client that does not get to the end of its request's head is shown out."""
        if now > self._deadline:
            self.abort()

    def abort(self) -> None:
        self._transport.abort()

    def _hand_to_http(self) -> None:
        self._doors.carriers.doors.discard(self)
        http = HttpBehindDoor(self._doors, self._sanic)
        self._transport.set_protocol(http)
        http.connection_made(self._transport)  # type: ignore[no-untyped-call]
        # Not through its check for the door: that would come straight back.
        HttpProtocol.data_received(http, self._head)

    def _answer(self) -> None:
        """Answers a websocket request, whatever comes of it."""
        head, rest = self._head.split(b"\r\n\r\n", 1)
        try:
            request = handshake.read(head)
            address, session = self._admit(request)
            accepted = handshake.accepted(request)
        except Refused as refused:
            self._transport.write(handshake.refusal(refused, self._doors.access.tls))
            self._transport.close()
            return
        self._doors.carriers.doors.discard(self)
        # A session that moves here may have entered already.
        most = STRANGER_BYTES if session is None else session.most_bytes
        protocol = WebsocketProtocol(SERVER, max_size=most, logger=_log)
        websocket = Websocket(self._doors.carriers, self._transport, protocol, address, session)
        self._transport.set_protocol(websocket)
        websocket.start(accepted, rest)

    def _admit(self, request: Handshake) -> tuple[str, PollingSession | None]:
        """The client's address, and the long-polling session that it wants to upgrade, None where it begins here; or
        Refused."""
        access, (peer, *_) = self._doors.access, self._transport.get_extra_info("peername") or ("",)
        refusal = access.refusal(peer, request, "websocket")
        if refusal is not None:
            raise Refused(refusal.status, refusal.message)
        query = _parsed(request.query)
        if query.get("transport") != ["websocket"]:
            raise Refused(400, "Transport unknown")
        if query.get("EIO") != ["4"]:
            self._doors.carriers.refused_version(access.address(peer, request), query.get("EIO", [None])[0])
            raise Refused(400, "Unsupported protocol version")
        address = access.address(peer, request)
        if "sid" not in query:
            if not self._doors.carriers.gateway.limits.admits_connection(address):
                raise Refused(429, "Too many connections from this address")
            return address, None
        session = self._doors.polling.session(query["sid"][0])
        if session is None:
            raise Refused(400, "Session ID unknown")
        return address, session


@lru_cache(maxsize=16)
def _parsed(query: str) -> Mapping[str, list[str]]:
    """Return the values by their names. Clients that begin by websocket all ask the same."""
    return parse_qs(query)


def _is_for_door(head: bytes) -> bool:
    """Return whether this is a websocket request for Socket.IO, or may become one with the bytes that follow."""
    if b"\r\n\r\n" in head:
        return _PATH.match(head) is not None and _UPGRADE.search(head) is not None
    return head.startswith(_SOCKET_IO[: len(head)])
