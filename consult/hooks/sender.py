"""The thread of one hook: it tells one event after the other, in commit order, and waits where the receiver fails.

While the first event fails the others wait behind it. An event that fails for three days becomes a dead letter, and the
next has its turn. Where that fails as well, the receiver is taken for dead: all that waits for three days goes at once.
"""

import logging
import random
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consult.hooks import bodies
from consult.hooks.bodies import Telling
from consult.hooks.hooks_file import Hook
from consult.hooks.receiver import Answer, Receiver
from consult.hooks.signature import signed
from store import outbox
from store.clock import DAY, Clock, WireTime
from store.outbox import Burial, Listener, Position, Waiting
from store.transaction import is_of_file

log = logging.getLogger("careline.hooks")

GIVEN_UP: Final = 3 * DAY  # milliseconds for which an event is tried
FIRST_PAUSE: Final = 1.0  # seconds after the first failure; doubled after each further one
LONGEST_PAUSE: Final = 3_600.0  # seconds, whatever a Retry-After asks for
LOOK: Final = 1.0  # seconds between two looks for what another process has put there
TELL_EVERY: Final = 60.0  # seconds between two lines of the log about what is given up
READ_AT_ONCE: Final = 100  # events
REPORT_AFTER: Final = 100  # events, or
REPORT_EVERY: Final = 0.25  # seconds, until the file is told how far the hook has come


@dataclass(frozen=True, slots=True)
class Writes:
    """What a sender has written by the one writer. Called on its thread."""

    advance: Callable[[Position], None]  # does not wait
    bury: Callable[[Burial], bool]  # whether it is done


