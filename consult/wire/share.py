"""Fairness between connections: the share of a turn of the loop that each one has, and what it may send at all.

uvloop may read megabytes of one connection before it looks at the next one. So a connection that has sent more than
its share is not read any further: what it has sent is kept, and it is served again in a later turn, behind the others.
"""

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from functools import partial
from time import perf_counter, thread_time
from typing import Protocol

from websockets.frames import apply_mask  # type: ignore[attr-defined] # in C where the library has that

from consult.contract.limits import MAX_BYTES, MOST_IDLE, MOST_REFUSED, STRANGER_BYTES_IN_ALL, STRANGER_FRAMES, WINDOW
from consult.wire.loop_turns import LoopTurns

# The share of one connection in one turn: whichever is used up first. One packet is never split.
FRAMES = 64
BYTES = 65_536
SECONDS = 0.002
# What comes at once and is read at once, without a look at the time: nearly always there is no more.
FEW_FRAMES = 8
FEW_BYTES = 16_384
# All connections that have sent more than a few frames, together, in one turn.
TURN_SECONDS = 0.010

# A packet that takes longer is followed by a pause of its connection of so many times as long: it gets a quarter. What
# such connections send is read one packet at a time, with a rest as long as that took: they get half together, and what
# goes through several turns, as most answers do, goes through them meanwhile.
LONG_SECONDS = 0.010
PAUSE_TIMES = 3

WHOLE_TEXT = 0x81  # the first byte of a text frame that is no fragment
MASKED = 0x80  # in the second byte of every frame that a client sends

STRANGER_TOO_LARGE = "too many bytes before its CONNECT"


class Reader(Protocol):
    """A carrier that keeps bytes which it has not read yet."""

    def serve(self) -> None:
        """Read one share of what is kept."""


class Turns(LoopTurns):
    """Serves the readers that have more to read than one share, round robin, and behind them those of long packets."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._waiting: deque[Reader] = deque()
        self._long: deque[Reader] = deque()

    @property
    def is_over(self) -> bool:
        """True when the present turn has no time left for connections with more than a few frames."""
        return self._used > TURN_SECONDS

    def spend(self, seconds: float) -> None:
        """Count time that was spent in the present turn."""
        if seconds > LONG_SECONDS:
            self._rest(seconds)
        super().spend(seconds)

    def wait(self, reader: Reader, spent: float = 0.0, *, is_long: bool = False) -> None:
        """Serve the reader in a later turn, behind those that wait already; after a pause where it has spent seconds on
        a packet that could not be split. `is_long`: it has done so before."""
        if spent > LONG_SECONDS:
            self._loop.call_later(spent * PAUSE_TIMES, partial(self.wait, reader, is_long=True))
            return
        (self._long if is_long else self._waiting).append(reader)
        self._expect_next()

    async def come(self, spent: float = 0.0, *, is_long: bool = False) -> None:
        """Return in a later turn, as `wait` has it."""
        asleep = _Asleep(self._loop.create_future())
        self.wait(asleep, spent, is_long=is_long)
        await asleep.awake

    def _serve(self) -> bool:
        for _ in range(len(self._waiting)):
            if self.is_over:
                break
            self._serve_next(self._waiting)
        if self._long and not self._waiting and self._wait_for_rest():
            return False
        if self._long and not self._is_resting and not self.is_over:
            self._serve_next(self._long)
        return bool(self._waiting or self._long)

    def _serve_next(self, waiting: deque[Reader]) -> None:
        reader = waiting.popleft()
        reader.serve()
        if isinstance(reader, _Asleep):
            self._used += SECONDS  # what a task does it does later, so its whole share is counted


@dataclass(frozen=True, slots=True)
class _Asleep:
    """A task that waits for its turn."""

    awake: asyncio.Future[None]

    def serve(self) -> None:
        if not self.awake.done():  # its task may have been cancelled
            self.awake.set_result(None)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The most that a connection may send within a window before it is cut."""

    frames: float
    bytes: float

    @classmethod
    def beyond(cls, events_per_second: int, bytes_per_second: int) -> "Allowed":
        """Allow the limits of the settings, 0 for none, and what is answered with RATE_LIMITED beyond them."""
        return cls(
            events_per_second * WINDOW + MOST_REFUSED if events_per_second else math.inf,
            bytes_per_second * WINDOW + MAX_BYTES if bytes_per_second else math.inf,
        )


