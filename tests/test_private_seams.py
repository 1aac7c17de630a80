"""Every private or fragile thing of the libraries that Careline relies on, by name: does it still behave as relied on?

A pin in requirements.txt may be raised when these tests pass with the newer version; where one fails, it names the code
that has to change.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import socket
import sqlite3
import ssl
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import aiosqlite
import peewee
import pytest
import schedule
import socketio.packet
import uvloop
from playhouse.migrations import Runner
from playhouse.pwasyncio import AsyncSqliteDatabase
from sanic import Request, Sanic
from sanic.exceptions import SanicException
from sanic.http import Http, Stage
from sanic.response import HTTPResponse, text
from sanic.server.protocols.http_protocol import HttpProtocol
from websockets.frames import CloseCode, Opcode
from websockets.frames import Frame as WebsocketFrame
from websockets.protocol import CLOSING, OPEN, SERVER
from websockets.protocol import Protocol as WebsocketProtocol

from tests.certificates import pair
from tests.server import LIMIT
from tests.wire.raw import CLOSE, CONTINUATION, PING, TEXT, frame, head
from tests.wire.tls_socket import TlsSocket


async def comes(look: Callable[[], object]) -> None:
    """What is looked for comes about; the libraries tell nobody when."""
    async with asyncio.timeout(LIMIT):
        while not look():  # noqa: ASYNC110
            await asyncio.sleep(0)


class TestPeewee:
    """store/transaction.py and store/messages.py: queries are compiled without a database and run on any connection."""

    class Thing(peewee.Model):
        id = peewee.AutoField()
        name = peewee.TextField(null=True)
        big = peewee.BooleanField()

    def test_sql_of_an_unbound_model_is_sqlites(self) -> None:
        connection = sqlite3.connect(":memory:")
        connection.execute('CREATE TABLE thing ("id" INTEGER PRIMARY KEY, "name" TEXT, "big" INTEGER)')
        thing = self.Thing
        statement, given = thing.insert({thing.id: 0, thing.name: None, thing.big: True}).sql()
        assert (statement, given) == ('INSERT INTO "thing" ("id", "name", "big") VALUES (?, ?, ?)', [0, None, True])
        connection.executemany(statement, [(1, "a", True), (2, None, False)])
        query = thing.select(thing.id).where(thing.big, thing.id.in_([1, 2])).order_by(thing.id.desc()).limit(5)
        assert connection.execute(*query.sql()).fetchall() == [(1,)]
        update = thing.update(name="b").where(thing.id == 2)
        assert connection.execute(*update.sql()).rowcount == 1
        assert connection.execute(*thing.insert(name="c", big=False).sql()).lastrowid == 3
        assert connection.execute(*thing.delete().where(thing.name.is_null()).sql()).rowcount == 0
        assert connection.execute(*thing.select(thing.id).where(thing.id.in_([])).sql()).fetchall() == []
        connection.close()

    @pytest.fixture
    async def readers(self, tmp_path: Path) -> AsyncIterator[AsyncSqliteDatabase]:
        connection = sqlite3.connect(tmp_path / "a.db")
        connection.execute('CREATE TABLE thing ("id" INTEGER PRIMARY KEY, "name" TEXT, "big" INTEGER)')
        connection.execute("INSERT INTO thing (name, big) VALUES ('a', 1)")
        connection.commit()
        connection.close()
        readers = AsyncSqliteDatabase(str(tmp_path / "a.db"), pragmas={"query_only": 1}, pool_size=2)
        yield readers
        await readers.close_pool()

    async def test_a_bound_copy_of_a_query_reads_through_the_pool(self, readers: AsyncSqliteDatabase) -> None:
        query = self.Thing.select()
        for _ in range(5):
            async with readers:
                assert await readers.list(query.dicts().bind(readers)) == [{"id": 1, "name": "a", "big": True}]
                async with readers.atomic():
                    assert len(await readers.list(query.dicts().bind(readers))) == 1
        with pytest.raises(peewee.OperationalError, match="readonly"):
            async with readers:
                await readers.list(self.Thing.delete().returning(self.Thing.id).bind(readers))

    async def test_a_function_runs_on_the_thread_of_a_connection_of_the_pool(
        self, readers: AsyncSqliteDatabase
    ) -> None:
        """store/reading.py: a page is read row by row, up to its bound in bytes, and in one hop: aiosqlite's own
        functions would need a hop for each row."""
        async with readers:
            connection = (await readers.aconnect()).conn
            assert isinstance(connection, aiosqlite.Connection)
            thread, cursor = await connection._execute(
                lambda given, query: (threading.get_ident(), given.execute(query)),
                connection._conn,
                "SELECT name FROM thing",
            )
            assert await connection._execute(cursor.fetchall) == [("a",)]
            assert await connection._execute(threading.get_ident) == thread != threading.get_ident()
            with pytest.raises(sqlite3.OperationalError, match="nowhere"):
                await connection._execute(connection._conn.execute, "SELECT * FROM nowhere")

    async def test_more_readers_than_the_pool_has_wait_for_each_other(self, readers: AsyncSqliteDatabase) -> None:
        async def read() -> int:
            async with readers:
                return len(await readers.list(self.Thing.select().dicts().bind(readers)))

        assert await asyncio.wait_for(asyncio.gather(*(read() for _ in range(20))), LIMIT) == [1] * 20

    def test_the_runner_tells_applied_pending_and_unknown_migrations_apart(self, tmp_path: Path) -> None:
        folder = tmp_path / "migrations"
        folder.mkdir()
        for name, table in (("0001_a", "a"), ("0002_b", "b")):
            (folder / f"{name}.py").write_text(
                f"def up(migrator, db):\n    db.execute_sql('CREATE TABLE {table} (id INTEGER)')\n"
            )
        database = peewee.SqliteDatabase(str(tmp_path / "a.db"))
        runner = Runner(database, str(folder), "history")
        assert [(one.name, one.path is None, bool(one.applied)) for one in runner.status()] == [
            *(("0001_a", False, False), ("0002_b", False, False)),
        ]
        assert database.get_tables() == [], "looking makes no table"
        assert runner.up() == ["0001_a", "0002_b"]
        assert runner.up() == []
        (folder / "0002_b.py").unlink()
        assert [(one.name, one.path is None, bool(one.applied)) for one in runner.status()] == [
            *(("0001_a", False, True), ("0002_b", True, True)),
        ]
        (folder / "0003_c.py").write_text(
            "def up(migrator, db):\n    db.execute_sql('CREATE TABLE c (id INTEGER)')\n    raise RuntimeError\n"
        )
        with pytest.raises(RuntimeError):
            runner.up()
        assert sorted(database.get_tables()) == ["a", "b", "history"], "each runs in a transaction"
        database.close()


class TestSocketio:
    """consult/packets.py: every packet that is no plain event is read by this codec."""

    @pytest.mark.parametrize(
        ("packet", "kind", "namespace", "ack_id", "data", "attachments"),
        [
            ("0", 0, None, None, None, 0),
            ('0/admin,{"a":1}', 0, "/admin", None, {"a": 1}, 0),
            ("1", 1, None, None, None, 0),
            ('2/,12["a"]', 2, "/", 12, ["a"], 0),
            ("312[]", 3, None, 12, [], 0),
            ('51-["a"]', 5, None, None, ["a"], 1),
        ],
    )
    def test_its_fields(
        self, packet: str, kind: int, namespace: str | None, ack_id: int | None, data: Any, attachments: int
    ) -> None:
        read = socketio.packet.Packet(encoded_packet=packet)
        assert (read.packet_type, read.namespace, read.id, read.data) == (kind, namespace, ack_id, data)
        assert read.attachment_count == attachments

    def test_it_reads_json_by_the_classes_json(self) -> None:
        class Json:
            @staticmethod
            def loads(given: str) -> str:
                return f"read {given}"

        class Codec(socketio.packet.Packet):  # type: ignore[misc] # it carries no types
            json = Json

        assert Codec(encoded_packet='2["a"]').data == 'read ["a"]'

    @pytest.mark.parametrize("packet", ["x", "2{", "-", '2["a"', "21x"])
    def test_what_is_none_raises(self, packet: str) -> None:
        with pytest.raises((ValueError, IndexError)):
            socketio.packet.Packet(encoded_packet=packet)


def connected() -> WebsocketProtocol:
    """A server's side of a websocket, after its handshake."""
    protocol = WebsocketProtocol(SERVER, max_size=1000, logger=logging.getLogger("careline.tests"))
    assert protocol.state is OPEN
    assert protocol.writes == []
    return protocol


