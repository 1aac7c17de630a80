"""JSON as the tests write and read it: strict, with a way to say what Python's own encoder cannot."""

from __future__ import annotations

import json
from typing import Any


class Literal(str):
    """JSON text that is sent as it is written, for what Python's encoder cannot say (1e400, 5,000 digits)."""


def encode(value: Any) -> bytes:
    """Give `value` as JSON in ASCII, with every `Literal` in it as it is written."""
    literals: list[str] = []

    def marked(part: Any) -> Any:
        match part:
            case Literal():
                literals.append(str(part))
                return f"\x00literal {len(literals) - 1}\x00"
            case dict():
                return {name: marked(inner) for name, inner in part.items()}
            case list() | tuple():
                return [marked(inner) for inner in part]
        return part

    text = json.dumps(marked(value), allow_nan=False)
    for number, literal in enumerate(literals):
        text = text.replace(f'"\\u0000literal {number}\\u0000"', literal)
    return text.encode()


def decode(text: str) -> Any:
    """Parse JSON, refusing the NaN and Infinity that Python's decoder would take."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON: {text}")

    return json.loads(text, parse_constant=refuse)
