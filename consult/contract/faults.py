"""The one table of faults. Handlers raise `Fault`; the gateway and the HTTP side each turn it into an answer once."""

import logging
from dataclasses import dataclass

from store.transaction import TooManyWaiting, WriteRefused, WriteUnknown

log = logging.getLogger("careline.faults")


@dataclass(frozen=True, slots=True)
class Code:
    """An error code of the protocol (section 3) and the HTTP status that goes with it."""

    name: str
    status: int
    zh: str
    en: str


CODES = {
    code.name: code
    for code in (
        Code("INVALID_PAYLOAD", 400, "参数缺失或格式不正确", "a parameter is missing or malformed"),
        Code("QUESTION_NOT_FOUND", 404, "咨询问题不存在", "the consultation question does not exist"),
        Code("NOT_FOUND", 404, "资源不存在", "the object or path does not exist"),
        Code("UNAUTHENTICATED", 401, "缺少令牌，或令牌无效、已过期、已吊销", "no token, or one that is not good"),
        Code("FORBIDDEN", 403, "令牌无权执行此操作", "the token does not allow it"),
        Code("RATE_LIMITED", 429, "请求过于频繁，请稍后重试", "too much was asked at once; try again later"),
        Code("INTERNAL_ERROR", 500, "服务器内部错误", "the server failed"),
    )
}


class Fault(Exception):
    """A fault that the client is told of: its code, its text, and its HTTP status where that is not the code's own."""

    def __init__(self, code: str, message: str | None = None, status: int | None = None) -> None:
        self.code = code
        self.message = message or CODES[code].zh
        self.status = status or CODES[code].status
        super().__init__(f"{code}: {self.message}")


def invalid(message: str, status: int | None = None) -> Fault:
    """A fault of what the client sent."""
    return Fault("INVALID_PAYLOAD", message, status)


def disagrees(name: str) -> Fault:
    """A field in which somebody claims to be who the token does not say."""
    return Fault("FORBIDDEN", f"{name} 与令牌不符")


def told(exception: Exception) -> Fault:
    """What a client is told of an exception, by event or over HTTP. The details of what nobody expected stay in the
    log."""
    if isinstance(exception, Fault):
        return exception
    if isinstance(exception, WriteUnknown):
        return Fault("INTERNAL_ERROR", NOT_KNOWN_TO_BE_STORED)
    if isinstance(exception, TooManyWaiting):
        return Fault("RATE_LIMITED")
    if isinstance(exception, WriteRefused):
        return Fault("INTERNAL_ERROR", status=503)
    log.error("an event or a request failed", exc_info=exception)
    return Fault("INTERNAL_ERROR")


