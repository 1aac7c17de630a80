"""Long-polling: sessions, payloads and heartbeats are python-socketio's own engine, the packets within the gateway's.

A session that the client upgrades moves to its websocket in one step: what waited for the next poll goes first.
"""

import asyncio
import logging
from typing import Any, cast

import engineio
import engineio.packet
import engineio.payload
from sanic import Request, Sanic, response
from sanic.response import HTTPResponse

from consult.access import Access
from consult.connection import Carrier, Connection
from consult.contract.fields import MAX_BYTES
from consult.json_text import dumps
from consult.wire import payload
from consult.wire.carriers import HANDSHAKE_TIMEOUT, PING_INTERVAL, PING_TIMEOUT, Carriers
from consult.wire.packets import Frame, Malformed

log = logging.getLogger("careline.wire")

# Whatever the level: the engine would log every packet with its content.
_engine_log = logging.getLogger("engineio")
_engine_log.setLevel(logging.WARNING)
# What a client does wrong over HTTP it is told over HTTP.
_engine_log.addFilter(lambda record: "further occurrences" not in str(record.msg))

FEW_BYTES = 65_536  # that may wait for the next poll while a catch-up goes on

# A front end that comes back from a dead network sends all that it kept in one payload; its bytes are bounded.
engineio.payload.Payload.max_decode_packets = MAX_BYTES


