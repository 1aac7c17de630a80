"""A row of a table without a handler keeps the server from starting, and so does a handler without a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from consult.contract.rows import ClientEvent
from consult.contract.tables import CLIENT_EVENTS
from consult.rows import attached

HANDLERS: Final = {event: event.name.upper() for event in reversed(CLIENT_EVENTS)}
NEW: Final = replace(CLIENT_EVENTS[0], name="new_event")


def test_each_row_has_its_handler_in_the_order_of_the_table() -> None:
    assert list(attached(CLIENT_EVENTS, HANDLERS).items()) == [(event, event.name.upper()) for event in CLIENT_EVENTS]


def test_a_row_without_a_handler_is_named() -> None:
    with pytest.raises(LookupError, match="without a handler: new_event"):
        attached([*CLIENT_EVENTS, NEW], HANDLERS)


def test_a_handler_without_a_row_is_named() -> None:
    handlers: dict[ClientEvent, str] = {**HANDLERS, NEW: "NEW"}
    with pytest.raises(LookupError, match="new_event"):
        attached(CLIENT_EVENTS, handlers)
