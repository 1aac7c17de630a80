"""A Careline that is killed again and again, and started on the same file and port."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.server import LIMIT, Server, environment


class Doomed(Server):
    """A server in a process group of its own, which is killed as a whole."""

    def __init__(self, folder: Path, command: Sequence[str], settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self._words = [*command, "serve", "--port", str(self.port), "--database", str(self.database)]

    def begin(self) -> None:
        """Start the program and do not wait."""
        with (self.folder / "stderr.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(self._settings),
                cwd=self.folder,
                start_new_session=True,
            )

    def listens(self) -> None:
        """Wait until it accepts connections."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 3 * LIMIT)
        line = self.process.stdout.readline() if ready else "nothing"
        assert line == f"Careline listening on {self.url}\n", f"{line!r} instead of its line:\n{self.stderr()[-3000:]}"

    def kill(self) -> None:
        """End every process of it with SIGKILL."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End it where it still runs."""
        if self._process is not None:
            self.kill()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """End it in good order; give nothing to be measured."""
        assert self._end(number) == 0, self.stderr()[-3000:]
        return 0.0

    def _end(self, number: signal.Signals) -> int:
        os.killpg(self.process.pid, number)
        status = self.process.wait(LIMIT)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._process = None
        return status
