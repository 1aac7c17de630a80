"""The protocol as one document for people, Chinese first with English beside it: `docs/socket-events.md`."""

import json
import re
from collections.abc import Iterable, Iterator

from consult.contract.faults import CODES, TEXTS, Text
from consult.contract.fields import Id
from consult.contract.files import UPLOAD
from consult.contract.payloads import must_be
from consult.contract.permissions import PERMISSIONS, Role
from consult.contract.rows import Call, ClientEvent, Page, ServerEvent
from consult.contract.sandbox import SANDBOX_CALLS
from consult.contract.tables import CALLS, CLIENT_EVENTS, PAGES, SERVER_EVENTS
from consult.contract.words import Words
from consult.documents import rules
from consult.documents.markdown_tables import Shapes, both, bullets, fields_table, json_block, mistakes_table, table
from consult.documents.protocol import refusal
from consult.documents.sections import AUDIENCE, HEADINGS, SUBHEADINGS, TO, TO_CLIENT, TO_SERVER


def markdown() -> str:
    """The whole document."""
    shapes = Shapes()
    blocks = [
        "# Socket 实时事件总览 · The Careline protocol",
        *map(_paragraph, rules.INTRODUCTION),
        "\n".join(f"{'  ' * number.count('.')}- {_link(number)}" for number in HEADINGS),
        *_connection(),
        _heading("2"),
        _paragraph(rules.of("2")[0]),
        *(block for number in ("2.1", "2.2", "2.3", "2.4", "2.5") for block in _events(number, shapes)),
        *_faults(shapes),
        _heading("4"),
        _paragraph(rules.of("4")[0]),
        *(block for number in ("4.1", "4.2") for block in _events(number, shapes)),
        "**前端建议处理流程 · What a front end does**",
        "\n".join(f"{place}. {zh}\\\n   {en}" for place, (zh, en) in enumerate(rules.STEPS, 1)),
        *_events("4.3", shapes),
        *_list_of_events(),
        *_visibility(),
        *_http(shapes),
        _heading("8"),
        bullets(rules.of("8")),
        *_limits(),
        *_rights(),
        *(
            block
            for number in HEADINGS
            if number.split(".")[0] in ("11", "12", "13", "14", "15")
            for block in (_heading(number), bullets(rules.of(number)))
        ),
        *_sandbox(shapes),
    ]
    return "\n\n".join(blocks) + "\n"


def _title(number: str) -> str:
    zh, en = HEADINGS[number]
    return f"{number}{'' if '.' in number else '.'} {zh} · {en}"


def _heading(number: str) -> str:
    return f"{'#' * (2 + number.count('.'))} {_title(number)}"


def _subheading(name: str) -> str:
    return f"**{' · '.join(SUBHEADINGS[name])}**"


def _link(number: str) -> str:
    # What readers of Markdown make of a heading.
    anchor = re.sub(r"[^\w\- ]", "", _title(number).lower()).replace(" ", "-")
    return f"[{_title(number)}](#{anchor})"


def _paragraph(pair: Words) -> str:
    return "\n\n".join(pair)


def _event_heading(name: str, direction: Words, about: Words, *more: str) -> Iterator[str]:
    yield f"#### `{name}`"
    lines = (f"方向 Direction：{' · '.join(direction)}", f"用途 Use：{' · '.join(about)}", *more)
    yield "\n".join(f"- {line}" for line in lines)


def _connection() -> Iterator[str]:
    yield _heading("1")
    yield from _event_heading(
        "connect", Words(f"{TO_SERVER[0]}（Socket.io 内置）", "client → server, Socket.IO's own"), rules.CONNECT
    )
    yield from _event_heading(
        "disconnect", Words("服务器 → 客户端（Socket.io 内置）", "server → client, Socket.IO's own"), rules.DISCONNECT
    )
    yield "**连接 · The connection**"
    yield bullets(rules.of("1"))
    join = CLIENT_EVENTS[0]
    payload = json.dumps(join.example, ensure_ascii=False)
    yield "\n".join(
        (
            "```js",
            'import { io } from "socket.io-client";',
            "",
            'const socket = io("http://127.0.0.1:8000");',
            f'socket.on("{join.reply}", (reply) => console.log(reply));',
            'socket.on("error", ({ code, message }) => console.error(code, message));',
            f'socket.emit("{join.name}", {payload});',
            "```",
        )
    )


