"""The one table of errors. Handlers raise a row of it as `Fault`; the gateway and the HTTP side each answer once."""

import logging
from dataclasses import dataclass, replace

from consult.contract.limits import CREATION_STEPS, LONGEST_KEY, MAX_BYTES, MOST_HEAD, MOST_PAST, MOST_SNOOZES
from consult.contract.rule_parts import PARTS, part_text, unsupported
from consult.contract.words import Words
from store.transaction import TooManyWaiting, WriteRefused, WriteUnknown

log = logging.getLogger("careline.faults")

# Every write that waits now is made or refused by then.
QUEUE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Code:
    """An error code of the protocol (section 3) and the HTTP status that goes with it."""

    name: str
    status: int
    about: Words


CODES = {
    code.name: code
    for code in (
        Code("INVALID_PAYLOAD", 400, Words("参数缺失或格式不正确", "a parameter is missing or malformed")),
        Code("QUESTION_NOT_FOUND", 404, Words("咨询问题不存在", "the consultation question does not exist")),
        Code("NOT_FOUND", 404, Words("资源不存在", "the object or path does not exist")),
        Code(
            "UNAUTHENTICATED", 401, Words("缺少令牌，或令牌无效、已过期、已吊销", "no token, or one that is not good")
        ),
        Code("FORBIDDEN", 403, Words("令牌无权执行此操作", "the token does not allow it")),
        Code("CONFLICT", 409, Words("与已有的结果冲突", "it contradicts an outcome that there is")),
        Code("RATE_LIMITED", 429, Words("请求过于频繁，请稍后重试", "too much was asked at once; try again later")),
        Code("INTERNAL_ERROR", 500, Words("服务器内部错误", "the server failed")),
    )
}


@dataclass(frozen=True, slots=True)
class Text:
    """A row of the table: an error, and when clients are told it. A field that breaks its rule makes a text of its
    own, which is no row."""

    text: str
    about: Words
    code: str = "INVALID_PAYLOAD"
    status: int | None = 400  # over HTTP; None where HTTP has no use for it
    on_socket: bool = False


class Fault(Exception):
    """An error for the client.

    `retry_after` is the number of seconds after which the same request is not refused for this any more, if known.
    """

    def __init__(self, error: Text, retry_after: int | None = None) -> None:
        self.code = error.code
        self.message = error.text
        self.status = error.status or CODES[error.code].status
        self.retry_after = retry_after
        super().__init__(f"{self.code}: {self.message}")


def invalid(message: str, status: int = 400) -> Fault:
    """Return the error for something that the client sent, with a text that is no row."""
    return Fault(Text(message, Words("", ""), status=status))


def _of_code(code: str, zh: str, en: str, status: int | None = None) -> Text:
    """Return the row of a code's own text."""
    return Text(CODES[code].about.zh, Words(zh, en), code, status or CODES[code].status, on_socket=True)


def _of_event(text: str, zh: str, en: str) -> Text:
    """Return a row of the socket alone."""
    return Text(text, Words(zh, en), status=None, on_socket=True)


def _over_http(status: int, text: str, zh: str, en: str, code: str = "INVALID_PAYLOAD") -> Text:
    """Return a row of HTTP alone."""
    return Text(text, Words(zh, en), code, status)


def _anywhere(status: int, text: str, zh: str, en: str, code: str = "INVALID_PAYLOAD") -> Text:
    """Return a row of both."""
    return Text(text, Words(zh, en), code, status, on_socket=True)


