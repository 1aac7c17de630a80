"""How much of anything a client may send, keep waiting or leave unread, and what happens beyond."""

from dataclasses import dataclass

from consult.contract.fields import MAX_BYTES, MOST_ATTACHMENTS
from consult.contract.words import Words

PING_INTERVAL = 25  # seconds, as are the next three
PING_TIMEOUT = 20
CONNECT_TIMEOUT = 20
WRITE_DEADLINE = 4
STRANGER_BYTES = 16_384
STRANGER_FRAMES = 64
STRANGER_BYTES_IN_ALL = 65_536
MOST_STRANGERS = 10_000
MOST_POLLING_STRANGERS = 2000  # sessions of one address
MOST_IDLE = 1000  # packets and frames that ask nothing, in a window
MOST_REFUSED = 1000  # events beyond a limit that are answered, in a window
MOST_FRAGMENTS = 2048
MOST_POSTS = 4
HEAD_SECONDS = 20
REQUEST_SECONDS = 60
MOST_OPEN = 128  # events of one connection that are not answered yet
MOST_WAITING = 20_000  # writes
OUTBOX_BYTES = 1024 * 1024
MOST_REPLAYED = 500  # messages or notifications
EVENTS_PER_SECOND = 5000  # of one connection, as are the next two
BYTES_PER_SECOND = 8_000_000
COUNTED_OVER = 10  # seconds
USER_EVENTS = 200  # a second, over all sockets and HTTP calls of a user, as are the next two
USER_BYTES = 1_000_000  # sent
USER_READS = 4_000_000  # bytes
USER_ROWS = 100_000  # a day, as is the next
USER_CHANGES = 2_000
USER_REMINDERS = 1_000  # pending
SERVICE_FACTOR = 10
STRANGER_REQUESTS = 1000  # a second, of one address, as is the next
STRANGER_TOKENS = 100
STRANGER_CONNECTIONS = 2000
LONGEST_PAGE = 200
USUAL_PAGE = 50
PAGE_BYTES = 1_000_000
LISTS_AT_ONCE = 4  # of one client
MOST_LISTS_WAITING = 256
LIST_WAIT = 10  # seconds, as are the next two
STILL_SECONDS = 10
ANSWER_SECONDS = 60
MOST_UNREAD_ANSWERS = 32
MOST_UNREAD_BYTES = 8_388_608  # of these answers
MOST_BODY_BYTES = 16_777_216  # of requests that are not answered yet
KEYS_KEPT = 7  # days, as is the next
LONGEST_SNOOZE = 366
MOST_SNOOZES = 500  # of one occurrence


@dataclass(frozen=True, slots=True)
class Limit:
    about: Words
    most: Words
    beyond: Words


