"""The rules that no table of the protocol holds, read from `rules.txt`.

The file has sections, each under a line `# name`: a section of the document (`# 2.1`), a part of one (`# 7.paging`), a
call (`# GET /health`), or one of the texts below. A rule is two lines, Chinese and English; an empty line ends it. A
name in braces, such as `{MOST_REPLAYED}`, stands for a limit of `consult/contract/limits.py`, or for a room.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consult.contract import limits
from consult.contract.notifications import USER_ROOM
from consult.contract.questions import QUESTION_ROOM
from consult.contract.words import Words

CONSTANTS: Final = {
    **{name: f"{value:,.0f}" for name, value in vars(limits).items() if name.isupper()},
    "QUESTION_ROOM": QUESTION_ROOM,
    "A_QUESTION_ROOM": QUESTION_ROOM.format(questionId=123),
    "USER_ROOM": USER_ROOM,
    "A_USER_ROOM": USER_ROOM.format(userId=1001),
}


def _read(text: str) -> dict[str, tuple[Words, ...]]:
    """Return the rules of each section by its name. Raises ValueError where a rule is not two lines, and KeyError where
    a name in braces is unknown."""
    rules = {}
    for section in re.split(r"^# ", text, flags=re.MULTILINE)[1:]:
        name, *blocks = section.strip().split("\n\n")
        rules[name] = tuple(_rule(block) for block in blocks)
    return rules


def _rule(block: str) -> Words:
    zh, en = (re.sub(r"{([A-Z_]+)}", lambda name: CONSTANTS[name[1]], line) for line in block.split("\n"))
    return Words(zh, en)


@dataclass(frozen=True, slots=True)
class Limit:
    """A row of the table of limits, in `rules.txt` with a bar between the three."""

    about: Words
    most: Words
    beyond: Words


RULES: Final = _read(Path(__file__).with_name("rules.txt").read_text(encoding="utf-8"))
LIMITS: Final = [Limit(*map(Words, zh.split(" | "), en.split(" | "))) for zh, en in RULES.pop("limits")]
INTRODUCTION: Final = RULES["introduction"]
(ELSEWHERE,) = RULES["elsewhere"]  # where a document gives rules without their sections
(CONNECT,) = RULES["connect"]
(DISCONNECT,) = RULES["disconnect"]
STEPS: Final = RULES["steps"]
(CLOSING,) = RULES["closing"]


def of(name: str) -> tuple[Words, ...]:
    """Return the rules of a section, of a part of one, or of a call; none where it has none."""
    return RULES.get(name, ())