class _Json:
    """For the engine's own packets. What an Engine.IO message holds stays text: the gateway reads it."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return dumps(value).decode()

    @staticmethod
    def loads(text: str) -> Any:
        raise ValueError(text)


class PollingSession:
    """Carries a connection over long-polling."""

    name = "polling"

    def __init__(self, polling: "Polling", socket: Any, address: str) -> None:
        self.sid: str = socket.sid
        self.connection: Connection | None = Connection(self.sid, address, self)  # until the end of both
        self.going_on = asyncio.Event()  # cleared while reading pauses
        self.going_on.set()
        self.closed = False
        self.posts = 0  # that are being read
        self.most_bytes = polling.carriers.stranger_bytes  # of a payload
        self._polling = polling
        self._socket = socket
        self.waiting = 0  # bytes, for the next poll
        self.polls = 0  # that wait for an answer
        self._polled = asyncio.Event()
        self._polled_at = polling.carriers.loop.time()
        polling.carriers.gateway.limits.enter(address)
        polling.carriers.arrived(self.connection)

    def send(self, frame: Frame) -> None:
        if self.closed:
            return
        self._polled.clear()
        self.waiting += len(frame.packet)
        self._put(engineio.packet.MESSAGE, frame.packet[1:].decode())
        if self.waiting > self._polling.carriers.outbox_bytes:
            self._polling.end_soon(self, "ping timeout" if self._is_silent else "outbox full")

    def entered(self) -> None:
        self.most_bytes = MAX_BYTES

    def close(self, reason: str | None = None) -> None:
        self._polling.end_soon(self, reason)

    def cut(self, reason: str) -> None:
        self._polling.end_soon(self, reason)

    def ask(self) -> None:
        """The answer to a poll asks by itself: the next poll answers."""

    def came_again(self) -> None:
        """A poll has come: the client has read the answers to those before."""
        if self.connection is not None:
            self._polling.carriers.gateway.read_by(self.connection)

    async def drained(self) -> None:
        while self.waiting > FEW_BYTES and not self.closed:
            await self._polled.wait()

    def polled(self) -> None:
        """A poll has taken what waited, or there will be none any more."""
        self.waiting = 0
        connection = self.connection
        # While a probe stands a poll takes nothing.
        if connection is not None and connection.carrier is self and self._socket.queue.empty():
            connection.asked()
        self._polled.set()
        self._polled_at = self._polling.carriers.loop.time()

    def pause(self) -> None:
        self.going_on.clear()

    def resume(self) -> None:
        self.going_on.set()

    def release_poll(self) -> None:
        """Answers the poll that waits."""
        self._put(engineio.packet.NOOP, None)

    def probing(self, standing: bool) -> None:
        """While a probe stands every poll is answered at once, with nothing: the client moves over only when it has
        none waiting. A probe that is dropped must not leave it so."""
        self._socket.upgrading = standing
        if standing:
            self.release_poll()

    def moved_to(self, carrier: Carrier) -> Connection:
        """The client has upgraded: the carrier gets what waited here, and then all that comes."""
        connection, queue = cast(Connection, self.connection), self._socket.queue
        while not queue.empty():
            packet = queue.get_nowait()
            if packet is not None and packet.packet_type in (engineio.packet.MESSAGE, engineio.packet.PING):
                carrier.send(Frame(packet.encode().encode()))
        connection.carried_by(carrier)
        if connection.connected:
            carrier.entered()
        if connection.paused:
            carrier.pause()
        self.resume()
        self.release_poll()
        self.closed = True
        self.polled()
        self._polling.forget(self)
        # The engine must neither ping the session nor report its end: it goes on, elsewhere.
        self._socket.upgraded = self._socket.closed = True
        return connection

    @property
    def _is_silent(self) -> bool:
        """Whether it has not polled for as long as it has for the answer to a ping: nobody is there who could read."""
        return not self.polls and self._polling.carriers.loop.time() - self._polled_at > PING_TIMEOUT

    def _put(self, kind: int, text: str | None) -> None:
        self._socket.queue.put_nowait(engineio.packet.Packet(kind, text))


class Polling:
    def __init__(self, carriers: Carriers, access: Access) -> None:
        self.carriers = carriers
        self._access = access
        self._sessions: dict[str, PollingSession] = {}
        self._posting: dict[str, PollingSession] = {}  # of which a POST is being read, also after they have moved
        self._ending: set[asyncio.Task[None]] = set()
        self._engine = engineio.AsyncServer(
            async_mode="sanic",
            cors_allowed_origins=[],  # access.py has seen to it before
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            max_http_buffer_size=MAX_BYTES,
            async_handlers=False,  # a client's packets are taken in one after the other
            logger=_engine_log,
            transports=["polling"],  # websockets never come this way
            json=_Json,
        )
        self._engine.on("connect", self._connected)
        self._engine.on("message", self._received)
        self._engine.on("disconnect", self._disconnected)

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def unread(self) -> int:
        """Bytes that wait for a poll."""
        return sum(session.waiting for session in self._sessions.values())

    def session(self, sid: str) -> PollingSession | None:
        """The session that a websocket may take over."""
        return self._sessions.get(sid)

    def add_route(self, app: Sanic[Any, Any]) -> None:
        # Streamed: the body is read by `_handle`, so that one that is too large ends its session.
        @app.route("/socket.io/", methods=["GET", "POST", "OPTIONS"], stream=True)
        async def poll(request: Request) -> HTTPResponse:
            return await self._handle(request)

    async def _handle(self, request: Request) -> HTTPResponse:
        session = self._sessions.get(request.args.get("sid", ""))
        if session is None:
            if "sid" in request.args:
                return _unknown()
            if not self.carriers.gateway.limits.admits_connection(self._address(request)):
                return response.json({"code": 3, "message": "Too many connections from this address"}, 429)
            return cast(HTTPResponse, await self._engine.handle_request(request))
        if request.method == "POST":
            return await self._post(session, request)
        session.came_again()
        session.polls += 1
        try:
            answer: HTTPResponse = await self._engine.handle_request(request)
        finally:
            session.polls -= 1
        session.polled()
        return answer

    async def _post(self, session: PollingSession, request: Request) -> HTTPResponse:
        """Takes in a payload of the session."""
        request.body = await payload.read(request, session.most_bytes)
        fault = payload.fault_of(request.body, session.most_bytes)
        if fault is not None:
            self.end_soon(session, fault)
            return response.json({"code": 3, "message": "Bad request"}, 400)
        if session.closed:  # while its body came
            return _unknown()
        # A chunked request has no length of its own, and the engine would read nothing.
        request.headers["content-length"] = str(len(request.body))
        self._posting[session.sid] = session
        session.posts += 1
        try:
            answer: HTTPResponse = await self._engine.handle_request(request)
        finally:
            session.posts -= 1
            if not session.posts:
                del self._posting[session.sid]
        return answer

    async def close(self) -> None:
        """Ends every session; polls that wait are answered."""
        for session in list(self._sessions.values()):
            session.close()
        while self._ending:
            await asyncio.wait(self._ending)
        await self._engine.shutdown()

    def end_soon(self, session: PollingSession, reason: str | None) -> None:
        """Ends a session from the loop, not from within the caller's step."""
        if session.closed:
            return
        session.closed = True
        if reason is not None:
            self.carriers.ended(session.sid, reason)
        task = asyncio.create_task(self._end(session))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def forget(self, session: PollingSession) -> None:
        """The session has moved to a websocket."""
        self.carriers.left(session)
        del self._sessions[session.sid]
        del self._engine.sockets[session.sid]

    async def _end(self, session: PollingSession) -> None:
        socket = self._engine.sockets.get(session.sid)
        if socket is not None:
            await socket.close(wait=False)  # a poll that waits is answered; `_disconnected` does the rest

    def _connected(self, sid: str, environ: dict[str, Any]) -> None:
        self._sessions[sid] = PollingSession(self, self._engine.sockets[sid], self._address(environ["sanic.request"]))
        self.carriers.loop.call_later(HANDSHAKE_TIMEOUT, self._expect_connect, sid)

    def _address(self, request: Request) -> str:
        return self._access.address(request.ip, request.headers)

    def _expect_connect(self, sid: str) -> None:
        session = self._sessions.get(sid)
        if session is not None and session.connection is not None and not session.connection.connected:
            self.end_soon(session, "no CONNECT in time")

    async def _received(self, sid: str, message: str) -> None:
        session, connection = self._posting[sid], self._posting[sid].connection
        if connection is None or (session.closed and connection.carrier is session):
            return
        try:
            self.carriers.gateway.received(connection, message.encode())
        except Malformed as fault:
            connection.carrier.cut(str(fault))
        except Exception:
            log.exception("a long-polling session failed")
            connection.carrier.cut("internal error")
        # While too much is unanswered the request waits, and with it the client.
        await session.going_on.wait()

    def _disconnected(self, sid: str, reason: str) -> None:
        session = self._sessions.pop(sid, None)
        if session is not None:
            connection = cast(Connection, session.connection)
            session.connection = None  # else they would hold each other
            self.carriers.left(session)
            session.closed = True
            session.resume()
            session.polled()
            if reason == self._engine.reason.PING_TIMEOUT:
                self.carriers.ended(sid, "ping timeout")
            if reason == self._engine.reason.CLIENT_DISCONNECT:
                session.release_poll()  # the client has said goodbye, and may still have a poll waiting
            self.carriers.gateway.ended(connection)
            self.carriers.gateway.limits.leave(connection.address)


def _unknown() -> HTTPResponse:
    return response.json({"code": 1, "message": "Session ID unknown"}, 400)
