"""The tables and examples of the document for people: fields with their faults, shapes, mistakes."""

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from consult.contract.payloads import Payload
from consult.contract.rows import ClientEvent, JsonObject
from consult.contract.words import Words
from consult.documents.descriptions import got, sent_fields
from consult.documents.protocol import refusal

_LONGEST_PAYLOAD = 80  # characters of JSON in a table


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def both(pair: Words) -> str:
    """A table's cell in both languages."""
    return "<br>".join(dict.fromkeys(pair))


def bullets(rules: Iterable[Words]) -> str:
    return "\n".join(f"- {zh}\\\n  {en}" for zh, en in rules)


def json_block(value: Any) -> str:
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```"


def fields_table(payload_type: type[Payload]) -> str:
    """Return the table of what a client may send, each field with the text that it is refused with."""
    head = ("字段 Field", "必填 Required", "说明 About", "错误文本 Fault")
    return table(head, _field_rows(sent_fields(payload_type), ""))


def _field_rows(fields: list[JsonObject], path: str) -> Iterable[tuple[str, ...]]:
    """`path` is how the table names the place."""
    for field in fields:
        place = path + field["name"]
        about = [both(Words(**field["about"])), " ".join(f"`{choice}`" for choice in field.get("choices", ()))]
        if "default" in field:
            about.append(f"默认 default: `{field['default']}`")
        faults = [f"`{field['fault']}`", field["rule"]["en"]]
        for check in field.get("checks", ()):
            faults += [f"`{check['text']}`", check["about"]["en"]]
        yield f"`{place}`", "●" if field["required"] else "", _lines(about), _lines(faults)
        if "items" in field:
            refused = f"{place}[]".replace("[]", "[0]")
            yield f"`{place}[]`", "", both(Words("每一项", "each item")), f"`{refused} 必须为对象`<br>an object"
            yield from _field_rows(field["items"], f"{place}[].")


def _lines(parts: Iterable[str]) -> str:
    return "<br>".join(part for part in parts if part)


class Shapes:
    """Describes what the server sends, each shape once; afterwards it says where."""

    def __init__(self) -> None:
        self._described: dict[type[Struct], str] = {}

    def __contains__(self, shape: type[Struct]) -> bool:
        return shape in self._described

    def table(self, shape: type[Struct], where: str) -> str:
        """The shape's table, or where that stands."""
        if shape in self._described:
            return f"数据结构与 {self._described[shape]} 一致。\\\nThe same shape as {self._described[shape]}."
        self._described[shape] = where
        return table(("字段 Field", "类型 Type", "说明 About"), self._rows(shape, "", where))

    def _rows(self, shape: type[Struct], path: str, where: str) -> Iterable[tuple[str, ...]]:
        for name, kind, about, within in got(shape):
            known = self._described.get(within) if within else None
            yield f"`{path}{name}`", kind, "<br>".join(about) + (f"<br>→ {known}" if known else "")
            if within and not known:
                place = f"{name}[]" if kind == "array" else name
                for one in within.__mro__:
                    self._described.setdefault(one, f"{where.removesuffix('`')}.{place}`")
                yield from self._rows(within, f"{path}{place}.", where)


def mistakes_table(event: ClientEvent) -> str:
    """Return the table of what is refused, and with what."""
    return table(
        ("错误 Mistake", "发送 Sent", f"`{event.failure}`"),
        (
            (
                both(mistake.about),
                f"`{_shown(mistake.payload, event.example)}`",
                f"`{_compact(refusal(event, mistake))}`",
            )
            for mistake in event.mistakes
        ),
    )


def _shown(payload: Any, example: JsonObject) -> str:
    """The payload or, of a long one, what is wrong with the example."""
    whole = _compact(payload)
    if len(whole) <= _LONGEST_PAYLOAD or not isinstance(payload, dict) or not example.keys() <= payload.keys():
        return whole
    changed = {name: value for name, value in payload.items() if name not in example or example[name] != value}
    return f"{{…, {_compact(changed)[1:]}"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