class Received:
    """Counts what one connection has sent, before it is parsed."""

    __slots__ = ("_allowed", "_bytes", "_ends_at", "_frames", "_idle", "_most_bytes", "_most_frames")

    def __init__(self, allowed: Allowed, now: float) -> None:
        self._allowed = allowed
        self._ends_at = now + WINDOW
        self._frames = self._bytes = self._idle = 0
        # Of a stranger, until it enters.
        self._most_frames: float = STRANGER_FRAMES
        self._most_bytes: float = STRANGER_BYTES_IN_ALL

    def add(self, frames: int, size: int) -> str | None:
        """Count what a connection has sent. Return the reason to cut it, or None."""
        self._frames += frames
        self._bytes += size
        if self._frames <= self._most_frames and self._bytes <= self._most_bytes and self._idle <= MOST_IDLE:
            return None
        if self._idle > MOST_IDLE:
            return "too many frames that ask nothing"
        has_entered = self._most_frames != STRANGER_FRAMES
        if self._frames > self._most_frames:
            return "too many frames" if has_entered else "too many frames before its CONNECT"
        return "too many bytes" if has_entered else STRANGER_TOO_LARGE

    def add_idle(self) -> None:
        """Count a frame that asks nothing, beside `add`."""
        self._idle += 1

    def entered(self) -> None:
        """The client's CONNECT was accepted: it is a stranger no more."""
        self._most_frames = self._allowed.frames
        self._most_bytes = self._allowed.bytes

    def beat(self, now: float) -> None:
        """Begin the next window when it is due; called once a second. A stranger has one window only."""
        if now >= self._ends_at and self._most_frames != STRANGER_FRAMES:
            self._ends_at = now + WINDOW
            self._frames = self._bytes = self._idle = 0


def frame_end(data: bytes, start: int) -> int:
    """Return where the websocket frame ends that starts there, 0 when its header is not complete."""
    have = len(data) - start
    if have < 2:
        return 0
    second = data[start + 1]
    length, header = second & 0x7F, start + (6 if second & 0x80 else 2)
    if length == 126:
        header += 2
        if len(data) < header:
            return 0
        length = int.from_bytes(data[start + 2 : start + 4])
    elif length == 127:
        header += 8
        if len(data) < header:
            return 0
        length = int.from_bytes(data[start + 2 : start + 10])
    elif len(data) < header:
        return 0
    return header + length


def few_texts(data: bytes) -> int:
    """Return how many frames these are, 0 unless they are a few whole ones of text, and not large."""
    size, end = len(data), 0
    if size > FEW_BYTES:
        return 0
    if 6 <= size < 132 and data[1] == MASKED | size - 6:  # one short frame, as most are
        return 1 if data[0] == WHOLE_TEXT else 0
    try:
        for frames in range(1, FEW_FRAMES + 1):
            second = data[end + 1]
            if data[end] != WHOLE_TEXT or second < MASKED:
                return 0
            if second < MASKED | 126:
                end += 6 + second - MASKED
            elif second == MASKED | 126:
                end += 8 + (data[end + 2] << 8 | data[end + 3])
            else:
                return 0
            if end >= size:
                return frames if end == size else 0
    except IndexError:  # a header that is not all there
        pass
    return 0


def whole_text(data: bytes) -> bytes | None:
    """Return what a client's frame of text holds, None unless these bytes are one that is whole, and not large."""
    if len(data) < 6 or data[0] != WHOLE_TEXT:
        return None
    second, head = data[1], 2
    size = second - MASKED
    if second == MASKED | 126:
        head = 4
        size = data[2] << 8 | data[3]
    if size + head + 4 != len(data):
        return None
    return apply_mask(data[head + 4 :], data[head : head + 4])


class Share:
    """The rest of one connection's share of the present turn."""

    __slots__ = ("_began", "_bytes", "_frames", "_until")

    def __init__(self) -> None:
        self._began = thread_time()
        self._until = perf_counter() + SECONDS  # which is cheap to ask
        self._frames = FRAMES
        self._bytes = BYTES

    @property
    def seconds(self) -> float:
        """Processor time that was spent since it began."""
        return thread_time() - self._began

    def is_used_up(self, size: int) -> bool:
        """Count a frame of so many bytes that was handled. True when the share is used up."""
        self._frames -= 1
        self._bytes -= size
        return self._frames <= 0 or self._bytes <= 0 or perf_counter() > self._until
