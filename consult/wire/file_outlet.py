"""A file's way to a client without TLS: from the file straight into the connection, and never through this program."""

import asyncio
import os
import select
import socket
import threading
from contextlib import suppress

STEP = 4_194_304  # bytes, at most, in one turn of a thread
PATIENCE_MS = 2  # that a thread waits for a client to take more


class FileOutlet:
    """Sends parts of an open file into a connection. It has both from then on, and `close` gives both back."""

    def __init__(self, connection: socket.socket, file: int) -> None:
        self._connection = os.dup(connection.fileno())  # so that the loop can be told apart from the transport's own
        self._file = file
        self._lock = threading.Lock()  # a number that is closed may be another's at once
        self._is_open = True
        self._poll = select.poll()
        self._poll.register(self._connection, select.POLLOUT)

    def send(self, place: int, length: int) -> int:
        """Send from a place on as much as the network takes now, on a thread, which waits for it for a moment; return
        the bytes. A client that reads as fast as it can costs few turns of the thread."""
        with self._lock:
            if not self._is_open:
                raise ConnectionAbortedError
            sent, most = 0, min(length, STEP)
            while sent < most:
                try:
                    size = os.sendfile(self._connection, self._file, place + sent, most - sent)
                except BlockingIOError:
                    if not self._poll.poll(PATIENCE_MS):
                        break
                    continue
                if not size:
                    raise EOFError("the file ends too early")
                sent += size
            return sent

    async def writable(self, seconds: float) -> None:
        """Return when the network takes more; TimeoutError where it does not in time."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        loop.add_writer(self._connection, ready.set)
        try:
            async with asyncio.timeout(seconds):
                await ready.wait()
        finally:
            loop.remove_writer(self._connection)

    def close(self) -> None:
        """Give both back, on a thread: one that sends is waited for."""
        with self._lock:
            self._is_open = False
            for descriptor in (self._connection, self._file):
                with suppress(OSError):
                    os.close(descriptor)
