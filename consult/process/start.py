"""A start while the database is made ready, which may take minutes: the log and systemd are told what is under way,
and SIGINT and SIGTERM end it."""

import logging
import signal
import time

from consult.process.systemd import Systemd

LOG_EVERY = 10.0  # seconds
TELL_EVERY = 1.0  # seconds

log = logging.getLogger("careline")


class Start:
    """The step of the start that is under way, and True in `stopped` once the start is to end."""

    def __init__(self, systemd: Systemd) -> None:
        """From now on SIGINT and SIGTERM are only noted. It has to be made in the process's first thread."""
        self.systemd = systemd
        self.stopped = False
        self.doing = "starting"
        self._began = self._logged_at = self._told_at = 0.0
        self.note_signals()

    def note_signals(self) -> None:
        """From now on SIGINT and SIGTERM are only noted."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)

    def going(self, doing: str, done: str = "") -> bool:
        """Note what is under way and how much of it is done; return False when it is to end.

        It is called again and again while that lasts.
        """
        now = time.monotonic()
        if doing != self.doing:
            self.doing, self._began, self._logged_at, self._told_at = doing, now, now, now - TELL_EVERY
            log.info("%s", doing)
        text = ", ".join(part for part in (doing, done, f"{now - self._began:.0f} s") if part)
        if now - self._logged_at >= LOG_EVERY:
            self._logged_at = now
            log.info("%s", text)
        if now - self._told_at >= TELL_EVERY:
            self._told_at = now
            self.systemd.starting(text)
        return not self.stopped

    def _stop(self, _number: int, _frame: object) -> None:
        self.stopped = True
