"""Describe each field as JSON: rules and errors for what clients send, types for what the server sends."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec import NODEFAULT, Struct, structs

from consult.contract.fields import Id
from consult.contract.payloads import Payload, meaning_of, must_be, rule_of, struct_within
from consult.contract.rows import JsonObject
from consult.contract.words import Words
from consult.documents.schemas import accepted, schemas, type_of


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
        described["accepts"] = accepted(field.type)
        described["required"] = field.required
        if field.default not in (None, NODEFAULT):
            described["default"] = field.default
        if issubclass(payload_type, Payload):
            described["checks"] = [
                {"text": check.text, "about": both(check.text, check.en)}
                for check in payload_type.checks
                if check.field == field.name
            ]
        within = struct_within(field.type)
        if within is not None:
            described["items"] = sent_fields(within, f"{path}{field.name}[0].")
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


class Got(NamedTuple):
    """A field of what the server sends."""

    name: str
    kind: str
    about: Words
    within: type[Struct] | None  # what it holds or lists


def got(shape: type[Struct]) -> list[Got]:
    """Return the fields of what the server sends."""
    properties = schemas([shape])[shape.__name__]["properties"]
    return [
        Got(field.name, type_of(properties[field.name]), meaning_of(field.type), struct_within(field.type))
        for field in structs.fields(shape)
    ]


def got_fields(shape: type[Struct]) -> list[JsonObject]:
    """Return the fields of what the server sends as JSON, with the fields of the objects within."""
    return [
        {"name": name, "type": kind, "about": both(*about)} | ({"items": got_fields(within)} if within else {})
        for name, kind, about, within in got(shape)
    ]
