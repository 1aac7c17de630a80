"""JSON in and out, one way for sockets and HTTP."""

import gc
import json
import re
from typing import Any

import orjson

# Beyond so many bytes only what orjson can read is read: Python's own reader takes 0.1 s for a megabyte.
LONGEST_ODD = 65_536

_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
# Stands for an escaped backslash meanwhile. No JSON has it: control characters must be escaped.
_BACKSLASH = b"\x01\x01"


def dumps(value: Any) -> bytes:
    return orjson.dumps(value)


def loads(text: str | bytes) -> Any:
    """Parse JSON; ValueError when the text is none, nests too deeply, or is long and has a number beyond all bounds."""
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
    if len(text) > LONGEST_ODD:
        raise ValueError("too long for what is in it")
    return _loads_odd(text)


def _without_halves(text: bytes) -> bytes:
    """Put NUL, which no field may hold either, in place of each half of an emoji.

    A browser can send one, cut off as "\\ud83d". That is JSON, and the client is told which field is at fault.
    """
    if _BACKSLASH in text:
        raise ValueError("a control character")
    return _HALF.sub(rb"\\u0000", text.replace(rb"\\", _BACKSLASH)).replace(_BACKSLASH, rb"\\")


def _loads_odd(text: bytes) -> Any:
    """Parse JSON with numbers beyond all bounds: the client is told which field is at fault."""
    gc.disable()  # in the depths of the recursion its finalizers would find no room, and nobody could be told
    try:
        return json.loads(text.decode(), parse_constant=_refuse, parse_int=_number)
    except RecursionError as fault:
        raise ValueError("nested too deeply") from fault
    finally:
        gc.enable()


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


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _number(text: str) -> int | float:
    # No integer of the protocol has more digits, and Python refuses to count in thousands of them.
    return int(text) if len(text) < 20 else float(text)
