"""The time of day, passed in so that tests own it, and the wire's way of writing it.

Everywhere inside Careline a time is an integer: milliseconds since 1970-01-01 UTC.
"""

import logging
import re
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzlocal

log = logging.getLogger("careline.clock")

Clock = Callable[[], int]

DAY = 86_400_000  # milliseconds

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)
# datetime.fromisoformat also takes week dates and basic forms; the protocol does not.
_FORM = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)?", re.ASCII)


def system_clock() -> int:
    """Now, by the machine."""
    return time.time_ns() // 1_000_000


def machine_zone() -> ZoneInfo:
    """The machine's time zone, UTC with a warning where it is not known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            name = tzlocal.get_localzone_name()
        if name:
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, UserWarning):
        pass
    log.warning("the machine's time zone is not known: times are in UTC; --timezone (CARELINE_TIMEZONE) names the zone")
    return ZoneInfo("UTC")


class WireTime:
    """Reads and writes times in the clinic's zone, as section 8 of docs/socket-events.md has them."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._last: tuple[int, str] = (-1, "")

    def text(self, moment: int) -> str:
        """`YYYY-MM-DD HH:MM:SS` in the clinic's zone."""
        second = moment // 1000
        if second != self._last[0]:
            # Messages come by the hundred within one second: it is written once.
            self._last = (second, datetime.fromtimestamp(second, self.zone).strftime("%Y-%m-%d %H:%M:%S"))
        return self._last[1]

    def moment(self, text: str) -> int:
        """The moment that a request names; ValueError when it names none.

        Without an offset the text is the clinic's wall clock: a time that daylight saving skips is the end of the
        gap, one that comes twice is the first.
        """
        named = _named(text)
        try:
            if named.tzinfo is None:
                named = first_on_wall(named, self.zone)
            named = named.astimezone(UTC)
        except OverflowError:  # within a day of the years' ends
            raise ValueError(text) from None
        if not _EARLIEST <= named <= _LATEST:
            raise ValueError(text)
        return in_milliseconds(named)

    def is_local(self, text: str) -> bool:
        """Return whether a request names a time on the clinic's wall, and not a moment by an offset."""
        return _named(text).tzinfo is None

    def wall(self, text: str, zone: ZoneInfo) -> datetime:
        """Return what the clocks of `zone` show at the moment that a request names; ValueError when it names none.

        Where the clinic's own wall clock is named and asked for, it stays as named, also when daylight saving skips it.
        """
        moment = self.moment(text)
        named = _named(text)
        if named.tzinfo is None and zone.key == self.zone.key:
            return named.replace(microsecond=named.microsecond // 1000 * 1000)
        return on_wall(moment, zone)


class ClinicTime(WireTime):
    """The clinic's zone, and what time it is now."""

    def __init__(self, zone: ZoneInfo, now: Clock) -> None:
        super().__init__(zone)
        self.now = now

    def today(self) -> str:
        """Return the date in the clinic, as `YYYY-MM-DD`."""
        return self.text(self.now())[:10]


def on_wall(moment: int, zone: ZoneInfo) -> datetime:
    """Return what the zone's clocks show at a moment, without a zone."""
    return (datetime.fromtimestamp(moment // 1000, zone) + timedelta(milliseconds=moment % 1000)).replace(tzinfo=None)


def in_milliseconds(moment: datetime) -> int:
    """A time with a zone, as times are everywhere inside."""
    return (moment - _EARLIEST) // timedelta(milliseconds=1)


def _named(text: str) -> datetime:
    if not _FORM.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def first_on_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which the zone's clocks show `wall` or, where they skip it, the end of the gap."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # Within a gap zoneinfo counts with the offset before it, so `moment` lies after the gap's end, by less than the
    # gap's length. The end itself is the second in which the offset changes; Samoa once skipped a whole day.
    after = int(moment.timestamp())
    before = after - 2 * 86_400
    offset = moment.astimezone(zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return datetime.fromtimestamp(after, UTC)
