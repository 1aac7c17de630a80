"""Watches the machine's clock: which time reminders go by while it jumps, and when what it wrote is made good.

A clock that counts on by itself (the steady one) tells a jump of the wall clock from time that passes. The difference
of the two is the offset; a jump changes it. The states are:

- sound: the offset is `base`, which has held for SETTLED or was known before a short stop.
- unproven: after a start, until the offset has held for SETTLED. There is no `base`.
- in doubt: the clock has jumped away from `base`, until it returns or the new offset has held for SETTLED.

A jump of up to SMALL is followed at once. A larger one counts after a second look: the wall clock has to go on from
there for SECOND_LOOK, and reminders go by the steady clock meanwhile. A return to `base` counts at once.

When the clock has gone back, or has settled after a start, what it wrote too early is made good
(`store.clock_faults`), and at a start, unless the clock is behind the last time when it was sound: then it is more
likely to be wrong now. Nothing is deleted for its age unless the clock is sound.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from store.clock import Clock

log = logging.getLogger("careline.clock")

SMALL: Final = 300_000  # milliseconds, as are all times here
SECOND_LOOK: Final = 30_000
SETTLED: Final = 6 * 3_600_000
SHORT_STOP: Final = 600_000
STEADY: Final = 5_000  # by so much an offset may change and still be the same

SOUND, UNPROVEN, IN_DOUBT = "sound", "unproven", "in doubt"


def steady_clock() -> int:
    """Milliseconds that nobody can set; on Linux those of a sleeping machine count too."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1_000_000


class ClockWatch:
    """Gives the time that reminders go by. Reading it again and again is what watches the clock."""

    def __init__(self, clock: Clock, steady: Callable[[], int], last_sound: int | None) -> None:
        """`last_sound` is when the clock was last known to be right, None in a new file."""
        self._clock = clock
        self._steady = steady
        now = clock()
        self._offset = now - steady()
        is_known = last_sound is None or 0 <= now - last_sound <= SHORT_STOP
        self._base: int | None = self._offset if is_known else None
        self._since = steady()  # when the offset became what it is
        self._candidate: tuple[int, int] | None = None  # an offset that waits for its second look, and since when
        self.jumps = 0
        self.last_jump: tuple[int, int] | None = None  # at which time, and by how much
        # What was written at a later time than now, while the clock was ahead, has to be made good.
        self.is_to_rewind = last_sound is not None and now >= last_sound - SMALL
        if last_sound is not None and now < last_sound - SMALL:
            log.warning("the clock is %d s behind the last start: it may be wrong", (last_sound - now) // 1000)

    @property
    def state(self) -> str:
        """Whether the clock is known to be right: SOUND, UNPROVEN or IN_DOUBT."""
        if self._base is None:
            return UNPROVEN
        is_at_base = self._candidate is None and abs(self._offset - self._base) <= SMALL
        return SOUND if is_at_base else IN_DOUBT

    @property
    def is_waiting(self) -> bool:
        """Whether the wall clock has jumped, and reminders go by the steady clock until the second look."""
        return self._candidate is not None

    def __call__(self) -> int:
        """The time that reminders go by, in milliseconds since 1970."""
        wall, steady = self._clock(), self._steady()
        self._look(wall - steady, steady)
        return steady + self._offset

    def _look(self, offset: int, steady: int) -> None:
        if abs(offset - self._offset) <= SMALL:
            self._candidate = None
            self._follow(offset)
        elif self._base is not None and abs(offset - self._base) <= SMALL:
            self._jump(offset, steady)
        elif self._candidate is None or abs(offset - self._candidate[0]) > STEADY:
            self._candidate = (offset, steady)
            log.warning("the clock jumped by %d s: a second look follows", (offset - self._offset) // 1000)
        elif steady - self._candidate[1] >= SECOND_LOOK:
            self._jump(offset, steady)
        if self.state != SOUND and steady - self._since >= SETTLED and self._candidate is None:
            self._settle()

    def _follow(self, offset: int) -> None:
        if self._base is not None and abs(self._base - self._offset) <= SMALL:
            self._base += offset - self._offset
        self._offset = offset

    def _jump(self, offset: int, steady: int) -> None:
        """Take the wall clock's new time for the time that it is."""
        by = offset - self._offset
        self._offset, self._since, self._candidate = offset, steady, None
        self.jumps += 1
        self.last_jump = (steady + offset, by)
        is_return = self._base is not None and abs(offset - self._base) <= SMALL
        self.is_to_rewind = self.is_to_rewind or by < 0
        if is_return:
            self._base = offset
        log.warning("the clock was set by %d s; it is %s now", by // 1000, self.state)

    def _settle(self) -> None:
        """The offset has held for so long that it counts as right."""
        is_earlier = self._base is None or self._offset < self._base
        self._base = self._offset
        self.is_to_rewind = self.is_to_rewind or is_earlier
        log.info("the clock counts as right from now on")
