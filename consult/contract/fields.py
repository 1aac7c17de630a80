"""The kinds of fields, each once, with the words that tell a client what its value must be."""

import re
import sys
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct

from consult.contract.limits import (
    LONGEST_ADVANCE,
    LONGEST_DELAY,
    LONGEST_PAGE,
    LONGEST_REFUSAL,
    LONGEST_RUNG,
    MAX_ID,
    MOST_ATTACHMENTS,
    MOST_LOST_ACKS,
    MOST_RUNGS,
    SHORTEST_RUNG,
)
from consult.contract.words import Words
from reminders.rule import LONGEST
from store import answers, notifications, questions, reminders

USER_TYPES = ("ELDER", "FAMILY", "STAFF", "SYSTEM")
CONTENT_TYPES = ("TEXT", "IMAGE", "AUDIO", "VIDEO", "FILE")


def shows_something(text: str) -> bool:
    """Return whether a reader of the text would see anything of it."""
    first = text[:1]
    return (first.isascii() and first.isalnum()) or _IS_SHOWN.search(text) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """`<field> 必须为<zh>`. `kind` is what a form needs to know; `choices` are the known values, others may pass."""

    kind: str  # id, type, text, number, boolean, list or time
    zh: str
    en: str
    choices: tuple[str, ...] = ()


def _rule(kind: str, zh: str, en: str, choices: tuple[str, ...] = (), **limits: Any) -> Meta:
    """Return the rule of a field, with limits for its JSON Schema."""
    known = {"examples": list(choices)} if choices else None
    rule = Rule(kind, zh, en, choices)
    return Meta(description=f"{zh} / {en}", extra_json_schema=known, extra={"rule": rule}, **limits)


def means(zh: str, en: str, **limits: Any) -> Meta:
    """Return the meaning of a field for the documents, with limits for its JSON Schema."""
    return Meta(description=f"{zh} / {en}", extra={"means": Words(zh, en)}, **limits)


