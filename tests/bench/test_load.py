"""The load generator sees what it must see: a scripted server that misbehaves is counted exactly, another passes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.bench.servers import BUILD, build_programs

QUESTION = 7
COUNTS = ("failed", "errors", "lost_acks", "lost", "doubled", "out_of_order", "wrong", "cut")
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)

# What the server does with a message, which has its id.
Script = Callable[["Room", dict[str, Any]], None]


def frame(text: str) -> bytes:
    """Give a server's text frame, with the shortest length that holds it."""
    payload = text.encode()
    if len(payload) < 126:
        return bytes([0x81, len(payload)]) + payload
    if len(payload) < 65536:
        return bytes([0x81, 126]) + len(payload).to_bytes(2, "big") + payload
    return bytes([0x81, 127]) + len(payload).to_bytes(8, "big") + payload


def event(name: str, data: object, **style: Any) -> bytes:
    """Give the frame of an event; `style` goes to json.dumps."""
    return frame("42" + json.dumps([name, data], **style))


class Room:
    """Two members, the first of whom sends; `script` answers each of its messages."""

    def __init__(self, script: Script) -> None:
        """Take the script."""
        self.script = script
        self.members: list[asyncio.StreamWriter] = []
        self.last_id = 0
        self.held = b""

    def ack(self, data: dict[str, Any], **style: Any) -> None:
        """Acknowledge to the sender."""
        self.members[0].write(
            event("send_message:ack", {"success": True, "message": "发送成功", "data": data}, **style)
        )

    def deliver(self, data: dict[str, Any], **style: Any) -> None:
        """Deliver to both."""
        for member in self.members:
            member.write(event("new_message", data, **style))

    def flush(self) -> None:
        """Write to the sender what was held back."""
        self.members[0].write(self.held)
        self.held = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak to one client until it leaves."""
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER + frame('0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'))
            while True:
                head = await reader.readexactly(2)
                size = head[1] & 127
                if size == 126:
                    size = int.from_bytes(await reader.readexactly(2), "big")
                mask = await reader.readexactly(4)
                masked = await reader.readexactly(size)
                text = bytes(byte ^ mask[place & 3] for place, byte in enumerate(masked)).decode()
                if text == "40":
                    writer.write(frame('40{"sid":"x"}'))
                elif text.startswith('42["join_question"'):
                    self.members.append(writer)
                    writer.write(event("joined_question", {"question_id": QUESTION}))
                else:
                    self.last_id += 1
                    self.script(self, {"id": self.last_id, **json.loads(text[2:])[1]})
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def scripted_server(script: Script) -> AsyncIterator[int]:
    """Give the port of a server that follows the script."""
    server = await asyncio.start_server(Room(script).serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def said_by_load(script: Script, mode: str, *shape: str) -> list[dict[str, float]]:
    """Run the load generator against the script: a room of two, one sender, two messages in flight."""
    async with scripted_server(script) as port:
        process = await asyncio.create_subprocess_exec(
            *(str(BUILD / "load"), str(port), str(os.getpid()), mode, "1", "2", "1", "2", *shape, str(QUESTION)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complaints = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, complaints.decode()
    return [json.loads(line) for line in said.splitlines()]


async def run_load(script: Script) -> dict[str, float]:
    """Send for a while."""
    (result,) = await said_by_load(script, "chat", "0", "0.3")
    return result


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    build_programs()


def correct(room: Room, data: dict[str, Any]) -> None:
    """Do it right, in as many ways as JSON and TCP allow."""
    styles: list[dict[str, Any]] = [
        {},
        {"separators": (",", ":"), "ensure_ascii": False},
        {"indent": 2},
        {"separators": (" , ", " : ")},
    ]
    shape = dict(reversed(data.items())) if room.last_id % 2 else data
    if room.last_id % 10 == 0:
        shape = {"padding": "x" * 70_000, **shape}
    style = styles[room.last_id % 4]
    room.ack(shape, **style)
    room.deliver(shape, **style)


def in_pieces(room: Room, data: dict[str, Any]) -> None:
    """Do it right, each write ending in the middle of some frame."""
    ack = event("send_message:ack", {"success": True, "message": "发送成功", "data": data})
    room.held += ack + event("new_message", data)
    cut = room.last_id * 37 % len(room.held)
    room.members[0].write(room.held[:cut])
    room.held = room.held[cut:]
    asyncio.get_running_loop().call_later(0.002, room.flush)
    room.members[1].write(event("new_message", data))


def misbehaving(room: Room, data: dict[str, Any]) -> None:
    """Do one thing wrong at each of some messages; see the expected counts below."""
    match room.last_id:
        case 3:  # one member misses it
            room.members[0].write(event("new_message", data))
        case 5:  # both get it twice
            room.deliver(data)
            room.deliver(data)
        case 7:  # held back by one ...
            room.held = event("new_message", data)
            room.members[1].write(event("new_message", data))
        case 8:  # ... and sent after the next
            room.deliver(data)
            room.flush()
        case 10:  # one member gets another id with it
            room.members[0].write(event("new_message", data))
            room.members[1].write(event("new_message", {**data, "id": 11}))
        case 12:  # a message that nobody has sent
            room.deliver({**data, "content_text": data["content_text"].replace("~00000000", "~00000009", 1)})
        case 14:
            room.members[0].write(event("error", {"code": "INTERNAL_ERROR", "message": "服务器内部错误"}))
            room.deliver(data)
        case _:
            room.deliver(data)
    room.ack(data)
    if room.last_id == 16:
        room.ack(data)


def falling_silent(room: Room, data: dict[str, Any]) -> None:
    """Answer the first nine."""
    if room.last_id < 10:
        correct(room, data)


def failing(room: Room, data: dict[str, Any]) -> None:
    """Refuse the fifth message."""
    if room.last_id == 5:
        room.members[0].write(event("send_message:ack", {"success": False, "message": "发送失败：服务器内部错误"}))
    else:
        correct(room, data)


def cutting(room: Room, data: dict[str, Any]) -> None:
    """End the listener's connection at the fifth message."""
    if room.last_id == 5:
        room.members[1].close()
    else:
        correct(room, data)


