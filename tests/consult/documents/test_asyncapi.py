"""The AsyncAPI document, as AsyncAPI's own parser reads it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from consult.contract.notifications import USER_ROOM
from consult.contract.questions import QUESTION_ROOM
from consult.contract.tables import CLIENT_EVENTS, EVENTS
from consult.documents.asyncapi import asyncapi
from tests.consult.contract.tables import Example

# The parser's grades: 0 is an error, 1 a warning, 2 and above are hints, such as that a newer AsyncAPI exists.
WARNING = 1
BROADCAST = ("new_message", "question:updated", "notification:new", "notification:updated")


def key(name: str) -> str:
    """Give an event's name as it is written where a colon may not stand."""
    return name.replace(":", ".")


def parse(document: Example) -> Example:
    """Have the parser read a document."""
    reading = subprocess.run(
        ["node", str(Path(__file__).with_name("asyncapi.mjs"))],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    read: Example = json.loads(reading.stdout)
    return read


@pytest.fixture(scope="module")
def read() -> Example:
    """The document as the parser has read it."""
    return parse(asyncapi())


def test_the_parser_finds_no_fault(read: Example) -> None:
    assert [finding for finding in read["findings"] if finding["severity"] <= WARNING] == []


def test_the_parser_does_find_faults() -> None:
    broken = asyncapi()
    broken["operations"]["join_question"]["messages"] = [{"$ref": "#/channels/connection/messages/nothing"}]
    del broken["info"]["version"]
    assert any(finding["severity"] == 0 for finding in parse(broken)["findings"])


def test_every_event_is_a_message(read: Example) -> None:
    assert sorted(read["messages"]) == sorted(event.name for event in EVENTS)


def test_operations_are_what_the_server_does(read: Example) -> None:
    received = [[key(event.name), "receive"] for event in CLIENT_EVENTS]
    assert read["operations"] == [*received, *([key(name), "send"] for name in BROADCAST)]


def test_every_event_of_a_client_has_its_answers() -> None:
    document = asyncapi()
    for event in CLIENT_EVENTS:
        answers = {name_of(document, answer) for answer in document["operations"][key(event.name)]["reply"]["messages"]}
        assert answers == {event.reply, event.failure}


def name_of(document: Example, reference: Example) -> str:
    """Follow a reference to a message, and give its name."""
    found: Any = document
    while "$ref" in reference:
        found = document
        for part in reference["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        reference = found
    name: str = found["name"]
    return name


def test_broadcasts_go_to_rooms() -> None:
    channels = asyncapi()["channels"]
    assert {channel["address"]: list(channel["messages"]) for channel in channels.values()} == {
        "/": [key(event.name) for event in EVENTS if event.name not in BROADCAST],
        QUESTION_ROOM: ["new_message", "question.updated"],
        USER_ROOM: ["notification.new", "notification.updated"],
    }
