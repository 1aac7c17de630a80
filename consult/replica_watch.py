"""How far a replica by Litestream is behind: Careline neither runs it nor speaks with it, and looks at its files."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from store.clock import Clock
from store.replica import Marks, marks

EVERY = 5.0  # seconds between two looks
# Milliseconds. Litestream takes changes up each second.
STOPPED = 15_000
# It keeps what it has taken up for five minutes, and for as long as it cannot send it off.
STUCK = 10 * 60_000

State = Literal["ok", "stopped", "stuck"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a replica fares. Times are in milliseconds since 1970."""

    state: State
    behind: int  # milliseconds
    since: int | None  # when that began, where it is not ok


class ReplicaWatch:
    """Looks now and then, on a thread: a disk that hangs holds up nothing else."""

    def __init__(self, database: Path, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._level_at = 0  # when all changes were last seen to be taken up
        self._looking: asyncio.Task[None] | None = None
        self.standing: Standing | None = None  # None where there is no replica, or none that can be read

    def start(self) -> None:
        """Look from now on."""
        self._looking = asyncio.create_task(self._look_on())

    def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look_on(self) -> None:
        while True:
            try:
                found = await asyncio.to_thread(marks, self._database)
            except OSError:
                found = None
            self.standing = None if found is None else self.judged(found)
            await asyncio.sleep(EVERY)

    def judged(self, found: Marks) -> Standing:
        """Return how the replica fares, by what is found now and was found before."""
        now = self._clock()
        if found.kept is not None and now - found.kept > STUCK:
            return Standing("stuck", now - found.kept, found.kept)
        if found.taken >= found.written:
            self._level_at = now
            return Standing("ok", 0, None)
        # Changes may have begun after a long silence: then they wait since then, and not since the last that was taken.
        since = max(found.taken, self._level_at)
        behind = max(0, now - since)
        return Standing("stopped", behind, since) if behind > STOPPED else Standing("ok", behind, None)
