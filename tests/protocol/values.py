"""Values at and beyond the limits of the fields that events and HTTP bodies share, and the texts of the faults."""

from __future__ import annotations

from typing import Any, Final

from tests.json_text import Literal

# Integers of JSON that are not from 1 to 2^63-1, and things that are no integers.
NO_IDS: Final[list[Any]] = [
    *(0, -1, 2**63, 2**64, -(2**63), 10**30, Literal("1" + "0" * 5000), Literal("-0")),
    *(True, False, "1", "", 1.5, Literal("1.0"), Literal("1e0"), Literal("1e400"), "\ud83d", [], [1], {}, None),
]
NO_TYPES: Final[list[Any]] = [
    *("", "elder", "Elder", "A B", "A-B", "A.B", "ÄRZTE", "ＥＬＤＥＲ", "家属", "A" * 33, "ELDER\n", " ELDER", "A\x00"),
    *("\ud83d", 1, 1.5, True, [], ["ELDER"], {}, None),
]
TYPES: Final = ["ELDER", "FAMILY", "STAFF", "SYSTEM", "A", "_", "0", "A_0", "X" * 32]

ID: Final = "{} 必须为正整数"
TYPE: Final = "{} 必须为 1 到 32 个大写字母、数字或下划线"
