"""The key of an occurrence: the time that it is planned for, as a person meant it.

It is a wall time of the clinic's zone (`2030-01-01T08:00:00`), or of the task's own zone, which it names then
(`2030-01-01T08:00:00[Europe/Berlin]`). Where the moment alone counts it is that, in milliseconds. It stays the same
when zone data or the clinic's zone change; the moment is derived from it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from store.clock import first_on_wall, in_milliseconds, on_wall


def planned_on(wall: str, own_zone: str | None) -> str:
    """Return what the occurrence at a wall time is known by; `own_zone` is the task's own, None where it has none."""
    return wall if own_zone is None else f"{wall}[{own_zone}]"


def moment_on(wall: str, zone: ZoneInfo) -> int:
    """The moment of a wall time, by today's zone data."""
    return in_milliseconds(first_on_wall(datetime.fromisoformat(wall), zone))


def planned_moment(planned_on: str, clinic: ZoneInfo) -> int:
    """The moment of an occurrence, by today's zone data and the clinic's zone."""
    wall, _, own_zone = planned_on.partition("[")
    if _is_moment(wall):
        return int(wall)
    return moment_on(wall, ZoneInfo(own_zone.removesuffix("]")) if own_zone else clinic)


def wall_of(planned_on: str) -> str | None:
    """The wall time of an occurrence; None where its moment alone counts."""
    wall = planned_on.partition("[")[0]
    return None if _is_moment(wall) else wall


def known_by(
    at: int, rrule: str | None, timezone: str | None, zone_given: int | None, next_on: str | None, remind_at: int | None
) -> str:
    """Return what an occurrence of `at` is known by that an older Careline has kept by its moment: the wall time where
    the columns of its task tell it for certain, else the moment."""
    try:
        if rrule is None:
            return str(at) if next_on is None or at != remind_at else next_on
        zone = ZoneInfo(str(timezone))
        if datetime.fromtimestamp(at // 1000, zone).fold:
            return str(at)  # that wall time means the first of the two moments
        return planned_on(on_wall(at, zone).isoformat(), timezone if zone_given else None)
    except (ValueError, OverflowError, OSError, TypeError, KeyError):
        return str(at)


def _is_moment(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
