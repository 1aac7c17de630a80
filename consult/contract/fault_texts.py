"""When clients are told which text, for the documents: every text of `faults` that is made of no field's rule."""

from dataclasses import dataclass

from consult.contract.faults import (
    ALREADY_DISPATCHED,
    BODY_TOO_LARGE,
    BOTH_CURSORS,
    CODES,
    EXDATES_ALONE,
    HEAD_TOO_LARGE,
    HOST_REFUSED,
    IS_CONFIRMED,
    KEY_LENGTH,
    KEY_REUSED,
    METHOD_NOT_ALLOWED,
    NO_OCCURRENCE,
    NOT_AN_OBJECT,
    NOT_JSON,
    NOT_KNOWN_TO_BE_STORED,
    NOT_PENDING,
    ONE_PAYLOAD,
    ORIGIN_REFUSED,
    OTHER_CONTENT,
    QUESTION_CLOSED,
    TOKEN_TEXTS,
    TOO_COSTLY,
    TOO_FAST,
    TOO_MANY_PAST,
    TOO_MANY_PENDING,
    TOO_MANY_SNOOZES,
    UNKNOWN_EVENT,
    disagrees,
)
from consult.contract.limits import MOST_PAST, MOST_SNOOZES
from consult.contract.rule_parts import PARTS, part_text, unsupported
from consult.contract.words import Words


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is made of no field's rule: when clients are told it, over the socket (None: never) and over HTTP."""

    text: str
    code: str
    status: int | None  # over HTTP; None where HTTP has no use for it
    on_socket: bool
    about: Words


_TOKEN_MEANINGS: dict[str, Words] = {
    "missing": Words("没有出示令牌", "no token was shown"),
    "bad": Words(
        "令牌不是由本服务器的密钥签名，或内容不合规则", "not signed with this server's key, or not as it must be"
    ),
    "expired": Words("令牌已过期；连接也随之断开", "its time is over, and with it its connections'"),
    "revoked": Words("令牌已被吊销；连接也随之断开", "it was revoked, and with it its connections end"),
}

