"""The JSON Schemas say what the server does: they take what it takes, refuse what it refuses, and fit what it gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct, structs

from consult.contract.payloads import Payload
from consult.contract.tables import CALLS, CLIENT_EVENTS, SERVER_EVENTS
from consult.documents import schemas
from tests.consult.contract.rules import OF_ATTACHMENT, RULES, right
from tests.consult.contract.tables import PAYLOADS, Example
from tests.consult.contract.test_examples import ANSWERS, REPLIES

QUERIES = {name for name in PAYLOADS if name.endswith("Query")}


def validator(of: type[Struct]) -> Draft202012Validator:
    """Give what holds a value to the type's schema, or to those of a query's parameters."""
    if of.__name__ in QUERIES:
        assert issubclass(of, Payload)
        schema: Example = {"type": "object", "properties": schemas.parameters(of)}
    else:
        schema = {**schemas.reference(of), "components": {"schemas": schemas.schemas([of])}}
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def beyond_json_schema(value: Any) -> bool:
    """Tell whether the server alone can refuse a value: to JSON Schema 1.0 is an integer, and Python lets its `$` stand
    before a final line break."""
    return value == "A\n" or (isinstance(value, float) and value.is_integer())


def cases(name: str) -> Iterator[tuple[Any, bool]]:
    """Give payloads of the type, and whether they keep the rules of each field by itself."""
    yield right(name), True
    yield {**right(name), "unknown": 1}, True
    yield from (([], False), (None, False), ("{}", False), (5, False))
    for field, rule in RULES[name].items():
        for value in rule.right:
            yield {**right(name), field: value}, True
        for value in rule.wrong:
            if not beyond_json_schema(value):
                yield {**right(name), field: value}, False
        if structs.fields(PAYLOADS[name])[list(RULES[name]).index(field)].required:
            yield {other: value for other, value in right(name).items() if other != field}, False
    if name in ("SendMessage", "NewMessage"):
        for field, rule in OF_ATTACHMENT.items():
            for value in rule.right:
                yield {**right(name), "attachments": [{"url": "a", field: value}]}, True
            for value in rule.wrong:
                if not beyond_json_schema(value):
                    yield {**right(name), "attachments": [{"url": "a", field: value}]}, False
        yield {**right(name), "attachments": [{}]}, False
        yield {**right(name), "attachments": [None]}, False


@pytest.mark.parametrize("name", PAYLOADS)
def test_schemas_take_what_the_server_takes(name: str) -> None:
    of_type = validator(PAYLOADS[name])
    for payload, keeps in cases(name):
        assert of_type.is_valid(payload) is keeps, payload


@pytest.mark.parametrize("event", CLIENT_EVENTS, ids=[event.name for event in CLIENT_EVENTS])
def test_schemas_take_the_examples_of_events(event: Any) -> None:
    for example in (event.example, *event.others):
        validator(event.payload).validate(example)


def test_schemas_fit_what_events_carry() -> None:
    for event in SERVER_EVENTS:
        for place, shape in enumerate(event.shapes):
            of_shape = validator(shape)
            of_shape.validate((event.example, *event.others)[place])
            of_shape.validate(REPLIES[event.name][place])
            assert list(REPLIES[event.name][place]) == known(shape, REPLIES[event.name][place])


def test_schemas_fit_what_calls_answer() -> None:
    for call in CALLS:
        of_shape = validator(call.shape)
        for answer in (call.answer, *call.others.values()):
            of_shape.validate(answer)
            assert list(answer) == known(call.shape, answer)
        if call.shape in ANSWERS:
            answered = ANSWERS[call.shape]
            of_shape.validate({**call.answer, "items": [answered]} if "items" in call.answer else answered)


def known(shape: type[Struct], answer: Example) -> list[str]:
    """Give the type's fields in their order, without the optional ones that the answer does not have."""
    return [field.name for field in structs.fields(shape) if field.required or field.name in answer]


def test_a_schema_refuses_what_is_not_of_its_shape() -> None:
    for event in SERVER_EVENTS:
        for place, shape in enumerate(event.shapes):
            reply = (event.example, *event.others)[place]
            for field in structs.fields(shape):
                if field.required:
                    without = {name: value for name, value in reply.items() if name != field.name}
                    assert not validator(shape).is_valid(without)
                assert not validator(shape).is_valid({**reply, field.name: []} | {"attachments": 1})
