"""The attackers' processes, as the siege starts and hears them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Final

from tests.server import ROOT
from tests.siege.found import Found, Made

LAST_ATTACK: Final = 0.5  # seconds that an attacker has to end by itself


class AttackerProcess:
    """One attacker. The process is as nice as can be, so that the server and the honest people come first."""

    def __init__(self, name: str, given: str, found: Found) -> None:
        self.name = name
        self._given = given
        self._found = found
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        """Begin to attack."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.siege.attacks", self._given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._reader.start()

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._found.attacks.append(Made(attacker=self.name, **json.loads(line)))

    def call_off(self) -> None:
        """Have it end; do not wait."""
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.closed:
            status = self._process.poll()
            if status is not None:
                self._found.fault("the siege itself", f"the {self.name} has ended with status {status}")
            self._process.stdin.close()

    def stop(self) -> None:
        """See it ended, by force where it is in the middle of an attack."""
        self.call_off()
        if self._process is None:
            return
        process, self._process = self._process, None
        try:
            process.wait(LAST_ATTACK)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join()
        assert process.stdout is not None
        process.stdout.close()
