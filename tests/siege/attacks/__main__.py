"""One attacker in a process of its own: it makes one attack after the other until its standard input ends.

Its one argument is JSON: see `tests.siege.attackers`. Each attack that ends is a line of JSON on standard output.
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from tests.siege.attacks.attacker import Attacker, Unreachable
from tests.siege.attacks.table import ATTACKS, Attack

NICENESS = 15
MOST_FILES = 4096
REST = 0.1  # seconds, when the server is down


def rounds(attacks: list[Attack], chance: random.Random) -> Iterator[Attack]:
    """Give every attack in each round as often as it weighs, in another order each time."""
    while True:
        deck = [attack for attack in attacks for _ in range(attack.weight)]
        chance.shuffle(deck)
        yield from deck


def is_over() -> bool:
    """Look whether standard input has ended."""
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1)


def is_there(attacker: Attacker) -> bool:
    """Look whether the server accepts connections."""
    try:
        attacker.connect().close()
    except Unreachable:
        return False
    return True


def main() -> None:
    """Attack."""
    given = json.loads(sys.argv[1])
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    chance = random.Random(given["seed"])
    wanted: list[str] = given["attacks"]
    attacks = [attack for name, attack in ATTACKS.items() if given["role"] in attack.made_by and name in wanted]
    shortest, longest = given["lengths"]
    kept: deque[socket.socket] = deque()
    for attack in rounds(attacks, chance):
        if is_over():
            return
        attacker = Attacker(chance=random.Random(chance.random()), kept=kept, **given["attacker"])
        while not is_there(attacker):
            if is_over():
                return
            time.sleep(REST)
        began = time.monotonic()
        attacker.over_at = began + chance.uniform(shortest, longest)
        with suppress(Unreachable):  # it has just gone down
            attack.run(attacker)
        told = {
            "attack": attack.name,
            "began": began,
            "ended": time.monotonic(),
            "sent": attacker.sent,
            "done": attacker.done,
            "statuses": attacker.statuses,
            "broken": attacker.broken[:3],
            "taken": attacker.taken[:3],
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
