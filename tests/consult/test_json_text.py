"""JSON that only Python's own reader takes, which calls itself for every level of it."""

from __future__ import annotations

import json
import random

import pytest

from consult.json_text import loads

HALF = "\\ud83d"


@pytest.mark.parametrize("text", ["[" * 5000, "[" * 400_000, '{"a":' * 5000, "[1e400," + "[" * 5000])
def test_what_nests_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text.encode())


VAST = [
    *("1e400", "-1e400", "1E+400", "1e0400", "0.1e500", "123456789e305"),
    *("1" * 400, "-" + "1" * 4400, "1" * 250 + "e99"),
]
FINITE = ["1e300", "-0", "1e-400", "0.1e-400", "5e-324", "1" * 300, "1e+5", "1" * 200 + "e99", "0." + "1" * 400]
BROKEN = ["[1e400", "[1e400,]", "[1e400,NaN]", "[1e400,Infinity]", '[1e400,"\n"]', "1e400e", "[--1e400]"]


@pytest.mark.parametrize("number", VAST)
def test_a_number_beyond_all_bounds_is_read_as_nul(number: str) -> None:
    """Wherever it stands, in a text of any length; what looks like one within a string stays as it is."""
    for more in ("", "x" * 900_000):
        read = loads(f'{{"a":[{number},"{number}","\\"{number}",1e300],"b":[1,"{more}"]}}'.encode())
        assert read == {"a": ["\0", number, '"' + number, 1e300], "b": [1, more]}


@pytest.mark.parametrize("number", FINITE)
def test_another_number_is_read_as_it_is(number: str) -> None:
    assert loads(f"[{number},1e400]".encode()) == [float(number), "\0"]


@pytest.mark.parametrize(
    "text", ["[1e400", "[1e400,]", "[1e400,NaN]", "[1e400,Infinity]", '[1e400,"\n"]', "1e400e", "[--1e400]"]
)
def test_what_is_no_json_beside_it_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text.encode())


def test_half_an_emoji_is_read_as_nul() -> None:
    """Wherever it stands, and nothing else is; the pairs of it that are whole stay as they are."""
    chance = random.Random(7)
    parts = ["\\\\", "\\ud83d", "\\ude00", "\\uD83D", "\\uDE00", "\\n", '\\"', "ud83d", "\\u0041", "文", "d8", "😀"]
    for _ in range(20_000):
        content = "".join(chance.choices(parts, k=chance.randrange(8)))
        text = f'{{"a":["{content}"],"{content}":1}}'
        expected = json.loads(text)["a"][0]
        halves_gone = "".join("\0" if "\ud800" <= letter <= "\udfff" else letter for letter in expected)
        assert loads(text.encode())["a"] == [halves_gone], text
