"""The rule for each part of a recurrence rule, and the texts that name a wrong part, Chinese first."""

from consult.contract.words import Words

PARTS = {
    "FREQ": Words(
        "YEARLY、MONTHLY、WEEKLY、DAILY、HOURLY、MINUTELY 或 SECONDLY",
        "YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY",
    ),
    "INTERVAL": Words(
        "正整数，且在日历结束（9999 年）之前能再次触发",
        "a positive integer with which the rule comes again before the calendar ends in the year 9999",
    ),
    "COUNT": Words("1 到 100000 的整数", "an integer from 1 to 100,000"),
    "UNTIL": Words(
        "日期或时间（20300131、20300131T080000 或 20300131T080000Z），且不与 COUNT 同时使用",
        "a date or a time (20300131, 20300131T080000 or 20300131T080000Z), and not beside COUNT",
    ),
    "WKST": Words("MO、TU、WE、TH、FR、SA 或 SU", "MO, TU, WE, TH, FR, SA or SU"),
    "BYDAY": Words(
        "MO 到 SU 的列表；序号仅限 MONTHLY 与不带 BYWEEKNO 的 YEARLY，按月为 1 到 5，按年为 1 到 53，可为负",
        "a list of MO to SU; with a number only in MONTHLY, and in YEARLY without BYWEEKNO: 1 to 5 of a month, 1 to 53 "
        "of a year, or negative",
    ),
    "BYMONTH": Words("1 到 12 的整数列表", "a list of integers from 1 to 12"),
    "BYWEEKNO": Words(
        "1 到 53 或 -53 到 -1 的整数列表，且仅限 YEARLY",
        "a list of integers from 1 to 53 or -53 to -1, in YEARLY alone",
    ),
    "BYYEARDAY": Words(
        "1 到 366 或 -366 到 -1 的整数列表，且不用于 MONTHLY、WEEKLY 与 DAILY",
        "a list of integers from 1 to 366 or -366 to -1, and not in MONTHLY, WEEKLY and DAILY",
    ),
    "BYMONTHDAY": Words(
        "1 到 31 或 -31 到 -1 的整数列表，且不用于 WEEKLY",
        "a list of integers from 1 to 31 or -31 to -1, and not in WEEKLY",
    ),
    "BYHOUR": Words("0 到 23 的整数列表", "a list of integers from 0 to 23"),
    "BYMINUTE": Words("0 到 59 的整数列表", "a list of integers from 0 to 59"),
    "BYSECOND": Words(
        "0 到 59 的整数；SECONDLY 带 BYHOUR、BYMINUTE 或 BYSECOND 时，须只有一个值，或 INTERVAL 为 60 的倍数",
        "an integer from 0 to 59; SECONDLY with BYHOUR, BYMINUTE or BYSECOND has one value of it, or an INTERVAL that "
        "is a multiple of 60",
    ),
    "BYSETPOS": Words(
        "1 到 366 或 -366 到 -1 的整数列表，且与其他 BY 部分同时使用",
        "a list of integers from 1 to 366 or -366 to -1, beside another BY part",
    ),
    "DTSTART": Words("与 remind_at 相同的时间", "the same time as `remind_at`"),
}


def part_text(part: str) -> str:
    """Return the text for a part that is wrong."""
    zh = PARTS[part].zh
    # Chinese text leaves a space before Latin letters and digits.
    return f"rrule 的 {part} 必须为{' ' if zh[0].isascii() else ''}{zh}"


def unsupported(name: str) -> str:
    """Return the text for a part that is not supported."""
    return f"rrule 不支持 {name}"
