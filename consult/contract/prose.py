"""What no table of the protocol holds: its rules in words, Chinese first, for the sections of the first document."""

from consult.contract.events import QUESTION_ROOM, USER_ROOM
from consult.contract.limits import MOST_REPLAYED

Both = tuple[str, str]  # Chinese, English

INTRODUCTION: tuple[Both, ...] = (
    (
        "本文件汇总 Careline 的所有 Socket.io 事件，包括咨询协作模块与通用通知推送模块，以及与之配套的 HTTP 接口，"
        "方便前后端对齐协议。",
        "All of Careline's protocol: every Socket.IO event, for consultations and for notifications, and the HTTP "
        "calls beside them.",
    ),
    (
        "第 1 至 5 节沿用最初的协议文档：事件名、字段名、房间名、文本与数据结构都不变。其余规则在此基础上补充。",
        "Sections 1 to 5 are the first protocol document: its event names, fields, rooms, texts and shapes stay as "
        "they were. All else adds to it.",
    ),
    (
        "本文件由 `consult/contract/` 中的表格生成，请勿手改；改动表格后运行 `make docs`。"
        "供程序读取的版本：[asyncapi.json](asyncapi.json)（事件）与 [openapi.json](openapi.json)（HTTP）。",
        "It is made from the tables in `consult/contract/`: change those and run `make docs`. For programs there are "
        "[asyncapi.json](asyncapi.json) (events) and [openapi.json](openapi.json) (HTTP).",
    ),
)

# What a document that gives these rules without their sections says of them.
SECTIONS: Both = (
    "所说的节见 docs/socket-events.md。",
    "Sections that are spoken of are those of docs/socket-events.md.",
)

CONNECT: Both = (
    "客户端建立 Socket.io 连接，当前版本未做额外鉴权扩展。",
    "The client opens a Socket.IO connection. It asks for no credentials, unless the server asks for tokens (section "
    "10).",
)
DISCONNECT: Both = (
    "连接断开时触发，后端仅做资源释放，不做业务广播。",
    "The connection has ended; the server frees what it held and tells nobody.",
)

