"""A Socket.IO client on a websocket, driven straight from `data_received`: no task, no queue, no timer of its own.

Frames, masks, control frames and the close handshake are the business of `websockets`' sans-I/O protocol. Fragments,
the packets within, the outbox and its bound are ours. Nothing is raised out of the callbacks.
"""

import asyncio
import logging
import secrets
from typing import cast

from websockets.frames import CloseCode, Opcode
from websockets.frames import Frame as WebsocketFrame
from websockets.protocol import OPEN
from websockets.protocol import Protocol as WebsocketProtocol

from consult import packets
from consult.connection import Connection
from consult.contract.limits import CONNECT_TIMEOUT, MAX_BYTES, MOST_FRAGMENTS, PING_INTERVAL, PING_TIMEOUT
from consult.packets import Frame, Malformed
from consult.wire.carriers import CLOSE_TIMEOUT, Carriers
from consult.wire.polling import PollingSession
from consult.wire.sending import plain_descriptor, send
from consult.wire.share import (
    BYTES,
    LONG_SECONDS,
    STRANGER_TOO_LARGE,
    Received,
    Share,
    few_texts,
    frame_end,
    whole_text,
)

log = logging.getLogger("careline.wire")

MOST_UNSENT = 65_536  # bytes at which a catch-up waits for its reader
MOST_KEPT = 1_048_576  # bytes that came and are not read: four buffers of the loop, of which one comes after a pause

# A member of an enumeration is slow to look up in its class, and this is done for every frame.
_TEXT, _CONTINUATION, _BINARY, _CLOSE = Opcode.TEXT, Opcode.CONT, Opcode.BINARY, Opcode.CLOSE
_EVENT = packets.MESSAGE + b"2"
_PING = Frame(packets.PING)
_PROBE = b"probe"
_PROBE_ANSWER = Frame(packets.PONG + _PROBE)


