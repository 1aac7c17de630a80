"""What throws one kind of things at the server, each held to what the protocol says of it."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence

from tests.packets import Closed
from tests.server import Server
from tests.wire.raw import Ended

# Faults after which a thrower gives up: the first ones tell enough.
MOST_FAULTS = 3
LONGEST_FAULT = 2000


class Thrower(ABC):
    """One kind of things. What it draws depends on its chance alone, not on what the others do."""

    def __init__(self, server: Server, chance: random.Random) -> None:
        self.thrown = 0
        self.outcomes: Counter[str] = Counter()
        self.faults: list[str] = []
        self.server = server
        self.chance = chance

    @abstractmethod
    def throw(self, most: int) -> int:
        """Throw up to so many, and give how many it were. AssertionError tells of a fault of the server."""

    @abstractmethod
    def close(self) -> None:
        """End what is open, so that the next throw begins anew."""

    def about(self, questions: Sequence[int]) -> None:  # noqa: B027 - some throw what is about nothing
        """From now on speak about these questions."""

    def run(self, count: int) -> None:
        """Throw so many, whatever comes of them, and leave no connection behind."""
        end = self.thrown + count
        while self.thrown < end and len(self.faults) < MOST_FAULTS:
            try:
                self.thrown += self.throw(end - self.thrown)
            except (AssertionError, Closed, Ended, OSError) as fault:
                notes = "\n".join([f"{type(fault).__name__}: {fault}", *getattr(fault, "__notes__", ())])
                self.faults.append(notes[:LONGEST_FAULT])
                self.close()
        self.close()
