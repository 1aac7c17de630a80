"""The sections of the protocol's document, what they are called, and where events go."""

from consult.contract.words import Words

HEADINGS: dict[str, Words] = {
    "1": Words("基础连接事件", "Connecting"),
    "2": Words("咨询会话相关事件", "Consultations"),
    "2.1": Words("加入咨询问题房间", "Joining a question"),
    "2.2": Words("离开咨询问题房间", "Leaving it"),
    "2.3": Words("咨询消息发送与广播", "Sending and hearing messages"),
    "2.4": Words("咨询问题的变化", "Changes of a question"),
    "2.5": Words("已读", "Who has read"),
    "3": Words("通用错误事件", "Faults"),
    "4": Words("用户绑定与通知推送事件", "Users and their notifications"),
    "4.1": Words("绑定用户到 Socket 会话", "Binding a user"),
    "4.2": Words("实时通知推送", "Live notifications"),
    "4.3": Words("处理通知（已读、确认、推迟）", "Answering notifications"),
    "5": Words("当前事件清单一览", "All events"),
    "6": Words("顺序与可见性", "Order, and who sees what"),
    "7": Words("HTTP 接口", "HTTP"),
    "8": Words("时间", "Time"),
    "9": Words("限制与损坏的数据包", "Limits and broken packets"),
    "10": Words("令牌与权限", "Tokens and rights"),
    "11": Words("重复的提醒", "Reminders that repeat"),
    "11.1": Words("规则", "Rules"),
    "11.2": Words("错过、修改与暂停", "Missed, changed and paused"),
    "11.3": Words("被搁置的任务", "Parked tasks"),
    "11.4": Words("历史记录", "History"),
    "12": Words("直到有人答复", "Until it is answered"),
    "13": Words("回复送达参与者", "A reply reaches its people"),
    "14": Words("对外发送与确认链接", "The door outward, and confirm links"),
    "15": Words("留在诊所的文件", "Files that stay in the clinic"),
    "16": Words("沙盒", "The sandbox"),
}
# The parts of a section that have rules of their own.
SUBHEADINGS: dict[str, Words] = {
    "6.retention": Words("保留期限", "How long things are kept"),
    "7.idempotency": Words("幂等", "Idempotency-Key"),
    "7.paging": Words("分页", "Pages"),
    "7.faults": Words("错误", "Faults"),
    "9.broken": Words("损坏的数据包", "Broken packets"),
    "10.rights": Words("谁可以做什么", "Who may do what"),
}
# Where an event goes, where TO says nothing else.
TO_SERVER: Words = Words("客户端 → 服务器", "client → server")
TO_CLIENT: Words = Words("服务器 → 当前客户端", "server → this client")
# Where an event of the server goes, when not to the connection that it answers.
TO: dict[str, Words] = {
    "new_message": Words("服务器 → 房间内所有客户端", "server → all in the question's room"),
    "question:updated": Words(
        "服务器 → 房间内以 `updates` 加入的客户端", "server → those in the question's room that joined with `updates`"
    ),
    "question:read": Words(
        "服务器 → 房间内以 `updates` 加入的客户端", "server → those in the question's room that joined with `updates`"
    ),
    "notification:new": Words(
        "服务器 → 用户房间内所有客户端（通常是同一用户的多个终端）",
        "server → all in the user's room, usually one user's several devices",
    ),
    "notification:updated": Words(
        "服务器 → 用户房间内发送过本节事件或 `after_id` 的客户端",
        "server → those in the user's room that sent one of this section's events, or `after_id`",
    ),
}

# Who gets a message: what it is sent with, then who.
AUDIENCE: tuple[tuple[Words, bool, bool], ...] = (
    (Words("发送者的 `send_message:ack`", "the sender's `send_message:ack`"), True, True),
    (Words("以 `STAFF` 加入的连接", "connections that joined as `STAFF`"), True, True),
    (Words("以其他类型加入的连接", "connections that joined as anyone else"), True, False),
    (
        Words("HTTP，带 `user_type=STAFF`，或 `STAFF` 的令牌", "HTTP with `user_type=STAFF`, or a token of STAFF"),
        True,
        True,
    ),
    (Words("HTTP，其他", "HTTP otherwise"), True, False),
)