def taken(protocol: WebsocketProtocol, data: bytes) -> list[WebsocketFrame]:
    protocol.receive_data(data)
    return cast(list[WebsocketFrame], protocol.events_received())


class TestWebsockets:
    """consult/wire/door.py and websocket.py: the library's sans-I/O protocol, fed and emptied by the driver."""

    def test_it_holds_itself_until_its_parser_is_closed(self) -> None:
        protocol = connected()
        taken(protocol, frame(TEXT, b"a")[:2])
        gone = weakref.ref(protocol)
        protocol.parser.close()
        del protocol
        assert gone() is None

    def test_frames_come_as_they_are_with_fragments_apart(self) -> None:
        protocol = connected()
        frames = taken(protocol, frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(CONTINUATION, b"\xff"))
        assert [(one.opcode, bytes(one.data), one.fin) for one in frames] == [
            *((Opcode.TEXT, b"a", False), (Opcode.PING, b"p", True), (Opcode.CONT, b"\xff", True)),
        ], "text is not looked at"
        assert protocol.data_to_send() == [b"\x8a\x01p"], "pings are answered by the library"
        assert protocol.state is OPEN
        assert protocol.parser_exc is None

    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            (frame(TEXT, b"a", masked=False), CloseCode.PROTOCOL_ERROR),
            (frame(3), CloseCode.PROTOCOL_ERROR),
            (head(TEXT, 1001), CloseCode.MESSAGE_TOO_BIG),
            (frame(TEXT, b"a" * 999, fin=False) + head(CONTINUATION, 2), CloseCode.MESSAGE_TOO_BIG),
        ],
    )
    def test_a_broken_frame_is_kept_in_parser_exc_and_told(self, sent: bytes, code: CloseCode) -> None:
        protocol = connected()
        frames = taken(protocol, frame(TEXT, b"before") + sent)
        assert bytes(frames[0].data) == b"before"
        assert protocol.parser_exc is not None
        assert protocol.state is CLOSING
        assert protocol.eof_sent
        close, end = protocol.data_to_send()
        assert close[2:4] == int(code).to_bytes(2)
        assert end == b""
        protocol.receive_data(frame(TEXT, b"after"))
        assert protocol.events_received() == []

    def test_the_bound_can_be_raised_later(self) -> None:
        """For who has shown a token."""
        protocol = connected()
        protocol.max_message_size = 2000
        assert len(taken(protocol, frame(TEXT, b"a" * 2000))) == 1
        assert taken(protocol, head(TEXT, 2001)) == []
        assert protocol.parser_exc is not None

    def test_fail_closes_once(self) -> None:
        protocol = connected()
        protocol.fail(CloseCode.INVALID_DATA, "text that is not UTF-8")
        assert protocol.state is CLOSING
        assert protocol.eof_sent
        assert protocol.parser_exc is None
        close, end = protocol.data_to_send()
        assert close[2:4] == b"\x03\xef"
        assert end == b""

    @pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe8bye"])
    def test_a_clients_close_is_echoed_and_ends(self, payload: bytes) -> None:
        protocol = connected()
        taken(protocol, frame(CLOSE, payload) + frame(TEXT, b"after"))
        assert protocol.state is CLOSING
        assert protocol.eof_sent
        assert protocol.data_to_send() == [bytes([0x88, len(payload)]) + payload, b""]

    def test_a_close_within_a_message_is_taken_for_a_fault_unless_its_size_is_forgotten(self) -> None:
        """RFC 6455 allows it; the driver sets `current_size` before it hands the close frame over."""
        protocol = connected()
        taken(protocol, frame(TEXT, b"a", fin=False))
        assert protocol.current_size == 1
        protocol.current_size = None
        taken(protocol, frame(CLOSE, b"\x03\xe8"))
        assert protocol.parser_exc is None
        assert protocol.data_to_send() == [b"\x88\x02\x03\xe8", b""]
        untouched = connected()
        taken(untouched, frame(TEXT, b"a", fin=False) + frame(CLOSE, b"\x03\xe8"))
        assert untouched.parser_exc is not None, "the library has learned it"

    def test_a_servers_close_waits_for_the_echo(self) -> None:
        protocol = connected()
        protocol.send_close(CloseCode.GOING_AWAY)
        assert protocol.state is CLOSING
        assert not protocol.eof_sent
        assert protocol.data_to_send() == [b"\x88\x02\x03\xe9"]
        taken(protocol, frame(CLOSE, b"\x03\xe9"))
        assert protocol.eof_sent


