"""Failed log-ins: each is in the log and the audit, and a flood of them is a few rows."""

import logging
from dataclasses import dataclass

from consult.entry.audit import Audit
from consult.entry.tokens import Refused
from store.clock import Clock

log = logging.getLogger("careline.entry")

WINDOW = 60_000  # milliseconds in which failures of one address, place and reason are one line, and a count after it
MOST_WINDOWS = 100  # open at once; failures of further addresses are counted together
ACTIONS = {"socket": "connect", "http": "HTTP", "link": "confirm link"}
OTHERS = "other addresses"

_Key = tuple[str, str, str]  # where, address, reason


@dataclass(slots=True)
class _Window:
    began: int
    more: int = 0


class FailedLogins:
    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._windows: dict[_Key, _Window] = {}

    def note(self, where: str, address: str, refused: Refused) -> None:
        """Write down the first failure of a window at once, and count the others."""
        key = (where, address, refused.why)
        if key not in self._windows and len(self._windows) >= MOST_WINDOWS:
            key = (where, OTHERS, refused.why)
        window = self._windows.get(key)
        if window is not None:
            window.more += 1
            return
        self._windows[key] = _Window(self._clock())
        self._tell(key, f", {refused.detail}" if refused.detail else "")

    def flush(self, everything: bool = False) -> None:
        """Close the windows that are over, or all of them, and write down how many more failures each has seen."""
        now = self._clock()
        for key, window in list(self._windows.items()):
            # A clock that was set back must not keep a window open.
            if everything or not 0 <= now - window.began < WINDOW:
                del self._windows[key]
                if window.more:
                    self._tell(key, f", {window.more} more")

    def _tell(self, key: _Key, detail: str) -> None:
        where, address, why = key
        what = "link" if where == "link" else "token"
        log.warning("a log-in from %s over %s failed: %s %s%s", address, where, what, why, detail)
        self._audit.record(None, address, ACTIONS[where], result=f"UNAUTHENTICATED {why}{detail}")