OTHER_CONTENT = "client_msg_id 已用于其他内容"
QUESTION_CLOSED = "咨询问题已关闭"
NOT_AN_OBJECT = "请求数据必须为对象"
ONE_PAYLOAD = "只接受一个请求数据"
UNKNOWN_EVENT = "未知事件"
BOTH_CURSORS = "after_id 与 before_id 不能同时使用"
KEY_REUSED = "Idempotency-Key 已用于其他内容"
ALREADY_DISPATCHED = "提醒任务已触发，无法取消"
IS_CONFIRMED = "通知已确认，无法推迟"
METHOD_NOT_ALLOWED = "不支持的请求方法"
BODY_TOO_LARGE = "请求体不得超过 1000000 字节"
HEAD_TOO_LARGE = "请求行与请求头不得超过 8192 字节"
NOT_JSON = "请求体必须为 JSON"
# The write may or may not be in the file: a client must not take this for "not stored".
NOT_KNOWN_TO_BE_STORED = "服务器未能确认是否已保存，请稍后核对"
HOST_REFUSED = "Host 不被允许（--allowed-hosts）"
ORIGIN_REFUSED = "Origin 不被允许（--allowed-origins）"
KEY_LENGTH = "Idempotency-Key 必须为 1 到 64 个字符"
# What is wrong with a token, by the word that tokens.py has for it.
TOKEN_TEXTS = {
    "missing": "缺少令牌（missing）",
    "bad": "令牌无效（bad）",
    "expired": "令牌已过期（expired）",
    "revoked": "令牌已吊销（revoked）",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is made of no field's rule: when clients are told it, over the socket (None: never) and over HTTP."""

    text: str
    code: str
    status: int | None  # over HTTP; None where HTTP has no use for it
    on_socket: bool
    zh: str
    en: str


_TOKEN_MEANINGS: dict[str, tuple[str, str]] = {
    "missing": ("没有出示令牌", "no token was shown"),
    "bad": ("令牌不是由本服务器的密钥签名，或内容不合规则", "not signed with this server's key, or not as it must be"),
    "expired": ("令牌已过期；连接也随之断开", "its time is over, and with it its connections'"),
    "revoked": ("令牌已被吊销；连接也随之断开", "it was revoked, and with it its connections end"),
}

TEXTS = (
    Text(
        UNKNOWN_EVENT,
        "INVALID_PAYLOAD",
        None,
        True,
        "事件名未知，或为保留名称",
        "an event that nobody knows, reserved names among them",
    ),
    Text(
        CODES["RATE_LIMITED"].zh,
        "RATE_LIMITED",
        429,
        True,
        "请求太多（第 9 节）：没有执行，可稍后重试",
        "too much was asked (section 9): nothing was done, try again later",
    ),
    Text(ONE_PAYLOAD, "INVALID_PAYLOAD", None, True, "事件带了多个参数", "an event with more than one argument"),
    Text(
        NOT_AN_OBJECT,
        "INVALID_PAYLOAD",
        400,
        True,
        "没有数据，或数据不是 JSON 对象",
        "no payload, or one that is no JSON object",
    ),
    Text(
        BOTH_CURSORS,
        "INVALID_PAYLOAD",
        400,
        False,
        "同时给了 after_id 和 before_id",
        "both cursors at once",
    ),
    *(Text(TOKEN_TEXTS[why], "UNAUTHENTICATED", 401, True, zh, en) for why, (zh, en) in _TOKEN_MEANINGS.items()),
    Text(
        disagrees("user_id").message,
        "FORBIDDEN",
        403,
        True,
        "所称的身份（`user_id`、`user_type`、`sender_id`、`sender_type`、`role_display_name` 等）与令牌不同",
        "a client that claims to be another than its token says, in this field or one like it",
    ),
    Text(
        CODES["FORBIDDEN"].zh,
        "FORBIDDEN",
        403,
        True,
        "该类型的令牌不能这样做（第 10 节）",
        "tokens of that type may not do this (section 10)",
    ),
    Text(KEY_LENGTH, "INVALID_PAYLOAD", 400, False, "请求头为空或过长", "that header is empty or too long"),
    Text(HOST_REFUSED, "INVALID_PAYLOAD", 403, False, "Host 不在允许之列", "a Host that is not answered"),
    Text(
        ORIGIN_REFUSED, "INVALID_PAYLOAD", 403, False, "网页来源不在允许之列", "a page of an origin that is not let in"
    ),
    Text(
        CODES["QUESTION_NOT_FOUND"].zh,
        "QUESTION_NOT_FOUND",
        404,
        True,
        "没有这个咨询问题",
        "there is no such question",
    ),
    Text(
        CODES["NOT_FOUND"].zh,
        "NOT_FOUND",
        404,
        True,
        "没有这个对象或路径；或通知不属于所绑定的用户",
        "there is no such object or path; or the notification is not one of the user that the connection is bound to",
    ),
    Text(
        METHOD_NOT_ALLOWED,
        "INVALID_PAYLOAD",
        405,
        False,
        "该路径不支持此方法，Allow 头列出支持的方法",
        "the path does not know the method; the Allow header names those it does",
    ),
    Text(
        QUESTION_CLOSED,
        "INVALID_PAYLOAD",
        None,
        True,
        "向已关闭的问题发送消息",
        "a message for a question that is closed",
    ),
    Text(
        OTHER_CONTENT,
        "INVALID_PAYLOAD",
        None,
        True,
        "同一 client_msg_id 用于不同的内容",
        "another message under the same client_msg_id",
    ),
    Text(
        KEY_REUSED,
        "INVALID_PAYLOAD",
        409,
        False,
        "同一 Idempotency-Key 用于不同的请求",
        "another request under the same Idempotency-Key",
    ),
    Text(
        ALREADY_DISPATCHED,
        "INVALID_PAYLOAD",
        409,
        False,
        "取消已触发的提醒任务",
        "a task that was dispatched can't be cancelled",
    ),
    Text(
        IS_CONFIRMED,
        "INVALID_PAYLOAD",
        409,
        True,
        "推迟已确认的通知",
        "a notification that was confirmed can't be snoozed",
    ),
    Text(BODY_TOO_LARGE, "INVALID_PAYLOAD", 413, False, "请求体过大", "the body is too large"),
    Text(
        HEAD_TOO_LARGE,
        "INVALID_PAYLOAD",
        431,
        False,
        "请求行与请求头过大",
        "the request line and headers are too large",
    ),
    Text(
        NOT_JSON,
        "INVALID_PAYLOAD",
        415,
        False,
        "请求体不是 JSON，或 Content-Type 不是 application/json",
        "the body is not JSON, or its Content-Type is not application/json",
    ),
    Text(
        NOT_KNOWN_TO_BE_STORED,
        "INTERNAL_ERROR",
        500,
        True,
        "提交时出错：可能已保存，也可能没有，先查询再决定是否重发",
        "the commit failed: it may be stored or not, so look before you send again",
    ),
    Text(CODES["INTERNAL_ERROR"].zh, "INTERNAL_ERROR", 500, True, "意外错误", "something that nobody expected"),
    Text(
        CODES["INTERNAL_ERROR"].zh,
        "INTERNAL_ERROR",
        503,
        True,
        "数据库暂时不可写：没有保存，可稍后重试",
        "the database cannot be written for now: nothing was stored, try again later",
    ),
)
