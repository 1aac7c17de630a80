"""A field that is added to a payload shows up in everything that is made of the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import pytest
from msgspec import defstruct

from consult.contract.faults import Fault
from consult.contract.fields import DisplayName, means
from consult.contract.payloads import Payload, read
from consult.contract.questions import JoinQuestion, NewQuestion
from consult.contract.tables import CALLS, CLIENT_EVENTS
from consult.documents import asyncapi, markdown, openapi, protocol

TEXT = "mood 必须为不超过 64 个字符的文本"


def widened(payload_type: type[Payload]) -> type[Payload]:
    """Give the type with one more field."""
    field = ("mood", Annotated[DisplayName | None, means("心情", "the mood")], None)
    wider = defstruct(payload_type.__name__, [field], bases=(payload_type,), kw_only=True)
    assert issubclass(wider, payload_type)
    return wider


def check_read(payload_type: type[Payload], payload: dict[str, object]) -> None:
    """Hold what is read to the new field's rule."""
    assert getattr(read(payload_type, {**payload, "mood": "好"}), "mood", None) == "好"
    with pytest.raises(Fault, match=TEXT):
        read(payload_type, {**payload, "mood": 5})


def test_a_field_of_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    wider = widened(JoinQuestion)
    events = tuple(replace(event, payload=wider) if event.payload is JoinQuestion else event for event in CLIENT_EVENTS)
    for module in (protocol, markdown, asyncapi):
        monkeypatch.setattr(module, "CLIENT_EVENTS", events)
    check_read(wider, events[0].example)
    assert protocol.protocol()["events"][0]["fields"][-1]["name"] == "mood"
    assert f"`{TEXT}`" in markdown.markdown()
    assert "mood" in asyncapi.asyncapi()["components"]["schemas"]["JoinQuestion"]["properties"]


def test_a_field_of_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    wider = widened(NewQuestion)
    calls = tuple(replace(call, body=wider) if call.body is NewQuestion else call for call in CALLS)
    for module in (protocol, markdown, openapi):
        monkeypatch.setattr(module, "CALLS", calls)
    check_read(wider, calls[0].example or {})
    assert protocol.protocol()["calls"][0]["fields"][-1]["name"] == "mood"
    assert f"`{TEXT}`" in markdown.markdown()
    assert "mood" in openapi.openapi()["components"]["schemas"]["NewQuestion"]["properties"]
