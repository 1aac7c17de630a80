"""Errors, the state of the server, and its pages (sections 3 and 7)."""

from typing import Annotated, Literal

from msgspec import Struct

from consult.contract.fields import means
from consult.contract.limits import PARKED_IDS
from consult.contract.reply_fields import Time
from consult.contract.rows import Call, Page, ServerEvent
from consult.contract.words import Words
from consult.process.version import VERSION
from reminders.clock_watch import State
from store.outbox import MOST_COUNTED


class Error(Struct, kw_only=True):
    """第 3 节，也是每个 HTTP 错误的格式。Section 3, and every HTTP fault."""

    code: Annotated[str, means("错误码，供程序判断", "what programs go by")]
    message: Annotated[str, means("用于展示的文本", "a text to show")]


ERROR = ServerEvent(
    "error",
    "3",
    Words("返回参数错误、业务异常等非鉴权错误", "a fault of anything but a send"),
    {"code": "INVALID_PAYLOAD", "message": "question_id 必须为正整数"},
    shapes=(Error,),
)


class Job(Struct, kw_only=True):
    """服务器自己的一项定期工作。One of the server's own jobs."""

    last_run: Annotated[
        Time | None,
        means(
            "最近一次结束的时间；启动后还没有，或者不需要时为 null",
            "when it last ended; null until then after a start, and where it is switched off",
        ),
    ]
    result: Annotated[str | None, means("ok，或失败的原因", "ok, or why it failed")]


class Jobs(Struct, kw_only=True):
    """服务器自己的定期工作。What the server does for itself."""

    backup: Annotated[Job, means("每日备份", "the daily backup")]
    drill: Annotated[
        Job,
        means(
            "每天重读另一块磁盘上的备份，每月试着恢复一次",
            "once a day reads the copies on another disk, once a month restores the newest for trial",
        ),
    ]
    old_copies: Annotated[
        Job,
        means(
            "删除多余的 `before-restore-*` 与 `before-*` 副本", "deletes `before-restore-*` and `before-*` beyond a few"
        ),
    ]
    checkpoint: Annotated[Job, means("缩小变大的 WAL", "makes a WAL that has grown small again")]
    optimize: Annotated[Job, means("更新查询统计", "`PRAGMA optimize`")]
    idempotency_keys: Annotated[Job, means("删除过期的 Idempotency-Key", "deletes old Idempotency-Keys")]
    read_notifications: Annotated[Job, means("删除过期的已读通知", "deletes old read notifications")]
    closed_questions: Annotated[Job, means("删除过期的已关闭问题", "deletes old closed questions")]
    files: Annotated[Job, means("删除没有消息引用的文件", "deletes files that no message names")]
    audit: Annotated[Job, means("删除过期的审计记录", "deletes old rows of the audit")]
    revoked_tokens: Annotated[Job, means("删除已到期的吊销记录", "deletes revocations of tokens that have run out")]
    sessions: Annotated[Job, means("删除过期的会话记录", "deletes sessions of clients that did not come back in time")]
    dead_letters: Annotated[Job, means("删除过期的、未能送出的事件", "deletes old events that hooks were not told")]


class Parked(Struct, kw_only=True):
    """被搁置的提醒任务。Reminder tasks that are parked."""

    count: Annotated[int, means("数量", "how many")]
    ids: Annotated[
        list[int], means(f"最前面的编号，最多 {PARKED_IDS} 个", f"the ids of the first, {PARKED_IDS} at most")
    ]


class Clock(Struct, kw_only=True):
    """本机时钟是否可信。Whether the machine's clock is known to be right."""

    state: Annotated[
        State,
        means(
            "sound：可信；unproven：启动后尚未证实；in doubt：跳变之后。后两者期间不按期限删除任何内容",
            "sound: known to be right; unproven: not yet, after a start; in doubt: after a jump. In the latter two "
            "nothing is deleted for its age",
        ),
    ]
    jumps: Annotated[int, means("启动以来的跳变次数", "jumps since the start")]
    last_jump: Annotated[Time | None, means("最近一次跳变后的时间，没有时为 null", "the time after the last, or null")]
    last_jump_seconds: Annotated[
        int | None, means("最近一次跳变的秒数，负数为拨慢", "by how many seconds, below 0 when it was set back")
    ]


