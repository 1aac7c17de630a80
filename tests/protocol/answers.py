"""How the tests read HTTP answers."""

from __future__ import annotations

from typing import Final

from tests.server import Answer

NOT_FOUND: Final = {"code": "NOT_FOUND", "message": "资源不存在"}


def check_fault(answer: Answer, status: int, text: str) -> None:
    """Hold an answer to an INVALID_PAYLOAD fault."""
    assert (answer.status, answer.body) == (status, {"code": "INVALID_PAYLOAD", "message": text})


def ids(answer: Answer) -> list[int]:
    """Give the ids of a list answer."""
    assert answer.status == 200, answer
    return [item["id"] for item in answer.body["items"]]
