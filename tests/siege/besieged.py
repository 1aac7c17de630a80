"""The server under siege: on one port through all its starts, watched as systemd would watch it."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.fuzz.memory import memory
from tests.server import Server
from tests.siege.found import Found
from tests.wire.raw import resident_memory

WATCHDOG: Final = 60.0  # seconds, as in the unit of `careline install`
LEEWAY: Final = 1.0  # seconds after a start within which clients come back


class Watchdog:
    """Listens in systemd's place, and measures how long the server does not say that it is alive."""

    def __init__(self, path: Path) -> None:
        self.longest = 0.0
        self.fed_at: float | None = None  # None while the server does not run
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with suppress(OSError):
            while told := self._socket.recv(4096).decode():
                self._hear(told, time.monotonic())

    def _hear(self, told: str, now: float) -> None:
        if self.fed_at is not None:
            self.longest = max(self.longest, now - self.fed_at)
        self.fed_at = None if told.startswith("STOPPING") else now

    def hungry(self) -> float:
        """Give the seconds since it was fed."""
        fed_at = self.fed_at
        return 0.0 if fed_at is None else time.monotonic() - fed_at

    def close(self) -> None:
        """Listen no more."""
        self.longest = max(self.longest, self.hungry())
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


class Besieged:
    """Starts, stops and watches the server; knows when it was down on purpose."""

    def __init__(self, folder: Path, arguments: Sequence[str], found: Found) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        notify = folder / "notify"
        self.watchdog = Watchdog(notify)
        environment = {"NOTIFY_SOCKET": str(notify), "WATCHDOG_USEC": str(int(WATCHDOG * 1e6))}
        self.server = Server(folder, "--port", str(self.port), *arguments, env=environment, nginx=False)
        self.server.allow_tracebacks = True  # they are counted at the end
        self._found = found
        self._scheduled: dict[int, tuple[float, float]] = {}  # seconds run and waited, by process
        self._downs: list[tuple[float, float]] = []
        self._went_down: float | None = None

    def start(self) -> None:
        """Start it."""
        self.server.start()
        if self._went_down is not None:
            self._downs.append((self._went_down, time.monotonic() + LEEWAY))
            self._went_down = None

    def was_down(self, began: float, ended: float) -> bool:
        """Look whether the server was down on purpose at any moment from `began` to `ended`."""
        if self._went_down is not None and ended >= self._went_down:
            return True
        return any(start <= ended and began <= end for start, end in self._downs)

    def worked(self) -> float:
        """Give the seconds of a processor that the server's loop has had, over all its starts."""
        with suppress(OSError, AssertionError):
            ran, waited, _ = map(int, Path(f"/proc/{self.server.process.pid}/schedstat").read_text().split())
            self._scheduled[self.server.process.pid] = (ran / 1e9, waited / 1e9)
        return sum(ran for ran, _ in list(self._scheduled.values()))

    def until_down(self, began: float, ended: float) -> float:
        """Give how many seconds from `began` on the server was up without a break, until `ended` at most."""
        downs = [*self._downs, *([(self._went_down, ended)] if self._went_down is not None else [])]
        if any(start <= began <= end for start, end in downs):
            return 0.0
        return min([start for start, _ in downs if start > began], default=ended) - began

    def stop(self) -> None:
        """End it with SIGTERM, and note how long it takes and what is wrong with it."""
        self._look_at_process()
        self._went_down = began = time.monotonic()
        try:
            self._found.stops.append(self.server.stop())
        except AssertionError as fault:
            self._found.stops.append(time.monotonic() - began)
            self._found.fault("the stop", f"{str(fault)[:100]} ... {str(fault)[-400:]}")

    def look(self) -> None:
        """Do what systemd does: start it again when it has ended, or when it does not say that it is alive."""
        status = self.server.process.poll()
        if status is not None:
            self._found.fault("the server", f"has ended by itself with status {status}")
        elif self.watchdog.hungry() > WATCHDOG:
            self._found.restarts += 1
            self._found.fault("the watchdog", f"has not been fed for {WATCHDOG} s; the server is killed")
            os.kill(self.server.process.pid, signal.SIGABRT)
        else:
            self._look_at_process()
            return
        self._went_down = time.monotonic()
        self.server.kill()
        self.watchdog.longest = max(self.watchdog.longest, self.watchdog.hungry())
        self.watchdog.fed_at = None
        self.start()

    def _look_at_process(self) -> None:
        with suppress(OSError):  # it, or what it has started, has just ended
            self._found.ran = self.worked()
            self._found.waited = sum(waited for _, waited in list(self._scheduled.values()))
            peak = resident_memory(self.server, "VmHWM")
            everything = memory(self.server).pss
            if max(peak, everything) > self._found.memory:
                self._found.memory, self._found.memory_at = max(peak, everything), time.monotonic()

    def close(self) -> None:
        """End it for good."""
        if self.server._process is not None:
            self.stop()
        self.watchdog.close()
        self._found.longest_feeding = self.watchdog.longest