class Sender:
    """Build it on the loop; `start` begins its thread."""

    def __init__(
        self,
        hook: Hook,
        path: Path,
        clock: Clock,
        is_clock_sound: Callable[[], bool],
        time_of_clinic: WireTime,
        link: Callable[[int], str] | None,
        handed: Callable[[str], str],
        writes: Writes,
        ended: Callable[[], None],
    ) -> None:
        self.hook = hook
        self.listener = Listener(hook.name, hook.events, hook.channels)
        self.receiver = Receiver(hook.url, clock)
        self.is_off = False  # the receiver has answered 410
        self.delivered = self.failed = 0
        self.last_error: str | None = None
        self._path = path
        self._clock = clock
        self._is_clock_sound = is_clock_sound
        # The time is not shared with the loop: it keeps the last text that it wrote.
        self._telling = Telling(hook.content, WireTime(time_of_clinic.zone), link, handed)
        self._writes = writes
        self._ended = ended
        self._stopping = threading.Event()
        self._woken = threading.Event()
        # A daemon: a name that takes minutes to resolve keeps no process alive.
        self._thread = threading.Thread(target=self._work, name=f"hook-{hook.name}", daemon=True)
        self._position = 0
        self._reported = 0
        self._reported_at = 0.0
        self._failing_since: int | None = None
        self._failures = 0  # in a row
        self._is_dead = False  # an event was given up, and the next fails as well
        self._next: deque[Waiting] = deque()
        self._counted_at = self._logged_at = float("-inf")

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There may be something to tell."""
        self._woken.set()

    def stop(self) -> None:
        """End after the attempt that is under way, which `receiver.cut` breaks off."""
        self._stopping.set()
        self._woken.set()

    # On the thread.

    def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    with closing(outbox.reading(self._path)) as connection:
                        self._tell_all(connection)
                except sqlite3.Error as fault:
                    log.warning("the outbox of the hook %s cannot be read, trying again: %s", self.hook.name, fault)
                    self._stopping.wait(TELL_EVERY)
                except Exception:
                    log.exception("the hook %s stumbled, trying again", self.hook.name)
                    self._stopping.wait(TELL_EVERY)
            self._report()
        finally:
            self.receiver.close()
            self._ended()

    def _tell_all(self, connection: sqlite3.Connection) -> None:
        """Tell what is there, and what comes, until it is to stop."""
        origin = outbox.origin(connection)
        stands = outbox.position(connection, self.hook.name)
        self._position = max(self._position, stands.position)
        self._failing_since, self.last_error = stands.failing_since, stands.last_error
        while not self._stopping.is_set():
            self._woken.clear()
            if not self._next:
                self._next.extend(outbox.after(connection, self.listener, self._position, READ_AT_ONCE))
            if not self._next:
                self._report()
                self._woken.wait(LOOK)
                continue
            waiting = self._next[0]
            if self._bury_excess(connection):
                continue
            if not waiting.is_wanted:
                self._done(waiting)
            elif self.is_off:
                self._give_up(connection, waiting)
                self._stopping.wait(LOOK)
            else:
                self._tell(connection, waiting, origin)

    def _tell(self, connection: sqlite3.Connection, waiting: Waiting, origin: str) -> None:
        try:
            body = bodies.body(connection, waiting, self._telling)
        except Exception as fault:
            if is_of_file(fault):
                raise
            self._bury(waiting.id, f"it cannot be read: {type(fault).__name__}")
            return
        told_id = f"evt_{origin}_{waiting.told_id}"
        answer = self.receiver.post(body, signed(self.hook.secret, told_id, self._clock(), body))
        if answer.fault is None:
            self.delivered += 1
            if self._failing_since is not None:
                log.warning("the hook %s is told again", self.hook.name)
            self._failing_since = self.last_error = None
            self._failures, self._is_dead = 0, False
            self._done(waiting)
        elif not self._stopping.is_set():
            self._fail(connection, waiting, answer, answer.fault)

    def _done(self, waiting: Waiting) -> None:
        self._position = waiting.id
        self._next.popleft()
        is_full = self._position - self._reported >= REPORT_AFTER
        if is_full or time.monotonic() - self._reported_at >= REPORT_EVERY:
            self._report()

    def _report(self) -> None:
        if self._position > self._reported:
            self._reported, self._reported_at = self._position, time.monotonic()
            self._writes.advance(Position(self.hook.name, self._position, self._failing_since, self.last_error))

    def _fail(self, connection: sqlite3.Connection, waiting: Waiting, answer: Answer, fault: str) -> None:
        self.failed += 1
        self._failures += 1
        self.last_error = fault
        now = self._clock()
        if self._failing_since is None or self._failing_since > now:
            log.warning("the hook %s cannot be told, trying again: its receiver %s", self.hook.name, fault)
            self._failing_since = now
        self._writes.advance(Position(self.hook.name, self._position, self._failing_since, fault))
        if answer.is_gone:
            self.is_off = True
            log.error("the hook %s is off until SIGHUP or a restart: its receiver answers 410", self.hook.name)
        elif not self._give_up(connection, waiting):
            self._pause(answer)

    def _give_up(self, connection: sqlite3.Connection, waiting: Waiting) -> bool:
        """Make a dead letter of an event that has failed for three days, and of more where the receiver is dead. Return
        whether there are any."""
        # By a clock that may be wrong nothing is given up.
        if not self._is_clock_sound() or not self._is_too_old(waiting):
            return False
        up_to = waiting.id
        if self._is_dead or self.is_off:
            for one in outbox.after(connection, self.listener, self._position, outbox.CHUNK):
                if one.is_wanted and not self._is_too_old(one):
                    break
                up_to = one.id
        self._is_dead = True
        why = "its receiver answered 410" if self.is_off else f"its receiver {self.last_error}, for three days"
        return self._bury(up_to, why)

    def _bury_excess(self, connection: sqlite3.Connection) -> bool:
        """Make dead letters of the oldest events where too many wait, as a receiver may be slow without failing. Return
        whether there are any."""
        if time.monotonic() - self._counted_at < LOOK:
            return False
        up_to = outbox.excess(connection, self.listener, self._position)
        if up_to is None:
            self._counted_at = time.monotonic()
            return False
        return self._bury(up_to, "too many events were waiting")

    def _is_too_old(self, waiting: Waiting) -> bool:
        since = waiting.at if self._failing_since is None else max(waiting.at, self._failing_since)
        return self._clock() - since >= GIVEN_UP

    def _bury(self, up_to: int, why: str) -> bool:
        """Make dead letters of what waits up to an id. Return whether it is done."""
        if self._stopping.is_set():
            return False
        self._report()
        if not self._writes.bury(Burial(self.listener, up_to, self._clock(), why)):
            self._stopping.wait(LOOK)
            return False
        if time.monotonic() - self._logged_at >= TELL_EVERY:
            self._logged_at = time.monotonic()
            log.error("the hook %s has dead letters: %s", self.hook.name, why)
        self._position = self._reported = up_to
        self._next.clear()
        return True

    def _pause(self, answer: Answer) -> None:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures - 1, 20))
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - so that receivers are not asked by all hooks at once
        if answer.retry_after is not None:
            pause = max(pause, min(answer.retry_after, LONGEST_PAUSE))
        # By the clock that does not jump, and by the one on the wall: a machine that slept need not wait once more.
        until, wall = time.monotonic() + pause, self._clock() + pause * 1000
        while not self._stopping.is_set() and (left := until - time.monotonic()) > 0 and self._clock() < wall:
            self._stopping.wait(min(left, LOOK))
