"""The rules in words of section 10: tokens, and who may do what with them. Chinese first."""

from consult.contract.prose import Both

NOTES: dict[str, tuple[Both, ...]] = {
    "10": (
        (
            "服务器以 `--auth-secret-file` 启动时，每个客户端都要出示令牌，本节的规则才生效。",
            "A server that was started with `--auth-secret-file` asks every client for a token; this section is about "
            "that.",
        ),
        (
            "令牌是以 HS256 签名的 JWT：`sub` 为用户编号，`type` 为用户类型，`name` 为显示名称（可省略），"
            "`exp` 为到期时间，`questions` 为 `FAMILY` 可以查看的咨询问题编号的数组。"
            "`iat`（签发时间）、`nbf` 与 `aud`（`careline`）如有则检查，"
            "`iat` 与 `nbf` 允许超前 10 秒；其他声明被忽略。",
            "A token is a JWT signed with HS256: `sub` is the user id, `type` the user type, `name` the name to show "
            "(may be left out), `exp` the expiry time, and `questions` the list of the questions' ids that `FAMILY` "
            "may see. `iat` (the time of issue), `nbf` and `aud` (`careline`) are checked when given; `iat` and `nbf` "
            "may be 10 seconds ahead. Other claims are ignored.",
        ),
        (
            "令牌的 `type` 只能是下表各列的类型，其他类型的令牌无效（`bad`）。"
            "用户编号在所有类型之间必须唯一：提醒与通知只按编号区分。",
            "The `type` of a token is one of the columns below; a token of another type is `bad`. User ids must be "
            "unique across all types: reminders and notifications go by the id alone.",
        ),
        (
            "没有 `iat` 的令牌，在吊销该用户的全部令牌后一律失效。",
            "When all tokens of a user are revoked, a token without `iat` counts as issued before that.",
        ),
        (
            "Socket.IO 客户端在 `auth` 中出示：`{ token }`；HTTP 请求用 `Authorization: Bearer` 请求头。",
            "A Socket.IO client shows it in its `auth` as `{ token }`, an HTTP request in `Authorization: Bearer`.",
        ),
        (
            "被拒绝的连接得到 `connect_error`：`message` 说明原因，`data` 是 "
            '`{"code": "UNAUTHENTICATED", "reason": "expired"}`，'
            "原因为 `missing`、`bad`、`expired` 或 `revoked`。被拒绝的 HTTP 请求得到 401。",
            "A connection that is refused gets a `connect_error`: its `message` says why, and its `data` is "
            '`{"code": "UNAUTHENTICATED", "reason": "expired"}`, the reason being `missing`, `bad`, `expired` or '
            "`revoked`. An HTTP request that is refused gets 401.",
        ),
        (
            "令牌到期或被吊销后一秒之内，它的连接收到 `error`（`UNAUTHENTICATED`），然后断开。",
            "Within a second of a token's end or revocation its connections get an `error` (`UNAUTHENTICATED`) and are "
            "ended.",
        ),
        (
            "客户端所称的身份必须与令牌一致：`user_id`、`user_type`、`sender_id`、`sender_type`，"
            "以及给出时的 `role_display_name`（令牌没有 `name` 时不限），否则为 `FORBIDDEN`；"
            "`send_message` 由其回应告知。只有 `SERVICE` 可以用 `SYSTEM` 作为 `sender_type`。",
            "What a client says of itself must be what its token says: `user_id`, `user_type`, `sender_id`, "
            "`sender_type` and, where given, `role_display_name` (any, where the token has no `name`). Otherwise it is "
            "`FORBIDDEN`; a send is told so by its ack. `SERVICE` alone may send with the `sender_type` `SYSTEM`.",
        ),
        (
            "看不到的对象与不存在的对象没有区别：`QUESTION_NOT_FOUND` 或 `NOT_FOUND`，也不在任何列表中。",
            "An object that one may not see is as if it did not exist: `QUESTION_NOT_FOUND` or `NOT_FOUND`, and in no "
            "list.",
        ),
        (
            "每个用户的 `Idempotency-Key` 互不影响。连接离开命名空间后即被断开。",
            "Everybody has `Idempotency-Key`s of their own. A connection that leaves the namespace is ended.",
        ),
    ),
    "10.rights": (
        (
            "“自己的”指自己作为长者的咨询问题，以及属于自己用户编号的提醒与通知；"
            "“令牌所列的”指令牌 `questions` 中的咨询问题。",
            "One's own are the questions of which one is the "
            "elder, and the reminders and notifications of one's user id; those listed are in the token's `questions`.",
        ),
    ),
}