@pytest.mark.parametrize("script", [correct, in_pieces])
async def test_what_is_right_passes(script: Script) -> None:
    """Every delivery is counted, whatever the JSON looks like and wherever TCP cuts it."""
    result = await run_load(script)
    assert {name: result[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0)
    assert result["acks"] == result["sent"] > 50
    assert result["deliveries"] == 2 * result["sent"]
    assert 0 < result["ack_p50_ms"] <= result["ack_p99_ms"] < 300


async def test_each_fault_is_counted() -> None:
    """Lost: 1 of message 3, 1 of 10, 2 of 12. Doubled: 2 of 5 and an ack. Wrong: 1 of 10, 2 of 12."""
    result = await run_load(misbehaving)
    expected = {"errors": 1, "lost": 4, "doubled": 3, "out_of_order": 1, "wrong": 3}
    assert {name: result[name] for name in COUNTS} == {**dict.fromkeys(COUNTS, 0), **expected}


async def test_a_failed_send_is_counted() -> None:
    """The refused message was neither acknowledged nor delivered."""
    result = await run_load(failing)
    expected = {"failed": 1, "lost_acks": 1, "lost": 2}
    assert {name: result[name] for name in COUNTS} == {**dict.fromkeys(COUNTS, 0), **expected}


async def test_a_cut_connection_is_counted() -> None:
    """What the listener no longer got counts as lost."""
    result = await run_load(cutting)
    assert result["cut"] == 1
    assert result["lost"] > 0


async def test_endurance_tells_how_each_stretch_went() -> None:
    """Until all are acknowledged, and then the counts."""
    *stretches, counts = await said_by_load(correct, "endure", "300", "0.1")
    assert [stretch["acks"] for stretch in stretches] == sorted(stretch["acks"] for stretch in stretches)
    assert stretches[-1]["acks"] >= 300
    assert all(0 < stretch["ack_p50_ms"] <= stretch["ack_p99_ms"] for stretch in stretches if stretch["acks_per_s"])
    assert {name: counts[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0)
    assert counts["acks"] == counts["sent"] >= 300


async def test_endurance_ends_where_nothing_is_acknowledged_any_more() -> None:
    """And counts what is missing."""
    *_, counts = await said_by_load(falling_silent, "endure", "300", "0.05")
    assert counts["lost_acks"] == 2
    assert counts["acks"] == 9
