"""All hooks of the server: their senders, taken up at the start and after each SIGHUP."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from consult.hooks.hooks_file import Hook, HooksFault, read_hooks, refuse_links
from store import outbox
from store.clock import Clock, WireTime
from store.database import Database
from store.outbox import Burial, Position
from store.transaction import WriteRefused, WriteUnknown, each

if TYPE_CHECKING:
    from consult.hooks.sender import Sender

log = logging.getLogger("careline.hooks")

WATCH: Final = 0.25  # seconds between two looks for attempts that take too long
GRACE: Final = 0.15  # seconds that an attempt under way has at a stop, and then again to end once it is cut
BURIAL: Final = 6.0  # seconds that a sender waits for the writer
REPLACED: Final = 15.0  # seconds until a sender is left to itself, which hangs in the resolver


@dataclass(frozen=True, slots=True)
class State:
    """A sender as `/health` and the metrics tell it."""

    listener: outbox.Listener
    is_off: bool
    delivered: int
    failed: int


class Hooks:
    """Build it within the event loop that uses it. Without hooks there is none."""

    def __init__(
        self,
        path: Path,
        database: Database,
        clock: Clock,
        is_clock_sound: Callable[[], bool],
        time: WireTime,
        link: Callable[[int], str] | None,
        handed: Callable[[str], str],
    ) -> None:
        """`link` gives the link that confirms a notification; None where no links are made. `handed` gives JSON with
        the addresses of files in it signed, on any thread. HooksFault when the file cannot be used."""
        self._path = path
        self._link = link
        self._handed = handed
        self._hooks = self._read()
        self._database = database
        self._clock = clock
        self._is_clock_sound = is_clock_sound
        self._time = time
        self._loop = asyncio.get_running_loop()
        self._senders: list[Sender] = []
        self._ends: dict[Sender, asyncio.Future[None]] = {}
        self._reloading: asyncio.Task[None] | None = None
        self._watcher: asyncio.TimerHandle | None = None
        self._is_stopping = False

    async def open(self) -> None:
        """Have the writer note what happens from now on, before the first client is admitted."""
        await self._take_up(self._hooks)

    async def _take_up(self, hooks: tuple[Hook, ...]) -> None:
        # First what may be refused: then nothing has changed.
        gone = await self._database.written(each(outbox.take_up), [hook.name for hook in hooks])
        self._hooks = hooks
        for name, waiting in gone:
            log.warning(
                "the hook %s is in the file no more: up to %d events that waited for it are dropped", name, waiting
            )
        events = {event for hook in hooks for event in hook.events}
        await self._database.prepare(outbox.listens(events, self._clock))

    @property
    def channels(self) -> set[str]:
        """Return the channels that hooks list: what is for them goes out by these hooks."""
        return {channel for hook in self._hooks for channel in hook.channels}

    def _read(self) -> tuple[Hook, ...]:
        hooks = read_hooks(self._path)
        if self._link is None:
            refuse_links(hooks)
        return hooks

    def start(self) -> None:
        self._database.committed = self.wake
        self._begin()
        self._watcher = self._loop.call_later(WATCH, self._watch)

    def wake(self) -> None:
        """Something was committed."""
        for sender in self._senders:
            sender.wake()

    def reload(self) -> None:
        """Read the file again. One that cannot be used changes nothing."""
        try:
            hooks = self._read()
        except HooksFault as fault:
            log.error("the hooks stay as they were: %s %s", self._path, fault)
            return
        before = self._reloading
        self._reloading = asyncio.create_task(self._replace(hooks, before))

    async def stop(self) -> None:
        """End the senders. What they have under way may be told once more after the next start."""
        self._is_stopping = True
        if self._watcher is not None:
            self._watcher.cancel()
        if self._reloading is not None:
            self._reloading.cancel()
        self._database.committed = None
        await self._end(GRACE, GRACE)

    @property
    def states(self) -> list[State]:
        """Return how the hooks fare, in the file's order."""
        return [State(one.listener, one.is_off, one.delivered, one.failed) for one in self._senders]

    async def standings(self) -> dict[str, outbox.Standing]:
        """Return what waits for each hook."""
        return await asyncio.to_thread(self._standings)

    def _standings(self) -> dict[str, outbox.Standing]:
        found = outbox.standings(self._database.path, [state.listener for state in self.states])
        return {name: one for name, one in found.items() if one is not None}

    def _begin(self) -> None:
        # Not at the top: without hooks a start does not wait for the HTTP client's modules, which take 50 ms.
        from consult.hooks.sender import Sender, Writes

        for hook in self._hooks:
            ended: asyncio.Future[None] = self._loop.create_future()
            sender = Sender(
                hook,
                self._database.path,
                self._clock,
                self._is_clock_sound,
                self._time,
                self._link if hook.confirm_links else None,
                self._handed,
                Writes(partial(self._on_loop, self._advance), self._bury),
                partial(self._on_loop, _resolve, ended),
            )
            self._ends[sender] = ended
            self._senders.append(sender)
            sender.start()

    async def _end(self, grace: float, after_cut: float) -> None:
        """End all senders, each after the attempt that is under way, or as it is cut."""
        ending = [self._ends.pop(sender) for sender in self._senders]
        for sender in self._senders:
            sender.stop()
        if ending:
            _, open_ones = await asyncio.wait(ending, timeout=grace)
            if open_ones:
                for sender in self._senders:
                    sender.receiver.cut()
                await asyncio.wait(open_ones, timeout=after_cut)
        self._senders = []

    async def _replace(self, hooks: tuple[Hook, ...], before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await self._end(GRACE, REPLACED)
            await self._take_up(hooks)
            log.info("the hooks were read again from %s", self._path)
        except (WriteRefused, WriteUnknown, sqlite3.Error) as fault:
            log.error("the hooks stay as they were, as the database cannot be written: %s", fault)
        if not self._is_stopping:
            self._begin()

    def _watch(self) -> None:
        for sender in self._senders:
            if sender.receiver.is_overdue():
                sender.receiver.cut()
        self._watcher = self._loop.call_later(WATCH, self._watch)

    def _advance(self, come: Position) -> None:
        # Lost in a power cut it is told once more, which the receiver knows by its id: it need not wait for the disk.
        self._database.write(_ADVANCE, come, _ignore, _ignore, is_unsynced=True)

    # On the senders' threads.

    def _on_loop(self, what: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended before this thread
            self._loop.call_soon_threadsafe(what, *arguments)

    def _bury(self, burial: Burial) -> bool:
        done: Future[bool] = Future()
        self._on_loop(
            self._database.write, _BURY, burial, lambda _: done.set_result(True), lambda _: done.set_result(False)
        )
        with contextlib.suppress(TimeoutError):
            return done.result(BURIAL)
        return False


_ADVANCE = each(outbox.advance)
_BURY = each(outbox.bury)


def _ignore(_: object) -> None:
    """A position that was not written is written with the next."""


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
