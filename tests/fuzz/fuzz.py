"""All kinds of things are thrown at one server at the same time, in rounds; between these its memory is looked at."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.fuzz.bodies import Bodies
from tests.fuzz.drawn_by_hypothesis import DrawnByHypothesis
from tests.fuzz.events import Events
from tests.fuzz.frames import Frames
from tests.fuzz.memory import Memory, memory
from tests.fuzz.packets import Packets
from tests.fuzz.requests import Requests
from tests.fuzz.thrower import Thrower
from tests.fuzz.websocket import Websocket
from tests.packets import Polling
from tests.server import Server

# What the server is started with. Its limits on what one client may ask are far above people, not above this; and the
# room that a backup takes in the middle of it would be taken for growth.
ARGUMENTS: Final = (
    *("--log-level", "warning", "--connection-events", "0", "--connection-bytes", "0", "--daily-backups", "0"),
    *("--public-url", "https://clinic.example/careline"),
)
# Each kind with its share. Our own generators draw all but the last.
KINDS: Final[dict[str, tuple[Callable[[Server, random.Random], Thrower], float]]] = {
    "events over a websocket": (partial(Events, kind=Websocket), 0.45),
    "events over long-polling": (partial(Events, kind=Polling), 0.15),
    "raw packets over websockets": (Packets, 0.15),
    "raw bodies of long-polling": (Bodies, 0.03),
    "raw websocket frames": (Frames, 0.15),
    "HTTP requests": (Requests, 0.06),
    "HTTP requests, drawn by hypothesis": (DrawnByHypothesis, 0.01),
}
QUESTIONS: Final = 3  # that are opened for each round, the last of them closed
LONGEST_LINE: Final = 2000


@dataclass
class Found:
    """What a run came to."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)  # by kind
    taken: list[Memory] = field(default_factory=list)  # at the start, and after each round
    faults: list[str] = field(default_factory=list)

    def thrown(self) -> int:
        """Give how many things were thrown."""
        return sum(outcomes.total() for outcomes in self.outcomes.values())


def unwatched(_: Found) -> None:
    """Nobody wants to know how far it is."""


def fuzz(server: Server, count: int, seed: int, rounds: int, progress: Callable[[Found], None] = unwatched) -> Found:
    """Throw so many things at a server that was started with ARGUMENTS. `progress` hears of each round."""
    # Each kind draws for itself, so that it draws the same however fast the others are.
    throwers = {kind: make(server, random.Random(f"{seed} {kind}")) for kind, (make, _) in KINDS.items()}
    found = Found({kind: thrower.outcomes for kind, thrower in throwers.items()}, [memory(server)])
    with ThreadPoolExecutor(len(throwers)) as threads:
        for number in range(1, rounds + 1):
            questions = [server.open_question() for _ in range(QUESTIONS)]
            server.set_status(questions[-1], "CLOSED")
            shares = {
                kind: int(count * number / rounds * share) - throwers[kind].thrown for kind, (_, share) in KINDS.items()
            }
            for thrower in throwers.values():
                thrower.about(questions)
            list(threads.map(lambda kind: throwers[kind].run(shares[kind]), throwers))  # noqa: B023 - over by then
            found.taken.append(memory(server))
            progress(found)
    for kind, thrower in throwers.items():
        found.faults += [f"{kind}: {fault}" for fault in thrower.faults]
    found.faults += _logged(server)
    return found


def _logged(server: Server) -> list[str]:
    """Give the lines in the server's log that tell of more than what clients did, each kind once."""
    lines: dict[str, str] = {}
    for line in server.stderr().splitlines():
        if not line.startswith("{"):  # what the program had no say in
            lines.setdefault(line, line)
            continue
        told = json.loads(line)
        if told["level"] not in ("info", "warning") or "traceback" in told:
            lines.setdefault(f"{told['logger']} {told['message']} {told.get('traceback', '')[-200:]}", line)
    return [f"the log: {line[:LONGEST_LINE]}" for line in lines.values()]
