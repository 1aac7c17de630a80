"""What clients say, drawn from the contract's examples, and what each of it may be answered with."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from consult.contract import messages
from consult.contract.faults import CODES, TEXTS
from consult.contract.tables import CLIENT_EVENTS, SERVER_EVENTS
from tests.fuzz import values

USERS: Final = range(1, 51)
TYPES: Final = ("ELDER", "FAMILY", "STAFF", "SYSTEM")
MAX_ID: Final = 2**63 - 1

_EVENTS: Final = {event.name: event for event in CLIENT_EVENTS}
_ERROR: Final = ("error",)
_SHAPES: Final = {event.name: event.shapes for event in SERVER_EVENTS}
# What well-meaning clients say, the plain examples more often.
_EXAMPLES: Final = [
    (event.name, payload)
    for event in CLIENT_EVENTS
    for payload in (*[event.example] * 4, *event.others * 2, *(mistake.payload for mistake in event.mistakes))
]
_NAMES: Final = [
    *(event.name for event in SERVER_EVENTS),
    *("connect", "disconnect", "connect_error", "message", "*", "__proto__", "", "join", "JOIN_QUESTION", "ping"),
]
# What the server says unasked.
PUSHED: Final = frozenset(_SHAPES) - {name for event in CLIENT_EVENTS for name in (event.reply, event.failure)}
# Texts that only a server in trouble gives: nothing here gets it into any.
_TROUBLE: Final = {text.text for text in TEXTS if text.code in ("INTERNAL_ERROR", "RATE_LIMITED")}


class Talk:
    """Draws calls about some questions, of which the last is closed, by some users."""

    def __init__(self, chance: random.Random) -> None:
        self.questions: tuple[int, ...] = (1,)
        self._chance = chance
        self._ids: list[str] = ["again"]
        self._own: Final[dict[str, Callable[[], Any]]] = {
            "question_id": lambda: chance.choice((*self.questions[:-1] * 3, *self.questions, MAX_ID)),
            "user_id": lambda: chance.choice(USERS),
            "sender_id": lambda: chance.choice(USERS),
            "user_type": lambda: chance.choice(TYPES),
            "sender_type": lambda: chance.choice(TYPES),
            "content_text": lambda: values.text(chance),
            "is_visible_to_patient": lambda: chance.random() < 0.8,
            "after_id": self._cursor,
            "client_msg_id": self._client_msg_id,
        }

    def call(self) -> list[Any]:
        """Give an event's name and its arguments: as meant, or with something wrong."""
        chance = self._chance
        roll = chance.random()
        if roll < 0.1:
            name = chance.choice((*_EVENTS, *_NAMES, values.text(chance)))
            return [name, *(values.value(chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 3))))]
        name, payload = self.well_meant()
        if roll < 0.15:
            return [name, values.value(chance)]
        while roll < 0.55:
            payload, roll = values.spoilt(chance, payload), roll + chance.random()
        return [name, payload]

    def well_meant(self) -> tuple[str, Any]:
        """Give one of the contract's examples, about what there is."""
        name, example = self._chance.choice(_EXAMPLES)
        if not isinstance(example, dict):
            return name, example
        return name, {field: self._localised(field, value) for field, value in example.items()}

    def _localised(self, field: str, example: Any) -> Any:
        own = self._own.get(field)
        return example if own is None or self._chance.random() < 0.1 else own()

    def _cursor(self) -> int:
        return self._chance.choice((0, 1, self._chance.randrange(1000), self._chance.randrange(1_000_000), MAX_ID))

    def _client_msg_id(self) -> str:
        if self._chance.random() < 0.7:
            self._ids = [*self._ids[-20:], f"{self._chance.getrandbits(64):x}"]
        return self._chance.choice(self._ids)


def verdict(name: str, reply: str, answer: Any) -> str | None:
    """Give in a word how an event was answered; None where this is no answer to it, or one of a server in trouble."""
    event = _EVENTS.get(name)
    if reply not in (_ERROR if event is None else (event.reply, event.failure)) or not _fits(reply, answer):
        return None
    if event is not None and reply == event.reply and answer.get("success") is not False:
        return "done"
    if reply == "error":
        code = CODES.get(answer["code"])
        known = code is not None and code.status < 500 and (event is not None or code.name == "INVALID_PAYLOAD")
        return "refused" if known and answer["message"] not in ("", *_TROUBLE) else None
    text = answer["message"].removeprefix(messages.NOT_SENT)
    return "refused" if text not in ("", *_TROUBLE) else None


def _fits(reply: str, answer: Any) -> bool:
    return isinstance(answer, dict) and any(_is(shape, answer) for shape in _SHAPES[reply])


def _is(shape: type[Struct], answer: dict[str, Any]) -> bool:
    if not answer.keys() <= set(shape.__struct_fields__):
        return False
    try:
        msgspec.convert(answer, shape)
    except msgspec.ValidationError:
        return False
    return True
