"""JSON in and out, one way for sockets and HTTP."""

import math
import re
from typing import Any

import orjson
from msgspec.json import Encoder

_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
# Stands for an escaped backslash meanwhile. No JSON has it: control characters must be escaped.
_BACKSLASH = b"\x01\x01"


# A number that may be beyond all bounds: with an exponent of three digits, or very many before it. Each is looked at
# from its first digit on alone, or a long one would be gone through again and again.
_VAST = re.compile(
    rb"(?<![0-9.eE+-])-?[0-9]{200,}+(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
    rb"|(?<![0-9.eE+-])-?[0-9]++(?:\.[0-9]++)?+[eE]\+?[0-9]{3,}+"
)
_STRING_OR_VAST = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(' + _VAST.pattern + rb")", re.DOTALL)
_encode = Encoder().encode


def dumps(value: Any) -> bytes:
    """Return the JSON of a reply, or of anything else that JSON can say."""
    return _encode(value)


def loads(text: str | bytes) -> Any:
    """Parse JSON. ValueError when the text is none, or nests too deeply.

    Half of an emoji, which a browser can send, and a number beyond all bounds are JSON, but orjson reads neither. NUL
    takes their place, which no field may hold either: the client is told which field is at fault.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        text = text.encode() if isinstance(text, str) else text
    if b"\\ud" in text or b"\\uD" in text:
        text = _without_halves(text)
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # there is more
    if _VAST.search(text) is None:
        raise ValueError("no JSON")
    return orjson.loads(_STRING_OR_VAST.sub(_without_vast, text))


def _without_halves(text: bytes) -> bytes:
    """Put NUL in place of each half of an emoji."""
    if _BACKSLASH in text:
        raise ValueError("a control character")
    return _HALF.sub(rb"\\u0000", text.replace(rb"\\", _BACKSLASH)).replace(_BACKSLASH, rb"\\")


def _without_vast(found: re.Match[bytes]) -> bytes:
    """Put NUL in place of a number that is infinite as a float. Strings stay as they are."""
    number = found[1]
    return rb'"\u0000"' if number is not None and math.isinf(float(number)) else found[0]


def canonical(value: Any) -> bytes:
    """Return one JSON text for all that say the same: keys sorted, and a whole number without a fraction."""
    return orjson.dumps(_canonical(value), option=orjson.OPT_SORT_KEYS)


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_canonical(inner) for inner in value]
    # Beyond 2^53 a float and an integer need not be the same number.
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53 else value
