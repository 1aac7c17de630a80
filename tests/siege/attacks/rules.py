"""Attacks with reminders: rules that cost, that overflow, that are due all at once, and changes without end."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.fuzz.rules import rule as drawn_rule
from tests.siege.attacks.attacker import Attacker

ZONE: Final = ZoneInfo("Asia/Shanghai")
DUE_AT_ONCE: Final = 80
AT_ONCE: Final = 40  # POSTs under way
FREQUENCIES: Final = ("SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
INTERVALS: Final = (1, 2, 7, 17, 59, 61, 366, 999, 10**5, 10**6, 999_999_999, 2**31 - 1, 2**31, 2**63, 10**12, 10**18)
COUNTS: Final = (1, 2, 366, 9999, 100_000, 999_999_999, 10**12)
STARTS: Final = (
    *(
        "0001-01-01 00:00:00",
        "1900-01-01 08:00:00",
        "1970-01-01 00:00:00",
        "2000-01-01 08:00:00",
        "2024-02-29 23:59:59",
    ),
    *("2099-12-31 23:59:59", "9999-12-31 23:59:59", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"),
)
# The costliest that were found: a hundred thousand times, each after many days that are looked at in vain.
COSTLY: Final = (
    "FREQ=HOURLY;INTERVAL=5;COUNT=100000;BYDAY=TU;BYHOUR=18",
    "FREQ=MINUTELY;INTERVAL=13;COUNT=100000;BYDAY=FR,TH;BYHOUR=14,21;BYMINUTE=23",
    "FREQ=MINUTELY;INTERVAL=26;COUNT=100000;BYDAY=FR,SU,MO,TU;BYHOUR=12,9;BYMINUTE=58",
)
ZONES: Final = ("Asia/Shanghai", "America/New_York", "Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll", "UTC")
# Each cost or stopped a server once.
KNOWN: Final = (
    "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=7;COUNT=100000",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=HOURLY;INTERVAL=23;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=13",
    "FREQ=DAILY;INTERVAL=999983;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=WEEKLY;INTERVAL=999999999;BYDAY=FR",
    "FREQ=MONTHLY;INTERVAL=999999999",
    "FREQ=YEARLY;INTERVAL=7919;BYWEEKNO=53;BYDAY=SU",
    "FREQ=YEARLY;BYYEARDAY=366;BYDAY=MO;BYMONTH=12;BYSETPOS=-1",
    "FREQ=YEARLY;INTERVAL=7;BYDAY=FR;BYSETPOS=2;COUNT=100000",
    "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO;COUNT=100000",
    "FREQ=YEARLY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23;BYMINUTE=0,1,2,3,4,5,6,7,8,9;"
    "BYSETPOS=-366",
)


def moment(chance: random.Random, soonest: float = -100_000.0, latest: float = 30.0) -> str:
    """Give a start: mostly around now, sometimes at the ends of time."""
    if chance.random() < 0.3:
        return chance.choice(STARTS)
    return wall(chance.uniform(soonest, latest))


def wall(seconds: float) -> str:
    """Give the wall time in so many seconds."""
    return (datetime.now(ZONE) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def pinned(chance: random.Random, at: datetime) -> str:
    """Give a rule that has one time in years, and `at` is it: what comes after is far away."""
    freq = chance.choice(("MINUTELY", "MINUTELY", "HOURLY", "SECONDLY"))
    parts = {
        "INTERVAL": str(chance.choice((1, 7, 17, 59))),
        "BYMONTH": str(at.month),
        "BYMONTHDAY": str(at.day),
        "BYDAY": ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[at.weekday()],
        "BYYEARDAY": str(at.timetuple().tm_yday),
        "BYHOUR": str(at.hour),
        "BYMINUTE": str(at.minute),
        "BYSECOND": str(at.second),
    }
    if freq == "MINUTELY" and chance.random() < 0.7:
        del parts["BYSECOND"]
    for name in chance.sample(("INTERVAL", "BYDAY", "BYYEARDAY", "BYMONTHDAY"), chance.randrange(3)):
        del parts[name]
    return ";".join([f"FREQ={freq}", *(f"{name}={value}" for name, value in parts.items())])


def hostile_rule(chance: random.Random) -> str:
    """Give a rule of the kinds that cost, by weight."""
    draw = chance.random()
    if draw < 0.15:
        return chance.choice(KNOWN + COSTLY)
    if draw < 0.3:
        return drawn_rule(chance)
    if draw < 0.5:
        return pinned(chance, datetime.now(ZONE) + timedelta(seconds=chance.uniform(2, 120)))
    parts = [f"FREQ={chance.choice(FREQUENCIES)}"]
    if chance.random() < 0.5:
        parts.append(f"INTERVAL={chance.choice(INTERVALS)}")
    if chance.random() < 0.3:
        parts.append(f"COUNT={chance.choice(COUNTS)}")
    for name, values in (
        ("BYMONTH", (2, 12, 1)),
        ("BYMONTHDAY", (29, 30, 31, -31, 1)),
        ("BYDAY", ("MO", "SU", "FR", "5MO", "-1SU", "53FR")),
        ("BYYEARDAY", (366, -366, 60, 1)),
        ("BYWEEKNO", (53, -53, 1)),
        ("BYHOUR", (0, 3, 23)),
        ("BYMINUTE", (0, 7, 59)),
        ("BYSECOND", (0, 59)),
        ("BYSETPOS", (1, -1, 366, -366)),
    ):
        if chance.random() < 0.3:
            parts.append(f"{name}={','.join(str(one) for one in chance.sample(values, chance.randint(1, 2)))}")
    return ";".join(parts)


def _body(attacker: Attacker, remind_at: str, rule: str, **more: Any) -> dict[str, Any]:
    return {
        "user_id": attacker.user_id,
        "biz_type": "SIEGE",
        "biz_id": 1,
        "channel": "IN_APP",
        "title": "围攻",
        "remind_at": remind_at,
        "rrule": rule,
        **more,
    }


def _any(attacker: Attacker) -> dict[str, Any]:
    chance = attacker.chance
    more: dict[str, Any] = {}
    if chance.random() < 0.5:
        more["missed"] = chance.choice(("all", "all", "last", "none"))
    if chance.random() < 0.3:
        more["timezone"] = chance.choice(ZONES)
    if chance.random() < 0.2:
        more["exdates"] = [moment(chance) for _ in range(chance.choice((1, 200)))]
    return _body(attacker, moment(chance), hostile_rule(chance), **more)


def hostile(attacker: Attacker) -> None:
    """Rules of all kinds, one after the other."""
    while attacker.goes_on:
        attacker.ask("POST", "/api/reminders", _any(attacker))


def closed_at_once(attacker: Attacker) -> None:
    """POSTs whose connection is closed before the answer."""
    while attacker.goes_on:
        for _ in range(40):
            with closing(attacker.connect()) as connection:
                attacker.send(connection, attacker.post("/api/reminders", _any(attacker)))
        attacker.pause(0.2)


def costly_at_once(attacker: Attacker) -> None:
    """POSTs of the costliest rules, many under way at the same time. Each is beyond the budget of a rule."""
    while attacker.goes_on:
        with ExitStack() as opened:
            sent = [(opened.enter_context(closing(attacker.connect())), attacker.pick(*COSTLY)) for _ in range(AT_ONCE)]
            for connection, rule in sent:
                attacker.send(connection, attacker.post("/api/reminders", _body(attacker, wall(60), rule)))
            for connection, rule in sent:
                left = attacker.over_at - time.monotonic()
                if left > 0 and b" 201 " in attacker.read(connection, seconds=left):
                    attacker.taken.append(rule)


def due_at_once(attacker: Attacker) -> None:
    """Many rules that are due in the same moment, each with a next time that is far away."""
    at = datetime.now(ZONE).replace(microsecond=0) + timedelta(seconds=3)
    for _ in range(DUE_AT_ONCE):
        if not attacker.goes_on:
            return
        rule = pinned(attacker.chance, at)
        attacker.ask("POST", "/api/reminders", _body(attacker, at.strftime("%Y-%m-%d %H:%M:%S"), rule))


def minutes_of_hours(attacker: Attacker) -> None:
    """Rules of a week that have two times: now, and in the next minute; the next period is beyond the calendar."""
    now = datetime.now(ZONE)
    day = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[now.weekday()]
    while attacker.goes_on:
        freq, interval = (
            attacker.pick("WEEKLY", "DAILY", "MONTHLY", "YEARLY", "HOURLY"),
            attacker.chance.choice(INTERVALS),
        )
        minutes = f"{now.minute},{(now.minute + 1) % 60}"
        rule = f"FREQ={freq};INTERVAL={interval};BYDAY={day};BYHOUR={now.hour};BYMINUTE={minutes}"
        attacker.ask("POST", "/api/reminders", _body(attacker, wall(-now.second), rule))


def missed_all(attacker: Attacker) -> None:
    """Tasks that were missed a thousand times and are to be told of each."""
    while attacker.goes_on:
        freq = attacker.pick("MINUTELY", "HOURLY", "DAILY")
        back = {"MINUTELY": 60, "HOURLY": 3600, "DAILY": 86_400}[freq] * 1100
        attacker.ask("POST", "/api/reminders", _body(attacker, wall(-back), f"FREQ={freq}", missed="all"))


def changes(attacker: Attacker) -> None:
    """One task that is changed without end, and its history and list of times, read without end."""
    _, task = attacker.ask("POST", "/api/reminders", _body(attacker, wall(3600), "FREQ=DAILY"))
    number = (task or {}).get("id", 1)
    path = f"/api/reminders/{number}"
    while attacker.goes_on:
        flooded = b"".join(
            attacker.post(path, {"title": f"x{place}", "rrule": hostile_rule(attacker.chance)}, method="PATCH")
            if place % 10 == 0
            else attacker.post(path, {"title": f"x{place}", "paused": place % 2 == 0}, method="PATCH")
            for place in range(100)
        )
        with closing(attacker.connect()) as connection:
            attacker.flood(connection, flooded)
        reading = attacker.pick("history?limit=200", "occurrences?limit=200")
        with closing(attacker.connect()) as connection:
            attacker.send(connection, attacker.head("GET", f"{path}/{reading}") * 20)
            attacker.read(connection, seconds=0.3)


def kept_due(attacker: Attacker) -> None:
    """One-shot tasks that are past, as many as are taken."""
    while attacker.goes_on:
        body = {**_body(attacker, wall(-5), ""), "rrule": None, "title": str(time.time())}
        with closing(attacker.connect()) as connection:
            attacker.flood(connection, attacker.post("/api/reminders", body) * 20)