UNKNOWN_EVENT = _of_event("未知事件", "事件名未知，或为保留名称", "an unknown event, or a reserved name")
RATE_LIMITED = _of_code(
    "RATE_LIMITED",
    "请求太多（第 9 节）：没有执行，可稍后重试",
    "too much was asked (section 9): nothing was done, try again later",
)
ONE_PAYLOAD = _of_event("只接受一个请求数据", "事件带了多个参数", "an event with more than one argument")
NOT_AN_OBJECT = _anywhere(
    400, "请求数据必须为对象", "没有数据，或数据不是 JSON 对象", "no payload, or one that is no JSON object"
)
BOTH_CURSORS = _over_http(
    400, "after_id 与 before_id 不能同时使用", "同时给了 after_id 和 before_id", "both cursors at once"
)
# What is wrong with a token, by the word that tokens.py has for it.
OF_TOKENS = {
    why: _anywhere(401, f"{text}（{why}）", zh, en, code="UNAUTHENTICATED")
    for why, text, zh, en in (
        ("missing", "缺少令牌", "没有出示令牌", "no token was shown"),
        (
            *("bad", "令牌无效", "令牌不是由本服务器的密钥签名，或内容不合规则"),
            "not signed with this server's key, or not as it must be",
        ),
        ("expired", "令牌已过期", "令牌已过期；连接也随之断开", "its time is over, and with it its connections'"),
        ("revoked", "令牌已吊销", "令牌已被吊销；连接也随之断开", "it was revoked, and with it its connections end"),
    )
}
DISAGREES = _anywhere(
    403,
    "user_id 与令牌不符",
    "所称的身份（`user_id`、`user_type`、`sender_id`、`sender_type`、`role_display_name` 等）与令牌不同",
    "a client that claims to be another than its token says, in this field or one like it",
    code="FORBIDDEN",
)
FORBIDDEN = _of_code(
    "FORBIDDEN", "该类型的令牌不能这样做（第 10 节）", "tokens of that type may not do this (section 10)"
)
KEY_LENGTH = _over_http(
    400, f"Idempotency-Key 必须为 1 到 {LONGEST_KEY} 个字符", "请求头为空或过长", "that header is empty or too long"
)
HOST_REFUSED = _over_http(403, "Host 不被允许（--allowed-hosts）", "Host 不在允许之列", "a Host that is not answered")
ORIGIN_REFUSED = _over_http(
    403, "Origin 不被允许（--allowed-origins）", "网页来源不在允许之列", "a page of an origin that is not let in"
)
QUESTION_NOT_FOUND = _of_code("QUESTION_NOT_FOUND", "没有这个咨询问题", "there is no such question")
NOT_FOUND = _of_code(
    "NOT_FOUND",
    "没有这个对象或路径；或通知不属于所绑定的用户",
    "there is no such object or path; or the notification is not one of the user that the connection is bound to",
)
METHOD_NOT_ALLOWED = _over_http(
    405,
    "不支持的请求方法",
    "该路径不支持此方法，Allow 头列出支持的方法",
    "the path does not know the method; the Allow header names those it does",
)
NOT_JOINED = _of_event(
    "请先以 user_id 加入该咨询问题",
    "没有令牌时：没有以 `user_id` 加入该问题",
    "without tokens: the question was not joined with a `user_id`",
)
ELDER_STAYS = _over_http(
    409,
    "长者始终是参与者",
    "移除咨询问题的长者",
    "the elder takes part as long as there is the question",
    code="CONFLICT",
)
QUESTION_CLOSED = _anywhere(400, "咨询问题已关闭", "向已关闭的问题发送消息", "a message for a question that is closed")
OTHER_CONTENT = _anywhere(
    400,
    "client_msg_id 已用于其他内容",
    "同一 client_msg_id 用于不同的内容",
    "another message under the same client_msg_id",
)
KEY_REUSED = _over_http(
    409,
    "Idempotency-Key 已用于其他内容",
    "同一 Idempotency-Key 用于不同的请求",
    "another request under the same Idempotency-Key",
)
ALREADY_DISPATCHED = _over_http(
    409, "提醒任务已触发，无法取消", "取消已触发的提醒任务", "a task that was dispatched can't be cancelled"
)
IS_CONFIRMED = _anywhere(
    409, "通知已确认，无法推迟", "推迟已确认的通知", "a notification that was confirmed can't be snoozed"
)
HAS_OTHER_OUTCOME = _anywhere(
    409,
    "该次提醒已有其他结果",
    "以另一个结果确认已确认的一次，或提醒已撤回",
    "another outcome for what was confirmed, or for a reminder that was withdrawn",
    code="CONFLICT",
)
TOO_MANY_SNOOZES = _anywhere(
    409,
    "推迟次数过多，无法再推迟",
    f"推迟已再次提醒 {MOST_SNOOZES} 次的通知",
    f"a notification that has come again {MOST_SNOOZES} times can't be snoozed",
)
NOT_PENDING = _over_http(
    409,
    "提醒任务已触发或已取消，无法修改",
    "修改已触发或已取消的提醒任务",
    "a task that was dispatched or cancelled can't be changed",
)
TOO_FAST = _over_http(
    400,
    "rrule 必须为每分钟至多一次的规则",
    "重复规则每分钟触发不止一次",
    "a recurrence rule that comes more often than once a minute",
)
NO_OCCURRENCE = _over_http(
    400,
    "rrule 必须为至少会触发一次的规则",
    "重复规则一次也不会触发，或下一次在一百年之后",
    "a recurrence rule that never comes, or not within a hundred years",
)
OF_RULE_PARTS = {
    part: _over_http(
        400, part_text(part), f"重复规则的 `{part}` 有误", f"`{part}` of the recurrence rule is not {words.en}"
    )
    for part, words in PARTS.items()
}

