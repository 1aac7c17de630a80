"""What the tests of the contract ask of its tables, in one place."""

from __future__ import annotations

import re
from typing import Any, Final

from consult.contract.payloads import Payload
from consult.contract.sandbox import SANDBOX_CALLS
from consult.contract.tables import CALLS, CLIENT_EVENTS, PAGES

# Every type that a client's words are read as, by its name.
PAYLOADS: Final[dict[str, type[Payload]]] = {
    one.__name__: one
    for one in (
        *(event.payload for event in CLIENT_EVENTS),
        *(part for call in (*CALLS, *SANDBOX_CALLS) for part in (call.query, call.body) if part is not None),
        *(page.query for page in PAGES if page.query is not None),
    )
}

# A JSON object, as examples are.
Example = dict[str, Any]


def speaks_chinese(text: str) -> bool:
    """Tell whether there is Chinese in the text, names and texts of the protocol (between backticks) aside."""
    return re.search(r"[\u4e00-\u9fff]", re.sub(r"`[^`]*`", "", text)) is not None