class Queues(Struct, kw_only=True):
    """各处等待的数量。How much waits where."""

    writes: Annotated[int, means("等待写入的请求", "writes that wait for their transaction")]
    events: Annotated[int, means("尚未回应的事件", "events that are not answered yet")]
    unread_bytes: Annotated[int, means("已发出而客户端尚未取走的字节", "bytes that clients have not taken yet")]


class Hook(Struct, kw_only=True):
    """一个 hook 的状态。How a hook of `--hooks` fares."""

    name: Annotated[str, means("名称", "its name in the file")]
    state: Annotated[
        Literal["ok", "failing", "off"],
        means(
            "ok：正常；failing：接收方未接受，正在重试；off：接收方以 410 拒绝，重启或 SIGHUP 后再试",
            "ok; failing: its receiver does not take events, which are tried again; off: its receiver answered 410, "
            "and is asked again after SIGHUP or a restart",
        ),
    ]
    waiting: Annotated[
        int, means(f"等待送出的事件，最多数到 {MOST_COUNTED}", f"events that wait, counted up to {MOST_COUNTED}")
    ]
    oldest: Annotated[
        Time | None, means("其中最早的发生时间，没有时为 null", "when the first of them happened, or null")
    ]
    failing_since: Annotated[Time | None, means("何时开始失败，正常时为 null", "since when it fails, or null")]
    last_error: Annotated[
        str | None, means("最近一次失败的原因，正常时为 null", "why it failed the last time, or null")
    ]
    dead_letters: Annotated[
        int,
        means(
            "三天内未能送出、已放弃的事件（`careline hooks list`）",
            "events that were given up after three days (`careline hooks list`)",
        ),
    ]
    lost: Annotated[int, means("因数量过多而删除的这类事件", "of these, how many were deleted as there were too many")]


class OffDisk(Struct, kw_only=True):
    """另一块磁盘上的备份（`--backup-folder`）。The copies on another disk (`--backup-folder`)."""

    last_copy: Annotated[
        Time | None, means("最新一份的制作时间，没有时为 null", "when the newest was made, null without any")
    ]
    age_seconds: Annotated[int | None, means("距今的秒数，没有时为 null", "how long ago that is, null without any")]
    last_drill: Annotated[
        Time | None, means("最近一次试恢复的时间，没有时为 null", "when one was last restored for trial, or null")
    ]
    drill: Annotated[
        Literal["ok", "failing"] | None,
        means(
            "ok：可以恢复；failing：不能，或有损坏；没有试过时为 null",
            "ok; failing: it could not be, or is damaged; or null",
        ),
    ]
    drill_result: Annotated[str | None, means("试恢复的结果，没有时为 null", "what the drill found, or null")]


class Replica(Struct, kw_only=True):
    """Litestream 的副本。The replica that Litestream keeps of the database."""

    state: Annotated[
        Literal["ok", "stopped", "stuck"],
        means(
            "ok：正常；stopped：Litestream 不再读取新的改动；stuck：它读取了，却送不到副本所在的磁盘",
            "ok; stopped: Litestream takes up no changes any more; stuck: it takes them up and cannot send them off, "
            "as with a disk that is full or gone",
        ),
    ]
    behind_seconds: Annotated[float, means("落后的秒数", "for how long a change has waited that is not in it")]
    since: Annotated[Time | None, means("何时开始不正常，正常时为 null", "since when it is not ok, or null")]


class Status(Struct, kw_only=True):
    """The server's status, the part of `/health` that every caller may read."""

    status: Annotated[Literal["ok", "failing"], means("failing 时状态码为 503", "with failing the HTTP status is 503")]