class TestSanic:
    """consult/wire/door.py and main.py: connections come through our own door, and are handed on to Sanic whole."""

    @pytest.fixture
    async def app(self) -> AsyncIterator[Sanic[Any, Any]]:
        app: Sanic[Any, Any] = Sanic("seams", configure_logging=False)
        app.config.update({"ACCESS_LOG": False, "MOTD": False, "TOUCHUP": False})

        @app.get("/")
        async def hello(_: Request) -> HTTPResponse:
            return text("hello")

        @app.post("/streamed", stream=True)
        async def streamed(request: Request) -> HTTPResponse:
            assert request.stream is not None
            body = b"".join([chunk async for chunk in request.stream])  # type: ignore[attr-defined] # typed otherwise
            return text(str(len(body)))

        @app.get("/elsewhere")
        async def elsewhere(request: Request) -> None:
            answer = await request.respond(HTTPResponse(headers={"content-length": "5"}))
            http = cast(Http, request.stream)
            assert answer is not None
            await answer.send(b"", end_stream=False)
            assert (http.stage, http.response_bytes_left) == (Stage.RESPONSE, 5)
            assert http.protocol.transport is not None
            http.protocol.transport.write(b"hello")
            http.response_bytes_left = 0
            http.response_func = None  # type: ignore[assignment]
            http.stage = Stage.IDLE

        @app.post("/whole")
        async def whole(request: Request) -> HTTPResponse:
            return text(str(len(request.body)))

        @app.post("/refused")
        async def refused(_: Request) -> HTTPResponse:
            raise AssertionError("its body never came")

        @app.signal("http.routing.after")
        async def refuse(request: Request, **_: Any) -> None:
            assert request.route is not None
            if request.route.uri == "/refused":
                http = cast(Http, request.stream)
                http.keep_alive = False
                http.request_body = None
                raise SanicException("refused", 418)

        yield app
        Sanic._app_registry.pop("seams", None)

    @pytest.fixture
    async def made(self, app: Sanic[Any, Any]) -> AsyncIterator[tuple[list[HttpProtocol], Any, int]]:
        """What a factory in the protocol's place was asked for, the server, and its port."""
        made: list[HttpProtocol] = []

        def protocol(**given: Any) -> HttpProtocol:
            assert {"loop", "app", "signal", "connections"} <= given.keys()
            made.append(HttpProtocol(**given))
            return made[-1]

        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        server = await app.create_server(sock=listening, protocol=protocol, backlog=10)  # type: ignore[arg-type]
        assert server is not None
        await server.startup()
        await server.before_start()
        yield made, server, listening.getsockname()[1]
        server.close()
        for connection in list(server.connections):
            connection.abort()
        await server.after_stop()
        listening.close()

    async def ask(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await asyncio.wait_for(reader.readuntil(b"hello"), LIMIT)
        assert answer.startswith(b"HTTP/1.1 200")
        return reader, writer

    async def test_time_is_counted_from_what_came_last_and_can_be_set_back(
        self, made: tuple[list[HttpProtocol], Any, int]
    ) -> None:
        """So what comes byte by byte can be given no more time than what comes whole."""
        protocols, _, port = made
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /")
        await comes(lambda: protocols and protocols[0]._http is not None and protocols[0]._http.stage is Stage.REQUEST)
        protocol = protocols[0]
        protocol._time = -1000.0
        protocol.data_received(b" ")
        assert protocol._time > 0, "any byte counts"
        looking = protocol._callback_check_timeouts
        protocol.check_timeouts()
        assert protocol._callback_check_timeouts is not looking, "it will look again"
        protocol._time = -1000.0
        looking = protocol._callback_check_timeouts
        protocol.check_timeouts()
        assert protocol._callback_check_timeouts is looking, "it has given up"
        await comes(lambda: protocol._task is None)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def test_one_that_is_lost_is_told_that_it_may_write(self, made: tuple[list[HttpProtocol], Any, int]) -> None:
        """consult/wire/unread_answers.py: what was paused is always resumed, or lost and resumed."""
        protocols, _, port = made
        _, writer = await self.ask(port)
        protocols[0].pause_writing()
        assert not protocols[0]._can_write.is_set()
        writer.close()
        await comes(lambda: protocols[0]._can_write.is_set())

    async def test_a_body_need_not_be_read_to_its_end(self, made: tuple[list[HttpProtocol], Any, int]) -> None:
        """consult/http/entry.py: a signal comes before the body, and the answer to a stranger ends the connection."""
        _, _, port = made
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), LIMIT)
        assert answer.startswith(b"HTTP/1.1 418")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def test_a_body_that_is_too_long_can_be_read_on(
        self, app: Sanic[Any, Any], made: tuple[list[HttpProtocol], Any, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So that whoever sends all of it before reading finds the answer."""
        http1, rest = Http.http1, bytearray()

        async def reading_on(self: Http) -> None:
            await http1(self)  # type: ignore[no-untyped-call]
            assert self.request_body
            self.request_max_size = 3_000
            async for data in self:
                rest.extend(data)

        monkeypatch.setattr(Http, "http1", reading_on)
        app.config.REQUEST_MAX_SIZE = 1_000
        _, _, port = made
        for chunked in False, True:
            rest.clear()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = b"POST /whole HTTP/1.1\r\nHost: x\r\n"
            if chunked:
                head += b"Transfer-Encoding: chunked\r\n\r\n"
                pieces = [b"400\r\n" + b"x" * 1_024 + b"\r\n"] * 2 + [b"0\r\n\r\n"]
            else:
                head += b"Content-Length: 2048\r\n\r\n"
                pieces = [b"x" * 1_024] * 2
            writer.write(head)
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            answer = await asyncio.wait_for(reader.read(), LIMIT)
            assert answer.startswith(b"HTTP/1.1 413")
            assert rest == b"x" * 2_048
            writer.close()
            await writer.wait_closed()

    async def idle(self, protocol: HttpProtocol) -> None:
        await comes(lambda: protocol._http.stage is Stage.IDLE)

    async def test_any_callable_makes_the_protocols(self, made: tuple[list[HttpProtocol], Any, int]) -> None:
        protocols, server, port = made
        _, writer = await self.ask(port)
        assert set(protocols) == set(server.connections)
        writer.close()
        await comes(lambda: not server.connections)

    async def test_a_connection_between_requests_is_idle_and_its_buffer_empty(
        self, made: tuple[list[HttpProtocol], Any, int]
    ) -> None:
        protocols, _, port = made
        _, writer = await self.ask(port)
        await self.idle(protocols[0])
        assert isinstance(protocols[0]._http, Http)
        assert not protocols[0]._http, "whether it is true tells whether a request is under way"
        assert not protocols[0].recv_buffer
        assert isinstance(protocols[0]._task, asyncio.Task)
        writer.close()

    async def test_a_cancelled_task_without_a_transport_leaves_the_connection_alone(
        self, made: tuple[list[HttpProtocol], Any, int]
    ) -> None:
        """So a websocket request on a kept-alive connection can be handed back to the door."""
        protocols, server, port = made
        reader, writer = await self.ask(port)
        await self.idle(protocols[0])
        transport, task = protocols[0].transport, protocols[0]._task
        assert transport is not None
        assert task is not None
        protocols[0].transport = None
        server.connections.discard(protocols[0])
        task.cancel()
        await asyncio.wait_for(asyncio.wait([task]), LIMIT)
        assert not transport.is_closing()
        transport.write(b"still here")
        assert await asyncio.wait_for(reader.readexactly(10), LIMIT) == b"still here"
        transport.close()
        writer.close()

    async def test_close_if_idle_closes_what_waits_for_a_request(
        self, made: tuple[list[HttpProtocol], Any, int]
    ) -> None:
        protocols, server, port = made
        reader, writer = await self.ask(port)
        await self.idle(protocols[0])
        assert protocols[0].close_if_idle()
        assert await asyncio.wait_for(reader.read(), LIMIT) == b""
        await comes(lambda: not server.connections)
        writer.close()

    async def test_a_protocol_can_be_put_in_front_and_hand_its_bytes_on(self, app: Sanic[Any, Any]) -> None:
        """`set_protocol`, then `connection_made`, then `data_received` with all that was read."""

        class Front(asyncio.Protocol):
            def __init__(self, given: dict[str, Any]) -> None:
                self.given = given

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = cast(asyncio.Transport, transport)

            def data_received(self, data: bytes) -> None:
                behind = HttpProtocol(**self.given)
                self.transport.set_protocol(behind)
                behind.connection_made(self.transport)
                behind.data_received(data)

        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        server = await app.create_server(sock=listening, protocol=lambda **given: Front(given))  # type: ignore[arg-type]
        assert server is not None
        await server.startup()
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
        body = b"x" * 200_000
        writer.write(b"POST /streamed HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert (await asyncio.wait_for(reader.readuntil(b"200000"), LIMIT)).startswith(b"HTTP/1.1 200")
        writer.close()
        server.close()
        await comes(lambda: not server.connections)
        listening.close()

    async def test_a_body_may_be_sent_by_another_way(self, made: tuple[list[HttpProtocol], Any, int]) -> None:
        """HttpBehindDoor.give_file: the head goes first, by itself, and the connection is good for the next request."""
        reader, writer = await asyncio.open_connection("127.0.0.1", made[2])
        for _ in range(2):
            writer.write(b"GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            assert b"content-length: 5\r\n" in head
            assert await asyncio.wait_for(reader.readexactly(5), 10) == b"hello"
        writer.close()
        await writer.wait_closed()


class TestUvloop:
    """consult/wire/websocket.py: the outbox's bound is what the transport has not written yet."""

    def test_its_transports_tell_what_is_unwritten_and_stop_reading(self) -> None:
        async def run() -> None:
            ours, theirs = socket.socketpair()
            heard: list[bytes] = []

            class Ear(asyncio.Protocol):
                def data_received(self, data: bytes) -> None:
                    heard.append(data)

            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_accepted_socket(Ear, ours)
            theirs.setblocking(False)
            transport.write(b"x" * 10_000_000)
            assert 5_000_000 < transport.get_write_buffer_size() < 10_000_000
            transport.pause_reading()
            await loop.sock_sendall(theirs, b"unheard")
            for _ in range(10):
                await asyncio.sleep(0)
            assert heard == []
            transport.resume_reading()
            await comes(lambda: heard)
            transport.abort()
            assert transport.is_closing()
            theirs.close()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())

    def test_with_tls_they_tell_what_their_socket_has_not_taken(self) -> None:
        """But for the write that it was too slow for. And each handshake can be handed over to another context."""

        async def run() -> None:
            ours, theirs = socket.socketpair()
            loop = asyncio.get_running_loop()
            paused: list[bool] = []

            class Mouth(asyncio.Protocol):
                def pause_writing(self) -> None:
                    paused.append(True)

            first, latest = (ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) for _ in range(2))
            latest.load_cert_chain(pair().certificate, pair().key)
            asked: list[str | None] = []

            def hand_over(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
                asked.append(name)
                connection.context = latest

            first.sni_callback = hand_over
            shaken = asyncio.create_task(asyncio.to_thread(lambda: TlsSocket(theirs).sendall(b"hello")))
            transport, _ = await loop.connect_accepted_socket(Mouth, ours, ssl=first, ssl_handshake_timeout=LIMIT)
            await shaken
            assert asked == [None], "also where the client names no server"
            transport.set_write_buffer_limits(65_536)
            transport.write(b"x" * 10_000_000)
            assert transport.get_write_buffer_size() == 0
            assert paused == []
            transport.write(b"x" * 1_000_000)
            assert 1_000_000 < transport.get_write_buffer_size() < 1_010_000
            assert paused == [True]
            transport.abort()
            assert transport.is_closing()
            theirs.close()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())


class TestSchedule:
    """reminders/housekeeping.py: a timetable of its own, on the wall clock."""

    def test_a_scheduler_runs_what_is_due_in_order(self) -> None:
        runs: list[str] = []
        scheduler = schedule.Scheduler()
        for name in ("a", "b"):
            scheduler.every(60).seconds.do(runs.append, name)
        assert schedule.jobs == [], "the library's own timetable is not used"
        scheduler.run_pending()
        assert runs == []
        for job in scheduler.jobs:
            assert job.next_run is not None
            job.next_run -= datetime.timedelta(seconds=job.interval)
        scheduler.run_pending()
        scheduler.run_pending()
        assert runs == ["a", "b"]

    def test_a_raising_job_keeps_the_later_ones_from_running(self) -> None:
        """Which is why each job is wrapped."""
        runs: list[str] = []
        scheduler = schedule.Scheduler()
        scheduler.every(60).seconds.do(lambda: 1 / 0)
        scheduler.every(60).seconds.do(runs.append, "b")
        for job in scheduler.jobs:
            assert job.next_run is not None
            job.next_run -= datetime.timedelta(seconds=job.interval)
        with pytest.raises(ZeroDivisionError):
            scheduler.run_pending()
        assert runs == []
