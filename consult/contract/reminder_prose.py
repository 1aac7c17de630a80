"""What no table of the protocol holds of reminders that repeat: Chinese first."""

from consult.contract.prose import Both

NOTES: dict[str, tuple[Both, ...]] = {
    "11": (
        (
            "带 `rrule` 的任务会重复。状态一直是 `PENDING`，最后一次之后变为 `DISPATCHED`；`next_at` 是下一次。",
            "A task with an `rrule` repeats. It stays `PENDING` until its last occurrence, then it is `DISPATCHED`; "
            "`next_at` is the next one.",
        ),
        (
            "没有用过 `rrule`、`exdates`、`timezone`、`missed` 或 `paused` 的任务，返回的内容与以前完全相同。",
            "A task that was made and changed without `rrule`, `exdates`, `timezone`, `missed` and `paused` is given "
            "back exactly as before there were any.",
        ),
    ),
    "11.1": (
        (
            "`rrule` 是 RFC 5545（第 3.3.10 节）的规则，例如 `FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0`。RFC 不允许的写法都"
            "被拒绝，错误信息写明是哪一部分；除 `SECONDLY` 外 `BYSECOND` 只能有一个值，`COUNT` 最大为 100,000。",
            "`rrule` is a rule of RFC 5545 (section 3.3.10), such as `FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0`. What the "
            "RFC does not allow is refused with a text that names the part; `BYSECOND` takes one value except in "
            "`SECONDLY`, `COUNT` 100,000 at most.",
        ),
        (
            "日历软件的写法可以直接使用：小写字母、前面的 `RRULE:`、末尾的分号、折行、`INTERVAL=01`，以及规则之前的一"
            "行 `DTSTART`。`DTSTART` 须与 `remind_at` 相同（作为 `timezone` 的钟表时间，或带 `Z` 的 UTC 时间），否则"
            "返回 400。保存并返回的是规则本身，使用大写字母。",
            "It may be as calendars write it: in small letters, with `RRULE:` before it, with a semicolon at its "
            "end, with folded lines, with `INTERVAL=01`, and with a line `DTSTART` above it. `DTSTART` has to name "
            "the same time as `remind_at` (by the clocks of `timezone`, or in UTC with a `Z`), or the answer is 400. "
            "The rule by itself, in capitals, is what is kept and given back.",
        ),
        (
            "`remind_at` 是规则的开始（DTSTART），规则没有写明的日期与时间取自它，精确到秒。它本身不符合规则时，那一"
            "刻不触发，`COUNT` 也不计入。",
            "`remind_at` is where the rule starts (DTSTART); dates and times that the rule leaves open are taken "
            "from it, to the second. Where the rule does not give that moment itself, nothing fires then, and "
            "`COUNT` does not count it.",
        ),
        (
            "`BYSETPOS` 从整个周期中选取，之后再去掉 `remind_at` 之前的。`BYWEEKNO` 按周所属的年计算：第 1 周可以从上"
            "一年的 12 月开始；没有写明星期时取 `remind_at` 的星期。",
            "`BYSETPOS` picks from the whole of a period; what is before `remind_at` is cut afterwards. `BYWEEKNO` "
            "goes by the years that weeks belong to: week 1 may begin in the December before; without a day of the "
            "week it is that of `remind_at`.",
        ),
        (
            "规则在一百年内不再触发，即视为结束（计算量很小时会查找得更远）。新建或修改时，计算超过 200,000 步的规则"
            "被拒绝。",
            "A rule that gives nothing for a hundred years has ended (the search goes further where that takes "
            "little). A rule that takes more than 200,000 steps to work out is refused when it is made or changed.",
        ),
        (
            "规则按 `timezone` 的钟表展开：夏令时前后，钟表上的时间不变。跳过的时间在间隔结束时触发；出现两次的时间只"
            "触发一次，在第一次；几次落在同一时刻时只触发一次。",
            "The rule is expanded by the clocks of `timezone`: through daylight saving the time on the wall stays. A "
            "time that is skipped fires at the end of the gap; one that comes twice fires once, the first time; "
            "several that fall on one moment fire once.",
        ),
        (
            "请求与响应中的时间仍然按诊所的时区（第 8 节），`timezone` 只决定按哪里的钟表重复。也可以使用 Windows 的"
            "时区名称，例如 `China Standard Time`；保存并返回的是 IANA 名称。",
            "Times in requests and answers are the clinic's as everywhere (section 8); `timezone` says only by whose "
            "clocks the rule goes. It may be a name of Windows such as `China Standard Time`; the IANA name is what "
            "is kept and given back.",
        ),
        (
            "`UNTIL` 包含所写的时间；只写日期时，包含那一整天；带 `Z` 为 UTC，否则为 `timezone` 的钟表。`COUNT` 按规"
            "则计数，被排除的也算。",
            "`UNTIL` is inclusive; a date alone means all of that day; with a `Z` it is UTC, otherwise on the clocks "
            "of `timezone`. `COUNT` counts what the rule gives, what is excluded with it.",
        ),
        (
            "`exdates` 中的时间不触发，也不留下记录。只写日期（`2030-01-02` 或 `20300102`）时，按 `timezone` 的钟表排"
            "除那一整天。",
            "The times in `exdates` do not fire and leave no trace. A date alone (`2030-01-02` or `20300102`) leaves "
            "out all of that day by the clocks of `timezone`.",
        ),
        (
            "任务与计划的时间合起来是一次触发的唯一标识：无论何时崩溃，恰好产生一条通知。",
            "A task and a planned time are an occurrence's key: whatever crashes, it becomes exactly one notification.",
        ),
    ),
    "11.2": (
        (
            "停机期间到期的，启动后立即处理。只触发一次的任务总会触发。重复的任务按 `missed`："
            "`latest` 只触发到期的最后一次，`all` 全部触发，`skip` 全部不触发。",
            "What came due while the server was down is dealt with at its start. A task that comes once always fires. "
            "One that repeats goes by `missed`: with `latest` the last that is due fires, with `all` each, with `skip` "
            "none.",
        ),
        (
            "机器休眠或时钟被拨快之后，迟到超过 60 秒的也算错过。",
            "After a sleep of the machine, or a clock set forward, what is late by more than 60 seconds is missed too.",
        ),
        (
            "没有触发的每一次也留下记录（`MISSED` 或 `PAUSED`），见历史记录。",
            "Each one that did not fire leaves its row as well (`MISSED` or `PAUSED`): see its history.",
        ),
        (
            "新建时 `remind_at` 已过：按 `missed` 立即触发已过去的最后一次、每一次（最多 100 次）或不触发。"
            "更早的没有计划过，不留下记录。",
            "A new task whose `remind_at` is past fires at once by `missed`: the last of those past, each (100 at "
            "most), or none. Earlier ones were never planned and leave no row.",
        ),
        (
            "修改时间、规则、排除的时间或时区之后，从现在起按新的计划，已过去的不再触发；此刻正到期的先触发。"
            "只改 `timezone` 时，重复的任务保持钟表上的时间，只触发一次的保持原来的时刻。",
            "A change of start, rule, excluded times or zone counts from now on; nothing past fires for it, and what "
            "is due just then fires first. Where `timezone` alone is changed, what repeats keeps its time on the wall, "
            "what comes once its moment.",
        ),
        (
            "修改时，null 会清除：`rrule`（变为只触发一次，在原来的下一次）、`exdates`、`missed`、`content`，"
            "以及 `timezone`（恢复为诊所的时区）；其他字段为 null 时返回 400。",
            "In a change null clears: `rrule` (the task then comes once, at what was its next time), `exdates`, "
            "`missed`, `content`, and `timezone` (back to the clinic's); in any other field null is 400.",
        ),
        (
            "暂停期间，重复的任务到期而不触发（`PAUSED`），恢复后从下一次继续；只触发一次的任务等到恢复，时间已过则立即触发。",
            "While it is paused, what repeats comes due and does not fire (`PAUSED`), and goes on with the next one "
            "afterwards; what comes once waits, and fires at once where its time has passed.",
        ),
    ),
    "11.3": (
        (
            "无法计算的任务会被搁置（parked）：规则计算量过大，或数据库中的内容不正确。它不再触发，也不影响其他任务；"
            "修改（PATCH）之后、服务器重启之后，会再次尝试。",
            "A task that cannot be worked out is parked: its rule takes too much work, or what the database holds of "
            "it is not sound. It does not fire, and no other task is affected. After a change (PATCH) and after a "
            "restart of the server it is tried again.",
        ),
        (
            "`GET /api/reminders?parked=true` 只列出被搁置的任务，并带 `parked_at` 与 `parked_for`；其他响应不变。"
            "历史记录中有 `parked` 一项，`/health` 有数量与最前面的编号。",
            "`GET /api/reminders?parked=true` lists the parked tasks alone, with `parked_at` and `parked_for`; no "
            "other answer changes. The history has an entry `parked`, and `/health` the number and the first ids.",
        ),
    ),
    "11.4": (
        (
            "历史记录按时间排列，`id` 是其中的序号：`before_id` 取更早的。只有事实：`pushed` 表示交给了几个打开的连接，"
            "并且客户端已表明读到（见第 4.2 节），不表示有人看到。"
            "连接没有表明读到就结束的，记为 `pushed` 与随后的 `taken_back`。",
            "A history is in the order of time, and `id` counts its entries: `before_id` asks for earlier ones. It "
            "claims no more than is known: `pushed` means handed to so many open connections whose clients have shown "
            "that they read it (section 4.2), not that anybody looked. A hand-over to a connection that ended without "
            "that is told as `pushed`, followed by `taken_back`.",
        ),
        (
            "`written` 的时间是实际写入的时间，`planned_at` 是计划的时间。任务的历史记录包含它的通知的历史记录。",
            "The time of `written` is when it was really written, `planned_at` when it was planned. A task's history "
            "holds that of its notifications.",
        ),
    ),
}
