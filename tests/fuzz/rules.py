"""Recurrence rules (RFC 5545): as people mean them, as nobody does, and what is no rule."""

from __future__ import annotations

import random
from typing import Final

_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY", "MINUTELY", "SECONDLY", "daily", "NEVER", "")
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU", "1MO", "-1FR", "+2TU", "53SU", "0MO", "-54MO", "XX", "")
_NUMBERS: Final = (0, 1, 2, 5, 7, 23, 24, 28, 30, 31, 53, 59, 60, 61, 366, 367, 1000, 10**6, 2**31, 10**12, 10**30)
_PARTS: Final = (
    *("INTERVAL", "COUNT", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR", "BYMINUTE"),
    *("BYSECOND", "BYEASTER", "X-OTHER", ""),
)
_ENDS: Final = ("20991231T000000Z", "20250101", "99991231T235959Z", "00010101T000000", "20990230", "x", "")
ZONES: Final = ("Asia/Shanghai", "America/New_York", "Pacific/Apia", "UTC", "Europe/Nowhere", "../etc", "GMT+25", "")
# Rules that look well and never come, or hardly ever.
_RARE: Final = (
    *(
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        "FREQ=MONTHLY;BYMONTHDAY=31",
    ),
    *("FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU", "FREQ=YEARLY;BYYEARDAY=366", "FREQ=DAILY;INTERVAL=1000000", "FREQ=MINUTELY"),
    *("FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0;BYSECOND=0", "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;WKST=SU", "FREQ=SECONDLY"),
    *("FREQ=YEARLY;BYSETPOS=366;BYDAY=MO", "FREQ=MONTHLY;INTERVAL=999999999", "FREQ=DAILY;UNTIL=19700101T000000Z"),
)


def rule(chance: random.Random) -> str:
    """Give one, or what looks like one."""
    if chance.random() < 0.3:
        return chance.choice(_RARE)
    parts = [f"FREQ={chance.choice(_FREQUENCIES[:4] if chance.random() < 0.7 else _FREQUENCIES)}"]
    for _ in range(chance.randrange(4)):
        match chance.randrange(5):
            case 0:
                parts.append(f"BYDAY={','.join(chance.choices(_DAYS, k=chance.randrange(1, 4)))}")
            case 1:
                parts.append(f"UNTIL={chance.choice(_ENDS)}")
            case 2:
                parts.append(f"WKST={chance.choice(_DAYS)}")
            case _:
                numbers = [
                    chance.choice(("", "-")) + str(chance.choice(_NUMBERS)) for _ in range(chance.choice((1, 1, 3)))
                ]
                parts.append(f"{chance.choice(_PARTS)}={','.join(numbers)}")
    if chance.random() < 0.2:
        chance.shuffle(parts)
    return chance.choice((";", ";", ";", ";", ",", ";;")).join(parts)
