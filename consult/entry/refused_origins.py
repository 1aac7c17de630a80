"""Refused origins in the log: each once in a while, and not for every try of a page that comes again every second."""

import logging
from collections.abc import Callable

log = logging.getLogger("careline.access")

TOLD_EVERY = 600.0  # seconds
MOST_ORIGINS = 100  # that are logged in that time; further ones are one line together
LONGEST_SHOWN = 200  # characters of an origin
_OTHERS = "further ones"


class RefusedOrigins:
    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never go back."""
        self._clock = clock
        self._told_at: dict[tuple[str, str], float] = {}

    def note(self, origin: str, over: str, address: str) -> None:
        """Log the origin as it came, and the setting that lets it in, unless that was logged a while ago."""
        shown = ascii(origin)
        if len(shown) > LONGEST_SHOWN:
            shown = f"{shown[:LONGEST_SHOWN]}..."
        now = self._clock()
        if (shown, over) not in self._told_at and len(self._told_at) >= MOST_ORIGINS:
            self._told_at = {key: at for key, at in self._told_at.items() if now - at < TOLD_EVERY}
            if len(self._told_at) >= MOST_ORIGINS:
                shown = _OTHERS
        if now - self._told_at.get((shown, over), -TOLD_EVERY) >= TOLD_EVERY:
            self._told_at[shown, over] = now
            log.warning(
                "refused a page of origin %s at %s over %s; --allowed-origins (CARELINE_ALLOWED_ORIGINS) lets in the "
                "origins that it lists; more of this one are not logged for %d minutes",
                shown,
                address,
                over,
                TOLD_EVERY // 60,
            )
