"""The one table of faults. Handlers raise `Fault`; the gateway and the HTTP side each turn it into an answer once."""

from dataclasses import dataclass


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


QUESTION_CLOSED = "咨询问题已关闭"
NOT_AN_OBJECT = "请求数据必须为对象"
ONE_PAYLOAD = "只接受一个请求数据"
UNKNOWN_EVENT = "未知事件"
BOTH_CURSORS = "after_id 与 before_id 不能同时使用"
KEY_REUSED = "Idempotency-Key 已用于其他内容"
ALREADY_DISPATCHED = "提醒任务已触发，无法取消"
METHOD_NOT_ALLOWED = "不支持的请求方法"
BODY_TOO_LARGE = "请求体不得超过 1000000 字节"
NOT_JSON = "请求体必须为 JSON"
# The write may or may not be in the file: a client must not take this for "not stored".
NOT_KNOWN_TO_BE_STORED = "服务器未能确认是否已保存，请稍后核对"
