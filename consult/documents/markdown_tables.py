"""The tables and examples of the document for people: fields with their faults, shapes, mistakes."""

import json
from collections.abc import Iterable
from typing import Any

from msgspec import NODEFAULT, Struct, structs

from consult.contract.payloads import Payload, item_type_of, meaning_of, must_be, rule_of
from consult.contract.rows import ClientEvent, JsonObject
from consult.contract.words import Words
from consult.documents.protocol import refusal
from consult.documents.schemas import schemas, shape_within, type_of

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
    """What a client may send, each field with the text that it is refused with."""
    head = ("字段 Field", "必填 Required", "说明 About", "错误文本 Fault")
    return table(head, _field_rows(payload_type, "", "", payload_type))


def _field_rows(of: type[Struct], path: str, refused: str, payload_type: type[Payload]) -> Iterable[tuple[str, ...]]:
    """`path` is how the table names the place, `refused` how a fault does."""
    for field in structs.fields(of):
        rule = rule_of(field.type)
        about = [both(meaning_of(field.type))]
        if rule.choices:
            about.append(" ".join(f"`{choice}`" for choice in rule.choices))
        if field.default not in (None, NODEFAULT):
            about.append(f"缺省 default: `{field.default}`")
        faults = [f"`{must_be(refused + field.name, field.type).message}`", rule.en]
        if of is payload_type:
            for check in payload_type.checks:
                if check.field == field.name:
                    faults += [f"`{check.text}`", check.en]
        required = "●" if field.required else ""
        yield f"`{path}{field.name}`", required, _lines(about), _lines(faults)
        item_type = item_type_of(field.type)
        if item_type is not None:
            inner, item = f"{path}{field.name}[]", f"{refused}{field.name}[0]"
            yield f"`{inner}`", "", both(Words("每一项", "each item")), f"`{item} 必须为对象`<br>an object"
            yield from _field_rows(item_type, f"{inner}.", f"{item}.", payload_type)


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
        properties = schemas([shape])[shape.__name__]["properties"]
        for field in structs.fields(shape):
            schema: JsonObject = properties[field.name]
            about = schema["description"].replace(" / ", "<br>", 1)
            inner = shape_within(field.type)
            known = self._described.get(inner) if inner else None
            if known:
                about += f"<br>→ {known}"
            yield f"`{path}{field.name}`", type_of(schema), about
            if inner and not known:
                place = f"{field.name}[]" if schema.get("type") == "array" else field.name
                for one in inner.__mro__:
                    self._described.setdefault(one, f"{where.removesuffix('`')}.{place}`")
                yield from self._rows(inner, f"{path}{place}.", where)


def mistakes_table(event: ClientEvent) -> str:
    """What is refused, and with what."""
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