TEXTS = (
    Text(
        UNKNOWN_EVENT,
        "INVALID_PAYLOAD",
        None,
        True,
        Words("事件名未知，或为保留名称", "an unknown event, or a reserved name"),
    ),
    Text(
        CODES["RATE_LIMITED"].about.zh,
        "RATE_LIMITED",
        429,
        True,
        Words(
            "请求太多（第 9 节）：没有执行，可稍后重试",
            "too much was asked (section 9): nothing was done, try again later",
        ),
    ),
    Text(ONE_PAYLOAD, "INVALID_PAYLOAD", None, True, Words("事件带了多个参数", "an event with more than one argument")),
    Text(
        NOT_AN_OBJECT,
        "INVALID_PAYLOAD",
        400,
        True,
        Words("没有数据，或数据不是 JSON 对象", "no payload, or one that is no JSON object"),
    ),
    Text(
        BOTH_CURSORS,
        "INVALID_PAYLOAD",
        400,
        False,
        Words("同时给了 after_id 和 before_id", "both cursors at once"),
    ),
    *(Text(TOKEN_TEXTS[why], "UNAUTHENTICATED", 401, True, Words(zh, en)) for why, (zh, en) in _TOKEN_MEANINGS.items()),
    Text(
        disagrees("user_id").message,
        "FORBIDDEN",
        403,
        True,
        Words(
            "所称的身份（`user_id`、`user_type`、`sender_id`、`sender_type`、`role_display_name` 等）与令牌不同",
            "a client that claims to be another than its token says, in this field or one like it",
        ),
    ),
    Text(
        CODES["FORBIDDEN"].about.zh,
        "FORBIDDEN",
        403,
        True,
        Words("该类型的令牌不能这样做（第 10 节）", "tokens of that type may not do this (section 10)"),
    ),
    Text(KEY_LENGTH, "INVALID_PAYLOAD", 400, False, Words("请求头为空或过长", "that header is empty or too long")),
    Text(HOST_REFUSED, "INVALID_PAYLOAD", 403, False, Words("Host 不在允许之列", "a Host that is not answered")),
    Text(
        ORIGIN_REFUSED,
        "INVALID_PAYLOAD",
        403,
        False,
        Words("网页来源不在允许之列", "a page of an origin that is not let in"),
    ),
    Text(
        CODES["QUESTION_NOT_FOUND"].about.zh,
        "QUESTION_NOT_FOUND",
        404,
        True,
        Words("没有这个咨询问题", "there is no such question"),
    ),
    Text(
        CODES["NOT_FOUND"].about.zh,
        "NOT_FOUND",
        404,
        True,
        Words(
            "没有这个对象或路径；或通知不属于所绑定的用户",
            "there is no such object or path; or the notification is not one of the user that the connection is bound "
            "to",
        ),
    ),
    Text(
        METHOD_NOT_ALLOWED,
        "INVALID_PAYLOAD",
        405,
        False,
        Words(
            "该路径不支持此方法，Allow 头列出支持的方法",
            "the path does not know the method; the Allow header names those it does",
        ),
    ),
    Text(
        QUESTION_CLOSED,
        "INVALID_PAYLOAD",
        None,
        True,
        Words("向已关闭的问题发送消息", "a message for a question that is closed"),
    ),
    Text(
        OTHER_CONTENT,
        "INVALID_PAYLOAD",
        None,
        True,
        Words("同一 client_msg_id 用于不同的内容", "another message under the same client_msg_id"),
    ),
    Text(
        KEY_REUSED,
        "INVALID_PAYLOAD",
        409,
        False,
        Words("同一 Idempotency-Key 用于不同的请求", "another request under the same Idempotency-Key"),
    ),
    Text(
        ALREADY_DISPATCHED,
        "INVALID_PAYLOAD",
        409,
        False,
        Words("取消已触发的提醒任务", "a task that was dispatched can't be cancelled"),
    ),
    Text(
        IS_CONFIRMED,
        "INVALID_PAYLOAD",
        409,
        True,
        Words("推迟已确认的通知", "a notification that was confirmed can't be snoozed"),
    ),
    Text(
        TOO_MANY_SNOOZES,
        "INVALID_PAYLOAD",
        409,
        True,
        Words(
            f"推迟已再次提醒 {MOST_SNOOZES} 次的通知",
            f"a notification that has come again {MOST_SNOOZES} times can't be snoozed",
        ),
    ),
    Text(
        NOT_PENDING,
        "INVALID_PAYLOAD",
        409,
        False,
        Words("修改已触发或已取消的提醒任务", "a task that was dispatched or cancelled can't be changed"),
    ),
    Text(
        TOO_FAST,
        "INVALID_PAYLOAD",
        400,
        False,
        Words("重复规则每分钟触发不止一次", "a recurrence rule that comes more often than once a minute"),
    ),
    Text(
        NO_OCCURRENCE,
        "INVALID_PAYLOAD",
        400,
        False,
        Words(
            "重复规则一次也不会触发，或下一次在一百年之后",
            "a recurrence rule that never comes, or not within a hundred years",
        ),
    ),
    *(
        Text(
            part_text(part),
            "INVALID_PAYLOAD",
            400,
            False,
            Words(f"重复规则的 `{part}` 有误", f"`{part}` of the recurrence rule is not {en}"),
        )
        for part, (_, en) in PARTS.items()
    ),
    Text(
        unsupported("RSCALE"),
        "INVALID_PAYLOAD",
        400,
        False,
        Words(
            "重复规则含有 RFC 5545 以外的部分，或其他的行（例如 `EXDATE`）",
            "the recurrence rule has a part that is not of RFC 5545, or another line such as `EXDATE`",
        ),
    ),
    Text(
        TOO_COSTLY,
        "INVALID_PAYLOAD",
        400,
        False,
        Words(
            "重复规则过于稀疏，或 `COUNT` 过大，无法在限定的步数内算出",
            "a recurrence rule so sparse, or with such a `COUNT`, that it takes more steps than are allowed",
        ),
    ),
    Text(
        TOO_MANY_PAST,
        "INVALID_PAYLOAD",
        400,
        False,
        Words(
            "`missed` 为 `all` 而开始时间太早",
            f"a start so long past that `all` would fire more than {MOST_PAST} at once",
        ),
    ),
    Text(
        EXDATES_ALONE,
        "INVALID_PAYLOAD",
        400,
        False,
        Words("没有重复规则而排除时间", "times are excluded where there is no recurrence rule"),
    ),
    Text(
        TOO_MANY_PENDING,
        "RATE_LIMITED",
        429,
        False,
        Words(
            "该用户未触发的提醒任务太多（第 9 节）：等待无效，先取消一些",
            "the user has too many pending reminders (section 9): to wait does not help, cancel some first",
        ),
    ),
    Text(BODY_TOO_LARGE, "INVALID_PAYLOAD", 413, False, Words("请求体过大", "the body is too large")),
    Text(
        HEAD_TOO_LARGE,
        "INVALID_PAYLOAD",
        431,
        False,
        Words("请求行与请求头过大", "the request line and headers are too large"),
    ),
    Text(
        NOT_JSON,
        "INVALID_PAYLOAD",
        415,
        False,
        Words(
            "请求体不是 JSON，或 Content-Type 不是 application/json，或字符集不是 UTF-8",
            "the body is not JSON, or its Content-Type is not application/json, or its charset not UTF-8",
        ),
    ),
    Text(
        NOT_KNOWN_TO_BE_STORED,
        "INTERNAL_ERROR",
        500,
        True,
        Words(
            "提交时出错：可能已保存，也可能没有，先查询再决定是否重发",
            "the commit failed: it may be stored or not, so look before you send again",
        ),
    ),
    Text(
        CODES["INTERNAL_ERROR"].about.zh,
        "INTERNAL_ERROR",
        500,
        True,
        Words("意外错误", "an unexpected error"),
    ),
    Text(
        CODES["INTERNAL_ERROR"].about.zh,
        "INTERNAL_ERROR",
        503,
        True,
        Words(
            "数据库暂时不可写：没有保存，可稍后重试",
            "the database cannot be written for now: nothing was stored, try again later",
        ),
    ),
)
