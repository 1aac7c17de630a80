"""JSON in and out, one way for sockets and HTTP."""

import gc
import json
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    return orjson.dumps(value)


def loads(text: str | bytes) -> Any:
    """ValueError when the text is no JSON or nests too deeply."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # A browser can send half of an emoji, cut off as "\\ud83d", or a number beyond all bounds. That is JSON; the
        # field that holds it is at fault, and the client is told so.
        gc.disable()  # in the depths of the recursion its finalizers would find no room, and nobody could be told
        try:
            text = text.decode() if isinstance(text, bytes) else text  # strictly: json.loads would take more than UTF-8
            return json.loads(text, parse_constant=_refuse, parse_int=_number, object_pairs_hook=_readable)
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


def _readable(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # No field of the protocol has such a name, and unknown ones are ignored.
    return {key: value for key, value in pairs if key.isprintable()}
