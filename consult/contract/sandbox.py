"""The calls of a sandbox: they move its clock, and make it fail (section 16). Only `--sandbox` has them."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from consult.contract.fields import Advance, Delay, Flag, LostAcks, Refusal, Sid, Until, means
from consult.contract.payloads import Check, Payload
from consult.contract.reply_fields import Time
from consult.contract.rows import Call
from consult.contract.words import Words


class ClockMove(Payload, kw_only=True, gc=False):
    advance: Annotated[
        Advance | None, means("拨快多少秒；0 仅查询当前时间", "by how many seconds; 0 only asks what time it is")
    ] = None
    to: Annotated[Until | None, means("拨快到什么时间", "the time to move to")] = None

    checks: ClassVar = (
        Check(
            "to",
            lambda body: (body.get("advance") is None) != (body.get("to") is None),
            "advance 与 to 必须给出其中一个",
            "either `advance` or `to`, not both",
        ),
    )


class ConnectionCut(Payload, kw_only=True, gc=False):
    sid: Annotated[
        Sid | None, means("要断开的连接；默认为所有连接", "the connection to cut; every one when left out")
    ] = None
    close_frame: Annotated[
        Flag | None,
        means(
            "是否先发送关闭帧，如同服务器正常关闭；默认为 false，如同网络中断",
            "whether a close frame is sent first, as a server does that stops; false when left out, as when a cable is "
            "pulled",
        ),
    ] = None


class AcksToLose(Payload, kw_only=True, gc=False):
    count: Annotated[
        LostAcks,
        means("丢弃接下来的几个 `send_message` 回应；0 停止丢弃", "how many replies to `send_message`; 0: none"),
    ]


class AnswerDelay(Payload, kw_only=True, gc=False):
    ms: Annotated[Delay, means("延迟多少毫秒；0 取消延迟", "by how many milliseconds; 0: not at all")]


class WriteRefusal(Payload, kw_only=True, gc=False):
    seconds: Annotated[
        Refusal, means("持续多少秒（真实时间）；0 立即恢复", "for how many seconds of real time; 0: no longer")
    ]


class MovedClock(Struct, kw_only=True):
    """沙盒的时钟。The clock of a sandbox."""

    now: Annotated[Time, means("沙盒的当前时间", "the sandbox's time")]
    to: Annotated[Time, means("要求拨到的时间", "the time that was asked for")]
    reached: Annotated[
        bool,
        means(
            "是否已到达 `to`；false 时再次以该 `to` 调用即可继续",
            "whether that is reached; if false, the same call with this `to` goes on",
        ),
    ]
    notifications: Annotated[int, Meta(ge=0), means("途中产生的通知数", "notifications that were written on the way")]


class CutConnections(Struct, kw_only=True):
    """断开的连接。Connections that were cut."""

    cut: Annotated[int, Meta(ge=0), means("断开的连接数", "how many connections were cut")]


class SandboxFaults(Struct, kw_only=True):
    """沙盒当前的故障设置，启动与重启后均为 0。How a sandbox fails now; all is 0 after a start and a restart."""

    lose_acks: Annotated[int, Meta(ge=0), means("还将丢弃几个回应", "replies that are still to be lost")]
    delay_ms: Annotated[int, Meta(ge=0), means("延迟的毫秒数", "milliseconds by which answers are delayed")]
    refuse_writes_seconds: Annotated[
        int, Meta(ge=0), means("还将拒绝写入多少秒", "seconds for which writes are still refused")
    ]


class SandboxState(Struct, kw_only=True):
    """沙盒的当前状态。How a sandbox is now."""

    now: Annotated[Time, means("沙盒的当前时间", "the sandbox's time")]
    connections: Annotated[
        int, Meta(ge=0), means("已进入的 Socket.IO 连接数", "Socket.IO connections that have entered")
    ]
    faults: Annotated[SandboxFaults, means("当前的故障设置", "how it fails now")]


_NONE = {"lose_acks": 0, "delay_ms": 0, "refuse_writes_seconds": 0}

SHOW = Call(
    "GET /sandbox",
    Words("沙盒的当前时间、连接数与故障", "the sandbox's time, connections and faults"),
    {"now": "2025-01-02 08:00:00", "connections": 2, "faults": {**_NONE, "lose_acks": 1}},
    SandboxState,
)

MOVE_CLOCK = Call(
    "POST /sandbox/clock",
    Words("把沙盒的时钟拨快，途中到期的一切按顺序触发", "moves the clock forward; all that is due on the way fires"),
    {"now": "2025-01-02 08:00:00", "to": "2025-01-02 08:00:00", "reached": True, "notifications": 3},
    MovedClock,
    body=ClockMove,
    example={"advance": 86400},
    faults=(400, 413, 415),
)

CUT = Call(
    "POST /sandbox/cut",
    Words("断开一个或所有连接", "cuts one connection, or all"),
    {"cut": 2},
    CutConnections,
    body=ConnectionCut,
    example={"sid": "Z2X8PLAv1SYSm1sQAAAB"},
    has_optional_body=True,
    faults=(400, 404, 413, 415),
)

LOSE_ACKS = Call(
    "POST /sandbox/lose-acks",
    Words("丢弃接下来的 `send_message` 回应", "loses the next replies to `send_message`"),
    {**_NONE, "lose_acks": 1},
    SandboxFaults,
    body=AcksToLose,
    example={"count": 1},
    faults=(400, 413, 415),
)

DELAY = Call(
    "POST /sandbox/delay",
    Words("延迟对事件与 HTTP 接口的回应", "delays the answers to events and calls"),
    {**_NONE, "delay_ms": 1500},
    SandboxFaults,
    body=AnswerDelay,
    example={"ms": 1500},
    faults=(400, 413, 415),
)

REFUSE_WRITES = Call(
    "POST /sandbox/refuse-writes",
    Words("在一段时间内拒绝写入，如同磁盘已满", "refuses writes for a while, as a full disk does"),
    {**_NONE, "refuse_writes_seconds": 10},
    SandboxFaults,
    body=WriteRefusal,
    example={"seconds": 10},
    faults=(400, 413, 415),
)

RESTART = Call(
    "POST /sandbox/restart",
    Words("重启服务器：端口、数据库与时间不变", "restarts the server; port, database and time stay"),
    _NONE,
    SandboxFaults,
)

SANDBOX_CALLS: tuple[Call, ...] = (SHOW, MOVE_CLOCK, CUT, LOSE_ACKS, DELAY, REFUSE_WRITES, RESTART)
