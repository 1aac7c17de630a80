"""Work on a disk that may be slow, in a thread of its own: it holds up neither the loop nor the end of the process."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

from store.file import StoreFault

# Told the share that is done, again and again; False gives up.
Going = Callable[[float], bool]
Result = TypeVar("Result")

SILENT = 600.0  # seconds without progress after which a disk counts as slow, as do those that all of it may take
LONGEST = 6 * 3600.0
LOOK_EVERY = 1.0  # seconds
END = 0.3  # seconds that a stop waits for the work to give up


class Aside(Generic[Result]):
    """Does one piece of work at a time."""

    def __init__(self) -> None:
        self._under_way: asyncio.Future[Result] | None = None
        self._began = self._moved = 0.0  # by the loop's clock
        self._is_ending = False

    async def run(self, what: str, work: Callable[[Going], Result]) -> Result:
        """Return what the work returns, or raise what it raises. StoreFault when the disk is too slow: then it goes on,
        and the next call waits for it again.

        Cancelled it has the work give up, and does not wait long for that.
        """
        loop = asyncio.get_running_loop()
        if self._under_way is None:
            self._under_way, self._began, self._moved = loop.create_future(), loop.time(), loop.time()
            # A daemon, so that a disk that hangs keeps no process alive.
            threading.Thread(target=self._work, args=(loop, self._under_way, work), name=what, daemon=True).start()
        try:
            while not (await asyncio.wait([self._under_way], timeout=LOOK_EVERY))[0]:
                if loop.time() - self._moved > SILENT:
                    raise StoreFault(f"{what} has come no further for {SILENT:,.0f} s: the disk is slow or hangs")
                if loop.time() - self._began > LONGEST:
                    raise StoreFault(f"{what} has taken more than {LONGEST:,.0f} s and goes on: the disk is slow")
        except asyncio.CancelledError:
            self._is_ending = True
            await asyncio.wait([self._under_way], timeout=END)
            if self._under_way.done():
                self._under_way.exception()  # nothing else takes it
            raise
        done, self._under_way = self._under_way, None
        return done.result()

    # On the thread.

    def _work(
        self, loop: asyncio.AbstractEventLoop, done: asyncio.Future[Result], work: Callable[[Going], Result]
    ) -> None:
        def going(_: float) -> bool:
            self._moved = loop.time()
            return not self._is_ending

        settle: Callable[[], None]
        try:
            settle = partial(done.set_result, work(going))
        except BaseException as fault:
            settle = partial(done.set_exception, fault)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle)
