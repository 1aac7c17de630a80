"""Time zones as clients name them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz

from consult.contract import fields
from consult.contract.payloads import must_be


def zone_named(name: str | None) -> ZoneInfo | None:
    """Return the zone by its IANA name, or by the name that Windows and Outlook have for it."""
    try:
        return None if name is None else ZoneInfo(win_tz.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise must_be("timezone", fields.Zone) from None
