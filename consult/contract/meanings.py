"""What each field that clients send is for, by its name, or by type and name where that says more; and what the rules
between fields mean."""

from msgspec import Struct

MEANINGS = {
    "question_id": ("咨询问题编号", "the question's id"),
    "user_id": ("用户编号", "the user's id"),
    "BindUser.user_id": ("要接收谁的通知", "whose notifications to get"),
    "NewReminder.user_id": ("提醒谁", "whom to remind"),
    "ReminderQuery.user_id": ("只列出该用户的", "of that user only"),
    "user_type": (
        "以什么身份查看；只有 `STAFF` 看得到内部消息",
        "as whom to look; only `STAFF` sees staff-only messages",
    ),
    "JoinQuestion.user_type": (
        "用户类型；只有 `STAFF` 看得到内部消息，省略时与老人所见相同",
        "what the user is; only `STAFF` sees staff-only messages, and one who leaves it out sees what elders see",
    ),
    "sender_type": ("发送者类型", "what the sender is"),
    "sender_id": ("发送者编号；只有 SYSTEM 消息可以省略", "the sender's id; only a SYSTEM message may leave it out"),
    "JoinQuestion.user_id": (
        "用户编号；登录前可省略或为 0",
        "the user's id; left out or 0 before a log-in",
    ),
    "role_display_name": ("显示名称", "the name to show"),
    "content_type": ("内容类型", "what the content is"),
    "content_text": ("正文", "the text"),
    "attachments": ("附件，缺省为 `[]`", "attachments, `[]` when left out"),
    "is_visible_to_patient": ("缺省为 `true`；`false` 为仅员工可见", "`true` when left out; `false` is for staff only"),
    "url": ("文件地址，任何协议；服务器不访问它", "where the file is, of any scheme; the server never fetches it"),
    "thumbnail_url": ("缩略图地址", "where its thumbnail is"),
    "duration": ("时长，单位由客户端约定", "how long it plays, in the clients' own unit"),
    "size": ("大小，字节", "its size in bytes"),
    "title": ("标题", "the title"),
    "elder_id": ("长者的用户编号", "the elder's user id"),
    "QuestionQuery.elder_id": ("只列出该长者的", "of that elder only"),
    "status": ("只列出该状态的", "of that status only"),
    "QuestionChange.status": ("新的状态", "the new status"),
    "biz_type": ("业务类型，原样返回", "the kind of business, given back as it is"),
    "biz_id": ("业务编号，原样返回", "the business's id, given back as it is"),
    "channel": (
        "渠道，默认为 `IN_APP`；两者的推送方式相同",
        "the channel, `IN_APP` when left out; both are pushed alike",
    ),
    "content": ("通知的内容", "the notification's text"),
    "remind_at": (
        "何时触发（第 8 节）；有重复规则时为其开始",
        "when it is due (section 8); where a rule repeats it, where that starts",
    ),
    "rrule": ("如何重复（第 11 节）；缺省为只触发一次", "how it repeats (section 11); once when left out"),
    "exdates": ("规则给出而不触发的时间", "times that the rule gives and that are left out"),
    "timezone": (
        "按哪个时区的钟表重复；缺省为诊所的时区",
        "by whose clocks it repeats; the clinic's when left out",
    ),
    "missed": (
        "错过的触发如何处理（第 11 节）；缺省为 `latest`",
        "what becomes of occurrences that were missed (section 11); `latest` when left out",
    ),
    "ReminderChange.timezone": (
        "按哪个时区的钟表重复；只改时区时，规则保持钟表上的时间",
        "by whose clocks it repeats; where it alone is changed, the rule keeps its times on the wall",
    ),
    "ReminderChange.exdates": (
        "规则给出而不触发的时间，取代以前的",
        "times that the rule gives and that are left out, in place of the earlier ones",
    ),
    "ReminderChange.missed": (
        "错过的触发如何处理（第 11 节）",
        "what becomes of occurrences that were missed (section 11)",
    ),
    "paused": ("`true` 暂停，`false` 恢复（第 11 节）", "`true` pauses it, `false` has it go on (section 11)"),
    "limit": ("最多几项", "how many at most"),
    "JoinQuestion.after_id": (
        "游标：已收到的最后一条消息的编号，或 0；要求补发其后的",
        "a cursor, the id of the last message that the client has, or 0: asks for those after it",
    ),
    "BindUser.after_id": (
        "游标：已收到的最后一条通知的编号，或 0；要求补发其后的",
        "a cursor, the id of the last notification that the client has, or 0: asks for those after it",
    ),
    "client_msg_id": (
        "客户端给消息的编号，用它可以放心重发",
        "the client's own id for the message, with which it is safe to send again",
    ),
    "id": ("通知编号", "the notification's id"),
    "until": ("推迟到何时再次提醒", "when it is to come again"),
    "answers": (
        "`true` 时每一项还有 `confirmed_at` 与 `snoozed_until`",
        "with `true` each also carries `confirmed_at` and `snoozed_until`",
    ),
    "after_id": ("只列出编号大于它的", "ids above it only"),
    "parked": ("`true`：只列出被搁置的任务（第 11.3 节）", "`true`: the parked tasks alone (section 11.3)"),
    "before_id": ("只列出编号小于它的", "ids below it only"),
}

# The rules between fields, in English.
CHECKS = {
    "content_text 必须为非空文本（没有附件时）": "not blank, unless there is an attachment",
    "is_visible_to_patient 必须为 true（仅 STAFF 可发送内部消息）": "true, unless `sender_type` is STAFF",
    "sender_id 必须为正整数": "required, unless `sender_type` is SYSTEM",
    "after_id 与 before_id 不能同时使用": "not both cursors at once",
}


def meaning(payload_type: type[Struct], field: str) -> tuple[str, str] | None:
    """What the field is for, in Chinese and English; None where nobody has said so yet."""
    return MEANINGS.get(f"{payload_type.__name__}.{field}") or MEANINGS.get(field)
