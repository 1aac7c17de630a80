"""JSON Schemas (2020-12) of what clients send and get, made from the msgspec types."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct, structs

from consult.contract.payloads import Payload, meaning_of, rule_of, struct_within
from consult.contract.rows import JsonObject
from consult.contract.words import Words

# msgspec's patterns are Python's; a JSON Schema's are ECMAScript's, where `.` would have to mean any character.
_PATTERNS = (
    *((r"(?s)\A", "^"), (r"\A", "^"), (r"\Z", "$")),
    (r"[\x01-\ud7ff\ue000-\U0010ffff]", r"[^\x00\ud800-\udfff]"),  # which ECMAScript would write in braces
    *((r"\x00", r"\u0000"), (r".*\S", r"[\s\S]*\S")),
)

_LARGEST_EXACT = 2**53 - 1  # that a JavaScript number holds


def schemas(types: Iterable[type[Struct]]) -> dict[str, JsonObject]:
    """The schema of each type, and of those within, by the type's name; they refer to `#/components/schemas/`."""
    wanted = list(dict.fromkeys(types))
    components = msgspec.json.schema_components(wanted, ref_template="#/components/schemas/{name}")[1]
    for one in wanted:
        if issubclass(one, Payload):
            _explain(one, components)
            if one.checks:
                components[one.__name__]["description"] = "\n".join(check.text for check in one.checks)
    portable: dict[str, JsonObject] = _portable(components)
    return portable


def parameters(query_type: type[Payload]) -> dict[str, JsonObject]:
    """The schema of each parameter of a query, where nothing can be null."""
    properties = schemas([query_type])[query_type.__name__]["properties"]
    for schema in properties.values():
        schema.update(schema.pop("anyOf", [{}])[0])
    return dict(properties)


def accepted(annotation: Any) -> list[JsonObject]:
    """The schemas of which a field's value fits one, null left out. An object within is known by its type alone, and an
    integer that no JavaScript number holds is text."""
    alternatives = map(_bare, _alternatives(_portable(msgspec.json.schema(annotation))))
    return [part for part in alternatives if part.get("type") != "null"]


def reference(of: type[Struct]) -> JsonObject:
    """Return how a document refers to one of them."""
    return {"$ref": f"#/components/schemas/{of.__name__}"}


def described(*rules: Words) -> str:
    """Rules as a document's description, both languages of each together."""
    return "\n\n".join(f"{zh}\n{en}" for zh, en in rules)


def type_of(schema: JsonObject) -> str:
    """A schema's type in a few words, values between backticks."""
    if "anyOf" in schema:
        return " / ".join(type_of(part) for part in schema["anyOf"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'], ensure_ascii=False)}`"
    if "enum" in schema:
        return " / ".join(f'`"{value}"`' for value in schema["enum"])
    return str(schema.get("type", "object"))


def _explain(payload_type: type[Struct], components: dict[str, JsonObject]) -> None:
    """Says what each field is for, where only its rule is said."""
    for field in structs.fields(payload_type):
        schema, rule = components[payload_type.__name__]["properties"][field.name], rule_of(field.type)
        zh, en = meaning_of(field.type)
        schema["description"] = f"{zh}：{rule.zh} / {en}: {rule.en}"
        for part in schema.get("anyOf", ()):
            part.pop("description", None)
        item_type = struct_within(field.type)
        if item_type is not None:
            _explain(item_type, components)


def _alternatives(schema: JsonObject) -> list[JsonObject]:
    return [one for part in schema["anyOf"] for one in _alternatives(part)] if "anyOf" in schema else [schema]


def _bare(schema: JsonObject) -> JsonObject:
    """Return what a schema checks, without what it says."""
    if "$ref" in schema:
        return {"type": "object"}
    told = ("$defs", "description", "examples", "title")
    made = {key: _exact(value) for key, value in schema.items() if key not in told}
    if "items" in made:
        made["items"] = _bare(made["items"])
    return made


def _exact(value: Any) -> Any:
    return str(value) if isinstance(value, int) and abs(value) > _LARGEST_EXACT else value


def _portable(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_portable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    # A default of null says no more than that the field may be left out.
    made = {key: _portable(part) for key, part in schema.items() if (key, part) != ("default", None)}
    if isinstance(made.get("pattern"), str):
        for python, ecmascript in _PATTERNS:
            made["pattern"] = made["pattern"].replace(python, ecmascript)
    return made
