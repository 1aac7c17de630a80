"""What every field takes and refuses, and with which text: the rules once more, as a client would write them down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.consult.contract.tables import Example

HALF_EMOJI: Final = "\ud83d"
NO_TEXTS: Final[list[Any]] = [1, 1.5, True, [], {}, "a\x00", HALF_EMOJI]
NOT_THESE: Final[list[Any]] = ["", "open", "X", 1, True, [], {}, HALF_EMOJI]


@dataclass(frozen=True)
class Rule:
    """A field's rule: what comes after its name in the text, and values that keep and that break it."""

    text: str
    right: list[Any]
    wrong: list[Any]


def up_to(most: int) -> Rule:
    """Give the rule of an integer of at least 0."""
    wrong = [-1, most + 1, 2**63, True, "1", "", 0.5, 1.0, [], {}, HALF_EMOJI]
    return Rule(f" 必须为 0 到 {most} 的整数", [1, 0, most], wrong)


ID: Final = Rule(
    " 必须为正整数", [1, 2**63 - 1], [0, -1, 2**63, 10**30, True, False, "1", "", 1.5, 1.0, [], {}, HALF_EMOJI]
)
# Of a join: 0 is a front end before a log-in.
JOINING: Final = Rule(ID.text, [0, *ID.right], ID.wrong[1:])
CURSOR: Final = Rule(" 必须为不小于 0 的整数", [0, 1, 2**63 - 1], [-1, 2**63, True, "0", 0.5, [], {}, HALF_EMOJI])
TYPE: Final = Rule(
    " 必须为 1 到 32 个大写字母、数字或下划线",
    ["STAFF", "A", "_", "0", "X" * 32],
    ["", "staff", "A B", "ÄRZTE", "Ａ", "A" * 33, "A\n", *NO_TEXTS],
)
NAME: Final = Rule(" 必须为不超过 64 个字符的文本", ["", "王", "王" * 64, "😀" * 64], ["王" * 65, "😀" * 65, *NO_TEXTS])
TEXT: Final = Rule(" 必须为不超过 10000 个字符的文本", ["文", "文" * 10_000, "😀" * 10_000], ["文" * 10_001, *NO_TEXTS])
ATTACHMENTS: Final = Rule(
    " 必须为不超过 20 项的数组", [[{"url": "a"}] * 20, []], [[{"url": "a"}] * 21, {}, "[]", 0, True, HALF_EMOJI]
)
KEY: Final = Rule(" 必须为 1 到 64 个字符的文本", ["a", "文" * 64, " "], ["", "a" * 65, *NO_TEXTS])
FLAG: Final = Rule(" 必须为布尔值", [True, False], ["true", "", 0, 1, 1.5, [], {}, HALF_EMOJI])
FLAG_OR_NUMBER: Final = Rule(FLAG.text, [True, False, 1, 0], ["true", "", "1", 2, -1, 1.5, 1.0, [], {}, HALF_EMOJI])
INVISIBLE: Final = [
    *(
        "\u200b",
        "\u2800",
        "\u3164",
        "\ufeff",
        "\u00ad",
        "\u2060",
        "\u200d\u202e",
        "\x01\x1b",
        "\u115f",
        "\uffa0",
        "\u180e",
    ),
    *("\ufe0f", "\U000e0041", "\u2028\u0085", "\u034f", " \u200b\u3000\n"),
]
TITLE: Final = Rule(
    " 必须为 1 到 200 个字符的文本",
    ["题", "题" * 200, "😀" * 200, "👨\u200d👩", "\u200bx"],
    ["", " ", "\u3000\n", "题" * 201, *INVISIBLE, *NO_TEXTS],
)
CONTENT: Final = Rule(" 必须为不超过 2000 个字符的文本", ["", " ", "文" * 2000], ["文" * 2001, *NO_TEXTS])
# Whether a server takes SMS and PUSH is for its hooks to say (tests/protocol/test_outward_channels.py).
CHANNEL: Final = Rule(
    " 必须为 IN_APP 或 SYSTEM_MESSAGE",
    ["IN_APP", "SYSTEM_MESSAGE", "SMS", "PUSH"],
    ["FAX", "in_app", "sms", *NOT_THESE],
)
# What is no time at all is found when the time is read, in the clinic's zone.
MOMENT: Final = Rule(
    " 必须为有效时间", ["2030-01-01 10:00:00", "2030-01-01T10:00:00Z"], ["0" * 65, 1, 1.5, True, [], {}]
)
# What is no rule is found when the rule is read.
RRULE: Final = Rule(
    " 必须为 RFC 5545 的重复规则（不超过 500 个字符）", ["FREQ=DAILY", "X" * 500], ["", "X" * 501, *NO_TEXTS]
)
EXDATES: Final = Rule(
    " 必须为不超过 200 个有效时间的列表",
    [["2030-01-01 10:00:00"] * 200, []],
    [["2030-01-01 10:00:00"] * 201, [1], [None], ["0" * 65], {}, "[]", 0, True, HALF_EMOJI],
)
ZONE: Final = Rule(
    " 必须为 IANA 时区，例如 Asia/Shanghai",
    ["Asia/Shanghai", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+8"],
    ["", " ", "../etc/passwd", "/etc/passwd", "Asia//Shanghai", "A" * 33, "a/b/c/d", *NO_TEXTS],
)
MISSED: Final = Rule(" 必须为 latest、all 或 skip", ["latest", "all", "skip"], ["LATEST", *NOT_THESE])
UNTIL: Final = Rule(" 必须为一年之内的将来时间", MOMENT.right, MOMENT.wrong)
OPEN_CLOSED: Final = Rule(" 必须为 OPEN 或 CLOSED", ["OPEN", "CLOSED"], NOT_THESE)
PENDING: Final = Rule(
    " 必须为 PENDING、DISPATCHED 或 CANCELLED", ["PENDING", "DISPATCHED", "CANCELLED"], [*NOT_THESE, "OPEN"]
)
UNREAD: Final = Rule(" 必须为 UNREAD 或 READ", ["UNREAD", "READ"], [*NOT_THESE, "OPEN"])
YES_NO: Final = Rule(" 必须为 true 或 false", ["true", "false"], ["yes", *NOT_THESE])
LIMIT: Final = Rule(" 必须为 1 到 200 的整数", [1, 200], [0, 201, -1, "50", 1.5, True, [], {}, HALF_EMOJI])
URL: Final = Rule(" 必须为 1 到 2048 个字符的文本", ["a", " ", "文" * 2048], ["", "a" * 2049, *NO_TEXTS])
THUMBNAIL: Final = Rule(" 必须为不超过 2048 个字符的文本或 null", ["", "a" * 2048], ["a" * 2049, *NO_TEXTS])
DURATION: Final = Rule(" 必须为不小于 0 的数或 null", [0, 0.5, 1e300], [-1, -0.5, True, "1", [], {}, float("inf")])
SIZE: Final = Rule(" 必须为不小于 0 的整数或 null", [0, 2**63 - 1], [-1, 1.5, 1.0, True, "1", 2**63, [], {}])

OUTCOME: Final = Rule(" 必须为 DONE 或 SKIPPED", ["DONE", "SKIPPED"], ["MISSED", *NOT_THESE])
NOTE: Final = Rule(" 必须为不超过 500 个字符的文本", ["", "文" * 500], ["文" * 501, *NO_TEXTS])
TIMES_OF_DAY: Final = ["24:00", "22:60", "7:00", "22", "22:00:00", "22.00", "", "２２:００", "22:00 ", *NO_TEXTS]
FROM: Final = Rule(" 必须为时间，例如 22:00", ["22:00", "00:00"], TIMES_OF_DAY)
TO: Final = Rule(" 必须为时间，例如 22:00", ["23:59", "07:00"], TIMES_OF_DAY)
# What is no date is found when the day is worked out.
DAY: Final = Rule(" 必须为日期，例如 2030-01-01", ["2030-01-01"], ["2030-01-011"])
FOLLOW_UP: Final = Rule(
    " 必须为 1 到 20 项的数组",
    [[{"after": 60}], [{"after": 60, "user_id": 1}] * 20],
    [[], [{"after": 60}] * 21, {}, "[]", 0, True, HALF_EMOJI],
)
MISSED_AFTER: Final = Rule(
    " 必须为 60 到 1209600 的整数", [3600, 1_209_600], [59, 0, -1, 1_209_601, "60", 61.5, True, [], {}, HALF_EMOJI]
)

PRIORITY: Final = Rule(" 必须为 NORMAL 或 URGENT", ["NORMAL", "URGENT"], ["LOW", *NOT_THESE])
CATEGORY: Final = Rule(" 必须为不超过 32 个字符的文本", ["", "高" * 32], ["高" * 33, *NO_TEXTS])
AFTER: Final = Rule(
    " 必须为 60 到 604800 的整数", [60, 604_800], [59, 0, -1, 604_801, "60", 61.5, True, [], {}, HALF_EMOJI]
)

OF_MESSAGE: Final = {
    "sender_type": TYPE,
    "sender_id": ID,
    "role_display_name": NAME,
    "content_type": TYPE,
    "content_text": TEXT,
    "attachments": ATTACHMENTS,
    "client_msg_id": KEY,
    "is_visible_to_patient": FLAG_OR_NUMBER,
}

OF_QUESTION: Final = {
    "assignee_id": ID,
    "priority": PRIORITY,
    "category": CATEGORY,
    "notify_replies": FLAG,
    "answer_within": AFTER,
    "follow_up": FOLLOW_UP,
}

OF_CONFIRMATION: Final = {"outcome": OUTCOME, "note": NOTE, "at": MOMENT}

# Every type's fields in the order in which their faults are reported.
RULES: Final[dict[str, dict[str, Rule]]] = {
    "JoinQuestion": {
        "question_id": ID,
        "user_id": JOINING,
        "user_type": TYPE,
        "role_display_name": NAME,
        "after_id": CURSOR,
        "updates": FLAG,
    },
    "LeaveQuestion": {"question_id": ID},
    "ReadQuestion": {"question_id": ID, "up_to_id": CURSOR},
    "NewParticipant": {"user_id": ID, "user_type": TYPE},
    "ParticipantQuery": {"after_id": CURSOR, "limit": LIMIT, "user_type": TYPE},
    "SendMessage": {"question_id": ID, **OF_MESSAGE},
    "NewMessage": OF_MESSAGE,
    "BindUser": {"user_id": ID, "after_id": CURSOR},
    "AnswerNotification": {"id": ID},
    "SnoozeNotification": {"id": ID, "until": UNTIL},
    "Snooze": {"until": UNTIL},
    "ConfirmNotification": {"id": ID, **OF_CONFIRMATION},
    "Confirmation": OF_CONFIRMATION,
    "Withdrawal": {"reason": NOTE},
    "DayQuery": {"date": DAY},
    "UnansweredQuery": {"after_id": CURSOR, "limit": LIMIT},
    "NewQuestion": {"title": TITLE, "elder_id": ID, **OF_QUESTION},
    "QuestionChange": {"status": OPEN_CLOSED, **OF_QUESTION},
    "NewReminder": {
        "user_id": ID,
        "biz_type": TYPE,
        "biz_id": ID,
        "channel": CHANNEL,
        "title": TITLE,
        "content": CONTENT,
        "remind_at": MOMENT,
        "rrule": RRULE,
        "exdates": EXDATES,
        "timezone": ZONE,
        "missed": MISSED,
        "follow_up": FOLLOW_UP,
        "missed_after": MISSED_AFTER,
        "critical": FLAG,
    },
    "NewQuietHours": {"from": FROM, "to": TO, "timezone": ZONE},
    "ReminderChange": {
        "title": TITLE,
        "content": CONTENT,
        "remind_at": MOMENT,
        "rrule": RRULE,
        "exdates": EXDATES,
        "timezone": ZONE,
        "missed": MISSED,
        "paused": FLAG,
        "follow_up": FOLLOW_UP,
        "missed_after": MISSED_AFTER,
        "critical": FLAG,
    },
    "QuestionQuery": {
        "status": OPEN_CLOSED,
        "elder_id": ID,
        "participant_id": ID,
        "participant_type": TYPE,
        "before_id": ID,
        "limit": LIMIT,
        "user_type": TYPE,
    },
    "VisibilityQuery": {"user_type": TYPE},
    "FileQuery": {
        "expires": Rule(CURSOR.text, [0, 1, 10**12], [-1, 10**12 + 1, *CURSOR.wrong[1:]]),
        "signature": KEY,
        "user_type": TYPE,
    },
    "ClockMove": {"advance": up_to(31_622_400), "to": UNTIL},
    "ConnectionCut": {"sid": KEY, "close_frame": FLAG},
    "AcksToLose": {"count": up_to(1000)},
    "AnswerDelay": {"ms": up_to(30_000)},
    "WriteRefusal": {"seconds": up_to(3600)},
    "MessageQuery": {"after_id": CURSOR, "before_id": ID, "limit": LIMIT, "user_type": TYPE},
    "OccurrenceQuery": {"limit": LIMIT},
    "HistoryQuery": {"before_id": ID, "limit": LIMIT},
    "ReminderQuery": {"user_id": ID, "status": PENDING, "parked": YES_NO, "before_id": ID, "limit": LIMIT},
    "NotificationQuery": {
        "status": UNREAD,
        "after_id": CURSOR,
        "before_id": ID,
        "limit": LIMIT,
        "answers": YES_NO,
        "outcomes": YES_NO,
    },
}
OF_ATTACHMENT: Final = {"url": URL, "thumbnail_url": THUMBNAIL, "duration": DURATION, "size": SIZE}
OPTIONAL: Final = {
    *("JoinQuestion.user_id", "JoinQuestion.user_type", "NewReminder.channel"),
    *("JoinQuestion.role_display_name", "JoinQuestion.after_id", "JoinQuestion.updates", "BindUser.after_id"),
    "NewReminder.content",
    *(
        f"{message}.{field}"
        for message in ("SendMessage", "NewMessage")
        for field in (
            *("role_display_name", "content_text", "attachments", "client_msg_id"),
            "is_visible_to_patient",
        )
    ),
    *(f"NewReminder.{field}" for field in ("rrule", "exdates", "timezone", "missed", "follow_up", "missed_after")),
    *(f"{kind}.{field}" for kind in ("Confirmation", "ConfirmNotification") for field in ("outcome", "note", "at")),
    "Withdrawal.reason",
    *(f"ReminderChange.{field}" for field in ("title", "content", "remind_at", "rrule", "exdates", "timezone")),
    *(f"ReminderChange.{field}" for field in ("missed", "paused", "follow_up", "missed_after", "critical")),
    *(f"{kind}.{field}" for kind in ("NewQuestion", "QuestionChange") for field in OF_QUESTION),
    "QuestionChange.status",
    *("NewReminder.critical", "NewQuietHours.timezone"),
    *("ConnectionCut.sid", "ConnectionCut.close_frame"),
}


def right(name: str) -> Example:
    """Give a payload in which every field that may stand beside the others is given, and right."""
    payload = {field: rule.right[0] for field, rule in RULES[name].items()}
    if {"after_id", "before_id"} <= payload.keys():
        del payload["before_id"]
    if name == "ClockMove":
        del payload["to"]
    return payload
