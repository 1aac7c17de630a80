"""What no table of the protocol holds, in the sections that were added to the first document: Chinese first."""

from consult.contract.fields import MAX_BYTES
from consult.contract.limits import KEYS_KEPT, PAGE_BYTES
from consult.contract.prose import Both

NOTES: dict[str, tuple[Both, ...]] = {
    "4.3": (
        (
            "可以答复的是 `bind_user` 所绑定用户的通知；别人的通知，或没有绑定用户时，得到 `error`，"
            "错误码 `NOT_FOUND`。",
            "One may answer the notifications of the user that `bind_user` has bound; another's, and any without a "
            "bind, is an `error` with the code `NOT_FOUND`.",
        ),
        (
            "先保存并提交，再回应，最后通知各个终端。重复答复没有变化，得到同样的回应，"
            "不再发出 `notification:updated`。",
            "An answer is stored and committed, then acknowledged, then told to the devices. Again it changes nothing, "
            "gets the same acknowledgement, and is told to nobody.",
        ),
        (
            "`notification:updated` 发给该用户的这些连接：发送过这三个事件之一，或以 `after_id` 绑定过；"
            "答复的连接自己也在其中，并且先收到回应。其他前端收到的与从前完全相同。通过 HTTP 答复时也会发出。",
            "`notification:updated` goes to those of the user's connections that have sent one of these three events, "
            "or have bound with `after_id`; also to the one that answered, after its acknowledgement. Other front ends "
            "get what they always got. An answer over HTTP is told alike.",
        ),
        (
            "`unread` 是该用户此后的未读总数，按提交的顺序到达：直接显示即可，无需自己计算。"
            "离线期间的变化不会补发：重新绑定后用 HTTP 读取一次列表。",
            "`unread` is how many the user has not read from then on, in commit order: show it as it is. What changed "
            "while a device was away is not sent again: read the list over HTTP after the next bind.",
        ),
        (
            "确认（例如已服药）同时标记为已读。已确认的不会再次提醒：确认取消尚未到时的推迟，之后也不能再推迟"
            "（`通知已确认，无法推迟`）。",
            "To confirm (the medicine is taken) also marks as read. What is confirmed does not come again: a snooze "
            "that is not over is called off, and there can be no other (`通知已确认，无法推迟`).",
        ),
        (
            "同一次提醒只有一个状态：最初的通知与推迟之后再次提醒的通知共用它。对其中任何一条的答复，对当时已有的每一条都有效，"
            "每一条有变化的都发出 `notification:updated`。确认旧的一条，最新的一条也就确认；把旧的一条标记为已读，"
            "最新的一条也变为已读；推迟已经再次提醒的一条，推迟的是最新的一条（`snoozed_until` 在最新的一条上）。",
            "One occurrence has one state: its first notification and those that came again after a snooze share it. "
            "An answer to any of them holds for all that exist by then, and `notification:updated` is sent for each "
            "that changes. To confirm an old one confirms the newest; to read an old one reads the newest; to snooze "
            "one that has come again snoozes the newest (which then has the `snoozed_until`).",
        ),
        (
            "推迟的通知到时作为新的通知（新的 `id`）以 `notification:new` 再次提醒，无论发生什么，恰好一次；"
            "新的通知可以再推迟。停机期间到时的，启动后立即提醒。",
            "What is snoozed comes again at its time, as a new `notification:new` with an `id` of its own, exactly "
            "once whatever happens; that one can be snoozed in turn. What came due while the server was down comes "
            "at its start.",
        ),
        (
            "推迟本身不改变已读状态，标记为已读也不取消推迟。再次提醒时，原来的通知如仍未读则变为已读"
            "（由新的通知代替，未读数不重复计算），`snoozed_until` 变为 null，随 `notification:updated` 发出。",
            "To snooze leaves open whether it is read, and to read it calls no snooze off. When it comes again, the "
            "earlier one becomes READ if it is not (the new one stands for it, so that the unread count has it once), "
            "with `snoozed_until` null; `notification:updated` tells of that after the `notification:new`.",
        ),
        (
            "以另一个时间再次推迟，取代之前的时间。以同一时间重复推迟没有变化，即使其间已再次提醒。",
            "To snooze it until another time replaces the time before. Until the same time again changes nothing, also "
            "when it has come again meanwhile.",
        ),
        (
            "提醒任务在其间被取消的，不再次提醒。",
            "Where the reminder task was cancelled meanwhile, it does not come again.",
        ),
    ),
    "6": (
        (
            "在一个房间里，消息编号、回应和广播都按提交的顺序；所有连接看到的顺序相同。",
            "In a room ids, acknowledgements and broadcasts come in commit order, the same for every connection.",
        ),
        ("编号递增，但不一定连续，并且永不重用。", "Ids rise, with gaps maybe, and are never used again."),
        (
            "是否员工，以连接最近一次加入该问题时的 `user_type` 为准；每个问题各自独立。",
            "What counts is the `user_type` of the connection's latest join of that question, for each question apart.",
        ),
        (
            "仅员工可见的消息，他人在广播、补发、历史以及 `has_more`、`latest_id`、`latest_message_id` 中都看不到。",
            "To all others a staff-only message shows nowhere: not live, not in a catch-up, not in lists, not in "
            "`has_more`, `latest_id` or `latest_message_id`.",
        ),
    ),
    "6.retention": (
        (
            "缺省时什么也不删除。运行者可以设置：通知在已读之后若干天、问题在关闭之后若干天（连同消息）被删除。"
            "重新打开的问题，从下一次关闭重新算起；未读的通知总是保留。",
            "By default nothing is ever deleted. Who runs the server may set after how many days read notifications, "
            "and closed questions with their messages, are deleted. Reopened, a question counts anew from its next "
            "closing; unread notifications always stay.",
        ),
        (
            "被删除的问题在一步之内消失：加入、发送与查询都得到 `QUESTION_NOT_FOUND`，"
            "房间里的连接不再收到任何消息，也没有事件通知它们。",
            "A deleted question vanishes in one step: joins, sends and calls get `QUESTION_NOT_FOUND`; who is in its "
            "room gets nothing any more, and no event tells of it.",
        ),
        (
            "被删除的通知不再列出，它的历史也一起删除；稍后提醒的通知，要等到再次提醒之后。"
            "提醒任务已结束（`DISPATCHED` 或 `CANCELLED`）时，随它的最后一条通知一起删除。",
            "A deleted notification is listed no more, and its history is gone; one that is snoozed waits until it has "
            "come again. A reminder task that is over (`DISPATCHED` or `CANCELLED`) goes with the last of its "
            "notifications.",
        ),
        (
            "编号不会重用，游标照常有效：补发与分页跳过已删除的编号，`latest_id` 是现存的最新编号，可能小于游标。",
            "No id is used again, and cursors stay right: catch-up and pages pass over what is deleted; `latest_id` is "
            "the latest that is there, and may be below a cursor.",
        ),
    ),
    "7": (
        (
            "请求与响应都是 UTF-8 的 JSON。请求体的 `Content-Type` 为 `application/json`，可以不写。",
            "Requests and answers are JSON in UTF-8. The `Content-Type` of a body is `application/json`, or left out.",
        ),
        (
            "未知的查询参数被忽略；空的参数等于没有填；同名参数以第一个为准。",
            "Unknown query parameters are ignored; an empty one is one left out; of a repeated one the first counts.",
        ),
        (
            "浏览器来源通过检查后，响应带有 CORS 头，预检请求（OPTIONS）得到 204。",
            "To a page that is let in the answers carry CORS headers; a preflight gets 204.",
        ),
        (
            "能 GET 的路径也能 HEAD，只是没有正文（长轮询除外）。",
            "Where there is a GET there is a HEAD, which is the same without the body (long-polling has none).",
        ),
    ),
    "7.idempotency": (
        (
            "每个 POST 都可以带 `Idempotency-Key` 请求头（1 到 64 个字符）。"
            "同样的请求（方法与地址相同，请求体是同样的 JSON）再次发送，不会重复执行，得到 200 和第一次的结果。",
            "Every POST takes an `Idempotency-Key` header (1 to 64 characters). The same request again (method, "
            "address, and a body that is the same JSON) does nothing and gets 200 with the first result.",
        ),
        (
            "同一个键用于不同的请求，得到 409。被拒绝的请求不占用键。",
            "Another request under the same key gets 409. A request that was refused leaves its key free.",
        ),
        (
            f"键保留 {KEYS_KEPT} 天，重启后仍然有效；同时发出的相同请求也只执行一次。",
            f"Keys are kept for {KEYS_KEPT} days and outlive a restart; of equal requests at once one is done.",
        ),
    ),
    "7.paging": (
        (
            "`before_id` 取编号更小的，`after_id` 取编号更大的（可以为 0），两者不能同时使用。",
            "`before_id` asks for lower ids, `after_id` for higher ones (0 is allowed); never both at once.",
        ),
        (
            "`has_more` 说的是同一方向上是否还有。下一页：把最后一项的 `id` 作为新的游标"
            "（消息历史向前翻页时，用第一项的 `id` 作为 `before_id`）。",
            "`has_more` speaks of that direction. The next page begins at the last item's `id` (going back through "
            "messages: at the first item's, as `before_id`).",
        ),
        (
            f"一页也受字节数限制：约 {PAGE_BYTES:,} 字节之后就结束，可能少于 `limit` 项，但至少一项。"
            "所以是否还有更多只看 `has_more`，不看项数。",
            f"A page is bounded in bytes, too: it ends at about {PAGE_BYTES:,}, maybe with fewer items than `limit`, "
            "though never without one. So only `has_more` tells whether there is more, not the number of items.",
        ),
    ),
    "7.faults": (
        (
            '每个错误都是 `{"code", "message"}`，与 `error` 事件相同。字段、参数和路径中的编号出错时为 400，'
            "文本见各接口的表格。",
            'Every fault is `{"code", "message"}`, as in `error`. A wrong field, parameter or id in a path is 400, '
            "with the text that the call's table gives.",
        ),
    ),
    "8": (
        (
            "响应中的时间是 `YYYY-MM-DD HH:MM:SS`，为诊所所在的时区。",
            "Times in answers are `YYYY-MM-DD HH:MM:SS`, in the clinic's zone.",
        ),
        (
            "请求中的时间可以是同样的格式（中间为空格或 `T`，秒可以省略或带小数），"
            "也可以是带时差的 ISO 8601，例如 `2025-01-01T10:00:00+08:00`、`2025-01-01T02:00:00Z`。",
            "Times in requests are that (with a space or `T`, the seconds left out or with a fraction), or ISO 8601 "
            "with an offset: `2025-01-01T10:00:00+08:00`, `2025-01-01T02:00:00Z`.",
        ),
        (
            "夏令时跳过的当地时间，视为间隔结束的时刻；出现两次的当地时间，取第一次。",
            "A local time that daylight saving skips means the end of the gap; one that comes twice means the first.",
        ),
        (
            "时间精确到毫秒，范围为 1970-01-01 至 9999-12-30（UTC）。",
            "Times count to the millisecond, from 1970-01-01 to 9999-12-30 UTC.",
        ),
        (
            "提醒保存的是钟表上的时间（`remind_at` 带时差的一次性提醒除外）：每次启动时按当时的时区数据重新换算成时刻；"
            "没有指定时区的，随 `--timezone` 改变。升级前新建的一次性提醒保持原来的时刻。",
            "A reminder keeps its time on the wall (but for one that comes once and was given with an offset): at each "
            "start its moment is worked out again by the zone data of that day, and where no zone was named it goes by "
            "`--timezone`. What comes once and was made by an older version keeps its moment.",
        ),
        (
            "本机时钟跳变 5 分钟以内的，立即采用。更大的跳变要等第二次确认：30 秒后仍从那里继续走才采用，"
            "其间按稳定的计时继续。回到原来的时间立即采用。"
            "已经证实的时间（运行至今，或保持了 7 天）不会倒退：显示更早时间的时钟，7 天之后才采用，"
            "其间提醒按稳定的计时照常触发；停机之后的启动，从最后证实的时间继续。",
            "A jump of the machine's clock by up to five minutes is followed at once. A larger one waits for a second "
            "look: it counts when the clock still goes on from there after 30 seconds, and the time goes on steadily "
            "until then. A return to the time before counts at once. A proven time (known since the last short stop, "
            "or held for 7 days) is not left for an earlier one until the clock has gone on from there for 7 days: "
            "reminders fire by the steady clock meanwhile, and a start goes on from the last proven time.",
        ),
        (
            "时钟被拨回之后（或启动时），凡按现在的时间看来是在将来写下的：未触发的（`MISSED`、`PAUSED`）"
            "按 `missed` 重新处理；"
            "触发过而计划的时间还没有到的，到时会再次触发，除非已经确认；计划的时间已过的，视为已经触发。提早的推迟同样如此。"
            "历史记录中有 `too_early` 一项。"
            "对提早的通知的答复，也是对按时的那条的答复。"
            "尚未证实的时钟（停机超过 10 分钟之后，或跳变之后，7 天之内）如被错误拨慢，但不早于最后证实的时间，"
            "30 秒后会被采信：期间到期的推迟到时钟恢复之后，未确认的会再次触发。",
            "After the clock has gone back, and at a start, what was written at a time that is still to come is made "
            "good: what did not fire (`MISSED`, `PAUSED`) goes by `missed` again; what fired and whose planned time is "
            "still to come fires again then, unless it was confirmed; what fired and whose time has passed counts as "
            "had. What was snoozed and came too early comes again likewise. The history has an entry `too_early`. "
            "An answer to the early notification answers the one at its time, too. "
            "A clock that is not proven (within 7 days of a stop of more than ten minutes or of a jump) and is set "
            "back wrongly, though not behind the last proven time, is believed after 30 seconds: what is due "
            "meanwhile fires when the clock is right again, and what is not confirmed fires again.",
        ),
        (
            "时钟离开原来的时间之后，保持 6 小时才视为可信；停机超过 10 分钟之后的启动也是如此。"
            "可信之前不按期限删除任何内容；提醒照常触发。停机一个月之后照常工作，错过的按 `missed` 处理。",
            "A clock that has left its time counts as right after six hours, as does one after a stop of more than ten "
            "minutes. Until then nothing is deleted for its age; reminders fire as ever. After a month of being off "
            "the server works as usual, and what was missed goes by `missed`.",
        ),
    ),
    "9": (
        (
            "以下情况会断开该连接，并记录一行日志；其他连接不受影响，之前的帧或请求中的事件照常处理：",
            "These end the connection, with one line in the log; other connections live on, and the events of "
            "earlier frames and requests are handled:",
        ),
    ),
    "9.broken": (
        (
            "不是 Engine.IO 4 或 Socket.IO 5 的数据包，没有名称的事件，不是 JSON 或嵌套过深的数据；",
            "what is no packet of Engine.IO 4 or Socket.IO 5, an event without a name, data that is no JSON or nests "
            "too deeply;",
        ),
        (
            f"二进制数据包，不是 UTF-8 的文本，超过 {MAX_BYTES:,} 字节的数据包；",
            f"a binary packet, text that is not UTF-8, a packet above {MAX_BYTES:,} bytes;",
        ),
        (
            "Socket.IO CONNECT 之前的事件，离开后在先前事件处理完之前再次 CONNECT，以及未连接的命名空间的数据包。",
            "an event before the Socket.IO CONNECT, a CONNECT after a disconnect while events from before it are under "
            "way, and a packet for a namespace that one is not connected to.",
        ),
        (
            "websocket 的关闭码为 1002（数据包损坏）、1007（不是 UTF-8）、1009（过大）；服务器停止时为 1001。"
            "长轮询的后续请求得到 400。",
            "A websocket is closed with 1002 (broken), 1007 (not UTF-8) or 1009 (too large), and with 1001 when the "
            "server stops. Over long-polling the next requests get 400.",
        ),
    ),
}