def _events(number: str, shapes: Shapes) -> Iterator[str]:
    yield _heading(number)
    for event in CLIENT_EVENTS:
        if event.section == number:
            yield from _client_event(event)
    for told in SERVER_EVENTS:
        if told.section == number:
            yield from _server_event(told, shapes)
    yield "**规则 · Rules**"
    yield bullets(rules.of(number))


def _client_event(event: ClientEvent) -> Iterator[str]:
    answers = dict.fromkeys((f"`{event.reply}`", f"`{event.failure}`"))
    about = event.about
    yield from _event_heading(event.name, TO_SERVER, about, f"回应 Answer：{'，出错时 on a fault '.join(answers)}")
    yield fields_table(event.payload)
    yield "请求数据 · Request"
    yield "\n\n或 · or\n\n".join(map(json_block, (event.example, *event.others)))
    yield "错误示例 · Mistakes"
    yield mistakes_table(event)
    if event.failure != event.reply:
        yield "第一个错误的回应 · The answer to the first"
        yield json_block(refusal(event, event.mistakes[0]))


def _server_event(event: ServerEvent, shapes: Shapes) -> Iterator[str]:
    yield from _event_heading(event.name, TO.get(event.name, TO_CLIENT), event.about)
    elsewhere = {shape for shape in event.shapes if shape in shapes}
    for place, (example, shape) in enumerate(zip((event.example, *event.others), event.shapes, strict=True)):
        if shape not in event.shapes[:place]:
            yield shapes.table(shape, f"`{event.name}`")
        if shape not in elsewhere:
            yield json_block(example)


def _faults(shapes: Shapes) -> Iterator[str]:
    yield _heading("3")
    yield from (block for event in SERVER_EVENTS if event.section == "3" for block in _server_event(event, shapes))
    yield "**常见错误码 · Codes**"
    yield table(
        ("错误码 Code", "HTTP", "说明 Meaning"),
        ((f"`{code.name}`", str(code.status), both(code.about)) for code in CODES.values()),
    )
    yield "**固定的错误文本 · Texts that name no field**"
    yield table(
        ("文本 Text", "错误码 Code", "何时 When"),
        ((f"`{text.text}`", f"`{text.code}`", both(text.about)) for text in TEXTS if text.on_socket),
    )
    yield "**数据规则 · Payloads**"
    yield bullets(rules.of("3"))


def _list_of_events() -> Iterator[str]:
    yield _heading("5")
    yield "按事件名归类如下 · By direction:"
    for title, names in (
        ("客户端 → 服务器 · client → server", [event.name for event in CLIENT_EVENTS]),
        ("服务器 → 客户端 · server → client", [event.name for event in SERVER_EVENTS]),
    ):
        yield "\n".join((f"- {title}:", *(f"  - `{name}`" for name in names)))
    yield _paragraph(rules.CLOSING)


def _visibility() -> Iterator[str]:
    yield _heading("6")
    yield bullets(rules.of("6"))
    yield table(
        ("谁能收到 Who gets it", "`is_visible_to_patient: true`", "`false`"),
        ((both(who), "●" if all_see else "", "●" if staff_sees else "") for who, all_see, staff_sees in AUDIENCE),
    )
    yield _subheading("6.retention")
    yield bullets(rules.of("6.retention"))


