"""Messages to systemd about a server that it has started (sd_notify(3)). Without systemd there are none."""

import contextlib
import socket
from collections.abc import Mapping

LONGEST_STEP = 120  # seconds that a start may take between two words of it: a big transaction is committed
LONGEST_SEND = 1.0  # seconds; systemd takes a message at once unless the machine is about to fall over


class Systemd:
    """The socket that systemd names in the environment of what it starts."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        named = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{named[1:]}" if named.startswith("@") else named
        self._watches = "WATCHDOG_USEC" in environment
        self._is_ready = False

    def starting(self, doing: str) -> None:
        """Puts off the end of `TimeoutStartSec`; what is under way is for `systemctl status`."""
        self._tell(f"EXTEND_TIMEOUT_USEC={LONGEST_STEP * 1_000_000}\nSTATUS={doing}")

    def ready(self, where: str) -> None:
        """Connections are accepted; `where` is for `systemctl status`."""
        self._is_ready = True
        self._tell(f"READY=1\nSTATUS=Listening on {where}")

    def alive(self) -> None:
        """Puts off the restart that comes when this was not said for as long as the unit's `WatchdogSec`, which counts
        once it is ready."""
        if self._watches and self._is_ready:
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The server is about to end because it was asked to."""
        self._tell("STOPPING=1")

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        # What does not get through systemd notices by itself, and a server that serves need not end for it.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
            sending.settimeout(LONGEST_SEND)
            sending.sendto(text.encode(), self._address)