# No NUL, which SQLite's tools cut a text at, and no lone half of a surrogate pair, which UTF-8 can't carry. By what a
# text may have: by what it may not have, it takes twice as long to look at, and every message is.
_CHARACTER = r"[\x01-\ud7ff\ue000-\U0010ffff]"
_CLEAN = rf"\A{_CHARACTER}*\Z"
# A character that shows something: no space or control, none that Unicode calls default-ignorable (joiners, fillers,
# variation selectors, tags), and not the empty Braille pattern.
_SHOWN = (
    r"[^\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_IS_SHOWN = re.compile(_SHOWN)
_CLEAN_AND_NOT_BLANK = rf"(?s)\A(?=.*{_SHOWN}){_CHARACTER}*\Z"
_NAME = r"\A[A-Z0-9_]{1,32}\Z"


def _text(most: int, least: int = 0, more: tuple[str, str] = ("", ""), pattern: str = _CLEAN) -> Meta:
    """Return the rule of a text of so many characters."""
    zh, en = (f"{least} 到 {most}", f"{least} to {most:,}") if least else (f"不超过 {most}", f"at most {most:,}")
    zh, en = f"{zh} 个字符的文本{more[0]}", f"text of {en} characters{more[1]}"
    return _rule("text", zh, en, min_length=least or None, max_length=most, pattern=pattern)


def _one_of(literal: Any, beyond: tuple[str, ...] = ()) -> Meta:
    """Return the rule of a text that is one of a `Literal`'s. It names none of those `beyond`, which not every server
    takes."""
    names = get_args(literal)
    *others, last = (name for name in names if name not in beyond)
    return _rule("type", f"{'、'.join(others)} 或 {last}", f"{', '.join(others)} or {last}", names)


_TYPE = ("1 到 32 个大写字母、数字或下划线", "1 to 32 of A-Z, 0-9 and _")

Id = Annotated[int, _rule("id", "正整数", "a positive integer", ge=1, le=MAX_ID)]
UserType = Annotated[str, _rule("type", *_TYPE, USER_TYPES, pattern=_NAME)]
ContentType = Annotated[str, _rule("type", *_TYPE, CONTENT_TYPES, pattern=_NAME)]
BizType = Annotated[str, _rule("type", *_TYPE, ("INTERVENTION_TASK",), pattern=_NAME)]
DisplayName = Annotated[str, _text(64)]
ContentText = Annotated[str, _text(10_000)]
Url = Annotated[str, _text(2048, least=1)]
ThumbnailUrl = Annotated[str, _text(2048, more=("或 null", ", or null"))]
Duration = Annotated[
    Annotated[int, Meta(ge=0, le=MAX_ID)] | Annotated[float, Meta(ge=0, le=sys.float_info.max)],
    _rule("number", "不小于 0 的数或 null", "a number of at least 0, or null"),
]
Size = Annotated[int, _rule("number", "不小于 0 的整数或 null", "an integer of at least 0, or null", ge=0, le=MAX_ID)]
# The id of a join: a front end that joins before a log-in has 0.
JoiningUser = Annotated[int, _rule("id", "正整数", "a positive integer, or 0 before a log-in", ge=0, le=MAX_ID)]
Flag = Annotated[bool, _rule("boolean", "布尔值", "a boolean")]
# As databases without booleans give it.
FlagOrNumber = Annotated[bool | Literal[0, 1], _rule("boolean", "布尔值", "a boolean; 1 and 0 are taken as one")]
ClientMessageId = Annotated[str, _text(64, least=1)]
Title = Annotated[str, _text(200, least=1, more=("", ", not blank"), pattern=_CLEAN_AND_NOT_BLANK)]
Content = Annotated[str, _text(2000)]
Channel = Annotated[reminders.Channel, _one_of(reminders.Channel, reminders.OUTWARD)]
Moment = Annotated[
    str,
    _rule(
        "time",
        "有效时间",
        "a time: YYYY-MM-DD HH:MM:SS in the clinic's zone, or ISO 8601 with an offset",
        max_length=64,
    ),
]
Until = Annotated[
    str,
    _rule(
        "time", "一年之内的将来时间", "a time within the coming year, written as any other (section 8)", max_length=64
    ),
]
Rrule = Annotated[
    str,
    _rule(
        "text",
        f"RFC 5545 的重复规则（不超过 {LONGEST} 个字符）",
        f"a recurrence rule of RFC 5545, of at most {LONGEST} characters",
        min_length=1,
        max_length=LONGEST,
        pattern=_CLEAN,
    ),
]
Exdates = Annotated[
    list[Annotated[str, Meta(max_length=64)]],
    _rule(
        "list",
        "不超过 200 个有效时间的列表",
        "a list of at most 200 times, each as `remind_at` or a date",
        max_length=200,
    ),
]
Zone = Annotated[
    str,
    _rule(
        "text",
        "IANA 时区，例如 Asia/Shanghai",
        "an IANA time zone such as Asia/Shanghai",
        max_length=99,
        # The second are the names of Windows, such as China Standard Time.
        pattern=r"\A([A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}|[A-Za-z0-9.()+-]+( [A-Za-z0-9.()+-]+)+)\Z",
    ),
]
Missed = Annotated[reminders.Missed, _one_of(reminders.Missed)]
Priority = Annotated[questions.Priority, _one_of(questions.Priority)]
Category = Annotated[str, _text(32)]
QuestionStatus = Annotated[questions.Status, _one_of(questions.Status)]
TaskStatus = Annotated[reminders.Status, _one_of(reminders.Status)]
NotificationStatus = Annotated[notifications.Status, _one_of(notifications.Status)]
YesNo = Annotated[Literal["true", "false"], _one_of(Literal["true", "false"])]
Limit = Annotated[
    int, _rule("number", f"1 到 {LONGEST_PAGE} 的整数", f"an integer from 1 to {LONGEST_PAGE}", ge=1, le=LONGEST_PAGE)
]
AddressEnd = Annotated[int, _rule("number", "不小于 0 的整数", "an integer of at least 0", ge=0, le=10**12)]
Signature = Annotated[str, _text(64, least=1)]
Cursor = Annotated[int, _rule("id", "不小于 0 的整数", "an integer of at least 0", ge=0, le=MAX_ID)]


class Attachment(Struct, kw_only=True, gc=False):
    """All four keys always come back; the file itself is never fetched."""

    url: Annotated[
        Url,
        means("文件地址，任何协议；服务器不访问它", "where the file is, of any scheme; the server never fetches it"),
    ]
    thumbnail_url: Annotated[ThumbnailUrl | None, means("缩略图地址", "where its thumbnail is")] = None
    duration: Annotated[
        Duration | None, means("时长，单位由客户端约定", "how long it plays, in the clients' own unit")
    ] = None
    size: Annotated[Size | None, means("大小，字节", "its size in bytes")] = None


Attachments = Annotated[
    list[Attachment],
    _rule(
        "list",
        f"不超过 {MOST_ATTACHMENTS} 项的数组",
        f"a list of at most {MOST_ATTACHMENTS} attachments",
        max_length=MOST_ATTACHMENTS,
    ),
]

After = Annotated[
    int,
    _rule(
        "number",
        f"{SHORTEST_RUNG} 到 {LONGEST_RUNG} 的整数",
        f"an integer from {SHORTEST_RUNG} to {LONGEST_RUNG:,}",
        ge=SHORTEST_RUNG,
        le=LONGEST_RUNG,
    ),
]
MissedAfter = Annotated[
    int,
    _rule(
        "number",
        f"{SHORTEST_RUNG} 到 {2 * LONGEST_RUNG} 的整数",
        f"an integer from {SHORTEST_RUNG} to {2 * LONGEST_RUNG:,}",
        ge=SHORTEST_RUNG,
        le=2 * LONGEST_RUNG,
    ),
]
GivenOutcome = Annotated[answers.GivenOutcome, _one_of(answers.GivenOutcome)]
Note = Annotated[str, _text(500)]
TimeOfDay = Annotated[
    str, _rule("text", "时间，例如 22:00", "a time of day such as 22:00", pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z")
]
Day = Annotated[str, _rule("text", "日期，例如 2030-01-01", "a date such as 2030-01-01", max_length=10)]


def _up_to(most: int) -> Meta:
    """Return the rule of an integer of at least 0."""
    return _rule("number", f"0 到 {most} 的整数", f"an integer from 0 to {most:,}", ge=0, le=most)


# Of a sandbox.
Advance = Annotated[int, _up_to(LONGEST_ADVANCE)]
LostAcks = Annotated[int, _up_to(MOST_LOST_ACKS)]
Delay = Annotated[int, _up_to(LONGEST_DELAY)]
Refusal = Annotated[int, _up_to(LONGEST_REFUSAL)]
Sid = Annotated[str, _text(64, least=1)]


class Rung(Struct, kw_only=True, gc=False):
    """Which user a reminder rings while it is not answered, and when."""

    after: Annotated[After, means("计划时间之后多少秒", "seconds after the planned time")]
    user_id: Annotated[
        Id | None, means("提醒谁；默认为任务的用户", "the user that it rings; the task's own when left out")
    ] = None


FollowUp = Annotated[
    list[Rung],
    _rule(
        "list",
        f"1 到 {MOST_RUNGS} 项的数组",
        f"a list of 1 to {MOST_RUNGS} rungs",
        min_length=1,
        max_length=MOST_RUNGS,
    ),
]

# Fields that several payloads have.
QuestionId = Annotated[Id, means("咨询问题编号", "the question's id")]
NotificationId = Annotated[Id, means("通知编号", "the notification's id")]
ShownName = Annotated[DisplayName | None, means("显示名称", "the name to show")]
SnoozeUntil = Annotated[Until, means("推迟到何时再次提醒", "when it is to come again")]
ViewerType = Annotated[
    UserType | None,
    means("以什么身份查看；只有 `STAFF` 看得到内部消息", "the viewer's type; only `STAFF` sees staff-only messages"),
]
PageLimit = Annotated[Limit, means("最多几项", "how many at most")]
BeforeId = Annotated[Id | None, means("只列出编号小于它的", "ids below it only")]
AfterId = Annotated[Cursor | None, means("只列出编号大于它的", "ids above it only")]
OF_STATUS = means("只列出该状态的", "of that status only")
