"""Watches the machine's clock: which time reminders go by while it jumps, and when what it wrote is made good.

A clock that counts on by itself (the steady one) tells a jump of the wall clock from time that passes. The difference
of the two is the offset; a jump changes it. The states are:

- sound: the offset is `base`, which has held for SETTLED or was known before a short stop.
- unproven: after a start, until the offset has held for SETTLED. There is no `base`.
- in doubt: the clock has jumped away from `base`, until it returns or the new offset has held for SETTLED.

A jump of up to SMALL is followed at once. A larger one counts after a second look: the wall clock has to go on from
there for SECOND_LOOK, and reminders go by the steady clock meanwhile. A return to `base` counts at once.

The floor is the offset of a proven clock: one that was known before a short stop, or has held for PROVEN. True time is
not behind it, so a clock that shows an earlier time is not followed for PROVEN: reminders go by the floor meanwhile.
The file keeps the time that the floor has reached, and the next start takes its floor from there; it keeps for how
long the clock has been behind, too, so that PROVEN counts over starts (`store.clock_faults.Known`).

When the clock has gone back, or has settled after a start, what it wrote too early is made good
(`store.clock_faults`), and so it is at a start that is not behind the floor. The jumps are noted in the file
(`store.clock_runs`), which tells what was made while the clock was ahead. Nothing is deleted for its age unless the
clock is sound.
"""

import logging
import time
from collections.abc import Callable
from typing import Final, Literal

from store.clock import Clock
from store.clock_faults import Known
from store.clock_runs import SMALL, Jump

log = logging.getLogger("careline.clock")

SECOND_LOOK: Final = 30_000  # milliseconds, as are all times here
SETTLED: Final = 6 * 3_600_000
PROVEN: Final = 7 * 24 * 3_600_000
SHORT_STOP: Final = 600_000
STEADY: Final = 5_000  # by so much an offset may change and still be the same

State = Literal["sound", "unproven", "in doubt"]
SOUND: Final[State] = "sound"
UNPROVEN: Final[State] = "unproven"
IN_DOUBT: Final[State] = "in doubt"


_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # every message asks


def steady_clock() -> int:
    """Milliseconds of a clock that cannot be set; on Linux those of a sleeping machine count too."""
    return time.clock_gettime_ns(_STEADY) // 1_000_000