class Websocket(asyncio.Protocol):
    """Carries a connection from the end of the handshake, or from the end of the upgrade from long-polling."""

    name = "websocket"

    __slots__ = (
        "_carriers",
        "_clogged",
        "_connection",
        "_deadline",
        "_descriptor",
        "_entered",
        "_fragments",
        "_is_long",
        "_is_queued",
        "_kept",
        "_kept_from",
        "_missing",
        "_most_skipped",
        "_open",
        "_outbox",
        "_paused",
        "_pinged",
        "_protocol",
        "_received",
        "_transport",
        "_upgrade_of",
        "_waits",
    )

    def __init__(
        self,
        carriers: Carriers,
        transport: asyncio.Transport,
        protocol: WebsocketProtocol,
        address: str,
        upgrade_of: PollingSession | None,
    ) -> None:
        """`address` is the client's. With `upgrade_of` it only probes the way at first; the session goes on over
        long-polling."""
        self._carriers = carriers
        self._transport = transport
        self._descriptor = plain_descriptor(transport)
        self._protocol = protocol
        self._upgrade_of = upgrade_of
        self._connection: Connection | None = None
        if upgrade_of is None:
            self._connection = Connection(secrets.token_urlsafe(15), address, self)
            carriers.gateway.limits.enter(address)
            carriers.arrived(self._connection)
        self._outbox: list[bytes] = []
        self._is_queued = False  # to be written to in its turn; the outbox may have been written meanwhile
        self._fragments: list[bytes] | None = None
        self._open = True
        self._clogged: asyncio.Future[None] | None = None  # until the client has read most of what it was sent
        self._entered = self._pinged = False
        self._most_skipped = protocol.max_message_size or 0  # bytes of a frame that the library would take, too
        self._received = Received(carriers.allowed, carriers.loop.time())
        self._missing = 0  # bytes of a frame whose beginning the library has
        self._kept = b""  # bytes that are not read yet, from `_kept_from` on
        self._kept_from = 0
        # Reading stops while the connection waits for a later turn, and while too much is unanswered.
        self._waits = self._paused = False
        self._is_long = False  # it has sent a packet that took long, or is large
        # When something is due: the client's CONNECT, the next ping, the answer to one, or the end of a close.
        self._deadline = carriers.loop.time() + CONNECT_TIMEOUT
        carriers.websockets.add(self)

    def start(self, answered: bytes, rest: bytes) -> None:
        """Sends the handshake's answer, and reads what the client has sent with its request."""
        # As it is without TLS: with it, half a megabyte would be few.
        self._transport.set_write_buffer_limits(MOST_UNSENT)
        self._queue(answered)
        if self._connection is not None:
            self.send(packets.opened(self._connection.sid, PING_INTERVAL, PING_TIMEOUT, MAX_BYTES))
        if rest:
            self.data_received(rest)

    # What the gateway asks of a carrier.

    def entered(self) -> None:
        self._entered = True
        self._protocol.max_message_size = self._most_skipped = MAX_BYTES
        self._received.entered()

    def send(self, frame: Frame) -> None:
        if self._open:  # as `_queue` has it, without one more call for every delivery
            if not self._is_queued:
                self._is_queued = True
                self._carriers.flush_soon(self)
            self._outbox.append(frame.websocket or frame.as_websocket())

    def hurry(self) -> None:
        if self._open:
            self._carriers.flush_first(self)

    def close(self, reason: str | None = None) -> None:
        if self._open and reason is not None:
            self._carriers.ended(self._sid, reason)
        # A client that says goodbye in both languages at once has been answered by the library already.
        if self._open and self._protocol.state is OPEN:
            self._protocol.send_close(CloseCode.GOING_AWAY)
            self._pass_on()

    def cut(self, reason: str) -> None:
        if self._open:
            self._carriers.ended(self._sid, reason)
        self.abort()

    async def drained(self) -> None:
        while self._outbox and self._open:  # noqa: ASYNC110 - its turn to be written comes in a tick or two
            await asyncio.sleep(0)
        if self._clogged is not None:
            await self._clogged

    def pause(self) -> None:
        self._paused = True
        self._transport.pause_reading()

    def resume(self) -> None:
        self._paused = False
        if self._kept:
            self._wait()
        else:
            self._read_on()

    def ask(self) -> None:
        if self._open and not self._pinged and self._entered and self._connection is not None:
            self._pinged = True
            self._deadline = self._carriers.loop.time() + PING_TIMEOUT
            self.send(_PING)
            self._carriers.gateway.asked(self._connection)

    # What the carriers ask.

    def flush_in_turn(self) -> None:
        self._is_queued = False
        if self._outbox:
            self.flush()

    def flush(self) -> None:
        """Writes the outbox. A client that leaves more than the bound unread is cut off: it comes back and catches up,
        and the process does not grow. With TLS the transport does not count the last 64 KiB, nor the write that they
        were exceeded with, which lie encrypted below it."""
        if not self._outbox or self._transport.is_closing():  # then its descriptor may be another's by now
            return
        unread = self._transport.get_write_buffer_size()
        if self._open and unread > self._carriers.outbox_bytes:
            self.cut("outbox full")
            return
        data = self._outbox[0] if len(self._outbox) == 1 else b"".join(self._outbox)
        self._outbox.clear()
        if not unread and self._descriptor is not None:
            data = data[send(self._descriptor, data) :]
        if data:
            self._transport.write(data)
        if self._protocol.eof_sent:
            self._transport.close()

    def beat(self, now: float) -> None:
        """Once a second: what is due by now."""
        self._received.beat(now)
        if now < self._deadline:
            return
        if not self._open:
            self.abort()
        elif not self._entered:
            self.cut("no CONNECT in time")
        elif self._pinged:
            self.cut("ping timeout")
        else:
            self.ask()

    @property
    def unread(self) -> int:
        """Bytes that the network has not taken yet."""
        return self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Ends the connection at once."""
        self._ending()
        self._transport.abort()

    # What the loop calls.

    def data_received(self, data: bytes) -> None:
        if not (self._kept or self._missing or self._paused or self._waits):
            frames = few_texts(data)
            if frames:  # as almost always: it is not worth to measure them
                self._read(data, frames)
                return
        self._kept = self._kept[self._kept_from :] + data
        self._kept_from = 0
        if len(self._kept) > MOST_KEPT:
            self.cut("too many bytes")
        elif self._is_long or self._carriers.turns.is_over:
            self._wait()
        elif not self._waits and not self._paused:
            self.serve()

    def serve(self) -> None:
        """Read one share of what has come. What is left is kept, and read in a later turn."""
        waited, self._waits = self._waits, False
        share, used_up = Share(), False
        while not (used_up or self._paused or self._transport.is_closing()):
            begins = not self._missing
            piece = self._next_piece()
            if not piece:
                break
            self._read(piece, int(begins))
            used_up = share.is_used_up(len(piece))
        spent = share.seconds
        self._is_long = self._is_long or spent > LONG_SECONDS
        self._carriers.turns.spend(spent)
        if used_up:
            self._wait(spent)
        elif waited:
            self._read_on()

    def pause_writing(self) -> None:
        if self._open and self._clogged is None:
            self._clogged = self._carriers.loop.create_future()

    def resume_writing(self) -> None:
        if self._clogged is not None:
            clogged, self._clogged = self._clogged, None
            clogged.set_result(None)

    def eof_received(self) -> None:
        """The client sends no more: the transport closes."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason makes no difference
        self._ending()
        self.resume_writing()
        self._carriers.gone(self)
        if self._connection is not None:
            self._carriers.gateway.limits.leave(self._connection.address)
        # What holds itself in a ring would lie about until the collector comes, which is seldom: with TLS 20 KB each.
        self._connection = None
        self._kept = b""
        self._protocol.parser.close()

    @property
    def _sid(self) -> str:
        holder = self._connection or self._upgrade_of
        return "?" if holder is None else holder.sid

    def _queue(self, data: bytes) -> None:
        if self._open:
            if not self._is_queued:
                self._is_queued = True
                self._carriers.flush_soon(self)
            self._outbox.append(data)

    def _wait(self, spent: float = 0.0) -> None:
        """Stop reading until the connection has its share of a later turn."""
        if not self._waits and not self._transport.is_closing():
            self._waits = True
            self._transport.pause_reading()
            self._carriers.turns.wait(self, spent, is_long=self._is_long)

    def _read_on(self) -> None:
        if not (self._waits or self._paused or self._transport.is_closing()):
            self._transport.resume_reading()

    def _next_piece(self) -> bytes:
        """Take the next frame, or as much of it as is there, from what is kept; nothing when too little is there."""
        begin, size = self._kept_from, len(self._kept)
        end = begin + self._missing if self._missing else frame_end(self._kept, begin)
        if end - begin + (self._protocol.current_size or 0) > BYTES:
            self._is_long = True
        self._missing = max(0, end - size)
        end = min(end, size)
        if end <= begin:
            return b""
        piece = self._kept[begin:end]
        if end < size:
            self._kept_from = end
        else:
            self._kept, self._kept_from = b"", 0
        return piece

    def _read(self, data: bytes, frames: int) -> None:
        """Count, then parse and handle one frame or a part of it."""
        reason = self._received.add(frames, len(data))
        if reason is not None:
            if reason == STRANGER_TOO_LARGE and self._open:
                self._refuse(CloseCode.MESSAGE_TOO_BIG, reason)
            else:
                self.cut(reason)
            return
        if self._fragments is not None and frames and data[0] & 0x0F == _CLOSE:
            # Allowed within a message (RFC 6455, section 5.4), but the library takes it for a fault.
            self._fragments = self._protocol.current_size = None
        try:
            # Nearly all that clients send: the library would take many times as long to find the same.
            if frames and self._open and self._fragments is None and len(data) <= self._most_skipped:
                if frames > 1:
                    self._read_each(data)
                    return
                text = whole_text(data)
                if text is not None:
                    self._packet_received(text)
                    return
            self._protocol.receive_data(data)
            if self._protocol.writes:
                self._queue_replies()  # a pong comes before the answer to what follows its ping
            for frame in self._protocol.events_received():
                if self._open:
                    self._frame_received(cast(WebsocketFrame, frame))
            self._pass_on()
        except Malformed as fault:
            self._refuse(CloseCode.PROTOCOL_ERROR, str(fault))
        except UnicodeDecodeError:
            self._refuse(CloseCode.INVALID_DATA, "text that is not UTF-8")
        except Exception:
            log.exception("a websocket failed")
            self.cut("internal error")

    def _read_each(self, data: bytes) -> None:
        """Handle a few frames, of which each is a whole one of text."""
        end = 0
        while self._open and end < len(data):
            start, end = end, frame_end(data, end)
            text = whole_text(data[start:end])
            assert text is not None  # `few_texts` has seen to it
            self._packet_received(text)

    def _pass_on(self) -> None:
        """Queues what the library has to say (pongs, close frames) and notices when it has ended the connection."""
        if self._protocol.writes:
            self._queue_replies()
        if self._protocol.state is not OPEN and self._open:
            fault = self._protocol.parser_exc
            if fault is not None:
                self._carriers.ended(self._sid, f"broken websocket frames ({type(fault).__name__})")
            self._ending()
        if self._protocol.eof_sent and not self._outbox:
            self._transport.close()

    def _queue_replies(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._queue(data)

    def _refuse(self, code: CloseCode, reason: str) -> None:
        if self._protocol.parser_exc is None:  # else the frames were broken, too, and that is told
            self._carriers.ended(self._sid, reason)
            self._protocol.fail(code, reason)
        self._pass_on()

    def _ending(self) -> None:
        """The client has left, although its last bytes may still be under way."""
        if self._open:
            self._open = False
            self._deadline = self._carriers.loop.time() + CLOSE_TIMEOUT
            if self._connection is not None:
                self._carriers.gateway.ended(self._connection)
            elif self._upgrade_of is not None:
                self._upgrade_of.probing(False)

    def _frame_received(self, frame: WebsocketFrame) -> None:
        if frame.opcode is _TEXT:
            if frame.fin:
                self._packet_received(bytes(frame.data))
            else:
                self._fragments = [bytes(frame.data)]
        elif frame.opcode is _CONTINUATION:
            assert self._fragments is not None  # the library has seen to the order
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                whole, self._fragments = b"".join(self._fragments), None
                self._packet_received(whole)
            elif len(self._fragments) > MOST_FRAGMENTS:
                self.cut("too many fragments of a message")
            elif not frame.data:
                self._received.add_idle()
        elif frame.opcode is _BINARY:
            raise Malformed("a binary packet")
        else:
            self._received.add_idle()

    def _packet_received(self, packet: bytes) -> None:
        kind = packet[:1]
        if not packet.startswith(_EVENT):  # whatever it is, it is no event
            self._received.add_idle()
        if self._connection is None:
            self._probe_received(packet)
        elif kind == packets.MESSAGE:
            try:
                self._carriers.gateway.received(self._connection, packet[1:])
            except Malformed:
                # Text must be UTF-8; the JSON reader is the first to notice where it is not.
                packet.decode()
                raise
        elif kind == packets.PONG:
            if self._entered:  # before that it gains no time by it
                pinged, self._pinged = self._pinged, False
                self._deadline = self._carriers.loop.time() + PING_INTERVAL
                if pinged:
                    self._carriers.gateway.read_by(self._connection)
        elif kind == packets.CLOSE:
            self.close()
        elif kind != packets.NOOP:
            raise Malformed("no Engine.IO packet")

    def _probe_received(self, packet: bytes) -> None:
        """The upgrade from long-polling: the client probes the way, then moves over in one step."""
        session = self._upgrade_of
        if session is None or session.closed:
            self.abort()
        elif packet == packets.PING + _PROBE:
            self.send(_PROBE_ANSWER)
            session.probing(True)
        elif packet == packets.UPGRADE:
            self._received = session.received
            self._connection = session.moved_to(self)
            self._upgrade_of = None
            if self._connection.unproven:
                self.ask()
        else:
            raise Malformed("an upgrade that does not begin with a probe")
