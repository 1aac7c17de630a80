"""What a field may hold: each kind once, with the words that tell a client what it must be."""

import re
import sys
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from consult.contract.words import Words
from store import notifications, questions, reminders

MAX_ID = 2**63 - 1
MOST_ATTACHMENTS = 20
MAX_BYTES = 1_000_000  # of a packet, and of an HTTP body

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


def _meta(rule: Rule, **limits: Any) -> Meta:
    known = {"examples": list(rule.choices)} if rule.choices else None
    return Meta(description=f"{rule.zh} / {rule.en}", extra_json_schema=known, extra={"rule": rule}, **limits)


def means(zh: str, en: str, **limits: Any) -> Meta:
    """Return the meaning of a field for the documents, with limits for its JSON Schema."""
    return Meta(description=f"{zh} / {en}", extra={"means": Words(zh, en)}, **limits)


# No NUL, which SQLite's tools cut a text at, and no lone half of a surrogate pair, which UTF-8 can't carry.
_CLEAN = r"(?s)\A[^\x00\ud800-\udfff]*\Z"
# A character that shows something: no space or control, none that Unicode calls default-ignorable (joiners, fillers,
# variation selectors, tags), and not the empty Braille pattern.
_SHOWN = (
    r"[^\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_IS_SHOWN = re.compile(_SHOWN)
_CLEAN_AND_NOT_BLANK = rf"(?s)\A(?=.*{_SHOWN})[^\x00\ud800-\udfff]*\Z"
_NAME = r"\A[A-Z0-9_]{1,32}\Z"

_TYPE = ("1 到 32 个大写字母、数字或下划线", "1 to 32 of A-Z, 0-9 and _")

Id = Annotated[int, _meta(Rule("id", "正整数", "a positive integer"), ge=1, le=MAX_ID)]
UserType = Annotated[str, _meta(Rule("type", *_TYPE, USER_TYPES), pattern=_NAME)]
ContentType = Annotated[str, _meta(Rule("type", *_TYPE, CONTENT_TYPES), pattern=_NAME)]
BizType = Annotated[str, _meta(Rule("type", *_TYPE, ("INTERVENTION_TASK",)), pattern=_NAME)]
DisplayName = Annotated[
    str, _meta(Rule("text", "不超过 64 个字符的文本", "text of at most 64 characters"), max_length=64, pattern=_CLEAN)
]
ContentText = Annotated[
    str,
    _meta(
        Rule("text", "不超过 10000 个字符的文本", "text of at most 10,000 characters"),
        max_length=10_000,
        pattern=_CLEAN,
    ),
]
Url = Annotated[
    str,
    _meta(
        Rule("text", "1 到 2048 个字符的文本", "text of 1 to 2,048 characters"),
        min_length=1,
        max_length=2048,
        pattern=_CLEAN,
    ),
]
ThumbnailUrl = Annotated[
    str,
    _meta(
        Rule("text", "不超过 2048 个字符的文本或 null", "text of at most 2,048 characters, or null"),
        max_length=2048,
        pattern=_CLEAN,
    ),
]
Duration = Annotated[
    Annotated[int, Meta(ge=0, le=MAX_ID)] | Annotated[float, Meta(ge=0, le=sys.float_info.max)],
    _meta(Rule("number", "不小于 0 的数或 null", "a number of at least 0, or null")),
]
Size = Annotated[
    int, _meta(Rule("number", "不小于 0 的整数或 null", "an integer of at least 0, or null"), ge=0, le=MAX_ID)
]
# The id of a join: a front end that joins before a log-in has 0.
JoiningUser = Annotated[int, _meta(Rule("id", "正整数", "a positive integer, or 0 before a log-in"), ge=0, le=MAX_ID)]
Flag = Annotated[bool, _meta(Rule("boolean", "布尔值", "a boolean"))]
# As databases without booleans give it.
FlagOrNumber = Annotated[bool | Literal[0, 1], _meta(Rule("boolean", "布尔值", "a boolean; 1 and 0 are taken as one"))]
ClientMessageId = Annotated[
    str,
    _meta(
        Rule("text", "1 到 64 个字符的文本", "text of 1 to 64 characters"), min_length=1, max_length=64, pattern=_CLEAN
    ),
]
Title = Annotated[
    str,
    _meta(
        Rule("text", "1 到 200 个字符的文本", "text of 1 to 200 characters, not blank"),
        min_length=1,
        max_length=200,
        pattern=_CLEAN_AND_NOT_BLANK,
    ),
]
Content = Annotated[
    str,
    _meta(
        Rule("text", "不超过 2000 个字符的文本", "text of at most 2,000 characters"), max_length=2000, pattern=_CLEAN
    ),
]
Channel = Annotated[
    reminders.Channel,
    _meta(Rule("type", "IN_APP 或 SYSTEM_MESSAGE", "IN_APP or SYSTEM_MESSAGE", ("IN_APP", "SYSTEM_MESSAGE"))),
]
Moment = Annotated[
    str,
    _meta(
        Rule("time", "有效时间", "a time: YYYY-MM-DD HH:MM:SS in the clinic's zone, or ISO 8601 with an offset"),
        max_length=64,
    ),
]
Until = Annotated[
    str,
    _meta(
        Rule("time", "一年之内的将来时间", "a time within the coming year, written as any other (section 8)"),
        max_length=64,
    ),
]
Rrule = Annotated[
    str,
    _meta(
        Rule(
            "text",
            "RFC 5545 的重复规则（不超过 500 个字符）",
            "a recurrence rule of RFC 5545, of at most 500 characters",
        ),
        min_length=1,
        max_length=500,
        pattern=_CLEAN,
    ),
]
Exdates = Annotated[
    list[Annotated[str, Meta(max_length=64)]],
    _meta(
        Rule("list", "不超过 200 个有效时间的列表", "a list of at most 200 times, each as `remind_at` or a date"),
        max_length=200,
    ),
]
Zone = Annotated[
    str,
    _meta(
        Rule("text", "IANA 时区，例如 Asia/Shanghai", "an IANA time zone such as Asia/Shanghai"),
        max_length=99,
        # The second are the names of Windows, such as China Standard Time.
        pattern=r"\A([A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}|[A-Za-z0-9.()+-]+( [A-Za-z0-9.()+-]+)+)\Z",
    ),
]
Missed = Annotated[
    reminders.Missed,
    _meta(Rule("type", "latest、all 或 skip", "latest, all or skip", ("latest", "all", "skip"))),
]
QuestionStatus = Annotated[
    questions.Status, _meta(Rule("type", "OPEN 或 CLOSED", "OPEN or CLOSED", ("OPEN", "CLOSED")))
]
TaskStatus = Annotated[
    reminders.Status,
    _meta(
        Rule(
            "type",
            "PENDING、DISPATCHED 或 CANCELLED",
            "PENDING, DISPATCHED or CANCELLED",
            ("PENDING", "DISPATCHED", "CANCELLED"),
        )
    ),
]
NotificationStatus = Annotated[
    notifications.Status, _meta(Rule("type", "UNREAD 或 READ", "UNREAD or READ", ("UNREAD", "READ")))
]
YesNo = Annotated[Literal["true", "false"], _meta(Rule("type", "true 或 false", "true or false", ("true", "false")))]
Limit = Annotated[int, _meta(Rule("number", "1 到 200 的整数", "an integer from 1 to 200"), ge=1, le=200)]
Cursor = Annotated[int, _meta(Rule("id", "不小于 0 的整数", "an integer of at least 0"), ge=0, le=MAX_ID)]


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
    _meta(Rule("list", "不超过 20 项的数组", "a list of at most 20 attachments"), max_length=MOST_ATTACHMENTS),
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
