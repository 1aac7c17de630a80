"""Messages are sent and a receiver is told of them, slowly and with failures, while the server is killed.

In the end the receiver has had every message of the file at least once, in order, and of each id it always had the
same; taken by `webhook-id`, each message once. What it was told of is in the file that each kill leaves.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Final

from websockets.exceptions import WebSocketException

from tests.clients import message
from tests.packets import Closed, Websocket
from tests.receiver import Delivery, Handler, Receiver, write_hooks
from tests.server import LIMIT, wait_until
from tests.torture.doomed import Doomed
from tests.torture.reckoning import Faults

LONGEST_LIFE: Final = 0.5  # seconds between two kills
FAILING: Final = 0.02  # the share of attempts that the receiver refuses, and breaks off, each


@dataclass
class Hooked(Faults):
    """Counts, and in words all that should not be."""

    kills: int = 0
    messages: int = 0
    told: int = 0  # attempts that the receiver has taken


def hook(folder: Path, kills: int, seed: int, command: Sequence[str], settled: float = 60.0) -> Hooked:
    """Kill so many times, then look at what the receiver has had, after so many seconds at most."""
    found = Hooked()
    chance, luck = random.Random(seed), random.Random(seed + 1)
    receiver = Receiver()

    def answer(handler: Handler, delivery: Delivery) -> None:
        receiver.verified(delivery)  # it is taken no more where this raises
        time.sleep(luck.uniform(0, 0.01))
        drawn = luck.random()
        if drawn < FAILING:
            handler.say(500)
        elif drawn < 2 * FAILING:
            receiver.taken.append(delivery)
            receiver.reset(handler, delivery)  # it has taken it, and the server does not hear of that
        else:
            receiver.take(handler, delivery)

    receiver.answer = answer
    hooks = write_hooks(folder, receiver.table(events=["message.created"], content="true"))
    server = Doomed(folder, command, {"CARELINE_HOOKS": str(hooks)})
    server.begin()
    server.listens()
    over = threading.Event()
    question_id = server.open_question()
    talker = threading.Thread(target=_talk, args=(server, question_id, over))
    talker.start()
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, LONGEST_LIFE))
            server.kill()
            found.kills += 1
            _look(server, receiver, found)
            server.begin()
            server.listens()
        found.expect(talker.is_alive(), "the one who speaks has fallen silent")
        over.set()
        talker.join(3 * LIMIT)
        stored = _stored(server)
        with suppress(AssertionError):  # what is missing then is told below
            wait_until(lambda: stored <= {_subject(one) for one in receiver.taken}, "the last", settled)
        found.messages, found.told = len(stored), len(receiver.taken)
        _reckon(stored, list(receiver.taken), found)
        return found
    finally:
        over.set()
        talker.join(3 * LIMIT)
        receiver.close()
        server.close()


def _talk(server: Doomed, question_id: int, over: threading.Event) -> None:
    number = 0
    gone = (Closed, OSError, HTTPException, TimeoutError, AssertionError, WebSocketException)
    while not over.is_set():
        # The server was killed just now.
        with suppress(*gone), closing(Websocket(server)) as one:
            one.enter()
            while not over.wait(0.01):
                number += 1
                one.call("send_message", message(question_id, f"{number}"))
        time.sleep(0.05)


def _subject(delivery: Delivery) -> int:
    identity: int = delivery.event["data"]["id"]
    return identity


def _stored(server: Doomed) -> set[int]:
    with closing(sqlite3.connect(server.database, timeout=LIMIT)) as connection:
        return {number for (number,) in connection.execute("SELECT id FROM message")}


def _look(server: Doomed, receiver: Receiver, found: Hooked) -> None:
    """What was told by the time of a kill is in the file that the kill leaves."""
    told = {_subject(one) for one in list(receiver.all)}
    gone = told - _stored(server)
    found.expect(not gone, f"told and not there: {sorted(gone)[:5]}")


def _reckon(stored: set[int], taken: list[Delivery], found: Hooked) -> None:
    once: dict[str, int] = {}
    for one in taken:
        known = once.setdefault(one.id, _subject(one))
        found.expect(known == _subject(one), f"{one.id} stands for two messages")
    missing = stored - set(once.values())
    found.expect(not missing, f"never told: {sorted(missing)[:5]}")
    found.expect(len(once) == len(set(once.values())), "one message under two ids")
    found.expect(list(once.values()) == sorted(once.values()), "told out of order")