class ClockWatch:
    """Gives the time that reminders go by. Reading it again and again is what watches the clock."""

    def __init__(self, clock: Clock, steady: Callable[[], int], known: Known | None) -> None:
        """`known` is what the file knows about the time, None in a new file."""
        self._clock = clock
        self._steady = steady
        now = clock()
        self._offset = now - steady()
        is_known = known is None or known.reached <= now <= known.proven + SHORT_STOP
        self._base: int | None = self._offset if is_known else None
        self._floor: int | None = self._offset if known is None or is_known else known.reached - steady()
        self._waited = 0 if known is None else known.waited  # before this start, or before the last jump
        self._is_assumed = False  # `base` is the floor of a start: true time may be anywhere after it
        self._since = steady()  # when the offset became what it is
        self._candidate: tuple[int, int] | None = None  # an offset that waits for its second look, and since when
        self._is_calm = False  # nothing waits for time to pass
        self.jumps = 0
        self.last_jump: tuple[int, int] | None = None  # at which time, and by how much
        self.unnoted: list[Jump] = []  # which the file does not have yet
        # What was written at a later time than now, while the clock was ahead, has to be made good.
        self.is_to_rewind = known is not None
        if self._floor is not None and self._is_below_floor(self._offset):
            behind = (self._floor - self._offset) // 1000
            log.warning("the clock is %d s behind the last proven time: it is not followed", behind)
            self._base = self._offset = self._floor
            self._is_assumed = True
            self.is_to_rewind = False  # what was written after the last proven time may well be right

    @property
    def state(self) -> State:
        """Return whether the clock is known to be right: SOUND, UNPROVEN or IN_DOUBT."""
        if self._base is None:
            return UNPROVEN
        is_at_base = self._candidate is None and abs(self._offset - self._base) <= SMALL
        return SOUND if is_at_base else IN_DOUBT

    @property
    def is_proven(self) -> bool:
        """Return whether the next start may take this time for its floor."""
        return self.state == SOUND and self._base == self._floor

    @property
    def is_behind(self) -> bool:
        """Return whether the clock shows an earlier time than the floor, by which reminders go."""
        return self._waits_from is not None

    @property
    def waited(self) -> int:
        """Return for how long the clock has been behind the floor; PROVEN where the floor has been given up for it."""
        if self._floor is None:
            return PROVEN
        return 0 if self._waits_from is None else self._waited + self._steady() - self._waits_from

    @property
    def _waits_from(self) -> int | None:
        if self._candidate is None or self._offset != self._floor or not self._is_below_floor(self._candidate[0]):
            return None
        return self._candidate[1]

    def __call__(self) -> int:
        """The time that reminders go by, in milliseconds since 1970."""
        wall, steady = self._clock(), self._steady()
        if not self._is_calm or abs(wall - steady - self._offset) > 1:  # every message asks
            self._look(wall - steady, steady)
        return steady + self._offset

    def on_any_thread(self) -> int:
        """The same time, without a look at the wall clock: for other threads than the loop's, which looks all the
        time."""
        return self._steady() + self._offset

    def _look(self, offset: int, steady: int) -> None:
        if not self._is_below_floor(offset):
            self._waited = 0
        if abs(offset - self._offset) <= SMALL:
            self._candidate = None
            self._follow(offset)
        elif self._base is not None and abs(offset - self._base) <= SMALL:
            self._jump(offset, steady)
        elif self._candidate is None or abs(offset - self._candidate[0]) > STEADY:
            if self._candidate is not None:
                self._waited = 0
            self._candidate = (offset, steady)
            log.warning("the clock jumped by %d s: a second look follows", (offset - self._offset) // 1000)
        elif steady - self._candidate[1] >= SECOND_LOOK:
            self._second_look(offset, steady)
        held = steady - self._since if self._candidate is None else 0
        if self.state != SOUND and held >= SETTLED:
            self._settle()
        if self.state == SOUND and held >= PROVEN:
            self._floor = self._base
        self._is_calm = self._candidate is None and self.is_proven

    def _second_look(self, offset: int, steady: int) -> None:
        assert self._candidate is not None
        if self._floor is None or not self._is_below_floor(offset):
            self._jump(offset, steady)
        elif self._waited + steady - self._candidate[1] >= PROVEN:
            self._floor = None
            self._jump(offset, steady)
        elif self._base is not None and self._offset != self._base and not self._is_assumed:
            # The clock was ahead, and is wrong now as well.
            waits = self._candidate
            self._jump(self._base, steady)
            self._candidate = waits

    def _is_below_floor(self, offset: int) -> bool:
        return self._floor is not None and offset < self._floor - SMALL

    def _follow(self, offset: int) -> None:
        by = offset - self._offset
        if self._floor == self._offset:
            self._floor = offset
        if self._base is not None and abs(self._base - self._offset) <= SMALL:
            self._base += by
        self._offset = offset

    def _jump(self, offset: int, steady: int) -> None:
        """Take the wall clock's new time for the time that it is."""
        by = offset - self._offset
        if abs(by) > SMALL:
            self.unnoted.append(Jump(steady + self._offset, steady + offset, by > 0 and self._is_assumed))
        self._offset, self._since, self._candidate = offset, steady, None
        self.jumps += 1
        self.last_jump = (steady + offset, by)
        is_return = self._base is not None and abs(offset - self._base) <= SMALL
        self.is_to_rewind = self.is_to_rewind or by < 0
        if is_return:
            if self._floor == self._base:
                self._floor = offset
            self._base, self._is_assumed = offset, False
        log.warning("the clock was set by %d s; it is %s now", by // 1000, self.state)

    def _settle(self) -> None:
        """The offset has held for so long that it counts as right."""
        is_earlier = self._base is None or self._offset < self._base
        self._base, self._is_assumed = self._offset, False
        self.is_to_rewind = self.is_to_rewind or is_earlier
        log.info("the clock counts as right from now on")