CALL_NOTES: dict[str, tuple[Both, ...]] = {
    "GET /health": (
        (
            "要求令牌时（第 10 节），没有 `STAFF`、`SERVICE` 或 `MONITOR` 令牌的请求只得到 `status`。",
            "Where tokens are required (section 10), a request without a `STAFF`, `SERVICE` or `MONITOR` token gets "
            "`status` alone.",
        ),
    ),
    "PATCH /api/questions/{question_id}": (
        (
            "关闭后不再接收消息，重新打开后恢复；房间里的连接留在房间里。",
            "A closed question takes no messages until it is reopened; who is in its room stays there.",
        ),
    ),
    "GET /api/questions/{question_id}/messages": (
        (
            "仅员工可见的消息，只有带 `user_type=STAFF` 时才会列出；要求令牌时（第 10 节），以令牌的类型为准。",
            "Staff-only messages are listed with `user_type=STAFF` alone or, where tokens are asked for (section 10), "
            "for a token of that type.",
        ),
    ),
    "POST /api/reminders": (
        (
            "响应中的状态总是 `PENDING`；到期后变为 `DISPATCHED`，并产生一条通知。带 `rrule` 则重复（第 11 节）。",
            "The status in the answer is `PENDING`; when due it becomes `DISPATCHED`, and there is a notification. "
            "With an `rrule` it comes again (section 11).",
        ),
    ),
    "PATCH /api/reminders/{id}": (
        (
            "没有填的字段不变。修改时间只影响以后的触发（第 11.2 节）。",
            "What is left out stays as it is. A change of time counts for what is to come (section 11.2).",
        ),
    ),
    "GET /api/reminders/{id}/occurrences": (
        (
            "暂停的任务列出的是恢复后会触发的。只列出今后一百年之内的。",
            "For a paused task these are the ones that would fire if it went on. It looks ahead for a hundred years.",
        ),
    ),
    "POST /api/notifications/{id}/read": (
        (
            "不需要请求体。再次标记时，`read_at` 保持第一次的时间。",
            "It needs no body. Again, `read_at` stays that of the first time.",
        ),
        (
            "有变化时发出 `notification:updated`（第 4.3 节），以下两个接口也是。",
            "A change is told as `notification:updated` (section 4.3), by the next two calls, too.",
        ),
    ),
    "POST /api/notifications/{id}/confirm": (
        (
            "不需要请求体。规则见第 4.3 节；响应比通知多两个字段。",
            "It needs no body. The rules are those of section 4.3; the answer has two fields more than a notification.",
        ),
    ),
    "POST /api/notifications/{id}/snooze": (
        (
            "规则见第 4.3 节。`until` 已过去或超过一年为 400；通知已确认、或推迟次数过多为 409。"
            "回应是所问的那一条；已经再次提醒的，推迟的是最新的一条。",
            "The rules are those of section 4.3. An `until` that has passed, or is more than a year ahead, is 400; a "
            "notification that was confirmed, or has come again too often, is 409. The answer is the notification "
            "that was asked about; where it has come again, the newest is the one that is snoozed.",
        ),
    ),
    "GET /api/notifications/{id}/history": (
        (
            "规则见第 11.3 节。从任务的新建开始；`connections` 是至今有几个连接表明读到，时间是第一次交给的时间。",
            "The rules are those of section 11.3. It begins with the making of its task; `connections` is how many "
            "connections have shown so far that they read it, and the time when the first of them was handed it.",
        ),
        (
            "`came_again` 给出再次提醒的通知 `notification_id`，那一条的 `due` 与 `written` 以 `snooze_of` 指回；"
            "由此变为已读的，`read` 的 `by` 是 `SYSTEM`。任务取消后不再提醒的，记为 `cancelled`。",
            "`came_again` names the notification that came, `notification_id`, whose `due` and `written` point back "
            "with `snooze_of`; what became READ by that was `read` by `SYSTEM`. What does not come again because its "
            "task was cancelled is `cancelled`.",
        ),
    ),
    "GET /api/users/{user_id}/notifications": (
        (
            "带 `answers=true` 时，每一项还有 `confirmed_at` 与 `snoozed_until`（第 4.3 节）。",
            "With `answers=true` each item also has `confirmed_at` and `snoozed_until` (section 4.3).",
        ),
    ),
}
