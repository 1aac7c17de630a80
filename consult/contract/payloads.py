"""Read what clients send: each payload type holds its fields in the protocol document's order.

Unknown fields are ignored at every level. Null in an optional field is the same as leaving it out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct, structs

from consult.contract.faults import BOTH_CURSORS, NOT_AN_OBJECT, Fault, invalid
from consult.contract.fields import Rule
from consult.contract.words import Words


@dataclass(frozen=True, slots=True)
class Check:
    """A rule between fields. It is asked once `field` and those before it are right by themselves."""

    field: str
    holds: Callable[[dict[str, Any]], bool]
    text: str
    en: str  # the rule in English


class Payload(Struct):
    """The base of every payload type."""

    checks: ClassVar[tuple[Check, ...]] = ()


# Of a query with both cursors.
ONE_CURSOR = Check(
    "before_id",
    lambda query: query.get("after_id") is None or query.get("before_id") is None,
    BOTH_CURSORS.text,
    "not both cursors at once",
)

P = TypeVar("P", bound=Payload)

# msgspec looks at a text's UTF-8 before it says that the field takes no text; half an emoji has none.
_MISFITS = (msgspec.ValidationError, UnicodeEncodeError)


def read(payload_type: type[P], payload: object) -> P:
    """The payload as its type; Fault INVALID_PAYLOAD with the first thing that is wrong, in the fields' order."""
    if not isinstance(payload, dict):
        raise Fault(NOT_AN_OBJECT)
    value: P | None
    try:
        value = msgspec.convert(payload, payload_type)
    except _MISFITS:
        value = None  # what is raised here would keep what was sent, by the error before, for as long as it waits
    if value is None:
        raise _first_fault(payload_type, payload)
    for check in payload_type.checks:
        if not check.holds(payload):
            raise _first_fault(payload_type, payload)
    return value


def numbers_of(query_type: type[Payload]) -> set[str]:
    """Return the names of a query's fields that hold numbers."""
    return {field.name for field in structs.fields(query_type) if rule_of(field.type).kind in ("id", "number")}


def rule_of(annotation: Any) -> Rule:
    """The rule that a field's type carries."""
    rule: Rule = _said(annotation, "rule")
    return rule


def meaning_of(annotation: Any) -> Words:
    """The meaning of a field, for the documents."""
    words: Words = _said(annotation, "means")
    return words


def _said(annotation: Any, key: str) -> Any:
    """Return what a field's type says under the key. LookupError where it says nothing."""
    for part in _parts(annotation):
        if isinstance(part, Meta) and part.extra and key in part.extra:
            return part.extra[key]
    raise LookupError(f"{annotation} has no {key}")


def must_be(name: str, annotation: Any) -> Fault:
    """The fault of a field that breaks its rule."""
    zh = rule_of(annotation).zh
    # Chinese text leaves a space before Latin letters and digits.
    return invalid(f"{name} 必须为{' ' if zh[0].isascii() else ''}{zh}")


def struct_within(annotation: Any) -> type[Struct] | None:
    """Return the type of the object that a field holds, or of the objects that it lists. None for any other field."""
    return next((part for part in _parts(annotation) if isinstance(part, type) and issubclass(part, Struct)), None)


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _first_fault(payload_type: type[Struct], payload: dict[str, Any]) -> Fault:
    # msgspec reports in the order in which the client happened to write its fields; clients are told in the document's.
    fault = _fault_in(payload_type, payload, "")
    assert fault is not None  # it was refused as a whole, so some part of it is wrong
    return fault


def _fault_in(payload_type: type[Struct], payload: dict[str, Any], path: str) -> Fault | None:
    for field in structs.fields(payload_type):
        value = payload.get(field.name)
        name = path + field.name
        if value is None:
            if field.required:
                return must_be(name, field.type)
        elif not _fits(value, field.type):
            return _fault_in_item(field.type, value, name) or must_be(name, field.type)
        for check in getattr(payload_type, "checks", ()):
            if check.field == field.name and not check.holds(payload):
                return invalid(check.text)
    return None


def _fault_in_item(annotation: Any, value: object, name: str) -> Fault | None:
    """The first fault within a list's items; None when the list as such is at fault, or holds no objects."""
    item_type = struct_within(annotation)
    if item_type is None or not isinstance(value, list) or not _fits_as_list(value, annotation):
        return None
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            return invalid(f"{name}[{index}] 必须为对象")
        fault = _fault_in(item_type, item, f"{name}[{index}].")
        if fault:
            return fault
    return None


def _fits_as_list(value: list[object], annotation: Any) -> bool:
    """True if the list has no more items than it may, of whatever kind."""
    bounds = [part for part in _parts(annotation) if isinstance(part, Meta) and part.max_length is not None]
    return len(value) <= min((part.max_length or 0 for part in bounds), default=len(value))


def _fits(value: object, annotation: Any) -> bool:
    try:
        msgspec.convert(value, annotation)
    except _MISFITS:
        return False
    return True