LIMITS = (
    Limit(
        Words(
            "一个 Engine.IO 数据包，或一次长轮询的请求体", "an Engine.IO packet, or the body of a long-polling request"
        ),
        Words(f"{MAX_BYTES:,} 字节", f"{MAX_BYTES:,} bytes"),
        Words("断开该连接", "that connection ends"),
    ),
    Limit(
        Words("HTTP 请求体", "an HTTP body"), Words(f"{MAX_BYTES:,} 字节", f"{MAX_BYTES:,} bytes"), Words("413", "413")
    ),
    Limit(
        Words("HTTP 请求行与请求头", "an HTTP request's line and headers"),
        Words("18,432 字节", "18,432 bytes"),
        Words("431", "431"),
    ),
    Limit(
        Words("一条消息的附件", "attachments of a message"),
        Words(f"{MOST_ATTACHMENTS} 个", f"{MOST_ATTACHMENTS}"),
        Words("发送失败", "the send fails"),
    ),
    Limit(
        Words("一次列表", "a list over HTTP"),
        Words(f"1 到 {LONGEST_PAGE} 项，缺省 {USUAL_PAGE}", f"1 to {LONGEST_PAGE} items, {USUAL_PAGE} when left out"),
        Words("400", "400"),
    ),
    Limit(
        Words("一次列表的内容", "what a list over HTTP holds"),
        Words(f"约 {PAGE_BYTES:,} 字节，至少一项", f"about {PAGE_BYTES:,} bytes, one item at least"),
        Words("`has_more` 为 true，其余的在下一页", "`has_more` is true, and the rest is on the next page"),
    ),
    Limit(
        Words(
            "一个用户（没有令牌时为一个网络地址）同时进行的列表请求",
            "lists that are worked on at once for one user (without tokens: one network address)",
        ),
        Words(
            f"{LISTS_AT_ONCE} 个，另有 {MOST_LISTS_WAITING} 个最多等待 {LIST_WAIT} 秒",
            f"{LISTS_AT_ONCE}, while {MOST_LISTS_WAITING} more wait for up to {LIST_WAIT} s",
        ),
        Words("`RATE_LIMITED`，带 `Retry-After`", "`RATE_LIMITED` with `Retry-After`"),
    ),
    Limit(
        Words("所有尚未响应的 HTTP 请求体合计", "the bodies of all HTTP requests that are not answered yet"),
        Words(f"{MOST_BODY_BYTES:,} 字节", f"{MOST_BODY_BYTES:,} bytes"),
        Words("断开占用最多的客户端最早的连接", "the oldest connection of the client that holds most ends"),
    ),
    Limit(
        Words("客户端读取一个 HTTP 响应", "for a client to read an HTTP answer"),
        Words(
            f"{ANSWER_SECONDS} 秒，且每 {STILL_SECONDS} 秒都有进展；这样的连接最多 {MOST_UNREAD_ANSWERS} 个，"
            f"共 {MOST_UNREAD_BYTES:,} 字节",
            f"{ANSWER_SECONDS} s, with some of it every {STILL_SECONDS} s; at most {MOST_UNREAD_ANSWERS} such "
            f"connections with {MOST_UNREAD_BYTES:,} bytes",
        ),
        Words("断开该连接", "that connection ends"),
    ),
    Limit(
        Words("加入或绑定后补发的消息、通知", "messages or notifications sent after a join or bind"),
        Words(f"{MOST_REPLAYED} 条", f"{MOST_REPLAYED}"),
        Words(
            "带 `after_id` 时用 HTTP 读取其余的；否则其余的通知在下一次绑定后补发",
            "with `after_id` the rest is read over HTTP; otherwise the next bind brings the rest",
        ),
    ),
    Limit(
        Words("通知推迟多久", "how far ahead a notification is snoozed"),
        Words(f"{LONGEST_SNOOZE} 天", f"{LONGEST_SNOOZE} days"),
        Words("`INVALID_PAYLOAD`", "`INVALID_PAYLOAD`"),
    ),
    Limit(
        Words("同一次提醒推迟后再次提醒的次数", "how often one occurrence of a reminder comes again after a snooze"),
        Words(f"{MOST_SNOOZES} 次", f"{MOST_SNOOZES} times"),
        Words("`INVALID_PAYLOAD`", "`INVALID_PAYLOAD`"),
    ),
    Limit(
        Words("`Idempotency-Key` 的保留时间", "how long an `Idempotency-Key` is kept"),
        Words(f"{KEYS_KEPT} 天", f"{KEYS_KEPT} days"),
        Words("之后同样的请求是新的请求", "the same request is a new one then"),
    ),
    Limit(
        Words("心跳", "heartbeat"),
        Words(
            f"每 {PING_INTERVAL} 秒一次，{PING_TIMEOUT} 秒内回应",
            f"every {PING_INTERVAL} s, to be answered within {PING_TIMEOUT} s",
        ),
        Words("断开该连接", "that connection ends"),
    ),
    Limit(
        Words("websocket 建立到 Socket.IO CONNECT", "from a websocket's opening to the Socket.IO CONNECT"),
        Words(f"{CONNECT_TIMEOUT} 秒", f"{CONNECT_TIMEOUT} s"),
        Words("断开该连接", "that connection ends"),
    ),
    Limit(
        Words("CONNECT 被接受之前发送的全部内容", "all that is sent before a CONNECT is accepted"),
        Words(
            f"{STRANGER_FRAMES} 个 websocket 帧或数据包，{STRANGER_BYTES_IN_ALL:,} 字节",
            f"{STRANGER_FRAMES} websocket frames or packets, {STRANGER_BYTES_IN_ALL:,} bytes",
        ),
        Words("断开该连接", "that connection ends"),
    ),
    Limit(
        Words(
            "不提出任何请求的帧与数据包：ping、pong、空的分片、CONNECT、noop",
            "frames and packets that ask nothing: pings, pongs, empty fragments, CONNECTs, noops",
        ),
        Words(f"{COUNTED_OVER} 秒内 {MOST_IDLE:,} 个", f"{MOST_IDLE:,} in {COUNTED_OVER} s"),
        Words("断开该连接", "that connection ends"),
    ),
    Limit(
        Words("一条 websocket 消息的分片", "fragments of a websocket message"),
        Words(f"{MOST_FRAGMENTS:,} 个", f"{MOST_FRAGMENTS:,}"),
        Words("断开该连接", "that connection ends"),
    ),
    Limit(
        Words("一个长轮询会话的请求", "requests of a long-polling session at a time"),
        Words(f"一个 GET，{MOST_POSTS} 个 POST", f"one GET, {MOST_POSTS} POSTs"),
        Words(
            "会话结束：先到的 GET 得到 `1`，后到的得到 400", "the session ends: the first GET gets `1`, the second 400"
        ),
    ),
    Limit(
        Words("尚未完成 CONNECT 的连接", "connections without their CONNECT"),
        Words(f"{MOST_STRANGERS:,} 个", f"{MOST_STRANGERS:,}"),
        Words("断开其中最早的", "the first of them ends"),
    ),
    Limit(
        Words("一次 HTTP 请求的到达：请求头、全部", "for an HTTP request to arrive: its head, all of it"),
        Words(f"{HEAD_SECONDS} 秒、{REQUEST_SECONDS} 秒", f"{HEAD_SECONDS} s, {REQUEST_SECONDS} s"),
        Words("断开该连接", "that connection ends"),
    ),
    Limit(
        Words("一个连接尚未回应的事件", "events of a connection that are not answered yet"),
        Words(f"{MOST_OPEN} 个", f"{MOST_OPEN}"),
        Words("暂停读取该连接，不丢失任何事件", "reading from it pauses; no event is lost"),
    ),
    Limit(
        Words("一个连接未读取的数据", "what a connection leaves unread"),
        Words(f"{OUTBOX_BYTES:,} 字节（可设置）", f"{OUTBOX_BYTES:,} bytes (a setting)"),
        Words("断开该连接", "that connection ends"),
    ),
    Limit(
        Words("数据库不可写时，一次写入的等待时间", "how long a write waits while the database cannot be written"),
        Words(f"{WRITE_DEADLINE} 秒", f"{WRITE_DEADLINE} s"),
        Words("`INTERNAL_ERROR`，没有保存", "`INTERNAL_ERROR`, nothing is stored"),
    ),
    Limit(
        Words("等待写入的请求总数", "writes that wait"),
        Words(f"{MOST_WAITING:,} 个", f"{MOST_WAITING:,}"),
        Words("`RATE_LIMITED`", "`RATE_LIMITED`"),
    ),
    Limit(
        Words("一个连接的事件", "events of a connection"),
        Words(
            f"每秒 {EVENTS_PER_SECOND:,} 个、{BYTES_PER_SECOND:,} 字节，按 {COUNTED_OVER} 秒计（可设置）",
            f"{EVENTS_PER_SECOND:,} and {BYTES_PER_SECOND:,} bytes a second, over {COUNTED_OVER} s (settings)",
        ),
        Words(
            f"`RATE_LIMITED`；再超过 {MOST_REFUSED:,} 个或 {MAX_BYTES:,} 字节：断开该连接",
            f"`RATE_LIMITED`; another {MOST_REFUSED:,} or {MAX_BYTES:,} bytes beyond: that connection ends",
        ),
    ),
    Limit(
        Words(
            "一个网络地址尚未完成 CONNECT 的长轮询会话",
            "long-polling sessions of a network address without their CONNECT",
        ),
        Words(f"{MOST_POLLING_STRANGERS:,} 个", f"{MOST_POLLING_STRANGERS:,}"),
        Words("新的会话得到 429", "a new session gets 429"),
    ),
    Limit(
        Words(
            "使用令牌时，一个用户的事件与 HTTP 请求（所有连接合计）",
            "with tokens, events and HTTP requests of a user, over all its connections",
        ),
        Words(
            f"每秒 {USER_EVENTS:,} 个、发送 {USER_BYTES:,} 字节，按 {COUNTED_OVER} 秒计；"
            f"SERVICE 为 {SERVICE_FACTOR} 倍（可设置）",
            f"{USER_EVENTS:,} and {USER_BYTES:,} bytes sent a second, over {COUNTED_OVER} s; "
            f"{SERVICE_FACTOR} times as much for SERVICE (settings)",
        ),
        Words(
            "`RATE_LIMITED`；HTTP 为 429，带 `Retry-After`（秒）",
            "`RATE_LIMITED`; over HTTP 429 with `Retry-After` in seconds",
        ),
    ),
    Limit(
        Words(
            "使用令牌时，一个用户读取的数据（HTTP 响应与补发）",
            "with tokens, what a user reads: HTTP answers and catch-up",
        ),
        Words(
            f"每秒 {USER_READS:,} 字节，按 {COUNTED_OVER} 秒计；SERVICE 为 {SERVICE_FACTOR} 倍（可设置）",
            f"{USER_READS:,} bytes a second, over {COUNTED_OVER} s; {SERVICE_FACTOR} times as much for SERVICE "
            "(settings)",
        ),
        Words("加入、绑定与 HTTP 请求得到 `RATE_LIMITED`", "`RATE_LIMITED` for joins, binds and HTTP requests"),
    ),
    Limit(
        Words(
            "使用令牌时，一个用户一天内的消息与修改；其中对提醒的修改与通知的推迟",
            "with tokens, messages and changes of a user in a day; of these, changes of reminders and snoozes",
        ),
        Words(
            f"{USER_ROWS:,}；{USER_CHANGES:,}；SERVICE 不限（可设置）",
            f"{USER_ROWS:,}; {USER_CHANGES:,}; none for SERVICE (settings)",
        ),
        Words("`RATE_LIMITED`", "`RATE_LIMITED`"),
    ),
    Limit(
        Words("使用令牌时，一个用户未触发的提醒任务", "with tokens, pending reminders for a user"),
        Words(
            f"{USER_REMINDERS:,} 个；由 SERVICE 创建时不限（可设置）",
            f"{USER_REMINDERS:,}; none where SERVICE makes them (a setting)",
        ),
        Words("`RATE_LIMITED`，等待无效：先取消一些", "`RATE_LIMITED`; to wait does not help: cancel some"),
    ),
    Limit(
        Words(
            "使用令牌时，一个网络地址的无令牌请求；无效令牌",
            "with tokens, requests without a good token from a network address; bad tokens from it",
        ),
        Words(
            f"每秒 {STRANGER_REQUESTS:,} 次；{STRANGER_TOKENS:,} 次，按 {COUNTED_OVER} 秒计（可设置）",
            f"{STRANGER_REQUESTS:,}; {STRANGER_TOKENS:,} a second, over {COUNTED_OVER} s (settings)",
        ),
        Words("429；用无效令牌 CONNECT 的连接被断开", "429; a connection that sends its CONNECT with a bad token ends"),
    ),
    Limit(
        Words(
            "使用令牌时，一个网络地址尚未出示有效令牌的连接",
            "with tokens, connections from a network address that have not shown a good token",
        ),
        Words(f"{STRANGER_CONNECTIONS:,} 个（可设置）", f"{STRANGER_CONNECTIONS:,} (a setting)"),
        Words("断开其中最早的", "the first of them ends"),
    ),
    Limit(
        Words("一个网络地址的事件与连接", "events and connections of a network address"),
        Words("缺省不限（可设置）", "none by default (settings)"),
        Words("`RATE_LIMITED`；新的连接得到 429", "`RATE_LIMITED`; a new connection gets 429"),
    ),
)