NOTES: dict[str, tuple[Both, ...]] = {
    "1": (
        (
            "路径是 `/socket.io/`，命名空间是 `/`。支持 websocket、长轮询以及两者之间的升级。",
            "The path is `/socket.io/`, the namespace `/`; websocket, long-polling and the upgrade between them work.",
        ),
        (
            "支持第 3、4 版客户端（`EIO=4`）；更早的版本得到 400。",
            "Clients of version 3 and 4 (`EIO=4`) are served; older ones get 400.",
        ),
        (
            "Host 或网页来源（Origin）不被允许时得到 403；没有 Origin 的请求可以通过。",
            "A Host or a page's Origin that is not allowed gets 403; a request without an Origin passes.",
        ),
        (
            "其他命名空间被拒绝（`Invalid namespace`），连接不受影响。",
            "Other namespaces are refused (`Invalid namespace`); the connection lives on.",
        ),
        (
            "每个格式正确的事件都有回应。客户端带了 acknowledgement 回调时，除回应事件外，回调也收到同一个对象。",
            "Every well-formed event is answered. Where the client gives an acknowledgement callback, it gets the same "
            "object, beside the reply event.",
        ),
        (
            "同一连接的事件按到达的顺序处理和回应；不必等待回应就可以继续发送。",
            "A connection's events are handled and answered in the order in which they arrive; it need not wait "
            "between them.",
        ),
        (
            "断开前送到的消息照常保存和广播；没有收到回应的消息可能已经保存，也可能没有：带 `client_msg_id` 重发即可。",
            "A message that has arrived when the connection ends is stored and broadcast. One without an answer may "
            "be stored or not: send it again, with its `client_msg_id`.",
        ),
        (
            "重新连接后是新的连接：不在任何房间，也没有绑定用户，需要重新加入和绑定。",
            "After a reconnect the connection is a new one, in no room and bound to nobody: join and bind again.",
        ),
    ),
    "2": (
        (
            f"房间命名约定：`{QUESTION_ROOM}`，例如：`{QUESTION_ROOM.format(questionId=123)}`。",
            f"Each question has a room, `{QUESTION_ROOM}`, such as `{QUESTION_ROOM.format(questionId=123)}`.",
        ),
    ),
    "2.1": (
        (
            "问题必须存在，否则为 `QUESTION_NOT_FOUND`；已关闭的问题也可以加入。",
            "The question must exist, or the answer is `QUESTION_NOT_FOUND`; a closed one can be joined.",
        ),
        (
            "重复加入不会出错，每次都有回应；新的类型和名称取代之前的。",
            "Joining again is no fault and is answered each time; the new type and name replace the earlier ones.",
        ),
        (
            "`joined_question` 先于该房间的任何消息到达。之前的消息用 `after_id` 补发，或用 HTTP 读取（第 7 节）。",
            "`joined_question` comes before anything of that room. Earlier messages come with `after_id`, or over HTTP "
            "(section 7).",
        ),
        (
            "加入失败时，连接保持原来的状态。一个连接可以同时在多个房间。",
            "A failed join leaves everything as it was. A connection may be in many rooms.",
        ),
        (
            "带 `after_id` 时，`joined_question` 还有 `latest_id` 与 `has_more`；随后游标之后可见的消息以 "
            f"`new_message` 补发，最旧的在前，最多 {MOST_REPLAYED} 条，再之后是新的消息：不缺，不重。",
            "With `after_id`, `joined_question` also carries `latest_id` and `has_more`; then the visible messages "
            f"above the cursor come as `new_message`, oldest first, at most {MOST_REPLAYED}, then the live ones: none "
            "missing, none twice.",
        ),
        (
            f"`has_more` 为 true 时，先用 HTTP 从补发的第 {MOST_REPLAYED} 条读到 `latest_id`，再把游标移过去。"
            "游标大于 `latest_id` 时照常加入，不补发。",
            f"With `has_more` the client pages over HTTP from the {MOST_REPLAYED}th up to `latest_id` before it moves "
            "its cursor past. A cursor above `latest_id` joins and replays nothing.",
        ),
        (
            "补发中途出错时连接会断开：重新连接，带原来的游标再加入。",
            "Where sending them fails, the connection ends: come back with the same cursor.",
        ),
    ),
    "2.2": (
        (
            "离开时不查询数据库：不在房间里，或者问题不存在，也同样得到 `left_question`。",
            "Leaving looks nothing up: without a join, or without such a question, the answer is the same.",
        ),
    ),
    "2.3": (
        (
            "先保存并提交，再回应发送者，最后广播。回应成功的消息一定已经写入磁盘。",
            "A message is stored and committed, then acknowledged, then broadcast. What was acknowledged is on disk.",
        ),
        (
            "发送不需要先加入房间。发送者加入了房间才会收到自己的 `new_message`，并且总在 `send_message:ack` 之后。",
            "Sending needs no join. The sender gets its own `new_message` only if it joined, and after its "
            "`send_message:ack`.",
        ),
        (
            "失败时恰好只有 `success` 与 `message` 两个键，`message` 以 `发送失败：` 开头；数据不是对象时也一样。"
            "`send_message` 的错误不会发到 `error`。",
            "A failed send gets exactly the keys `success` and `message`, with `发送失败：` before the text, also when "
            "the payload is no object. Its faults never go to `error`.",
        ),
        (
            "已关闭的问题不再接收消息：`发送失败：咨询问题已关闭`。",
            "A closed question takes no messages: `发送失败：咨询问题已关闭`.",
        ),
        (
            "`content_text` 缺省、为 null 或全为空白时，至少要有一个附件。缺省时保存为 null，否则原样保存、原样返回。",
            "Without `content_text`, or with a blank one, there must be an attachment. Left out it is stored as null, "
            "otherwise it is stored and given back as sent.",
        ),
        (
            "`attachments` 缺省为 `[]`。返回时每个附件的四个键总是齐全。",
            "`attachments` left out is `[]`. Each attachment comes back with all four keys.",
        ),
        (
            "`client_msg_id` 在同一问题、`sender_type` 与 `sender_id` 下永远唯一。同一条再次发送时不保存、不广播，"
            "得到第一次的回应，问题已关闭时也一样。",
            "A `client_msg_id` is unique per question, `sender_type` and `sender_id`, for ever. The same again stores "
            "and broadcasts nothing and gets the first message's ack, also after the question was closed.",
        ),
        (
            "同一 `client_msg_id` 而内容不同（`role_display_name` 除外）：`发送失败：client_msg_id 已用于其他内容`。",
            "With other content (anything but `role_display_name`) it is `发送失败：client_msg_id 已用于其他内容`.",
        ),
        (
            "`is_visible_to_patient` 为 false 的消息仅员工可见，只有 `STAFF` 可以发送（第 6 节）。",
            "With `is_visible_to_patient` false a message is for staff, and only `STAFF` may send it (section 6).",
        ),
    ),
    "3": (
        (
            "每个字段的错误文本都是 `<字段> 必须为<规则>`，各节的表格逐一列出。",
            "Each field's fault is `<field> 必须为<rule>`; the tables of each section give them word for word.",
        ),
        (
            "有多个错误时，按表格的字段顺序报告第一个；然后才检查问题是否存在，最后检查问题是否已关闭。",
            "Of several faults the first in the tables' field order is reported; then whether the question exists; "
            "then whether it is closed.",
        ),
        (
            "未知字段在任何层级都被忽略，也不会返回。可选字段为 null 等于没有填。",
            "Unknown fields are ignored at every level and never given back. Null in an optional field is the same as "
            "leaving it out.",
        ),
        (
            "编号是 1 到 2^63−1 的整数，布尔值、字符串和小数（`1.0` 也是）都不行。"
            "大于 2^53−1 的整数在 JavaScript 中会失去精度。",
            "Ids are integers from 1 to 2^63−1: no booleans, no strings, no fractions (`1.0` is one). Beyond 2^53−1 "
            "JavaScript loses digits.",
        ),
        (
            "文本长度按 Unicode 码点计算：`😀` 是 1 个字符（JavaScript 的 `.length` 是 2）。",
            "Lengths count Unicode code points: `😀` is 1 (JavaScript's `.length` says 2).",
        ),
        (
            "文本不得含有 NUL，也不得含有不成对的代理码点（半个 emoji），否则按该字段的错误文本拒绝。",
            "A text with a NUL, or with half of a surrogate pair (half an emoji), is refused with that field's fault.",
        ),
        (
            "类型字段列出的是已知的值，符合规则的其他值也可以通过。只有 `STAFF` 拥有员工权限。",
            "For types the tables list the known values; others that fit the rule pass. Only `STAFF` has staff rights.",
        ),
        (
            "出错之后连接继续可用；被拒绝的请求什么也不会保存。",
            "After a fault the connection lives on; what was refused is not stored.",
        ),
    ),
    "4": (
        (
            f"用户级通知通过“用户房间”进行广播，房间命名约定：`{USER_ROOM}`，例如：`{USER_ROOM.format(userId=1001)}`。",
            f"A user's notifications are broadcast to the user's room, `{USER_ROOM}`, such as "
            f"`{USER_ROOM.format(userId=1001)}`.",
        ),
    ),
    "4.1": (
        (
            "`user_id` 必须为正整数，否则通过 `error` 事件返回。任何正整数都可以绑定。",
            "`user_id` must be a positive integer, or the answer is an `error`. Any positive integer may be bound.",
        ),
        (
            "一个连接只绑定一个用户：绑定另一个用户就离开前一个。重复绑定不会出错，每次都有回应。",
            "A connection is bound to one user: binding another leaves the first. Binding again is no fault and is "
            "answered each time.",
        ),
        ("绑定失败时，连接保持原来的状态。", "A failed bind leaves everything as it was."),
        (
            "带 `after_id` 时，像加入问题那样补发：`bind_user:ack` 还有 `latest_id` 与 `has_more`，"
            "随后是游标之后的 `notification:new`。",
            "With `after_id` it is as in a join: `bind_user:ack` also carries `latest_id` and `has_more`, then the "
            "notifications above the cursor come as `notification:new`.",
        ),
        (
            f"不带 `after_id` 时，还没有交给任何连接、仍为 `UNREAD` 的通知，在 `bind_user:ack` 之后以 "
            f"`notification:new` 补发：最旧的在前，最多 {MOST_REPLAYED} 条。",
            "Without it, notifications that no connection was handed yet, still `UNREAD`, follow the `bind_user:ack` "
            f"as `notification:new`: oldest first, at most {MOST_REPLAYED}.",
        ),
    ),
    "4.2": (
        (
            "当提醒任务（IN_APP 或 SYSTEM_MESSAGE 渠道）到期后，后端会创建一条用户通知记录，"
            "并尝试通过 Socket 将该通知推送到对应用户房间。",
            "When a reminder task (of the channel IN_APP or SYSTEM_MESSAGE) comes due, the server stores a "
            "notification and pushes it to the user's room.",
        ),
        (
            "触发来源：提醒循环写入 `user_notification` 并提交之后广播"
            "（最初的后端中是 `ReminderTaskService.dispatchInAppReminder` 与 `emitNotificationToUser`）。"
            "广播房间：`user:{user_id}`。",
            "The reminder loop broadcasts to `user:{user_id}` once the row in `user_notification` is committed (in the "
            "first back end: `ReminderTaskService.dispatchInAppReminder` and `emitNotificationToUser`).",
        ),
        ("数据结构是 `user_notification` 表结构的子集。", "The shape is a subset of the table `user_notification`."),
        (
            "一个提醒任务恰好产生一条通知记录；停机期间到期的，启动后立即触发。",
            "A task becomes exactly one notification; what came due while the server was down fires at its start.",
        ),
        (
            "推送至少一次：服务器崩溃后，同一条通知可能再推送一次，请按 `id` 去重。",
            "It is pushed at least once: after a crash the same one may come again, so go by its `id`.",
        ),
        (
            "交给连接之后，客户端表明读到才算交到：WebSocket 上是回应此后发出的 ping（推送之后立即发出），"
            "长轮询是再来一次轮询。官方客户端会自动回应。连接没有表明读到就结束的（心跳超时、被切断、网络中断、没有再来轮询），"
            "该通知视为从未交给它：如仍为 `UNREAD`，也没有别的连接读到，就发给其间不带 `after_id` 绑定的连接，"
            "否则在下一次不带 `after_id` 的 `bind_user` 之后补发。",
            "It counts as handed over once the client has shown that it read it: over a websocket by the answer to a "
            "ping that was sent after it (one is sent at once), over long-polling by the next poll. Official clients "
            "do so by themselves. Where the connection ends before that (heartbeat timeout, cut off, network gone, no "
            "further poll), it counts as never handed over: still `UNREAD`, and read by no other connection, it is "
            "sent to the connections that have bound without `after_id` meanwhile, or else after the next `bind_user` "
            "without `after_id`.",
        ),
    ),
}

STEPS: tuple[Both, ...] = (
    ("建立 Socket.io 连接；", "Open the Socket.IO connection."),
    (
        "登录成功后，立即发送一次 `bind_user` 事件，携带当前登录用户的 `user_id`；",
        "After the login send `bind_user` once, with the `user_id` of who has logged in.",
    ),
    (
        "监听 `notification:new` 事件，追加到本地通知列表，并根据需求弹出提示；",
        "Listen for `notification:new`, add it to the local list, and show it as needed.",
    ),
    (
        "切换账号或退出登录时，可以断开连接或在新连接上重新绑定。",
        "To change or end the login, disconnect, or bind again on a new connection.",
    ),
)

CLOSING: Both = (
    "后续如有新增事件，应在本文件中补充信息，保持前后端协议的一致性。",
    "An event that is added later is added here, so that both ends keep to one protocol.",
)
