"""What stands where a value should be: drawn quickly, since a million draws are to take minutes."""

from __future__ import annotations

import random
from typing import Any, Final

import orjson

from tests.json_text import Literal, encode

# Texts at the edges of some rule, and those that have led programs astray.
_EDGES: Final = [
    *("", " ", "\t\n", "\x00", "x\x00y", "\ud83d", "\udc00x", "\u202e倒", "e\u0301", "👩‍👩‍👧", "\ufeff", "\u2028"),
    *("\x1e", "\x7f", "STAFF", "ELDER", "TEXT", "OPEN", "UNREAD", "staff", "A" * 32, "A" * 33, "文" * 64, "文" * 65),
    *("null", "1", "true", "%s", "{}", "'; DROP TABLE message; --", "<script>", "__proto__", "constructor"),
    *("../../etc/passwd", "\\", '"'),
]
_LONG: Final = [200, 201, 2000, 2001, 2048, 2049, 10_000, 10_001]
# JSON knows numbers that Python's encoder does not write.
_WRITTEN: Final = [
    Literal(text)
    for text in ("1e400", "-1e400", "-0", "-0.0", "1E2", "1.0", "1" * 20, "1" * 400, "1" * 4400, "0.1e-400", "5e-324")
]
_NUMBERS: Final = [2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 0, -1, 0.5, 1e308, *_WRITTEN]
# Names that an object may carry beside its own.
_STRANGE: Final = ["x", "", "__proto__", "id", "success", "data", "\ud83d", "\x00", "消息"]


def text(chance: random.Random) -> str:
    """Give a text."""
    match chance.randrange(200):
        case 0:
            return chance.choice("文x😀") * chance.choice(_LONG)
        case roll if roll < 90:
            return chance.choice(_EDGES)
        case roll if roll < 150:
            return "".join(map(chr, (chance.randrange(0x20, 0x2FF) for _ in range(chance.randrange(12)))))
    return "".join(map(chr, (chance.randrange(0x110000) for _ in range(chance.randrange(8)))))


def scalar(chance: random.Random) -> Any:
    """Give what is neither object nor list."""
    match chance.randrange(10):
        case 0:
            return None
        case 1:
            return chance.random() < 0.5
        case 2 | 3:
            return chance.randrange(-1, 6)
        case 4:
            return chance.choice(_NUMBERS)
        case 5:
            return chance.choice((-1, 1)) * chance.getrandbits(chance.randrange(70))
    return text(chance)


def value(chance: random.Random) -> Any:
    """Give anything that JSON can say, mostly something short."""
    match chance.randrange(10):
        case 0:
            return [scalar(chance) for _ in range(chance.randrange(4))]
        case 1:
            return {text(chance): scalar(chance) for _ in range(chance.randrange(3))}
        case 2:
            return [{text(chance): [scalar(chance)]} for _ in range(chance.randrange(25))]
    return scalar(chance)


def spoilt(chance: random.Random, example: Any) -> Any:
    """Give a copy of an example with something in it replaced, left out or added."""
    if isinstance(example, dict):
        copy = dict(example)
        name = chance.choice([*copy, chance.choice(_STRANGE)])
        within = copy.get(name)
        if within and isinstance(within, dict | list) and chance.random() < 0.6:
            copy[name] = spoilt(chance, within)
        elif chance.random() < 0.25:
            copy.pop(name, None)
        else:
            copy[name] = value(chance)
        return copy
    if isinstance(example, list) and example:
        place = chance.randrange(len(example) + 1)
        if place == len(example):
            return (example * chance.randrange(25))[:25]
        return [*example[:place], spoilt(chance, example[place]), *example[place + 1 :]]
    return value(chance)


def written(chance: random.Random, said: Any) -> bytes:
    """Give it as JSON: in UTF-8 as front ends write it, or in ASCII, which can also say half an emoji."""
    if chance.random() < 0.7:
        try:
            return orjson.dumps(said, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
        except TypeError:
            pass
    return encode(said)


def mutated(chance: random.Random, packet: bytes) -> bytes:
    """Give a copy of the bytes with some of them replaced, left out, put in or repeated."""
    copy = bytearray(packet)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        place = chance.randrange(len(copy) + 1)
        end = place + chance.choice((1, 1, 1, 2, 10, 100))
        match chance.randrange(4):
            case 0:
                copy[place:end] = chance.randbytes(min(end, len(copy)) - place)
            case 1:
                del copy[place:end]
            case 2:
                copy[place:place] = chance.choice(
                    (chance.randbytes(1), b'"', b"[", b"}", b",", b"\x00", "文".encode(), b"\xed\xa0\x80")
                )
            case _:
                copy[place:place] = copy[place:end] * chance.choice((1, 2, 30))
    return bytes(copy)
