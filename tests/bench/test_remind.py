"""The load generator sees what becomes of reminders: those lost, doubled, early and another's are counted exactly."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.bench.servers import BUILD, build_programs
from tests.bench.test_load import ANSWER, event, frame

Notify = Callable[[int, int], bytes]  # the mark of a user's reminder, by their numbers
WHOLE: Final = {"notified": 4, "lost": 0, "doubled": 0, "wrong": 0, "early": 0, "errors": 0, "cut": 0}


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    build_programs()


def notification(user: int, which: int, due: int) -> bytes:
    content = f"请服药 ~{user:08x}{which:08x}{due:016x}~"
    return event("notification:new", {"id": 1, "title": "服药提醒", "content": content}, ensure_ascii=False)


async def said_by_load(script: Callable[[int, int], bytes], wait: float = 0.4) -> dict[str, float]:
    """What the load generator says of two users with two reminders each; `script` gives what one of them is sent once
    its reminders are due, by its number and the time that they are due, in ns."""
    due_ms = time.time_ns() // 1_000_000 + 300

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER + frame('0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'))
            while True:
                head = await reader.readexactly(2)
                mask = await reader.readexactly(4)
                masked = await reader.readexactly(head[1] & 127)
                text = bytes(byte ^ mask[place & 3] for place, byte in enumerate(masked)).decode(errors="replace")
                if text == "40":
                    writer.write(frame('40{"sid":"x"}'))
                elif text.startswith('42["bind_user"'):
                    user_id = json.loads(text[2:])[1]["user_id"]
                    writer.write(event("bind_user:ack", {"success": True, "user_id": user_id}))
                    await asyncio.sleep(wait)
                    writer.write(script(user_id - 1, due_ms * 1_000_000))
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(str(BUILD / "load"), str(port), str(os.getpid()), "remind", "2", "4", str(due_ms), "100", ""),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
    values: dict[str, float] = json.loads(out)
    return values


def counts(values: dict[str, float]) -> dict[str, float]:
    return {name: values[name] for name in WHOLE}


async def test_what_comes_as_it_should() -> None:
    values = await said_by_load(lambda user, due: notification(user, 0, due) + notification(user, 1, due))
    assert counts(values) == WHOLE
    assert 0 < values["late_p50_ms"] <= values["late_p99_ms"]
    assert values["seconds"] >= values["late_p99_ms"] / 1000 * 0.9


async def test_what_should_not_come_so() -> None:
    def script(user: int, due: int) -> bytes:
        twice = notification(user, 0, due) * (2 if user else 1)
        return (
            twice + notification(1 - user, 1, due) * (1 - user) + notification(user, 1, due + (10**13 if user else 0))
        )

    values = await said_by_load(script)
    assert counts(values) == {**WHOLE, "doubled": 1, "wrong": 1, "early": 1}