class Health(Status, kw_only=True):
    """运行状态。How the server is."""

    version: Annotated[str, means("Careline 的版本", "Careline's version")]
    database: Annotated[str, means("ok，或数据库不可写的原因", "ok, or why the database cannot be written")]
    reminders: Annotated[str, means("ok，或提醒循环停止的原因", "ok, or why the reminder loop does not run")]
    reminders_due: Annotated[
        int | None,
        means(
            "已到期而尚未触发的任务，无法得知时为 null", "tasks that are due and have not fired yet, null if unknown"
        ),
    ]
    parked: Annotated[
        Parked | None,
        means(
            "被搁置的提醒任务，不影响 status；无法得知时为 null",
            "reminder tasks that are parked, which leaves status as it is; null if unknown",
        ),
    ]
    clock: Annotated[Clock, means("本机时钟（第 8 节）", "the machine's clock (section 8)")]
    loop_lag_ms: Annotated[
        float, means("最近一分钟内事件循环最长的延迟，毫秒", "how late the event loop was at worst in the last minute")
    ]
    queues: Annotated[Queues, means("各处等待的数量", "how much waits where")]
    disk_free_bytes: Annotated[
        int | None,
        means("数据库所在磁盘的剩余空间，无法得知时为 null", "room left on the database's disk, null if unknown"),
    ]
    last_backup: Annotated[
        Time | None,
        means("磁盘上最新的每日备份的时间，没有时为 null", "when the newest daily backup was made, null without any"),
    ]
    off_disk: Annotated[
        OffDisk | None,
        means(
            "另一块磁盘上的备份，不影响 status；没有 `--backup-folder` 或无法得知时为 null",
            "the copies on another disk, which leaves status as it is; null without `--backup-folder`, or if unknown",
        ),
    ]
    replica: Annotated[
        Replica | None,
        means(
            "Litestream 副本的状态，不影响 status；没有副本时为 null",
            "how the replica by Litestream fares, which leaves status as it is; null where there is none",
        ),
    ]
    hooks: Annotated[
        list[Hook] | None,
        means(
            "各 hook 的状态，不影响 status；没有 hook 时为空，无法得知时为 null",
            "how each hook fares, which leaves status as it is; empty without hooks, null if unknown",
        ),
    ]
    jobs: Annotated[
        Jobs, means("服务器自己的定期工作；失败不影响 status", "its own jobs; one that fails leaves status as it is")
    ]


_DONE = {"last_run": "2025-01-01 10:00:00", "result": "ok"}

_HEALTH = {
    **{"status": "ok", "version": VERSION, "database": "ok", "reminders": "ok", "reminders_due": 0},
    "parked": {"count": 0, "ids": []},
    "clock": {"state": "sound", "jumps": 0, "last_jump": None, "last_jump_seconds": None},
    "loop_lag_ms": 1.4,
    "queues": {"writes": 0, "events": 3, "unread_bytes": 0},
    "disk_free_bytes": 52_428_800_000,
    "last_backup": "2025-01-01 00:08:00",
    "off_disk": {
        **{"last_copy": "2025-01-01 00:08:00", "age_seconds": 35_520, "last_drill": "2025-01-01 00:18:00"},
        "drill": "ok",
        "drill_result": "/media/backup/careline.db.daily-2025-01-01 was restored for trial and is sound: 58,431 rows, "
        "214 files; the database has 58,502 rows now",
    },
    "replica": {"state": "ok", "behind_seconds": 0.8, "since": None},
    "hooks": [
        {
            **{"name": "sms-gateway", "state": "failing", "waiting": 12, "oldest": "2025-01-01 09:58:00"},
            **{"failing_since": "2025-01-01 09:59:00", "last_error": "answers with 502", "dead_letters": 0, "lost": 0},
        }
    ],
    "jobs": dict.fromkeys(Jobs.__struct_fields__, _DONE) | {"read_notifications": {"last_run": None, "result": None}},
}

HEALTH = Call(
    "GET /health",
    Words(
        "运行状态；数据库不可写或提醒循环停止时为 503",
        "how the server is; 503 when the database cannot be written or the reminder loop has stopped",
    ),
    _HEALTH,
    Health,
    faults=(503,),
    others={503: {**_HEALTH, "status": "failing", "database": "database or disk is full"}},
)

CONSOLE = Page("/", "text/html", Words("测试页面", "the test page"))

DOCS = Page(
    "/docs",
    "text/html",
    Words("供人阅读的协议：每个事件与接口，可以直接试用", "the protocol to read: every event and call, to be tried"),
)

METRICS = Page("/metrics", "text/plain", Words("Prometheus 指标", "Prometheus metrics"))

PROTOCOL = Page(
    "/protocol.json",
    "application/json",
    Words("协议的全部表格，以上两个页面由此生成", "the protocol's tables, which both pages are made of"),
)

OPENAPI = Page(
    "/openapi.json",
    "application/json",
    Words(
        "HTTP 接口的 OpenAPI 3.1 文档，可导入代码生成器与 Postman",
        "the HTTP calls as OpenAPI 3.1, for generators of code",
    ),
)

ASYNCAPI = Page(
    "/asyncapi.json",
    "application/json",
    Words("Socket.IO 事件的 AsyncAPI 3.0 文档", "the Socket.IO events as AsyncAPI 3.0"),
)
