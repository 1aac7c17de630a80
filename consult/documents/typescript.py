"""The protocol as types for front ends in TypeScript: `docs/careline.d.ts`."""

import json
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from consult.contract.operations import Error
from consult.contract.payloads import Payload
from consult.contract.rows import Call, ClientEvent, JsonObject, ServerEvent
from consult.contract.sandbox import SANDBOX_CALLS
from consult.contract.tables import CALLS, CLIENT_EVENTS, SERVER_EVENTS
from consult.contract.words import Words
from consult.documents.schemas import parameters, schemas

_HEAD = """\
// Careline 协议的 TypeScript 类型，由 `make docs` 生成，请勿手改；各字段的规则见 docs/socket-events.md。
// Types of Careline's protocol. `make docs` writes them; docs/socket-events.md has the rules of each field.
//
//   import { io, type Socket } from "socket.io-client";
//   import type { ClientToServerEvents, ServerToClientEvents } from "./careline";
//
//   const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://127.0.0.1:8000");
//   socket.on("new_message", (message) => console.log(message.content_text));
//   socket.emit("join_question", { question_id: 123 }, (reply) => console.log(reply));

/** 发送的数据，以及可省略的回调。What is sent, and a callback that may be left out. */
export type Emitted<Payload, Reply> = [payload: Payload] | [payload: Payload, acknowledge: (reply: Reply) => void];
"""
_INDENT = "  "
_SCALARS = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}


def typescript() -> str:
    """The whole file."""
    blocks = [
        _HEAD,
        _interface(
            "ServerToClientEvents", _words("服务器发出的事件", "events of the server"), map(_heard, SERVER_EVENTS)
        ),
        _interface(
            "ClientToServerEvents", _words("客户端发出的事件", "events of clients"), map(_emitted, CLIENT_EVENTS)
        ),
        _interface(
            "Calls",
            _words("HTTP 接口：路径、查询、请求体与响应；出错时为 Error", "HTTP calls; a fault is an Error"),
            map(_call, CALLS),
        ),
        _interface(
            "SandboxCalls",
            _words("仅 `--sandbox` 提供的 HTTP 接口", "HTTP calls that only `--sandbox` has"),
            map(_call, SANDBOX_CALLS),
        ),
        *_types(),
    ]
    return "\n".join(blocks)


def _words(zh: str, en: str) -> str:
    return f"{zh} / {en}"


def _about(words: Words) -> str:
    return _words(*words)


def _types() -> Iterator[str]:
    """Every object that is sent or got, in the order of the events and calls."""
    queries = {call.query for call in CALLS if call.query is not None}
    told: list[type[Struct]] = [event.payload for event in CLIENT_EVENTS]
    told += [shape for event in SERVER_EVENTS for shape in event.shapes]
    told += [one for call in (*CALLS, *SANDBOX_CALLS) for one in (call.query, call.body, call.shape) if one is not None]
    of_queries = {query.__name__: _of_query(query) for query in queries}
    for name, schema in schemas(told).items():
        yield _object(name, of_queries.get(name, schema))


def _of_query(query: type[Payload]) -> JsonObject:
    return {"properties": parameters(query), "required": []}


def _heard(event: ServerEvent) -> tuple[str, str, str]:
    return event.name, _about(event.about), f"(payload: {_union(event.shapes)}) => void"


def _emitted(event: ClientEvent) -> tuple[str, str, str]:
    (reply,) = (one for one in SERVER_EVENTS if one.name == event.reply)
    shapes: tuple[type[Struct], ...] = reply.shapes if event.is_send else (*reply.shapes, Error)
    return event.name, _about(event.about), f"(...sent: Emitted<{event.payload.__name__}, {_union(shapes)}>) => void"


def _call(call: Call) -> tuple[str, str, str]:
    in_path = re.findall(r"{(\w+)}", call.path)
    parts = [f"path: {{ {'; '.join(f'{name}: number' for name in in_path)} }}"] if in_path else []
    parts += [f"query?: {call.query.__name__}"] if call.query else []
    parts += ["body: Blob | FormData"] if call.takes_file else []
    parts += [f"body{'?' if call.has_optional_body else ''}: {call.body.__name__}"] if call.body else []
    return call.name, _about(call.about), f"{{ {'; '.join([*parts, f'answer: {call.shape.__name__}'])} }}"


def _union(shapes: Iterable[type[Struct]]) -> str:
    return " | ".join(dict.fromkeys(shape.__name__ for shape in shapes))


def _object(name: str, schema: JsonObject) -> str:
    required = schema.get("required", [])
    fields = (
        (f"{field}{'' if field in required else '?'}", of_field.get("description", ""), _type(of_field))
        for field, of_field in schema.get("properties", {}).items()
    )
    return _interface(name, schema.get("description", ""), fields)


def _interface(name: str, about: str, members: Iterable[tuple[str, str, str]]) -> str:
    lines = [*_comment(about, ""), f"export interface {name} {{"]
    for member, of_member, kind in members:
        lines += [*_comment(of_member, _INDENT), f"{_INDENT}{_key(member)}: {kind};"]
    return "\n".join([*lines, "}", ""])


def _comment(about: str, indent: str) -> list[str]:
    told = about.replace("*/", "*\\/").split("\n")
    if about == "":
        return []
    if len(told) == 1:
        return [f"{indent}/** {told[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}" for line in told), f"{indent} */"]


def _key(name: str) -> str:
    """Return the name as a property's; one that is no identifier stands in quotes."""
    return name if re.fullmatch(r"\w+\??", name) else json.dumps(name)


def _type(schema: JsonObject) -> str:
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(part) for part in schema["anyOf"]))
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if schema["type"] == "array":
        item = _type(schema["items"])
        return f"({item})[]" if " | " in item else f"{item}[]"
    if schema["type"] == "object":
        return "Record<string, unknown>"
    return _SCALARS[schema["type"]]