UNSUPPORTED = _over_http(
    400,
    unsupported("RSCALE"),
    "重复规则含有 RFC 5545 以外的部分，或其他的行（例如 `EXDATE`）",
    "the recurrence rule has a part that is not of RFC 5545, or another line such as `EXDATE`",
)
TOO_COSTLY = _over_http(
    400,
    f"rrule 必须为不超过 {CREATION_STEPS} 步即可算出的规则",
    "重复规则过于稀疏，或 `COUNT` 过大，无法在限定的步数内算出",
    "a recurrence rule so sparse, or with such a `COUNT`, that it takes more steps than are allowed",
)
TOO_MANY_PAST = _over_http(
    400,
    f"remind_at 必须为较近的时间（missed 为 all 时，已过去的触发不超过 {MOST_PAST} 次）",
    "`missed` 为 `all` 而开始时间太早",
    f"a start so long past that `all` would fire more than {MOST_PAST} at once",
)
EXDATES_ALONE = _over_http(
    400,
    "exdates 必须与 rrule 一起使用",
    "没有重复规则而排除时间",
    "times are excluded where there is no recurrence rule",
)
MISSED_TOO_EARLY = _over_http(
    400,
    "missed_after 必须大于 follow_up 最后的 after",
    "无人答复的时间不在最后一级之后",
    "it would be missed before its last rung",
)
TOO_MANY_PENDING = _over_http(
    429,
    "未触发的提醒任务已达上限，请先取消一些",
    "该用户未触发的提醒任务太多（第 9 节）：等待无效，先取消一些",
    "the user has too many pending reminders (section 9): to wait does not help, cancel some first",
    code="RATE_LIMITED",
)
BODY_TOO_LARGE = _over_http(413, f"请求体不得超过 {MAX_BYTES} 字节", "请求体过大", "the body is too large")
HEAD_TOO_LARGE = _over_http(
    431, f"请求行与请求头不得超过 {MOST_HEAD} 字节", "请求行与请求头过大", "the request line and headers are too large"
)
FILE_TOO_LARGE = _over_http(413, "文件过大（--file-bytes）", "上传的文件过大", "the file that is uploaded is too large")
NOT_A_FILE = _over_http(
    400,
    "请求体必须为一个文件，或恰好带一个文件的 multipart/form-data",
    "上传的请求体为空，或 multipart 有误、没有文件、不止一个文件",
    "the body of an upload is empty, or its multipart is malformed or has no file or more than one",
)
UPLOAD_TOO_SLOW = _over_http(
    408, "文件没有在限定的时间内传完，请重试", "上传太慢或中断", "the upload took too long, or stood still"
)
NO_ROOM = _over_http(
    507,
    "磁盘剩余空间不足，暂时不能保存文件",
    "磁盘的剩余空间要留给数据库（`--disk-reserve`）；消息不受影响",
    "what is left of the disk is for the database (`--disk-reserve`); messages go on",
    code="INTERNAL_ERROR",
)
NO_FOLDER = _over_http(
    503,
    "暂时无法读写文件，请稍后重试",
    "服务器的文件目录缺失或不可写；消息不受影响",
    "the server's folder of files is missing or cannot be written; messages go on",
    code="INTERNAL_ERROR",
)
FILE_NOT_USABLE = _anywhere(
    400,
    "attachments 中的文件不存在或不可使用",
    "附件的地址是本服务器的文件，但没有这个文件，或发送者看不到它",
    "an attachment is at an address of this server's files, but there is no such file, or its sender may not see it",
)
ADDRESS_ENDED = _over_http(
    403,
    "文件地址已失效，请重新读取消息",
    "文件地址的签名已过期或不正确",
    "the signature of a file's address has ended or is wrong: read the message again",
    code="FORBIDDEN",
)
BEYOND_FILE = _over_http(
    416, "Range 超出文件的范围", "请求的范围不在文件之内", "the range that is asked for is not in the file"
)
NOT_JSON = _over_http(
    415,
    "请求体必须为 JSON",
    "请求体不是 JSON，或 Content-Type 不是 application/json，或字符集不是 UTF-8",
    "the body is not JSON, or its Content-Type is not application/json, or its charset not UTF-8",
)
# The write may or may not be in the file: a client must not take this for "not stored".
NOT_KNOWN_TO_BE_STORED = _anywhere(
    500,
    "服务器未能确认是否已保存，请稍后核对",
    "提交时出错：可能已保存，也可能没有，先查询再决定是否重发",
    "the commit failed: it may be stored or not, so look before you send again",
    code="INTERNAL_ERROR",
)
INTERNAL_ERROR = _of_code("INTERNAL_ERROR", "意外错误", "an unexpected error")
NOT_WRITABLE = _of_code(
    "INTERNAL_ERROR",
    "数据库暂时不可写：没有保存，可稍后重试",
    "the database cannot be written for now: nothing was stored, try again later",
    status=503,
)
# In the order of the documents.
TEXTS = (
    *(UNKNOWN_EVENT, RATE_LIMITED, ONE_PAYLOAD, NOT_AN_OBJECT, BOTH_CURSORS, *OF_TOKENS.values(), DISAGREES),
    *(FORBIDDEN, KEY_LENGTH, HOST_REFUSED, ORIGIN_REFUSED, QUESTION_NOT_FOUND, NOT_FOUND, METHOD_NOT_ALLOWED),
    *(NOT_JOINED, ELDER_STAYS),
    FILE_NOT_USABLE,
    *(QUESTION_CLOSED, OTHER_CONTENT, KEY_REUSED, ALREADY_DISPATCHED, IS_CONFIRMED, TOO_MANY_SNOOZES),
    HAS_OTHER_OUTCOME,
    *(NOT_PENDING, TOO_FAST, NO_OCCURRENCE, *OF_RULE_PARTS.values(), UNSUPPORTED, TOO_COSTLY, TOO_MANY_PAST),
    *(
        EXDATES_ALONE,
        MISSED_TOO_EARLY,
        TOO_MANY_PENDING,
        BODY_TOO_LARGE,
        HEAD_TOO_LARGE,
        FILE_TOO_LARGE,
        NOT_A_FILE,
        UPLOAD_TOO_SLOW,
        NO_ROOM,
        NO_FOLDER,
        ADDRESS_ENDED,
        BEYOND_FILE,
        NOT_JSON,
        NOT_KNOWN_TO_BE_STORED,
    ),
    *(INTERNAL_ERROR, NOT_WRITABLE),
)


def disagrees(name: str) -> Fault:
    """Return the error for a field that claims another identity than the token's."""
    return Fault(replace(DISAGREES, text=DISAGREES.text.replace("user_id", name)))


def wrong_part(name: str) -> Fault:
    """Return the error for a rule of which the part `name` is wrong."""
    return Fault(OF_RULE_PARTS[name]) if name in OF_RULE_PARTS else invalid(unsupported(name))


def told(exception: Exception) -> Fault:
    """Return the error for a client, by event or over HTTP. The details of an unexpected exception stay in the log."""
    if isinstance(exception, Fault):
        return exception
    if isinstance(exception, WriteUnknown):
        return Fault(NOT_KNOWN_TO_BE_STORED)
    if isinstance(exception, TooManyWaiting):
        return Fault(RATE_LIMITED, retry_after=QUEUE_SECONDS)
    if isinstance(exception, WriteRefused):
        return Fault(NOT_WRITABLE)
    log.error("an event or a request failed", exc_info=exception)
    return Fault(INTERNAL_ERROR)
