"""What is said of each field, as JSON: rules and faults for what clients send, types for what the server sends."""

from collections.abc import Iterable
from typing import Any

from msgspec import NODEFAULT, Struct, structs

from consult.contract.fields import Id
from consult.contract.payloads import Payload, item_type_of, meaning_of, must_be, rule_of
from consult.contract.rows import JsonObject
from consult.contract.words import Words
from consult.documents.schemas import schemas, shape_within, type_of


def both(zh: str, en: str) -> dict[str, str]:
    """A text in both languages."""
    return {"zh": zh, "en": en}


def texts(rules: Iterable[Words]) -> list[dict[str, str]]:
    """Several of them."""
    return [both(zh, en) for zh, en in rules]


def sent_fields(payload_type: type[Struct], path: str = "") -> list[JsonObject]:
    """The fields of what clients send; `path` is how a fault names what they are in."""
    fields = []
    for field in structs.fields(payload_type):
        described = _ruled(field.name, field.type, path)
        described["about"] = both(*meaning_of(field.type))
        described["required"] = field.required
        if field.default not in (None, NODEFAULT):
            described["default"] = field.default
        if issubclass(payload_type, Payload):
            described["checks"] = [
                {"text": check.text, "about": both(check.text, check.en)}
                for check in payload_type.checks
                if check.field == field.name
            ]
        item_type = item_type_of(field.type)
        if item_type is not None:
            described["items"] = sent_fields(item_type, f"{path}{field.name}[0].")
        fields.append(described)
    return fields


def id_in_path(name: str) -> JsonObject:
    """An id in a call's path."""
    return _ruled(name, Id, "")


def _ruled(name: str, annotation: Any, path: str) -> JsonObject:
    rule = rule_of(annotation)
    described: JsonObject = {
        "name": name,
        "kind": rule.kind,
        "rule": both(rule.zh, rule.en),
        "fault": must_be(path + name, annotation).message,
    }
    if rule.choices:
        described["choices"] = list(rule.choices)
    return described


def got_fields(shape: type[Struct]) -> list[JsonObject]:
    """The fields of what the server sends."""
    properties = schemas([shape])[shape.__name__]["properties"]
    fields = []
    for field in structs.fields(shape):
        schema = properties[field.name]
        described: JsonObject = {"name": field.name, "type": type_of(schema), "about": both(*meaning_of(field.type))}
        inner = shape_within(field.type)
        if inner is not None:
            described["items"] = got_fields(inner)
        fields.append(described)
    return fields
