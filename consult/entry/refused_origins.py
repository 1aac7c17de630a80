"""Refused origins in the log: each once in a while, and not for every try of a page that comes again every second."""

import logging
from collections.abc import Callable

log = logging.getLogger("careline.access")

TOLD_EVERY = 600.0  # seconds
MOST_TOLD = 100  # origins, each from an address, in that time; further ones are one line together
LONGEST_SHOWN = 200  # characters of an origin
_REMEDY = "--allowed-origins (CARELINE_ALLOWED_ORIGINS) lets in the origins that it lists"
_Key = tuple[str, str, str]  # origin as shown, over, address
_OTHERS: _Key = ("", "", "")


class RefusedOrigins:
    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never go back."""
        self._clock = clock
        self._told_at: dict[_Key, float] = {}

    def note(self, origin: str, over: str, address: str) -> None:
        """Log the origin as it came, and the setting that lets it in, unless that was logged a while ago."""
        shown = ascii(origin)
        if len(shown) > LONGEST_SHOWN:
            shown = f"{shown[:LONGEST_SHOWN]}..."
        key, now = (shown, over, address), self._clock()
        if key not in self._told_at and len(self._told_at) >= MOST_TOLD:
            self._told_at = {told: at for told, at in self._told_at.items() if now - at < TOLD_EVERY}
            if len(self._told_at) >= MOST_TOLD:
                key = _OTHERS
        if now - self._told_at.get(key, -TOLD_EVERY) < TOLD_EVERY:
            return
        self._told_at[key] = now
        which = "a page of origin" if key is not _OTHERS else "pages of many origins, the last one"
        log.warning(
            "refused %s %s at %s over %s; %s; more are not logged for %d minutes",
            which,
            shown,
            address,
            over,
            _REMEDY,
            TOLD_EVERY // 60,
        )
