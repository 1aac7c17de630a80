"""Engine.IO 4 and Socket.IO 5 packets: reading what clients send, and writing each answer once for all its readers.

Events take the short way. Every other kind of packet is read by python-socketio's own codec.
"""

from collections.abc import Sequence
from typing import Any

import socketio.packet
from msgspec import Struct

from consult.json_text import dumps, loads

# Engine.IO packet types, each the first character of a packet.
OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP = b"0", b"1", b"2", b"3", b"4", b"5", b"6"

_LONGEST_ACK_ID = 19  # digits


class Malformed(ValueError):
    """The client sent something that is not a valid packet, or a packet that this server does not accept. Its
    connection ends."""


class Connect(Struct, frozen=True):
    namespace: str
    auth: Any


_PLAIN_CONNECT = Connect("/", None)


class Disconnect(Struct, frozen=True):
    pass


class Event(Struct, frozen=True, gc=False):
    name: str
    arguments: list[Any]
    ack_id: bytes | None  # given where the client wants the answer in a callback, too


class Acknowledgement(Struct, frozen=True):
    """The server asks for none, so it means nothing; a client may send one all the same."""


Packet = Connect | Disconnect | Event | Acknowledgement


def read(packet: bytes) -> Packet:
    """A Socket.IO packet, that is what an Engine.IO message holds. Malformed when it is none, or not for us."""
    if packet[:1] == b"2":
        start = packet.find(b"[", 1)
        ack_id = packet[1:start]
        if start > 0 and (not ack_id or ack_id.isdigit()):
            try:
                decoded = loads(packet[start:])
            except ValueError as fault:
                raise Malformed("an event that is no JSON") from fault
            return _named(decoded, ack_id)
    return _PLAIN_CONNECT if packet == b"0" else _unusual(packet)


def _named(array: list[Any], ack_id: bytes) -> Event:
    if not array or not isinstance(array[0], str) or len(ack_id) > _LONGEST_ACK_ID:
        raise Malformed("an event without a name, or with an endless acknowledgement id")
    return Event(array[0], array[1:], ack_id or None)


class _Json:
    loads = staticmethod(loads)


class _Codec(socketio.packet.Packet):  # type: ignore[misc] # it carries no types
    json = _Json


def _unusual(packet: bytes) -> Packet:
    try:
        decoded = _Codec(encoded_packet=packet.decode())
    except (ValueError, IndexError) as fault:
        raise Malformed("no Socket.IO packet") from fault
    namespace = decoded.namespace or "/"
    if decoded.attachment_count:
        raise Malformed("a binary packet")
    if decoded.packet_type == socketio.packet.CONNECT:
        return Connect(namespace, decoded.data)
    if namespace != "/":
        raise Malformed("a packet for a namespace that it is not connected to")
    if decoded.packet_type == socketio.packet.EVENT and isinstance(decoded.data, list):
        return _named(decoded.data, b"" if decoded.id is None else str(decoded.id).encode())
    if decoded.packet_type == socketio.packet.DISCONNECT:
        return Disconnect()
    if decoded.packet_type == socketio.packet.ACK:
        return Acknowledgement()
    raise Malformed("a Socket.IO packet of a kind that clients do not send")


class Frame:
    """An Engine.IO packet that is encoded once, however many connections it goes to."""

    __slots__ = ("packet", "websocket")

    def __init__(self, packet: bytes) -> None:
        self.packet = packet
        self.websocket = b""  # the packet as a finished websocket frame; empty until it is needed

    def as_websocket(self) -> bytes:
        """Make the finished websocket frame of the packet, for all that are sent it."""
        self.websocket = framed(self.packet)
        return self.websocket


def framed(packet: bytes) -> bytes:
    """Return a websocket frame of text, whole and not masked (RFC 6455, section 5.2)."""
    size = len(packet)
    if size < 126:
        return bytes((0x81, size)) + packet
    if size < 65_536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), packet)
    return b"\x81\x7f" + size.to_bytes(8) + packet


def event(name: bytes, payload: bytes) -> Frame:
    """An event with its payload, which is JSON already."""
    return Frame(b'42["%b",%b]' % (name, payload))


def acknowledgement(ack_id: bytes, payload: bytes) -> Frame:
    """The answer for an acknowledgement callback."""
    return Frame(b"43" + ack_id + b"[" + payload + b"]")


def opened(sid: str, ping_interval: int, ping_timeout: int, max_bytes: int, upgrades: Sequence[str] = ()) -> Frame:
    """The Engine.IO handshake; intervals in seconds. `upgrades` are the transports that the session may move to."""
    handshake = {
        "sid": sid,
        "upgrades": list(upgrades),
        "pingInterval": ping_interval * 1000,
        "pingTimeout": ping_timeout * 1000,
        "maxPayload": max_bytes,
    }
    return Frame(OPEN + dumps(handshake))


def connected(sid: str, pid: str | None) -> Frame:
    """The answer to a CONNECT; a client that is given a `pid` shows it when it comes back."""
    return Frame(b"40" + dumps({"sid": sid} if pid is None else {"sid": sid, "pid": pid}))


def refused(namespace: str, reason: str, data: dict[str, str] | None = None) -> Frame:
    """The answer to a CONNECT for another namespace, or of one that may not enter; `data` is for programs."""
    prefix = b"" if namespace == "/" else namespace.encode() + b","
    return Frame(b"44" + prefix + dumps({"message": reason} if data is None else {"message": reason, "data": data}))