def _http(shapes: Shapes) -> Iterator[str]:
    yield _heading("7")
    yield bullets(rules.of("7"))
    yield table(
        ("接口 Call", "作用 Use", "成功 Success"),
        (
            *((f"`{call.name}`", both(call.about), str(call.status)) for call in CALLS),
            *((f"`{page.name}`", both(page.about), "200") for page in PAGES),
        ),
    )
    yield _subheading("7.idempotency")
    yield bullets(rules.of("7.idempotency"))
    yield _subheading("7.paging")
    yield bullets(rules.of("7.paging"))
    yield _subheading("7.faults")
    yield bullets(rules.of("7.faults"))
    yield table(
        ("HTTP", "错误码 Code", "文本 Text", "何时 When"),
        ((str(text.status), f"`{text.code}`", f"`{text.text}`", both(text.about)) for text in _over_http()),
    )
    for call in CALLS:
        yield from _call(call, shapes)
    for page in PAGES:
        if page.query:
            yield from _page(page)


def _over_http() -> Iterable[Text]:
    return sorted((text for text in TEXTS if text.status is not None), key=lambda text: text.status or 0)


def _call(call: Call, shapes: Shapes) -> Iterator[str]:
    yield f"### `{call.name}`"
    yield f"{' · '.join(call.about)}"
    of_call = rules.of(call.name)
    if of_call:
        yield bullets(of_call)
    if call.takes_file:
        yield f"请求体 · Body: {' · '.join(UPLOAD)}"
    ids = re.findall(r"{(\w+)}", call.path)
    if ids:
        yield "\n".join(f"- 路径 Path：`{name}`，`{must_be(name, Id).message}`" for name in ids)
    if call.query:
        yield "查询参数 · Query"
        yield fields_table(call.query)
    if call.body:
        yield "请求体 · Body"
        yield fields_table(call.body)
        yield json_block(call.example)
    yield f"响应 · Answer: {call.status}"
    yield shapes.table(call.shape, f"`{call.name}`")
    yield json_block(call.answer)
    for status, answer in call.others.items():
        yield f"{status}:"
        yield json_block(answer)
    faults = [str(status) for status in call.faults if status not in call.others]
    if faults:
        yield f"错误 · Faults: {', '.join(faults)}"


def _page(page: Page) -> Iterator[str]:
    yield f"### `{page.name}`"
    yield f"{' · '.join(page.about)}"
    yield bullets(rules.of(page.name))
    assert page.query is not None
    yield "查询参数 · Query"
    yield fields_table(page.query)
    yield f"响应 · Answer: {', '.join(map(str, (page.status, *page.others)))}"
    yield f"错误 · Faults: {', '.join(map(str, page.faults))}"


def _sandbox(shapes: Shapes) -> Iterator[str]:
    yield _heading("16")
    yield bullets(rules.of("16"))
    yield table(
        ("接口 Call", "作用 Use", "成功 Success"),
        ((f"`{call.name}`", both(call.about), str(call.status)) for call in SANDBOX_CALLS),
    )
    for call in SANDBOX_CALLS:
        yield from _call(call, shapes)


def _rights() -> Iterator[str]:
    yield _heading("10")
    yield bullets(rules.of("10"))
    yield _subheading("10.rights")
    yield bullets(rules.of("10.rights"))
    rows = PERMISSIONS.items()
    columns = next(iter(PERMISSIONS.values())).by_column()
    yield table(
        ("", *("没有令牌 No token" if name == Role.NOBODY.value else f"`{name}`" for name in columns)),
        ((f"`{row.name}`", *(both(may.value) for may in row_of.by_column().values())) for row, row_of in rows),
    )


def _limits() -> Iterator[str]:
    yield _heading("9")
    yield table(
        ("项目 What", "上限 Most", "超出时 Beyond"),
        ((both(limit.about), both(limit.most), both(limit.beyond)) for limit in rules.LIMITS),
    )
    yield _subheading("9.broken")
    yield _paragraph(rules.of("9")[0])
    yield bullets(rules.of("9.broken"))
