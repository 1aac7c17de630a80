"""The one table of faults. Handlers raise `Fault`; the gateway and the HTTP side each turn it into an answer once."""

import logging
from dataclasses import dataclass

from consult.contract.limits import CREATION_STEPS, MAX_BYTES, MOST_HEAD, MOST_PAST
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
        Code("RATE_LIMITED", 429, Words("请求过于频繁，请稍后重试", "too much was asked at once; try again later")),
        Code("INTERNAL_ERROR", 500, Words("服务器内部错误", "the server failed")),
    )
}


class Fault(Exception):
    """An error for the client: its code, its text, and its HTTP status where that is not the code's own.

    `retry_after` is the number of seconds after which the same request is not refused for this any more, if known.
    """

    def __init__(
        self, code: str, message: str | None = None, status: int | None = None, retry_after: int | None = None
    ) -> None:
        self.code = code
        self.message = message or CODES[code].about.zh
        self.status = status or CODES[code].status
        self.retry_after = retry_after
        super().__init__(f"{code}: {self.message}")


def invalid(message: str, status: int | None = None) -> Fault:
    """A fault of what the client sent."""
    return Fault("INVALID_PAYLOAD", message, status)


def disagrees(name: str) -> Fault:
    """Return the error for a field that claims another identity than the token's."""
    return Fault("FORBIDDEN", f"{name} 与令牌不符")


def told(exception: Exception) -> Fault:
    """Return the error for a client, by event or over HTTP. The details of an unexpected exception stay in the log."""
    if isinstance(exception, Fault):
        return exception
    if isinstance(exception, WriteUnknown):
        return Fault("INTERNAL_ERROR", NOT_KNOWN_TO_BE_STORED)
    if isinstance(exception, TooManyWaiting):
        return Fault("RATE_LIMITED", retry_after=QUEUE_SECONDS)
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
TOO_MANY_PENDING = "未触发的提醒任务已达上限，请先取消一些"
TOO_MANY_SNOOZES = "推迟次数过多，无法再推迟"
NOT_PENDING = "提醒任务已触发或已取消，无法修改"
TOO_FAST = "rrule 必须为每分钟至多一次的规则"
NO_OCCURRENCE = "rrule 必须为至少会触发一次的规则"
TOO_COSTLY = f"rrule 必须为不超过 {CREATION_STEPS} 步即可算出的规则"
TOO_MANY_PAST = f"remind_at 必须为较近的时间（missed 为 all 时，已过去的触发不超过 {MOST_PAST} 次）"
EXDATES_ALONE = "exdates 必须与 rrule 一起使用"
METHOD_NOT_ALLOWED = "不支持的请求方法"
BODY_TOO_LARGE = f"请求体不得超过 {MAX_BYTES} 字节"
HEAD_TOO_LARGE = f"请求行与请求头不得超过 {MOST_HEAD} 字节"
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
